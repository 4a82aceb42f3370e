package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/// A reversible filter like [DeltaShuffle] that guesses each sample from three neighbours. What is
/// left is smaller, and takes a general compressor less room. It changes no length.
///
/// A cell is one byte, or two in little endian order, two's complement or not. A row has `columns *
/// samplesPerPixel` cells. With *a* the cell `samplesPerPixel` places to the left, *b* the one
/// above and *c* the one above *a*, the guess is the middle one of *a*, *b* and *a* + *b* - *c*
/// (the predictor of T.87 section A.4.1):
///
/// - in the first row, *b* and *c* count as zero, and so does *a* for the first pixel;
/// - for the first pixel of any other row, *a* and *c* count as *b*.
///
/// The guess is taken away modulo 256 or 65536. The difference, read as two's complement, is
/// folded: *d* becomes 2 *d*, or -2 *d* - 1 when it is negative. What comes of it stands in the
/// order of the cells: first the low bytes of all of them, then, for cells of two bytes, the high
/// bytes of all of them.
///
/// @param rows at least 1; the planes of a planar frame are filtered as one image with the rows of
///   all of them
/// @param columns at least 1
/// @param samplesPerPixel at least 1; 1 for a planar frame
/// @param bytesPerSample 1 or 2
/// @param signed whether cells are two's complement
public record MedianShuffle(
    int rows, int columns, int samplesPerPixel, int bytesPerSample, boolean signed) {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  /// @throws IllegalArgumentException when a number is outside its range or the image is longer
  ///   than an array can be
  public MedianShuffle {
    DeltaShuffle.require(rows, columns, samplesPerPixel, bytesPerSample);
  }

  /// What the image takes, filtered or not.
  public int lengthBytes() {
    return rows * cells() * bytesPerSample;
  }

  private int cells() {
    return columns * samplesPerPixel;
  }

  /// Turns a cell into what is compared, and back: unsigned ones are moved down by half of their
  /// range, which changes no difference.
  private int flip() {
    return signed ? 0 : -1 << (8 * bytesPerSample - 1);
  }

  /// How far to shift up and down so that a number is taken as two's complement of a cell.
  private int spare() {
    return Integer.SIZE - 8 * bytesPerSample;
  }

  /// Filters the image at `from` in `raw` into `out`, from index `at` on. The arrays must not
  /// overlap.
  ///
  /// @throws IndexOutOfBoundsException when an array does not hold the image
  public void forward(byte[] raw, int from, byte[] out, int at) {
    Objects.checkFromIndexSize(from, lengthBytes(), raw.length);
    Objects.checkFromIndexSize(at, lengthBytes(), out.length);
    int cells = cells();
    int[] row = new int[cells];
    int[] left = new int[cells];
    int[] above = new int[cells];
    int[] aboveLeft = new int[cells];
    int[] folded = new int[cells];
    short[] line = new short[bytesPerSample == 1 ? 0 : cells];
    Arrays.fill(above, flip());
    Arrays.fill(aboveLeft, flip());
    for (int i = 0; i < rows; i++) {
      if (bytesPerSample == 1) {
        loadBytes(raw, from + i * cells, row);
      } else {
        ByteBuffer.wrap(raw, from + i * cells * 2, cells * 2)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asShortBuffer()
            .get(line);
        loadShorts(line, row);
      }
      System.arraycopy(above, 0, left, 0, samplesPerPixel);
      System.arraycopy(row, 0, left, samplesPerPixel, cells - samplesPerPixel);
      guess(row, left, above, aboveLeft, folded);
      if (bytesPerSample == 1) {
        foldBytes(folded);
      } else {
        foldShorts(folded);
        bytes(folded, 8, out, at + (rows + i) * cells);
      }
      bytes(folded, 0, out, at + i * cells);
      int[] next = above;
      above = row;
      row = next;
      // What is left of each in the next row's above; the first pixel has itself.
      next = aboveLeft;
      aboveLeft = left;
      left = next;
      System.arraycopy(above, 0, aboveLeft, 0, samplesPerPixel);
    }
  }

  // The next loops do one thing each, and none has a number that only the run knows in an index or
  // a shift but the last, so that the compiler makes vector code of them.

  private void loadBytes(byte[] raw, int from, int[] row) {
    int flip = flip();
    for (int i = 0; i < row.length; i++) {
      row[i] = raw[from + i] ^ flip;
    }
  }

  private void loadShorts(short[] line, int[] row) {
    int flip = flip();
    for (int i = 0; i < row.length; i++) {
      row[i] = line[i] ^ flip;
    }
  }

  private static void guess(int[] row, int[] left, int[] above, int[] aboveLeft, int[] difference) {
    for (int i = 0; i < row.length; i++) {
      difference[i] = row[i] - median(left[i], above[i], aboveLeft[i]);
    }
  }

  private static void foldBytes(int[] differences) {
    for (int i = 0; i < differences.length; i++) {
      int difference = (byte) differences[i];
      differences[i] = (difference << 1) ^ (difference >> 31);
    }
  }

  private static void foldShorts(int[] differences) {
    for (int i = 0; i < differences.length; i++) {
      int difference = (short) differences[i];
      differences[i] = (difference << 1) ^ (difference >> 31);
    }
  }

  private static void bytes(int[] folded, int shift, byte[] out, int at) {
    for (int i = 0; i < folded.length; i++) {
      out[at + i] = (byte) (folded[i] >> shift);
    }
  }

  /// Turns [#forward] back: the filtered image at `from` becomes the image at `at`. The arrays must
  /// not overlap.
  ///
  /// @throws IndexOutOfBoundsException when an array does not hold the image
  public void inverse(byte[] filtered, int from, byte[] out, int at) {
    Objects.checkFromIndexSize(from, lengthBytes(), filtered.length);
    Objects.checkFromIndexSize(at, lengthBytes(), out.length);
    int cells = cells();
    int[] row = new int[cells];
    Arrays.fill(row, flip());
    int i = 0;
    if (bytesPerSample == 2 && samplesPerPixel == 1) {
      for (; i + 2 <= rows; i += 2) {
        inverseTwoRows(filtered, from + i * cells, row, out, at + i * cells * 2);
      }
    }
    for (; i < rows; i++) {
      inverseRow(filtered, from + i * cells, i == 0, row, out, at + i * cells * bytesPerSample);
    }
  }

  /// @param row the row above, which becomes this one
  private void inverseRow(
      byte[] filtered, int from, boolean isFirst, int[] row, byte[] out, int at) {
    int flip = flip();
    int spare = spare();
    int toHigh = rows * row.length;
    int[] left = new int[samplesPerPixel];
    int[] aboveLeft = new int[samplesPerPixel];
    for (int i = 0; i < samplesPerPixel; i++) {
      left[i] = isFirst ? flip : row[i];
      aboveLeft[i] = left[i];
    }
    for (int i = 0, sample = 0; i < row.length; i++) {
      int above = row[i];
      int folded =
          bytesPerSample == 1 ? filtered[from + i] & 0xFF : pair(filtered, from + i, toHigh);
      int cell =
          (median(left[sample], above, aboveLeft[sample]) + unfolded(folded)) << spare >> spare;
      aboveLeft[sample] = above;
      left[sample] = cell;
      row[i] = cell;
      if (bytesPerSample == 1) {
        out[at + i] = (byte) (cell ^ flip);
      } else {
        SHORTS.set(out, at + 2 * i, (short) (cell ^ flip));
      }
      sample = sample + 1 == samplesPerPixel ? 0 : sample + 1;
    }
  }

  /// Two rows of samples of two bytes, the second one cell behind the first: while one waits for
  /// its guess the other goes on.
  ///
  /// @param row the row above, which becomes the second one
  private void inverseTwoRows(byte[] filtered, int from, int[] row, byte[] out, int at) {
    int flip = flip();
    int cells = row.length;
    int toHigh = rows * cells;
    int fromSecond = from + cells;
    int atSecond = at + 2 * cells;
    int last = cells - 1;
    int aboveLeft = row[0];
    int first = (short) (aboveLeft + unfolded(pair(filtered, from, toHigh)));
    SHORTS.set(out, at, (short) (first ^ flip));
    int before = first;
    int second = first;
    for (int i = 1; i < cells; i++) {
      int above = row[i];
      int next =
          (short) (median(first, above, aboveLeft) + unfolded(pair(filtered, from + i, toHigh)));
      second =
          (short)
              (median(second, first, before)
                  + unfolded(pair(filtered, fromSecond + i - 1, toHigh)));
      SHORTS.set(out, at + 2 * i, (short) (next ^ flip));
      SHORTS.set(out, atSecond + 2 * (i - 1), (short) (second ^ flip));
      row[i - 1] = second;
      aboveLeft = above;
      before = first;
      first = next;
    }
    second =
        (short)
            (median(second, first, before) + unfolded(pair(filtered, fromSecond + last, toHigh)));
    SHORTS.set(out, atSecond + 2 * last, (short) (second ^ flip));
    row[last] = second;
  }

  private static int median(int left, int above, int aboveLeft) {
    return Math.max(
        Math.min(left, above), Math.min(Math.max(left, above), left + above - aboveLeft));
  }

  private static int unfolded(int folded) {
    return (folded >>> 1) ^ -(folded & 1);
  }

  private static int pair(byte[] filtered, int low, int toHigh) {
    return (filtered[low] & 0xFF) | (filtered[low + toHigh] & 0xFF) << 8;
  }
}
