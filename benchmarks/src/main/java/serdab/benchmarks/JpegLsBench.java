package serdab.benchmarks;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;
import serdab.dicom.codec.FrameFormat;
import serdab.dicom.codec.Interleave;
import serdab.dicom.codec.JpegLsChecker;
import serdab.dicom.codec.JpegLsDecoder;
import serdab.dicom.codec.JpegLsEncoder;
import serdab.dicom.codec.MedianShuffle;
import serdab.dicom.codec.SampleRange;

/// Megabytes (10^6) of raw pixels that one core codes in a second, of frames that are in memory.
///
/// Seconds are those that the coding thread worked for, so that a machine with other work does not
/// slow down what is measured. The cold row is the first time through in a fresh process, by
/// itself. Each frame is compared after decoding.
///
/// usage: `JpegLsBench FOLDER [MEGABYTES] [ROUNDS]`: uncompressed 16-bit images of one sample per
/// pixel
public final class JpegLsBench {

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Frame(byte[] raw, FrameFormat format, boolean signed) {}

  private static final int FAST_LEVEL = 1;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final List<Frame> frames = new ArrayList<>();
  private final List<byte[]> streams = new ArrayList<>();
  private long rawBytes;

  private JpegLsBench() {}

  public static void main(String[] arguments) throws IOException {
    JpegLsBench bench = new JpegLsBench();
    long most = arguments.length > 1 ? Long.parseLong(arguments[1]) * 1_000_000 : Long.MAX_VALUE;
    int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 7;
    bench.load(Path.of(arguments[0]).toRealPath(), most);
    bench.cold();
    bench.warm(rounds);
  }

