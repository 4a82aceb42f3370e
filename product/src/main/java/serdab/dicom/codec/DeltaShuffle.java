package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/// A reversible filter that makes the samples of an image easy for a general compressor. It changes
/// no length.
///
/// A cell is one byte, or two in little endian order. A row has `columns * samplesPerPixel` cells.
/// From each cell another one is taken away, modulo 256 or 65536:
///
/// - the cell `samplesPerPixel` places to its left in the same row;
/// - for the first `samplesPerPixel` cells of a row, the cell at the same place in the row above;
/// - for the first `samplesPerPixel` cells of the first row, zero.
///
/// The differences stand in the order of their cells: first the low bytes of all of them, then, for
/// cells of two bytes, the high bytes of all of them.
///
/// @param rows at least 1; the planes of a planar frame are filtered as one image with the rows of
///   all of them
/// @param columns at least 1
/// @param samplesPerPixel at least 1; 1 for a planar frame
/// @param bytesPerSample 1 or 2
public record DeltaShuffle(int rows, int columns, int samplesPerPixel, int bytesPerSample) {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long SIGNS = 0x8000_8000_8000_8000L;

  /// @throws IllegalArgumentException when a number is outside its range or the image is longer
  ///   than an array can be
  public DeltaShuffle {
    require(rows, columns, samplesPerPixel, bytesPerSample);
  }

  /// @throws IllegalArgumentException when these are not the sizes of an image that fits an array
  static void require(int rows, int columns, int samplesPerPixel, int bytesPerSample) {
    if (rows < 1 || columns < 1 || samplesPerPixel < 1) {
      throw new IllegalArgumentException("an image of no samples");
    }
    if (bytesPerSample < 1 || bytesPerSample > 2) {
      throw new IllegalArgumentException("samples of " + bytesPerSample + " bytes");
    }
    long cells = Math.multiplyExact((long) rows * columns, (long) samplesPerPixel);
    if (cells > (Integer.MAX_VALUE - 64) / bytesPerSample) {
      throw new IllegalArgumentException("an image of " + cells + " samples");
    }
  }

  /// What the image takes, filtered or not.
  public int lengthBytes() {
    return rows * columns * samplesPerPixel * bytesPerSample;
  }

  /// Filters the image at `from` in `raw` into `out`, from index `at` on. The arrays must not
  /// overlap.
  ///
  /// @throws IndexOutOfBoundsException when an array does not hold the image
  public void forward(byte[] raw, int from, byte[] out, int at) {
    Objects.checkFromIndexSize(from, lengthBytes(), raw.length);
    Objects.checkFromIndexSize(at, lengthBytes(), out.length);
    int cells = columns * samplesPerPixel;
    for (int row = 0; row < rows; row++) {
      if (bytesPerSample == 1) {
        forwardBytes(raw, from + row * cells, row > 0, out, at + row * cells);
      } else {
        forwardShorts(raw, from + row * cells * 2, row > 0, out, at + row * cells);
      }
    }
  }

  /// Turns [#forward] back: the filtered image at `from` becomes the image at `at`. The arrays must
  /// not overlap.
  ///
  /// @throws IndexOutOfBoundsException when an array does not hold the image
  public void inverse(byte[] filtered, int from, byte[] out, int at) {
    Objects.checkFromIndexSize(from, lengthBytes(), filtered.length);
    Objects.checkFromIndexSize(at, lengthBytes(), out.length);
    int cells = columns * samplesPerPixel;
    for (int row = 0; row < rows; row++) {
      if (bytesPerSample == 1) {
        inverseBytes(filtered, from + row * cells, row > 0, out, at + row * cells);
      } else {
        inverseShorts(filtered, from + row * cells, row > 0, out, at + row * cells * 2);
      }
    }
  }

  private void forwardBytes(byte[] raw, int from, boolean hasAbove, byte[] out, int at) {
    int cells = columns * samplesPerPixel;
    for (int i = 0; i < samplesPerPixel; i++) {
      out[at + i] = (byte) (raw[from + i] - (hasAbove ? raw[from + i - cells] : 0));
    }
    for (int i = samplesPerPixel; i < cells; i++) {
      out[at + i] = (byte) (raw[from + i] - raw[from + i - samplesPerPixel]);
    }
  }

  private void inverseBytes(byte[] filtered, int from, boolean hasAbove, byte[] out, int at) {
    int cells = columns * samplesPerPixel;
    for (int i = 0; i < samplesPerPixel; i++) {
      out[at + i] = (byte) (filtered[from + i] + (hasAbove ? out[at + i - cells] : 0));
    }
    for (int i = samplesPerPixel; i < cells; i++) {
      out[at + i] = (byte) (filtered[from + i] + out[at + i - samplesPerPixel]);
    }
  }

  private void forwardShorts(byte[] raw, int from, boolean hasAbove, byte[] out, int at) {
    int cells = columns * samplesPerPixel;
    int toHigh = rows * cells;
    int back = 2 * samplesPerPixel;
    for (int i = 0; i < samplesPerPixel; i++) {
      int above = hasAbove ? (short) SHORTS.get(raw, from + 2 * (i - cells)) : 0;
      int difference = (short) SHORTS.get(raw, from + 2 * i) - above;
      out[at + i] = (byte) difference;
      out[at + toHigh + i] = (byte) (difference >> 8);
    }
    int i = samplesPerPixel;
    // Four cells at once: the sign bits are kept apart so that no cell borrows from the next.
    for (; i + 4 <= cells; i += 4) {
      long cell = (long) LONGS.get(raw, from + 2 * i);
      long left = (long) LONGS.get(raw, from + 2 * i - back);
      long difference = ((cell | SIGNS) - (left & ~SIGNS)) ^ ((cell ^ ~left) & SIGNS);
      INTS.set(out, at + i, evenBytes(difference));
      INTS.set(out, at + toHigh + i, evenBytes(difference >>> 8));
    }
    for (; i < cells; i++) {
      int difference =
          (short) SHORTS.get(raw, from + 2 * i) - (short) SHORTS.get(raw, from + 2 * i - back);
      out[at + i] = (byte) difference;
      out[at + toHigh + i] = (byte) (difference >> 8);
    }
  }

  private void inverseShorts(byte[] filtered, int from, boolean hasAbove, byte[] out, int at) {
    int cells = columns * samplesPerPixel;
    int toHigh = rows * cells;
    for (int i = 0; i < samplesPerPixel; i++) {
      int above = hasAbove ? (short) SHORTS.get(out, at + 2 * (i - cells)) : 0;
      SHORTS.set(out, at + 2 * i, (short) (difference(filtered, from + i, toHigh) + above));
    }
    if (samplesPerPixel == 1) {
      int cell = (short) SHORTS.get(out, at);
      for (int i = 1; i < cells; i++) {
        cell += difference(filtered, from + i, toHigh);
        SHORTS.set(out, at + 2 * i, (short) cell);
      }
    } else {
      for (int i = samplesPerPixel; i < cells; i++) {
        int left = (short) SHORTS.get(out, at + 2 * (i - samplesPerPixel));
        SHORTS.set(out, at + 2 * i, (short) (difference(filtered, from + i, toHigh) + left));
      }
    }
  }

  private static int difference(byte[] filtered, int low, int toHigh) {
    return (filtered[low] & 0xFF) | (filtered[low + toHigh] << 8);
  }

  private static int evenBytes(long bytes) {
    long pairs = bytes & 0x00FF_00FF_00FF_00FFL;
    pairs = (pairs | (pairs >>> 8)) & 0x0000_FFFF_0000_FFFFL;
    return (int) (pairs | (pairs >>> 16));
  }
}
