package serdab.restore;

import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;

/// What a restore into a viewer's library did.
///
/// @param studies studies of which something was dropped or found there
/// @param filesDropped files that were dropped into INCOMING now
/// @param filesWaiting files that waited there already with the same bytes
/// @param filesThere instances that the library lists and holds already; not dropped
/// @param bytesDropped bytes dropped now
/// @param leftOut files that cannot go through INCOMING, because they are not DICOM
/// @param gaps what could not be brought back, each named
/// @param notices what rejection notes reject, and what to look at
/// @param notImported studies that were waited for and did not show up whole
/// @param waited whether the index was asked at all
/// @param stopped why it ended before its end, when something else than the user ended it
/// @param interrupted whether the user ended it early
public record ViewerReport(
    long studies,
    long filesDropped,
    long filesWaiting,
    long filesThere,
    long bytesDropped,
    List<LeftOut> leftOut,
    List<RestoreReport.Gap> gaps,
    RestoreNotices notices,
    List<NotImported> notImported,
    boolean waited,
    Optional<Problem> stopped,
    boolean interrupted) {

  public ViewerReport {
    leftOut = List.copyOf(leftOut);
    gaps = List.copyOf(gaps);
    notImported = List.copyOf(notImported);
  }

  /// A file that is in the backup and cannot go through INCOMING.
  ///
  /// @param ofStudy whether it belongs to a study rather than to a group of other files
  /// @param path its path in the copy
  public record LeftOut(StudyLabel study, boolean ofStudy, String path) {}

  /// A study that the viewer's index does not show whole.
  ///
  /// @param missing how many of its instances are not there
  /// @param instances how many it has
  public record NotImported(StudyLabel study, long missing, long instances) {}

  /// Whether everything of the studies that were asked for is in the library or on its way.
  public boolean isComplete() {
    return gaps.isEmpty()
        && notImported.isEmpty()
        && leftOut.stream().noneMatch(LeftOut::ofStudy)
        && stopped.isEmpty();
  }
}
