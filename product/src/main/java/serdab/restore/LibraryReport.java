package serdab.restore;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;

/// What a restore of a whole library did, and what its user has to know.
///
/// @param library the folder, in words
/// @param parent the folder to choose in the viewer
/// @param beside the folder beside the library with this report and what has no place inside
/// @param index the index that was put in place; empty when the viewer has to build one
/// @param folderSize files per numbered folder
/// @param studies studies and groups of other files of which something was brought back
/// @param filesInPlace files written where they were in the library
/// @param filesThere files that an earlier, unfinished run had written already
/// @param filesIncoming files that the viewer takes in at its first start
/// @param filesBeside files without a place in a library, put beside it
/// @param bytesWritten bytes written now
/// @param linked linked files, whose rows lead out of the library
/// @param linkedCount how many there are, however many are listed
/// @param reports report documents whose rows do not lead into this library
/// @param rowsWithoutFile rows of the index whose file is not in the backup
/// @param rowsWithoutFileCount how many there are, however many are listed
/// @param notes what is good to know, a sentence each
/// @param gaps what could not be brought back, each named
/// @param interrupted whether it was stopped early; then nothing has its final name yet
public record LibraryReport(
    String library,
    String parent,
    String beside,
    Optional<Index> index,
    int folderSize,
    long studies,
    long filesInPlace,
    long filesThere,
    long filesIncoming,
    long filesBeside,
    long bytesWritten,
    List<Linked> linked,
    long linkedCount,
    List<ReportPath> reports,
    List<RowWithoutFile> rowsWithoutFile,
    long rowsWithoutFileCount,
    List<String> notes,
    List<RestoreReport.Gap> gaps,
    boolean interrupted) {

  /// Lines listed of each kind; the counts are always whole.
  public static final int LISTED_MAX = 1_000;

  public LibraryReport {
    linked = List.copyOf(linked);
    reports = List.copyOf(reports);
    rowsWithoutFile = List.copyOf(rowsWithoutFile);
    notes = List.copyOf(notes);
    gaps = List.copyOf(gaps);
  }

  /// The index in place.
  ///
  /// @param readAt when it was copied from the viewer
  public record Index(Instant readAt, long studies, long images, long albums) {}

  /// A file outside the library that a row names.
  ///
  /// @param isThere whether something is at its path on this computer
  public record Linked(StudyLabel study, String path, boolean isThere) {}

  /// A row's report document.
  ///
  /// @param url as the index holds it
  /// @param state `web`, `missing`, `absolute`, or `absolute-found` when a document of this name is
  ///   in REPORTS
  public record ReportPath(StudyLabel study, String url, String state) {}

  /// A row whose file is not in the backup.
  public record RowWithoutFile(StudyLabel study, String name) {}

  /// Whether the library shows everything that its index promises.
  public boolean isComplete() {
    return gaps.isEmpty() && rowsWithoutFileCount == 0;
  }

  /// What to do next, for a person.
  public Problem next() {
    return new Problem(
        "choose-parent",
        "The library is complete at " + library + ".",
        "In the viewer choose the folder " + parent + " (the one that holds it).");
  }
}
