package serdab;

/// How deeply a copy has been proven: one ladder for every kind of place, from hearsay to a drill.
///
/// The order of the constants is the order of the ladder.
public enum Depth {
  /// The other side said so: a status, a count, a storage commitment.
  CLAIMED,
  /// Listed under its name with the right length, or by its UID.
  PRESENT,
  /// The place's own SHA-256 of the stored bytes equals ours.
  ATTESTED,
  /// The stored bytes were read back and hash right.
  INTACT,
  /// Opened and parsed as DICOM: UIDs, counts and digests agree.
  READABLE,
  /// A drill brought it back to a scratch place and compared everything.
  RESTORED;

  public boolean reaches(Depth wanted) {
    return compareTo(wanted) >= 0;
  }
}
