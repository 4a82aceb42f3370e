package serdab.dicom.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.testing.SharedData;

/// Fuzzes one target: `FuzzMain TARGET SECONDS SEED [KEEP]`, with TARGET `parser`,
/// `character-sets`, `inflater` or `dicomdir`, and a folder KEEP for inputs that showed something
/// new.
///
/// The work is done in a Java machine of its own with a heap of 256 MB, so that running out of it
/// is found. Ends with 0 when nothing failed, else with 1 and the name of the file that did it.
public final class FuzzMain {

  static final String HEAP = "-Xmx256m";

  private FuzzMain() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 3) {
      System.err.println(
          "usage: FuzzMain parser|character-sets|inflater|dicomdir SECONDS SEED [KEEP]");
      System.exit(2);
    }
    if (!Boolean.getBoolean("fuzz.inside")) {
      System.exit(inSmallHeap(ProcessBuilder.Redirect.INHERIT, arguments));
    }
    FuzzTarget target = FuzzTarget.of(arguments[0]);
    Duration time = Duration.ofSeconds(Long.parseLong(arguments[1]));
    long seed = Long.parseLong(arguments[2]);
    Optional<Path> keep =
        arguments.length > 3 ? Optional.of(Path.of(arguments[3])) : Optional.empty();
    Fuzzer.Result result = new Fuzzer(target, seed).run(seeds(target), time, keep);
    System.out.printf(
        "%s: %d inputs, %d new behaviours, seed %d%n",
        target.label(), result.inputs(), result.behaviours(), seed);
    if (result.failure().isPresent()) {
      System.out.println("FAILED on " + result.failure().get().input());
      result.failure().get().cause().printStackTrace(System.out);
      System.exit(1);
    }
    System.exit(0);
  }

  static int inSmallHeap(ProcessBuilder.Redirect output, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(HEAP);
    command.add("-XX:+UseSerialGC");
    command.add("-Dfuzz.inside=true");
    command.add("-Dserdab.checkout=" + SharedData.checkout());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(FuzzMain.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output)
        .start()
        .waitFor();
  }

  /// The kept corpus, and the real files where they are.
  static List<byte[]> seeds(FuzzTarget target) throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (Path folder : List.of(corpus(), SharedData.dicom())) {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.walk(folder)) {
          seeds.addAll(Fuzzer.seeds(target, files));
        }
      }
    }
    if (seeds.isEmpty()) {
      throw new IllegalStateException("there are no inputs to start from");
    }
    return seeds;
  }

  static Path corpus() {
    return SharedData.checkout().resolve("product/src/test/resources/fuzz-corpus");
  }
}
