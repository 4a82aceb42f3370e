package serdab.destination;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.OptionalLong;
import serdab.dicom.ByteSource;
import serdab.ziptree.EntryLength;

/// Tells from a sample what files would take as ZIPs, and how long the computing would last. One
/// thread at a time.
final class ZipSizeEstimator implements SizeEstimator {

  private final SampleMarks marks;
  private final EntryLength entries;
  private final int parallelism;
  private final InstantSource clock;
  private final SampleMarks.Pace reading = new SampleMarks.Pace();
  private final SampleMarks.Pace computing = new SampleMarks.Pace();
  private double storedBytes;

  /// @param totalBytes the sum of the files' lengths
  /// @param jpegLs whether images that can be are stored as JPEG-LS
  /// @param parallelism how many threads a run would compute on
  /// @param clock tells how long encoding takes
  ZipSizeEstimator(long totalBytes, boolean jpegLs, int parallelism, InstantSource clock) {
    this.marks = new SampleMarks(totalBytes);
    this.entries = new EntryLength(jpegLs);
    this.parallelism = parallelism;
    this.clock = clock;
  }

  @Override
  public OptionalLong place(long lengthBytes) {
    return marks.place(lengthBytes);
  }

  @Override
  public void sample(long place, ByteSource source) throws IOException {
    long length = source.lengthBytes();
    boolean whole = entries.wantsWhole(length);
    long lastPiece = -1;
    double lastStored = 0;
    for (long at : marks.in(place, length)) {
      long piece = whole ? 0 : at / EntryLength.PIECE_BYTES * EntryLength.PIECE_BYTES;
      if (piece != lastPiece) {
        lastPiece = piece;
        int count = (int) (whole ? length : Math.min(EntryLength.PIECE_BYTES, length - piece));
        lastStored = stored(read(source, piece, count), whole);
      }
      storedBytes += marks.distance() * lastStored;
    }
  }

  /// What becomes of a byte.
  private double stored(byte[] raw, boolean whole) {
    if (raw.length == 0) {
      return 0;
    }
    Instant begun = clock.instant();
    long stored = whole ? entries.ofFile(raw) : entries.ofPiece(raw);
    computing.add(raw.length, begun, clock.instant());
    return (double) stored / raw.length;
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
    double nanos =
        Math.max(reading.nanosPerByte(), computing.nanosPerByte() / parallelism) * marks.bytes();
    return new Estimate(
        marks.bytes(),
        Math.round(
            storedBytes * marks.wholeOfLooked() + (double) marks.files() * EntryLength.FILE_BYTES),
        Duration.ofNanos(Math.round(nanos)));
  }

  @Override
  public void close() {
    // Holds memory only.
  }
}
