package serdab.destination.repository;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// Where a file is cut: runs of bytes that become blobs, in file order. All between them is header.
///
/// A plan is advice. Whatever a file claims of itself, its pieces one after another are the file,
/// so a plan made of a lie costs room and nothing else.
///
/// @param lengthBytes of the file
/// @param runs in file order, not overlapping, each within the file
/// @param series what the file calls its series; empty text when unknown
record CutPlan(long lengthBytes, List<Run> runs, String series) {

  /// The longest piece of what is not pixels.
  static final int PIECE_BYTES = 8 << 20;

  /// The longest header of one file that goes into a header block.
  static final int HEADER_BYTES_MAX = 4 << 20;

  /// From here on a value is bulk.
  static final int BULK_BYTES_MIN = 64 << 10;

  /// From here on pixels are bulk.
  static final int PIXEL_BYTES_MIN = 1 << 10;

  /// Frames below this length are taken together.
  private static final int FRAME_BYTES_MIN = 4 << 10;

  private static final int FRAMES_TOGETHER_BYTES = 32 << 10;

  /// Frames above this length are cut into strips of rows.
  private static final int FRAME_BYTES_MAX = 32 << 20;

  private static final int STRIP_BYTES = 16 << 20;

  private static final int RUNS_MAX = 10_000;

  CutPlan {
    runs = List.copyOf(runs);
  }

  /// Bytes that become blobs one after another.
  ///
  /// @param offset in the file
  /// @param lengthBytes at least 1
  /// @param pieceBytes the length of each blob but the last, which may be shorter
  /// @param shape of the pixels in a blob of full length; empty when they are no native pixels
  record Run(long offset, long lengthBytes, int pieceBytes, Optional<FrameShape> shape) {

    long end() {
      return offset + lengthBytes;
    }
  }

  /// The plan for a file of which only the length is known: a short one is header, a long one is
  /// cut into pieces.
  static CutPlan plain(long lengthBytes) {
    return new CutPlan(
        lengthBytes,
        lengthBytes < BULK_BYTES_MIN ? List.of() : List.of(pieces(0, lengthBytes)),
        "");
  }

  private static Run pieces(long offset, long lengthBytes) {
    return new Run(offset, lengthBytes, PIECE_BYTES, Optional.empty());
  }

  /// The plan for a file whose structure was read, or at least that of its beginning.
  ///
  /// @param lengthBytes how many bytes of it will come
  static CutPlan of(DicomFile file, long lengthBytes) throws IOException {
    if (!file.isDicom() || file.transferSyntax().deflated() || file.lengthBytes() != lengthBytes) {
      return plain(lengthBytes);
    }
    List<Run> runs = new ArrayList<>();
    DataSet dataSet = file.dataSet();
    long end = file.dataSetOffset();
    for (int i = 0; i < dataSet.size(); i++) {
      Vr vr = dataSet.vr(i);
      if (vr == Vr.NONE || vr == Vr.SQ) {
        continue;
      }
      boolean isPixels = dataSet.depth(i) == 0 && Tag.isPixelData(dataSet.tag(i));
      long offset = dataSet.valueOffset(i);
      long length = Math.min(dataSet.valueLength(i), lengthBytes - offset);
      if (length < (isPixels ? PIXEL_BYTES_MIN : BULK_BYTES_MIN) || offset < end) {
        continue;
      }
      end = offset + length;
      Optional<FrameShape> shape =
          isPixels && !dataSet.isEncapsulated(i) ? shape(file, i) : Optional.empty();
      addRuns(runs, offset, length, shape);
      if (runs.size() > RUNS_MAX) {
        return plain(lengthBytes);
      }
    }
    CutPlan plan = new CutPlan(lengthBytes, runs, file.facts().series().value());
    if (plan.headerBytes() > HEADER_BYTES_MAX) {
      plan = plan.withLongHeadersCut();
    }
    return plan.headerBytes() > HEADER_BYTES_MAX ? plain(lengthBytes) : plan;
  }

  private static void addRuns(
      List<Run> runs, long offset, long length, Optional<FrameShape> found) {
    if (found.isEmpty() || found.get().rowBytes() > STRIP_BYTES) {
      runs.add(pieces(offset, length));
      return;
    }
    FrameShape shape = found.get();
    long frame = shape.lengthBytes();
    if (frame > FRAME_BYTES_MAX) {
      // Rows only, so a strip may hold the end of one frame and the beginning of the next.
      if (shape.planar()) {
        runs.add(pieces(offset, length));
        return;
      }
      shape = shape.withRows((int) (STRIP_BYTES / shape.rowBytes()));
    } else if (frame < FRAME_BYTES_MIN && !shape.planar()) {
      int together = (int) Math.max(1, FRAMES_TOGETHER_BYTES / frame);
      int rows = (int) Math.min(65_535L, (long) together * shape.rows());
      shape = shape.withRows(rows - rows % shape.rows());
    }
    long unit = shape.planar() ? frame : shape.rowBytes();
    long whole = length - length % unit;
    if (whole > 0) {
      runs.add(new Run(offset, whole, (int) shape.lengthBytes(), Optional.of(shape)));
    }
    if (length - whole >= BULK_BYTES_MIN) {
      runs.add(pieces(offset + whole, length - whole));
    }
  }

  private static Optional<FrameShape> shape(DicomFile file, int pixels) throws IOException {
    DataSet dataSet = file.dataSet();
    long rows = dataSet.number(Tag.Rows).orElse(0L);
    long columns = dataSet.number(Tag.Columns).orElse(0L);
    long samples = dataSet.number(Tag.SamplesPerPixel).orElse(1L);
    long bits = dataSet.number(Tag.BitsAllocated).orElse(0L);
    boolean isCells = bits == 8 || bits == 16 || bits == 32;
    boolean isImage = rows > 0 && rows <= 65_535 && columns > 0 && columns <= 65_535;
    if (!isCells || !isImage || (samples != 1 && samples != 3)) {
      return Optional.empty();
    }
    boolean isSwapped =
        dataSet.isBigEndian(pixels)
            || (dataSet.tag(pixels) == Tag.PixelData && file.transferSyntax().hasBigEndianPixels());
    boolean planar = samples > 1 && dataSet.number(Tag.PlanarConfiguration).orElse(0L) == 1;
    return Optional.of(
        new FrameShape(
            (int) rows,
            (int) columns,
            (int) samples,
            (int) (bits / 8),
            bits > 8 && isSwapped,
            planar,
            dataSet.number(Tag.PixelRepresentation).orElse(0L) == 1));
  }

  /// What is neither pixels nor a long value, and long all the same, becomes pieces.
  private CutPlan withLongHeadersCut() {
    List<Run> cut = new ArrayList<>();
    long at = 0;
    for (Run run : runs) {
      if (run.offset() - at >= BULK_BYTES_MIN) {
        cut.add(pieces(at, run.offset() - at));
      }
      cut.add(run);
      at = run.end();
    }
    if (lengthBytes - at >= BULK_BYTES_MIN) {
      cut.add(pieces(at, lengthBytes - at));
    }
    return new CutPlan(lengthBytes, cut, series);
  }

  long headerBytes() {
    return lengthBytes - runs.stream().mapToLong(Run::lengthBytes).sum();
  }
}
