package serdab.backup;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.PatientData;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.plan.Order;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.report.Status;
import serdab.report.StatusReader;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceFile;
import serdab.source.SourceId;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;
import serdab.store.LocalFolder;
import serdab.ziptree.NamingProfile;

/// Times planning, an unchanged run and status over a catalogue of a practice's size. Run its
/// `main` with `FOLDER STUDIES`.
final class ScaleMeasurements {

  private static final String SOURCE = "synthetic:source";

  private ScaleMeasurements() {}

  public static void main(String[] args) throws IOException, SQLException {
    Path folder = Path.of(args[0]);
    int studies = Integer.parseInt(args[1]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    InstantSource clock = InstantSource.system();
    Path file = folder.resolve("home/catalogue.db");
    List<Destination> destinations = new ArrayList<>();
    try (Catalogue catalogue = Catalogue.inFile(file, clock, new SplittableRandom(1))) {
      List<String> addresses = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Path place = folder.resolve("disk" + i);
        addresses.add("zip:" + place);
        destinations.add(
            ZipTreeDestination.open(
                LocalFolder.create(place, new SplittableRandom(i)),
                new ZipTreeDestination.Options(
                    NamingProfile.UID, ZipTreeDestination.Access.WRITE, Runnable::run, 1, "Scale"),
                Set.of(),
                clock,
                new SplittableRandom(i)));
        catalogue.sawDestination(destinations.get(i).id().toString(), addresses.get(i));
      }
      BackupPlan plan = BackupPlan.from(SOURCE, ZoneId.of("UTC")).destinations(addresses).plan();
      catalogue.sawSource(SOURCE, SOURCE);
      List<Catalogue.Seen> seen = new ArrayList<>();
      for (int i = 0; i < studies; i++) {
        seen.add(new Catalogue.Seen(facts(i), 230, "print " + i));
      }
      time(
          out,
          "list " + studies + " new studies",
          () -> {
            for (int i = 0; i < studies; i += 1000) {
              catalogue.sawStudies(1, SOURCE, seen.subList(i, Math.min(studies, i + 1000)));
            }
            return "";
          });
      fill(file, destinations);
      for (int run = 0; run < 2; run++) {
        Backup.Setting setting =
            new Backup.Setting(
                plan,
                new Synthetic(studies),
                destinations,
                catalogue,
                clock,
                new SplittableRandom(1),
                _ -> {},
                new StopSignal(clock),
                Progress.SILENT,
                "scale",
                false,
                Absent.NONE);
        try (Backup backup = Backup.of(setting)) {
          WorkList[] work = new WorkList[1];
          time(
              out,
              "plan",
              () -> {
                work[0] = backup.plan();
                return work[0].items().size() + " to work on";
              });
          time(
              out,
              "unchanged run after planning",
              () -> {
                RunReport report = backup.execute(work[0]);
                return report.outcome() + " " + report.totals().alreadyThere() + " already there";
              });
        }
      }
      time(
          out,
          "status",
          () -> {
            Status status =
                new StatusReader(catalogue, Optional.empty(), clock.instant(), x -> x, _ -> false)
                    .read();
            return status.sentence();
          });
    } finally {
      destinations.forEach(Destination::close);
    }
  }

  private interface Work {
    String done();
  }

  private static void time(PrintStream out, String what, Work work) {
    long begun = System.nanoTime();
    Duration cpu = processorTime();
    String said = work.done();
    Runtime runtime = Runtime.getRuntime();
    out.printf(
        "%-30s %7.2f s, processor %7.2f s, heap %d MB, %s%n",
        what,
        (System.nanoTime() - begun) / 1e9,
        processorTime().minus(cpu).toMillis() / 1e3,
        (runtime.totalMemory() - runtime.freeMemory()) >> 20,
        said);
  }

  private static Duration processorTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /// As if all of them had been copied to both destinations a moment ago.
  private static void fill(Path file, List<Destination> destinations) throws SQLException {
    long now = Instant.now().toEpochMilli();
    String version = "substr(lower(hex(study)) || printf('%064d', 0), 1, 64)";
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement sql = connection.createStatement()) {
      sql.executeUpdate(
          "insert into version (study, version, read_at, file_count, length_bytes, missing_files,"
              + " supersedes) select study, "
              + version
              + ", "
              + now
              + ", 230, 121000000, 0, '' from study");
      for (Destination destination : destinations) {
        sql.executeUpdate(
            "insert into copy (study, version, destination, location, stored_bytes, file_count,"
                + " depth, means, proven_at, state, run, intact_at) select study, "
                + version
                + ", '"
                + destination.id()
                + "',"
                + " '2026_02/Mustermann_Erika_1950-12-31_2026-02-03_' || study || '.zip', 50000000,"
                + " 230, 'INTACT', 'PAST_CACHE', "
                + now
                + ", 'good', 1, "
                + now
                + " from study");
      }
      sql.executeUpdate(
          "update study set version = "
              + version
              + ", fingerprint = listed_fingerprint,"
              + " look = 'look', last_looked_at = "
              + now);
    }
  }

  private static StudyFacts facts(int i) {
    return new StudyFacts(
        new StudyKey(
            "1.2.840.113619.2.428."
                + i % 7
                + ".695552."
                + Math.floorMod(i * 7919L, 1_000_003)
                + "."
                + i),
        PatientData.of("MUSTERMANN" + i % 30_000 + "^ERIKA"),
        PatientData.of("PAT" + i % 30_000),
        Optional.of(PatientData.of(LocalDate.of(1930 + i % 80, 1 + i % 12, 1 + i % 28))),
        Optional.of(LocalDate.of(2006, 1, 1).plusDays(i % 7000)),
        List.of(i % 2 == 0 ? "CT" : "MR", "SR"),
        PatientData.of("ACC" + i),
        PatientData.of("Thorax mit Kontrastmittel"));
  }

  /// A source that only lists.
  private record Synthetic(int count) implements Source {

    @Override
    public SourceId id() {
      return new SourceId(SOURCE);
    }

    @Override
    public String describe() {
      return SOURCE;
    }

    @Override
    public Path root() {
      return Path.of("/");
    }

    @Override
    public Inventory inventory() {
      return new Listing(count);
    }

    @Override
    public void close() {}
  }

  private record Listing(int count) implements Inventory {

    @Override
    public long studyCount() {
      return count;
    }

    @Override
    public Stream<Finding> findings() {
      return Stream.empty();
    }

    @Override
    public Stream<SourceStudy> studies(Order order) {
      return IntStream.range(0, count)
          .mapToObj(i ->
              new SourceStudy(facts(i), "print " + i, 230, Optional.empty(), List.of(), "" + i));
    }

    @Override
    public String look(SourceStudy study) {
      return "look";
    }

    @Override
    public List<SourceFile> files(SourceStudy study) {
      return List.of();
    }

    @Override
    public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
      return new Delivery.Complete();
    }

    @Override
    public void close() {}
  }
}
