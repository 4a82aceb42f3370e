package serdab.repository;

import java.nio.ByteBuffer;
import java.util.Arrays;
import serdab.Sha256;

/// Packs by small numbers, given as they come; 56 bytes each and a few for finding them. One thread
/// at a time.
final class PackTable {

  /// Name (32), stored length (8), group name (16): a line of `packs.bin` (format section 6).
  static final int BYTES = 56;

  private byte[] records = new byte[BYTES * 16];
  private int[] slots = new int[64];
  private int size;

  int size() {
    return size;
  }

  /// The number of this pack, which is a new one when it was not there.
  int intern(PackRef pack) {
    byte[] name = pack.name().bytes();
    int slot = slotOf(name);
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    if ((size + 1) * BYTES > records.length) {
      records = Arrays.copyOf(records, records.length * 2);
    }
    pack.put(ByteBuffer.wrap(records, size * BYTES, BYTES));
    slots[slot] = ++size;
    if (size > slots.length / 2) {
      slots = new int[slots.length * 2];
      for (int i = 0; i < size; i++) {
        slots[slotOf(Arrays.copyOfRange(records, i * BYTES, i * BYTES + 32))] = i + 1;
      }
    }
    return size - 1;
  }

  /// The number of the pack of this name, or -1.
  int find(Sha256 name) {
    return slots[slotOf(name.bytes())] - 1;
  }

  private int slotOf(byte[] name) {
    int slot = ByteBuffer.wrap(name).getInt() & (slots.length - 1);
    while (slots[slot] != 0) {
      int at = (slots[slot] - 1) * BYTES;
      if (Arrays.equals(records, at, at + 32, name, 0, 32)) {
        break;
      }
      slot = slot + 1 & (slots.length - 1);
    }
    return slot;
  }

  PackRef pack(int number) {
    if (number < 0 || number >= size) {
      throw Problems.damaged("An index of the repository speaks of a pack that it does not name.");
    }
    return PackRef.get(ByteBuffer.wrap(records, number * BYTES, BYTES));
  }

  byte[] bytes() {
    return Arrays.copyOf(records, size * BYTES);
  }
}
