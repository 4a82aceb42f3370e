package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.report.RunReport.Outcome;
import serdab.restore.Rebuild;
import serdab.restore.Restore;
import serdab.restore.RestoreReport;
import serdab.restore.Share;
import serdab.restore.Verification;
import serdab.restore.VerifyReport;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.World;

/// Runs that are killed, lose power, lose their disk or meet a failing one, at every step. Whatever
/// happens, nothing visible is ever less than whole, and the next runs end with every study proven.
class BackupCrashTest {

  private static final int RUNS_TO_RECOVER = 8;

  @SeededTest(runs = 10_000)
  @Tag("prove")
  @Tag("prove-interruption")
  void afterAPowerCutTheNextRunEndsWithEveryStudyProven(RandomGenerator random) {
    crashAndRecover(random, Fault.POWER_CUT);
  }

  @SeededTest(runs = 2_000)
  @Tag("prove")
  @Tag("prove-interruption")
  void afterAKillTheNextRunEndsWithEveryStudyProven(RandomGenerator random) {
    crashAndRecover(random, Fault.KILL);
  }

  @SeededTest(runs = 1_000)
  @Tag("prove")
  @Tag("prove-interruption")
  void afterTheDiskWasPulledTheNextRunEndsWithEveryStudyProven(RandomGenerator random) {
    crashAndRecover(random, Fault.PULL);
  }

  @Test
  @Tag("prove-interruption")
  void whateverWriteFailsInABackupNothingIsLost() {
    for (Fault fault : List.of(Fault.IO_ERROR, Fault.FULL, Fault.SHORT_WRITE)) {
      for (long step = 1; ; step++) {
        try (World world = World.drawnFrom(new SplittableRandom(step))) {
          world.addStudy(2);
          world.addStudy(1);
          world.disk().failAt(step, fault);

          tolerant(world::backUp);

          boolean reached = world.disk().steps() >= step;
          mustRecover(world, fault + " at step " + step);
          if (!reached) {
            break;
          }
        }
      }
    }
  }

  @Test
  @Tag("prove-interruption")
  void whateverStepFailsInAVerificationNothingIsLostAndNothingGoodIsCalledBadForEver() {
    for (Fault fault : List.of(Fault.IO_ERROR, Fault.KILL)) {
      for (long step = 1; ; step++) {
        try (World world = World.drawnFrom(new SplittableRandom(step))) {
          world.addStudy(2);
          world.addStudy(1);
          world.backUp();
          long before = world.disk().steps();
          world.disk().failAt(before + step, fault);

          tolerant(() -> verify(world));

          boolean reached = world.disk().steps() >= before + step;
          world.disk().failNoMore();
          mustRecover(world, fault + " in verify at step " + step);
          assertThat(verify(world).bad()).isEmpty();
          if (!reached) {
            break;
          }
        }
      }
    }
  }

  @Test
  @Tag("prove-interruption")
  void whateverWriteFailsInARestoreTheNextOneFinishesIt() {
    for (Fault fault :
        List.of(Fault.IO_ERROR, Fault.FULL, Fault.SHORT_WRITE, Fault.KILL, Fault.POWER_CUT)) {
      for (long step = 1; ; step++) {
        try (World world = World.drawnFrom(new SplittableRandom(step))) {
          String study = world.addStudy(2);
          world.backUp();
          SimulatedDisk target = new SimulatedDisk(new SplittableRandom(step));
          target.failAt(step, fault);

          tolerant(() -> restore(world, target));

          boolean reached = target.steps() >= step;
          target.failNoMore();
          RestoreReport again = restore(world, target);
          assertThat(again.gaps()).as("%s at step %s", fault, step).isEmpty();
          world
              .source()
              .files(study)
              .forEach((path, bytes) ->
                  assertThat(target.bytes("2024_02/" + study + "/" + path)).isEqualTo(bytes));
          if (!reached) {
            break;
          }
        }
      }
    }
  }

  @Test
  @Tag("prove-interruption")
  void whateverStepFailsInARebuildTheNextOneFinishesIt() {
    for (Fault fault : List.of(Fault.IO_ERROR, Fault.KILL)) {
      for (long step = 1; ; step++) {
        try (World world = World.drawnFrom(new SplittableRandom(step))) {
          world.addStudy(2);
          world.addStudy(1);
          world.backUp();
          world.loseCatalogue();
          long before = world.disk().steps();
          world.disk().failAt(before + step, fault);

          tolerant(() -> rebuild(world));

          boolean reached = world.disk().steps() >= before + step;
          world.disk().failNoMore();
          rebuild(world);
          RunReport report = world.backUp();
          assertThat(report.totals().copied()).isZero();
          assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
          if (!reached) {
            break;
          }
        }
      }
    }
  }

  @Test
  @Tag("prove-interruption")
  void whateverStepOfTheCatalogueACrashHitsNothingIsCopiedTwice() {
    for (long step = 0; ; step++) {
      try (World world = World.drawnFrom(new SplittableRandom(step))) {
        world.addStudy(2);
        world.addStudy(1);
        boolean[] reached = crashAtStep(world, step);

        tolerant(world::backUp);

        world.catalogueInMemory().failAt((number, name) -> {});
        world.disk().kill();
        mustRecover(world, "catalogue step " + step);
        assertThat(versionsOnDisk(world)).as("catalogue step %s", step).isEqualTo(2);
        if (!reached[0]) {
          break;
        }
      }
    }
  }

