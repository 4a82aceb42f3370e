package serdab.repository;

import java.nio.ByteBuffer;
import serdab.store.ReadableBytes;

/// Bytes at hand.
@SuppressWarnings("ArrayRecordComponent") // never compared
record HeldBytes(byte[] bytes) implements ReadableBytes {

  @Override
  public long lengthBytes() {
    return bytes.length;
  }

  @Override
  public int read(long position, ByteBuffer into) {
    if (position >= bytes.length) {
      return -1;
    }
    int count = (int) Math.min(into.remaining(), bytes.length - position);
    into.put(bytes, (int) position, count);
    return count;
  }

  @Override
  public void close() {}
}
