package serdab.cli;

import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import serdab.repository.Check;

/// How fast a repository is read: no faster than a rate, no further than some bytes, and not on
/// when a person ends it. One thread at a time.
final class RepositoryPace implements Check.Pace {

  private static final long NANOS = 1_000_000_000L;

  private final OptionalLong bytesPerSecond;
  private final long bytesMax;
  private final BooleanSupplier stopped;
  private final LongConsumer told;
  private final long begun = System.nanoTime();
  private long bytes;

  /// @param bytesMax how much is read at most; what is under way is read to its end
  /// @param told is told how much was read
  RepositoryPace(
      OptionalLong bytesPerSecond, long bytesMax, BooleanSupplier stopped, LongConsumer told) {
    this.bytesPerSecond = bytesPerSecond;
    this.bytesMax = bytesMax;
    this.stopped = stopped;
    this.told = told;
  }

  /// For readers that only wait; thread-safe.
  synchronized void waitFor(long read) {
    mayRead(read);
  }

  @Override
  public boolean mayRead(long next) {
    if (stopped.getAsBoolean() || (bytes > 0 && bytes + next > bytesMax)) {
      return false;
    }
    bytes += next;
    told.accept(next);
    if (bytesPerSecond.isPresent()) {
      double seconds = (double) bytes / bytesPerSecond.getAsLong();
      long wait = (long) (seconds * NANOS) - (System.nanoTime() - begun);
      try {
        Thread.sleep(Math.max(0, wait / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
