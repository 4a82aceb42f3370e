package serdab.destination;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// Which bytes of many files a [SizeEstimator] looks at. One thread at a time.
///
/// The files are seen as one long row of bytes, in which marks stand at equal distances: the piece
/// around each mark is looked at, and stands for all bytes up to the next. The marks are so far
/// apart that a hundredth of the bytes is looked at when pieces have 512 KiB, and there are 500 of
/// them at least.
public final class SampleMarks {

  private static final double SHARE = 0.01;
  private static final double PIECE_BYTES = 512 << 10;
  private static final int MARKS_MIN = 500;

  private final double distance;
  private long bytes;
  private long files;
  private long looked;

  /// @param totalBytes the sum of the files' lengths
  public SampleMarks(long totalBytes) {
    distance = Math.max(1, Math.min(PIECE_BYTES / SHARE, (double) totalBytes / MARKS_MIN));
  }

  /// Takes in the next file; its place when there is a mark in it.
  public OptionalLong place(long lengthBytes) {
    long place = bytes;
    files++;
    bytes += lengthBytes;
    return position(firstMark(place)) < bytes ? OptionalLong.of(place) : OptionalLong.empty();
  }

  /// Where the marks of a file are, counted from its beginning. Each counts as looked at.
  public List<Long> in(long place, long lengthBytes) {
    List<Long> marks = new ArrayList<>();
    for (long number = firstMark(place); position(number) < place + lengthBytes; number++) {
      marks.add((long) position(number) - place);
    }
    looked += marks.size();
    return marks;
  }

  private double position(long number) {
    return (number + 0.5) * distance;
  }

  private long firstMark(long place) {
    return Math.max(0, (long) Math.ceil(place / distance - 0.5));
  }

  /// How many bytes one mark stands for.
  public double distance() {
    return distance;
  }

  /// How many bytes all files have.
  public long bytes() {
    return bytes;
  }

  public long files() {
    return files;
  }

  /// How many times as much is there as was looked at: files that nobody gave count like the
  /// others. 1 when nothing was.
  public double wholeOfLooked() {
    return looked == 0 ? 1 : (double) firstMark(bytes) / looked;
  }

  /// How long something takes for each byte, by its later half: at first code is slow that a run
  /// would soon have warm. One thread at a time.
  public static final class Pace {

    private final List<long[]> taken = new ArrayList<>();

    public void add(long lengthBytes, Instant begun, Instant ended) {
      taken.add(new long[] {lengthBytes, Duration.between(begun, ended).toNanos()});
    }

    /// In nanoseconds; 0 when nothing is known.
    public double nanosPerByte() {
      long length = 0;
      long nanos = 0;
      for (long[] one : taken.subList(taken.size() / 2, taken.size())) {
        length += one[0];
        nanos += one[1];
      }
      return length == 0 ? 0 : (double) nanos / length;
    }
  }
}
