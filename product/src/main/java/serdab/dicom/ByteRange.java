package serdab.dicom;

/// A range of bytes `[offset, offset + length)` of a [ByteSource].
public record ByteRange(long offset, long length) {

  /// The first byte behind the range.
  public long end() {
    return offset + length;
  }
}
