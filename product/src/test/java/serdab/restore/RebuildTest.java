package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.testing.world.World;

/// What the catalogue knows again after a rebuild.
class RebuildTest {

  private final World world = World.drawnFrom(new SplittableRandom(31));

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void aCopyThatIsNotListedIsNotBelievedAnyMore() {
    String there = world.addStudy(1);
    String gone = world.addStudy(1);
    String unreadable = world.addStudy(1);
    world.backUp();
    world.disk().remove(location(gone));
    world.disk().put(location(unreadable), new byte[] {1, 2, 3});

    Rebuild.Outcome outcome = rebuild(false);

    assertThat(outcome.gone()).isEqualTo(1);
    assertThat(states(there)).containsExactly("good");
    assertThat(states(gone)).containsExactly("gone");
    assertThat(states(unreadable)).as("for a proof to judge").containsExactly("good");
  }

  @Test
  void aRebuildThatIsStoppedForgetsNothing() {
    String gone = world.addStudy(1);
    world.addStudy(1);
    world.backUp();
    world.disk().remove(location(gone));

    rebuild(true);

    assertThat(states(gone)).containsExactly("good");
  }

  private Rebuild.Outcome rebuild(boolean stopped) {
    try (Destination destination = world.open(0, Access.READ)) {
      return Rebuild.from(
          destination, world.catalogue(), world.clock(), Progress.SILENT, () -> stopped);
    }
  }

  private String location(String study) {
    return world.catalogue().copies(new StudyKey(study)).getFirst().location();
  }

  private List<String> states(String study) {
    return world.catalogue().copies(new StudyKey(study)).stream().map(CopyRow::state).toList();
  }
}
