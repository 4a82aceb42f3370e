package serdab.ziptree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/// The threads that compress and check for all ZIPs of one tree, and the buffers they take turns
/// in. Thread-safe.
///
/// Each ZIP being written or checked has a bounded number of buffers in use, so memory grows with
/// the number of studies at work and never with their size.
final class Crew {

  /// Slabs kept for the next ZIP; more than this are left to the garbage collector.
  private static final int SPARE_SLABS_MAX = 32;

  /// What a ZIP gathers before it is written.
  private static final int OUTPUT_BYTES = 1 << 20;

  private static final int WINDOW_MIN = 12;
  private static final int WINDOW_MAX = 48;

  private final Executor executor;
  private final int parallelism;
  private final ConcurrentLinkedDeque<Slab> spare = new ConcurrentLinkedDeque<>();
  private final AtomicInteger spares = new AtomicInteger();

  /// As many as ever compressed at once; each holds a megabyte of tables.
  private final ConcurrentLinkedDeque<Deflate> deflates = new ConcurrentLinkedDeque<>();

  /// As many as ZIPs were ever written at once. They lie outside the heap, where one for each ZIP
  /// would stay until the collector comes by.
  private final ConcurrentLinkedDeque<ByteBuffer> outputs = new ConcurrentLinkedDeque<>();

  private final ConcurrentLinkedDeque<JpegLsFile> jpegLs = new ConcurrentLinkedDeque<>();

  /// @param executor runs the work; tasks never wait for each other, so any number of threads will
  ///   do
  /// @param parallelism how many of its threads can work at the same time
  Crew(Executor executor, int parallelism) {
    if (parallelism < 1) {
      throw new IllegalArgumentException("no parallelism: " + parallelism);
    }
    this.executor = executor;
    this.parallelism = parallelism;
  }

  Executor executor() {
    return executor;
  }

  /// How many slabs, or spans being checked, one ZIP may have in flight.
  int window() {
    return Math.clamp(2L * parallelism + 2, WINDOW_MIN, WINDOW_MAX);
  }

  Slab take() {
    Slab slab = spare.pollFirst();
    if (slab == null) {
      return new Slab(this);
    }
    spares.decrementAndGet();
    return slab;
  }

  Deflate takeDeflate() {
    Deflate deflate = deflates.pollFirst();
    return deflate == null ? new Deflate() : deflate;
  }

  void giveBack(Deflate deflate) {
    deflates.addFirst(deflate);
  }

  /// An empty buffer, little-endian.
  ByteBuffer takeOutput() {
    ByteBuffer output = outputs.pollFirst();
    return output == null
        ? ByteBuffer.allocateDirect(OUTPUT_BYTES).order(ByteOrder.LITTLE_ENDIAN)
        : output;
  }

  /// Takes back a buffer that nobody reads or writes any more.
  void giveBack(ByteBuffer output) {
    outputs.addFirst(output.clear());
  }

  JpegLsFile takeJpegLs() {
    JpegLsFile coder = jpegLs.pollFirst();
    return coder == null ? new JpegLsFile() : coder;
  }

  void giveBack(JpegLsFile coder) {
    jpegLs.addFirst(coder);
  }

  /// Takes back a slab that no thread works on any more.
  void giveBack(Slab slab) {
    slab.clear();
    if (spares.incrementAndGet() <= SPARE_SLABS_MAX) {
      spare.addFirst(slab);
    } else {
      spares.decrementAndGet();
    }
  }
}
