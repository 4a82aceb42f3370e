package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.report.RunReport;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.World;

/// A clock that was years ahead for a while and is right again.
class WrongClockTest {

  private static final Duration AHEAD = Duration.ofDays(2 * 365);

  private final World world = World.drawnFrom(new SplittableRandom(31));

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void aHeaderChangeThatWasSeenByAClockThatWasAheadDoesNotWaitForYears() {
    String study = world.addStudy(1);
    byte[] pixels = world.pixels();
    putFor(study, "P1", pixels);
    world.backUp();
    world.clock().pass(AHEAD);
    putFor(study, "P2", pixels);
    RunReport waits = world.backUp();
    world.clock().pass(AHEAD.negated());

    world.clock().pass(Duration.ofDays(2));
    world.backUp();

    assertThat(waits.totals().waiting()).as("this tests something").isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  private void putFor(String study, String patient, byte[] pixels) {
    byte[] file =
        TinyDicom.image()
            .study(study)
            .series(study + ".1")
            .sop(study + ".1.1")
            .patient(patient, patient)
            .pixels(pixels)
            .bytes();
    world.source().put(study, World.imagePath(study, 1), file, world.clock().instant());
  }
}
