package serdab.dicom;

/// How far a reader follows what a file claims. Whatever exceeds a limit becomes an [Anomaly]; the
/// file itself is still kept byte for byte.
///
/// @param depthMax sequences nested in one another
/// @param elementsMax elements, items and fragments in one file
/// @param itemsMax items in one sequence
/// @param fragmentsMax fragments in one element
/// @param inflatedBytesMax bytes that a deflated data set may become in memory
/// @param inflatedRatioMax how many times longer it may become
/// @param inflatedRatioFreeBytes up to this length the ratio does not matter
/// @param valueBytesMax the longest value taken into memory at once
/// @param anomaliesMax anomalies told of one file
record Limits(
    int depthMax,
    int elementsMax,
    int itemsMax,
    int fragmentsMax,
    int inflatedBytesMax,
    int inflatedRatioMax,
    int inflatedRatioFreeBytes,
    int valueBytesMax,
    int anomaliesMax) {

  /// Real files stay below 20; a file made to exhaust a stack had 1,800.
  static final int DEPTH_MAX = 256;

  /// 28 bytes each: 56 MB in the worst case. A slide with a million frames fits.
  static final int ELEMENTS_MAX = 2_000_000;

  static final int ITEMS_MAX = 1_000_000;
  static final int FRAGMENTS_MAX = 1_500_000;
  static final int INFLATED_BYTES_MAX = 64 << 20;

  /// Deflate cannot exceed 1,032.
  static final int INFLATED_RATIO_MAX = 400;

  /// A mostly empty segmentation shrinks as well as a bomb, so small ones are let through.
  static final int INFLATED_RATIO_FREE_BYTES = 8 << 20;

  static final int VALUE_BYTES_MAX = 1 << 20;
  static final int ANOMALIES_MAX = 100;

  static final Limits DEFAULT =
      new Limits(
          DEPTH_MAX,
          ELEMENTS_MAX,
          ITEMS_MAX,
          FRAGMENTS_MAX,
          INFLATED_BYTES_MAX,
          INFLATED_RATIO_MAX,
          INFLATED_RATIO_FREE_BYTES,
          VALUE_BYTES_MAX,
          ANOMALIES_MAX);

  Limits withDepthMax(int max) {
    return new Limits(
        max,
        elementsMax,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withElementsMax(int max) {
    return new Limits(
        depthMax,
        max,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withItemsMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        max,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withFragmentsMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        max,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withInflatedBytesMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        fragmentsMax,
        max,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withInflatedRatioMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        max,
        inflatedRatioFreeBytes,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withInflatedRatioFreeBytes(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        max,
        valueBytesMax,
        anomaliesMax);
  }

  Limits withValueBytesMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        max,
        anomaliesMax);
  }

  Limits withAnomaliesMax(int max) {
    return new Limits(
        depthMax,
        elementsMax,
        itemsMax,
        fragmentsMax,
        inflatedBytesMax,
        inflatedRatioMax,
        inflatedRatioFreeBytes,
        valueBytesMax,
        max);
  }
}
