package serdab.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import serdab.ziptree.Deflate;

/// Compares [Deflate] with the JDK's deflater on the files of folders.
///
/// Arguments: the folders, each measured on its own. Rates are megabytes of uncompressed data per
/// second of one core's time, the best of a few rounds. The first lines are of the cold virtual
/// machine: each method once over the first 100 MB.
public final class DeflateBench {

  private static final long LENGTH_MAX = 256L << 20;
  private static final long COLD_LENGTH = 100_000_000;
  private static final int ROUNDS = 5;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private DeflateBench() {}

  public static void main(String[] folders) throws IOException, DataFormatException {
    boolean cold = true;
    for (String folder : folders) {
      List<byte[]> files = read(Path.of(folder), LENGTH_MAX);
      System.out.printf(
          Locale.ROOT, "%s: %d files, %d bytes%n", folder, files.size(), lengthOf(files));
      if (cold) {
        cold = false;
        measureCold(files);
      }
      for (int level : new int[] {1, 2, 3, 6}) {
        try (Deflater deflater = new Deflater(level, true)) {
          measure("JDK level " + level, files, (in, out) -> jdkDeflate(deflater, in, out));
        }
      }
      Deflate deflate = new Deflate();
      measure("ours", files, (in, out) -> deflate.compressPart(in, 0, 0, in.length, true, out, 0));
    }
  }

  /// What compresses or decompresses the whole of one array into another and gives the length.
  private interface Codec {
    int code(byte[] in, byte[] out) throws DataFormatException;
  }

  private static void measureCold(List<byte[]> all) throws DataFormatException {
    List<byte[]> files = new ArrayList<>();
    for (byte[] file : all) {
      if (lengthOf(files) < COLD_LENGTH) {
        files.add(file);
      }
    }
    Deflate deflate = new Deflate();
    List<byte[]> compressed = new ArrayList<>();
    long start = System.nanoTime();
    long cpu =
        run(
            files,
            compressed,
            Deflate.bound(longest(files)),
            (in, out) -> deflate.compressPart(in, 0, 0, in.length, true, out, 0));
    sayCold("ours deflate", files, cpu, System.nanoTime() - start);
  }

  private static void sayCold(String name, List<byte[]> files, long cpu, long wall) {
    System.out.printf(
        Locale.ROOT,
        "  cold, %-14s %5.0f MB/s (%.0f MB/s of wall time)%n",
        name,
        rate(files, cpu),
        rate(files, wall));
  }

  private static void measure(String name, List<byte[]> files, Codec codec)
      throws DataFormatException {
    List<byte[]> compressed = new ArrayList<>();
    long deflating = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      compressed.clear();
      deflating = Math.min(deflating, run(files, compressed, Deflate.bound(longest(files)), codec));
    }
    long theirs = Long.MAX_VALUE;
    try (Inflater inflater = new Inflater(true)) {
      for (int round = 0; round < ROUNDS; round++) {
        theirs =
            Math.min(
                theirs, inflated(files, compressed, (in, out) -> jdkInflate(inflater, in, out)));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "  %-12s ratio %.3f, deflate %4.0f MB/s; the JDK inflates it at %4.0f MB/s%n",
        name,
        (double) lengthOf(files) / lengthOf(compressed),
        rate(files, deflating),
        rate(files, theirs));
  }

  /// Codes every file and gives the time it took this thread, in nanoseconds.
  private static long run(List<byte[]> files, List<byte[]> coded, int room, Codec codec)
      throws DataFormatException {
    byte[] out = new byte[room];
    long nanos = 0;
    for (byte[] file : files) {
      long start = THREADS.getCurrentThreadCpuTime();
      int length = codec.code(file, out);
      nanos += THREADS.getCurrentThreadCpuTime() - start;
      coded.add(Arrays.copyOf(out, length));
    }
    return nanos;
  }

  private static long inflated(List<byte[]> files, List<byte[]> compressed, Codec codec)
      throws DataFormatException {
    byte[] out = new byte[longest(files)];
    long nanos = 0;
    for (int i = 0; i < files.size(); i++) {
      long start = THREADS.getCurrentThreadCpuTime();
      int length = codec.code(compressed.get(i), out);
      nanos += THREADS.getCurrentThreadCpuTime() - start;
      if (!Arrays.equals(out, 0, length, files.get(i), 0, files.get(i).length)) {
        throw new IllegalStateException("file " + i + " did not come back");
      }
    }
    return nanos;
  }

  private static int jdkDeflate(Deflater deflater, byte[] in, byte[] out) {
    deflater.reset();
    deflater.setInput(in);
    deflater.finish();
    int length = deflater.deflate(out);
    if (!deflater.finished()) {
      throw new IllegalStateException("longer than our bound");
    }
    return length;
  }

  private static int jdkInflate(Inflater inflater, byte[] in, byte[] out)
      throws DataFormatException {
    inflater.reset();
    inflater.setInput(in);
    return inflater.inflate(out);
  }

  private static List<byte[]> read(Path folder, long lengthMax) throws IOException {
    List<Path> paths;
    try (var walk = Files.walk(folder)) {
      paths = walk.filter(Files::isRegularFile).sorted().toList();
    }
    List<byte[]> files = new ArrayList<>();
    long length = 0;
    for (Path path : paths) {
      length += Files.size(path);
      if (length > lengthMax) {
        break;
      }
      files.add(Files.readAllBytes(path));
    }
    return files;
  }

  private static long lengthOf(List<byte[]> files) {
    return files.stream().mapToLong(file -> file.length).sum();
  }

  private static int longest(List<byte[]> files) {
    return files.stream().mapToInt(file -> file.length).max().orElse(0);
  }

  private static double rate(List<byte[]> files, long nanos) {
    return lengthOf(files) * 1e3 / Math.max(1, nanos);
  }
}
