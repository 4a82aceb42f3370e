package serdab.dicom;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Finding;
import serdab.VersionId;

/// One version of a study: exactly these files, whichever source they came from.
///
/// @param facts what is known of the study
/// @param id computed from the files
/// @param files in the order in which they were read
/// @param missing files that the source lists but could not give, with the reason
/// @param findings oddities of the study as a whole
/// @param supersedes the version this one follows, if one is known
/// @param source where it was read from, in words without patient data
/// @param readAt when it was read
/// @param sourceRows what the source's index said of it then; no part of its identity
public record StudyVersion(
    StudyFacts facts,
    VersionId id,
    List<StoredFile> files,
    List<Missing> missing,
    List<Finding> findings,
    Optional<VersionId> supersedes,
    String source,
    Instant readAt,
    SourceRows sourceRows) {

  public StudyVersion {
    files = List.copyOf(files);
    missing = List.copyOf(missing);
    findings = List.copyOf(findings);
  }

  /// A file that the source lists and could not give.
  ///
  /// @param path its library-relative path
  /// @param reason `missing`, `offline` or `unreadable`
  /// @param detail one sentence without patient data
  public record Missing(String path, String reason, String detail) {}

  public static StudyVersion of(
      StudyFacts facts,
      List<StoredFile> files,
      List<Missing> missing,
      List<Finding> findings,
      Optional<VersionId> supersedes,
      String source,
      Instant readAt) {
    VersionId id = VersionId.of(files.stream().map(StoredFile::versionPart).toList());
    return new StudyVersion(
        facts, id, files, missing, findings, supersedes, source, readAt, SourceRows.NONE);
  }

  /// The same version, with what the source's index said of it.
  public StudyVersion with(SourceRows rows) {
    return new StudyVersion(facts, id, files, missing, findings, supersedes, source, readAt, rows);
  }

  /// The same version, told to follow this one.
  public StudyVersion following(Optional<VersionId> before) {
    return new StudyVersion(
        facts, id, files, missing, findings, before, source, readAt, sourceRows);
  }

  public long lengthBytes() {
    return files.stream().mapToLong(StoredFile::lengthBytes).sum();
  }

  /// How many of its files are DICOM instances that name themselves.
  public long instanceCount() {
    return files.stream().filter(file -> file.instance().isPresent()).count();
  }
}
