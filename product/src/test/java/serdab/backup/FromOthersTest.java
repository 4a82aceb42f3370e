package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.RunReport;
import serdab.testing.world.World;

/// What the source lost and one disk damaged, a backup makes again from another disk of its plan.
class FromOthersTest {

  private final World world = World.withDestinations(2, new SplittableRandom(21)).acceptingFewer();

  @AfterEach
  void close() {
    world.close();
  }

  /// A study on both disks that is in the source no more; another one still is.
  private String lostBySource() {
    String study = world.addStudy(3);
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

  private String id(int disk) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.id().toString();
    }
  }

  private CopyRow row(int disk, String study) {
    String id = id(disk);
    return world.catalogue().copies(new StudyKey(study)).stream()
        .filter(copy -> copy.destinationId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /// As a verification records what it finds.
  private void found(int disk, HeldVersion copy, String state) {
    world
        .catalogue()
        .recordProof(
            copy.study(),
            copy.id(),
            id(disk),
            new Proof(Depth.PRESENT, ProofMeans.ASKED, world.clock().instant()),
            state);
  }

  private HeldVersion damage(int disk, String study) {
    HeldVersion copy = versions(disk, study).getFirst();
    world.disk(disk).flipBit(copy.location(), 800);
    found(disk, copy, "bad");
    return copy;
  }

  private List<String> setAside(int disk) {
    return world.disk(disk).files().stream()
        .filter(name -> name.startsWith("_set-aside/") && name.endsWith(".zip"))
        .toList();
  }

  @Test
  void aDamagedCopyIsMadeAgainFromAnotherDiskWhenTheSourceLostTheStudy() {
    String study = lostBySource();
    HeldVersion lost = damage(0, study);
    byte[] damaged = world.disk(0).bytes(lost.location());
    world.clock().pass(Duration.ofDays(1));

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
    assertThat(row(0, study).isProven()).isTrue();
    assertThat(world.damage(0)).isEmpty();
    assertThat(versions(0, study)).extracting(HeldVersion::id).containsExactly(lost.id());
    assertThat(setAside(0))
        .singleElement()
        .satisfies(aside -> assertThat(world.disk(0).bytes(aside)).isEqualTo(damaged));
    assertThat(report.warnings())
        .anySatisfy(line ->
            assertThat(line.text())
                .startsWith("1 copy that was damaged or lost")
                .contains("disk 1"));
    assertThat(world.backUp().warnings()).isEmpty();
  }

  @Test
  void aCopyThatIsGoneIsMadeAgainToo() {
    String study = lostBySource();
    HeldVersion lost = versions(1, study).getFirst();
    world.disk(1).remove(lost.location());
    found(1, lost, "gone");

    world.backUp();

    assertThat(versions(1, study)).extracting(HeldVersion::id).containsExactly(lost.id());
    assertThat(row(1, study).isProven()).isTrue();
    assertThat(setAside(1)).isEmpty();
  }

  @Test
  void anOlderVersionThatTheSourceNoLongerShowsIsMadeAgain() {
    String study = world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(2));
    world.putImage(study, 2, world.pixels(), "");
    world.clock().pass(Duration.ofDays(2));
    world.backUp();
    damage(0, study);

    world.backUp();

    assertThat(world.damage(0)).isEmpty();
    assertThat(versions(0, study)).isEqualTo(sameVersions(study)).hasSize(2);
  }

  private List<HeldVersion> sameVersions(String study) {
    List<HeldVersion> there = versions(0, study);
    assertThat(there.stream().map(HeldVersion::id).toList())
        .isEqualTo(versions(1, study).stream().map(HeldVersion::id).toList());
    return there;
  }

  @Test
  void aNewerVersionUnderTheNameThatALostOneLeftStaysWhereItIs() {
    String study = world.addStudy(1);
    world.backUp();
    HeldVersion lost = versions(0, study).getFirst();
    world.disk(0).remove(lost.location());
    found(0, lost, "gone");
    world.clock().pass(Duration.ofDays(2));
    world.putImage(study, 2, world.pixels(), "");
    world.clock().pass(Duration.ofDays(2));

    world.backUp();

    assertThat(sameVersions(study)).hasSize(2);
    assertThat(sameVersions(study).getLast().location()).isEqualTo(lost.location());
    assertThat(setAside(0)).isEmpty();
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void whatNoOtherDiskHoldsProvenStaysAsItIs() {
    String study = lostBySource();
    HeldVersion lost = damage(0, study);
    damage(1, study);

    RunReport report = world.backUp();

    assertThat(row(0, study).state()).isEqualTo("bad");
    assertThat(world.disk(0).files()).contains(lost.location());
    assertThat(setAside(0)).isEmpty();
    assertThat(report.warnings()).noneMatch(line -> line.text().contains("made again"));
  }

  @Test
  void aCopyThatTurnsOutDamagedElsewhereIsNotCarriedOver() {
    String study = lostBySource();
    damage(0, study);
    world.disk(1).flipBit(versions(1, study).getFirst().location(), 800);

    RunReport report = world.backUp();

    assertThat(row(0, study).state()).isEqualTo("bad");
    assertThat(setAside(0)).isEmpty();
    assertThat(report.warnings()).anyMatch(line -> line.text().contains("is no help"));
  }

  @Test
  void aBatchLimitsWhatIsMadeAgainInOneRun() {
    String first = world.addStudy(1);
    String second = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    world.source().remove(first);
    world.source().remove(second);
    world.backUp();
    damage(0, first);
    damage(0, second);
    world.batch(1);

    world.backUp();
    int afterOne = setAside(0).size();
    world.backUp();

    assertThat(afterOne).isEqualTo(1);
    assertThat(setAside(0)).hasSize(2);
    assertThat(world.damage(0)).isEmpty();
  }

  @Test
  void whatALostCatalogueHadRemovedDoesNotComeBack() {
    String study = lostBySource();
    HeldVersion removed = versions(0, study).getFirst();
    world.disk(0).remove(removed.location());
    world.disk(0).put("_retention/certificate-20260301T120000Z-1-intent.json", new byte[] {'{'});
    found(0, removed, "gone");

    world.backUp();

    assertThat(versions(0, study)).isEmpty();
  }

  @Test
  void aCopyThatIsBackWhereItWasIsProvenAndNotMadeAgain() {
    String study = lostBySource();
    HeldVersion copy = versions(0, study).getFirst();
    found(0, copy, "gone");

    RunReport report = world.backUp();

    assertThat(row(0, study).isProven()).isTrue();
    assertThat(versions(0, study)).hasSize(1);
    assertThat(report.warnings()).isEmpty();
  }
}
