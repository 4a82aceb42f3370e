package serdab.catalogue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.dicom.StudyKey;

/// Works on a catalogue in a process of its own, so that it can be killed, starved or raced.
final class CatalogueProgram {

  static final int INSTANCES = 300;
  static final int FINDINGS = 20;
  private static final long SECONDS_MAX = 60;

  private CatalogueProgram() {}

  /// A program that was started.
  static final class Running implements AutoCloseable {

    private final Process process;
    private final BufferedReader lines;

    private Running(Process process) {
      this.process = process;
      this.lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    void awaitLine(String expected) throws IOException {
      String line = lines.readLine();
      if (!expected.equals(line)) {
        throw new AssertionError("expected \"" + expected + "\", not \"" + line + "\"");
      }
    }

    void awaitLines(int count) throws IOException {
      for (int i = 0; i < count; i++) {
        if (lines.readLine() == null) {
          throw new AssertionError("the program ended by itself");
        }
      }
    }

    /// Ends it at once, as `kill -9` does.
    void kill() {
      process.destroyForcibly().onExit().join();
    }

    void awaitSuccess() throws InterruptedException {
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError("the program failed");
      }
    }

    @Override
    public void close() {
      kill();
    }
  }

  /// @param heapMegabytes its largest heap
  /// @param database `file PATH`, or `postgres URL USER PASSWORD`
  static Running start(int heapMegabytes, List<String> database, String... what)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx" + heapMegabytes + "m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            CatalogueProgram.class.getName()));
    command.addAll(database);
    command.addAll(List.of(what));
    return new Running(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  public static void main(String[] args) throws IOException {
    List<String> rest = new ArrayList<>(List.of(args));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (Catalogue catalogue = open(rest)) {
      switch (rest.removeFirst()) {
        case "record-versions" -> recordVersions(catalogue, new StudyKey(rest.getFirst()), out);
        case "is-mapped" -> {
          catalogue.rememberFact("opened", "yes");
          out.println(
              "mapped " + Files.readString(Path.of("/proc/self/maps")).contains(rest.getFirst()));
        }
        case "fail" -> {
          int times = Integer.parseInt(rest.getLast());
          for (int i = 0; i < times; i++) {
            catalogue.recordFailure(
                CatalogueContract.SOURCE, new StudyKey(rest.getFirst()), "x", Instant.EPOCH);
          }
        }
        case "count-studies" -> {
          try (Stream<StudyRow> studies = catalogue.studies();
              Stream<StudyRow> ofSource = catalogue.studies(CatalogueContract.SOURCE)) {
            // Mapped, because a plain count may skip reading the rows.
            long all =
                studies
                    .mapToLong(row -> row.facts().key().value().length())
                    .filter(l -> l > 0)
                    .count();
            long some =
                ofSource
                    .mapToLong(row -> row.facts().key().value().length())
                    .filter(l -> l > 0)
                    .count();
            out.println("studies " + all + " " + some);
          }
        }
        default -> throw new IllegalArgumentException();
      }
    }
  }

  private static Catalogue open(List<String> args) {
    InstantSource clock = InstantSource.fixed(CatalogueContract.START);
    return switch (args.removeFirst()) {
      case "file" -> Catalogue.inFile(Path.of(args.removeFirst()), clock, new SplittableRandom(1));
      case "postgres" ->
          Catalogue.inPostgres(
              args.removeFirst(),
              args.removeFirst(),
              args.removeFirst(),
              clock,
              new SplittableRandom(1));
      default -> throw new IllegalArgumentException();
    };
  }

  /// Records one version after the other until it is killed, a line for each.
  private static void recordVersions(Catalogue catalogue, StudyKey study, PrintStream out) {
    out.println("ready");
    int from =
        catalogue
            .study(CatalogueContract.SOURCE, study)
            .map(row -> row.fingerprint().isEmpty() ? 0 : Integer.parseInt(row.fingerprint()))
            .orElse(0);
    for (int number = from + 1; ; number++) {
      String name = "v" + number;
      String text = Integer.toString(number);
      List<Finding> findings = new ArrayList<>();
      for (int i = 0; i < FINDINGS; i++) {
        findings.add(Finding.about("p" + i, "kind", text));
      }
      catalogue.recordCopied(
          CatalogueContract.SOURCE,
          new VersionRow(
              study,
              CatalogueContract.id(name),
              CatalogueContract.START,
              INSTANCES,
              1,
              0,
              Optional.empty(),
              CatalogueContract.instances(INSTANCES)),
          List.of(
              copy(study, name, CatalogueContract.DISK),
              copy(study, name, CatalogueContract.CLOUD)),
          text,
          text,
          findings,
          1);
      out.println(number);
    }
  }

  private static CopyRow copy(StudyKey study, String version, String destination) {
    return new CopyRow(
        study,
        CatalogueContract.id(version),
        destination,
        version,
        1,
        1,
        new serdab.Proof(
            serdab.Depth.INTACT, serdab.ProofMeans.PAST_CACHE, CatalogueContract.START),
        "good",
        1);
  }
}
