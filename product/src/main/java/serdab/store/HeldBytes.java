package serdab.store;

import java.nio.ByteBuffer;

/// Bytes at hand, which are not copied. Thread-safe as long as nobody changes them.
@SuppressWarnings("ArrayRecordComponent") // never compared
public record HeldBytes(byte[] bytes) implements ReadableBytes {

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
