package serdab.dicom.codec;

import java.util.Arrays;

/// Decodes the lines of one scan: the contexts, and how codes become samples. Lines are as for
/// [LineEncoder].
final class LineDecoder {

  private final BitSource in;

  private CodingParameters parameters = CodingParameters.defaults(255, 0);
  private byte[] gradients = parameters.gradients();
  private boolean plain;

  /// As in [LineEncoder]; used for [#plain] scans.
  private final long[] contexts = new long[512];

  private final long[] a = new long[365];
  private final int[] b = new int[365];
  private final int[] c = new int[365];
  private final int[] n = new int[365];

  private final long[] runA = new long[2];
  private final int[] runN = new int[2];
  private final int[] runNegative = new int[2];

  LineDecoder(BitSource in) {
    this.in = in;
  }

  /// Begins a scan or a restart interval.
  void start(CodingParameters forScan, boolean together) {
    if (!forScan.equals(parameters)) {
      parameters = forScan;
      gradients = forScan.gradients();
    }
    plain =
        !together
            && forScan.near() == 0
            && (forScan.maximum() & (forScan.maximum() + 1)) == 0
            && forScan.reset() <= 127;
    int initialA = forScan.initialA();
    if (plain) {
      Arrays.fill(contexts, ((long) initialA << 32) | 1);
    } else {
      Arrays.fill(a, initialA);
      Arrays.fill(b, 0);
      Arrays.fill(c, 0);
      Arrays.fill(n, 1);
    }
    Arrays.fill(runA, initialA);
    Arrays.fill(runN, 1);
    Arrays.fill(runNegative, 0);
  }

  /// Decodes a line of one component.
  ///
  /// @return the run index for this component's next line
  int decode(char[] above, char[] line, int columns, int runIndexBefore) {
    return plain
        ? decodePlain(above, line, columns, runIndexBefore)
        : decodeAny(above, line, columns, runIndexBefore);
  }

