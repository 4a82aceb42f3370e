package serdab.source.horos;

import java.time.Duration;

/// Waits. A seam for tests, which do not.
@FunctionalInterface
public interface Sleeper {
  void sleep(Duration time) throws InterruptedException;
}
