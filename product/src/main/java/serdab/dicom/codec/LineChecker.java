package serdab.dicom.codec;

import java.util.Arrays;

/// Reads the codes of a line whose samples are known, and says whether they are those samples.
///
/// What [LineDecoder] does sample by sample is done here step by step for the whole line: what each
/// sample is predicted from stands in the line that is expected, not in the one that is being
/// decoded. The model is written down here once more, so that a mistake in [Plane] or [LineEncoder]
/// is not made twice.
final class LineChecker {

  /// Codes with as many zeros are rare, and not read by the loop over a line. No code with fewer is
  /// one of those that are cut short (section A.5.3).
  private static final int ZEROS_MAX = 16;

  private final BitSource in;

  /// Reads runs and the samples that end them, as it always does.
  private final LineDecoder runs;

  private CodingParameters parameters = CodingParameters.defaults(255, 0);

  /// A and N of each context (section A.2): A above 8 bits for N. A is the sum of less than 128
  /// errors of 16 bits.
  private final int[] sums = new int[365];

  /// B and C of each context: B above 8 bits for C.
  private final int[] biases = new int[365];

  /// Of each sample, at its index in the line: the neighbours that are not at that index.
  private int[] left = new int[0];

  private int[] aboveLeft = new int[0];
  private int[] aboveRight = new int[0];

  /// The quantized differences, and the context; 0 begins a run or is within one.
  private int[] steps = new int[0];

  private int[] stepsBefore = new int[0];
  private int[] rises = new int[0];
  private int[] contexts = new int[0];

  /// Prediction and sample, both as their difference from the maximum where the context's sign is
  /// negative.
  private int[] predictions = new int[0];

  private int[] samples = new int[0];

  /// What the sample's context was before it, and the sample's error.
  private int[] sumsBefore = new int[0];

  private int[] biasesBefore = new int[0];
  private int[] errors = new int[0];

  /// k, the mapped error, the length of its code, 0 where none stands or a long one, and the mapped
  /// error that was read.
  private int[] suffixes = new int[0];

  private int[] mapped = new int[0];
  private int[] lengths = new int[0];
  private int[] found = new int[0];

  /// Where the run that begins at a sample ends.
  private int[] ends = new int[0];

  LineChecker(BitSource in) {
    this.in = in;
    this.runs = new LineDecoder(in);
  }

  /// Begins a scan without loss, with a range that is a power of two and the default RESET.
  void start(CodingParameters forScan, int columns) {
    parameters = forScan;
    runs.start(forScan, false);
    Arrays.fill(sums, (forScan.initialA() << 8) | 1);
    Arrays.fill(biases, 0);
    int length = columns + 2;
    if (left.length < length) {
      left = new int[length];
      aboveLeft = new int[length];
      aboveRight = new int[length];
      steps = new int[length];
      stepsBefore = new int[length];
      rises = new int[length];
      contexts = new int[length];
      predictions = new int[length];
      samples = new int[length];
      sumsBefore = new int[length];
      biasesBefore = new int[length];
      errors = new int[length];
      suffixes = new int[length];
      mapped = new int[length];
      lengths = new int[length];
      found = new int[length];
      ends = new int[length];
    }
  }

  /// Reads the codes of one line of one component.
  ///
  /// @param above the line above, as for [LineDecoder#decode]
  /// @param line what is expected, samples from index 1 on
  /// @return the run index for the next line; -1 when the line is not what is expected
  int check(int[] above, int[] line, int columns, int runIndex) {
    model(above, line, columns);
    adapt(line, columns);
    int end = columns + 1;
    suffixes(sumsBefore, suffixes, end);
    roundUp(sumsBefore, suffixes, end);
    map(errors, sumsBefore, biasesBefore, suffixes, mapped, end);
    countZeros(mapped, suffixes, lengths, end);
    measure(contexts, suffixes, lengths, end);
    int after = read(above, line, columns, runIndex);
    return after < 0 || differs(mapped, found, lengths, end) ? -1 : after;
  }

  // ---- what each sample is predicted from

