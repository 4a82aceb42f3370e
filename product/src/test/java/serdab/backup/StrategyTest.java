package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.catalogue.CopyRow;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.plan.Strategy;
import serdab.report.RunReport;
import serdab.report.RunReport.Outcome;
import serdab.testing.world.World;

/// What `docs/strategies.md` and `docs/order.md` promise of whole runs.
class StrategyTest {

  private final World world = World.withDestinations(2, new SplittableRandom(11));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void aFullRunReadsEverythingAgainAndProvesEveryCopyAgainWithoutStoringItTwice() {
    String study = world.addStudy(3);
    world.backUp();
    Instant before = intactAt(study, 0);
    long read = world.source().bytesRead();
    world.clock().pass(Duration.ofHours(2));
    world.plan(draft -> draft.strategy(Strategy.FULL));

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(report.totals().alreadyThere()).isEqualTo(1);
    assertThat(report.totals().copied()).isZero();
    assertThat(world.source().bytesRead()).isGreaterThan(read);
    assertThat(zips(0)).hasSize(1);
    assertThat(intactAt(study, 0)).isAfter(before);
    assertThat(intactAt(study, 1)).isAfter(before);
    assertThat(strategy(report)).isEqualTo("full");
  }

  @Test
  void aFullRunMakesANewCopyBesideOneThatIsNotGood() {
    world.addStudy(3);
    world.backUp();
    String zip = zips(1).getFirst();
    world.disk(1).flipBit(zip, 8 * 800L);
    world.clock().pass(Duration.ofHours(1));
    assertThat(world.damage(1)).as("the damage is one that can be seen").isNotEmpty();
    world.plan(draft -> draft.strategy(Strategy.FULL));

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(report.totals().copied()).as(report + " " + zips(1)).isEqualTo(1);
    assertThat(zips(1)).as("the damaged one is kept").hasSize(2);
    assertThat(zips(0)).hasSize(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void aFullRunOfSeveralRunsDoesEachStudyOnce() {
    for (int i = 0; i < 5; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.clock().pass(Duration.ofHours(1));
    world.plan(draft -> draft.strategy(Strategy.FULL).batch(2));

    long once = bytesReadBy(world::backUp);
    world.clock().pass(Duration.ofHours(1));
    RunReport second = world.backUp();
    world.clock().pass(Duration.ofHours(1));
    RunReport third = world.backUp();

    assertThat(once).isPositive();
    assertThat(second.totals().waiting()).isEqualTo(1);
    assertThat(third.totals().waiting()).isZero();
    assertThat(third.outcome()).isEqualTo(Outcome.GOOD);
    world.clock().pass(Duration.ofHours(1));
    assertThat(world.backUp().totals().waiting()).as("a new full run begins").isEqualTo(3);
  }

  @Test
  void aFullRunInBatchesCopiesWhatIsNewBeforeWhatIsProvenAlready() {
    for (int i = 0; i < 5; i++) {
      world.source().date(world.addStudy(1), "2001-01-01");
    }
    world.backUp();
    world.clock().pass(Duration.ofHours(1));
    String young = world.addStudy(1);
    world.source().date(young, "2026-02-28");
    world.plan(draft -> draft.strategy(Strategy.FULL).batch(2));

    world.backUp();

    assertThat(world.catalogue().copies(new StudyKey(young))).isNotEmpty();
  }

  @Test
  void aFullRunThatBeganByAClockThatWasWrongIsNotGoneOnWithForEver() {
    for (int i = 0; i < 5; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.clock().pass(Duration.ofDays(900));
    world.plan(draft -> draft.strategy(Strategy.FULL).batch(2));
    world.backUp();
    world.clock().pass(Duration.ofDays(-899));

    for (int i = 0; i < 2; i++) {
      world.clock().pass(Duration.ofHours(1));
      world.backUp();
    }

    assertThat(world.catalogue().runs(1).getFirst().totals().waiting()).isZero();
  }

  @Test
  void aDifferentialRunProvesAgainWhatChangedSinceTheFullOneAndNothingElse() {
    String old = world.addStudy(2);
    world.plan(draft -> draft.strategy(Strategy.FULL));
    world.backUp();
    world.clock().pass(Duration.ofHours(1));
    String young = world.addStudy(2);
    world.plan(draft -> draft.strategy(Strategy.INCREMENTAL));
    world.backUp();
    Instant oldProof = intactAt(old, 0);
    Instant youngProof = intactAt(young, 0);
    world.clock().pass(Duration.ofHours(1));
    world.plan(draft -> draft.strategy(Strategy.DIFFERENTIAL));

    RunReport report = world.backUp();

    assertThat(intactAt(young, 0)).isAfter(youngProof);
    assertThat(intactAt(old, 0)).isEqualTo(oldProof);
    assertThat(strategy(report)).isEqualTo("differential");
    world.clock().pass(Duration.ofHours(1));
    Instant again = intactAt(young, 0);
    world.backUp();
    assertThat(intactAt(young, 0)).as("each differential run since the last full").isAfter(again);
  }

  @Test
  void aDifferentialRunWithoutAFullOneIsAFullOneAndIsRecordedAsOne() {
    String study = world.addStudy(2);
    world.backUp();
    Instant before = intactAt(study, 0);
    world.clock().pass(Duration.ofHours(1));
    world.plan(draft -> draft.strategy(Strategy.DIFFERENTIAL));

    RunReport report = world.backUp();

    assertThat(strategy(report)).isEqualTo("full");
    assertThat(intactAt(study, 0)).isAfter(before);
  }

  @Test
  void aFullRunToOneDiskIsNoneForAnother() {
    world.addStudy(1);
    world.plan(draft -> draft.strategy(Strategy.FULL));
    world.backUp();

    assertThat(
            world
                .catalogue()
                .plans()
                .runsOfKind(
                    Strategy.FULL,
                    serdab.plan.BackupPlan.from("x", java.time.ZoneId.of("UTC")).plan(),
                    "world:source",
                    List.of("another")))
        .isEmpty();
  }

  @Test
  void everyRunLeavesItsPlan() {
    world.addStudy(1);

    world.backUp();

    assertThat(world.catalogue().plans().plans()).hasSize(1);
    assertThat(world.catalogue().plans().plans().getFirst().setting("order"))
        .isEqualTo("study-date");
  }

  @Test
  void aStudyThatTheViewerIsAboutToDeleteIsCopiedFirstWhateverTheOrder() {
    String first = world.addStudy(1);
    String second = world.addStudy(1);
    world.source().endanger(second);
    world.batch(1);

    world.backUp();

    assertThat(world.catalogue().copies(new StudyKey(second))).isNotEmpty();
    assertThat(world.catalogue().copies(new StudyKey(first))).isEmpty();
  }

  @Test
  void smartTakesTheNewestFirst() {
    String old = world.addStudy(1);
    String young = world.addStudy(1);
    world.source().added(old, Instant.parse("2020-01-01T00:00:00Z"));
    world.source().added(young, Instant.parse("2026-02-28T00:00:00Z"));
    world.plan(draft -> draft.order(Order.SMART).batch(1));

    world.backUp();

    assertThat(world.catalogue().copies(new StudyKey(young))).isNotEmpty();
    assertThat(world.catalogue().copies(new StudyKey(old))).isEmpty();
  }

  @Test
  void aSourceIsListedOnceForEachRun() {
    world.addStudy(1);
    world.backUp();
    world.source().remove("1.2.826.0.1.1");
    world.addStudy(1);
    world.addStudy(1);

    world.backUp();

    var gone = world.catalogue().study("world:source", new StudyKey("1.2.826.0.1.1")).orElseThrow();
    var there =
        world.catalogue().study("world:source", new StudyKey("1.2.826.0.1.2")).orElseThrow();
    assertThat(gone.lastSeenRun()).isLessThan(there.lastSeenRun());
  }

  // ----

  private long bytesReadBy(Runnable what) {
    long before = world.source().bytesRead();
    what.run();
    return world.source().bytesRead() - before;
  }

  private String strategy(RunReport report) {
    return world.catalogue().plans().strategyOf(report.run());
  }

  private Instant intactAt(String study, int disk) {
    String id = world.catalogue().destinationsAt("zip:/disk" + disk).getFirst();
    return world.catalogue().copies(new StudyKey(study)).stream()
        .filter(copy -> copy.destinationId().equals(id))
        .filter(CopyRow::isProven)
        .flatMap(copy -> copy.intactAt().stream())
        .findFirst()
        .orElseThrow();
  }

  private List<String> zips(int disk) {
    return world.disk(disk).files().stream().filter(file -> file.endsWith(".zip")).toList();
  }
}
