package serdab;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// Waiting for work on another thread whose result cannot be done without. Thread-safe.
public final class Tasks {

  private Tasks() {}

  /// Waits until the work is over. An interrupt does not end that: it is remembered for the caller.
  ///
  /// @return what came of it; null when that is its result
  /// @throws RuntimeException or an [Error], the one that ended the work
  public static <T> T result(Future<T> work) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return work.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("work on another thread failed", e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
