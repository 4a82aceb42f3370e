package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Safety;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.World;

/// A recovered catalogue is older than what lies in the destination.
class RecoveredPlacesTest {

  @Test
  void aCopyThatLiesElsewhereByNowIsRememberedThereAndProvenAnew() {
    try (World world = World.drawnFrom(new SplittableRandom(51))) {
      StudyKey study = new StudyKey(world.addStudy(1));
      world.backUp();
      String before = world.catalogue().copies(study).getFirst().location();
      String now = before.replace(".zip", "_2.zip");
      world.disk().put(now, world.disk().bytes(before));
      world.disk().remove(before);

      try (Destination destination = world.open(0, Access.READ)) {
        Recovery.bringUpToDate(
            destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
      }

      CopyRow copy = world.catalogue().copies(study).getFirst();
      assertThat(copy.location()).isEqualTo(now);
      assertThat(copy.isProven()).as("nobody read it back there").isFalse();
    }
  }

  @Test
  void aDestinationThatIsAwayDoesNotCountUntilItIsLookedAt() {
    try (World world = World.withDestinations(2, new SplittableRandom(52))) {
      StudyKey kept = new StudyKey(world.addStudy(1));
      StudyKey removed = new StudyKey(world.addStudy(1));
      world.backUp();
      String away = idOf(world, 1);
      CopyRow before = on(away, world, kept);
      world.disk(1).remove(on(away, world, removed).location());

      recoverFrom(world, 0);
      boolean provenWhileAway =
          on(away, world, kept).isProven() || on(away, world, removed).isProven();
      long safe = counts(world, List.of(idOf(world, 0), away)).safeStudies();
      long unseen = counts(world, List.of(away)).destinations().getFirst().unseen();
      connect(world, 1);

      assertThat(provenWhileAway).isFalse();
      assertThat(safe).isZero();
      assertThat(unseen).isEqualTo(2);
      assertThat(on(away, world, kept)).as("with its proof and date").isEqualTo(before);
      assertThat(on(away, world, removed).state()).isEqualTo("gone");
      assertThat(on(idOf(world, 0), world, removed).isProven()).as("was looked at").isTrue();
      assertThat(world.catalogue().standing().unseen(away)).isEmpty();
    }
  }

  @Test
  void theNextRunCopiesOnlyWhatIsNotThere() {
    try (World world = World.withDestinations(2, new SplittableRandom(53))) {
      world.addStudy(1);
      StudyKey removed = new StudyKey(world.addStudy(1));
      world.backUp();
      String away = idOf(world, 1);
      world.disk(1).remove(on(away, world, removed).location());
      recoverFrom(world, 0);
      connect(world, 1);

      RunReport report = world.backUp();

      assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
      assertThat(report.totals().copied()).isEqualTo(1);
      assertThat(report.totals().alreadyThere()).isEqualTo(1);
      assertThat(on(away, world, removed).isProven()).isTrue();
    }
  }

  @Test
  void aVerificationOfAShareLooksForAllCopies() {
    try (World world = World.withDestinations(2, new SplittableRandom(54))) {
      StudyKey kept = new StudyKey(world.addStudy(1));
      StudyKey other = new StudyKey(world.addStudy(1));
      StudyKey removed = new StudyKey(world.addStudy(1));
      world.backUp();
      String away = idOf(world, 1);
      world.disk(1).remove(on(away, world, removed).location());
      recoverFrom(world, 0);

      VerifyReport report;
      try (Destination destination = world.open(1, Access.READ);
          BlobStore scratch =
              LocalFolder.on(
                  new SimulatedDisk(new SplittableRandom(1), world.clock()).mount(),
                  "scratch",
                  new SplittableRandom(2))) {
        report =
            new Verification(
                    destination,
                    world.catalogue(),
                    world.clock(),
                    Progress.SILENT,
                    () -> false,
                    scratch)
                .verify(Depth.READABLE, new Share(1, 30), Optional.empty());
      }

      assertThat(on(away, world, kept).isProven()).isTrue();
      assertThat(on(away, world, other).isProven()).isTrue();
      assertThat(report.bad())
          .extracting(bad -> bad.problem().code())
          .as("a copy that is not there is told")
          .containsExactly("copy-gone");
    }
  }

  /// The catalogue is that of a copy which was left before anything else happened.
  private static void recoverFrom(World world, int disk) {
    world.catalogue().standing().recovered(world.clock().instant());
    try (Destination destination = world.open(disk, Access.READ)) {
      Recovery.bringUpToDate(
          destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
    }
  }

  private static void connect(World world, int disk) {
    try (Destination destination = world.open(disk, Access.WRITE)) {
      Arrival.of(destination, "zip:/disk" + disk, world.catalogue(), world.clock());
    }
  }

  private static String idOf(World world, int disk) {
    return world.catalogue().destinationsAt("zip:/disk" + disk).getFirst();
  }

  private static CopyRow on(String destination, World world, StudyKey study) {
    return world.catalogue().copies(study).stream()
        .filter(row -> row.destinationId().equals(destination))
        .findFirst()
        .orElseThrow();
  }

  private static Safety.Counts counts(World world, List<String> destinations) {
    return world
        .catalogue()
        .safety()
        .count(new Safety.Scope("world:source", destinations, List.of(), 0));
  }
}
