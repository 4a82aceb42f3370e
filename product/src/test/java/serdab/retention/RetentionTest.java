package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Period;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.PatientData;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.RunTotals;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.TestStudy;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;
import serdab.report.Progress;
import serdab.restore.Rebuild;
import serdab.restore.Recovery;
import serdab.testing.world.CrashedException;
import serdab.testing.world.World;

/// What may go, what stays, and what is written down about it.
class RetentionTest {

  private final RetentionClinic clinic = RetentionClinic.drawnFrom(new SplittableRandom(3), 1);
  private final World world = clinic.world;

  @AfterEach
  void close() {
    clinic.close();
  }

  // ---- versions

  @Test
  void olderVersionsBeyondTheCountGoAndTheNewestStay() {
    String study = clinic.studyWithVersions(4);
    List<VersionId> before = clinic.held(0, study);

    PruneReport report = clinic.prune(0, RetentionClinic.versions(2));

    assertThat(report.removed()).isEqualTo(2);
    assertThat(report.kept()).isEmpty();
    assertThat(clinic.held(0, study)).isEqualTo(before.subList(2, 4));
    assertThat(clinic.states(study))
        .containsExactlyInAnyOrder("good", "good", "removed", "removed");
  }

  @Test
  void aVersionIsKeptUntilItsTimeAfterTheNextOneHasPassed() {
    String study = clinic.studyWithVersions(2);
    RetentionRules rules =
        new RetentionRules(
            OptionalInt.empty(),
            Optional.of(Period.ofMonths(6)),
            Optional.empty(),
            OptionalInt.empty(),
            List.of());

    RetentionPlan early = clinic.plan(0, rules);
    world.clock().pass(Duration.ofDays(185));
    RetentionPlan late = clinic.plan(0, rules);

    assertThat(clinic.reasons(early, study)).extracting(Reason::code).contains("age");
    assertThat(early.with(Verdict.GO)).isEmpty();
    assertThat(late.with(Verdict.GO)).hasSize(1);
  }

  @Test
  void aVersionIsKeptWhenEitherRuleKeepsIt() {
    clinic.studyWithVersions(3);
    RetentionRules rules =
        new RetentionRules(
            OptionalInt.of(1),
            Optional.of(Period.ofYears(1)),
            Optional.empty(),
            OptionalInt.empty(),
            List.of());

    assertThat(clinic.plan(0, rules).with(Verdict.GO)).isEmpty();
    world.clock().pass(Duration.ofDays(370));
    assertThat(clinic.plan(0, rules).with(Verdict.GO)).hasSize(2);
  }

  @Test
  void withoutRulesNothingMayEverGo() {
    String study = clinic.studyWithVersions(3);
    world.clock().pass(Duration.ofDays(365 * 50L));

    RetentionPlan plan = clinic.plan(0, RetentionRules.ALL);

    assertThat(plan.with(Verdict.KEEP)).hasSize(3);
    assertThat(clinic.reasons(plan, study))
        .extracting(Reason::code)
        .containsOnly("newest", "no-rule", "in-source");
  }

  @Test
  void anOlderVersionThatAloneHasSomeImageStays() {
    String study = world.addStudy(2);
    world.backUp();
    world.source().remove(study);
    world.putImage(study, 1, world.pixels(), "", world.clock().instant());
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    assertThat(clinic.held(0, study)).hasSize(2);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("only-images");
  }

  @Test
  void theVersionThatTheSourceShowsStaysAlthoughNewerOnesWereMade() {
    String study = world.addStudy(1);
    world.backUp();
    Map<String, byte[]> first = world.source().files(study);
    world.putImage(study, 1, world.pixels(), "");
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    first.forEach((path, bytes) -> world.source().put(study, path, bytes, world.clock().instant()));
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    List<VersionId> held = clinic.held(0, study);
    assertThat(held).hasSize(3);
    assertThat(held.getLast()).as("it went back to how it was").isEqualTo(held.getFirst());

    clinic.prune(0, RetentionClinic.versions(1));

    assertThat(clinic.held(0, study).getLast()).isEqualTo(held.getFirst());
  }

  @Test
  void aBackupDoesNotCopyAgainWhatWasRemoved() {
    clinic.studyWithVersions(3);
    clinic.prune(0, RetentionClinic.versions(1));
    world.clock().pass(Duration.ofDays(40));

    long copied = world.backUp().totals().copied();

    assertThat(copied).isZero();
  }

  // ---- whole studies

  @Test
  void aStudyThatIsStillInTheSourceStays() {
    String study = clinic.studyWithVersions(1);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.studiesFor("P1Y"));

