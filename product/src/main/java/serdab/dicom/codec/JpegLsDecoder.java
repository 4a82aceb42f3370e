package serdab.dicom.codec;

/// Decodes JPEG-LS streams (ITU-T T.87 | ISO/IEC 14495-1), lossless and near-lossless.
///
/// Damaged streams end in [serdab.SerdabException.Damaged]: code `jpeg-ls-damaged`, or
/// `jpeg-ls-not-supported` for what the standard allows and this class does not read. The time that a
/// stream takes and the memory are bounded by the format that the caller expects, never by what the
/// stream claims. One thread at a time; buffers are kept from one frame to the next.
public final class JpegLsDecoder {

  /// What a stream says of itself before its first scan.
  ///
  /// @param rows 1 to 65535
  /// @param columns 1 to 65535
  /// @param samplesPerPixel 1 to 255
  /// @param bitsPerSample 2 to 16
  /// @param near the largest difference from the original; 0: lossless
  /// @param interleave as in the first scan
  public record Info(
      int rows,
      int columns,
      int samplesPerPixel,
      int bitsPerSample,
      int near,
      Interleave interleave) {}

  /// Reads the head of the stream in `[from, to)` of `stream`.
  ///
  /// @throws serdab.SerdabException.Damaged when it is not JPEG-LS or its head is damaged
  public static Info info(byte[] stream, int from, int to) {
    throw new UnsupportedOperationException();
  }

  /// Decodes one frame into `[at, at + format.lengthBytes())` of `out`.
  ///
  /// @param stream holds the frame's stream in `[from, to)`; a pad byte after its end is passed over
  /// @param format what the frame must be; planar or not decides only where samples go
  /// @throws serdab.SerdabException.Damaged when the stream is damaged or is of another format; `out`
  ///     is then partly written
  /// @throws IndexOutOfBoundsException when `out` has no room for the frame
  public void decode(byte[] stream, int from, int to, FrameFormat format, byte[] out, int at) {
    throw new UnsupportedOperationException();
  }
}
