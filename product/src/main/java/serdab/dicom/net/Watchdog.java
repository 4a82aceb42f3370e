package serdab.dicom.net;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// Closes something when a deadline passes, so that whoever waits in it wakes up with an error. One
/// per association; works the same for reading and writing, plain and TLS.
///
/// It looks a few times a second, so that setting a deadline costs one write to memory. Deadlines
/// are therefore up to [#LATE_MAX] late. [#arm] and [#disarm] are for one thread at a time,
/// [#hasExpired] is for all.
final class Watchdog implements AutoCloseable {

  static final Duration LATE_MAX = Duration.ofMillis(200);

  private final Closeable watched;
  private final Thread thread;
  private volatile boolean armed;
  private volatile long deadlineNanos;
  private volatile boolean expired;
  private volatile boolean stopped;

  Watchdog(Closeable watched) {
    this.watched = watched;
    this.thread = Thread.ofVirtual().name("dicom-watchdog").unstarted(this::watch);
    thread.start();
  }

  /// From now on there is this much time; replaces what was set before.
  void arm(Duration time) {
    deadlineNanos = System.nanoTime() + time.toNanos();
    armed = true;
  }

  /// Nothing is waited for now.
  void disarm() {
    armed = false;
  }

  /// Whether a deadline passed, and the watched was closed for it.
  boolean hasExpired() {
    return expired;
  }

  @Override
  public void close() {
    stopped = true;
    LockSupport.unpark(thread);
  }

  private void watch() {
    while (!stopped) {
      long left = armed ? deadlineNanos - System.nanoTime() : LATE_MAX.toNanos();
      // Read again: between the two it may have been armed anew with a later deadline.
      if (left <= 0 && armed && deadlineNanos - System.nanoTime() <= 0) {
        expired = true;
        try {
          watched.close();
        } catch (IOException e) {
          // Closed or not, nothing can be done with it any more.
          stopped = true;
        }
        return;
      }
      LockSupport.parkNanos(this, Math.clamp(left, 1, LATE_MAX.toNanos()));
    }
  }
}
