package serdab.dicom;

/// How a value is normalised, from its tag alone (docs/format/digests.md, section 1).
enum ValueClass {
  TEXT,
  BINARY,
  UNKNOWN;

  static ValueClass of(int tag) {
    return switch (Dictionary.vrOf(tag)) {
      case UN, SQ, NONE -> UNKNOWN;
      case AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT -> TEXT;
      case AT, FL, FD, OB, OD, OF, OL, OV, OW, SL, SS, SV, UL, US, UV -> BINARY;
    };
  }

  /// What a value of odd length is made even with, as a peer would do it.
  ///
  /// @param written the VR in the file
  byte padding(Vr written) {
    return switch (this) {
      case TEXT -> ' ';
      case BINARY -> 0;
      case UNKNOWN -> written.isText() && written != Vr.UI ? (byte) ' ' : 0;
    };
  }
}
