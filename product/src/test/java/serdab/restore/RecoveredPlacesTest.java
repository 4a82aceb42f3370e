package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
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
}
