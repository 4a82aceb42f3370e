package serdab.repository;

/// The field GF(2^8) with the polynomial x^8+x^4+x^3+x^2+1 and generator 2 (format section 7.1).
///
/// Eight elements lie side by side in a `long`; the loops have no branches, so that they are
/// compiled to vector instructions.
final class Galois {

  private static final int POLYNOMIAL = 0x11D;
  private static final int ORDER = 255;
  private static final long LOW_BITS = 0x0101_0101_0101_0101L;
  private static final long WITHOUT_HIGH = 0x7F7F_7F7F_7F7F_7F7FL;
  private static final int[] POWERS = new int[ORDER];
  private static final int[] LOGARITHMS = new int[ORDER + 1];

  static {
    int value = 1;
    for (int i = 0; i < ORDER; i++) {
      POWERS[i] = value;
      LOGARITHMS[value] = i;
      value <<= 1;
      if (value > ORDER) {
        value ^= POLYNOMIAL;
      }
    }
  }

  private Galois() {}

  /// The generator to a power.
  static int power(int exponent) {
    return POWERS[Math.floorMod(exponent, ORDER)];
  }

  static int times(int a, int b) {
    return a == 0 || b == 0 ? 0 : power(LOGARITHMS[a] + LOGARITHMS[b]);
  }

  /// The element that gives 1 together with this one, which is not 0.
  static int inverse(int a) {
    return power(-LOGARITHMS[a]);
  }

  /// Adds a member to p, and to q as the one before those that q has: q = 2q + d.
  static void add(long[] p, long[] q, long[] d, int from, int to) {
    for (int i = from; i < to; i++) {
      long each = q[i];
      long high = (each >>> 7) & LOW_BITS;
      q[i] = ((each & WITHOUT_HIGH) << 1) ^ high ^ (high << 2) ^ (high << 3) ^ (high << 4) ^ d[i];
      p[i] ^= d[i];
    }
  }

  /// Adds a member of zeros: q = 2q.
  static void addZeros(long[] q, int from, int to) {
    for (int i = from; i < to; i++) {
      long each = q[i];
      long high = (each >>> 7) & LOW_BITS;
      q[i] = ((each & WITHOUT_HIGH) << 1) ^ high ^ (high << 2) ^ (high << 3) ^ (high << 4);
    }
  }

  static void addTo(long[] sum, long[] d, int from, int to) {
    for (int i = from; i < to; i++) {
      sum[i] ^= d[i];
    }
  }

  /// Multiplies each byte by the same element.
  static void multiply(long[] values, int factor, int from, int to) {
    long[] table = new long[ORDER + 1];
    for (int i = 0; i <= ORDER; i++) {
      table[i] = times(i, factor);
    }
    for (int i = from; i < to; i++) {
      long each = values[i];
      long product = 0;
      for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
        product |= table[(int) (each >>> shift) & 0xFF] << shift;
      }
      values[i] = product;
    }
  }
}
