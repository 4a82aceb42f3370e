package serdab.dicom.codec;

import java.util.Arrays;

/// Decodes the lines of one scan: the contexts, and how codes become samples. Lines are as for
/// [LineEncoder].
final class LineDecoder {

  private final BitSource in;

  private CodingParameters parameters = CodingParameters.defaults(255, 0);
  private byte[] gradients = parameters.gradients();
  private boolean plain;

  /// A, k, B, C and N of each context, as [#state] joins them; used for [#plain] scans, as are the
  /// next four.
  private final long[] contexts = new long[512];

  /// The quantized gradient of each difference from -MAXVAL to MAXVAL, at index `difference +
  /// MAXVAL`.
  private byte[] regions = parameters.regions(new byte[0]);

  /// What the line above adds to each context.
  private int[] fromAbove = new int[0];

  private int[] steps = new int[0];
  private int[] moved = new int[0];

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
      regions = forScan.regions(regions);
    }
    plain = !together && isPlain(forScan);
    int initialA = forScan.initialA();
    if (plain) {
      Arrays.fill(contexts, state(initialA, 0, 0, 1));
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

  /// Without loss, with a range that is a power of two and the default RESET.
  static boolean isPlain(CodingParameters parameters) {
    return parameters.near() == 0
        && (parameters.maximum() & (parameters.maximum() + 1)) == 0
        && parameters.reset() == CodingParameters.DEFAULT_RESET;
  }

  /// Decodes a line of one component.
  ///
  /// @return the run index for this component's next line
  int decode(int[] above, int[] line, int columns, int runIndexBefore) {
    return plain
        ? decodePlain(above, line, columns, runIndexBefore)
        : decodeAny(above, line, columns, runIndexBefore);
  }

  private int decodePlain(int[] above, int[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    model(above, columns);
    int i = 1;
    while (true) {
      i = decodeRegular(above, line, i, columns);
      if (i > columns) {
        return runIndex;
      }
      int ra = line[i - 1];
      long run = readRun(columns + 1 - i, runIndex);
      int end = i + (int) run;
      runIndex = (int) (run >>> 32);
      Arrays.fill(line, i, end, ra);
      if (end > columns) {
        return runIndex;
      }
      line[end] = interruption(ra, above[end], ra == above[end] ? 1 : 0, runIndex);
      runIndex = Math.max(0, runIndex - 1);
      i = end + 1;
    }
  }

  /// Works out what the line above says of each context: in loops of one small step each, which
  /// become vector instructions.
  private void model(int[] above, int columns) {
    if (fromAbove.length < columns + 2) {
      fromAbove = new int[columns + 2];
      steps = new int[columns + 2];
      moved = new int[columns + 2];
    }
    System.arraycopy(above, 1, moved, 0, columns + 1);
    int t1 = parameters.threshold1() - 1;
    int t2 = parameters.threshold2() - 1;
    int t3 = parameters.threshold3() - 1;
    Plane.quantize(moved, above, t1, t2, t3, steps, columns + 1);
    System.arraycopy(steps, 0, moved, 1, columns);
    join(steps, moved, fromAbove, columns + 1);
  }

  private static void join(int[] q1, int[] q2, int[] to, int columns) {
    for (int i = 0; i < columns; i++) {
      to[i] = (q1[i] * 9 + q2[i]) * 9;
    }
  }

  /// Decodes samples up to one whose context is 0, or to the end.
  ///
  /// Each sample waits for the one to its left, so the way from the one to the other is kept short:
  /// the sign is known from the line above unless that is flat, and k stands in the state.
  ///
  /// @return where it stopped
  private int decodeRegular(int[] above, int[] line, int begin, int columns) {
    byte[] table = regions;
    int most = parameters.maximum();
    int errorBits = parameters.errorBits();
    int unaryMax = Math.min(32, parameters.limit() - errorBits - 1);
    long[] states = contexts;
    int[] base = fromAbove;
    byte[] from = in.bytes;
    int at = in.at;
    long next = in.next;
    int loaded = in.loaded;
    int ra = line[begin - 1];
    int rc = above[begin - 1];
    int i = begin;
    for (; i <= columns; i++) {
      int rb = above[i];
      int q = base[i];
      int sign = q >> 31;
      int q3 = table[(rc ^ sign) - (ra ^ sign) + most];
      int index = ((q ^ sign) - sign) + q3;
      if (q == 0) {
        // The sign of the context is that of its last part.
        if (q3 == 0) {
          break;
        }
        sign = q3 >> 31;
        index = (q3 ^ sign) - sign;
      }
      long state = states[index];
      int low = (int) state;
      int shift = (int) (state >>> 32);
      int k = shift & 31;
      int bias = low >> 16;
      int correction = (byte) (low >> 8);
      int count = low & 0xFF;

      next |= (long) StuffedOutput.LONGS.get(from, at) >>> loaded;
      at += (63 - loaded) >> 3;
      loaded |= 56;
      int zeros = Long.numberOfLeadingZeros(next);
      int mapped;
      if (zeros < unaryMax) {
        next = next << zeros << 1;
        // Only the low bits of a shift count.
        mapped = (zeros << shift) + (int) (next >>> 1 >>> ~shift);
        next <<= shift;
        loaded -= zeros + 1 + k;
      } else {
        in.at = at;
        in.next = next;
        in.loaded = loaded;
        mapped = in.readGolomb(k, parameters.limit(), errorBits);
        at = in.at;
        next = in.next;
        loaded = in.loaded;
      }
      // MAXVAL is the largest mapped error, too.
      if (mapped < 0 || mapped > most) {
        throw Damage.of("it holds a code that no sample can have");
      }
      int turned = (((k - 1) & (2 * bias + count - 1)) >> 31) ^ sign;
      int signed = ((mapped >>> 1) ^ turned) ^ -(mapped & 1);

      int predicted = Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - rc));
      predicted += (correction ^ sign) - sign;
      // Rare, so a branch is cheaper than doing it always; as for the correction below.
      if ((predicted & ~most) != 0) {
        predicted = Math.max(0, Math.min(most, predicted));
      }
      ra = (signed + (predicted - sign)) & most;
      rc = rb;
      line[i] = ra;

      int error = signed ^ sign;
      int half = count >>> 6;
      int sum = ((shift >>> 8) + Math.abs(error)) >> half;
      bias = (bias + error) >> half;
      count = (count >> half) + 1;
      int less = (bias + count - 1) >> 31;
      int more = -bias >> 31;
      bias += (count & less) - (count & more);
      bias = Math.max(1 - count, Math.min(0, bias));
      correction += less - more;
      if ((byte) correction != correction) {
        correction = Math.max(-128, Math.min(127, correction));
      }
      states[index] = state(sum, bias, correction, count);
    }
    in.at = at;
    in.next = next;
    in.loaded = loaded;
    return i;
  }

  /// A, k, B, C and N of a context in one number: 24, 8, 16, 8 and 8 bits. A is a sum of less than
  /// 128 errors of 16 bits.
  private static long state(int sum, int bias, int correction, int count) {
    int k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(sum));
    k += ((count << k) - sum) >>> 31;
    return ((long) ((sum << 8) | k) << 32)
        | (((bias << 16) | ((correction & 0xFF) << 8) | count) & 0xFFFF_FFFFL);
  }

  /// Any parameters.
  private int decodeAny(int[] above, int[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int near = parameters.near();
    int i = 1;
    while (i <= columns) {
      int ra = line[i - 1];
      int q = context(above, line, i);
      if (q != 0) {
        line[i] = regular(q, ra, above[i], above[i - 1]);
        i++;
      } else {
        long run = readRun(columns + 1 - i, runIndex);
        int end = i + (int) run;
        runIndex = (int) (run >>> 32);
        Arrays.fill(line, i, end, ra);
        if (end <= columns) {
          int rb = above[end];
          line[end] = interruption(ra, rb, Math.abs(ra - rb) <= near ? 1 : 0, runIndex);
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
  int decodeTogether(int[][] above, int[][] line, int columns, int runIndexBefore) {
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
          line[j][i] = regular(q[j], line[j][i - 1], above[j][i], above[j][i - 1]);
        }
        i++;
      } else {
        long run = readRun(columns + 1 - i, runIndex);
        int end = i + (int) run;
        runIndex = (int) (run >>> 32);
        for (int j = 0; j < components; j++) {
          int ra = line[j][i - 1];
          Arrays.fill(line[j], i, end, ra);
          if (end <= columns) {
            line[j][end] = interruption(ra, above[j][end], 0, runIndex);
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

  private int context(int[] above, int[] line, int i) {
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

  /// Section A.4.5, turned back: the sample that differs by the (quantized) error, modulo the
  /// range.
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
  long readRun(int most, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int run = 0;
    // 34 ones at most, a zero, and 15 bits.
    in.refill();
    while (in.next < 0) {
      in.skip(1);
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
    in.skip(1);
    run += in.read(CodingParameters.runBits(runIndex));
    if (run >= most) {
      throw Damage.of("a run goes on behind the end of its line");
    }
    return ((long) runIndex << 32) | run;
  }

  /// Decodes the sample that ends a run (section A.7.2).
  int interruption(int ra, int rb, int type, int runIndex) {
    int count = runN[type];
    int k = golombBits(runA[type] + ((count >> 1) & -type), count);
    int mapped = code(k, parameters.limit() - CodingParameters.runBits(runIndex) - 1);
    int map = (mapped + type) & 1;
    // What is as often the one as the other is done without a branch.
    int turned = k == 0 && 2 * runNegative[type] < count ? 1 : 0;
    int negative = map ^ turned;
    int error = (((mapped + type + map) >> 1) ^ -negative) + negative;
    runNegative[type] += error >>> 31;
    runA[type] += (mapped + 1 - type) >> 1;
    if (count == parameters.reset()) {
      runA[type] >>= 1;
      runN[type] >>= 1;
      runNegative[type] >>= 1;
    }
    runN[type]++;
    int sign = ((rb - ra) >> 31) & (type - 1);
    return reconstructed(type == 1 ? ra : rb, (error ^ sign) - sign);
  }

  /// The smallest k with `count * 2^k >= sum` (section A.5.1).
  private static int golombBits(long sum, int count) {
    int k = Math.max(0, Long.numberOfLeadingZeros(count) - Long.numberOfLeadingZeros(sum));
    return (long) count << k < sum ? k + 1 : k;
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
