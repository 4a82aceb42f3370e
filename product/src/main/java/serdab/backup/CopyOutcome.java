package serdab.backup;

import java.util.List;
import serdab.Finding;
import serdab.Problem;
import serdab.catalogue.CopyRow;
import serdab.dicom.StudyVersion;

/// What came of working on one study.
public sealed interface CopyOutcome {

  /// Every target holds a proven copy of what the source gave.
  ///
  /// @param version what was read
  /// @param made copies made now
  /// @param adopted copies that were there already and were proven
  /// @param findings what is worth telling of how copies are held
  record Copied(
      StudyVersion version, List<CopyRow> made, List<CopyRow> adopted, List<Finding> findings)
      implements CopyOutcome {}

  /// The version that was read before was found on the targets that lacked a copy, and proven.
  record Adopted(List<CopyRow> adopted) implements CopyOutcome {}

  /// Nothing had changed after all.
  record Unchanged() implements CopyOutcome {}

  /// Only headers changed, a moment ago; the new version waits for a quiet time.
  record WaitsForQuiet() implements CopyOutcome {}

  /// Some target has no proven copy.
  ///
  /// @param problem the first thing that went wrong
  /// @param made copies made on other targets all the same
  record Failed(Problem problem, List<Integer> failedTargets, List<CopyRow> made)
      implements CopyOutcome {}

  /// The run was asked to stop before this study was done.
  record Stopped() implements CopyOutcome {}
}
