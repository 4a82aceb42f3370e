package serdab.destination.repository;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.Sha256;
import serdab.destination.SampleMarks;
import serdab.destination.SizeEstimator;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.repository.Repository;

/// Tells from a sample what files would take in a repository, and how long the computing would
/// last. One thread at a time.
///
/// Pieces around [SampleMarks] are encoded. What is there twice is noticed only where both are
/// looked at, and what the repository holds already is not known, so a backup may take less.
public final class Estimator implements SizeEstimator {

  /// What manifests say of one file, compressed, as measured on CT: 23 kB for 92 files.
  private static final int FILE_BYTES = 250;

  private final Coders coders;
  private final int parallelism;
  private final InstantSource clock;
  private final SampleMarks marks;
  private final Map<String, SeriesChoice> choices = new HashMap<>();
  private final Map<Sha256, Long> seen = new HashMap<>();
  private final ByteArrayOutputStream headers = new ByteArrayOutputStream();
  private long headerBytes;
  private long storedHeaderBytes;
  private long headerMarks;
  private double storedBytes;
  private final SampleMarks.Pace reading = new SampleMarks.Pace();
  private final SampleMarks.Pace computing = new SampleMarks.Pace();

  /// @param totalBytes the sum of the files' lengths
  /// @param parallelism how many threads a run would compute on
  /// @param clock tells how long encoding takes
  public Estimator(long totalBytes, Compression compression, int parallelism, InstantSource clock) {
    this.coders = new Coders(Runnable::run, 1, compression, Repository.READER);
    this.parallelism = parallelism;
    this.clock = clock;
    this.marks = new SampleMarks(totalBytes);
  }

  @Override
  public OptionalLong place(long lengthBytes) {
    return marks.place(lengthBytes);
  }

  @Override
  public void sample(long place, ByteSource source) throws IOException {
    CutPlan plan = CutPlan.of(DicomFile.read(source), source.lengthBytes());
    addHeader(source, plan);
    long lastPiece = -1;
    double lastStored = 0;
    for (long at : marks.in(place, source.lengthBytes())) {
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
      storedBytes += marks.distance() * lastStored;
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
        headerBytes == 0 ? 0 : headerMarks * marks.distance() * storedHeaderBytes / headerBytes;
    double nanos =
        Math.max(reading.nanosPerByte(), computing.nanosPerByte() / parallelism) * marks.bytes();
    return new Estimate(
        marks.bytes(),
        Math.round(
            (storedBytes + ofHeaders) * marks.wholeOfLooked()
                + (double) marks.files() * FILE_BYTES),
        Duration.ofNanos(Math.round(nanos)));
  }

  @Override
  public void close() {
    coders.close();
  }
}
