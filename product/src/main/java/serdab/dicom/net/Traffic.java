package serdab.dicom.net;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.Gate;
import serdab.SerdabException;
import serdab.Tasks;

/// What all operations of ours on one node share: how many associations or requests there may be at
/// once, the hours, the bandwidth, and how patient we are. Thread-safe when what it is made of is.
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

  private final LongAdder bytesTaken = new LongAdder();

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

  /// One that nothing limits, and in which one operation follows the other.
  public static Traffic unlimited() {
    return new Traffic(
        new Means(
            1,
            Retry.DEFAULT,
            Gate.OPEN,
            _ -> {},
            () -> 0, // Nobody waits here for long enough to be drawn.
            Thread::sleep),
        Integer.MAX_VALUE);
  }

  public Traffic(Means means) {
    this(means, Math.max(means.associations(), means.associationsMax()));
  }

  private Traffic(Means means, int permits) {
    this.means = means;
    this.widthMax = Math.max(means.associations(), means.associationsMax());
    this.associations = new Semaphore(permits);
    this.width = means.associations();
  }

  /// How many associations are worth trying at once.
  public synchronized int width() {
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
  public synchronized void refused() {
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

  /// What is passed before each operation.
  public Gate gate() {
    return means.gate();
  }

  /// Before an operation. May wait.
  void begin() {
    means.gate().pass();
  }

  /// Whether beginning an operation now would wait for as long as a person likes.
  boolean isHeld() {
    return means.gate().isHeld();
  }

  /// Begins an operation that counts as one association. Nobody rests meanwhile with one open.
  public void enter() {
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
    bytesTaken.add(bytes);
    means.pace().accept(bytes);
  }

  void acquire() {
    associations.acquireUninterruptibly();
  }

  boolean tryAcquire() {
    return associations.tryAcquire();
  }

  /// Ends what [#enter] began.
  public void release() {
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

  /// Does something once, as one of the operations that there may be at a time.
  public <T> T once(Supplier<T> operation) {
    enter();
    try {
      return operation.get();
    } finally {
      release();
    }
  }

  /// Does something with each of these, on as many threads as are worth trying.
  ///
  /// @param work enters by itself
  /// @throws RuntimeException the first that the work threw; then no further one was begun
  public <T> void each(Collection<T> all, Consumer<T> work) {
    int lanes = Math.max(1, Math.min(width(), all.size()));
    long bytesBefore = bytesTaken.sum();
    long begun = System.nanoTime();
    Queue<T> queue = new ConcurrentLinkedQueue<>(all);
    AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
    Runnable lane =
        () -> {
          try {
            for (T one = queue.poll(); one != null; one = queue.poll()) {
              work.accept(one);
            }
          } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
            queue.clear();
          }
        };
    List<FutureTask<Boolean>> others = new ArrayList<>();
    for (int i = 1; i < lanes; i++) {
      FutureTask<Boolean> other = new FutureTask<>(lane, true);
      Thread.ofVirtual().name("lane").start(other);
      others.add(other);
    }
    lane.run();
    others.forEach(Tasks::result);
    @Nullable RuntimeException first = failure.get();
    if (first != null) {
      throw first;
    }
    went(lanes, bytesTaken.sum() - bytesBefore, System.nanoTime() - begun);
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
