package serdab.destination.repository;

import java.util.Optional;

/// How the cells of native pixels lie in a blob.
///
/// @param rows at least 1
/// @param columns 1 to 65535
/// @param samples of one pixel, 1 or 3
/// @param cellBytes of one sample: 1, 2 or 4
/// @param bigEndian whether cells have their highest byte first
/// @param planar whether all samples of one component come before those of the next
/// @param signed whether cells are two's complement
record FrameShape(
    int rows,
    int columns,
    int samples,
    int cellBytes,
    boolean bigEndian,
    boolean planar,
    boolean signed) {

  private static final int ROWS_MAX = 65_535;

  /// The bytes of one row of pixels, all components together.
  long rowBytes() {
    return (long) columns * samples * cellBytes;
  }

  long lengthBytes() {
    return rows * rowBytes();
  }

  /// The same pixels in as many rows as this many bytes hold: less than a frame, or several below
  /// each other. Empty when they are no whole rows, or what is planar would be torn.
  Optional<FrameShape> ofLength(int lengthBytes) {
    if (lengthBytes == lengthBytes()) {
      return Optional.of(this);
    }
    if (planar || lengthBytes % rowBytes() != 0 || lengthBytes / rowBytes() > ROWS_MAX) {
      return Optional.empty();
    }
    return Optional.of(withRows((int) (lengthBytes / rowBytes())));
  }

  FrameShape withRows(int newRows) {
    return new FrameShape(newRows, columns, samples, cellBytes, bigEndian, planar, signed);
  }
}
