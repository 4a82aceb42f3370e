package serdab.source.inbox;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/// Buffers that instances are received into, used again and again: to make and clear one for each
/// costs as much as to hash it. They lie outside the heap, so that what comes from the network goes
/// to the disk without another copy. Thread-safe.
final class Buffers {

  private static final int KEPT_MAX = 32;

  private final int bytes;
  private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();
  private final AtomicInteger kept = new AtomicInteger();

  /// @param bytes how many each has
  Buffers(int bytes) {
    this.bytes = bytes;
  }

  /// An empty one.
  ByteBuffer take() {
    ByteBuffer buffer = free.poll();
    if (buffer == null) {
      return ByteBuffer.allocateDirect(bytes);
    }
    kept.decrementAndGet();
    return buffer.clear();
  }

  /// Takes back one that nobody reads or writes any more.
  void giveBack(ByteBuffer buffer) {
    if (kept.incrementAndGet() <= KEPT_MAX) {
      free.add(buffer);
    } else {
      kept.decrementAndGet();
    }
  }
}
