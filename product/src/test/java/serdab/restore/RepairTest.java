package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Depth;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.CrashedException;
import serdab.testing.world.FaultyStore;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.World;

/// A damaged copy is made again from another destination; the damaged file is kept aside.
class RepairTest {

  private static World twoDisks() {
    return World.withDestinations(2, new SplittableRandom(11));
  }

  @Test
  void aDamagedCopyIsMadeAgainFromAnotherDestinationAndSetAside() {
    try (World world = twoDisks()) {
      String study = world.addStudy(3);
      world.backUp();
      String zip = location(world, study, 0);
      world.disk(0).flipBit(zip, 4321);
      byte[] damaged = world.disk(0).bytes(zip);

      VerifyReport told = verify(world, false);
      VerifyReport mended = verify(world, true);
      VerifyReport after = verify(world, false);

      assertThat(told.bad()).hasSize(1);
      assertThat(mended.bad()).isEmpty();
      assertThat(mended.repaired()).hasSize(1);
      assertThat(mended.setAside()).isEqualTo(1);
      assertThat(after.bad()).isEmpty();
      assertThat(after.copies()).isEqualTo(1);
      assertThat(after.setAside()).isEqualTo(1);
      String aside = setAside(world).getFirst();
      assertThat(aside).startsWith("_set-aside/20260301T120000Z/").endsWith("/" + zip);
      assertThat(world.disk(0).bytes(aside)).isEqualTo(damaged);
      assertThat(world.notSafe(0)).isEmpty();
      CopyRow row = row(world, study, 0);
      assertThat(row.isProven()).isTrue();
      assertThat(row.location()).isNotEqualTo(zip);
    }
  }

  /// The head at the end of the ZIP tells whose it is; without it only the catalogue does.
  @Test
  void aCopyCutShortIsMadeAgainToo() {
    try (World world = twoDisks()) {
      String study = world.addStudy(3);
      world.backUp();
      String zip = location(world, study, 0);
      byte[] whole = world.disk(0).bytes(zip);
      world.disk(0).put(zip, java.util.Arrays.copyOf(whole, whole.length / 2));

      VerifyReport mended = verify(world, true);

      assertThat(mended.bad()).isEmpty();
      assertThat(mended.repaired()).hasSize(1);
      assertThat(world.notSafe(0)).isEmpty();
      assertThat(setAside(world)).hasSize(1);
    }
  }

  @Test
  void aCopyThatIsGoneIsMadeAgain() {
    try (World world = twoDisks()) {
      String study = world.addStudy(2);
      world.backUp();
      world.disk(0).remove(location(world, study, 0));

      VerifyReport mended = verify(world, true);

      assertThat(mended.repaired()).hasSize(1);
      assertThat(world.notSafe(0)).isEmpty();
      assertThat(setAside(world)).isEmpty();
    }
  }

  @Test
  void withoutAGoodCopyElsewhereTheDamagedOneStaysWhereItIs() {
    try (World world = twoDisks()) {
      String study = world.addStudy(3);
      world.backUp();
      world.disk(0).flipBit(location(world, study, 0), 4321);
      world.disk(1).flipBit(location(world, study, 1), 4321);

      VerifyReport report = verify(world, true);

      assertThat(report.bad()).hasSize(1);
      assertThat(report.repaired()).isEmpty();
      assertThat(setAside(world)).isEmpty();
      assertThat(row(world, study, 0).state()).isEqualTo("bad");
    }
  }

  @Test
  void anOlderVersionThatIsMadeAgainIsNotTakenForTheNewest() {
    try (World world = twoDisks()) {
      String study = world.addStudy(2);
      world.backUp();
      world.clock().pass(Duration.ofDays(2));
      world.putImage(study, 3, world.pixels(), "");
      world.backUp();
      String older = versions(world, study).getFirst().location();
      world.disk(0).flipBit(older, 999);

      verify(world, true);

      assertThat(versions(world, study)).hasSize(2);
      assertThat(world.notSafe(0)).isEmpty(); // The newest listed holds all three images.
    }
  }

  @Test
  void aBackupThatMakesADamagedCopyAgainSetsTheDamagedFileAside() {
    try (World world = World.drawnFrom(new SplittableRandom(12))) {
      String study = world.addStudy(3);
      world.backUp();
      world.disk().flipBit(location(world, study, 0), 4321);
      verify(world, false);
      world.clock().pass(Duration.ofDays(2));

      RunReport report = world.backUp();

      assertThat(report.outcome()).isEqualTo(RunReport.Outcome.GOOD);
      assertThat(setAside(world)).hasSize(1);
      assertThat(world.damage(0)).isEmpty();
      assertThat(verify(world, false).bad()).isEmpty();
    }
  }

  @Test
  void aDamagedFileBesideAGoodCopyIsNoAlarm() {
    try (World world = twoDisks()) {
      String study = world.addStudy(3);
      world.backUp();
      String zip = location(world, study, 0);
      String second = zip.replace(".zip", "_2.zip");
      world.disk(0).put(second, world.disk(0).bytes(zip));
      world.disk(0).flipBit(zip, 4321);

      VerifyReport told = verify(world, false);
      VerifyReport mended = verify(world, true);

      assertThat(told.bad()).isEmpty();
      assertThat(told.replaced()).hasSize(1);
      assertThat(row(world, study, 0).isProven()).isTrue();
      assertThat(row(world, study, 0).location()).isEqualTo(second);
      assertThat(mended.repaired()).hasSize(1);
      assertThat(setAside(world)).hasSize(1);
    }
  }

