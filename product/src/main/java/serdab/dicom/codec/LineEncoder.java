package serdab.dicom.codec;

import static serdab.dicom.codec.StuffedOutput.LONGS;

import java.util.Arrays;

/// Codes the lines of one scan without loss: the contexts, and the bits before stuffing.
///
/// A line is coded in steps, each a loop over the whole line that does as little as possible: what
/// is known before stands in a [Plane]; one loop keeps the contexts; what follows from them is done
/// in vectors; and the last loop puts the codes together.
final class LineEncoder {

  private final StuffedOutput output;

  /// Codes with as many zeros are rare, and not written by the loop over a line.
  private static final int ZEROS_MAX = 16;

  private int errorBits;
  private int limit;
  private int maximum;

  /// A and N of each context (section A.2) in one number: 24 and 8 bits. A is a sum of less than
  /// 128 errors of 16 bits.
  private final int[] sums = new int[365];

  /// B and C of each context in one number: 24 and 8 bits.
  private final int[] biases = new int[365];

  /// Of each sample: its error, and its context's numbers as they were before it.
  private int[] errors = new int[0];

  private int[] sumsBefore = new int[0];
  private int[] biasesBefore = new int[0];

  /// k and the mapped error of each sample.
  private int[] suffixes = new int[0];

  private int[] mapped = new int[0];

