package serdab.catalogue;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Sha256;
import serdab.VersionId;
import serdab.dicom.Identity;
import serdab.dicom.Rejections;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;

/// One version of a study, whichever source it came from.
///
/// @param instances one line per file, kept packed; the other digests stand in the copies'
///   manifests
/// @param missingFiles how many listed files it lacks
/// @param identity whose it was said to be
/// @param rejected instances that its rejection notes reject
public record VersionRow(
    StudyKey study,
    VersionId id,
    Instant readAt,
    long fileCount,
    long lengthBytes,
    int missingFiles,
    Optional<VersionId> supersedes,
    List<InstanceLine> instances,
    Identity identity,
    List<Rejections.Rejected> rejected) {

  public VersionRow {
    instances = List.copyOf(instances);
    rejected = List.copyOf(rejected);
  }

  /// A version of which nobody knows whose it is, and without rejections.
  public VersionRow(
      StudyKey study,
      VersionId id,
      Instant readAt,
      long fileCount,
      long lengthBytes,
      int missingFiles,
      Optional<VersionId> supersedes,
      List<InstanceLine> instances) {
    this(
        study,
        id,
        readAt,
        fileCount,
        lengthBytes,
        missingFiles,
        supersedes,
        instances,
        Identity.UNKNOWN,
        List.of());
  }

  /// What is remembered of a version that was read, or that a manifest describes, without a look
  /// into its rejection notes.
  public static VersionRow of(StudyVersion version) {
    return of(version, Rejections.NONE);
  }

  /// What is remembered of a version that was read, or that a manifest describes.
  ///
  /// @param rejections what its notes reject
  public static VersionRow of(StudyVersion version, Rejections rejections) {
    return new VersionRow(
        version.facts().key(),
        version.id(),
        version.readAt(),
        version.files().size(),
        version.lengthBytes(),
        version.missing().size(),
        version.supersedes(),
        version.files().stream()
            .map(file ->
                new InstanceLine(
                    file.instance().map(instance -> instance.sop().value()).orElse(""),
                    file.lengthBytes(),
                    file.digests().file()))
            .toList(),
        Identity.of(version.facts()),
        rejections.list());
  }

  /// What is remembered of one file.
  ///
  /// @param sopInstanceUid as found; empty text when the file is no DICOM instance
  public record InstanceLine(String sopInstanceUid, long lengthBytes, Sha256 fileDigest) {}
}
