package serdab.dicom;

/// The ways elements can be written. Implicit big endian was never allowed, and is met all the
/// same.
///
/// @param explicit whether VRs are written
/// @param bigEndian whether numbers have their highest byte first
record Encoding(boolean explicit, boolean bigEndian) {

  static final Encoding EXPLICIT_LITTLE = new Encoding(true, false);

  String text() {
    return (explicit ? "explicit" : "implicit") + (bigEndian ? " big" : " little") + " endian";
  }
}
