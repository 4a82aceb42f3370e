package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Problem;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.World;

/// What a restore owes to people whose copies have gaps.
class RestoreTest {

  private final World world = World.drawnFrom(new SplittableRandom(5));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void aFileThatNeverCameIntoTheCopyIsANamedGap() {
    String study = world.addStudy(3);
    world.source().loseFile(World.imagePath(study, 2));
    world.backUp();

    RestoreReport report = restoreAll();

    assertThat(report.filesWritten()).isEqualTo(2);
    assertThat(report.gaps()).hasSize(1);
    assertThat(report.gaps().getFirst().path()).isEqualTo(World.imagePath(study, 2));
  }

  @Test
  void aCopyMadeWhileFilesWereAwayDoesNotHideTheWholeOneBeforeIt() {
    String study = world.addStudy(3);
    world.backUp();
    world.source().loseFile(World.imagePath(study, 2));
    world.clock().pass(Duration.ofDays(31));
    RunReport away = world.backUp();
    world.source().mendAll();
    world.clock().pass(Duration.ofDays(2));
    world.backUp();

    RestoreReport report = restoreAll();

    assertThat(away.totals().incomplete()).isEqualTo(1);
    assertThat(report.filesWritten()).isEqualTo(3);
    assertThat(report.gaps()).isEmpty();
  }

  // ---- what somebody deleted from the disk

  private void delete(String study, int version) {
    try (Destination from = world.open(0, Access.READ)) {
      world.disk().remove(from.versions(new StudyKey(study)).get(version).location());
    }
  }

  /// A study with two versions, the first read before the returned time.
  private Instant twoVersions(String study) {
    world.backUp();
    world.clock().pass(Duration.ofDays(1));
    Instant between = world.clock().instant();
    world.clock().pass(Duration.ofDays(1));
    world.putImage(study, 2, world.pixels(), "");
    world.clock().pass(Duration.ofDays(2));
    world.backUp();
    return between;
  }

  @Test
  void aStudyWhoseZipIsGoneIsANamedGap() {
    String gone = world.addStudy(3);
    world.addStudy(1);
    world.backUp();
    delete(gone, 0);

    RestoreReport report = restoreAll();

    assertThat(report.filesWritten()).isEqualTo(1);
    RestoreReport.Gap gap = theOnlyGap(report);
    assertThat(gap.problem().code()).isEqualTo("newest-copy-gone");
    assertThat(gap.study()).contains(world.catalogue().label(new StudyKey(gone)));
    assertThat(plan(Selection.ALL).gaps()).isEqualTo(report.gaps());
  }

  @Test
  void anOlderVersionDoesNotComeInPlaceOfTheNewestWithoutAWord() {
    String study = world.addStudy(1);
    twoVersions(study);
    delete(study, 1);

    RestoreReport report = restoreAll();

    assertThat(report.filesWritten()).isEqualTo(1);
    Problem problem = theOnlyGap(report).problem();
    assertThat(problem.code()).isEqualTo("newest-copy-gone");
    assertThat(problem.what()).contains("an older one is brought back");
  }

  @Test
  void whatWasCopiedLaterThanAskedForIsNotMissed() {
    String study = world.addStudy(1);
    Instant between = twoVersions(study);
    delete(study, 1);

    assertThat(restore(Selection.ALL, Optional.of(between)).gaps()).isEmpty();
  }

  @Test
  void anOlderVersionThatIsGoneIsNotMissedEither() {
    String study = world.addStudy(1);
    twoVersions(study);
    delete(study, 0);

    RestoreReport report = restoreAll();

    assertThat(report.filesWritten()).isEqualTo(2);
    assertThat(report.gaps()).isEmpty();
  }

  @Test
  void onlyWhatWasAskedForIsMissed() {
    String gone = world.addStudy(1);
    String there = world.addStudy(1);
    world.backUp();
    delete(gone, 0);

    assertThat(restore(only(there), Optional.empty()).gaps()).isEmpty();
    assertThat(restore(only(gone), Optional.empty()).gaps())
        .extracting(gap -> gap.problem().code())
        .containsExactly("study-not-there");
    assertThat(restore(of("nobody"), Optional.empty()).gaps())
        .extracting(gap -> gap.problem().code())
        .containsExactly("patient-not-there");
  }

  @Test
  void whatAPlanRemovedIsNotMissed() {
    String removed = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    CopyRow copy = world.catalogue().copies(new StudyKey(removed)).getFirst();
    delete(removed, 0);
    world
        .catalogue()
        .removals()
        .removedElsewhere(copy.study(), copy.version(), copy.destinationId(), copy.location());

    assertThat(restoreAll().gaps()).isEmpty();
  }

  @Test
  void whoRemembersNothingMissesNothing() {
    String gone = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    delete(gone, 0);
    world.loseCatalogue();

    assertThat(restoreAll().gaps()).isEmpty();
  }

  private static RestoreReport.Gap theOnlyGap(RestoreReport report) {
    assertThat(report.gaps()).hasSize(1);
    return report.gaps().getFirst();
  }

  private static Selection only(String study) {
    return new Selection(
        Set.of(), Optional.empty(), Optional.empty(), Set.of(study), Optional.empty());
  }

  private static Selection of(String patientId) {
    return new Selection(
        Set.of(), Optional.empty(), Optional.empty(), Set.of(), Optional.of(patientId));
  }

  private RestorePlan plan(Selection wanted) {
    try (Destination from = world.open(0, Access.READ)) {
      return new Restore(from, world.catalogue(), Progress.SILENT, () -> false)
          .plan(wanted, Optional.empty(), false, OptionalLong.empty());
    }
  }

  private RestoreReport restoreAll() {
    return restore(Selection.ALL, Optional.empty());
  }

  private RestoreReport restore(Selection wanted, Optional<Instant> asOf) {
    SimulatedDisk target = new SimulatedDisk(new SplittableRandom(6), world.clock());
    try (Destination from = world.open(0, Access.READ);
        LocalFolder folder =
            LocalFolder.on(target.mount(), "the target", new SplittableRandom(7))) {
      return new Restore(from, world.catalogue(), Progress.SILENT, () -> false)
          .toFolder(folder, wanted, asOf);
    }
  }
}
