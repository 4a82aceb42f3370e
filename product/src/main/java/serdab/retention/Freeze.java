package serdab.retention;

import java.util.Optional;
import serdab.Problem;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.catalogue.Standing;

/// When nothing may go at all: after a run that saw sharply fewer studies than the one before,
/// until a person accepted it, and after a run whose end nobody saw.
final class Freeze {

  /// As for the alarm of a backup run.
  private static final double SHARPLY_FEWER = 0.9;

  private Freeze() {}

  /// Why retention is frozen on a destination; empty when it is not.
  static Optional<Problem> of(Catalogue catalogue, String destinationId) {
    Standing standing = catalogue.standing();
    for (Standing.SourceRuns source : standing.sources()) {
      if (source.newest().isEmpty() || !concerns(standing, source, destinationId)) {
        continue;
      }
      RunRow newest = source.newest().get();
      if (newest.endedAt().isEmpty()) {
        return Optional.of(
            new Problem(
                "retention-frozen",
                "The last backup run of a source did not end, so nobody knows what it saw. Nothing"
                    + " may be removed until one has.",
                "Run the backup, then try again."));
      }
      long listed = newest.totals().listed();
      long before = source.lastGood().map(run -> run.totals().listed()).orElse(0L);
      if (listed == 0 || listed < before * SHARPLY_FEWER) {
        boolean accepted = source.lastGood().filter(good -> good.id() == newest.id()).isPresent();
        if (!accepted) {
          return Optional.of(
              new Problem(
                  "retention-frozen",
                  "The last backup run saw "
                      + listed
                      + " studies, the last good one "
                      + before
                      + ". Nothing may be removed until a person accepted that.",
                  "Find out where the studies went; if they are meant to be gone, run the backup"
                      + " with --accept-fewer."));
        }
      }
    }
    return Optional.empty();
  }

  /// Disks take turns: a source concerns each that it was ever copied to, whichever was the last.
  private static boolean concerns(
      Standing standing, Standing.SourceRuns source, String destinationId) {
    return standing.copiesTo(source.sourceId(), destinationId)
        // A run read without its destinations concerns all.
        || source.newest().filter(run -> run.destinationIds().isEmpty()).isPresent();
  }
}
