package serdab.dicom;

import java.util.Optional;

/// Whether the index of a file says where every byte of it belongs, so that more can be said of it
/// than its bytes.
final class Understood {

  private static final int DELIMITER_BYTES = 8;

  private Understood() {}

  /// Why not; empty when it does.
  static Optional<String> whyNot(DicomFile file) {
    if (!file.isDicom()) {
      return Optional.of("not a DICOM file");
    }
    boolean hasBytesBehind = false;
    for (Anomaly anomaly : file.anomalies()) {
      hasBytesBehind |= anomaly.kind() == Anomaly.Kind.TRAILING_BYTES;
      if (hidesBytes(file, anomaly)) {
        return Optional.of(
            anomaly.kind() + " at byte " + anomaly.position() + ": " + anomaly.detail());
      }
    }
    return hasBytesBehind || endsWithItsElements(file)
        ? Optional.empty()
        : Optional.of("only its header was read");
  }

  private static boolean hidesBytes(DicomFile file, Anomaly anomaly) {
    return switch (anomaly.kind()) {
      case NOT_DICOM,
          EMPTY_DATA_SET,
          TRUNCATED,
          UNREADABLE,
          OVERRUN,
          MISSING_DELIMITER,
          INFLATE_FAILED,
          INFLATED_TOO_LARGE,
          TOO_DEEP,
          TOO_MANY_ELEMENTS,
          TOO_MANY_ITEMS,
          TOO_MANY_FRAGMENTS ->
          true;
      case UNDEFINED_LENGTH -> hasNoEnd(file.dataSet(), anomaly.position());
      case PIXEL_DATA_SHORT,
          PIXEL_DATA_LONG,
          TRAILING_BYTES,
          NO_PREAMBLE,
          NO_FILE_META,
          PREAMBLE_EXECUTABLE,
          META_LENGTH_WRONG,
          META_ENCODING,
          META_IN_DATA_SET,
          NO_TRANSFER_SYNTAX,
          UNKNOWN_TRANSFER_SYNTAX,
          SYNTAX_MISMATCH,
          MIXED_ENCODING,
          INVALID_VR,
          ZLIB_HEADER,
          ODD_LENGTH,
          OUT_OF_ORDER,
          DUPLICATE_ELEMENT,
          UNEXPECTED_DELIMITER,
          DELIMITER_WITH_LENGTH,
          INVALID_UID,
          SAME_UID,
          UID_MISMATCH,
          MORE_ANOMALIES ->
          false;
    };
  }

  /// An undefined length without a delimiter: the reader lets it end with what holds it.
  private static boolean hasNoEnd(DataSet dataSet, long position) {
    for (int i = 0; i < dataSet.size(); i++) {
      if (dataSet.position(i) == position) {
        return !dataSet.hasUndefinedLength(i);
      }
    }
    return true;
  }

  private static boolean endsWithItsElements(DicomFile file) {
    DataSet dataSet = file.dataSet();
    long length = dataBytesEnd(file);
    int last = -1;
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      last = i;
    }
    if (last < 0) {
      return false;
    }
    long end = dataSet.valueOffset(last) + dataSet.valueLength(last);
    // Stray delimiters behind the last element are no elements; the reader tells of them.
    boolean hasStrayDelimiter =
        file.anomalies().stream()
            .anyMatch(a -> a.kind() == Anomaly.Kind.UNEXPECTED_DELIMITER && a.position() >= end);
    return hasStrayDelimiter
        || end + (dataSet.hasUndefinedLength(last) ? DELIMITER_BYTES : 0) == length;
  }

  /// Where the bytes end that positions in the data set count in: the file, or what was inflated.
  static long dataBytesEnd(DicomFile file) {
    return file.dataSet().source() instanceof Inflated inflated
        ? inflated.lengthBytes()
        : file.lengthBytes();
  }
}
