package serdab.restore;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import serdab.StudyLabel;

/// What was written for handing somebody their exams.
///
/// @param studies how many studies are on it
/// @param instances how many files the DICOMDIR lists
/// @param bytesWritten bytes of those files
/// @param leftOut files of those studies that are not on it, each named
/// @param otherSyntaxes files by transfer syntax UID that are not in Explicit VR Little Endian, the
///   one every reader of media knows
/// @param madeUp values that the DICOMDIR has to have and files had not, by tag: how many
/// @param gaps what could not be brought back, each named
/// @param notices what rejection notes reject, and what to look at
/// @param interrupted whether it was stopped early; then nothing was written
public record MediaReport(
    long studies,
    long instances,
    long bytesWritten,
    List<LeftOut> leftOut,
    Map<String, Long> otherSyntaxes,
    Map<Integer, Long> madeUp,
    List<RestoreReport.Gap> gaps,
    RestoreNotices notices,
    boolean interrupted) {

  public MediaReport {
    leftOut = List.copyOf(leftOut);
    otherSyntaxes = new TreeMap<>(otherSyntaxes);
    madeUp = new TreeMap<>(madeUp);
    gaps = List.copyOf(gaps);
  }

  /// A file that is not on the medium.
  ///
  /// @param path its path in the copy
  /// @param reason a sentence without values from the file
  public record LeftOut(StudyLabel study, String path, String reason) {}

  /// Whether everything of the chosen studies is on it.
  public boolean isComplete() {
    return gaps.isEmpty() && leftOut.isEmpty();
  }
}
