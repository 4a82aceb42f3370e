package serdab.catalogue;

import java.time.Instant;
import java.util.Optional;
import serdab.Depth;
import serdab.Proof;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// One version of a study as one destination holds it, proven at a depth and a time.
///
/// @param destinationId the destination's own UUID
/// @param location the destination's own name for it
/// @param proof the deepest proof that still holds, with its own date: a later, shallower proof
///   takes nothing from it, a failed one ends it
/// @param state `good`, `bad`, `gone` (lost), `removed` (by a person, with `serdab prune`) or
///   `unseen`: good by a catalogue that was brought back from a copy, and its destination was not
///   looked at since
/// @param runId the run that made or adopted it; 0 after a rebuild
/// @param intactAt when its stored bytes were last read back whole, to whatever depth; empty when
///   never, or not since it was found bad
public record CopyRow(
    StudyKey study,
    VersionId version,
    String destinationId,
    String location,
    long storedBytes,
    long fileCount,
    Proof proof,
    String state,
    long runId,
    Optional<Instant> intactAt) {

  static final String UNSEEN = "unseen";

  /// A copy with one proof.
  public CopyRow(
      StudyKey study,
      VersionId version,
      String destinationId,
      String location,
      long storedBytes,
      long fileCount,
      Proof proof,
      String state,
      long runId) {
    this(
        study,
        version,
        destinationId,
        location,
        storedBytes,
        fileCount,
        proof,
        state,
        runId,
        state.equals("good") && proof.depth().reaches(Depth.INTACT)
            ? Optional.of(proof.at())
            : Optional.empty());
  }

  /// Whether the stored bytes were read back and found right, so that it counts as a copy. One that
  /// was only listed, as after a rebuild of the catalogue, does not yet.
  public boolean isProven() {
    return state.equals("good") && proof.depth().reaches(Depth.INTACT);
  }

  /// Whether runs rely on it without asking for it.
  public boolean isCountedOn() {
    return state.equals("good");
  }

  /// Whether nobody has looked for it since the catalogue was brought back from a copy.
  public boolean isUnseen() {
    return state.equals(UNSEEN);
  }

  /// Whether it was found lost or damaged, and nobody removed it on purpose.
  public boolean isLost() {
    return state.equals("gone") || state.equals("bad");
  }

  /// Whether the destination is expected to hold it: it was neither found gone before nor removed.
  public boolean shouldBeThere() {
    return !state.equals("gone") && !state.equals("removed");
  }
}