  /// Where the run that begins at a sample ends.
  private int[] ends = new int[0];

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
    errorBits = forScan.errorBits();
    limit = forScan.limit();
    maximum = forScan.maximum();
    Arrays.fill(sums, (forScan.initialA() << 8) | 1);
    Arrays.fill(biases, 0);
    Arrays.fill(runA, forScan.initialA());
    Arrays.fill(runN, 1);
    Arrays.fill(runNegative, 0);
    int needed = 9 * samples + 64;
    if (bits.length < needed) {
      bits = new byte[needed];
    }
    if (errors.length < samples) {
      errors = new int[samples];
      sumsBefore = new int[samples];
      biasesBefore = new int[samples];
      suffixes = new int[samples];
      mapped = new int[samples];
      ends = new int[samples];
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
  int encode(Plane plane, int columns, int runIndex) {
    adapt(plane, columns);
    suffixes(sumsBefore, suffixes, columns);
    roundUp(sumsBefore, suffixes, columns);
    map(errors, sumsBefore, biasesBefore, suffixes, mapped, columns);
    return put(plane, columns, runIndex);
  }

  /// Takes the line through the contexts. Within runs there are none; they are set to 0.
  private void adapt(Plane plane, int columns) {
    int[] contexts = plane.contexts;
    int[] line = plane.line;
    int i = 0;
    while (true) {
      i = adapt(contexts, plane.pairs, i, columns);
      if (i == columns) {
        return;
      }
      int value = plane.left[i];
      int end = i;
      while (end < columns && line[end] == value) {
        contexts[end] = 0;
        end++;
      }
      ends[i] = end;
      if (end == columns) {
        return;
      }
      i = end + 1;
    }
  }

  /// Goes on up to a sample whose context is 0, or to the end.
  ///
  /// @return where it stopped
  private int adapt(int[] contexts, int[] pairs, int begin, int end) {
    int most = maximum;
    int half = (most + 1) >> 1;
    int[] aAndN = sums;
    int[] bAndC = biases;
    int[] error = errors;
    int[] sumBefore = sumsBefore;
    int[] biasBefore = biasesBefore;
    int i = begin;
    for (; i < end; i++) {
      int context = contexts[i];
      if (context == 0) {
        break;
      }
      int pair = pairs[i];
      int sum = aAndN[context];
      int bias = bAndC[context];
      int predicted = (pair >>> 16) + (byte) bias;
      int e = (pair & 0xFFFF) - predicted;
      if (((predicted | (e + half)) & ~most) != 0) {
        e = reduced((pair & 0xFFFF) - Math.max(0, Math.min(most, predicted)));
      }
      error[i] = e;
      sumBefore[i] = sum;
      biasBefore[i] = bias;
      sum += (Math.abs(e) << 8) + 1;
      bias += e << 8;
      int n = sum & 0xFF;
      if (n > CodingParameters.DEFAULT_RESET) {
        sum = halvedSum(sum);
        bias = halvedBias(bias);
        n = CodingParameters.DEFAULT_RESET / 2 + 1;
      }
      aAndN[context] = sum;
      // Most samples leave B between -N and 0, so a branch is cheaper than doing it always.
      if (bias > 0xFF || bias >> 8 <= -n) {
        bias = corrected(bias, n);
      }
      bAndC[context] = bias;
    }
    return i;
  }

  /// An error modulo the range (section A.4.5).
  private int reduced(int error) {
    int shift = Integer.SIZE - errorBits;
    return error << shift >> shift;
  }

  /// Section A.6.1: A and N when N would go above RESET.
  private static int halvedSum(int sum) {
    return (sum >> 9 << 8) | (CodingParameters.DEFAULT_RESET / 2 + 1);
  }

  private static int halvedBias(int bias) {
    return (bias >> 9 << 8) | (bias & 0xFF);
  }

  /// Section A.6.2: B and C when B is not between -N and 0.
  private static int corrected(int bias, int n) {
    int b = bias >> 8;
    int c = (byte) bias;
    if (b > 0) {
      b = Math.min(0, b - n);
      c = Math.min(127, c + 1);
    } else {
      b = Math.max(1 - n, b + n);
      c = Math.max(-128, c - 1);
    }
    return (b << 8) | (c & 0xFF);
  }

  /// Section A.5.1: the smallest k with `N * 2^k >= A`, or one less.
  private static void suffixes(int[] sums, int[] to, int columns) {
    for (int i = 0; i < columns; i++) {
      int zeros = Integer.numberOfLeadingZeros(sums[i] >> 8);
      to[i] = Math.max(0, Integer.numberOfLeadingZeros(sums[i] & 0xFF) - zeros);
    }
  }

  private static void roundUp(int[] sums, int[] suffixes, int columns) {
    for (int i = 0; i < columns; i++) {
      int k = suffixes[i];
      suffixes[i] = k + ((((sums[i] & 0xFF) << k) - (sums[i] >> 8)) >>> 31);
    }
  }

  /// Section A.5.2. Pairs of errors change places when k is 0 and 2 B <= -N.
  private static void map(
      int[] errors, int[] sums, int[] biases, int[] suffixes, int[] to, int columns) {
    for (int i = 0; i < columns; i++) {
      int error = errors[i];
      int leaning = 2 * (biases[i] >> 8) + (sums[i] & 0xFF) - 1;
      to[i] = (error << 1) ^ (error >> 31) ^ (((suffixes[i] - 1) & leaning) >>> 31);
    }
  }

  private int put(Plane plane, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int i = 0;
    while (true) {
      i = putRegular(plane.contexts, mapped, suffixes, i, columns);
      if (i == columns) {
        return runIndex;
      }
      if (plane.contexts[i] != 0) {
        putLong(mapped[i], suffixes[i], limit);
        i++;
      } else {
        int end = ends[i];
        runIndex = putRun(end - i, end == columns, runIndex);
        if (end == columns) {
          return runIndex;
        }
        int ra = plane.left[i];
        int rb = plane.above[end];
        putInterruption(plane.line[end], ra, rb, ra == rb ? 1 : 0, runIndex);
        runIndex = Math.max(0, runIndex - 1);
        i = end + 1;
      }
    }
  }

  /// Writes codes up to a run or a long code, or to the end.
  ///
  /// @return where it stopped
  private int putRegular(int[] contexts, int[] mapped, int[] suffixes, int begin, int end) {
    byte[] to = bits;
    int p = at;
    long acc = accumulator;
    int n = pending;
    int i = begin;
    for (; i < end; i++) {
      int k = suffixes[i];
      int zeros = mapped[i] >>> k;
      if (contexts[i] == 0 || zeros >= ZEROS_MAX) {
        break;
      }
      int length = zeros + 1 + k;
      acc = (acc << length) | (mapped[i] - ((zeros - 1) << k));
      n += length;
      LONGS.set(to, p, acc << -n);
      p += n >>> 3;
      n &= 7;
    }
    at = p;
    accumulator = acc;
    pending = n;
    return i;
  }

  /// Codes a line of components that take turns sample by sample: a run ends when one of them
  /// changes (section B.3).
  ///
  /// @return the run index for the next line
  int encodeTogether(Plane[] planes, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int i = 0;
    while (i < columns) {
      int any = 0;
      for (Plane plane : planes) {
        any |= plane.contexts[i];
      }
      if (any != 0) {
        for (Plane plane : planes) {
          putRegular(plane.contexts[i], plane.pairs[i]);
        }
        i++;
      } else {
        int end = columns;
        for (Plane plane : planes) {
          end = endOfRun(plane, i, end);
        }
        runIndex = putRun(end - i, end == columns, runIndex);
        if (end < columns) {
          for (Plane plane : planes) {
            putInterruption(plane.line[end], plane.left[i], plane.above[end], 0, runIndex);
          }
          runIndex = Math.max(0, runIndex - 1);
        }
        i = end + 1;
      }
    }
    return runIndex;
  }

  private static int endOfRun(Plane plane, int from, int to) {
    int[] line = plane.line;
    int value = plane.left[from];
    int end = from;
    while (end < to && line[end] == value) {
      end++;
    }
    return end;
  }

  /// Codes one sample of a known context (section A.4 to A.6).
  private void putRegular(int context, int pair) {
    int sum = sums[context];
    int bias = biases[context];
    int predicted = Math.max(0, Math.min(maximum, (pair >>> 16) + (byte) bias));
    int error = reduced((pair & 0xFFFF) - predicted);
    int k = golombBits(sum >> 8, sum & 0xFF);
    boolean turned = k == 0 && 2 * (bias >> 8) <= -(sum & 0xFF);
    putLong((error << 1) ^ (error >> 31) ^ (turned ? 1 : 0), k, limit);

    sum += (Math.abs(error) << 8) + 1;
    bias += error << 8;
    if ((sum & 0xFF) > CodingParameters.DEFAULT_RESET) {
      sum = halvedSum(sum);
      bias = halvedBias(bias);
    }
    int n = sum & 0xFF;
    sums[context] = sum;
    biases[context] = bias > 0xFF || bias >> 8 <= -n ? corrected(bias, n) : bias;
  }

  /// The smallest k with `count * 2^k >= a` (section A.5.1).
  private static int golombBits(int a, int count) {
    int k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(a));
    return k + (((count << k) - a) >>> 31);
  }

