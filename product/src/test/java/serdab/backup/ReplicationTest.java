package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.catalogue.Safety;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.destination.ZipTreeDestination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.BackupPlan;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.World;
import serdab.ziptree.NamingProfile;

/// Library to A, and A to B: what B holds is what A held, version by version.
class ReplicationTest {

  private static final String B_ADDRESS = "zip:/second";

  private final World world = World.drawnFrom(new SplittableRandom(21));
  private final SimulatedDisk second = new SimulatedDisk(new SplittableRandom(22), world.clock());
  private Selection selection = Selection.ALL;
  private int batch;

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void everyVersionIsCarriedOverWithAllThatIsKnownOfIt() {
    String study = world.addStudy(3);
    world.addStudy(1);
    world.backUp();
    newVersion(study, 4);
    newVersion(study, 5);

    RunReport report = replicate();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(report.totals().copied()).isEqualTo(2);
    assertSameVersions();
    assertThat(versions(study)).hasSize(3);
    assertThat(rowsOf(B_ADDRESS)).hasSize(4).allMatch(CopyRow::isProven);
  }

  @Test
  void theSecondRunCopiesNothing() {
    world.addStudy(2);
    world.addStudy(2);
    world.backUp();
    replicate();
    List<String> files = second.files();

    RunReport again = replicate();

    assertThat(again.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(again.totals().copied()).isZero();
    assertThat(again.totals().alreadyThere()).isEqualTo(2);
    assertThat(second.files()).isEqualTo(files);
  }

  @Test
  void whatIsNewOnTheFirstIsNewOnTheSecond() {
    String study = world.addStudy(2);
    world.backUp();
    replicate();
    newVersion(study, 3);
    String another = world.addStudy(1);
    world.backUp();

    RunReport report = replicate();

    assertThat(report.totals().copied()).isEqualTo(2);
    assertSameVersions();
    assertThat(versions(another)).hasSize(1);
  }

  @Test
  void aNewVersionThatABatchLeftIsKnownToBeMissing() {
    String first = world.addStudy(1);
    String second = world.addStudy(1);
    world.backUp();
    replicate();
    world.clock().pass(Duration.ofDays(2));
    world.putImage(first, 1, world.pixels(), "");
    world.putImage(second, 1, world.pixels(), "");
    world.backUp();
    batch = 1;

    replicate();

    assertThat(counts().safeStudies()).isEqualTo(1);
    assertThat(counts().changed()).isEqualTo(1);
    world.clock().pass(Duration.ofHours(1));
    replicate();
    assertThat(counts().safeStudies()).isEqualTo(2);
  }

  @Test
  void anOlderVersionThatComesLaterIsNotTakenForTheNewest() {
    String study = world.addStudy(2);
    world.backUp();
    newVersion(study, 3);
    newVersion(study, 4);
    replicate();
    second.remove(versions(study).get(1).location());
    second.remove(versions(study).getFirst().location());
    world.loseCatalogue();

    replicate();

    assertSameVersions();
    assertThat(world.catalogue().study(aId(), new StudyKey(study)).orElseThrow().version())
        .contains(versions(study).getLast().id());
  }

  @Test
  void libraryToFirstToSecondAndBackFromTheSecondAlone() {
    String study = world.addStudy(3);
    world.addStudy(2);
    world.backUp();
    newVersion(study, 4);
    replicate();
    Map<String, Map<String, byte[]>> before = contents(world.disk());

    world.disk().files().forEach(world.disk()::remove);
    world.loseCatalogue();
    Map<String, Map<String, byte[]>> left = contents(second);

    assertThat(left.keySet()).isEqualTo(before.keySet()).hasSize(3);
    left.forEach((version, files) -> {
      Map<String, byte[]> then = before.getOrDefault(version, Map.of());
      assertThat(files.keySet()).isEqualTo(then.keySet());
      files.forEach((path, bytes) -> assertThat(bytes).isEqualTo(then.get(path)));
    });
  }

  @Test
  void whatAPersonHadRemovedDoesNotComeBackUnlessItIsTheNewestAgain() {
    String study = world.addStudy(2);
    world.addStudy(1);
    world.backUp();
    newVersion(study, 3);
    replicate();
    removeFromSecond(versions(study).getFirst());
    RunReport older = replicate();
    List<HeldVersion> then = versions(study);
    removeFromSecond(then.getLast());

    RunReport newest = replicate();

    assertThat(older.totals().copied()).isZero();
    assertThat(then).hasSize(1);
    assertThat(newest.totals().copied()).isEqualTo(1);
    assertThat(versions(study)).extracting(HeldVersion::id).containsExactly(then.getLast().id());
  }

  /// As `serdab prune` leaves it.
  private void removeFromSecond(HeldVersion copy) {
    try (Destination b = openSecond(Access.WRITE)) {
      String id = b.id().toString();
      String act = "act-" + world.catalogue().removals().nextNumber();
      RemovalRow row =
          new RemovalRow(
              0, copy.study(), copy.id(), id, copy.location(), 1, 1, true, List.of(), "", "");
      world
          .catalogue()
          .removals()
          .intend(
              new Removals.CertificateRow(
                  act, id, "", "", "", "", world.clock().instant(), Optional.empty(), ""),
              List.of(row));
      b.removeLast(copy);
      world.catalogue().removals().removed(act, row, "");
    }
  }

  @Test
  void whatBothLostIsNamedByEveryRunUntilItIsBack() {
    String study = world.addStudy(2);
    for (int i = 0; i < 12; i++) {
      world.addStudy(1);
    }
    world.backUp();
    replicate();
    String zip = versions(study).getFirst().location();
    byte[] content = second.bytes(zip);
    try (Destination a = world.open(0, Access.READ)) {
      world.disk().remove(a.versions(new StudyKey(study)).getFirst().location());
    }
    second.remove(zip);

    for (int i = 0; i < 3; i++) {
      RunReport report = replicate();
      assertThat(report.outcome()).isEqualTo(RunReport.Outcome.INCOMPLETE);
      assertThat(report.notSafe())
          .extracting(one -> one.problem().code())
          .containsExactly("copy-lost");
    }
    second.put(zip, content);

    assertThat(replicate().outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(rowsOf(B_ADDRESS)).hasSize(13).allMatch(CopyRow::isProven);
  }

  @Test
  void whatTheFirstHoldsDamagedIsReportedAndNotCopied() {
    String damaged = world.addStudy(3);
    String cut = world.addStudy(1);
    String good = world.addStudy(2);
    world.backUp();
    newVersion(damaged, 4);
    world.disk().flipBit(aVersions(damaged).getFirst().location(), 2222);
    String zip = aVersions(cut).getFirst().location();
    world.disk().put(zip, java.util.Arrays.copyOf(world.disk().bytes(zip), 100));

    RunReport report = replicate();

    assertThat(report.outcome().exitCode()).isEqualTo(3);
    assertThat(report.notSafe())
        .extracting(one -> one.problem().code())
        .containsExactlyInAnyOrder("source-copy-unreadable", "source-copy-damaged");
    assertThat(versions(good)).hasSize(1);
    assertThat(versions(damaged)).hasSize(1);
    assertThat(versions(damaged).getFirst().id()).isEqualTo(aVersions(damaged).getLast().id());
    assertThat(rowsOf("zip:/disk0").stream().filter(row -> row.state().equals("bad"))).hasSize(1);
  }

  @Test
  void theFirstIsNotTouched() {
    String study = world.addStudy(3);
    world.backUp();
    newVersion(study, 4);
    Map<String, byte[]> before = bytes(world.disk());
    List<CopyRow> proofs = rowsOf("zip:/disk0");

    replicate();

    assertThat(bytes(world.disk()).keySet()).isEqualTo(before.keySet());
    bytes(world.disk())
        .forEach((name, content) -> assertThat(content).as(name).isEqualTo(before.get(name)));
    assertThat(rowsOf("zip:/disk0")).isEqualTo(proofs);
  }

  @Test
  void onlyWhatIsSelectedAndNoMoreThanABatchIsCopied() {
    String first = world.addStudy(1);
    String other = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    selection =
        new Selection(
            Set.of(),
            java.util.Optional.empty(),
            java.util.Optional.empty(),
            Set.of(first, other),
            java.util.Optional.empty());
    batch = 1;

    RunReport report = replicate();

    assertThat(report.totals().selected()).isEqualTo(2);
    assertThat(report.totals().copied()).isEqualTo(1);
    assertThat(report.totals().waiting()).isEqualTo(1);
    assertThat(contents(second)).hasSize(1);
  }

  @Test
  void aPlanWritesNothing() {
    world.addStudy(2);
    world.backUp();
    replicate();
    world.addStudy(1);
    world.backUp();
    Map<String, byte[]> before = bytes(second);

    try (Destination a = world.open(0, Access.READ);
        Destination b = openSecond(Access.LOOK)) {
      WorkList work = replication(a, b).plan();

      assertThat(work.items()).hasSize(1);
      assertThat(work.alreadyThere()).isEqualTo(1);
    }
    assertThat(bytes(second).keySet()).isEqualTo(before.keySet());
  }

  @Test
  void anEmptyFirstIsAnAlarm() {
    world.addStudy(1);
    world.backUp();
    replicate();
    List<String> zips =
        world.disk().files().stream().filter(name -> name.endsWith(".zip")).toList();
    zips.forEach(world.disk()::remove);

    RunReport report = replicate();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.FAILED);
    assertThat(report.problems()).extracting(p -> p.code()).containsExactly("no-studies");
  }

  /// Whatever fails at the second, at whatever step: the next runs end with all versions there.
  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepFailsTheNextRunFinishes(Fault fault) {
    for (long step = 1; step < 240; step += 17) {
      try (ReplicationRunOnce once = new ReplicationRunOnce(step)) {
        once.failThenFinish(fault, step);
      }
    }
  }

  @SeededTest(runs = 8)
  void fewRandomFaultsLoseNothing(RandomGenerator random) {
    try (ReplicationRunOnce once = new ReplicationRunOnce(random.nextLong())) {
      once.withRandomFaults();
    }
  }

  /// One clinic for one fault.
  private static final class ReplicationRunOnce implements AutoCloseable {
    private final ReplicationTest test = new ReplicationTest();

    ReplicationRunOnce(long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      String study = test.world.addStudy(1 + random.nextInt(3));
      test.world.addStudy(1);
      test.world.backUp();
      test.newVersion(study, 9);
    }

    void failThenFinish(Fault fault, long step) {
      test.second.failAt(step, fault);
      test.tryOnce();
      test.second.failNoMore();
      test.second.remount();
      test.second.kill();
      test.replicate();
      test.assertSameVersions();
    }

    void withRandomFaults() {
      test.second.failRandomly(0.02);
      for (int i = 0; i < 5; i++) {
        test.tryOnce();
      }
      test.second.failNoMore();
      test.replicate();
      test.assertSameVersions();
    }

    @Override
    public void close() {
      test.closeWorld();
    }
  }

  private void tryOnce() {
    try {
      replicate();
    } catch (CrashedException | SerdabException e) {
      // The next run tells.
    }
  }

  // ---- one process each

  private void newVersion(String study, int image) {
    world.clock().pass(Duration.ofDays(2));
    world.putImage(study, image, world.pixels(), "");
    world.backUp();
  }

  private RunReport replicate() {
    try (Destination a = world.open(0, Access.READ);
        Destination b = openSecond(Access.WRITE)) {
      world.catalogue().sawDestination(b.id().toString(), B_ADDRESS);
      Replication replication = replication(a, b);
      return replication.execute(replication.plan());
    }
  }

  private Replication replication(Destination a, Destination b) {
    BackupPlan plan =
        BackupPlan.from("zip:/disk0", java.time.ZoneId.of("UTC"))
            .destinations(List.of(B_ADDRESS))
            .selection(selection)
            .batch(batch)
            .naming("uid")
            .plan();
    return new Replication(
        new Replication.Setting(
            plan,
            a,
            List.of(b),
            world.catalogue(),
            world.clock(),
            _ -> {},
            new StopSignal(world.clock()),
            Progress.SILENT,
            "world",
            false,
            Absent.NONE));
  }

  private Destination openSecond(Access access) {
    Set<DestinationId> known = new HashSet<>();
    for (String id : world.catalogue().destinationsAt(B_ADDRESS)) {
      known.add(new DestinationId(UUID.fromString(id)));
    }
    return ZipTreeDestination.open(
        LocalFolder.on(second.mount(), "the second disk", new SplittableRandom(23)),
        new ZipTreeDestination.Options(NamingProfile.UID, access, Runnable::run, 1, "World"),
        known,
        world.clock(),
        new SplittableRandom(24));
  }

  // ---- what there is

  private Safety.Counts counts() {
    String b = world.catalogue().destinationsAt(B_ADDRESS).getFirst();
    return world.catalogue().safety().count(new Safety.Scope(aId(), List.of(b), List.of(), 0));
  }

  private String aId() {
    try (Destination a = world.open(0, Access.READ)) {
      return a.id().toString();
    }
  }

  private List<CopyRow> rowsOf(String address) {
    String id = world.catalogue().destinationsAt(address).getFirst();
    try (Stream<CopyRow> rows = world.catalogue().copiesOn(id)) {
      return rows.toList();
    }
  }

  private List<HeldVersion> aVersions(String study) {
    try (Destination a = world.open(0, Access.READ)) {
      return a.versions(new StudyKey(study));
    }
  }

  private List<HeldVersion> versions(String study) {
    try (Destination b = openSecond(Access.READ)) {
      return b.versions(new StudyKey(study));
    }
  }

  private void assertSameVersions() {
    List<StudyVersion> first = all(0);
    List<StudyVersion> copied = all(1);
    assertThat(copied).usingRecursiveComparison().isEqualTo(first);
    Map<String, Map<String, byte[]>> wanted = contents(world.disk());
    Map<String, Map<String, byte[]>> held = contents(second);
    assertThat(held.keySet()).isEqualTo(wanted.keySet());
    held.forEach((version, files) ->
        files.forEach((path, bytes) ->
            assertThat(bytes).isEqualTo(wanted.getOrDefault(version, Map.of()).get(path))));
  }

  /// Every version by study, oldest first, as its manifest describes it.
  private List<StudyVersion> all(int disk) {
    List<StudyVersion> found = new ArrayList<>();
    try (Destination one = disk == 0 ? world.open(0, Access.READ) : openSecond(Access.READ)) {
      for (String study : world.source().studyUids().stream().sorted().toList()) {
        for (HeldVersion held : one.versions(new StudyKey(study))) {
          try (VersionReader reader = one.read(held)) {
            found.add(reader.version());
          }
        }
      }
    }
    return found;
  }

  /// The files of every version on a disk, found without any catalogue.
  private Map<String, Map<String, byte[]>> contents(SimulatedDisk disk) {
    Map<String, Map<String, byte[]>> found = new TreeMap<>();
    try (Destination one =
            ZipTreeDestination.open(
                LocalFolder.on(disk.mount(), "a disk", new SplittableRandom(25)),
                new ZipTreeDestination.Options(
                    NamingProfile.UID, Access.READ, Runnable::run, 1, "World"),
                Set.of(),
                world.clock(),
                new SplittableRandom(26));
        Stream<Destination.Listed> held = one.held()) {
      held.forEach(listed -> {
        if (listed instanceof Destination.Listed.Copy copy) {
          found.put(
              copy.version().study().value() + " " + copy.version().id(),
              World.files(one, copy.version()));
        }
      });
    }
    return found;
  }

  private static Map<String, byte[]> bytes(SimulatedDisk disk) {
    Map<String, byte[]> found = new TreeMap<>();
    disk.files().stream()
        .filter(name -> !name.startsWith(".place"))
        .forEach(name -> found.put(name, disk.bytes(name)));
    return found;
  }
}