  @Test
  @Tag("prove-interruption")
  void whateverStepOfTheCatalogueFailsInVerifyOrRebuildTheNextRunEndsWithEveryStudyProven() {
    for (boolean rebuilding : new boolean[] {false, true}) {
      for (long step = 0; ; step++) {
        try (World world = World.drawnFrom(new SplittableRandom(step))) {
          world.addStudy(2);
          world.addStudy(1);
          world.backUp();
          if (rebuilding) {
            world.loseCatalogue();
          }
          boolean[] reached = crashAtStep(world, step);

          tolerant(() -> act(world, rebuilding));

          world.catalogueInMemory().failAt((number, name) -> {});
          world.disk().kill();
          act(world, rebuilding);
          mustRecover(world, "catalogue step " + step);
          assertThat(versionsOnDisk(world)).as("catalogue step %s", step).isEqualTo(2);
          if (!reached[0]) {
            break;
          }
        }
      }
    }
  }

  /// A drawn few of the many runs, so that every build has some.
  @SeededTest(runs = 60)
  void aCrashOfAnyKindIsRecoveredFrom(RandomGenerator random) {
    Fault fault = List.of(Fault.POWER_CUT, Fault.KILL, Fault.PULL).get(random.nextInt(3));
    crashAndRecover(random, fault);
  }

  // ----

  private static void act(World world, boolean rebuilding) {
    if (rebuilding) {
      rebuild(world);
    } else {
      verify(world);
    }
  }

  /// Makes the catalogue die at a step; tells whether it came to that.
  private static boolean[] crashAtStep(World world, long step) {
    boolean[] reached = new boolean[1];
    world
        .catalogueInMemory()
        .failAt((number, name) -> {
          // After a commit there is nothing to roll back: that crash is the next begin's.
          if (number >= step && !reached[0] && !name.equals("committed")) {
            reached[0] = true;
            throw new CrashedException("killed at " + name);
          }
        });
    return reached;
  }

  /// A few studies, some history, a crash at a drawn step, perhaps a second one while recovering.
  private static void crashAndRecover(RandomGenerator random, Fault fault) {
    try (World world = World.drawnFrom(random)) {
      int studies = 1 + random.nextInt(3);
      List<String> uids = new ArrayList<>();
      for (int i = 0; i < studies; i++) {
        uids.add(world.addStudy(1 + random.nextInt(3)));
      }
      if (random.nextBoolean()) {
        world.backUp();
        String grown = uids.get(random.nextInt(uids.size()));
        world.putImage(grown, 9, world.pixels(), "");
        world.addStudy(1);
      }
      world.disk().failAt(world.disk().steps() + 1 + random.nextInt(120), fault);
      tolerant(world::backUp);
      world.disk().remount();
      if (random.nextInt(3) == 0) {
        world.disk().failAt(world.disk().steps() + 1 + random.nextInt(60), fault);
        tolerant(world::backUp);
        world.disk().remount();
      }
      if (random.nextInt(8) == 0) {
        world.loseCatalogue();
      }
      mustRecover(world, fault.toString());
    }
  }

  /// Nothing visible is less than whole now, and the next runs make everything safe.
  private static void mustRecover(World world, String what) {
    world.disk().failNoMore();
    assertThat(world.damage(0)).as(what).isEmpty();
    world.clock().pass(Duration.ofDays(1));
    RunReport report = world.backUpUntilGood(RUNS_TO_RECOVER);
    assertThat(report.outcome()).as("%s: %s", what, report).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).as(what).isEmpty();
    assertThat(world.damage(0)).as(what).isEmpty();
    assertThat(world.disk().files()).as(what).noneMatch(name -> name.endsWith(".part"));
  }

  private static int versionsOnDisk(World world) {
    try (Destination destination = world.open(0, Access.READ)) {
      return world.source().studyUids().stream()
          .mapToInt(study -> destination.versions(new StudyKey(study)).size())
          .sum();
    }
  }

  private static VerifyReport verify(World world) {
    try (Destination destination = world.open(0, Access.READ);
        BlobStore scratch = scratch()) {
      return new Verification(
              destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false, scratch)
          .verify(serdab.Depth.READABLE, Share.ALL, java.util.Optional.empty());
    }
  }

  private static BlobStore scratch() {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
    return LocalFolder.on(disk.mount(), "scratch", new SplittableRandom(2));
  }

  private static RestoreReport restore(World world, SimulatedDisk target) {
    Catalogue catalogue = world.catalogue();
    try (Destination destination = world.open(0, Access.READ);
        BlobStore folder =
            LocalFolder.on(target.mount(), "target", new SplittableRandom(target.steps()))) {
      return new Restore(destination, catalogue, Progress.SILENT, () -> false)
          .toFolder(folder, Selection.ALL, java.util.Optional.empty());
    }
  }

  private static void rebuild(World world) {
    try (Destination destination = world.open(0, Access.READ)) {
      Rebuild.from(destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
    }
  }

  /// Lets a run fail or die; what it leaves behind is what is tested.
  private static void tolerant(Runnable run) {
    try {
      run.run();
    } catch (SerdabException | CrashedException e) {
      // As planned.
    }
  }
}
