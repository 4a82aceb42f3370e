package serdab.dicom;

import java.util.List;
import java.util.Optional;
import serdab.Finding;
import serdab.VersionId;

/// One file of a study's version, as it was read from its source.
///
/// @param path its library-relative path, `/` between parts, unique in its version; what a restore
///   brings back
/// @param lengthBytes its length
/// @param modifiedMillis its time of last change in milliseconds since 1970-01-01T00:00:00Z
/// @param digests computed while it was read
/// @param instance what its header says; empty when it is not DICOM or could not be understood
/// @param findings oddities of this file
/// @param sourceRowCount how many rows of its source's index point at it: one for each frame in a
///   viewer's index; 0 where no index names it
public record StoredFile(
    String path,
    long lengthBytes,
    long modifiedMillis,
    FileDigests digests,
    Optional<InstanceFacts> instance,
    List<Finding> findings,
    long sourceRowCount) {

  public StoredFile {
    findings = List.copyOf(findings);
  }

  /// A file that no index names.
  public StoredFile(
      String path,
      long lengthBytes,
      long modifiedMillis,
      FileDigests digests,
      Optional<InstanceFacts> instance,
      List<Finding> findings) {
    this(path, lengthBytes, modifiedMillis, digests, instance, findings, 0);
  }

  public VersionId.Part versionPart() {
    return new VersionId.Part(digests.file(), lengthBytes);
  }
}
