package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.RunReport;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.World;

/// What somebody deleted from a disk by hand is noticed by the next backup, and what is lost with
/// it is named until it is back.
class RollCallTest {

  private World world = World.withDestinations(1, new SplittableRandom(27)).acceptingFewer();

  @AfterEach
  void close() {
    world.close();
  }

  private void twoDisks() {
    world.close();
    world = World.withDestinations(2, new SplittableRandom(28)).acceptingFewer();
  }

  /// A study that was copied and is in the source no more; another one still is.
  private String lostBySource() {
    String study = world.addStudy(2);
    world.addStudy(1);
    world.backUp();
    world.source().remove(study);
    world.backUp();
    return study;
  }

  private List<HeldVersion> versions(int disk, String study) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.versions(new StudyKey(study));
    }
  }

  private void delete(int disk, String study) {
    world.disk(disk).remove(versions(disk, study).getFirst().location());
  }

  private static List<String> codes(List<Problem> problems) {
    return problems.stream().map(Problem::code).toList();
  }

  @Test
  void aDeletedZipIsMadeAgainByTheVeryNextRunAndTold() {
    String study = world.addStudy(2);
    String other = world.addStudy(1);
    world.backUp();
    delete(0, study);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(report.totals().copied()).isEqualTo(1);
    assertThat(versions(0, study)).hasSize(1);
    assertThat(versions(0, other)).hasSize(1);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(report.warnings())
        .singleElement()
        .satisfies(
            warning -> assertThat(warning.what()).startsWith("1 proven copy in disk 0 is not"));
    RunReport next = world.backUp();
    assertThat(next.totals().copied()).isZero();
    assertThat(next.warnings()).isEmpty();
  }

  @Test
  void aZipThatLostItsEndIsMadeAgainAndTheRestIsSetAside() {
    String study = world.addStudy(2);
    world.backUp();
    String zip = versions(0, study).getFirst().location();
    byte[] content = world.disk(0).bytes(zip);
    byte[] half = Arrays.copyOf(content, content.length / 2);
    world.disk(0).remove(zip);
    world.disk(0).put(zip, half);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(codes(report.warnings())).containsExactly("copies-not-there");
    assertThat(world.disk(0).files())
        .filteredOn(name -> name.startsWith("_set-aside/") && name.endsWith(".zip"))
        .singleElement()
        .satisfies(aside -> assertThat(world.disk(0).bytes(aside)).isEqualTo(half));
  }

  @Test
  void aZipThatSomebodyMovedIsNotMissed() {
    String study = lostBySource();
    String zip = versions(0, study).getFirst().location();
    byte[] content = world.disk(0).bytes(zip);
    world.disk(0).remove(zip);
    world.disk(0).put("2001_01" + zip.substring(zip.indexOf('/')), content);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(report.warnings()).isEmpty();
    assertThat(report.totals().copied()).isZero();
  }

  @Test
  void everyZipDeletedIsEveryStudyCopiedAgain() {
    for (int i = 0; i < 5; i++) {
      world.addStudy(1);
    }
    world.backUp();
    world.disk(0).files().stream()
        .filter(name -> name.endsWith(".zip"))
        .forEach(world.disk(0)::remove);

    RunReport report = world.backUp();

    assertThat(report.totals().copied()).isEqualTo(5);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void whatTheSourceLostIsMadeAgainFromTheOtherDisk() {
    twoDisks();
    String study = lostBySource();
    delete(0, study);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(versions(0, study)).hasSize(1);
    assertThat(codes(report.warnings())).containsExactly("copies-made-again", "copies-not-there");
  }

  @Test
  void whatNobodyHasAnyMoreIsNotCalledSafe() {
    String study = lostBySource();
    delete(0, study);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.INCOMPLETE);
    assertThat(report.notSafe())
        .singleElement()
        .satisfies(one -> {
          assertThat(one.problem().code()).isEqualTo("copy-lost");
          assertThat(one.study()).isEqualTo(world.catalogue().label(new StudyKey(study)));
        });
    assertThat(world.catalogue().copies(new StudyKey(study)))
        .singleElement()
        .satisfies(copy -> assertThat(copy.state()).isEqualTo("gone"));
  }

  @Test
  void whatIsLostIsNamedByEveryRunUntilItIsBack() {
    String study = lostBySource();
    String zip = versions(0, study).getFirst().location();
    byte[] content = world.disk(0).bytes(zip);
    world.disk(0).remove(zip);
    world.backUp();

    for (int i = 0; i < 2; i++) {
      RunReport again = world.backUp();
      assertThat(again.outcome()).isEqualTo(RunReport.Outcome.INCOMPLETE);
      assertThat(again.notSafe())
          .extracting(one -> one.problem().code())
          .containsExactly("copy-lost");
      assertThat(again.warnings()).isEmpty();
    }
    world.disk(0).put(zip, content);

    assertThat(world.backUp().outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(row(study).isProven()).isTrue();
    assertThat(world.backUp().outcome()).isEqualTo(RunReport.Outcome.GOOD);
  }

  @Test
  void whatComesBackDamagedIsNamedStill() {
    String study = lostBySource();
    String zip = versions(0, study).getFirst().location();
    byte[] content = world.disk(0).bytes(zip);
    world.disk(0).remove(zip);
    world.backUp();
    content[content.length / 2] ^= 1;
    world.disk(0).put(zip, content);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.INCOMPLETE);
    assertThat(row(study).isProven()).isFalse();
  }

  @Test
  void whatAVerificationFoundDamagedIsNamedWhereNobodyElseHasIt() {
    String study = lostBySource();
    CopyRow copy = row(study);
    world
        .catalogue()
        .recordProof(
            copy.study(),
            copy.version(),
            copy.destinationId(),
            new Proof(Depth.PRESENT, ProofMeans.ASKED, world.clock().instant()),
            "bad");

    RunReport report = world.backUp();

    assertThat(report.notSafe())
        .extracting(one -> one.problem().code())
        .containsExactly("copy-lost");
  }

  @Test
  void whatADiskThatIsAwayStillHasIsNamedOnce() {
    twoDisks();
    String study = lostBySource();
    delete(0, study);

    RunReport first = world.backUpTo(0);
    RunReport second = world.backUpTo(0);

    assertThat(first.notSafe())
        .extracting(one -> one.problem().code())
        .containsExactly("copy-lost");
    assertThat(second.notSafe()).isEmpty();
  }

  @Test
  void whatAPersonHadRemovedElsewhereIsNamedNoMore() {
    String study = lostBySource();
    delete(0, study);
    world.backUp();

    roll(Map.of("isRemoved", true)).record();

    assertThat(row(study).state()).isEqualTo("removed");
    assertThat(world.backUp().outcome()).isEqualTo(RunReport.Outcome.GOOD);
  }

  @Test
  void anOlderVersionThatIsGoneIsToldAlthoughTheNewestIsThere() {
    String study = world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(2));
    world.putImage(study, 2, world.pixels(), "");
    world.clock().pass(Duration.ofDays(2));
    world.backUp();
    delete(0, study);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.INCOMPLETE);
    assertThat(report.notSafe())
        .extracting(one -> one.problem().code())
        .containsExactly("copy-lost");
    assertThat(versions(0, study)).hasSize(1);
    assertThat(world.backUp().outcome()).isEqualTo(RunReport.Outcome.GOOD);
  }

  @Test
  void aBatchLeavesTheRestForTheNextRunAndCallsNothingLost() {
    twoDisks();
    String first = world.addStudy(1);
    String second = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    world.source().remove(first);
    world.source().remove(second);
    world.backUp();
    delete(0, first);
    delete(0, second);
    world.batch(1);

    RunReport report = world.backUp();

    assertThat(report.notSafe()).isEmpty();
    assertThat(versions(0, first).size() + versions(0, second).size()).isEqualTo(1);
    world.backUp();
    assertThat(versions(0, first).size() + versions(0, second).size()).isEqualTo(2);
  }

  @Test
  void aCopyThatDoesNotComeAgainIsToldOnceAsWhatItIs() {
    String study = world.addStudy(1);
    world.backUp();
    delete(0, study);
    world.disk(0).limitBytes(10);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.FAILED);
    assertThat(report.notSafe())
        .extracting(one -> one.problem().code())
        .doesNotContain("copy-lost");
    assertThat(codes(report.warnings())).contains("copies-not-there");
  }

  @Test
  void aDiskThatCannotBeListedIsNotCalledGood() {
    world.addStudy(1);
    world.backUp();
    long steps = world.disk(0).steps();
    world.backUp();
    long unchanged = world.disk(0).steps() - steps;
    int failed = 0;
    for (long step = 1; step <= unchanged; step++) {
      world.disk(0).failAt(world.disk(0).steps() + step, SimulatedDisk.Fault.IO_ERROR);
      try {
        RunReport report = world.backUp();
        failed += report.outcome() == RunReport.Outcome.FAILED ? 1 : 0;
      } catch (SerdabException e) {
        failed++;
      }
      world.disk(0).failNoMore();
    }
    assertThat(failed).isPositive();
    assertThat(world.backUp().outcome()).isEqualTo(RunReport.Outcome.GOOD);
  }

  /// The first disk, with other answers to some questions.
  private static Destination answering(Destination real, Map<String, Object> answers) {
    return (Destination)
        Proxy.newProxyInstance(
            RollCallTest.class.getClassLoader(),
            new Class<?>[] {Destination.class},
            (_, method, arguments) -> {
              Object answer = answers.get(method.getName());
              return answer != null ? answer : method.invoke(real, arguments);
            });
  }

  private RollCall roll(Map<String, Object> answers) {
    try (Destination real = world.open(0, Access.READ)) {
      return RollCall.of(
          List.of(answering(real, answers)), world.catalogue(), world.clock().instant());
    }
  }

  private CopyRow row(String study) {
    return world.catalogue().copies(new StudyKey(study)).getFirst();
  }

  @Test
  void whatAListingMissesAndIsThereIsNotMissed() {
    String study = world.addStudy(1);
    world.backUp();

    Predicate<HeldVersion> listsNothing = _ -> false;
    RollCall roll = roll(Map.of("glance", Optional.of(listsNothing)));
    roll.record();

    assertThat(roll.present(List.of(row(study)))).hasSize(1);
    assertThat(row(study).isProven()).isTrue();
  }

  @Test
  void whatAListingShowsIsNotAskedForOneByOne() {
    world.addStudy(1);
    world.backUp();

    RollCall roll = roll(Map.of("prove", "would not do"));

    assertThat(roll.problems()).isEmpty();
  }

  @Test
  void aPlaceThatCannotBeListedSoIsTrusted() {
    String study = world.addStudy(1);
    world.backUp();
    delete(0, study);

    RollCall roll = roll(Map.of("glance", Optional.empty()));
    roll.record();

    assertThat(row(study).isProven()).isTrue();
  }

  @Test
  void whatAPersonHadRemovedOrErasedElsewhereIsNoLoss() {
    String removed = world.addStudy(1);
    world.backUp();
    delete(0, removed);

    roll(Map.of("isRemoved", true)).record();
    assertThat(row(removed).state()).isEqualTo("removed");

    String erased = world.addStudy(1);
    world.backUp();
    delete(0, erased);
    roll(Map.of("isErased", true)).record();
    assertThat(world.catalogue().copies(new StudyKey(erased))).noneMatch(CopyRow::isCountedOn);
  }

  @Test
  void aFirstBackupListsNothingForIt() {
    RollCall roll = roll(Map.of("glance", "would not do"));

    assertThat(roll.problems()).isEmpty();
  }
}
