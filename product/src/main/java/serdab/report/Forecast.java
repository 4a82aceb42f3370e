package serdab.report;

import java.time.Duration;
import java.time.Instant;
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

  /// In words, such as "about 60 days at this pace (2026-05-01)"; empty when it is not known.
  public String words() {
    if (left.isEmpty() || doneAt.isEmpty()) {
      return runsLeft > 0 ? "after " + runsLeft + (runsLeft == 1 ? " more run" : " more runs") : "";
    }
    Duration time = left.get();
    String date = doneAt.get().atOffset(ZoneOffset.UTC).toLocalDate().toString();
    if (time.toHours() >= 48) {
      return "in about " + Math.round(time.toHours() / 24.0) + " days at this pace (" + date + ")";
    }
    if (time.toMinutes() >= 120) {
      return "in about " + Math.round(time.toMinutes() / 60.0) + " hours at this pace";
    }
    long minutes = Math.max(1, Math.round(time.toSeconds() / 60.0));
    return "in about " + minutes + (minutes == 1 ? " minute" : " minutes") + " at this pace";
  }
}
