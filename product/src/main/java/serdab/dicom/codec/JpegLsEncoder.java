package serdab.dicom.codec;

/// Codes frames as JPEG-LS without loss (ITU-T T.87 | ISO/IEC 14495-1).
///
/// Each frame becomes a complete stream from SOI to EOI, with default parameters. The same frame in
/// the same format gives the same bytes in every release. One thread at a time; buffers are kept from
/// one frame to the next.
public final class JpegLsEncoder {

  private byte[] stream = new byte[0];

  /// Codes one frame. Its stream is in [#stream] from index 0 until the next call.
  ///
  /// @param raw holds the frame's cells from index `from` on
  /// @param interleave how components take turns; taken as [Interleave#NONE] for one component
  /// @return the length of the stream in bytes
  /// @throws IllegalArgumentException when a sample is above the maximum of the format
  /// @throws IndexOutOfBoundsException when `raw` does not hold the frame
  public int encode(byte[] raw, int from, FrameFormat format, Interleave interleave) {
    throw new UnsupportedOperationException();
  }

  /// The buffer with the latest stream; it is longer than the stream, and the next call writes over it.
  public byte[] stream() {
    return stream;
  }
}
