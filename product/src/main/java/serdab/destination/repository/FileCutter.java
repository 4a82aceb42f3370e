package serdab.destination.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;

/// Cuts files into header and pieces while their bytes go by. One thread at a time.
///
/// A file's structure is told before its bytes, or found in its first 8 MiB. At most that much of a
/// file is held, besides the piece being filled.
final class FileCutter {

  /// A file whose structure nobody told is read so far before it is cut.
  static final int LOOKED_AT_BYTES = 8 << 20;

  private static final int SERIES_MAX = 10_000;

  private final BlobFeed feed;
  private final HeaderBlocks headers;
  private final Compression compression;
  private final Map<SeriesKey, SeriesChoice> choices = new HashMap<>();

  private long expectedBytes;
  private byte[] beginning = {};
  private int held;
  private @Nullable CutPlan plan;
  private List<Part> parts = new ArrayList<>();
  private int headerBlock;
  private int headerOffset;
  private long at;
  private int run;

  /// The piece being filled; empty between pieces.
  private byte[] piece = {};

  private int pieceLength;
  private int pieceFilled;
  private Optional<FrameShape> pieceShape = Optional.empty();

  FileCutter(BlobFeed feed, HeaderBlocks headers, Compression compression) {
    this.feed = feed;
    this.headers = headers;
    this.compression = compression;
  }

  private record SeriesKey(String series, FrameShape shape) {}

  /// What a file is made of, one after another.
  sealed interface Part {
    /// So many bytes of its header.
    record Header(long lengthBytes) implements Part {}

    record Piece(BlobFeed.Place place) implements Part {}
  }

  /// A file, cut.
  ///
  /// @param headerBlock the block its header is in
  /// @param headerOffset where in the block it begins
  /// @param parts what the file is made of
  /// @param lengthBytes how many bytes went by
  record Cut(int headerBlock, int headerOffset, List<Part> parts, long lengthBytes) {}

  /// Begins a file.
  ///
  /// @param lengthBytes how many bytes are expected
  void begin(long lengthBytes) {
    expectedBytes = lengthBytes;
    held = 0;
    plan = null;
    parts = new ArrayList<>(4);
    at = 0;
    run = 0;
    piece = new byte[0];
    pieceLength = 0;
    pieceFilled = 0;
  }

  /// Takes the structure of the file that was begun, before its first byte.
  void structure(DicomFile file) {
    try {
      cutBy(CutPlan.of(file, expectedBytes));
    } catch (IOException e) {
      // Whoever reads the file will find that it cannot be read.
      cutBy(CutPlan.plain(expectedBytes));
    }
  }

  private CutPlan cutBy(CutPlan found) {
    plan = found;
    headers.begin(found.headerBytes());
    headerBlock = headers.block();
    headerOffset = headers.length();
    return found;
  }

  void write(ByteBuffer bytes) {
    while (plan == null && bytes.hasRemaining()) {
      hold(bytes);
    }
    CutPlan known = plan;
    if (known != null) {
      cut(known, bytes);
    }
  }

  /// Holds bytes until there are enough to look at.
  private void hold(ByteBuffer bytes) {
    int wanted = (int) Math.min(LOOKED_AT_BYTES, Math.max(1, expectedBytes));
    if (beginning.length < wanted) {
      beginning = new byte[wanted];
    }
    int count = Math.min(bytes.remaining(), wanted - held);
    bytes.get(beginning, held, count);
    held += count;
    if (held == wanted) {
      lookAndCut();
    }
  }

  private void lookAndCut() {
    CutPlan found;
    try {
      found =
          CutPlan.of(DicomFile.read(new Beginning(beginning, held, expectedBytes)), expectedBytes);
    } catch (IOException e) {
      found = CutPlan.plain(expectedBytes);
    }
    cut(cutBy(found), ByteBuffer.wrap(beginning, 0, held));
    if (beginning.length > CutPlan.HEADER_BYTES_MAX) {
      beginning = new byte[0];
    }
  }

