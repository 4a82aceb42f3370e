package serdab.dicom.net;

import java.time.Duration;
import java.util.random.RandomGenerator;

/// How often something is tried at a node that is busy or away, and how long is waited between.
///
/// @param tries how often in all, at least 1
/// @param firstWait the longest wait before the second try; each wait is drawn between half of its
///   length and all of it, so that many clients do not come back together
/// @param factor by how much the next wait is longer
/// @param waitMax the longest wait
public record Retry(int tries, Duration firstWait, double factor, Duration waitMax) {

  /// What suits a node that restarts: about half a minute in all.
  public static final Retry DEFAULT =
      new Retry(6, Duration.ofSeconds(1), 2, Duration.ofSeconds(30));

  public Retry {
    if (tries < 1 || factor < 1 || firstWait.isNegative() || waitMax.isNegative()) {
      throw new IllegalArgumentException("a number of tries, waits or a factor is too small");
    }
  }

  /// The wait after so many tries that failed, drawn.
  Duration after(int failed, RandomGenerator random) {
    double millis = (double) firstWait.toMillis() * Math.pow(factor, Math.max(0, failed - 1));
    double longest = Math.min(millis, (double) waitMax.toMillis());
    return Duration.ofMillis(Math.round(longest / 2 + random.nextDouble() * longest / 2));
  }
}
