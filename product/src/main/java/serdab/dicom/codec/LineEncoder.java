package serdab.dicom.codec;

import static serdab.dicom.codec.StuffedOutput.LONGS;

import java.util.Arrays;

/// Codes the lines of one scan without loss: the contexts, and the bits before stuffing.
///
/// The loop over the samples of a line holds no call and nearly no branch, and the fewer numbers it
/// keeps alive the faster it is: what can be known before stands in a [Plane].
final class LineEncoder {

  private final StuffedOutput output;

  /// Longer codes are rare, and not written by the loop over a line.
  private static final int UNARY_MAX = 16;

  private int errorBits;
  private int limit;
  private int maximum;

  /// A, B, C and N of each context (section A.2) in one number: 32, 16, 8 and 8 bits.
  private final long[] states = new long[512];

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
    Arrays.fill(states, ((long) forScan.initialA() << 32) | 1);
    Arrays.fill(runA, forScan.initialA());
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
  int encode(Plane plane, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int i = 0;
    while (true) {
      i = encodeRegular(plane.contexts, plane.pairs, i, columns);
      if (i == columns) {
        return runIndex;
      }
      int end = endOfRun(plane, i, columns);
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

  /// Codes samples up to one whose context is 0, or to the end.
  ///
  /// @return where it stopped
  private int encodeRegular(int[] contexts, int[] pairs, int begin, int columns) {
    int errorShift = Integer.SIZE - errorBits;
    int most = maximum;
    long[] state = states;
    byte[] to = bits;
    int p = at;
    long acc = accumulator;
    int n = pending;
    int i = begin;
    while (true) {
      int mapped = 0;
      int k = 0;
      for (; i < columns; i++) {
        int context = contexts[i];
        if (context == 0) {
          break;
        }
        int pair = pairs[i];
        long both = state[context];
        int low = (int) both;
        int a = (int) (both >>> 32);
        int b = low >> 16;
        int c = (byte) (low >> 8);
        int count = low & 0xFF;

        int predicted = Math.max(0, Math.min(most, (pair >>> 16) + c));
        int error = ((pair & 0xFFFF) - predicted) << errorShift >> errorShift;

        k = Math.max(0, Integer.numberOfLeadingZeros(count) - Integer.numberOfLeadingZeros(a));
        k += ((count << k) - a) >>> 31;
        // Section A.5.2: the mapping is turned over when k is 0 and 2 B <= -N.
        int turned = error ^ (((k - 1) & (2 * b + count - 1)) >> 31);
        mapped = (turned << 1) ^ (turned >> 31);

        // Sections A.6.1 and A.6.2; N is 64 at most, so this is 1 when it has to be halved.
        int half = count >>> 6;
        a = (a + Math.abs(error)) >> half;
        b = (b + error) >> half;
        count = (count >> half) + 1;
        int less = (b + count - 1) >> 31;
        int more = -b >> 31;
        b += (count & less) - (count & more);
        b = Math.max(1 - count, Math.min(0, b));
        c = Math.max(-128, Math.min(127, c + less - more));
        state[context] =
            ((long) a << 32) | (((b << 16) | ((c & 0xFF) << 8) | count) & 0xFFFF_FFFFL);

        int unary = mapped >>> k;
        if (unary >= UNARY_MAX) {
          break;
        }
        int length = unary + 1 + k;
        acc = (acc << length) | (mapped - ((unary - 1) << k));
        n += length;
        LONGS.set(to, p, acc << -n);
        p += n >>> 3;
        n &= 7;
      }
      at = p;
      accumulator = acc;
      pending = n;
      if (i == columns || contexts[i] == 0) {
        return i;
      }
      putLong(mapped, k, limit);
      p = at;
      acc = accumulator;
      n = pending;
      i++;
    }
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
    int errorShift = Integer.SIZE - errorBits;
    long both = states[context];
    int low = (int) both;
    int a = (int) (both >>> 32);
    int b = low >> 16;
    int c = (byte) (low >> 8);
    int count = low & 0xFF;

    int predicted = Math.max(0, Math.min(maximum, (pair >>> 16) + c));
    int error = ((pair & 0xFFFF) - predicted) << errorShift >> errorShift;
    int k = golombBits(a, count);
    int turned = error ^ (((k - 1) & (2 * b + count - 1)) >> 31);
    putLong((turned << 1) ^ (turned >> 31), k, limit);

    int half = count >>> 6;
    a = (a + Math.abs(error)) >> half;
    b = (b + error) >> half;
    count = (count >> half) + 1;
    int less = (b + count - 1) >> 31;
    int more = -b >> 31;
    b += (count & less) - (count & more);
    b = Math.max(1 - count, Math.min(0, b));
    c = Math.max(-128, Math.min(127, c + less - more));
    states[context] = ((long) a << 32) | (((b << 16) | ((c & 0xFF) << 8) | count) & 0xFFFF_FFFFL);
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
    int errorShift = Integer.SIZE - errorBits;
    int error = x - (type == 1 ? ra : rb);
    if (type == 0 && ra > rb) {
      error = -error;
    }
    error = error << errorShift >> errorShift;
    int count = runN[type];
    int k = golombBits(type == 0 ? runA[0] : runA[1] + (count >> 1), count);
    boolean manyNegative = 2 * runNegative[type] >= count;
    int map =
        (k == 0 && error > 0 && !manyNegative) || (error < 0 && (manyNegative || k != 0)) ? 1 : 0;
    int mapped = 2 * Math.abs(error) - type - map;
    putLong(mapped, k, limit - CodingParameters.runBits(runIndex) - 1);
    if (error < 0) {
      runNegative[type]++;
    }
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
    int unary = mapped >>> k;
    int unaryMax = lengthMax - errorBits - 1;
    if (unary < unaryMax) {
      putZeros(unary);
      put((1 << k) | (mapped & ((1 << k) - 1)), 1 + k);
    } else {
      putZeros(unaryMax);
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

  /// Appends 1 to 32 bits.
  private void put(int value, int length) {
    accumulator = (accumulator << length) | (value & 0xFFFF_FFFFL);
    pending += length;
    LONGS.set(bits, at, accumulator << -pending);
    at += pending >>> 3;
    pending &= 7;
  }
}
