package serdab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.catalogue.CopyRow;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.NamedPlan;
import serdab.plan.Selection;
import serdab.plan.Strategy;
import serdab.testing.world.World;

/// The rules of `docs/status.md`: what is called safe, and that nothing else ever is.
class StatusTest {

  private final World world = World.withDestinations(2, new SplittableRandom(3));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void everythingProvenIsSafeAndOneSentenceSaysSo() {
    world.addStudy(2);
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofHours(30));

    Status status = status();

    assertThat(status.safe()).as(status.sentence()).isTrue();
    assertThat(status.sentence()).isEqualTo("All 2 studies safe, last proven 30 hours ago.");
    assertThat(status.plans()).hasSize(1);
    assertThat(status.plans().getFirst().destinations())
        .allMatch(destination -> destination.copies().proven() == 2);
  }

  @Test
  void nothingBackedUpIsNotSafe() {
    assertUnsafe("nothing-backed-up");
  }

  @Test
  void aStudyThatABatchLeftIsNotSafe() {
    world.addStudy(1);
    world.addStudy(1);
    world.batch(1);
    world.backUp();
    world.clock().pass(Duration.ofHours(5));

    Status status = assertUnsafe("studies-not-proven");

    assertThat(status.sentence())
        .isEqualTo(
            "1 of 2 studies has no proven copy; the oldest waits 5 hours. Run: serdab backup.");
  }

  @Test
  void aChangeThatABatchLeftIsNotSafe() {
    String first = world.addStudy(1);
    String second = world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(2));
    world.putImage(first, 2, world.pixels(), "");
    world.putImage(second, 2, world.pixels(), "");
    world.batch(1);
    world.backUp();

    assertUnsafe("studies-changed");
  }

  @Test
  void aBackupThatDidNotRunSaysSo() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(3).plusMinutes(1));

    Status status = assertUnsafe("backup-overdue");

    assertThat(status.sentence()).contains("3 days ago", "serdab backup");
  }

  @Test
  void aPlanWithAScheduleIsOverdueAfterThreeOfIt() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(20));

    assertThat(read(Optional.of(configuration(Duration.ofDays(7)))).safe()).isTrue();
    world.clock().pass(Duration.ofDays(2));
    assertThat(codes(read(Optional.of(configuration(Duration.ofDays(7))))))
        .containsExactly("backup-overdue");
  }

  @Test
  void aFailedRunIsNotSafeAlthoughEverythingOldIsProven() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofMinutes(1));
    long run = world.catalogue().beginRun("backup", "h", "world:source", disks(), "w/1");
    serdab.catalogue.RunTotals one = new serdab.catalogue.RunTotals(1, 1, 0, 1, 0, 0, 0, 0, 0, 0);
    world.catalogue().endRun(run, "failed", one);

    assertUnsafe("last-run-failed");
  }

  @Test
  void anIncompleteRunIsNotSafeAlthoughEveryKnownStudyIsProven() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofMinutes(1));
    long run = world.catalogue().beginRun("backup", "h", "world:source", disks(), "w/1");
    world
        .catalogue()
        .listings()
        .stillListed(run, "world:source", List.of(new StudyKey("1.2.826.0.1.1")));
    serdab.catalogue.RunTotals one = new serdab.catalogue.RunTotals(1, 1, 0, 1, 0, 0, 0, 0, 0, 0);
    world.catalogue().endRun(run, "incomplete", one);

    assertUnsafe("last-run-failed");
  }

  @Test
  void anInterruptedRunAndOneThatDiedAreNotSafe() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofMinutes(1));
    long run = world.catalogue().beginRun("backup", "h", "world:source", disks(), "w/1");

    assertUnsafe("last-run-died");
    assertThat(
            new StatusReader(
                    world.catalogue(),
                    Optional.empty(),
                    world.clock().instant(),
                    UnaryOperator.identity(),
                    _ -> true)
                .read()
                .safe())
        .as("a run that is under way does not count yet")
        .isTrue();
    world.catalogue().endRun(run, "interrupted", serdab.catalogue.RunTotals.NONE);
    assertUnsafe("last-run-interrupted");
  }

  @Test
  void aRunThatCouldNotBeginIsNotSafeUntilOneDoes() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofMinutes(1));
    world
        .catalogue()
        .rememberFact(
            NotBegun.factName("world:source"),
            NotBegun.text(
                world.clock().instant(), new Problem("sentinel-missing", "No sentinel.", "")));

    Status status = assertUnsafe("run-not-begun");

    assertThat(status.sentence()).contains("could not begin", "No sentinel.");
    world.clock().pass(Duration.ofMinutes(1));
    world.backUp();
    assertThat(status().safe()).isTrue();
  }

  @Test
  void aRunToOneDiskDoesNotStandForAPlanToAnother() {
    world.addStudy(1);
    world.backUp();
    know();
    world.clock().pass(Duration.ofDays(10));
    runGoesWell("usb", 1);

    Status status = read(Optional.of(twoPlans()));

    assertThat(codes(status)).containsExactly("backup-overdue");
    assertThat(status.sentence()).contains("of plan nas");
  }

  @Test
  void aRunToOneDiskDoesNotHideThatThePlanToAnotherCouldNotBegin() {
    world.addStudy(1);
    world.backUp();
    know();
    world.clock().pass(Duration.ofHours(10));
    world
        .catalogue()
        .rememberFact(
            NotBegun.factName("world:source"),
            NotBegun.text(
                world.clock().instant(), new Problem("destination-not-there", "No NAS.", "")));
    world.clock().pass(Duration.ofMinutes(5));
    runGoesWell("usb", 1);

    Status status = read(Optional.of(twoPlans()));

    assertThat(codes(status)).containsExactly("run-not-begun");
    assertThat(status.sentence()).contains("of plan nas", "No NAS.");
  }

  @Test
  void aRunFromTheFutureIsNotARecentOne() {
    world.addStudy(1);
    world.clock().pass(Duration.ofDays(900));
    world.backUp();
    world.clock().pass(Duration.ofDays(-900));

    Status status = assertUnsafe("backup-overdue");

    assertThat(status.sentence()).contains("clock");
  }

  @Test
  void sharplyFewerStudiesIsNotSafe() {
    String gone = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    world.source().remove(gone);
    world.backUp();

    assertUnsafe("sharply-fewer-studies");
  }

  @Test
  void aDamagedCopyOnOneOfTwoDisksIsNotSafe() {
    String study = world.addStudy(1);
    world.backUp();
    prove(study, 1, "bad", world.clock().instant());

    Status status = assertUnsafe("studies-not-proven", "copies-damaged");

    assertThat(status.safeStudies()).isZero();
  }

  @Test
  void aCopyThatIsGoneIsNotSafe() {
    String study = world.addStudy(1);
    world.backUp();
    prove(study, 0, "gone", world.clock().instant());

    assertUnsafe("studies-not-proven");
  }

  @Test
  void aFileThatCouldNotBeReadIsNotSafe() {
    String study = world.addStudy(2);
    world.source().loseFile(World.imagePath(study, 2));
    world.backUp();

    Status status = status();

    assertThat(status.safe()).isFalse();
    assertThat(codes(status)).contains("files-missing");
  }

  @Test
  void anEditThatWaitsForAQuietTimeIsNotSafeYet() {
    String study = "1.2.9";
    byte[] pixels = world.pixels();
    world.putImage(study, 1, pixels, "");
    world.backUp();
    world.putImage(study, 1, pixels, "edited", world.clock().instant());
    world.backUp();

    assertThat(codes(status())).contains("changes-waiting");
  }

  @Test
  void bytesThatNobodyReadForFourHundredDaysAreNotSafe() {
    world.addStudy(1);
    world.backUp();
    for (int i = 0; i < 2; i++) {
      world.clock().pass(Duration.ofDays(201));
      world.backUp();
    }

    assertUnsafe("proofs-old", "proofs-old");
    world.plan(draft -> draft.strategy(Strategy.FULL));
    world.backUp();
    assertThat(status().safe()).isTrue();
  }

  @Test
  void aDestinationOfTheConfigurationThatWasNeverUsedIsNotSafe() {
    world.addStudy(1);
    world.backUp();
    BackupPlan three =
        BackupPlan.from("world:source", ZoneId.of("UTC"))
            .name("daily")
            .destinations(List.of("zip:/disk0", "zip:/disk1", "zip:/disk2"))
            .plan();
    know();

    Status status =
        read(Optional.of(Configuration.of(ZoneId.of("UTC"), List.of(NamedPlan.of(three)))));

    assertThat(status.safe()).isFalse();
    assertThat(codes(status)).contains("destination-never-used");
  }

  @Test
  void whatNoPlanSelectsIsSaidAndDoesNotCount() {
    world.addStudy(1);
    world.addStudy(1);
    world.source().date("1.2.826.0.1.1", "2001-01-01");
    world.select(
        new Selection(
            Set.of("MR"),
            Optional.of(java.time.LocalDate.of(2020, 1, 1)),
            Optional.empty(),
            Set.of(),
            Optional.empty()));
    world.backUp();

    Status status = status();

    assertThat(status.sentence()).startsWith("All 1 selected studies safe");
    assertThat(status.plans().getFirst().counts().notWanted()).isEqualTo(1);
  }

  @Test
  void anErrandForOneStudyDoesNotStandForThePlan() {
    String one = world.addStudy(1);
    world.addStudy(1);
    world.batch(1);
    world.backUp();
    world.batch(0);
    world.select(
        new Selection(Set.of(), Optional.empty(), Optional.empty(), Set.of(one), Optional.empty()));
    world.backUp();

    assertUnsafe("studies-not-proven");
  }

  @Test
  void whatIsWrongWithTheViewersLibraryIsNotSafe() {
    world.addStudy(1);
    world.backUp();
    world
        .catalogue()
        .rememberFact(
            "health/world:source",
            "{\"files_on_disk\": 1000, \"files_in_index\": 10, \"auto_clean\": true,"
                + " \"queued_without_copy\": 2, \"more\": {\"a\": 1}}");

    assertUnsafe("endangered-studies", "auto-clean-on", "index-shrunken");
  }

  @Test
  void aStudyThatIsNotListedAnyMoreIsCountedApart() {
    for (int i = 0; i < 20; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.source().remove("1.2.826.0.1.1");
    world.backUp();

    Status status = status();

    assertThat(status.sentence()).startsWith("All 19 studies safe");
    assertThat(status.plans().getFirst().counts().notListed()).isEqualTo(1);
    assertThat(status.plans().getFirst().counts().lost()).isZero();
  }

  @Test
  void aStudyOfWhichOnlyDamagedCopiesAreLeftIsLost() {
    for (int i = 0; i < 20; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.source().remove("1.2.826.0.1.1");
    world.backUp();
    prove("1.2.826.0.1.1", 0, "bad", world.clock().instant());
    prove("1.2.826.0.1.1", 1, "gone", world.clock().instant());

    Status status = assertUnsafe("studies-lost", "copies-damaged");

    assertThat(status.plans().getFirst().counts().lost()).isEqualTo(1);
  }

  @Test
  void aStudyThatIsNeitherInTheSourceNorInTheBackupAnyMoreIsNotSafe() {
    for (int i = 0; i < 20; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.source().remove("1.2.826.0.1.1");
    world.backUp();
    prove("1.2.826.0.1.1", 0, "gone", world.clock().instant());

    Status half = status();
    assertThat(half.safe()).isTrue();
    assertThat(half.plans().getFirst().counts().notListed()).isEqualTo(1);
    assertThat(half.plans().getFirst().counts().lost()).isZero();
    assertThat(half.plans().getFirst().destinations().getFirst().copies().gone()).isEqualTo(1);

    prove("1.2.826.0.1.1", 1, "gone", world.clock().instant());

    Status status = assertUnsafe("studies-lost");
    assertThat(status.sentence()).startsWith("1 study is lost");
    assertThat(status.plans().getFirst().counts().notListed()).isZero();
    assertThat(status.plans().getFirst().counts().lost()).isEqualTo(1);
  }

  // ----

  private List<String> disks() {
    return world.catalogue().runs(1).getFirst().destinationIds();
  }

  private void know() {
    world.catalogue().sawSource("world:source", "world:source");
  }

  private static BackupPlan toOneDisk(String name, int disk) {
    return BackupPlan.from("world:source", ZoneId.of("UTC"))
        .name(name)
        .destinations(List.of("zip:/disk" + disk))
        .plan();
  }

  private static Configuration twoPlans() {
    return Configuration.of(
        ZoneId.of("UTC"),
        List.of(NamedPlan.of(toOneDisk("nas", 0)), NamedPlan.of(toOneDisk("usb", 1))));
  }

  /// A run of a plan to one disk that finds everything as it was.
  private void runGoesWell(String plan, int disk) {
    BackupPlan followed = toOneDisk(plan, disk);
    String id = world.catalogue().destinationsAt("zip:/disk" + disk).getFirst();
    long run =
        world.catalogue().beginRun("backup", followed.hash(), "world:source", List.of(id), "w/1");
    world.catalogue().plans().follows(run, followed, Strategy.INCREMENTAL);
    List<StudyKey> all;
    try (var studies = world.catalogue().studies("world:source")) {
      all = studies.map(study -> study.facts().key()).toList();
    }
    world.catalogue().listings().stillListed(run, "world:source", all);
    world
        .catalogue()
        .endRun(
            run,
            "good",
            new serdab.catalogue.RunTotals(
                all.size(), all.size(), 0, all.size(), 0, 0, 0, 0, 0, 0));
  }

  private Configuration configuration(Duration every) {
    know();
    BackupPlan plan =
        BackupPlan.from("world:source", ZoneId.of("UTC"))
            .name("weekly")
            .destinations(List.of("zip:/disk0", "zip:/disk1"))
            .plan();
    return Configuration.of(
        ZoneId.of("UTC"),
        List.of(new NamedPlan("weekly", true, List.of(plan), Optional.of(every))));
  }

  private Status assertUnsafe(String... codes) {
    Status status = status();
    assertThat(status.safe()).isFalse();
    assertThat(codes(status)).containsExactly(codes);
    return status;
  }

  private static List<String> codes(Status status) {
    return status.reasons().stream().map(Problem::code).toList();
  }

  private Status status() {
    return read(Optional.empty());
  }

  private Status read(Optional<Configuration> configuration) {
    return new StatusReader(
            world.catalogue(),
            configuration,
            world.clock().instant(),
            UnaryOperator.identity(),
            _ -> false)
        .read();
  }

  private void prove(String study, int disk, String state, Instant at) {
    String id = world.catalogue().destinationsAt("zip:/disk" + disk).getFirst();
    CopyRow copy =
        world.catalogue().copies(new StudyKey(study)).stream()
            .filter(row -> row.destinationId().equals(id))
            .findFirst()
            .orElseThrow();
    world
        .catalogue()
        .recordProof(
            copy.study(),
            copy.version(),
            id,
            new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, at),
            state);
  }
}
