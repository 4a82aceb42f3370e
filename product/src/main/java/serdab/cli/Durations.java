package serdab.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Problem;
import serdab.SerdabException;

/// Durations as people write them: `500ms`, `1s`, `10m`, `24h`, `30d`, or ISO 8601 (`PT1H30M`).
final class Durations {

  private static final Pattern SHORT = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private Durations() {}

  static Duration parse(String option, String text) {
    Matcher matcher = SHORT.matcher(text);
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "s" -> Duration.ofSeconds(number);
        case "m" -> Duration.ofMinutes(number);
        case "h" -> Duration.ofHours(number);
        default -> Duration.ofDays(number);
      };
    }
    try {
      Duration duration = Duration.parse(text);
      if (!duration.isNegative()) {
        return duration;
      }
    } catch (java.time.format.DateTimeParseException e) {
      // Said below, with what is right.
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "wrong-option",
            option
                + " is "
                + text
                + "; it must be a duration such as 500ms, 1s, 10m, 24h or PT1H30M.",
            ""));
  }
}
