package serdab.repository;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.stream.IntStream;

/// Blob records in memory, found by name; 32 bytes each and a few for finding them. The first of a
/// name stays. One thread at a time.
final class BlobTable {

  private static final int LONGS = 4;

  private long[] records = new long[LONGS * 64];
  private int[] slots = new int[256];
  private int size;

  int size() {
    return size;
  }

  /// Adds a record unless one of its name is there.
  boolean add(BlobRecord record) {
    if (Integer.MAX_VALUE / LONGS - 16 <= size) {
      throw Problems.tooLarge("A version has more parts than its format allows.");
    }
    int slot = slotOf(record.key());
    if (slots[slot] != 0) {
      return false;
    }
    if ((size + 1) * LONGS > records.length) {
      records = Arrays.copyOf(records, records.length + (records.length >> 1) / LONGS * LONGS);
    }
    int at = size * LONGS;
    records[at] = record.key().high();
    records[at + 1] = record.key().low();
    records[at + 2] = (long) record.pack() << 32 | record.storedBytes();
    records[at + 3] = record.offset() << 8 | record.codec();
    slots[slot] = ++size;
    if (size > slots.length / 2) {
      slots = new int[slots.length * 2];
      for (int i = 0; i < size; i++) {
        slots[slotOf(key(i))] = i + 1;
      }
    }
    return true;
  }

  Optional<BlobRecord> find(BlobKey key) {
    int index = slots[slotOf(key)];
    return index == 0 ? Optional.empty() : Optional.of(record(index - 1));
  }

  private int slotOf(BlobKey key) {
    int slot = (int) (key.high() ^ key.low() >>> 17) & (slots.length - 1);
    while (slots[slot] != 0 && !key.equals(key(slots[slot] - 1))) {
      slot = slot + 1 & (slots.length - 1);
    }
    return slot;
  }

  private BlobKey key(int index) {
    return new BlobKey(records[index * LONGS], records[index * LONGS + 1]);
  }

  private BlobRecord record(int index) {
    long packAndStored = records[index * LONGS + 2];
    long offsetAndCodec = records[index * LONGS + 3];
    return new BlobRecord(
        key(index),
        (int) (packAndStored >>> 32),
        offsetAndCodec >>> 8,
        packAndStored & 0xFFFF_FFFFL,
        (int) offsetAndCodec & 0xFF);
  }

  /// The records in the order of their names.
  Iterator<BlobRecord> sorted() {
    PrimitiveIterator.OfInt order =
        IntStream.range(0, size)
            .boxed()
            .sorted((a, b) -> key(a).compareTo(key(b)))
            .mapToInt(i -> i)
            .iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return order.hasNext();
      }

      @Override
      public BlobRecord next() {
        return record(order.nextInt());
      }
    };
  }

  /// The table as it is stored.
  byte[] bytes() {
    ByteBuffer table = ByteBuffer.allocate(Math.multiplyExact(size, BlobRecord.BYTES));
    sorted().forEachRemaining(record -> record.put(table));
    return table.array();
  }
}
