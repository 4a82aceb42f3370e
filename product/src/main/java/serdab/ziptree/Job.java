package serdab.ziptree;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

/// Work that is done once: by a thread of the crew, or by the thread that needs its result when no
/// other has begun. So a crew that is busy, or was sent home, keeps nobody waiting.
final class Job implements Runnable {

  private final Runnable work;
  private final AtomicBoolean claimed = new AtomicBoolean();
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  Job(Runnable work) {
    this.work = work;
  }

  @Override
  public void run() {
    if (!claimed.compareAndSet(false, true)) {
      return;
    }
    try {
      work.run();
      done.complete(null);
    } catch (RuntimeException | Error e) {
      done.completeExceptionally(e);
    }
  }

  boolean isDone() {
    return done.isDone();
  }

  /// Returns when the work is done, or throws what it threw.
  void await() {
    run();
    try {
      done.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }
}
