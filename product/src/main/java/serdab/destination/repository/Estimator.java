package serdab.destination.repository;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.Sha256;
import serdab.destination.SizeEstimator;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;

/// Tells from a sample what files would take in a repository, and how long the computing would
/// last. One thread at a time.
///
/// The files are seen as one long row of bytes, in which marks stand at equal distances: the piece
/// around each mark is encoded, and stands for all bytes up to the next. The marks are so far apart
/// that a hundredth of the bytes is looked at when pieces have 512 KiB, and there are 500 of them
/// at least. What is there twice is noticed only where both are looked at, and what the repository
/// holds already is not known, so a backup may take less.
public final class Estimator implements SizeEstimator {

  private static final double SHARE = 0.01;
  private static final double PIECE_BYTES = 512 << 10;
  private static final int MARKS_MIN = 500;

  /// What manifests say of one file, compressed, as measured on CT: 23 kB for 92 files.
  private static final int FILE_BYTES = 250;

  private final Coders coders;
  private final int parallelism;
  private final InstantSource clock;
  private final double distance;
  private final Map<String, SeriesChoice> choices = new HashMap<>();
  private final Map<Sha256, Long> seen = new HashMap<>();
  private final ByteArrayOutputStream headers = new ByteArrayOutputStream();
  private long headerBytes;
  private long storedHeaderBytes;
  private long headerMarks;
  private long bytes;
  private long files;
  private double storedBytes;
  private long marks;
  private final Pace reading = new Pace();
  private final Pace computing = new Pace();

  /// @param totalBytes the sum of the files' lengths
  /// @param parallelism how many threads a run would compute on
  /// @param clock tells how long encoding takes
  public Estimator(long totalBytes, Compression compression, int parallelism, InstantSource clock) {
    this.coders = new Coders(Runnable::run, 1, compression);
    this.parallelism = parallelism;
    this.clock = clock;
    this.distance = Math.max(1, Math.min(PIECE_BYTES / SHARE, (double) totalBytes / MARKS_MIN));
  }

  @Override
  public OptionalLong place(long lengthBytes) {
    long place = bytes;
    files++;
    bytes += lengthBytes;
    return mark(firstMark(place)) < bytes ? OptionalLong.of(place) : OptionalLong.empty();
  }

  private double mark(long number) {
    return (number + 0.5) * distance;
  }

  private long firstMark(long place) {
    return Math.max(0, (long) Math.ceil(place / distance - 0.5));
  }

  @Override
  public void sample(long place, ByteSource source) throws IOException {
    CutPlan plan = CutPlan.of(DicomFile.read(source), source.lengthBytes());
    addHeader(source, plan);
    long end = place + source.lengthBytes();
    long lastPiece = -1;
    double lastStored = 0;
    for (long number = firstMark(place); mark(number) < end; number++) {
      marks++;
      long at = (long) mark(number) - place;
      Optional<CutPlan.Run> run =
          plan.runs().stream().filter(r -> at >= r.offset() && at < r.end()).findFirst();
      if (run.isEmpty()) {
        headerMarks++;
        continue;
      }
      CutPlan.Run pieces = run.get();
      long piece =
          pieces.offset() + (at - pieces.offset()) / pieces.pieceBytes() * pieces.pieceBytes();
      if (piece != lastPiece) {
        int count = (int) Math.min(pieces.pieceBytes(), pieces.end() - piece);
        lastPiece = piece;
        lastStored = stored(read(source, piece, count), pieces, plan.series(), place + piece);
      }
      storedBytes += distance * lastStored;
    }
  }

  /// What becomes of a byte of a piece.
  private double stored(byte[] raw, CutPlan.Run run, String series, long place) {
    Long sooner = seen.putIfAbsent(Sha256.digest(raw), place);
    if (raw.length == 0 || (sooner != null && sooner != place)) {
      return 0;
    }
    Instant begun = clock.instant();
    Optional<FrameShape> shape = run.shape().flatMap(whole -> whole.ofLength(raw.length));
    Encoded encoded =
        shape.isPresent()
            ? Coders.result(
                    choices
                        .computeIfAbsent(
                            series + shape.get().withRows(1),
                            _ -> new SeriesChoice(coders.compression()))
                        .begin(coders, raw, raw.length, shape.get()))
                .best()
            : coders.with(coder -> coder.plain(raw, raw.length));
    computing.add(raw.length, begun, clock.instant());
    return (double) encoded.lengthBytes() / raw.length;
  }

  /// Headers shrink together, so those of all files that are looked at are kept until there is a
  /// block of them.
  private void addHeader(ByteSource source, CutPlan plan) throws IOException {
    long at = 0;
    for (CutPlan.Run run : plan.runs()) {
      headers.writeBytes(read(source, at, (int) (run.offset() - at)));
      at = run.end();
    }
    headers.writeBytes(read(source, at, (int) (plan.lengthBytes() - at)));
    if (headers.size() >= CutPlan.HEADER_BYTES_MAX) {
      endHeaders();
    }
  }

  private void endHeaders() {
    byte[] block = headers.toByteArray();
    headers.reset();
    if (block.length > 0) {
      headerBytes += block.length;
      storedHeaderBytes +=
          coders.with(coder -> coder.header(block, block.length, HeaderBlocks.LEVEL)).lengthBytes();
    }
  }

  private byte[] read(ByteSource source, long from, int count) throws IOException {
    Instant begun = clock.instant();
    ByteBuffer into = ByteBuffer.allocate(count);
    while (into.hasRemaining() && source.read(from + into.position(), into) > 0) {
      // Read on.
    }
    reading.add(into.position(), begun, clock.instant());
    return Arrays.copyOf(into.array(), into.position());
  }

  @Override
  public Estimate estimate() {
    endHeaders();
    double ofHeaders =
        headerBytes == 0 ? 0 : headerMarks * distance * storedHeaderBytes / headerBytes;
    // Marks of files that nobody gave count like the others.
    double all = marks == 0 ? 1 : (double) firstMark(bytes) / marks;
    double nanos = Math.max(reading.nanosPerByte(), computing.nanosPerByte() / parallelism) * bytes;
    return new Estimate(
        bytes,
        Math.round((storedBytes + ofHeaders) * all + (double) files * FILE_BYTES),
        Duration.ofNanos(Math.round(nanos)));
  }

  /// How long something takes for each byte, by its later half: at first code is slow that a run
  /// would soon have warm.
  private static final class Pace {

    private final List<long[]> taken = new ArrayList<>();

    void add(long lengthBytes, Instant begun, Instant ended) {
      taken.add(new long[] {lengthBytes, Duration.between(begun, ended).toNanos()});
    }

    double nanosPerByte() {
      long length = 0;
      long nanos = 0;
      for (long[] one : taken.subList(taken.size() / 2, taken.size())) {
        length += one[0];
        nanos += one[1];
      }
      return length == 0 ? 0 : (double) nanos / length;
    }
  }

  @Override
  public void close() {
    coders.close();
  }
}
