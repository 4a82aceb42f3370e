package serdab.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Measures a backup into a ZIP tree, read-back included, beside `zip -r` and beside a
/// single-threaded export by Python's zipfile, all in one run on the same data; then how fast
/// `studies` answers.
///
/// The data is read once before, so that all find it in the page cache. Each starts from nothing.
/// Prints a table; `--record FILE COMMIT` also adds rows to a file of docs/proof. The exit code is
/// 1 when a bound is missed.
public final class SideBySide {

  private static final double TIME_BOUND = 0.2;
  private static final double SIZE_BOUND = 1.06;
  private static final Duration STUDIES_BOUND = Duration.ofMillis(500);
  private static final int STUDIES_TIMES = 7;

  private final Path checkout;
  private final Path data;
  private final Path scratch;

  private SideBySide(Path checkout, Path data, Path scratch) {
    this.checkout = checkout;
    this.data = data;
    this.scratch = scratch;
  }

  /// How long one took, and how many bytes its ZIPs have.
  private record Measured(Duration time, long sizeBytes) {}

  /// One line of the result.
  private record Row(String promise, String result, boolean kept) {}

  public static void main(String[] arguments) throws Exception {
    Path checkout = Path.of(arguments[0]).toAbsolutePath();
    Path data = Path.of(arguments[1]).toAbsolutePath();
    Path scratch = checkout.resolve("target/bench-out");
    delete(scratch);
    Files.createDirectories(scratch);
    try {
      List<Row> rows = new SideBySide(checkout, data, scratch).measure();
      if (arguments.length == 5 && arguments[2].equals("--record")) {
        record(Path.of(arguments[3]), arguments[4], rows);
      }
      System.exit(rows.stream().allMatch(Row::kept) ? 0 : 1);
    } finally {
      delete(scratch);
    }
  }

  private List<Row> measure() throws Exception {
    long dataBytes = readAll();
    System.out.printf(
        Locale.ROOT,
        "%d MB of data, %d processors%n",
        dataBytes / 1_000_000,
        Runtime.getRuntime().availableProcessors());
    List<Row> rows = new ArrayList<>();
    Measured serdab =
        timed(
            "serdab backup",
            "serdab",
            checkout + "/serdab",
            "backup",
            "--from",
            "folder:" + data,
            "--to",
            "zip:" + scratch.resolve("serdab"));
    rows.add(
        against(
            "zip -r",
            serdab,
            timed("zip -r", "zip", "zip", "-qr", scratch.resolve("zip/all.zip").toString(), ".")));
    rows.add(
        against(
            "Python zipfile, testzip",
            serdab,
            timed(
                "Python zipfile, testzip",
                "python",
                "python3",
                checkout + "/scripts/zip-baseline.py",
                data.toString(),
                scratch.resolve("python").toString())));
    rows.add(studies());
    return rows;
  }

  private Row against(String name, Measured ours, Measured theirs) {
    double time = (double) ours.time.toMillis() / theirs.time.toMillis();
    double size = (double) ours.sizeBytes / theirs.sizeBytes;
    boolean kept = time <= TIME_BOUND && size <= SIZE_BOUND;
    String result =
        String.format(
            Locale.ROOT,
            "%.1f s beside %.1f s: %.3f of the time (at most %.2f), %.3f of the size (at most %.2f)",
            seconds(ours.time),
            seconds(theirs.time),
            time,
            TIME_BOUND,
            size,
            SIZE_BOUND);
    System.out.println("beside " + name + ": " + result + (kept ? "" : "  MISSED"));
    return new Row("A ZIP tree of 0.9 GB beside " + name, result, kept);
  }

  private Row studies() throws Exception {
    run(
        checkout,
        checkout + "/serdab",
        "backup",
        "--from",
        checkout + "/examples/Horos Data",
        "--to",
        "zip:" + scratch.resolve("example"));
    run(checkout, checkout + "/serdab", "studies", "--json");
    List<Duration> times = new ArrayList<>();
    for (int i = 0; i < STUDIES_TIMES; i++) {
      long begun = System.nanoTime();
      run(checkout, checkout + "/serdab", "studies", "--json");
      times.add(Duration.ofNanos(System.nanoTime() - begun));
    }
    times.sort(Comparator.naturalOrder());
    Duration median = times.get(STUDIES_TIMES / 2);
    boolean kept = median.compareTo(STUDIES_BOUND) <= 0;
    String result =
        String.format(
            Locale.ROOT,
            "%.3f s (median of %d, slowest %.3f s; at most %.1f s)",
            seconds(median),
            STUDIES_TIMES,
            seconds(times.getLast()),
            seconds(STUDIES_BOUND));
    System.out.println("studies --json: " + result + (kept ? "" : "  MISSED"));
    return new Row("`./serdab studies --json` on the example", result, kept);
  }

  private Measured timed(String name, String folder, String... command) throws Exception {
    Path target = Files.createDirectories(scratch.resolve(folder));
    run(data, "sync");
    long begun = System.nanoTime();
    run(data, command);
    Measured measured =
        new Measured(Duration.ofNanos(System.nanoTime() - begun), sizeOfZips(target));
    System.out.printf(
        Locale.ROOT,
        "%-26s %7.1f s  %6d MB%n",
        name,
        seconds(measured.time),
        measured.sizeBytes / 1_000_000);
    delete(target);
    return measured;
  }

  private void run(Path folder, String... command) throws Exception {
    Path output = scratch.resolve("output");
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("SERDAB_HOME", scratch.resolve("home").toString());
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    if (process.waitFor() != 0) {
      throw new IOException(
          String.join(" ", command)
              + " ended with "
              + process.exitValue()
              + ":\n"
              + Files.readString(output));
    }
  }

  private long readAll() throws IOException {
    long sum = 0;
    byte[] buffer = new byte[1 << 20];
    for (Path file : filesBelow(data)) {
      try (var in = Files.newInputStream(file)) {
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          sum += n;
        }
      }
    }
    return sum;
  }

  private static long sizeOfZips(Path folder) throws IOException {
    long sum = 0;
    for (Path file : filesBelow(folder)) {
      if (file.toString().endsWith(".zip")) {
        sum += Files.size(file);
      }
    }
    return sum;
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void record(Path table, String commit, List<Row> rows) throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(table));
    Map<String, String> notYet = new TreeMap<>();
    notYet.put("A ZIP tree of 0.9 GB beside zip -r", "`zip -r`");
    notYet.put("A ZIP tree of 0.9 GB beside Python zipfile, testzip", "Python zipfile");
    notYet.put("`./serdab studies --json` on the example", "studies --json");
    for (Row row : rows) {
      String mark = notYet.get(row.promise);
      lines.removeIf(line -> line.contains("| Not yet |") && mark != null && line.contains(mark));
      lines.add(
          "| "
              + row.promise
              + " | `./dev prove speed` | "
              + row.result
              + (row.kept ? "" : " **missed**")
              + " | "
              + commit
              + " |");
    }
    Files.write(table, lines);
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
