package serdab.catalogue;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Sha256;
import serdab.VersionId;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;

/// One version of a study, whichever source it came from.
///
/// @param instances one line per file, kept packed; the other digests stand in the copies'
///   manifests
/// @param missingFiles how many listed files it lacks
public record VersionRow(
    StudyKey study,
    VersionId id,
    Instant readAt,
    long fileCount,
    long lengthBytes,
    int missingFiles,
    Optional<VersionId> supersedes,
    List<InstanceLine> instances) {

  public VersionRow {
    instances = List.copyOf(instances);
  }

  /// What is remembered of a version that was read, or that a manifest describes.
  public static VersionRow of(StudyVersion version) {
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
            .toList());
  }

  /// What is remembered of one file.
  ///
  /// @param sopInstanceUid as found; empty text when the file is no DICOM instance
  public record InstanceLine(String sopInstanceUid, long lengthBytes, Sha256 fileDigest) {}
}
