package serdab.dicom.codec;

/// A reversible filter that makes samples easy for a general compressor.
public final class DeltaShuffle {
  private DeltaShuffle() {}

  /// Filters `rows * columns` cells of `raw` into `out`.
  public static void forward(
      byte[] raw, int from, int rows, int columns, int bytesPerSample, byte[] out, int at) {
    throw new UnsupportedOperationException();
  }

  /// Turns [#forward] back.
  public static void inverse(
      byte[] filtered, int from, int rows, int columns, int bytesPerSample, byte[] out, int at) {
    throw new UnsupportedOperationException();
  }
}