  private void cut(CutPlan known, ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      if (run < known.runs().size() && at >= known.runs().get(run).end()) {
        run++;
        continue;
      }
      if (at >= known.lengthBytes()) {
        // More than was told of: pieces, as nobody knows how much will come.
        fill(bytes, CutPlan.PIECE_BYTES, CutPlan.PIECE_BYTES, Optional.empty());
        continue;
      }
      if (run < known.runs().size() && at >= known.runs().get(run).offset()) {
        CutPlan.Run pieces = known.runs().get(run);
        int next = (int) Math.min(pieces.pieceBytes(), pieces.end() - at);
        fill(bytes, pieces.pieceBytes(), next, pieces.shape());
      } else {
        long until =
            run < known.runs().size() ? known.runs().get(run).offset() : known.lengthBytes();
        header(bytes, until - at);
      }
    }
  }

  private void header(ByteBuffer bytes, long wanted) {
    int count = (int) Math.min(bytes.remaining(), wanted);
    ByteBuffer part = bytes.slice(bytes.position(), count);
    bytes.position(bytes.position() + count);
    headers.add(part);
    at += count;
    if (!parts.isEmpty() && parts.getLast() instanceof Part.Header before) {
      parts.set(parts.size() - 1, new Part.Header(before.lengthBytes() + count));
    } else {
      parts.add(new Part.Header(count));
    }
  }

  /// @param next how long the piece will be, if one begins here
  private void fill(ByteBuffer bytes, int full, int next, Optional<FrameShape> shape) {
    if (pieceLength == 0) {
      piece = feed.buffer(next);
      pieceLength = next;
      pieceFilled = 0;
      pieceShape = next == full ? shape : shape.flatMap(whole -> whole.ofLength(next));
    }
    int count = Math.min(bytes.remaining(), pieceLength - pieceFilled);
    bytes.get(piece, pieceFilled, count);
    pieceFilled += count;
    at += count;
    if (pieceFilled == pieceLength) {
      endPiece();
    }
  }

  private void endPiece() {
    if (pieceLength == 0) {
      return;
    }
    // A file that ended too soon left a piece of another length than was planned.
    Optional<FrameShape> shape =
        pieceFilled == pieceLength
            ? pieceShape
            : pieceShape.flatMap(whole -> whole.ofLength(pieceFilled));
    BlobFeed.Kind kind =
        shape.isPresent()
            ? new BlobFeed.Kind.Pixels(shape.get(), choice(shape.get()))
            : new BlobFeed.Kind.Plain();
    parts.add(new Part.Piece(feed.add(piece, pieceFilled, kind)));
    piece = new byte[0];
    pieceLength = 0;
  }

  private SeriesChoice choice(FrameShape shape) {
    CutPlan known = plan;
    SeriesKey key = new SeriesKey(known == null ? "" : known.series(), shape.withRows(1));
    if (choices.size() >= SERIES_MAX && !choices.containsKey(key)) {
      choices.clear();
    }
    return choices.computeIfAbsent(key, _ -> new SeriesChoice(compression));
  }

  /// Ends the file.
  Cut end() {
    if (plan == null) {
      lookAndCut();
    }
    endPiece();
    return new Cut(headerBlock, headerOffset, List.copyOf(parts), at);
  }

  /// The beginning of a file whose length is known: behind what is held nothing can be read.
  private static final class Beginning implements ByteSource {

    private final byte[] bytes;
    private final int held;
    private final long lengthBytes;

    Beginning(byte[] bytes, int held, long lengthBytes) {
      this.bytes = bytes;
      this.held = held;
      this.lengthBytes = lengthBytes;
    }

    @Override
    public long lengthBytes() {
      return lengthBytes;
    }

    @Override
    public int read(long position, ByteBuffer target) {
      if (position >= held) {
        return -1;
      }
      int count = (int) Math.min(target.remaining(), held - position);
      target.put(bytes, (int) position, count);
      return count;
    }

    @Override
    public void close() {}
  }
}
