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
public record StoredFile(
    String path,
    long lengthBytes,
    long modifiedMillis,
    FileDigests digests,
    Optional<InstanceFacts> instance,
    List<Finding> findings) {

  public StoredFile {
    findings = List.copyOf(findings);
  }

  public VersionId.Part versionPart() {
    return new VersionId.Part(digests.file(), lengthBytes);
  }
}
