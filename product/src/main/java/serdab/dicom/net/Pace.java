package serdab.dicom.net;

import java.time.Duration;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// A bandwidth: so many bytes a second, both ways together. What was not used is not saved up.
/// Thread-safe.
public final class Pace implements LongConsumer {

  private static final double NANOS_PER_SECOND = 1e9;

  private final long bytesPerSecond;
  private final LongSupplier nanoTime;
  private final Traffic.Rest rest;
  private boolean begun;
  private long freeAtNanos;

  /// @param bytesPerSecond at least 1
  /// @param nanoTime a clock that only goes forward, in nanoseconds
  public Pace(long bytesPerSecond, LongSupplier nanoTime, Traffic.Rest rest) {
    if (bytesPerSecond < 1) {
      throw new IllegalArgumentException("a bandwidth is at least one byte a second");
    }
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.rest = rest;
  }

  /// Told how many bytes went, returns when that many may have gone.
  @Override
  public void accept(long bytes) {
    long wait;
    synchronized (this) {
      long now = nanoTime.getAsLong();
      long from = begun ? Math.max(now, freeAtNanos) : now;
      begun = true;
      freeAtNanos = from + Math.round((double) bytes / bytesPerSecond * NANOS_PER_SECOND);
      wait = freeAtNanos - now;
    }
    try {
      if (wait > 0) {
        rest.rest(Duration.ofNanos(wait));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
