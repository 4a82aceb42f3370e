package serdab.catalogue;

import serdab.Depth;
import serdab.Proof;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// One version of a study as one destination holds it, proven at a depth and a time.
///
/// @param destinationId the destination's own UUID
/// @param location the destination's own name for it
/// @param state `good`, `bad`, `gone` (lost) or `removed` (by a person, with `serdab prune`)
/// @param runId the run that made or adopted it; 0 after a rebuild
public record CopyRow(
    StudyKey study,
    VersionId version,
    String destinationId,
    String location,
    long storedBytes,
    long fileCount,
    Proof proof,
    String state,
    long runId) {

  /// Whether the stored bytes were read back and found right, so that it counts as a copy. One that
  /// was only listed, as after a rebuild of the catalogue, does not yet.
  public boolean isProven() {
    return state.equals("good") && proof.depth().reaches(Depth.INTACT);
  }

  /// Whether the destination is expected to hold it: it was neither found gone before nor removed.
  public boolean shouldBeThere() {
    return !state.equals("gone") && !state.equals("removed");
  }
}
