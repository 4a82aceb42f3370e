package serdab.repository;

import java.nio.ByteBuffer;

/// A line of a blob table (format section 6.1).
///
/// @param pack the ordinal of its pack in whatever list the table belongs to
record BlobRecord(BlobKey key, int pack, long offset, long storedBytes, int codec) {

  static final int BYTES = 32;

  void put(ByteBuffer into) {
    into.putLong(key.high()).putLong(key.low()).putInt(pack);
    into.putShort((short) (offset >>> 32)).putInt((int) offset);
    into.putInt((int) storedBytes).put((byte) codec).put((byte) 0);
  }

  static BlobRecord get(ByteBuffer from) {
    BlobKey key = new BlobKey(from.getLong(), from.getLong());
    int pack = from.getInt();
    long offset =
        Short.toUnsignedLong(from.getShort()) << 32 | Integer.toUnsignedLong(from.getInt());
    long stored = Integer.toUnsignedLong(from.getInt());
    int codec = Byte.toUnsignedInt(from.get());
    from.get();
    return new BlobRecord(key, pack, offset, stored, codec);
  }

  BlobRecord inPack(int other) {
    return new BlobRecord(key, other, offset, storedBytes, codec);
  }

  BlobAt at(int ordinal) {
    return new BlobAt(ordinal, offset, storedBytes, codec);
  }
}
