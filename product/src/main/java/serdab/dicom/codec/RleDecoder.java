package serdab.dicom.codec;

import java.util.Objects;

/// Decodes frames of RLE Lossless (PS3.5 annex G). Holds nothing; thread-safe.
///
/// A frame is a header of 64 bytes and a segment for each byte of a pixel: of each sample in turn
/// the highest byte first. The time that a stream takes is bounded by its length.
public final class RleDecoder {

  private static final int HEADER_BYTES = 64;
  private static final int SEGMENTS_MAX = 15;

  /// The code that stands for nothing (PS3.5 section G.3.1).
  private static final int NOTHING = 0x80;

  private RleDecoder() {}

  /// Decodes one frame into `[at, at + pixels * samples * bytesPerSample)` of `out`, in little
  /// endian cells.
  ///
  /// @param stream holds the frame in `[from, to)`
  /// @param pixels rows times columns
  /// @param planar whether `out` gets plane after plane rather than pixel after pixel
  /// @throws UndecodableException when it holds another number of samples, or is damaged; `out` is
  ///   then partly written
  /// @throws IndexOutOfBoundsException when `out` has no room for the frame
  public static void decode(
      byte[] stream,
      int from,
      int to,
      int pixels,
      int samples,
      int bytesPerSample,
      boolean planar,
      byte[] out,
      int at)
      throws UndecodableException {
    int segments = samples * bytesPerSample;
    Objects.checkFromIndexSize(at, pixels * segments, out.length);
    Objects.checkFromToIndex(from, to, stream.length);
    if (segments > SEGMENTS_MAX || to - from < HEADER_BYTES || number(stream, from) != segments) {
      throw new UndecodableException("has another number of segments than its pixels have bytes");
    }
    for (int segment = 0; segment < segments; segment++) {
      long begin = number(stream, from + Integer.BYTES * (segment + 1));
      long end =
          segment + 1 < segments ? number(stream, from + Integer.BYTES * (segment + 2)) : to - from;
      if (begin < HEADER_BYTES || begin > end || end > to - from) {
        throw new UndecodableException("has segments that are not where its header says");
      }
      int sample = segment / bytesPerSample;
      int place = bytesPerSample - 1 - segment % bytesPerSample;
      int first =
          planar
              ? at + sample * pixels * bytesPerSample + place
              : at + sample * bytesPerSample + place;
      int step = planar ? bytesPerSample : segments;
      segment(stream, from + (int) begin, from + (int) end, pixels, out, first, step);
    }
  }

  private static void segment(
      byte[] stream, int from, int to, int count, byte[] out, int first, int step)
      throws UndecodableException {
    int in = from;
    int left = count;
    int at = first;
    while (left > 0) {
      if (in >= to) {
        throw new UndecodableException("ends in the middle");
      }
      int code = stream[in++] & 0xFF;
      if (code == NOTHING) {
        continue;
      }
      boolean isRun = code > NOTHING;
      int length = isRun ? 257 - code : code + 1;
      if (length > left || (isRun ? 1 : length) > to - in) {
        throw new UndecodableException("has a segment that is not as long as its pixels");
      }
      for (int i = 0; i < length; i++, at += step) {
        out[at] = stream[isRun ? in : in + i];
      }
      in += isRun ? 1 : length;
      left -= length;
    }
    // A segment is even (PS3.5 section G.3.1); some writers pad to more.
    for (; in < to; in++) {
      if (stream[in] != 0 && (stream[in] & 0xFF) != NOTHING) {
        throw new UndecodableException("has a segment that is longer than its pixels");
      }
    }
  }

  private static long number(byte[] bytes, int at) {
    return (bytes[at] & 0xFFL)
        | (bytes[at + 1] & 0xFFL) << 8
        | (bytes[at + 2] & 0xFFL) << 16
        | (bytes[at + 3] & 0xFFL) << 24;
  }
}
