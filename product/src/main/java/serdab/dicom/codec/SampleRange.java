package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// The smallest and the largest of some samples.
///
/// @param lowest at least -32768
/// @param highest at most 65535
public record SampleRange(int lowest, int highest) {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  /// Reads all samples in `[from, to)`.
  ///
  /// @param bytesPerSample 1, or 2 in little endian order
  /// @param signed whether the cells are two's complement
  /// @throws IllegalArgumentException when there is no sample or a part of one
  public static SampleRange of(byte[] raw, int from, int to, int bytesPerSample, boolean signed) {
    if (bytesPerSample < 1
        || bytesPerSample > 2
        || from >= to
        || (to - from) % bytesPerSample != 0) {
      throw new IllegalArgumentException(
          "samples of " + bytesPerSample + " bytes in [" + from + ", " + to + ")");
    }
    // Signed order is unsigned order with the sign bit turned over.
    int flip = signed ? 0 : (bytesPerSample == 1 ? 0x80 : 0x8000);
    int lowest = Integer.MAX_VALUE;
    int highest = Integer.MIN_VALUE;
    if (bytesPerSample == 1) {
      for (int i = from; i < to; i++) {
        int value = (byte) (raw[i] ^ flip);
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
      }
    } else {
      for (int i = from; i < to; i += 2) {
        int value = (short) ((short) SHORTS.get(raw, i) ^ flip);
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
      }
    }
    return new SampleRange(lowest + flip, highest + flip);
  }

  /// The bits that the samples need when they are coded with an offset of `-lowest()`; at least 2.
  public int bitsWithOffset() {
    return bits(highest - lowest);
  }

  /// The bits that the samples need without an offset; 17 when one of them is negative.
  public int bits() {
    return lowest < 0 ? 17 : bits(highest);
  }

  private static int bits(int value) {
    return Math.max(2, Integer.SIZE - Integer.numberOfLeadingZeros(value));
  }
}
