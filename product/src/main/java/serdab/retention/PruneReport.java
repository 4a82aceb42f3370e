package serdab.retention;

import java.util.List;
import serdab.Problem;
import serdab.StudyLabel;

/// What a pruning did.
///
/// @param removed copies that were destroyed
/// @param removedBytes how much room they took
/// @param kept planned copies that stay after all, each with the reason
/// @param certificates what was written about it, in order
/// @param interrupted whether it was stopped before its end; the same plan can be carried on
public record PruneReport(
    long removed,
    long removedBytes,
    List<Kept> kept,
    List<Written> certificates,
    boolean interrupted) {

  public PruneReport {
    kept = List.copyOf(kept);
    certificates = List.copyOf(certificates);
  }

  /// A planned copy that stays after all.
  public record Kept(StudyLabel study, Problem problem) {}

  /// A certificate.
  ///
  /// @param name of its JSON form
  /// @param digest SHA-256 of that in hexadecimal
  public record Written(String name, String digest) {}
}
