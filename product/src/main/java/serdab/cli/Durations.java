package serdab.cli;

import java.time.Duration;
import serdab.Problem;
import serdab.SerdabException;

/// Durations given as options.
final class Durations {

  private Durations() {}

  /// Reads `500ms`, `1s`, `10m`, `24h`, `30d`, or ISO 8601 (`PT1H30M`).
  static Duration parse(String option, String text) {
    return serdab.plan.Durations.duration(text)
        .orElseThrow(() ->
            new SerdabException.Misconfigured(
                new Problem(
                    "wrong-option",
                    option
                        + " is "
                        + text
                        + "; it must be a duration such as 500ms, 1s, 10m, 24h or PT1H30M.",
                    "")));
  }
}
