package serdab.dicom.codec;

import java.util.Arrays;

/// The line of one component that is being coded, the one above it, and what follows from the two.
///
/// Each loop here does one small thing to whole arrays at the same index, because such loops become
/// vector instructions: samples to the left and to the right are copies of a line, moved by one. At
/// the edges they are what section A.2.1 of T.87 says.
final class Plane {

  /// The samples x.
  int[] line;

  /// Ra: the sample to the left.
  int[] left;

  /// Rb, Rc and Rd.
  int[] above;

  int[] aboveLeft;
  private final int[] aboveRight;

  private final int[] steepness;
  private final int[] gradients;

  /// The context of each sample, 0 to 364; 0 may begin a run (section A.3).
  final int[] contexts;

  /// The prediction in the high half, the sample in the low half, both before any correction. Where
  /// the sign of the context is negative, both stand as their difference from the maximum.
  final int[] pairs;

  Plane(int columns) {
    line = new int[columns];
    left = new int[columns];
    above = new int[columns];
    aboveLeft = new int[columns];
    aboveRight = new int[columns];
    steepness = new int[columns + 1];
    gradients = new int[columns];
    contexts = new int[columns];
    pairs = new int[columns];
  }

  int columnsMax() {
    return line.length;
  }

  /// Begins a scan: what is above the first line is 0.
  void start() {
    Arrays.fill(line, 0);
    Arrays.fill(left, 0);
  }

  /// The line becomes the one above.
  void nextLine() {
    int[] free = above;
    above = line;
    line = free;
    free = aboveLeft;
    aboveLeft = left;
    left = free;
  }

  /// Works out predictions and contexts of the whole line, which must be filled: without loss they
  /// depend on the samples alone.
  void model(CodingParameters parameters, int columns) {
    System.arraycopy(line, 0, left, 1, columns - 1);
    left[0] = above[0];
    int t1 = parameters.threshold1() - 1;
    int t2 = parameters.threshold2() - 1;
    int t3 = parameters.threshold3() - 1;
    quantize(above, aboveLeft, t1, t2, t3, steepness, columns);
    steepness[columns] = 0;
    System.arraycopy(steepness, 1, aboveRight, 0, columns);
    quantize(aboveLeft, left, t1, t2, t3, gradients, columns);
    join(aboveRight, steepness, gradients, contexts, columns);
    pair(left, above, aboveLeft, line, contexts, parameters.maximum(), pairs, columns);
    unsign(contexts, columns);
  }

  /// Section A.3.3 for NEAR = 0.
  ///
  /// @param t1 T1 - 1, and so on
  static void quantize(int[] from, int[] less, int t1, int t2, int t3, int[] to, int columns) {
    for (int i = 0; i < columns; i++) {
      int d = from[i] - less[i];
      int size = Math.abs(d);
      int region =
          (-size >>> 31) + ((t1 - size) >>> 31) + ((t2 - size) >>> 31) + ((t3 - size) >>> 31);
      to[i] = region * ((d >> 31) | 1);
    }
  }

  /// Section A.3.4: one number for three quantized gradients, with the sign of the first that is
  /// not 0.
  private static void join(int[] q1, int[] q2, int[] q3, int[] to, int columns) {
    for (int i = 0; i < columns; i++) {
      to[i] = (q1[i] * 9 + q2[i]) * 9 + q3[i];
    }
  }

  /// Section A.4.1: the prediction is the median of three.
  private static void pair(
      int[] left,
      int[] above,
      int[] aboveLeft,
      int[] line,
      int[] contexts,
      int maximum,
      int[] to,
      int columns) {
    int both = (maximum << 16) | maximum;
    for (int i = 0; i < columns; i++) {
      int ra = left[i];
      int rb = above[i];
      int predicted =
          Math.max(Math.min(ra, rb), Math.min(Math.max(ra, rb), ra + rb - aboveLeft[i]));
      to[i] = ((predicted << 16) | line[i]) ^ ((contexts[i] >> 31) & both);
    }
  }

  private static void unsign(int[] contexts, int columns) {
    for (int i = 0; i < columns; i++) {
      contexts[i] = Math.abs(contexts[i]);
    }
  }
}
