package serdab.dicom.codec;

/// How the components of a frame take turns in a JPEG-LS stream (ILV, T.87 section C.2.3).
///
/// A frame of one component is always written as [#NONE].
public enum Interleave {
  /// One scan for each component.
  NONE(0),
  /// One scan; a line of each component in turn.
  LINE(1),
  /// One scan; a sample of each component in turn.
  SAMPLE(2);

  private final int code;

  Interleave(int code) {
    this.code = code;
  }

  /// ILV as a scan header has it.
  int code() {
    return code;
  }

  /// @param code 0 to 2
  static Interleave of(int code) {
    return switch (code) {
      case 0 -> NONE;
      case 1 -> LINE;
      case 2 -> SAMPLE;
      default -> throw new IllegalArgumentException("no interleave mode has the code " + code);
    };
  }
}
