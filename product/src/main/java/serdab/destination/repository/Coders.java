package serdab.destination.repository;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import serdab.Tasks;

/// The threads that code pieces for all copies of one destination, and the coders they take turns
/// in. Thread-safe.
final class Coders implements AutoCloseable {

  private final Executor executor;
  private final int parallelism;
  private final Compression compression;
  private final int reader;
  private final ConcurrentLinkedDeque<BlobCoder> spare = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  /// @param executor runs the work; tasks never wait for each other, so any number of threads will
  ///   do
  /// @param parallelism how many of its threads can work at the same time
  /// @param reader as a [BlobCoder] has it
  Coders(Executor executor, int parallelism, Compression compression, int reader) {
    if (parallelism < 1) {
      throw new IllegalArgumentException("no parallelism: " + parallelism);
    }
    this.executor = executor;
    this.parallelism = parallelism;
    this.compression = compression;
    this.reader = reader;
  }

  Compression compression() {
    return compression;
  }

  /// How many pieces of one copy may be under way.
  int window() {
    return 2 * parallelism + 2;
  }

  /// Begins work on another thread.
  <T> FutureTask<T> begin(Function<BlobCoder, T> work) {
    FutureTask<T> task = new FutureTask<>(() -> with(work));
    executor.execute(task);
    return task;
  }

  /// Does work on this thread.
  <T> T with(Function<BlobCoder, T> work) {
    BlobCoder coder = spare.pollFirst();
    if (coder == null) {
      coder = new BlobCoder(reader);
    }
    try {
      return work.apply(coder);
    } finally {
      spare.addFirst(coder);
      if (closed) {
        close();
      }
    }
  }

  /// The result of work that was begun; what nobody has taken up yet is done on this thread.
  static <T> T result(FutureTask<T> task) {
    task.run();
    return Tasks.result(task);
  }

  @Override
  public void close() {
    closed = true;
    for (BlobCoder coder; (coder = spare.pollFirst()) != null; ) {
      coder.close();
    }
  }
}
