package serdab.report;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import serdab.Problem;

/// A run as its written reports tell of it: by label only, so that they may leave the house.
///
/// @param report how it ended
/// @param plan the plan's name; empty when it had none
/// @param places the destinations, with the room that is left
/// @param warnings what is worth knowing and stops nothing, those of the report among them
public record RunSummary(
    RunReport report,
    String plan,
    Instant startedAt,
    Instant endedAt,
    List<Place> places,
    List<Problem> warnings) {

  public RunSummary {
    places = List.copyOf(places);
    warnings = List.copyOf(warnings);
  }

  /// Room at a destination.
  ///
  /// @param usableBytes what is left; empty when the place does not say
  /// @param daysLeft when it will be full if as much is copied each day as in the last thirty;
  ///   empty when that cannot be told
  public record Place(String name, OptionalLong usableBytes, OptionalLong daysLeft) {}

  /// How many days the room lasts.
  ///
  /// @param bytesPerDay how much was copied each day; before compression, so that the forecast is
  ///   on the safe side
  public static OptionalLong daysLeft(OptionalLong usableBytes, long bytesPerDay) {
    return usableBytes.isPresent() && bytesPerDay > 0
        ? OptionalLong.of(usableBytes.getAsLong() / bytesPerDay)
        : OptionalLong.empty();
  }

  /// Bytes copied per second; 0 when the run was too short to tell.
  long bytesPerSecond() {
    double seconds = java.time.Duration.between(startedAt, endedAt).toMillis() / 1000.0;
    return seconds < 0.001 ? 0 : (long) (report.totals().copiedBytes() / seconds);
  }
}
