package serdab.backup;

import java.time.Duration;

/// How a worker rests between studies. A seam: tests do not wait.
@FunctionalInterface
public interface Rest {

  void rest(Duration duration) throws InterruptedException;
}
