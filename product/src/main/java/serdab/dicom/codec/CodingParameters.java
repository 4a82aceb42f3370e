package serdab.dicom.codec;

import java.util.Arrays;

/// What steers the coding of a scan: the preset parameters of T.87 section C.2.4.1.1 and what
/// section A.2.1 derives from them.
///
/// @param maximum MAXVAL
/// @param near NEAR
/// @param threshold1 T1
/// @param threshold2 T2
/// @param threshold3 T3
/// @param reset RESET
record CodingParameters(
    int maximum, int near, int threshold1, int threshold2, int threshold3, int reset) {

  static final int DEFAULT_RESET = 64;

  /// Lengths of run segments as powers of two (J, section A.2.1).
  private static final byte[] RUN_BITS = {
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15
  };

  /// The highest run index.
  static final int RUN_INDEX_MAX = RUN_BITS.length - 1;

  /// J of a run index.
  static int runBits(int runIndex) {
    return RUN_BITS[runIndex];
  }

  /// The defaults of section C.2.4.1.1.1.
  static CodingParameters defaults(int maximum, int near) {
    int t1;
    int t2;
    int t3;
    if (maximum >= 128) {
      int factor = (Math.min(maximum, 4095) + 128) / 256;
      t1 = factor + 2 + 3 * near;
      t2 = factor * 4 + 3 + 5 * near;
      t3 = factor * 17 + 4 + 7 * near;
    } else {
      int factor = 256 / (maximum + 1);
      t1 = Math.max(2, 3 / factor + 3 * near);
      t2 = Math.max(3, 7 / factor + 5 * near);
      t3 = Math.max(4, 21 / factor + 7 * near);
    }
    t1 = within(t1, near + 1, maximum);
    t2 = within(t2, t1, maximum);
    t3 = within(t3, t2, maximum);
    return new CodingParameters(maximum, near, t1, t2, t3, DEFAULT_RESET);
  }

  private static int within(int value, int lowest, int highest) {
    return value > highest || value < lowest ? lowest : value;
  }

  /// Whether the thresholds and RESET obey section C.2.4.1.1.
  boolean valid() {
    return near <= Math.min(255, maximum / 2)
        && threshold1 >= near + 1
        && threshold2 >= threshold1
        && threshold3 >= threshold2
        && threshold3 <= maximum
        && reset >= 3
        && reset <= Math.max(255, maximum);
  }

  /// RANGE: how many different prediction errors there are.
  int range() {
    return (maximum + 2 * near) / (2 * near + 1) + 1;
  }

  /// qbpp: the bits of a mapped error value.
  int errorBits() {
    return bitsFor(range());
  }

  /// LIMIT: the longest code of a sample.
  int limit() {
    int bits = Math.max(2, bitsFor(maximum + 1));
    return 2 * (bits + Math.max(8, bits));
  }

  /// What A starts with (section A.2.1).
  int initialA() {
    return Math.max(2, (range() + 32) / 64);
  }

  /// The quantized gradient for each difference from -T3 to T3 (section A.3.3), at index
  /// `difference + T3`. Differences outside quantize like these ends.
  byte[] gradients() {
    byte[] gradients = new byte[2 * threshold3 + 1];
    for (int d = -threshold3; d <= threshold3; d++) {
      gradients[d + threshold3] = (byte) (d < 0 ? -region(-d) : region(d));
    }
    return gradients;
  }

  /// As [#gradients], for all differences from -MAXVAL to MAXVAL, at index `difference + MAXVAL`.
  ///
  /// @param room taken when it is long enough; the rest of it is left as it is
  byte[] regions(byte[] room) {
    byte[] regions = room.length > 2 * maximum ? room : new byte[2 * maximum + 1];
    byte[] middle = gradients();
    Arrays.fill(regions, 0, maximum - threshold3, middle[0]);
    System.arraycopy(middle, 0, regions, maximum - threshold3, middle.length);
    Arrays.fill(regions, maximum + threshold3 + 1, 2 * maximum + 1, middle[middle.length - 1]);
    return regions;
  }

  private int region(int distance) {
    if (distance <= near) {
      return 0;
    }
    if (distance < threshold1) {
      return 1;
    }
    if (distance < threshold2) {
      return 2;
    }
    return distance < threshold3 ? 3 : 4;
  }

  private static int bitsFor(int values) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(values - 1);
  }
}
