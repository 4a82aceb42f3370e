package serdab.repository;

import java.nio.ByteBuffer;

/// The name of a blob: 16 bytes that say nothing of it (format section 3.5).
///
/// @param high its first 8 bytes, big endian
/// @param low its last 8 bytes
record BlobKey(long high, long low) implements Comparable<BlobKey> {

  static BlobKey of(byte[] name) {
    ByteBuffer bytes = ByteBuffer.wrap(name);
    return new BlobKey(bytes.getLong(), bytes.getLong());
  }

  @Override
  public int compareTo(BlobKey other) {
    int first = Long.compareUnsigned(high, other.high);
    return first != 0 ? first : Long.compareUnsigned(low, other.low);
  }
}
