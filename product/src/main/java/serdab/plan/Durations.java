package serdab.plan;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Period;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Lengths of time as people write them, on the command line and in the configuration alike.
public final class Durations {

  private static final Pattern SHORT = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
  private static final Pattern SHORT_PERIOD = Pattern.compile("(\\d{1,5})(d|w|y)");

  private Durations() {}

  /// Reads `500ms`, `1s`, `10m`, `24h`, `30d`, or ISO 8601 (`PT1H30M`); empty when it is none.
  public static Optional<Duration> duration(String text) {
    Matcher matcher = SHORT.matcher(text);
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      return Optional.of(
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
          });
    }
    try {
      return Optional.of(Duration.parse(text)).filter(duration -> !duration.isNegative());
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  /// The shortest spelling that [#duration] reads as the same.
  public static String text(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    if (duration.getNano() % 1_000_000 != 0) {
      return duration.toString();
    }
    if (duration.getNano() != 0) {
      return short9(duration.toMillis(), "ms", duration);
    }
    long seconds = duration.getSeconds();
    // People say 24h, not 1d, and 30d, not 720h.
    if (seconds % 86_400 == 0 && seconds > 86_400) {
      return short9(seconds / 86_400, "d", duration);
    }
    if (seconds % 3600 == 0) {
      return short9(seconds / 3600, "h", duration);
    }
    return seconds % 60 == 0 ? short9(seconds / 60, "m", duration) : short9(seconds, "s", duration);
  }

  private static String short9(long number, String unit, Duration duration) {
    return number <= 999_999_999 ? number + unit : duration.toString();
  }

  /// Reads `30d`, `6w`, `10y`, or ISO 8601 (`P1Y6M`); empty when it is none, or not longer than
  /// nothing. There is no short form for months: `6m` are minutes elsewhere.
  public static Optional<Period> period(String text) {
    Matcher matcher = SHORT_PERIOD.matcher(text);
    Period period;
    try {
      if (matcher.matches()) {
        int number = Integer.parseInt(matcher.group(1));
        period =
            switch (matcher.group(2)) {
              case "d" -> Period.ofDays(number);
              case "w" -> Period.ofWeeks(number);
              default -> Period.ofYears(number);
            };
      } else {
        period = Period.parse(text);
      }
    } catch (DateTimeException | ArithmeticException e) {
      return Optional.empty();
    }
    return Optional.of(period).filter(each -> !each.isNegative() && !each.isZero());
  }
}
