package serdab.cli;

import java.time.Duration;
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
  private static final String BEGAN = "attempt/began/";

  /// Schedulers are not exact: what is due within this is due.
  private static final Duration SLACK = Duration.ofSeconds(45);

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

  /// Remembers when the system began a plan.
  void began(String plan) {
    catalogue.rememberFact(BEGAN + plan, clock.instant().toString());
  }

  /// Whether the time of a plan has come.
  ///
  /// @param every how often it runs; empty: whenever the system begins it
  boolean isDue(String plan, Optional<Duration> every) {
    if (every.isEmpty()) {
      return true;
    }
    Optional<String> began = catalogue.fact(BEGAN + plan);
    if (began.isEmpty()) {
      return true;
    }
    try {
      Instant last = Instant.parse(began.get());
      Instant now = clock.instant();
      // A clock that was set back must not keep a plan from running.
      return last.isAfter(now) || !last.plus(every.get()).minus(SLACK).isAfter(now);
    } catch (DateTimeParseException e) {
      return true;
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
