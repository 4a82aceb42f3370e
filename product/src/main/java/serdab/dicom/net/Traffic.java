package serdab.dicom.net;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import serdab.SerdabException;

/// What all operations of ours on one node share: how many associations there may be, the hours,
/// the bandwidth, and how patient we are. Thread-safe when what it is made of is.
public final class Traffic {

  private final Means means;
  private final Semaphore associations;
  private volatile int width;

  /// What traffic is made of.
  ///
  /// @param associationsMax how many associations of ours there may be at once, at least 1
  /// @param gate is passed before each operation: sending an instance, a query, a retrieval. It may
  ///   wait, or throw when there must be none now
  /// @param pace is told how many bytes went either way, and returns when the next may
  /// @param random draws waits; thread-safe
  /// @param rest waits
  public record Means(
      int associationsMax,
      Retry retry,
      Runnable gate,
      LongConsumer pace,
      RandomGenerator random,
      Rest rest) {}

  /// Waits. A seam for tests, which do not.
  @FunctionalInterface
  public interface Rest {
    void rest(Duration time) throws InterruptedException;
  }

  public Traffic(Means means) {
    this.means = means;
    this.associations = new Semaphore(means.associationsMax());
    this.width = means.associationsMax();
  }

  /// How many associations are worth trying at once.
  int width() {
    return width;
  }

  /// From now on one association at a time: the node has lost what came on several.
  ///
  /// @return whether there were more
  public synchronized boolean narrow() {
    boolean wide = width > 1;
    width = 1;
    return wide;
  }

  Retry retry() {
    return means.retry();
  }

  /// Before an operation. May wait.
  void begin() {
    means.gate().run();
  }

  /// After an operation that took bytes one way or the other. May wait.
  public void took(long bytes) {
    means.pace().accept(bytes);
  }

  void acquire() {
    associations.acquireUninterruptibly();
  }

  boolean tryAcquire() {
    return associations.tryAcquire();
  }

  void release() {
    associations.release();
  }

  /// Waits after so many tries that failed.
  void restAfter(int failed) {
    try {
      means.rest().rest(means.retry().after(failed, means.random()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // Whatever waits next ends at once, and says so.
    }
  }

  /// Does something that may be done again: on one association, tried again while the node is away
  /// or busy.
  public <T> T doing(Supplier<T> operation) {
    for (int failed = 1; ; failed++) {
      begin();
      acquire();
      try {
        return operation.get();
      } catch (SerdabException.Unavailable e) {
        if (failed >= means.retry().tries() || Thread.currentThread().isInterrupted()) {
          throw e;
        }
      } finally {
        release();
      }
      restAfter(failed);
    }
  }
}