  private void model(int[] above, int[] line, int columns) {
    int t1 = parameters.threshold1();
    int t2 = parameters.threshold2();
    int t3 = parameters.threshold3();
    int end = columns + 1;
    System.arraycopy(line, 0, left, 1, columns);
    System.arraycopy(above, 0, aboveLeft, 1, columns);
    System.arraycopy(above, 1, aboveRight, 0, end);
    regions(aboveRight, above, t1, t2, t3, steps, end);
    System.arraycopy(steps, 0, stepsBefore, 1, columns);
    regions(aboveLeft, left, t1, t2, t3, rises, end);
    join(steps, stepsBefore, rises, contexts, end);
    predict(left, above, aboveLeft, predictions, end);
    int maximum = parameters.maximum();
    turn(predictions, contexts, maximum, predictions, end);
    turn(line, contexts, maximum, samples, end);
    unsign(contexts, end);
  }

  /// Section A.3.3 for NEAR = 0.
  private static void regions(int[] from, int[] less, int t1, int t2, int t3, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      int difference = from[i] - less[i];
      int sign = difference >> 31;
      int size = (difference ^ sign) - sign;
      // Each threshold that is not above the size adds one.
      int region =
          4 + ((size - 1) >> 31) + ((size - t1) >> 31) + ((size - t2) >> 31) + ((size - t3) >> 31);
      to[i] = (region ^ sign) - sign;
    }
  }

  /// Section A.3.4; the sign is that of the first part that is not 0.
  private static void join(int[] q1, int[] q2, int[] q3, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      to[i] = 81 * q1[i] + 9 * q2[i] + q3[i];
    }
  }

  /// Section A.4.1: `a + b - c`, but between a and b.
  private static void predict(int[] a, int[] b, int[] c, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      int plane = a[i] + b[i] - c[i];
      to[i] = Math.min(Math.max(plane, Math.min(a[i], b[i])), Math.max(a[i], b[i]));
    }
  }

  /// A negative sign turns errors over (section A.4.2). Here it turns over what they are the
  /// difference of: `(maximum - x) - (maximum - p)` is `p - x`.
  private static void turn(int[] from, int[] contexts, int maximum, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      to[i] = from[i] ^ ((contexts[i] >> 31) & maximum);
    }
  }

  private static void unsign(int[] contexts, int end) {
    for (int i = 0; i < end; i++) {
      contexts[i] = Math.abs(contexts[i]);
    }
  }

  // ---- the contexts

  private void adapt(int[] line, int columns) {
    int i = 1;
    while (true) {
      i = adapt(contexts, predictions, samples, i, columns + 1);
      if (i > columns) {
        return;
      }
      int value = line[i - 1];
      int end = i;
      while (end <= columns && line[end] == value) {
        contexts[end] = 0;
        end++;
      }
      ends[i] = end;
      // The sample that ends a run has no context.
      contexts[end] = 0;
      i = end + 1;
    }
  }

  /// Goes on up to a sample whose context is 0, or to the end.
  ///
  /// The loop holds only what one sample leaves to a later one; the codes follow from what it notes
  /// down.
  ///
  /// @return where it stopped
  private int adapt(int[] contexts, int[] predictions, int[] samples, int begin, int end) {
    int most = parameters.maximum();
    int middle = (most + 1) >> 1;
    int[] sum = sums;
    int[] bias = biases;
    int[] sumBefore = sumsBefore;
    int[] biasBefore = biasesBefore;
    int[] difference = errors;
    int i = begin;
    for (; i < end; i++) {
      int q = contexts[i];
      if (q == 0) {
        break;
      }
      int an = sum[q];
      int bc = bias[q];
      int predicted = predictions[i] + (byte) bc;
      int error = samples[i] - predicted;
      if (((predicted | (error + middle)) & ~most) != 0) {
        // Rare: sections A.4.3 and A.4.5.
        error = samples[i] - Math.max(0, Math.min(most, predicted));
        error = ((error + middle) & most) - middle;
      }
      sumBefore[i] = an;
      biasBefore[i] = bc;
      difference[i] = error;

      // Sections A.6.1 and A.6.2. The branches are taken for one sample in six, or fewer.
      an += Math.abs(error) << 8;
      bc += error << 8;
      if ((an & CodingParameters.DEFAULT_RESET) != 0) {
        an = ((an >> 1) & ~0xFF) | (CodingParameters.DEFAULT_RESET >> 1);
        bc = ((bc >> 1) & ~0xFF) | (bc & 0xFF);
      }
      an++;
      sum[q] = an;
      int n = an & 0xFF;
      int b = bc >> 8;
      if (b > 0) {
        bc = (Math.min(0, b - n) << 8) | (Math.min(127, (byte) bc + 1) & 0xFF);
      } else if (b + n <= 0) {
        bc = (Math.max(1 - n, b + n) << 8) | (Math.max(-128, (byte) bc - 1) & 0xFF);
      }
      bias[q] = bc;
    }
    return i;
  }

  // ---- the codes

  /// Section A.5.1: the smallest k with `n * 2^k >= a`, or one less.
  private static void suffixes(int[] sums, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      int n = sums[i] & 0xFF;
      int a = sums[i] >> 8;
      to[i] = Math.max(0, Integer.numberOfLeadingZeros(n) - Integer.numberOfLeadingZeros(a));
    }
  }

  private static void roundUp(int[] sums, int[] suffixes, int end) {
    for (int i = 0; i < end; i++) {
      int k = suffixes[i];
      suffixes[i] = k + ((((sums[i] & 0xFF) << k) - (sums[i] >> 8)) >>> 31);
    }
  }

  /// Section A.5.2: 0, -1, 1, -2 and so on become 0, 1, 2, 3; each pair is the other way round when
  /// k is 0 and 2 B <= -N.
  private static void map(
      int[] errors, int[] sums, int[] biases, int[] suffixes, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      int error = errors[i];
      int leaning = 2 * (biases[i] >> 8) + (sums[i] & 0xFF) - 1;
      to[i] = (error << 1) ^ (error >> 31) ^ (((suffixes[i] - 1) & leaning) >>> 31);
    }
  }

  private static void countZeros(int[] mapped, int[] suffixes, int[] to, int end) {
    for (int i = 0; i < end; i++) {
      to[i] = mapped[i] >>> suffixes[i];
    }
  }

  /// Section A.5.3: zeros, a one, and k bits.
  private static void measure(int[] contexts, int[] suffixes, int[] lengths, int end) {
    for (int i = 0; i < end; i++) {
      int zeros = lengths[i];
      lengths[i] = (zeros + 1 + suffixes[i]) & ((zeros - ZEROS_MAX) >> 31) & (-contexts[i] >> 31);
    }
  }

  private int read(int[] above, int[] line, int columns, int runIndexBefore) {
    int runIndex = runIndexBefore;
    int i = 1;
    while (true) {
      // The codes that are in front of a run, or of a long code.
      i = readRegular(suffixes, lengths, found, i, columns + 1);
      if (i > columns) {
        return runIndex;
      }
      if (contexts[i] != 0) {
        int value = in.readGolomb(suffixes[i], parameters.limit(), parameters.errorBits());
        if (value != mapped[i]) {
          return -1;
        }
        i++;
      } else {
        int end = ends[i];
        long run = runs.readRun(columns + 1 - i, runIndex);
        if ((int) run != end - i) {
          return -1;
        }
        runIndex = (int) (run >>> 32);
        if (end <= columns) {
          int ra = line[i - 1];
          int rb = above[end];
          if (runs.interruption(ra, rb, ra == rb ? 1 : 0, runIndex) != line[end]) {
            return -1;
          }
          runIndex = Math.max(0, runIndex - 1);
        }
        i = end + 1;
      }
    }
  }

  /// Reads codes where they stand when all in front of them are as long as expected.
  ///
  /// @return where it stopped
  private int readRegular(int[] suffixes, int[] lengths, int[] found, int begin, int end) {
    byte[] bytes = in.bytes;
    int position = in.position();
    int i = begin;
    for (; i < end; i++) {
      int length = lengths[i];
      if (length == 0) {
        break;
      }
      long next = (long) StuffedOutput.LONGS.get(bytes, position >>> 3) << (position & 7);
      int k = suffixes[i];
      int zeros = Long.numberOfLeadingZeros(next);
      found[i] = (zeros << k) + (int) (next << zeros << 1 >>> 1 >>> ~k);
      position += length;
    }
    in.moveTo(position);
    return i;
  }

  private static boolean differs(int[] mapped, int[] found, int[] lengths, int end) {
    int different = 0;
    for (int i = 1; i < end; i++) {
      different |= (mapped[i] ^ found[i]) & (-lengths[i] >> 31);
    }
    return different != 0;
  }
}
