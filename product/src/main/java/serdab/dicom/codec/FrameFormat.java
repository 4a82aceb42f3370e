package serdab.dicom.codec;

/// How the raw samples of one frame lie in bytes.
///
/// A sample of 2 to 8 bits has a cell of one byte, one of 9 to 16 bits has two bytes, little
/// endian. A row follows its predecessor without a gap. A cell's value plus `offset`, modulo the
/// size of the cell, is the sample that is coded; it must be below 2 to the power of
/// `bitsPerSample`.
///
/// @param rows 1 to 65535
/// @param columns 1 to 65535
/// @param samplesPerPixel 1 to 4
/// @param bitsPerSample 2 to 16
/// @param planar true: all samples of the first component, then those of the next; false: pixel by
///   pixel
/// @param offset what is added to a cell before it is coded and taken away after decoding; 0 for a
///   stream that other programs shall read as the same pixels, else for instance 1024 for signed
///   samples from -1024 on
public record FrameFormat(
    int rows, int columns, int samplesPerPixel, int bitsPerSample, boolean planar, int offset) {

  /// @throws IllegalArgumentException when a number is outside its range or the frame is longer
  ///   than an array can be
  public FrameFormat {
    require(rows >= 1 && rows <= 65535, "rows", rows);
    require(columns >= 1 && columns <= 65535, "columns", columns);
    require(samplesPerPixel >= 1 && samplesPerPixel <= 4, "samplesPerPixel", samplesPerPixel);
    require(bitsPerSample >= 2 && bitsPerSample <= 16, "bitsPerSample", bitsPerSample);
    long lengthBytes = (long) rows * columns * samplesPerPixel * (bitsPerSample > 8 ? 2 : 1);
    require(lengthBytes <= Integer.MAX_VALUE - 64, "lengthBytes", lengthBytes);
  }

  /// A format without an offset.
  public FrameFormat(
      int rows, int columns, int samplesPerPixel, int bitsPerSample, boolean planar) {
    this(rows, columns, samplesPerPixel, bitsPerSample, planar, 0);
  }

  /// 1 or 2.
  public int bytesPerSample() {
    return bitsPerSample > 8 ? 2 : 1;
  }

  /// What one frame takes raw.
  public int lengthBytes() {
    return rows * columns * samplesPerPixel * bytesPerSample();
  }

  /// The largest sample.
  int maximum() {
    return (1 << bitsPerSample) - 1;
  }

  private static void require(boolean holds, String what, long value) {
    if (!holds) {
      throw new IllegalArgumentException("a frame cannot have " + what + " = " + value);
    }
  }
}