  /// Codes the length of a run (section A.7.1.2).
  ///
  /// @return the run index after it
  private int putRun(int lengthOfRun, boolean endOfLine, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int left = lengthOfRun;
    int ones = 0;
    int runBits = CodingParameters.runBits(runIndex);
    while (left >= 1 << runBits) {
      left -= 1 << runBits;
      ones++;
      runIndex = Math.min(CodingParameters.RUN_INDEX_MAX, runIndex + 1);
      runBits = CodingParameters.runBits(runIndex);
    }
    if (endOfLine && left > 0) {
      ones++;
    }
    while (ones > 16) {
      put(0xFFFF, 16);
      ones -= 16;
    }
    int allOnes = (1 << ones) - 1;
    if (!endOfLine) {
      put((allOnes << 1 << runBits) | left, ones + 1 + runBits);
    } else {
      put(allOnes, ones);
    }
    return runIndex;
  }

  /// Codes the sample that ends a run (section A.7.2).
  ///
  /// @param type 1 when `ra` and `rb` are equal and components do not mix, else 0
  private void putInterruption(int x, int ra, int rb, int type, int runIndex) {
    // What is as often the one as the other is done without a branch.
    int sign = (rb - ra) >> 31;
    int error = reduced(((x - rb) ^ sign) - sign);
    int count = runN[type];
    int k = golombBits(runA[type] + ((count >> 1) & -type), count);
    boolean turned = k == 0 && 2 * runNegative[type] < count;
    int map = (turned ? -error : error) >>> 31;
    int mapped = 2 * Math.abs(error) - type - map;
    putLong(mapped, k, limit - CodingParameters.runBits(runIndex) - 1);
    runNegative[type] += error >>> 31;
    runA[type] += (mapped + 1 - type) >> 1;
    if (count == CodingParameters.DEFAULT_RESET) {
      runA[type] >>= 1;
      runN[type] >>= 1;
      runNegative[type] >>= 1;
    }
    runN[type]++;
  }

  /// Appends a Golomb code of limited length (section A.5.3).
  private void putLong(int mapped, int k, int lengthMax) {
    int zeros = mapped >>> k;
    int zerosMax = lengthMax - errorBits - 1;
    if (zeros + k < 32 && zeros < zerosMax) {
      put(mapped - ((zeros - 1) << k), zeros + 1 + k);
    } else if (zeros < zerosMax) {
      putZeros(zeros);
      put((1 << k) | (mapped & ((1 << k) - 1)), 1 + k);
    } else {
      putZeros(zerosMax);
      put((1 << errorBits) | ((mapped - 1) & ((1 << errorBits) - 1)), 1 + errorBits);
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

  /// Appends 0 to 32 bits.
  private void put(int value, int length) {
    accumulator = (accumulator << length) | (value & 0xFFFF_FFFFL);
    pending += length;
    LONGS.set(bits, at, accumulator << -pending);
    at += pending >>> 3;
    pending &= 7;
  }
}