    assertThat(plan.with(Verdict.KEEP)).hasSize(1);
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("in-source");
  }

  @Test
  void theLastProvenCopyOfAStudyThatIsOverGoesOnlyWhenAPersonSaysSo() {
    String study = gone("2020-01-10");
    RetentionRules rules = RetentionClinic.studiesFor("P1Y");

    PruneReport without = clinic.prune(0, rules);
    List<VersionId> left = clinic.held(0, study);
    PruneReport with = clinic.pruneWithLast(0, rules);

    assertThat(without.removed()).isZero();
    assertThat(left).hasSize(1);
    assertThat(with.removed()).isEqualTo(1);
    assertThat(clinic.held(0, study)).isEmpty();
    assertThat(clinic.states(study)).containsExactly("removed");
  }

  @Test
  void aStudyThatIsOverGoesWhenAnotherDestinationHoldsItProven() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = two.world.addStudy(1);
      two.world.addStudy(1);
      two.world.acceptingFewer().source().date(study, "2020-01-10");
      two.world.backUp();
      two.world.source().remove(study);
      two.world.backUp();
      RetentionRules rules = RetentionClinic.studiesFor("P1Y");

      PruneReport first = two.prune(0, rules);
      PruneReport second = two.prune(1, rules);

      assertThat(first.removed()).isEqualTo(1);
      assertThat(second.removed()).as("the last copy").isZero();
      assertThat(two.held(1, study)).hasSize(1);
    }
  }

  @Test
  void aProofElsewhereThatIsTooOldDoesNotCount() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = two.world.addStudy(1);
      two.world.addStudy(1);
      two.world.acceptingFewer().source().date(study, "2020-01-10");
      two.world.backUp();
      two.world.source().remove(study);
      two.world.clock().pass(Duration.ofDays(31));
      two.world.backUp();

      RetentionPlan plan = two.plan(0, RetentionClinic.studiesFor("P1Y"));

      assertThat(plan.with(Verdict.GO)).isEmpty();
      assertThat(plan.with(Verdict.GO_AS_LAST)).hasSize(1);
    }
  }

  @Test
  void aDiskThatWasEmptiedAfterItsProofHoldsNothingForAnother() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = overOnBoth(two);
      RetentionRules rules = RetentionClinic.studiesFor("P1Y");
      PlanFile before = PlanFile.of(two.plan(0, rules));
      empty(two, 1);

      PruneReport report = two.prune(0, before, rules, false);
      RetentionPlan after = two.plan(0, rules);

      assertThat(before.with(Verdict.GO)).hasSize(1);
      assertThat(report.removed()).isZero();
      assertThat(report.kept())
          .singleElement()
          .satisfies(kept -> assertThat(kept.problem().code()).isEqualTo("copy-is-last"));
      assertThat(two.held(0, study)).hasSize(1);
      assertThat(two.states(study)).containsExactlyInAnyOrder("good", "gone");
      assertThat(after.with(Verdict.GO)).isEmpty();
    }
  }

  @Test
  void aPlanLooksWhetherAnEmptiedDiskStillHoldsWhatItHeld() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = overOnBoth(two);
      empty(two, 1);

      RetentionPlan plan = two.plan(0, RetentionClinic.studiesFor("P1Y"));

      assertThat(plan.with(Verdict.GO)).isEmpty();
      assertThat(plan.with(Verdict.GO_AS_LAST)).hasSize(1);
      assertThat(two.reasons(plan, study)).extracting(Reason::code).contains("other-not-asked");
    }
  }

  @Test
  void aCopyDamagedElsewhereAfterItsProofIsFoundOutBeforeTheOneHereGoes() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = overOnBoth(two);
      RetentionRules rules = RetentionClinic.studiesFor("P1Y");
      String zip =
          two.world.catalogue().copies(new StudyKey(study)).stream()
              .map(CopyRow::location)
              .findFirst()
              .orElseThrow();
      two.world.disk(1).flipBit(zip, 800);

      PruneReport report = two.prune(0, rules);

      assertThat(report.removed()).isZero();
      assertThat(two.states(study)).containsExactlyInAnyOrder("good", "bad");
    }
  }

  @Test
  void aDiskThatIsNotConnectedHoldsNothingForAnother() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      String study = overOnBoth(two);
      RetentionRules rules = RetentionClinic.studiesFor("P1Y");
      PlanFile before = PlanFile.of(two.plan(0, rules));
      two.pullOut(1);

      PruneReport report = two.prune(0, before, rules, false);

      assertThat(report.removed()).isZero();
      assertThat(two.states(study)).containsOnly("good");
      assertThat(two.plan(0, rules).with(Verdict.GO)).isEmpty();
    }
  }

  /// A study on two disks, not in the source any more.
  private static String overOnBoth(RetentionClinic two) {
    String study = two.world.addStudy(1);
    two.world.addStudy(1);
    two.world.acceptingFewer().source().date(study, "2020-01-10");
    two.world.backUp();
    two.world.source().remove(study);
    two.world.backUp();
    return study;
  }

  private static void empty(RetentionClinic clinic, int disk) {
    clinic.world.disk(disk).files().stream()
        .filter(name -> name.endsWith(".zip"))
        .toList()
        .forEach(clinic.world.disk(disk)::remove);
  }

  // ---- months by their number

  @Test
  void studiesOfTheNewestMonthsThatHaveAnyStayAndThoseBeforeThemAreOver() {
    List<String> old =
        goneMonths("2019-02-10", "2021-05-01", "2021-05-30", "2023-07-01", "2024-01-01");

    RetentionPlan plan = clinic.plan(0, months(3));

    assertThat(plan.with(Verdict.GO_AS_LAST))
        .extracting(line -> line.copy().study().value())
        .containsExactlyInAnyOrder(old.get(0), old.get(1), old.get(2));
    assertThat(clinic.reasons(plan, old.get(3)))
        .extracting(Reason::text)
        .contains("in one of the newest 3 months");
    assertThat(plan.byReason(Verdict.GO_AS_LAST).keySet())
        .extracting(Reason::text)
        .contains("its study is in none of the newest 3 months");
  }

  @Test
  void withFewerMonthsThanAreToBeKeptAllStay() {
    goneMonths("2019-02-10", "2021-05-01");

    assertThat(clinic.plan(0, months(4)).with(Verdict.GO_AS_LAST)).isEmpty();
    assertThat(clinic.plan(0, months(1)).with(Verdict.GO_AS_LAST)).hasSize(2);
  }

  @Test
  void aMonthThatHasNotComeYetDoesNotStandForARealOne() {
    List<String> old = goneMonths("2021-05-01", "2099-01-01", "2098-01-01");

    RetentionPlan plan = clinic.plan(0, months(2));

    assertThat(plan.with(Verdict.GO_AS_LAST)).isEmpty();
    assertThat(clinic.reasons(plan, old.getFirst())).extracting(Reason::code).contains("months");
  }

  @Test
  void aMonthOfWhichOnlyDamagedCopiesAreLeftDoesNotCount() {
    List<String> old = goneMonths("2021-05-01", "2022-01-01");
    isBadOn(clinic, 0, old.get(1), clinic.held(0, old.get(1)).getFirst());

    RetentionPlan plan = clinic.plan(0, months(2));

    assertThat(plan.with(Verdict.GO_AS_LAST)).isEmpty();
  }

  @Test
  void aStudyStaysWhenEitherItsAgeOrItsMonthKeepsIt() {
    List<String> old = goneMonths("2019-02-10", "2021-05-01");
    RetentionRules both =
        new RetentionRules(
            OptionalInt.empty(),
            Optional.empty(),
            Optional.of(Period.ofYears(6)),
            OptionalInt.of(1),
            List.of());

    RetentionPlan plan = clinic.plan(0, both);

    assertThat(plan.with(Verdict.GO_AS_LAST))
        .extracting(line -> line.copy().study().value())
        .containsExactly(old.getFirst());
    assertThat(clinic.reasons(plan, old.get(1))).extracting(Reason::code).contains("study-age");
  }

  @Test
  void whatTheMonthsLetGoIsRemovedAndTheKeptMonthsStayTheSame() {
    List<String> old = goneMonths("2019-02-10", "2021-05-01", "2023-07-01");
    RetentionRules rules = months(2);

    PruneReport without = clinic.prune(0, rules);
    PruneReport report = clinic.pruneWithLast(0, rules);

    assertThat(without.removed()).as("without saying that it is the last").isZero();
    assertThat(report.removed()).isEqualTo(2);
    assertThat(clinic.held(0, old.get(2))).hasSize(1);
    assertThat(clinic.plan(0, rules).with(Verdict.GO_AS_LAST)).isEmpty();
  }

  private static RetentionRules months(int count) {
    return new RetentionRules(
        OptionalInt.empty(), Optional.empty(), Optional.empty(), OptionalInt.of(count), List.of());
  }

  /// Studies with these dates, backed up and then gone from the source; one of this month stays.
  private List<String> goneMonths(String... dates) {
    List<String> studies = new java.util.ArrayList<>();
    String stays = world.addStudy(1);
    world.acceptingFewer().source().date(stays, "2026-02-10");
    for (String date : dates) {
      String study = world.addStudy(1);
      world.source().date(study, date);
      studies.add(study);
    }
    world.backUp();
    studies.forEach(world.source()::remove);
    world.clock().pass(Duration.ofDays(1));
    world.backUp();
    return studies;
  }

  @Test
  void aLegalTimeKeepsAStudyThatIsOverByAge() {
    String study = gone("2020-01-10");

    RetentionPlan plan =
        clinic.plan(0, RetentionClinic.studiesFor("P1Y", RetentionClinic.legal("MR=P20Y")));
    RetentionPlan other =
        clinic.plan(0, RetentionClinic.studiesFor("P1Y", RetentionClinic.legal("MG=P20Y")));

    assertThat(clinic.reasons(plan, study)).extracting(Reason::text).contains("legal time MR=P20Y");
    assertThat(other.with(Verdict.GO_AS_LAST)).hasSize(1);
  }

  /// A study with this date, backed up and then gone from the source.
  private String gone(String date) {
    String study = world.addStudy(1);
    world.addStudy(1);
    world.acceptingFewer().source().date(study, date);
    world.backUp();
    world.source().remove(study);
    world.clock().pass(Duration.ofDays(1));
    world.backUp();
    return study;
  }

  // ---- what rules never touch

  @Test
  void theVersionThatAnotherSourceShowsStaysAlthoughItIsOld() {
    String study = clinic.studyWithVersions(3);
    StudyKey key = new StudyKey(study);
    VersionId first = clinic.held(0, study).getFirst();
    StudyFacts facts = world.catalogue().standing().rows(key).getFirst().facts();
    long run = world.catalogue().beginRun("backup", "", "other", List.of("other"), "w");
    world.catalogue().sawStudies(run, "other", List.of(new Catalogue.Seen(facts, 1)));
    world
        .catalogue()
        .recordCopied(
            "other",
            world.catalogue().version(key, first).orElseThrow(),
            List.of(),
            "",
            "",
            List.of(),
            run);
    world.catalogue().endRun(run, "good", RunTotals.NONE);

    assertThat(clinic.plan(0, RetentionClinic.versions(1)).with(Verdict.GO))
        .singleElement()
        .satisfies(line -> assertThat(line.copy().id()).isNotEqualTo(first));
  }

  @Test
  void aVersionThatNoOtherIsKnownToFollowStays() {
    String study = clinic.studyWithVersions(1);
    TestStudy another = TestStudy.drawnFrom(new SplittableRandom(9), study, 2);
    HeldVersion copy;
    try (Destination destination = world.open(0, Access.WRITE)) {
      copy = another.copyTo(destination);
    }
    CopyRow proven = world.catalogue().copies(new StudyKey(study)).getFirst();
    world
        .catalogue()
        .recordHeld(
            VersionRow.of(another.version()),
            new CopyRow(
                copy.study(),
                copy.id(),
                proven.destinationId(),
                copy.location(),
                copy.storedBytes(),
                copy.fileCount(),
                copy.proof().orElseThrow(),
                "good",
                proven.runId()));

    assertThat(clinic.held(0, study)).hasSize(2);
    assertThat(clinic.plan(0, RetentionClinic.versions(1)).with(Verdict.GO)).isEmpty();
  }

  /// As after a run that was killed before it could record the version that another followed.
  @Test
  void whatACopyItselfSaysThatItFollowsIsKnown() {
    String study = clinic.studyWithVersions(2);
    VersionRow newest =
        world
            .catalogue()
            .version(new StudyKey(study), clinic.held(0, study).getLast())
            .orElseThrow();
    VersionRow following =
        new VersionRow(
            newest.study(),
            newest.id(),
            newest.readAt(),
            newest.fileCount(),
            newest.lengthBytes(),
            newest.missingFiles(),
            Optional.empty(),
            newest.instances());
    world.catalogue().recordCopied("world:source", following, List.of(), "", "", List.of(), 1);

    assertThat(clinic.plan(0, RetentionClinic.versions(1)).with(Verdict.GO))
        .singleElement()
        .satisfies(line -> assertThat(line.copy().id()).isNotEqualTo(newest.id()));
  }

  @Test
  void copiesOfAnIndexAreNotCutByRulesForVersions() {
    String group = "_library/horos-1a2b3c4d/index";
    world.addStudy(1);
    for (int i = 0; i < 3; i++) {
      world.source().put(group, "Database.sql", new byte[] {(byte) i}, world.clock().instant());
      world.clock().pass(Duration.ofDays(3));
      world.backUp();
    }
    assertThat(clinic.held(0, group)).hasSize(3);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(plan, group)).extracting(Reason::code).containsOnly("index-copy");
  }

  @Test
  void aGroupOfOtherFilesIsNeverOver() {
    String group = "_other/papers";
    world.addStudy(1);
    world.acceptingFewer().source().put(group, "a.txt", new byte[] {1}, world.clock().instant());
    world.source().date(group, "2020-01-10");
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    world.source().remove(group);
    world.backUp();
    assertThat(clinic.held(0, group)).hasSize(1);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.studiesFor("P1Y"));

    assertThat(plan.with(Verdict.KEEP)).hasSize(plan.lines().size());
  }

  @Test
  void aSecondFileOfTheSameVersionIsNotTheCopyThatWasProven() {
    String study = clinic.studyWithVersions(2);
    CopyRow old = world.catalogue().copies(new StudyKey(study)).getLast();
    String second = old.location().replace(".zip", "_9.zip");
    world.disk().put(second, world.disk().bytes(old.location()));

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO))
        .singleElement()
        .satisfies(line -> assertThat(line.copy().location()).isEqualTo(old.location()));
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("unknown-copy");
  }

  @Test
  void aCopyOfAnotherLengthIsNotTheCopyThatWasProven() {
    String study = clinic.studyWithVersions(2);
    CopyRow old = world.catalogue().copies(new StudyKey(study)).getLast();
    CopyRow shorter =
        new CopyRow(
            old.study(),
            old.version(),
            old.destinationId(),
            old.location(),
            old.storedBytes() - 1,
            old.fileCount(),
            old.proof(),
            "good",
            old.runId());
    world
        .catalogue()
        .recordHeld(world.catalogue().version(old.study(), old.version()).orElseThrow(), shorter);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("unknown-copy");
  }

  // ---- whole studies, when something is amiss

  @Test
  void aStudyStaysWhenAnOlderVersionHasImagesThatNoOtherDestinationHasProven() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(5), 2)) {
      World clinics = two.world.acceptingFewer();
      String study = clinics.addStudy(2);
      clinics.addStudy(1);
      clinics.source().date(study, "2020-01-10");
      clinics.backUp();
      clinics.source().remove(study);
      clinics.putImage(study, 1, clinics.pixels(), "", clinics.clock().instant());
      clinics.source().date(study, "2020-01-10");
      clinics.clock().pass(Duration.ofDays(3));
      clinics.backUp();
      VersionId whole = two.held(1, study).getFirst();
      clinics.source().remove(study);
      clinics.backUp();
      isBadOn(two, 1, study, whole);

      RetentionPlan plan = two.plan(0, RetentionClinic.studiesFor("P1Y"));

      assertThat(plan.with(Verdict.GO)).as("without saying that it is the last").isEmpty();
      assertThat(plan.with(Verdict.GO_AS_LAST))
          .extracting(line -> line.copy().id())
          .contains(whole);
    }
  }

  @Test
  void aStudyStaysWhenOtherDestinationsHaveOnlyAnOlderVersionOfIt() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(7), 2)) {
      World clinics = two.world.acceptingFewer();
      String study = clinics.addStudy(1);
      clinics.addStudy(1);
      clinics.source().date(study, "2020-01-10");
      clinics.backUp();
      clinics.putImage(study, 1, clinics.pixels(), "edited", clinics.clock().instant());
      clinics.source().date(study, "2020-01-10");
      clinics.clock().pass(Duration.ofDays(3));
      clinics.backUp();
      assertThat(two.held(1, study)).hasSize(2);
      clinics.source().remove(study);
      clinics.backUp();
      isBadOn(two, 1, study, two.held(1, study).getLast());

      assertThat(two.plan(0, RetentionClinic.studiesFor("P1Y")).with(Verdict.GO)).isEmpty();
    }
  }

  private static void isBadOn(RetentionClinic clinic, int disk, String study, VersionId version) {
    try (Destination destination = clinic.world.open(disk, Access.READ)) {
      CopyRow row = rowOf(clinic, destination, study, version);
      clinic
          .world
          .catalogue()
          .recordProof(row.study(), version, row.destinationId(), row.proof(), "bad");
    }
  }

  private static CopyRow rowOf(
      RetentionClinic clinic, Destination destination, String study, VersionId version) {
    return clinic.world.catalogue().copies(new StudyKey(study)).stream()
        .filter(row -> row.destinationId().equals(destination.id().toString()))
        .filter(row -> row.version().equals(version))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aStudyThatWasToGoAsAWholeAndDoesNotAnyMoreLosesNoVersion() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(6), 2)) {
      World clinics = two.world.acceptingFewer();
      clinics.addStudy(1);
      String study = two.studyWithVersions(2);
      clinics.source().date(study, "2020-01-10");
      clinics.backUp();
      clinics.source().remove(study);
      clinics.clock().pass(Duration.ofDays(28));
      clinics.backUp();
      RetentionRules rules =
          new RetentionRules(
              OptionalInt.of(1),
              Optional.empty(),
              Optional.of(Period.ofYears(1)),
              OptionalInt.empty(),
              List.of());
      PlanFile plan = PlanFile.of(two.plan(0, rules));
      assertThat(plan.with(Verdict.GO)).hasSize(2).allMatch(PlanFile.Planned::endsStudy);
      clinics.clock().pass(Duration.ofDays(5)); // The proofs on the other disk are too old by now.
      CopyRow newest = clinics.catalogue().copies(new StudyKey(study)).getFirst();
      clinics.disk(0).flipBit(newest.location(), 800);

      PruneReport report = two.prune(0, plan, rules, false);

      assertThat(report.removed()).isZero();
      assertThat(two.held(0, study)).hasSize(2);
    }
  }

  @Test
  void aProofFromTheFutureSaysNothingOfAnotherDestination() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      World clinics = two.world.acceptingFewer();
      String study = clinics.addStudy(1);
      clinics.addStudy(1);
      clinics.source().date(study, "2020-01-10");
      clinics.backUp();
      clinics.source().remove(study);
      clinics.backUp();
      provenInTheFuture(two, 1, study);

      RetentionPlan plan = two.plan(0, RetentionClinic.studiesFor("P1Y"));

      assertThat(plan.with(Verdict.GO)).isEmpty();
      assertThat(plan.with(Verdict.GO_AS_LAST)).hasSize(1);
    }
  }

  @Test
  void aProofFromTheFutureIsMadeAgainBeforeAnOlderVersionGoes() {
    String study = clinic.studyWithVersions(2);
    RetentionRules rules = RetentionClinic.versions(1);
    provenInTheFuture(clinic, 0, study);
    damageNewest(study);

    PruneReport report = clinic.prune(0, rules);

    assertThat(report.removed()).isZero();
  }

  private static void provenInTheFuture(RetentionClinic clinic, int disk, String study) {
    Proof proof =
        new Proof(
            Depth.INTACT,
            ProofMeans.PAST_CACHE,
            clinic.world.clock().instant().plus(Duration.ofDays(3650)));
    try (Destination destination = clinic.world.open(disk, Access.READ)) {
      clinic
          .held(disk, study)
          .forEach(version ->
              clinic
                  .world
                  .catalogue()
                  .recordProof(
                      new StudyKey(study), version, destination.id().toString(), proof, "good"));
    }
  }

  @Test
  void whatARecoveredCatalogueSaysOfOtherDestinationsIsNotLeanedOn() {
    try (RetentionClinic two = RetentionClinic.drawnFrom(new SplittableRandom(4), 2)) {
      World clinics = two.world.acceptingFewer();
      String study = clinics.addStudy(1);
      clinics.addStudy(1);
      clinics.source().date(study, "2020-01-10");
      clinics.backUp();
      clinics.source().remove(study);
      clinics.backUp();
      clinics.clock().pass(Duration.ofDays(1));
      clinics.catalogue().standing().recovered(clinics.clock().instant());
      try (Destination destination = clinics.open(0, Access.READ)) {
        Recovery.bringUpToDate(
            destination, clinics.catalogue(), clinics.clock(), Progress.SILENT, () -> false);
      }
      clinics.clock().pass(Duration.ofDays(1));

      RetentionPlan recovered = two.plan(0, RetentionClinic.studiesFor("P1Y"));
      two.held(1, study).forEach(version -> isProvenNowOn(two, 1, study, version));
      RetentionPlan proven = two.plan(0, RetentionClinic.studiesFor("P1Y"));

      assertThat(recovered.with(Verdict.GO)).isEmpty();
      assertThat(recovered.with(Verdict.GO_AS_LAST)).hasSize(1);
      assertThat(proven.with(Verdict.GO)).hasSize(1);
    }
  }

  private static void isProvenNowOn(
      RetentionClinic clinic, int disk, String study, VersionId version) {
    Proof now = new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, clinic.world.clock().instant());
    try (Destination destination = clinic.world.open(disk, Access.READ)) {
      CopyRow row = rowOf(clinic, destination, study, version);
      clinic.world.catalogue().recordProof(row.study(), version, row.destinationId(), now, "good");
    }
  }

  @Test
  void aStudyOfWhichNoSourceWasAskedSinceTheCatalogueWasLostStays() {
    String study = gone("2020-01-10");
    world.loseCatalogue();
    try (Destination destination = world.open(0, Access.READ)) {
      Rebuild.from(destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
      String here = destination.id().toString();
      Proof proof = new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, world.clock().instant());
      clinic
          .held(0, study)
          .forEach(version ->
              world.catalogue().recordProof(new StudyKey(study), version, here, proof, "good"));
    }

    RetentionPlan plan = clinic.plan(0, RetentionClinic.studiesFor("P1Y"));

    assertThat(plan.with(Verdict.GO_AS_LAST)).isEmpty();
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("no-source-asked");
  }

  @Test
  void anOlderVersionThatAloneHasSomeFileWithoutUidStays() {
    String study = world.addStudy(1);
    world
        .source()
        .put(study, "DATABASE.noindex/9/broken.dcm", new byte[] {1, 2}, world.clock().instant());
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    world.source().remove(study);
    world.putImage(study, 1, world.pixels(), "", world.clock().instant());
    world.clock().pass(Duration.ofDays(3));
    world.backUp();
    assertThat(clinic.held(0, study)).hasSize(2);

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(plan, study)).extracting(Reason::code).contains("only-images");
  }

  @Test
  void anOlderVersionOfAGroupWhoseFilesAreAllInTheNewerOneGoes() {
    String group = "_library/horos-1a2b3c4d/reports";
    world.addStudy(1);
    for (int i = 0; i < 3; i++) {
      world.source().put(group, "REPORTS/a.txt", new byte[] {1, (byte) i}, world.clock().instant());
      world.clock().pass(Duration.ofDays(3));
      world.backUp();
    }

    assertThat(clinic.held(0, group)).hasSize(3);
    assertThat(clinic.plan(0, RetentionClinic.versions(1)).with(Verdict.GO)).hasSize(2);
  }

  @Test
  void versionsOfAGroupThatNoRunOfThisCatalogueMadeStay() {
    String group = "_library/horos-1a2b3c4d/made";
    world.addStudy(1);
    for (int i = 0; i < 2; i++) {
      world.source().put(group, "albums.json", new byte[] {1, (byte) i}, world.clock().instant());
      world.clock().pass(Duration.ofDays(3));
      world.backUp();
    }
    world.loseCatalogue();
    try (Destination destination = world.open(0, Access.READ)) {
      Rebuild.from(destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
      String here = destination.id().toString();
      Proof proof = new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, world.clock().instant());
      clinic
          .held(0, group)
          .forEach(version ->
              world.catalogue().recordProof(new StudyKey(group), version, here, proof, "good"));
    }

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(plan, group)).extracting(Reason::code).containsOnly("not-ours");
  }

  @Test
  void aLegalTimeHoldsHoweverTheModalityIsWritten() {
    StudyFacts facts =
        new StudyFacts(
            new StudyKey("1.2.3"),
            PatientData.of(""),
            PatientData.of("t1"),
            Optional.empty(),
            Optional.of(java.time.LocalDate.parse("2015-01-10")),
            List.of("mg "),
            PatientData.of(""),
            PatientData.of(""));
    Terms terms =
        new Terms(
            RetentionClinic.studiesFor("P1Y", RetentionClinic.legal("MG=P20Y")),
            List.of(),
            java.time.Instant.parse("2026-01-01T00:00:00Z"),
            Duration.ofDays(30),
            Optional.empty());

    assertThat(StudyAge.of(List.of(facts), terms).over()).isFalse();
  }

  // ---- holds

  @Test
  void aHeldStudyLosesNothingUntilAPersonReleasesIt() {
    String study = clinic.studyWithVersions(3);
    long hold = clinic.hold(study);
    RetentionPlan held = clinic.plan(0, RetentionClinic.versions(1));

    world.catalogue().holds().release(hold, "Dr. Keeper", "the case is over");
    RetentionPlan released = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(held.with(Verdict.GO)).isEmpty();
    assertThat(clinic.reasons(held, study)).extracting(Reason::text).contains("hold " + hold);
    assertThat(released.with(Verdict.GO)).hasSize(2);
    assertThat(world.catalogue().holds().all())
        .singleElement()
        .satisfies(
            row -> assertThat(row.release().orElseThrow().reason()).isEqualTo("the case is over"));
  }

  @Test
  void aHoldByPatientOrByDatesHoldsAllItsStudies() {
    clinic.studyWithVersions(2);

    world
        .catalogue()
        .holds()
        .place(
            Optional.empty(), Optional.of(PatientData.of("t1 ")), Optional.empty(), "r", "author");
    RetentionPlan byPatient = clinic.plan(0, RetentionClinic.versions(1));
    world.catalogue().holds().release(1, "author", "");
    world
        .catalogue()
        .holds()
        .place(
            Optional.empty(),
            Optional.empty(),
            Optional.of(
                new HoldRow.Days(
                    java.time.LocalDate.parse("2024-02-01"),
                    java.time.LocalDate.parse("2024-02-15"))),
            "r",
            "author");
    RetentionPlan byDates = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(byPatient.with(Verdict.GO)).isEmpty();
    assertThat(byDates.with(Verdict.GO)).isEmpty();
  }

  @Test
  void aHoldThatIsPlacedAfterThePlanWasMadeCounts() {
    String study = clinic.studyWithVersions(3);
    RetentionRules rules = RetentionClinic.versions(1);
    PlanFile plan = PlanFile.of(clinic.plan(0, rules));
    clinic.hold(study);

    PruneReport report = clinic.prune(0, plan, rules, false);

    assertThat(report.removed()).isZero();
    assertThat(report.kept()).hasSize(2);
    assertThat(clinic.held(0, study)).hasSize(3);
  }

  @Test
  void aHoldThatIsPlacedWhileCopiesAreRemovedKeepsTheRest() {
    String study = clinic.studyWithVersions(3);
    RetentionRules rules = RetentionClinic.versions(1);
    PlanFile plan = PlanFile.of(clinic.plan(0, rules));
    int[] asked = new int[1];

    // Asked twice while judging, once before the part, then before each of two removals.
    PruneReport report =
        clinic.prune(
            0,
            plan,
            rules,
            false,
            () -> {
              if (++asked[0] == 5) {
                clinic.hold(study);
              }
              return false;
            });

    assertThat(report.removed()).isEqualTo(1);
    assertThat(report.kept()).hasSize(1);
    assertThat(clinic.held(0, study)).hasSize(2);
  }

  // ---- when nothing may go

  @Test
  void whileTheAlarmOfSharplyFewerStudiesStandsNothingMayGo() {
    clinic.studyWithVersions(3);
    RetentionRules rules = RetentionClinic.versions(1);
    String other = world.addStudy(1);
    world.backUp();
    PlanFile before = PlanFile.of(clinic.plan(0, rules));
    world.source().remove(other);
    world.backUp();

    RetentionPlan frozen = clinic.plan(0, rules);

    assertThat(frozen.frozen()).isPresent();
    assertThat(frozen.with(Verdict.GO)).isEmpty();
    assertThatThrownBy(() -> clinic.prune(0, before, rules, false))
        .isInstanceOfSatisfying(
            SerdabException.HeldBack.class,
            e -> assertThat(e.problem().code()).isEqualTo("retention-frozen"));

    world.acceptingFewer().backUp();
    assertThat(clinic.plan(0, rules).frozen()).isEmpty();
    assertThat(clinic.prune(0, before, rules, false).removed()).isEqualTo(2);
  }

  @Test
  void aRunThatNeverEndedFreezesRetention() {
    clinic.studyWithVersions(2);
    world.catalogue().beginRun("backup", "", "world:source", destinationIds(), "died");

    assertThat(clinic.plan(0, RetentionClinic.versions(1)).frozen()).isPresent();
  }

  @Test
  void theAlarmOfASourceThatIsBackedUpElsewhereFreezesNothingHere() {
    clinic.studyWithVersions(2);
    world.catalogue().beginRun("backup", "", "another:source", List.of("another disk"), "died");

    assertThat(clinic.plan(0, RetentionClinic.versions(1)).frozen()).isEmpty();
  }

  @Test
  void theAlarmFreezesEveryDiskOfTheSourceAlsoThoseWhoseTurnItIsNot() {
    clinic.studyWithVersions(2);
    for (long listed : new long[] {100, 100, 40}) {
      long run = world.catalogue().beginRun("backup", "", "world:source", List.of("other"), "w");
      world
          .catalogue()
          .endRun(
              run,
              listed == 40 ? "failed" : "good",
              new RunTotals(listed, listed, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    assertThat(clinic.plan(0, RetentionClinic.versions(1)).frozen()).isPresent();
  }

  private List<String> destinationIds() {
    try (Destination destination = world.open(0, Access.READ)) {
      return List.of(destination.id().toString());
    }
  }

  @Test
  void aDestinationThatListsFewerCopiesThanExpectedFreezesRetention() {
    clinic.studyWithVersions(2);
    String other = world.addStudy(1);
    world.backUp();
    try (Destination destination = world.open(0, Access.WRITE)) {
      HeldVersion copy = destination.versions(new StudyKey(other)).getFirst();
      destination.removeLast(copy);
    }

    RetentionPlan plan = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(plan.frozen().orElseThrow().code()).isEqualTo("retention-copies-missing");
    assertThat(plan.with(Verdict.GO)).isEmpty();
  }

  @Test
  void afterTheCatalogueWasLostNothingMayGoUntilItIsProvenAgain() {
    String study = clinic.studyWithVersions(3);
    world.loseCatalogue();
    RetentionPlan lost = clinic.plan(0, RetentionClinic.versions(1));
    try (Destination destination = world.open(0, Access.READ)) {
      Rebuild.from(destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
    }
    RetentionPlan rebuilt = clinic.plan(0, RetentionClinic.versions(1));

    assertThat(lost.with(Verdict.KEEP)).hasSize(3);
    assertThat(clinic.reasons(lost, study)).extracting(Reason::code).containsOnly("unknown-copy");
    assertThat(rebuilt.with(Verdict.KEEP)).hasSize(3);
    assertThat(clinic.reasons(rebuilt, study)).extracting(Reason::code).containsOnly("not-proven");
  }

  // ---- carrying it out

  @Test
  void theRemainingCopyIsProvenBeforeAnOlderOneGoes() {
    String study = clinic.studyWithVersions(2);
    RetentionRules rules = RetentionClinic.versions(1);
    PlanFile plan = PlanFile.of(clinic.plan(0, rules));
    damageNewest(study);
    world.clock().pass(Duration.ofDays(1));
    // The proof is 30 days old by then, the plan one day.
    PlanFile strict =
        PlanFile.of(
            new RetentionPlan(
                plan.destinationId(),
                plan.rules(),
                plan.madeAt(),
                Duration.ZERO,
                clinic.plan(0, rules).lines(),
                0,
                0,
                Optional.empty()));

    PruneReport report = clinic.prune(0, strict, rules, false);

    assertThat(report.removed()).isZero();
    assertThat(report.kept())
        .singleElement()
        .satisfies(kept -> assertThat(kept.problem().code()).isEqualTo("remaining-copy-not-good"));
    assertThat(clinic.held(0, study)).hasSize(2);
    assertThat(clinic.states(study)).contains("bad");
  }

  private void damageNewest(String study) {
    CopyRow newest = world.catalogue().copies(new StudyKey(study)).getFirst();
    world.disk().flipBit(newest.location(), 800);
  }

  @Test
  void aDamagedCopyNeitherGoesNorCounts() {
    String study = clinic.studyWithVersions(3);
    CopyRow newest = world.catalogue().copies(new StudyKey(study)).getFirst();
    world
        .catalogue()
        .recordProof(
            newest.study(), newest.version(), newest.destinationId(), newest.proof(), "bad");

    clinic.prune(0, RetentionClinic.versions(1));

    assertThat(clinic.held(0, study)).hasSize(2).contains(newest.version());
    assertThat(clinic.states(study)).containsExactly("bad", "good", "removed");
    assertThat(clinic.reasons(clinic.plan(0, RetentionClinic.versions(1)), study))
        .extracting(Reason::code)
        .contains("damaged");
  }

  @Test
  void aPlanThatWasEditedIsRefused() throws IOException {
    clinic.studyWithVersions(3);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PlanFile plan = PlanFile.of(clinic.plan(0, RetentionClinic.versions(2)));
    plan.writeTo(out);
    String text = out.toString(StandardCharsets.UTF_8);

    PlanFile back = PlanFile.read(new ByteArrayInputStream(out.toByteArray()));

    assertThat(back).isEqualTo(plan);
    assertThatThrownBy(() ->
            PlanFile.read(
                new ByteArrayInputStream(
                    text.replace("versions: 2", "versions: 1").getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(SerdabException.Damaged.class);
    assertThatThrownBy(() ->
            PlanFile.read(
                new ByteArrayInputStream(
                    text.substring(0, text.length() / 2).getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void anOldPlanAPlanByOtherRulesAndThatOfAnotherDiskAreRefused() {
    clinic.studyWithVersions(3);
    RetentionRules rules = RetentionClinic.versions(2);
    PlanFile plan = PlanFile.of(clinic.plan(0, rules));
    PlanFile elsewhere =
        new PlanFile(
            "another", plan.rules(), plan.madeAt(), plan.proofsFor(), plan.copies(), plan.hash());

    assertRefused("plan-by-other-rules", plan, RetentionClinic.versions(1));
    assertRefused("plan-of-another-destination", elsewhere, rules);
    world.clock().pass(Duration.ofDays(8));
    assertRefused("plan-too-old", plan, rules);
  }

  private void assertRefused(String code, PlanFile plan, RetentionRules rules) {
    assertThatThrownBy(() -> clinic.prune(0, plan, rules, true))
        .isInstanceOfSatisfying(
            SerdabException.Refused.class, e -> assertThat(e.problem().code()).isEqualTo(code));
  }

  // ---- certificates

  @Test
  void theCertificateNamesEveryCopyItsFilesAndWhatRemains() {
    String study = clinic.studyWithVersions(2);
    byte[] file = world.source().files(study).values().iterator().next();
    List<VersionId> before = clinic.held(0, study);

    PruneReport report = clinic.prune(0, RetentionClinic.versions(1));

    String name = report.certificates().getFirst().name();
    String id = name.substring("certificate-".length(), name.length() - ".json".length());
    String json = new String(clinic.papers.get(name), StandardCharsets.UTF_8);
    String intent =
        new String(clinic.papers.get("certificate-" + id + "-intent.json"), StandardCharsets.UTF_8);
    String text =
        new String(clinic.papers.get("certificate-" + id + ".txt"), StandardCharsets.UTF_8);
    assertThat(json)
        .contains(study, before.getFirst().hex(), "\"outcome\":\"removed\"", "Dr. Keeper")
        .contains(Sha256.digest(file).hex() + " " + file.length)
        .contains("here, version " + before.getLast().hex());
    assertThat(intent).contains("\"state\":\"intended\"", before.getFirst().hex());
    assertThat(text)
        .contains(study, before.getFirst().hex(), "1 copies were destroyed")
        .contains(Sha256.digest(clinic.papers.getOrDefault(name, new byte[0])).hex());
    assertThat(report.certificates().getFirst().digest())
        .isEqualTo(Sha256.digest(clinic.papers.getOrDefault(name, new byte[0])).hex());
    assertThat(beside()).isEqualTo(clinic.paperNames());
  }

  @Test
  void aCertificateNeverTakesTheNameOfAnother() {
    clinic.studyWithVersions(2);
    String stamp =
        java.time.format.DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'")
            .withZone(java.time.ZoneOffset.UTC)
            .format(world.clock().instant());
    // As after the catalogue was lost and the clock set back.
    String taken = "certificate-" + stamp + "-1";
    try (Destination destination = world.open(0, Access.WRITE)) {
      var papers = destination.beside(Prune.FOLDER).orElseThrow();
      papers.write(taken + "-intent.json", out -> out.write(1));
      papers.write(taken + ".json", out -> out.write(1));
    }

    PruneReport report = clinic.prune(0, RetentionClinic.versions(1));

    assertThat(report.certificates())
        .singleElement()
        .satisfies(paper -> assertThat(paper.name()).isNotEqualTo(taken + ".json"));
    assertThat(beside()).contains(report.certificates().getFirst().name());
  }

  private Set<String> beside() {
    try (Destination destination = world.open(0, Access.READ)) {
      return destination.beside(Prune.FOLDER).orElseThrow().names("").stream()
          .collect(Collectors.toSet());
    }
  }

  @Test
  void aPruningKilledAtAnyMomentLeavesNothingCalledProvenThatIsGone() {
    int killed = 0;
    boolean[] reached = {true};
    for (int step = 0; reached[0]; step++) {
      try (RetentionClinic one = RetentionClinic.drawnFrom(new SplittableRandom(7), 2)) {
        String study = one.studyWithVersions(3);
        PlanFile plan = PlanFile.of(one.plan(0, RetentionClinic.versions(1)));
        assertThat(plan.copies()).hasSize(2);
        reached[0] = false;
        killAt(one, step, reached);

        try {
          one.prune(0, plan, RetentionClinic.versions(1), false);
        } catch (CrashedException e) {
          killed++;
        }
        one.world.catalogueInMemory().failAt((_, _) -> {});
        one.world.disk(0).kill();

        List<String> there = one.world.disk(0).files();
        String here = idOf(one, 0);
        assertThat(one.world.catalogue().copies(new StudyKey(study)))
            .filteredOn(row -> row.destinationId().equals(here) && row.isProven())
            .as("killed at step %d of the catalogue", step)
            .isNotEmpty()
            .allMatch(row -> there.contains(row.location()));
      }
    }
    assertThat(killed).isGreaterThan(10);
  }

  private static void killAt(RetentionClinic clinic, int step, boolean[] reached) {
    clinic
        .world
        .catalogueInMemory()
        .failAt((number, name) -> {
          if (number == step) {
            reached[0] = true;
          }
          if (number == step && !name.equals("committed")) {
            throw new CrashedException("killed at " + name);
          }
        });
  }

  private static String idOf(RetentionClinic clinic, int disk) {
    try (Destination destination = clinic.world.open(disk, Access.READ)) {
      return destination.id().toString();
    }
  }

  @Test
  void aPruningThatIsStoppedSaysSoAndTheSamePlanGoesOn() {
    clinic.studyWithVersions(4);
    RetentionRules rules = RetentionClinic.versions(1);
    PlanFile plan = PlanFile.of(clinic.plan(0, rules));
    int[] asked = new int[1];

    // Asked once per copy while judging, once before the part, then before each removal.
    PruneReport stopped = clinic.prune(0, plan, rules, false, () -> ++asked[0] > 5);
    PruneReport rest = clinic.prune(0, plan, rules, false);

    assertThat(stopped.interrupted()).isTrue();
    assertThat(stopped.removed()).isEqualTo(1);
    assertThat(rest.removed()).isEqualTo(2);
    List<RemovalRow> rows =
        world
            .catalogue()
            .removals()
            .of(world.catalogue().removals().certificates(plan.destinationId()).getFirst().id());
    assertThat(rows).extracting(RemovalRow::state).containsExactly("removed", "kept", "kept");
  }

  @Test
  void aHoldThatNamesNothingIsRefused() {
    assertThatThrownBy(() ->
            world
                .catalogue()
                .holds()
                .place(Optional.empty(), Optional.empty(), Optional.empty(), "r", "a"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
