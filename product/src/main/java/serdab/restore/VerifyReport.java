package serdab.restore;

import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;

/// What a verification found.
///
/// @param copies how many copies the destination and the catalogue know together
/// @param checked how many had their turn
/// @param good how many of those are good, those made again counted
/// @param converted how many of those hold instances in another transfer syntax, at a node that
///   does not take theirs
/// @param bad each copy that is not, with the reason; all are named
/// @param repaired each copy that was not good and was made again, with what was wrong
/// @param replaced each damaged copy beside which a good one of the same version was proven, and
///   that is not set aside yet
/// @param setAside how many damaged copies are kept aside at the destination
/// @param interrupted whether it was stopped early
public record VerifyReport(
    long copies,
    long checked,
    long good,
    long converted,
    List<BadCopy> bad,
    List<BadCopy> repaired,
    List<BadCopy> replaced,
    long setAside,
    boolean interrupted) {

  public VerifyReport {
    bad = List.copyOf(bad);
    repaired = List.copyOf(repaired);
    replaced = List.copyOf(replaced);
  }

  /// A copy that is not what it should be.
  ///
  /// @param study whose copy; empty when the stored bytes do not even tell that
  /// @param location the destination's own name for it; shown to the owner only
  public record BadCopy(Optional<StudyLabel> study, String location, Problem problem) {}
}
