package serdab.dicom.codec;

/// A stream of pixels that is damaged, or of a kind that is not decoded.
public final class UndecodableException extends Exception {

  private static final long serialVersionUID = 1L;

  /// @param what the end of a sentence about the stream, such as "ends in the middle"
  UndecodableException(String what) {
    super(what);
  }
}
