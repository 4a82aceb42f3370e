package serdab.dicom;

/// The ways elements can be written.
///
/// @param explicit whether VRs are written
/// @param bigEndian whether numbers have their highest byte first
record Encoding(boolean explicit, boolean bigEndian) {

  static final Encoding IMPLICIT_LITTLE = new Encoding(false, false);
  static final Encoding EXPLICIT_LITTLE = new Encoding(true, false);
  static final Encoding EXPLICIT_BIG = new Encoding(true, true);

  /// Never allowed, and written by ACR-NEMA's successors all the same.
  static final Encoding IMPLICIT_BIG = new Encoding(false, true);

  String text() {
    return (explicit ? "explicit" : "implicit") + (bigEndian ? " big" : " little") + " endian";
  }
}
