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
import serdab.PatientData;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.VersionId;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.catalogue.RemovalRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;
import serdab.report.Progress;
import serdab.restore.Rebuild;
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
            OptionalInt.empty(), Optional.of(Period.ofMonths(6)), Optional.empty(), List.of());

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
            OptionalInt.of(1), Optional.of(Period.ofYears(1)), Optional.empty(), List.of());

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
    assertThat(held).hasSize(2);

    clinic.prune(0, RetentionClinic.versions(1));

    assertThat(clinic.held(0, study)).contains(held.getFirst());
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

  private Set<String> beside() {
    try (Destination destination = world.open(0, Access.READ)) {
      return destination.beside(Prune.FOLDER).orElseThrow().names("").stream()
          .collect(Collectors.toSet());
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
