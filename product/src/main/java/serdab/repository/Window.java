package serdab.repository;

import java.nio.ByteBuffer;
import serdab.store.ReadableBytes;

/// A part of other bytes, which stay open when this is closed.
record Window(ReadableBytes all, long start, long lengthBytes) implements ReadableBytes {

  @Override
  public int read(long position, ByteBuffer into) {
    if (position >= lengthBytes) {
      return -1;
    }
    int limit = into.limit();
    into.limit((int) Math.min(limit, into.position() + (lengthBytes - position)));
    try {
      return all.read(start + position, into);
    } finally {
      into.limit(limit);
    }
  }

  @Override
  public void close() {}
}