  /// Whatever step of a repair fails: the other destination is as it was, no bytes of the damaged
  /// file are lost, and the next repair ends well.
  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepOfARepairFailsNothingIsLost(Fault fault) {
    for (long step = 1; step < 200; step += 3) {
      try (World world = twoDisks()) {
        String study = world.addStudy(1);
        world.backUp();
        String zip = location(world, study, 0);
        world.disk(0).flipBit(zip, 4321);
        byte[] damaged = world.disk(0).bytes(zip);
        world.disk(0).failAt(world.disk(0).steps() + step, fault);
        boolean failed = false;
        try {
          verify(world, true);
        } catch (CrashedException | serdab.SerdabException e) {
          failed = true;
        }
        world.disk(0).failNoMore();
        world.disk(0).remount();
        world.disk(0).kill();

        VerifyReport after = verify(world, true);

        assertThat(after.bad()).as("%s at step %d", fault, step).isEmpty();
        assertThat(world.notSafe(0)).isEmpty();
        assertThat(world.damage(0)).isEmpty();
        assertThat(setAside(world))
            .as("%s at step %d", fault, step)
            .isNotEmpty()
            .allMatch(name -> java.util.Arrays.equals(world.disk(0).bytes(name), damaged));
        if (!failed && step > 150) {
          return;
        }
      }
    }
  }

  @Test
  void whatAKilledDrillLeftIsRemovedByTheNext() {
    try (World world = World.drawnFrom(new SplittableRandom(13))) {
      world.addStudy(3);
      world.backUp();
      SimulatedDisk scratch = new SimulatedDisk(new SplittableRandom(14), world.clock());
      drill(world, scratch);
      long steps = scratch.steps();
      for (long step = 1; step <= steps; step += 2) {
        SimulatedDisk killed = new SimulatedDisk(new SplittableRandom(step), world.clock());
        killed.put("holiday.jpg", new byte[] {1});
        killed.failAt(step, Fault.KILL);
        try {
          drill(world, killed);
        } catch (CrashedException e) {
          killed.kill();
        }
        killed.failNoMore();

        VerifyReport next = drill(world, killed);

        assertThat(next.good()).isEqualTo(1);
        assertThat(killed.files())
            .filteredOn(file -> !file.startsWith(".place"))
            .containsExactly("holiday.jpg");
      }
    }
  }

  @Test
  void aDrillWithoutRoomSaysNothingAgainstTheCopy() {
    try (World world = World.drawnFrom(new SplittableRandom(15))) {
      String study = world.addStudy(3);
      world.backUp();
      SimulatedDisk scratch = new SimulatedDisk(new SplittableRandom(16), world.clock());
      scratch.limitBytes(1000);

      VerifyReport report = drill(world, scratch);

      assertThat(report.bad())
          .extracting(bad -> bad.problem().code())
          .containsExactly("drill-no-room");
      assertThat(row(world, study, 0).isProven()).isTrue();
    }
  }

  @Test
  void aDrillComparesWhatCameBackAndBlamesTheScratchFolder() {
    try (World world = World.drawnFrom(new SplittableRandom(17))) {
      String study = world.addStudy(2);
      world.backUp();
      FaultyStore scratch = new FaultyStore(new SplittableRandom(18), world.clock());
      scratch.corruptReads(1);

      VerifyReport wrong = drill(world, scratch);
      scratch.behave();
      VerifyReport good = drill(world, scratch);

      assertThat(wrong.bad())
          .extracting(bad -> bad.problem().code())
          .containsExactly("drill-differs");
      assertThat(good.good()).isEqualTo(1);
      assertThat(row(world, study, 0).proof().depth()).isEqualTo(Depth.RESTORED);
    }
  }

  // ---- one process each

  private static VerifyReport drill(World world, SimulatedDisk scratch) {
    return drill(world, LocalFolder.on(scratch.mount(), "scratch", new SplittableRandom(9)));
  }

  private static VerifyReport drill(World world, BlobStore scratch) {
    try (Destination destination = world.open(0, Access.READ);
        BlobStore drills = scratch instanceof FaultyStore place ? place.connect() : scratch) {
      return new Verification(
              destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false, drills)
          .verify(Depth.RESTORED, Share.ALL, Optional.empty());
    }
  }

  private static VerifyReport verify(World world, boolean repair) {
    SimulatedDisk scratch = new SimulatedDisk(new SplittableRandom(8), world.clock());
    List<Destination> others =
        repair ? List.of(world.open(1, Access.READ)) : List.<Destination>of();
    try (Destination destination = world.open(0, repair ? Access.WRITE : Access.READ);
        LocalFolder drills = LocalFolder.on(scratch.mount(), "scratch", new SplittableRandom(9))) {
      Optional<Repair> mender =
          repair
              ? Optional.of(
                  new Repair(destination, others, world.catalogue(), Progress.SILENT, () -> false))
              : Optional.empty();
      return new Verification(
              destination,
              world.catalogue(),
              world.clock(),
              Progress.SILENT,
              () -> false,
              drills,
              mender)
          .verify(Depth.INTACT, Share.ALL, Optional.empty());
    } finally {
      others.forEach(Destination::close);
    }
  }

  private static List<HeldVersion> versions(World world, String study) {
    try (Destination destination = world.open(0, Access.READ)) {
      return destination.versions(new StudyKey(study));
    }
  }

  private static String location(World world, String study, int disk) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.versions(new StudyKey(study)).getLast().location();
    }
  }

  private static CopyRow row(World world, String study, int disk) {
    try (Destination destination = world.open(disk, Access.READ)) {
      String id = destination.id().toString();
      return world.catalogue().copies(new StudyKey(study)).stream()
          .filter(row -> row.destinationId().equals(id))
          .findFirst()
          .orElseThrow();
    }
  }

  private static List<String> setAside(World world) {
    return world.disk(0).files().stream().filter(name -> name.startsWith("_set-aside/")).toList();
  }
}
