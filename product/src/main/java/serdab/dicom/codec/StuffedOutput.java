package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A growing buffer of marker segments and entropy-coded bits.
///
/// After a byte of ones a zero bit is stuffed, so that no bits look like a marker (T.87 section
/// A.1).
final class StuffedOutput {

  static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] bytes = new byte[1 << 16];
  private int length;

  /// Bits that wait for a full byte, 0 to 7 of them, the first one highest.
  private int waiting;

  private int waitingBits;

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  void clear() {
    length = 0;
  }

  void putByte(int value) {
    room(1);
    bytes[length++] = (byte) value;
  }

  void putShort(int value) {
    putByte(value >>> 8);
    putByte(value);
  }

  /// Appends whole bytes of unstuffed bits.
  void putBits(byte[] bits, int from, int to) {
    // Every eighth bit is stuffed at worst.
    room(to - from + (to - from) / 7 + 16);
    byte[] out = bytes;
    int at = length;
    int i = from;
    int shift = waitingBits;
    long before = waiting;
    while (to - i >= Long.BYTES) {
      long word = (long) LONGS.get(bits, i);
      // Two shifts, as one by 64 would do nothing.
      long joined = (before << 1 << (63 - shift)) | (word >>> shift);
      if (((~joined - 0x0101_0101_0101_0101L) & joined & 0x8080_8080_8080_8080L) == 0) {
        LONGS.set(out, at, joined);
        at += Long.BYTES;
        before = word & ((1L << shift) - 1);
      } else {
        waiting = (int) before;
        waitingBits = shift;
        length = at;
        for (int j = i; j < i + Long.BYTES; j++) {
          putBits(bits[j] & 0xFF, 8);
        }
        before = waiting;
        shift = waitingBits;
        at = length;
      }
      i += Long.BYTES;
    }
    waiting = (int) before;
    waitingBits = shift;
    length = at;
    for (; i < to; i++) {
      putBits(bits[i] & 0xFF, 8);
    }
  }

  /// Ends a scan: what waits and `count` more bits (0 to 7, in the low bits of `last`) are padded
  /// with zeros.
  void endBits(int last, int count) {
    room(3);
    putBits(last, count);
    if (waitingBits > 0) {
      bytes[length++] = (byte) (waiting << (8 - waitingBits));
    }
    waiting = 0;
    waitingBits = 0;
  }

  private void putBits(int value, int count) {
    waiting = (waiting << count) | value;
    waitingBits += count;
    while (waitingBits >= 8) {
      int next = waiting >>> (waitingBits - 8);
      bytes[length++] = (byte) next;
      waitingBits -= 8;
      waiting &= (1 << waitingBits) - 1;
      if (next == 0xFF) {
        waitingBits++;
      }
    }
  }

  private void room(int count) {
    if (count > bytes.length - length) {
      bytes = Arrays.copyOf(bytes, Math.addExact(length, Math.max(count, bytes.length)));
    }
  }
}