  private void load(Path folder, long most) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    // Taken from all over the folder, so that a part is like the whole.
    long all = 0;
    for (Path file : files) {
      all += Files.size(file);
    }
    double share = Math.min(1, (double) most / all);
    double due = 0;
    for (Path file : files) {
      due += share;
      if (due >= 1) {
        due -= 1;
        try (ByteSource source = ByteSource.open(file)) {
          load(source);
        }
      }
    }
    System.out.printf(Locale.ROOT, "%d frames, %.1f MB raw%n", frames.size(), rawBytes / 1e6);
  }

  private void load(ByteSource source) throws IOException {
    DicomFile file = DicomFile.read(source);
    DataSet data = file.dataSet();
    int at = data.indexOf(Tag.PixelData);
    if (!file.isDicom()
        || at < 0
        || data.isEncapsulated(at)
        || data.isBigEndian(at)
        || number(data, Tag.BitsAllocated, 0) != 16
        || number(data, Tag.SamplesPerPixel, 1) != 1) {
      return;
    }
    int rows = number(data, Tag.Rows, 0);
    int columns = number(data, Tag.Columns, 0);
    int length = rows * columns * 2;
    boolean signed = number(data, Tag.PixelRepresentation, 0) == 1;
    for (long offset = 0; length > 0 && offset + length <= data.valueLength(at); offset += length) {
      byte[] raw = new byte[length];
      if (data.read(at, offset, ByteBuffer.wrap(raw)) < length) {
        return;
      }
      SampleRange range = SampleRange.of(raw, 0, length, 2, signed);
      boolean shifted = range.lowest() < 0;
      int bits = Math.max(9, shifted ? range.bitsWithOffset() : range.bits());
      frames.add(
          new Frame(
              raw,
              new FrameFormat(rows, columns, 1, bits, false, shifted ? -range.lowest() : 0),
              signed));
      rawBytes += length;
    }
  }

  private static int number(DataSet data, int tag, int otherwise) throws IOException {
    return data.number(tag).map(Long::intValue).orElse(otherwise);
  }

  private void cold() {
    long begun = THREADS.getCurrentThreadCpuTime();
    long wall = System.nanoTime();
    JpegLsEncoder encoder = new JpegLsEncoder();
    long done = 0;
    long compressed = 0;
    StringBuilder marks = new StringBuilder();
    double mark = 0.25;
    for (Frame frame : frames) {
      int length = encoder.encode(frame.raw(), 0, frame.format(), Interleave.NONE);
      streams.add(Arrays.copyOf(encoder.stream(), length));
      compressed += length;
      done += frame.raw().length;
      double seconds = (System.nanoTime() - wall) / 1e9;
      if (seconds >= mark && mark < 3) {
        marks.append(String.format(Locale.ROOT, " %.2f s: %.1f MB", seconds, done / 1e6));
        mark *= 2;
      }
    }
    print("encode, cold", begun);
    System.out.println("   after" + marks + ", ratio " + (double) rawBytes / compressed);
    begun = THREADS.getCurrentThreadCpuTime();
    wall = System.nanoTime();
    done = 0;
    marks.setLength(0);
    mark = 0.25;
    JpegLsDecoder decoder = new JpegLsDecoder();
    byte[] out = new byte[0];
    for (int i = 0; i < frames.size(); i++) {
      Frame frame = frames.get(i);
      if (out.length != frame.raw().length) {
        out = new byte[frame.raw().length];
      }
      byte[] stream = streams.get(i);
      decoder.decode(stream, 0, stream.length, frame.format(), out, 0);
      requireSame(i, Arrays.equals(out, frame.raw()));
      done += frame.raw().length;
      double seconds = (System.nanoTime() - wall) / 1e9;
      if (seconds >= mark && mark < 3) {
        marks.append(String.format(Locale.ROOT, " %.2f s: %.1f MB", seconds, done / 1e6));
        mark *= 2;
      }
    }
    print("decode, cold", begun);
    System.out.println("   after" + marks);
  }

  private void warm(int rounds) {
    JpegLsEncoder encoder = new JpegLsEncoder();
    JpegLsDecoder decoder = new JpegLsDecoder();
    double[] encoding = new double[rounds];
    double[] decoding = new double[rounds];
    JpegLsChecker checker = new JpegLsChecker();
    double[] checking = new double[rounds];
    double[] filtering = new double[rounds];
    double[] turning = new double[rounds];
    int longest = frames.stream().mapToInt(frame -> frame.raw().length).max().orElse(0);
    byte[] filtered = new byte[longest];
    byte[] out = new byte[longest];
    for (int round = 0; round < rounds; round++) {
      long begun = THREADS.getCurrentThreadCpuTime();
      for (Frame frame : frames) {
        encoder.encode(frame.raw(), 0, frame.format(), Interleave.NONE);
      }
      encoding[round] = rate(begun);
      begun = THREADS.getCurrentThreadCpuTime();
      for (int i = 0; i < frames.size(); i++) {
        byte[] stream = streams.get(i);
        decoder.decode(stream, 0, stream.length, frames.get(i).format(), out, 0);
      }
      decoding[round] = rate(begun);
      begun = THREADS.getCurrentThreadCpuTime();
      for (int i = 0; i < frames.size(); i++) {
        byte[] stream = streams.get(i);
        Frame frame = frames.get(i);
        if (!checker.matches(stream, 0, stream.length, frame.format(), frame.raw(), 0)) {
          throw new IllegalStateException("frame " + i + " is another");
        }
      }
      checking[round] = rate(begun);
      begun = THREADS.getCurrentThreadCpuTime();
      for (Frame frame : frames) {
        filter(frame).forward(frame.raw(), 0, filtered, 0);
      }
      filtering[round] = rate(begun);
      begun = THREADS.getCurrentThreadCpuTime();
      for (Frame frame : frames) {
        filter(frame).inverse(filtered, 0, out, 0);
      }
      turning[round] = rate(begun);
    }
    print("encode", encoding);
    print("decode", decoding);
    print("check", checking);
    print("median-shuffle", filtering);
    print("median-shuffle back", turning);
    warmFast(rounds);
  }

  /// The second tier: the filter and zstd at the level that a repository takes.
  private void warmFast(int rounds) {
    double[] packing = new double[rounds];
    double[] unpacking = new double[rounds];
    byte[] filtered = new byte[longestFrame()];
    byte[] packed = new byte[(int) Zstd.compressBound(filtered.length)];
    byte[] out = new byte[filtered.length];
    long stored = 0;
    for (int round = 0; round < rounds; round++) {
      List<byte[]> all = new ArrayList<>();
      stored = 0;
      long begun = THREADS.getCurrentThreadCpuTime();
      for (Frame frame : frames) {
        filter(frame).forward(frame.raw(), 0, filtered, 0);
        long length =
            Zstd.compressByteArray(
                packed, 0, packed.length, filtered, 0, frame.raw().length, FAST_LEVEL);
        all.add(Arrays.copyOf(packed, (int) length));
        stored += length;
      }
      packing[round] = rate(begun);
      begun = THREADS.getCurrentThreadCpuTime();
      for (int i = 0; i < frames.size(); i++) {
        Frame frame = frames.get(i);
        byte[] one = all.get(i);
        Zstd.decompressByteArray(filtered, 0, frame.raw().length, one, 0, one.length);
        filter(frame).inverse(filtered, 0, out, 0);
        int length = frame.raw().length;
        requireSame(i, Arrays.equals(out, 0, length, frame.raw(), 0, length));
      }
      unpacking[round] = rate(begun);
    }
    print("fast tier", packing);
    print("fast tier back", unpacking);
    System.out.printf(Locale.ROOT, "   ratio %.2f%n", (double) rawBytes / stored);
  }

  private int longestFrame() {
    return frames.stream().mapToInt(frame -> frame.raw().length).max().orElse(0);
  }

  private static void requireSame(int frame, boolean same) {
    if (!same) {
      throw new IllegalStateException("frame " + frame + " came back different");
    }
  }

  private static MedianShuffle filter(Frame frame) {
    return new MedianShuffle(frame.format().rows(), frame.format().columns(), 1, 2, frame.signed());
  }

  private double rate(long begun) {
    return rawBytes * 1e3 / (THREADS.getCurrentThreadCpuTime() - begun);
  }

  private void print(String what, long begun) {
    System.out.printf(Locale.ROOT, "%-20s %7.1f MB/s of one core%n", what, rate(begun));
  }

  private static void print(String what, double[] rates) {
    double[] sorted = rates.clone();
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%-20s %7.1f MB/s of one core (median of %d, %.1f to %.1f)%n",
        what,
        sorted[sorted.length / 2],
        sorted.length,
        sorted[0],
        sorted[sorted.length - 1]);
  }
}
