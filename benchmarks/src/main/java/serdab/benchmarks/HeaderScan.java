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
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;

/// Header scans for each second of one core, side by side with dcmtk on the same files with a warm
/// cache: with dcmftest, which reads no further than the DICM prefix, and with dcmdump, which like
/// a scan reads everything in front of the pixels and shows a few attributes.
///
/// Seconds are those the processor worked for, user and system, so that a machine with other work
/// does not slow down what is measured; the time on the wall is printed beside.
///
/// usage: `HeaderScan DATA-DICOM-FOLDER [FILES]`, the folder being `shared/data/dicom`.
public final class HeaderScan {

  private static final int FILES = 5_000;
  private static final int ROUNDS = 9;
  private static final String DCMFTEST = "dcmftest";
  private static final String DCMDUMP =
      "dcmdump -q -M +sb 7fe0,0010 +P 0008,0018 +P 0020,000d +P 0020,000e +P 0010,0010 +P 0010,0020";
  private static final List<String> SERIES =
      List.of(
          "ct_dcm_qa_ct",
          "mr_siemens_dcm_qa_decubitus",
          "mr_uih_dcm_qa_uih",
          "mr_ge_siemens_dcm_qa_nih");

  private HeaderScan() {}

  /// Prints both rates and their ratio.
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path data = Path.of(arguments[0]);
    int count = arguments.length > 1 ? Integer.parseInt(arguments[1]) : FILES;
    Path folder = Files.createTempDirectory("header-scan");
    try {
      List<Path> files = fill(folder, data, count);
      double[] ours = new double[ROUNDS];
      double[] wall = new double[ROUNDS];
      double[] dcmftest = new double[ROUNDS];
      double[] dcmdump = new double[ROUNDS];
      // The rounds take turns, so that a busy moment of the machine meets both.
      for (int round = 0; round < ROUNDS; round++) {
        long begun = System.nanoTime();
        ours[round] = files.size() / scan(files);
        wall[round] = files.size() * 1e9 / (System.nanoTime() - begun);
        dcmftest[round] = files.size() / run(DCMFTEST, files);
        dcmdump[round] = files.size() / run(DCMDUMP, files);
      }
      System.out.printf(
          Locale.ROOT,
          "header scan  %,8.0f files/s of one core (median of %d; %,.0f on the wall)%n",
          median(ours),
          ROUNDS,
          median(wall));
      print("dcmftest", median(ours), median(dcmftest));
      print("dcmdump", median(ours), median(dcmdump));
    } finally {
      delete(folder);
    }
  }

  @SuppressWarnings("SystemOut")
  private static void print(String name, double ours, double theirs) {
    if (theirs > 0) {
      System.out.printf(
          Locale.ROOT,
          "%-12s %,8.0f files/s of one core; we read %.2f times as many%n",
          name,
          theirs,
          ours / theirs);
    } else {
      System.out.printf("%-12s not installed%n", name);
    }
  }

  /// Real files under many names: the disk is not what is measured.
  private static List<Path> fill(Path folder, Path data, int count) throws IOException {
    List<Path> originals = new ArrayList<>();
    for (String series : SERIES) {
      try (Stream<Path> walk = Files.walk(data.resolve(series))) {
        for (Path file : (Iterable<Path>) walk.filter(Files::isRegularFile).sorted()::iterator) {
          try (ByteSource source = ByteSource.open(file)) {
            if (DicomFile.scan(source).isDicom()) {
              Path copy = folder.resolve("original-" + originals.size());
              originals.add(Files.copy(file, copy));
            }
          }
        }
      }
    }
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path name = folder.resolve(String.format(Locale.ROOT, "%06d.dcm", i));
      files.add(Files.createLink(name, originals.get(i % originals.size())));
    }
    return files;
  }

  private static double scan(List<Path> files) throws IOException {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long begun = threads.getCurrentThreadCpuTime();
    long instances = 0;
    for (Path file : files) {
      try (ByteSource source = ByteSource.open(file)) {
        if (!DicomFile.scan(source).facts().sop().isEmpty()) {
          instances++;
        }
      }
    }
    double seconds = (threads.getCurrentThreadCpuTime() - begun) / 1e9;
    if (instances != files.size()) {
      throw new IllegalStateException(instances + " instances in " + files.size() + " files");
    }
    return seconds;
  }

  /// Processor seconds of a program over these files; infinite when it is not installed.
  private static double run(String program, List<Path> files)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of("sh", "-c", program + " \"$@\" >/dev/null 2>&1; echo $?; times", "sh"));
    files.forEach(file -> command.add(file.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines = process.inputReader().readAllLines();
    process.waitFor();
    // A shell says 127 when there is no such program; the last line is the time of its children.
    if (lines.getFirst().equals("127")) {
      return Double.POSITIVE_INFINITY;
    }
    double seconds = 0;
    for (String time : lines.getLast().split(" ", -1)) {
      int minutesEnd = time.indexOf('m');
      seconds +=
          60 * Double.parseDouble(time.substring(0, minutesEnd))
              + Double.parseDouble(time.substring(minutesEnd + 1, time.length() - 1));
    }
    return seconds;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
