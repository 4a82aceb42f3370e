package serdab.dicom.codec;

import static serdab.dicom.codec.StuffedOutput.LONGS;

import java.util.Arrays;

/// Codes the lines of one scan without loss: the contexts, and the bits before stuffing.
///
/// A line is an array with its samples from index 1 on. Index 0 of the line holds the sample left of
/// the first one, and the index behind the last sample that of the line above holds the sample to its
/// right, as section A.2.1 defines them at the edges.
final class LineEncoder {

  private final StuffedOutput output;

  private CodingParameters parameters = CodingParameters.defaults(255, 0);
  private byte[] gradients = parameters.gradients();

  /// A, B, C and N of each context (section A.2) in one number: 32, 16, 8 and 8 bits.
  private final long[] contexts = new long[512];

  private final int[] runA = new int[2];
  private final int[] runN = new int[2];
  private final int[] runNegative = new int[2];

  private byte[] bits = new byte[0];
  private int at;

  /// The low `pending` bits, 0 to 7 of them, belong to the next byte; what is above them is old.
  private long accumulator;

  private int pending;

  LineEncoder(StuffedOutput output) {
    this.output = output;
  }

  /// Begins a scan of lines of `samples` samples in all components together.
  void start(CodingParameters forScan, int samples) {
    if (!forScan.equals(parameters)) {
      parameters = forScan;
      gradients = forScan.gradients();
    }
    Arrays.fill(contexts, (long) parameters.initialA() << 32 | 1);
    Arrays.fill(runA, parameters.initialA());
    Arrays.fill(runN, 1);
    Arrays.fill(runNegative, 0);
    int needed = 9 * samples + 64;
    if (bits.length < needed) {
      bits = new byte[needed];
    }
    at = 0;
    pending = 0;
  }

  /// Hands over what a line, or a line of each component, has made.
  void endLine() {
    int whole = at & -Long.BYTES;
    output.putBits(bits, 0, whole);
    System.arraycopy(bits, whole, bits, 0, at - whole);
    at -= whole;
  }

  void end() {
    output.putBits(bits, 0, at);
    output.endBits((int) accumulator & ((1 << pending) - 1), pending);
    at = 0;
    pending = 0;
  }

