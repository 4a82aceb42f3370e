package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
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

  private RestoreReport restoreAll() {
    SimulatedDisk target = new SimulatedDisk(new SplittableRandom(6), world.clock());
    try (Destination from = world.open(0, Access.READ);
        LocalFolder folder =
            LocalFolder.on(target.mount(), "the target", new SplittableRandom(7))) {
      return new Restore(from, world.catalogue()::label, Progress.SILENT, () -> false)
          .toFolder(folder, Selection.ALL, Optional.empty());
    }
  }
}
