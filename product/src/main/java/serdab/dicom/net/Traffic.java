package serdab.dicom.net;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import serdab.Gate;
import serdab.SerdabException;

/// What all operations of ours on one node share: how many associations there may be, the hours,
/// the bandwidth, and how patient we are. Thread-safe when what it is made of is.
public final class Traffic {

  /// More than this counts as more, in the noise of a network.
  private static final double WORTH_IT = 1.1;

  /// What was lost on several associations may have left its traces where the first try on one
  /// looks.
  private static final int TRIES_AFTER_LOSS = 3;

  private final Means means;
  private final Semaphore associations;

  // How many associations are worth trying; guarded by its lock.
  private int width;
  private int widthMax;
  private int triesAfterLoss;
  private double bestBytesPerNano;

  /// What traffic is made of.
  ///
  /// @param associations how many associations of ours there may be at once, at least 1
  /// @param associationsMax more than that: so many are tried, one more as long as more goes
  ///   through in the same time, and half of them when the node refuses one or runs out of
  ///   something
  /// @param gate is passed before each operation: sending an instance, a query, a retrieval. It may
  ///   wait, or throw when there must be none now
  /// @param pace is told how many bytes went either way, and returns when the next may
  /// @param random draws waits; thread-safe
  /// @param rest waits
  public record Means(
      int associations,
      int associationsMax,
      Retry retry,
      Gate gate,
      LongConsumer pace,
      RandomGenerator random,
      Rest rest) {

    /// A fixed number of associations.
    public Means(
        int associations,
        Retry retry,
        Gate gate,
        LongConsumer pace,
        RandomGenerator random,
        Rest rest) {
      this(associations, associations, retry, gate, pace, random, rest);
    }
  }

  /// Waits. A seam for tests, which do not.
  @FunctionalInterface
  public interface Rest {
    void rest(Duration time) throws InterruptedException;
  }

  public Traffic(Means means) {
    this.means = means;
    this.widthMax = Math.max(means.associations(), means.associationsMax());
    this.associations = new Semaphore(widthMax);
    this.width = means.associations();
  }

  /// How many associations are worth trying at once.
  synchronized int width() {
    return width;
  }

  private boolean isAdaptive() {
    return means.associationsMax() > means.associations();
  }

  /// Told how much went through on so many associations.
  synchronized void went(int lanes, long bytes, long nanos) {
    if (!isAdaptive() || lanes < width || bytes == 0) {
      return;
    }
    double rate = (double) bytes / Math.max(1, nanos);
    if (rate > bestBytesPerNano * WORTH_IT) {
      bestBytesPerNano = rate;
      width = Math.min(widthMax, width + 1);
    }
  }

  /// Told that the node refused an association, or an instance for want of something.
  synchronized void refused() {
    if (isAdaptive()) {
      width = Math.max(1, width / 2);
      bestBytesPerNano = 0;
    }
  }

  /// From now on one association at a time: the node has lost what came on several.
  ///
  /// @return whether it is worth sending that again; not for ever, as some nodes lose everything
  public synchronized boolean narrow() {
    triesAfterLoss = width > 1 ? TRIES_AFTER_LOSS : triesAfterLoss - 1;
    width = 1;
    widthMax = 1;
    return triesAfterLoss > 0;
  }

  Retry retry() {
    return means.retry();
  }

  /// Before an operation. May wait.
  void begin() {
    means.gate().pass();
  }

  /// Whether beginning an operation now would wait for as long as a person likes.
  boolean isHeld() {
    return means.gate().isHeld();
  }

  /// Begins an operation that needs an association. Nobody rests while holding one.
  private void enter() {
    begin();
    acquire();
    while (isHeld()) {
      release();
      begin();
      acquire();
    }
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

  /// A number from 0 on and less than this, drawn.
  public int draw(int bound) {
    return means.random().nextInt(bound);
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
      enter();
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
