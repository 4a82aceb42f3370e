package serdab.restore;

import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;

/// What a restore did.
///
/// @param studies studies (and groups of other files) brought back or found there
/// @param filesWritten files written now
/// @param filesThere files that were there already with the same bytes
/// @param bytesWritten bytes written now
/// @param gaps what could not be brought back, each named
/// @param notices what rejection notes reject, and what to look at
/// @param interrupted whether it was stopped early
public record RestoreReport(
    long studies,
    long filesWritten,
    long filesThere,
    long bytesWritten,
    List<Gap> gaps,
    RestoreNotices notices,
    boolean interrupted) {

  public RestoreReport {
    gaps = List.copyOf(gaps);
  }

  /// Something that could not be brought back.
  ///
  /// @param study whose it is; empty when the stored bytes do not tell
  /// @param path the file's library path; empty text when it is about a whole study
  public record Gap(Optional<StudyLabel> study, String path, Problem problem) {}
}
