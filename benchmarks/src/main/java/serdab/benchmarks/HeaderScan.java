package serdab.benchmarks;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;

/// Header scans for each second of one core, side by side with dcmtk's dcmftest on the same files with
/// a warm cache.
///
/// usage: `HeaderScan DATA-DICOM-FOLDER [FILES]`, the folder being `shared/data/dicom`.
public final class HeaderScan {

  private static final int FILES = 5_000;
  private static final int ROUNDS = 9;
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
      double[] theirs = new double[ROUNDS];
      // The rounds take turns, so that a busy moment of the machine meets both.
      for (int round = 0; round < ROUNDS; round++) {
        ours[round] = files.size() / scan(files);
        theirs[round] = files.size() / dcmftest(files);
      }
      System.out.printf(
          Locale.ROOT, "header scan  %,8.0f files/s (median of %d)%n", median(ours), ROUNDS);
      if (theirs[0] > 0) {
        System.out.printf(Locale.ROOT, "dcmftest     %,8.0f files/s%n", median(theirs));
        System.out.printf(Locale.ROOT, "ratio        %8.2f%n", median(ours) / median(theirs));
      } else {
        System.out.println("dcmftest     not installed");
      }
    } finally {
      delete(folder);
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
    long begun = System.nanoTime();
    long instances = 0;
    for (Path file : files) {
      try (ByteSource source = ByteSource.open(file)) {
        if (!DicomFile.scan(source).facts().sop().isEmpty()) {
          instances++;
        }
      }
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    if (instances != files.size()) {
      throw new IllegalStateException(instances + " instances in " + files.size() + " files");
    }
    return seconds;
  }

  private static double dcmftest(List<Path> files) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("dcmftest"));
    files.forEach(file -> command.add(file.toString()));
    long begun = System.nanoTime();
    try {
      new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return Double.POSITIVE_INFINITY;
    }
    return (System.nanoTime() - begun) / 1e9;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path directory, @org.jspecify.annotations.Nullable IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
