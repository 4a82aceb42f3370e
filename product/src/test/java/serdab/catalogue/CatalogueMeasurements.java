package serdab.catalogue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.PatientData;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.Sha256;
import serdab.VersionId;
import serdab.catalogue.Catalogue.Seen;
import serdab.catalogue.VersionRow.InstanceLine;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.testing.PostgresServer;

/// Times a catalogue of a practice's size. Run its `main` with `file PATH STUDIES COPIED` or
/// `postgres STUDIES COPIED`; the numbers in `docs/format/catalogue.md` come from here.
final class CatalogueMeasurements {

  private static final int INSTANCES = 230;
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-03-01T08:00:00Z"));

  private final Catalogue catalogue;
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private CatalogueMeasurements(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  public static void main(String[] args) throws IOException {
    if (args[0].equals("file")) {
      Path file = Path.of(args[1]);
      try (Catalogue catalogue = Catalogue.inFile(file, CLOCK, new SplittableRandom(1))) {
        new CatalogueMeasurements(catalogue)
            .run(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      }
      new PrintStream(System.out, true, StandardCharsets.UTF_8)
          .printf("file: %,d bytes%n", Files.size(file));
      return;
    }
    try (PostgresServer server = PostgresServer.start();
        Catalogue catalogue =
            Catalogue.inPostgres(
                server.url(), server.user(), server.password(), CLOCK, new SplittableRandom(1))) {
      new CatalogueMeasurements(catalogue)
          .run(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    }
  }

  private void run(int studies, int copied) {
    time("sawStudies, new", studies, () -> see(studies, 1));
    time("sawStudies, known", studies, () -> see(studies, 2));
    long[] packedBytes = {0};
    time("recordCopied", copied, () -> packedBytes[0] = copy(copied));
    out.printf(
        "packed list: %.1f bytes per instance%n", packedBytes[0] / (double) copied / INSTANCES);
    SplittableRandom random = new SplittableRandom(5);
    int looks = 20_000;
    time(
        "study, then copies",
        looks,
        () -> {
          for (int i = 0; i < looks; i++) {
            StudyKey key = key(random.nextInt(studies));
            require(catalogue.study("s", key));
            catalogue.copies(key);
          }
        });
    time(
        "version",
        2000,
        () -> {
          for (int i = 0; i < 2000; i++) {
            int n = random.nextInt(copied);
            require(catalogue.version(key(n), id(n)));
          }
        });
    time("studies of all sources", studies, () -> count(catalogue.studies()));
    time("studies of one source", studies, () -> count(catalogue.studies("s")));
    time("studiesWithCopies", studies, () -> count(catalogue.studiesWithCopies()));
    time("copiesOn", copied, () -> count(catalogue.copiesOn("d1")));
    String last = catalogue.label(key(studies - 1)).value();
    time("byLabel", studies, () -> require(catalogue.byLabel(last)));
    time(
        "recordProof",
        copied,
        () -> {
          Proof proof = new Proof(Depth.READABLE, ProofMeans.PAST_CACHE, CLOCK.instant());
          for (int i = 0; i < copied; i++) {
            catalogue.recordProof(key(i), id(i), "d1", proof, "good");
          }
        });
  }

  /// Prints the wall clock's rate and, for machines that are busy otherwise, that of our own
  /// processor time.
  private void time(String what, int count, Runnable work) {
    long begun = System.nanoTime();
    Duration cpuBegun = processorTime();
    work.run();
    double seconds = (System.nanoTime() - begun) / 1e9;
    double cpuSeconds = processorTime().minus(cpuBegun).toMillis() / 1e3;
    out.printf(
        "%-24s %,9d in %7.3f s = %,10.0f/s, cpu %7.3f s = %,10.0f/s%n",
        what, count, seconds, count / seconds, cpuSeconds, count / cpuSeconds);
  }

  private static Duration processorTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private static void count(Stream<?> stream) {
    try (stream) {
      long rows = stream.mapToInt(Object::hashCode).asLongStream().filter(h -> h != 1).count();
      if (rows == 0) {
        throw new IllegalStateException("nothing there");
      }
    }
  }

  private void see(int studies, long run) {
    List<Seen> batch = new ArrayList<>();
    for (int i = 0; i < studies; i++) {
      batch.add(new Seen(facts(i), INSTANCES));
      if (batch.size() == 1000) {
        catalogue.sawStudies(run, "s", batch);
        batch.clear();
      }
    }
    catalogue.sawStudies(run, "s", batch);
  }

  private long copy(int copied) {
    long packed = 0;
    for (int i = 0; i < copied; i++) {
      VersionRow version =
          new VersionRow(
              key(i),
              id(i),
              CLOCK.instant(),
              INSTANCES,
              INSTANCES * 526_336L,
              0,
              Optional.empty(),
              instances(i));
      packed += PackedInstances.pack(version.instances()).length;
      catalogue.recordCopied(
          "s",
          version,
          List.of(copy(i, "d1"), copy(i, "d2")),
          "fingerprint " + i,
          "look " + i,
          List.of(),
          2);
    }
    return packed;
  }

  private static CopyRow copy(int i, String destination) {
    return new CopyRow(
        key(i),
        id(i),
        destination,
        "2026_02/Mustermann_Erika_1950-12-31_2026-02-03_" + key(i).value() + ".zip",
        50_000_000,
        INSTANCES,
        new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, CLOCK.instant()),
        "good",
        2);
  }

  private static StudyKey key(int i) {
    // Spread over the tree, as the UIDs of several devices are.
    return new StudyKey(
        "1.2.840.113619.2.428."
            + i % 7
            + ".695552."
            + Math.floorMod(i * 7919L, 1_000_003)
            + "."
            + i);
  }

  private static VersionId id(int i) {
    return new VersionId(Sha256.digest(key(i).value().getBytes(StandardCharsets.UTF_8)));
  }

  /// Half of them numbered, half with eight chance digits, of equal and of compressed lengths.
  private static List<InstanceLine> instances(int study) {
    SplittableRandom random = new SplittableRandom(study);
    List<InstanceLine> lines = new ArrayList<>(INSTANCES);
    byte[] digest = new byte[Sha256.LENGTH_BYTES];
    for (int i = 0; i < INSTANCES; i++) {
      random.nextBytes(digest);
      String uid =
          key(study).value()
              + (study % 2 == 0 ? "." + (i + 1) : "." + random.nextInt(10_000_000, 100_000_000));
      lines.add(
          new InstanceLine(
              uid, study % 3 == 0 ? 200_000 + random.nextInt(60_000) : 526_336, Sha256.of(digest)));
    }
    return lines;
  }

  private static StudyFacts facts(int i) {
    return new StudyFacts(
        key(i),
        PatientData.of("MUSTERMANN" + i % 30_000 + "^ERIKA"),
        PatientData.of("PAT" + i % 30_000),
        Optional.of(PatientData.of(LocalDate.of(1930 + i % 80, 1 + i % 12, 1 + i % 28))),
        Optional.of(LocalDate.of(2006, 1, 1).plusDays(i % 7000)),
        List.of(i % 2 == 0 ? "CT" : "MR", "SR"),
        PatientData.of("ACC" + i),
        PatientData.of("Thorax mit Kontrastmittel"));
  }

  private static void require(java.util.Optional<?> found) {
    if (found.isEmpty()) {
      throw new IllegalStateException("what was recorded is not there");
    }
  }
}
