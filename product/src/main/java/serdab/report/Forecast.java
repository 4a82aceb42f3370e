package serdab.report;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;

/// What is left to do, and when it will be done if everything goes on as measured so far.
///
/// @param first whether this is the first backup of its source
/// @param studiesLeft studies and groups of other files that are not done yet
/// @param filesLeft files listed for them
/// @param bytesLeft about how long they are, by the mean of the files read so far; 0 when none was
/// @param runsLeft how many more runs it takes where each copies a batch; 0 when this run copies
///   all
/// @param left how long it takes from now; empty when too little was measured or nothing is left
/// @param doneAt when that is
public record Forecast(
    boolean first,
    long studiesLeft,
    long filesLeft,
    long bytesLeft,
    long runsLeft,
    Optional<Duration> left,
    Optional<Instant> doneAt) {

  /// Nothing is left.
  public static final Forecast DONE =
      new Forecast(false, 0, 0, 0, 0, Optional.empty(), Optional.empty());

  /// When all will be done, as precisely as it is worth saying.
  public sealed interface When {
    /// It is not known.
    record Unknown() implements When {}

    /// After so many more runs; how long those take is not known.
    record AfterRuns(long runs) implements When {}

    /// Two days or more.
    ///
    /// @param date in UTC
    record InDays(long days, LocalDate date) implements When {}

    /// Two hours to two days.
    record InHours(long hours) implements When {}

    /// One minute at least.
    record InMinutes(long minutes) implements When {}
  }

  /// When all will be done.
  public When when() {
    if (left.isEmpty() || doneAt.isEmpty()) {
      return runsLeft > 0 ? new When.AfterRuns(runsLeft) : new When.Unknown();
    }
    Duration time = left.get();
    if (time.toHours() >= 48) {
      LocalDate date = doneAt.get().atOffset(ZoneOffset.UTC).toLocalDate();
      return new When.InDays(Math.round(time.toHours() / 24.0), date);
    }
    if (time.toMinutes() >= 120) {
      return new When.InHours(Math.round(time.toMinutes() / 60.0));
    }
    return new When.InMinutes(Math.max(1, Math.round(time.toSeconds() / 60.0)));
  }

  /// In English words, such as "in about 60 days at this pace (2026-05-01)"; empty when it is not
  /// known.
  public String words() {
    return switch (when()) {
      case When.Unknown _ -> "";
      case When.AfterRuns after ->
          "after " + after.runs() + (after.runs() == 1 ? " more run" : " more runs");
      case When.InDays in -> "in about " + in.days() + " days at this pace (" + in.date() + ")";
      case When.InHours in -> "in about " + in.hours() + " hours at this pace";
      case When.InMinutes in ->
          "in about "
              + in.minutes()
              + (in.minutes() == 1 ? " minute" : " minutes")
              + " at this pace";
    };
  }
}
