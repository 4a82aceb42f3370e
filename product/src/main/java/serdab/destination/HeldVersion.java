package serdab.destination;

import java.util.List;
import java.util.Optional;
import serdab.Finding;
import serdab.Proof;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// One version of a study as one destination holds it.
///
/// @param study whose it is
/// @param id the version
/// @param location the destination's own name for it, such as a ZIP's path; holds patient data
///   where the naming profile puts it there, so it is never logged
/// @param storedBytes how much room it takes
/// @param fileCount how many files it holds
/// @param supersedes the version it follows
/// @param proof the last proof the destination knows of; empty when it only listed the copy
/// @param findings what is worth telling of how it is held there; most often nothing
public record HeldVersion(
    StudyKey study,
    VersionId id,
    String location,
    long storedBytes,
    long fileCount,
    Optional<VersionId> supersedes,
    Optional<Proof> proof,
    List<Finding> findings) {

  /// The finding that instances are held in another transfer syntax than the one they have.
  public static final String SENT_CONVERTED = "sent-converted";

  public HeldVersion {
    findings = List.copyOf(findings);
  }

  /// One of which there is nothing to tell.
  public HeldVersion(
      StudyKey study,
      VersionId id,
      String location,
      long storedBytes,
      long fileCount,
      Optional<VersionId> supersedes,
      Optional<Proof> proof) {
    this(study, id, location, storedBytes, fileCount, supersedes, proof, List.of());
  }

  /// Whether some of its instances are held in another transfer syntax than the one they have.
  public boolean isSentConverted() {
    return findings.stream().anyMatch(one -> one.kind().equals(SENT_CONVERTED));
  }

  public HeldVersion proven(Proof newProof) {
    return new HeldVersion(
        study, id, location, storedBytes, fileCount, supersedes, Optional.of(newProof), findings);
  }
}