  /// Codes a line of one component.
  ///
  /// @return the run index for this component's next line
  int encode(char[] above, char[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    byte[] table = gradients;
    int t3 = parameters.threshold3();
    int maximum = parameters.maximum();
    int reset = parameters.reset();
    int errorShift = Integer.SIZE - parameters.errorBits();
    int unaryMax = Math.min(32, parameters.limit() - parameters.errorBits() - 1);
    long[] states = contexts;
    byte[] to = bits;
    int p = at;
    long acc = accumulator;
    int n = pending;

    int ra = line[0];
    int rb = above[1];
    int rc = above[0];
    int q2 = table[Math.max(-t3, Math.min(t3, rb - rc)) + t3];
    int i = 1;
    while (i <= columns) {
      int rd = above[i + 1];
      int x = line[i];
      int q1 = table[Math.max(-t3, Math.min(t3, rd - rb)) + t3];
      int q3 = table[Math.max(-t3, Math.min(t3, rc - ra)) + t3];
      int q = 9 * (9 * q1 + q2) + q3;
      if (q != 0) {
        int sign = q >> 31;
        int index = (q ^ sign) - sign & 511;
        long state = states[index];
        int low = (int) state;
        int a = (int) (state >>> 32);
        int b = low >> 16;
        int c = (byte) (low >> 8);
        int count = low & 0xFF;

        // Section A.4.1, as a median of three.
        int predicted = Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - rc));
        predicted = Math.max(0, Math.min(maximum, predicted + ((c ^ sign) - sign)));
        int error = (x - predicted ^ sign) - sign;
        error = error << errorShift >> errorShift;

        int k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(a));
        k += (count << k) - a >>> 31;
        // Section A.5.2: the mapping is turned over when k is 0 and 2 B <= -N.
        int turned = error ^ ((k - 1) & (2 * b + count - 1)) >> 31;
        int mapped = turned << 1 ^ turned >> 31;
        int unary = mapped >>> k;
        if (unary < unaryMax) {
          int length = unary + 1 + k;
          acc = acc << length | (1 << k | mapped & (1 << k) - 1);
          n += length;
          LONGS.set(to, p, acc << -n);
          p += n >>> 3;
          n &= 7;
        } else {
          at = p;
          accumulator = acc;
          pending = n;
          putLong(mapped, k, parameters.limit());
          p = at;
          acc = accumulator;
          n = pending;
        }

        // Section A.6.1 and A.6.2.
        a += Math.abs(error);
        b += error;
        if (count == reset) {
          a >>= 1;
          b >>= 1;
          count >>= 1;
        }
        count++;
        int less = b + count - 1 >> 31;
        int more = -b >> 31;
        b += (count & less) - (count & more);
        b = Math.max(1 - count, Math.min(0, b));
        c = Math.max(-128, Math.min(127, c + less - more));
        states[index] = (long) a << 32 | (b << 16 | (c & 0xFF) << 8 | count) & 0xFFFF_FFFFL;

        ra = x;
        rc = rb;
        rb = rd;
        q2 = q1;
        i++;
      } else {
        int end = i;
        while (end <= columns && line[end] == ra) {
          end++;
        }
        at = p;
        accumulator = acc;
        pending = n;
        runIndex = putRun(end - i, end > columns, runIndex);
        if (end <= columns) {
          putInterruption(line[end], ra, above[end], ra == above[end] ? 1 : 0, runIndex);
          runIndex = Math.max(0, runIndex - 1);
          ra = line[end];
          rc = above[end];
          rb = above[end + 1];
          q2 = table[Math.max(-t3, Math.min(t3, rb - rc)) + t3];
        }
        i = end + 1;
        p = at;
        acc = accumulator;
        n = pending;
      }
    }
    at = p;
    accumulator = acc;
    pending = n;
    return runIndex;
  }

  /// Codes a line of components that take turns sample by sample: a run ends when one of them changes
  /// (section B.3).
  ///
  /// @return the run index for the next line
  int encodeTogether(char[][] above, char[][] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int components = line.length;
    int[] q = new int[components];
    int i = 1;
    while (i <= columns) {
      int any = 0;
      for (int j = 0; j < components; j++) {
        int rb = above[j][i];
        int rc = above[j][i - 1];
        q[j] =
            9 * (9 * gradient(above[j][i + 1] - rb) + gradient(rb - rc))
                + gradient(rc - line[j][i - 1]);
        any |= q[j];
      }
      if (any != 0) {
        for (int j = 0; j < components; j++) {
          putRegular(q[j], line[j][i], line[j][i - 1], above[j][i], above[j][i - 1]);
        }
        i++;
      } else {
        int end = i;
        while (end <= columns && sameAsBefore(line, end)) {
          end++;
        }
        runIndex = putRun(end - i, end > columns, runIndex);
        if (end <= columns) {
          for (int j = 0; j < components; j++) {
            putInterruption(line[j][end], line[j][end - 1], above[j][end], 0, runIndex);
          }
          runIndex = Math.max(0, runIndex - 1);
        }
        i = end + 1;
      }
    }
    return runIndex;
  }

  private static boolean sameAsBefore(char[][] line, int i) {
    for (char[] component : line) {
      if (component[i] != component[i - 1]) {
        return false;
      }
    }
    return true;
  }

  private int gradient(int difference) {
    int t3 = parameters.threshold3();
    return gradients[Math.max(-t3, Math.min(t3, difference)) + t3];
  }

  /// Codes one sample of a known context (section A.4 to A.6).
  private void putRegular(int q, int x, int ra, int rb, int rc) {
    int errorShift = Integer.SIZE - parameters.errorBits();
    int sign = q >> 31;
    int index = (q ^ sign) - sign;
    long state = contexts[index];
    int low = (int) state;
    int a = (int) (state >>> 32);
    int b = low >> 16;
    int c = (byte) (low >> 8);
    int count = low & 0xFF;

    int predicted = Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - rc));
    predicted = Math.max(0, Math.min(parameters.maximum(), predicted + ((c ^ sign) - sign)));
    int error = (x - predicted ^ sign) - sign;
    error = error << errorShift >> errorShift;

    int k = golombBits(a, count);
    int turned = error ^ ((k - 1) & (2 * b + count - 1)) >> 31;
    putLong(turned << 1 ^ turned >> 31, k, parameters.limit());

    a += Math.abs(error);
    b += error;
    if (count == parameters.reset()) {
      a >>= 1;
      b >>= 1;
      count >>= 1;
    }
    count++;
    int less = b + count - 1 >> 31;
    int more = -b >> 31;
    b += (count & less) - (count & more);
    b = Math.max(1 - count, Math.min(0, b));
    c = Math.max(-128, Math.min(127, c + less - more));
    contexts[index] = (long) a << 32 | (b << 16 | (c & 0xFF) << 8 | count) & 0xFFFF_FFFFL;
  }

  /// The smallest k with `count * 2^k >= a` (section A.5.1).
  private static int golombBits(int a, int count) {
    int k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(a));
    return k + ((count << k) - a >>> 31);
  }

  /// Codes the length of a run (section A.7.1.2).
  ///
  /// @return the run index after it
  private int putRun(int lengthOfRun, boolean endOfLine, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int left = lengthOfRun;
    while (left >= 1 << CodingParameters.runBits(runIndex)) {
      put(1, 1);
      left -= 1 << CodingParameters.runBits(runIndex);
      runIndex = Math.min(CodingParameters.RUN_INDEX_MAX, runIndex + 1);
    }
    if (!endOfLine) {
      put(left, 1 + CodingParameters.runBits(runIndex));
    } else if (left > 0) {
      put(1, 1);
    }
    return runIndex;
  }

  /// Codes the sample that ends a run (section A.7.2).
  private void putInterruption(int x, int ra, int rb, int type, int runIndex) {
    int errorShift = Integer.SIZE - parameters.errorBits();
    int error = x - (type == 1 ? ra : rb);
    if (type == 0 && ra > rb) {
      error = -error;
    }
    error = error << errorShift >> errorShift;
    int count = runN[type];
    int k = golombBits(type == 0 ? runA[0] : runA[1] + (count >> 1), count);
    boolean manyNegative = 2 * runNegative[type] >= count;
    int map = k == 0 && error > 0 && !manyNegative || error < 0 && (manyNegative || k != 0) ? 1 : 0;
    int mapped = 2 * Math.abs(error) - type - map;
    putLong(mapped, k, parameters.limit() - CodingParameters.runBits(runIndex) - 1);
    if (error < 0) {
      runNegative[type]++;
    }
    runA[type] += mapped + 1 - type >> 1;
    if (count == parameters.reset()) {
      runA[type] >>= 1;
      runN[type] >>= 1;
      runNegative[type] >>= 1;
    }
    runN[type]++;
  }

  /// Appends a Golomb code of limited length (section A.5.3).
  private void putLong(int mapped, int k, int limit) {
    int unary = mapped >>> k;
    int unaryMax = limit - parameters.errorBits() - 1;
    if (unary < unaryMax) {
      putZeros(unary);
      put(1 << k | mapped & (1 << k) - 1, 1 + k);
    } else {
      putZeros(unaryMax);
      int k2 = parameters.errorBits();
      put(1 << k2 | mapped - 1 & (1 << k2) - 1, 1 + k2);
    }
  }

  private void putZeros(int count) {
    if (count > 32) {
      put(0, 32);
      put(0, count - 32);
    } else if (count > 0) {
      put(0, count);
    }
  }

  /// Appends 1 to 32 bits.
  private void put(int value, int length) {
    accumulator = accumulator << length | value & 0xFFFF_FFFFL;
    pending += length;
    LONGS.set(bits, at, accumulator << -pending);
    at += pending >>> 3;
    pending &= 7;
  }
}
