package serdab.cli;

import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import serdab.catalogue.Catalogue;

/// Remembers that a run was tried and how it ended, also when a safeguard kept it from becoming a
/// run: a backup that did not run must not look like one that had nothing to do.
final class Attempts {

  private static final String LAST = "attempt/last";
  private static final String SCHEDULED = "attempt/scheduled";
  private static final String SCHEDULED_READ = "attempt/scheduled-read";

  private final Catalogue catalogue;
  private final InstantSource clock;

  Attempts(Catalogue catalogue, InstantSource clock) {
    this.catalogue = catalogue;
    this.clock = clock;
  }

  /// One try.
  ///
  /// @param problemCode what held it back or made it fail; empty when it ran
  record Attempt(Instant at, int exitCode, String problemCode) {

    String text() {
      return at + " " + exitCode + " " + problemCode;
    }

    static Optional<Attempt> of(String text) {
      String[] parts = text.split(" ", 3);
      try {
        return parts.length == 3
            ? Optional.of(
                new Attempt(Instant.parse(parts[0]), Integer.parseInt(parts[1]), parts[2]))
            : Optional.empty();
      } catch (DateTimeParseException | NumberFormatException e) {
        return Optional.empty();
      }
    }
  }

  /// @param scheduled whether the system began it
  /// @param readSource whether the source was listed
  void record(int exitCode, String problemCode, boolean scheduled, boolean readSource) {
    String text = new Attempt(clock.instant(), exitCode, problemCode).text();
    catalogue.rememberFact(LAST, text);
    if (scheduled) {
      catalogue.rememberFact(SCHEDULED, text);
      if (readSource) {
        catalogue.rememberFact(SCHEDULED_READ, text);
      }
    }
  }

  Optional<Attempt> last() {
    return catalogue.fact(LAST).flatMap(Attempt::of);
  }

  Optional<Attempt> lastScheduled() {
    return catalogue.fact(SCHEDULED).flatMap(Attempt::of);
  }

  /// The last one that listed its source, which proves that the system's rights suffice.
  Optional<Attempt> lastScheduledThatRead() {
    return catalogue.fact(SCHEDULED_READ).flatMap(Attempt::of);
  }
}