  /// Without loss, with a range that is a power of two.
  private int decodePlain(char[] above, char[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    byte[] table = gradients;
    int t3 = parameters.threshold3();
    int maximum = parameters.maximum();
    int reset = parameters.reset();
    int errorBits = parameters.errorBits();
    int limit = parameters.limit();
    int unaryMax = Math.min(32, limit - errorBits - 1);
    long[] states = contexts;
    byte[] from = in.bytes;
    int at = in.at;
    long next = in.next;
    int loaded = in.loaded;

    int ra = line[0];
    int rb = above[1];
    int rc = above[0];
    int q2 = table[Math.max(-t3, Math.min(t3, rb - rc)) + t3];
    int i = 1;
    while (i <= columns) {
      int rd = above[i + 1];
      int q1 = table[Math.max(-t3, Math.min(t3, rd - rb)) + t3];
      int q3 = table[Math.max(-t3, Math.min(t3, rc - ra)) + t3];
      int q = 9 * (9 * q1 + q2) + q3;
      if (q != 0) {
        int sign = q >> 31;
        int index = ((q ^ sign) - sign) & 511;
        long state = states[index];
        int low = (int) state;
        int sum = (int) (state >>> 32);
        int bias = low >> 16;
        int correction = (byte) (low >> 8);
        int count = low & 0xFF;

        int k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(sum));
        k += ((count << k) - sum) >>> 31;

        next |= (long) StuffedOutput.LONGS.get(from, at) >>> loaded;
        at += (63 - loaded) >> 3;
        loaded |= 56;
        int zeros = Long.numberOfLeadingZeros(next);
        int mapped;
        if (zeros < unaryMax) {
          next = next << zeros << 1;
          mapped = (zeros << k) + (int) (next >>> 1 >>> (63 - k));
          next <<= k;
          loaded -= zeros + 1 + k;
        } else {
          in.at = at;
          in.next = next;
          in.loaded = loaded;
          mapped = in.readGolomb(k, limit, errorBits);
          at = in.at;
          next = in.next;
          loaded = in.loaded;
        }
        if (mapped >>> errorBits != 0) {
          throw Damage.of("it holds a code that no sample can have");
        }
        int error = (mapped >>> 1) ^ -(mapped & 1);
        error ^= ((k - 1) & (2 * bias + count - 1)) >> 31;

        int predicted = Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - rc));
        predicted = Math.max(0, Math.min(maximum, predicted + ((correction ^ sign) - sign)));
        int x = (predicted + ((error ^ sign) - sign)) & maximum;
        line[i] = (char) x;

        sum += Math.abs(error);
        bias += error;
        if (count == reset) {
          sum >>= 1;
          bias >>= 1;
          count >>= 1;
        }
        count++;
        int less = (bias + count - 1) >> 31;
        int more = -bias >> 31;
        bias += (count & less) - (count & more);
        bias = Math.max(1 - count, Math.min(0, bias));
        correction = Math.max(-128, Math.min(127, correction + less - more));
        states[index] =
            ((long) sum << 32) | (((bias << 16) | ((correction & 0xFF) << 8) | count) & 0xFFFF_FFFFL);

        ra = x;
        rc = rb;
        rb = rd;
        q2 = q1;
        i++;
      } else {
        in.at = at;
        in.next = next;
        in.loaded = loaded;
        long run = readRun(columns + 1 - i, runIndex);
        int end = i + (int) run;
        runIndex = (int) (run >>> 32);
        Arrays.fill(line, i, end, (char) ra);
        if (end <= columns) {
          ra = interruption(ra, above[end], ra == above[end] ? 1 : 0, runIndex);
          line[end] = (char) ra;
          runIndex = Math.max(0, runIndex - 1);
          rc = above[end];
          rb = above[end + 1];
          q2 = table[Math.max(-t3, Math.min(t3, rb - rc)) + t3];
        }
        i = end + 1;
        at = in.at;
        next = in.next;
        loaded = in.loaded;
      }
    }
    in.at = at;
    in.next = next;
    in.loaded = loaded;
    return runIndex;
  }

  /// Any parameters.
  private int decodeAny(char[] above, char[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int near = parameters.near();
    int i = 1;
    while (i <= columns) {
      int ra = line[i - 1];
      int q = context(above, line, i);
      if (q != 0) {
        line[i] = (char) regular(q, ra, above[i], above[i - 1]);
        i++;
      } else {
        long run = readRun(columns + 1 - i, runIndex);
        int end = i + (int) run;
        runIndex = (int) (run >>> 32);
        Arrays.fill(line, i, end, (char) ra);
        if (end <= columns) {
          int rb = above[end];
          line[end] =
              (char) interruption(ra, rb, Math.abs(ra - rb) <= near ? 1 : 0, runIndex);
          runIndex = Math.max(0, runIndex - 1);
        }
        i = end + 1;
      }
    }
    return runIndex;
  }

  /// Decodes a line of components that take turns sample by sample (section B.3).
  ///
  /// @return the run index for the next line
  int decodeTogether(char[][] above, char[][] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int components = line.length;
    int[] q = new int[components];
    int i = 1;
    while (i <= columns) {
      int any = 0;
      for (int j = 0; j < components; j++) {
        q[j] = context(above[j], line[j], i);
        any |= q[j];
      }
      if (any != 0) {
        for (int j = 0; j < components; j++) {
          line[j][i] = (char) regular(q[j], line[j][i - 1], above[j][i], above[j][i - 1]);
        }
        i++;
      } else {
        long run = readRun(columns + 1 - i, runIndex);
        int end = i + (int) run;
        runIndex = (int) (run >>> 32);
        for (int j = 0; j < components; j++) {
          int ra = line[j][i - 1];
          Arrays.fill(line[j], i, end, (char) ra);
          if (end <= columns) {
            line[j][end] = (char) interruption(ra, above[j][end], 0, runIndex);
          }
        }
        if (end <= columns) {
          runIndex = Math.max(0, runIndex - 1);
        }
        i = end + 1;
      }
    }
    return runIndex;
  }

  private int context(char[] above, char[] line, int i) {
    int rb = above[i];
    int rc = above[i - 1];
    return 9 * (9 * gradient(above[i + 1] - rb) + gradient(rb - rc)) + gradient(rc - line[i - 1]);
  }

  private int gradient(int difference) {
    int t3 = parameters.threshold3();
    return gradients[Math.max(-t3, Math.min(t3, difference)) + t3];
  }

  /// Decodes one sample of a known context (sections A.4 to A.6).
  private int regular(int q, int ra, int rb, int rc) {
    int sign = q >> 31;
    int index = (q ^ sign) - sign;
    int predicted = Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - rc));
    predicted += (c[index] ^ sign) - sign;
    predicted = Math.max(0, Math.min(parameters.maximum(), predicted));

    int k = golombBits(a[index], n[index]);
    int error = unmapped(code(k, parameters.limit()));
    if (parameters.near() == 0 && k == 0 && 2 * b[index] <= -n[index]) {
      error = ~error;
    }

    a[index] += Math.abs(error);
    b[index] += error * (2 * parameters.near() + 1);
    if (n[index] == parameters.reset()) {
      a[index] >>= 1;
      b[index] >>= 1;
      n[index] >>= 1;
    }
    n[index]++;
    if (b[index] <= -n[index]) {
      b[index] = Math.max(1 - n[index], b[index] + n[index]);
      c[index] = Math.max(-128, c[index] - 1);
    } else if (b[index] > 0) {
      b[index] = Math.min(0, b[index] - n[index]);
      c[index] = Math.min(127, c[index] + 1);
    }
    return reconstructed(predicted, (error ^ sign) - sign);
  }

  /// Section A.4.5, turned back: the sample that differs by the (quantized) error, modulo the range.
  private int reconstructed(int predicted, int error) {
    int near = parameters.near();
    int step = 2 * near + 1;
    int x = predicted + error * step;
    if (x < -near) {
      x += parameters.range() * step;
    } else if (x > parameters.maximum() + near) {
      x -= parameters.range() * step;
    }
    return Math.max(0, Math.min(parameters.maximum(), x));
  }

  /// Reads the length of a run (section A.7.1.2).
  ///
  /// @param most the samples to the end of the line
  /// @return the length in the low half, the run index after it in the high half
  private long readRun(int most, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int run = 0;
    while (in.read(1) == 1) {
      int segment = 1 << CodingParameters.runBits(runIndex);
      if (segment <= most - run) {
        run += segment;
        runIndex = Math.min(CodingParameters.RUN_INDEX_MAX, runIndex + 1);
      } else {
        run = most;
      }
      if (run == most) {
        return ((long) runIndex << 32) | run;
      }
    }
    run += in.read(CodingParameters.runBits(runIndex));
    if (run >= most) {
      throw Damage.of("a run goes on behind the end of its line");
    }
    return ((long) runIndex << 32) | run;
  }

  /// Decodes the sample that ends a run (section A.7.2).
  private int interruption(int ra, int rb, int type, int runIndex) {
    int count = runN[type];
    int k = golombBits(type == 0 ? runA[0] : runA[1] + (count >> 1), count);
    int mapped = code(k, parameters.limit() - CodingParameters.runBits(runIndex) - 1);
    int map = (mapped + type) & 1;
    int error = (mapped + type + map) >> 1;
    if ((k != 0 || 2 * runNegative[type] >= count) == (map == 1)) {
      error = -error;
    }
    if (error < 0) {
      runNegative[type]++;
    }
    runA[type] += (mapped + 1 - type) >> 1;
    if (count == parameters.reset()) {
      runA[type] >>= 1;
      runN[type] >>= 1;
      runNegative[type] >>= 1;
    }
    runN[type]++;
    return type == 1
        ? reconstructed(ra, error)
        : reconstructed(rb, ra > rb ? -error : error);
  }

  /// The smallest k with `count * 2^k >= sum` (section A.5.1).
  private static int golombBits(long sum, int count) {
    int k = 0;
    while ((long) count << k < sum) {
      k++;
    }
    return k;
  }

  private int code(int k, int limit) {
    int mapped = in.readGolomb(k, limit, parameters.errorBits());
    if (mapped < 0) {
      throw Damage.of("it holds a code that no sample can have");
    }
    return mapped;
  }

  private static int unmapped(int mapped) {
    return (mapped >>> 1) ^ -(mapped & 1);
  }
}
