package serdab.dicom.codec;

/// How the components of a frame take turns in a JPEG-LS stream (ILV, T.87 section C.2.3).
///
/// A frame of one component is always written as [#NONE].
public enum Interleave {
  /// One scan for each component.
  NONE,
  /// One scan; a line of each component in turn.
  LINE,
  /// One scan; a sample of each component in turn.
  SAMPLE
}
