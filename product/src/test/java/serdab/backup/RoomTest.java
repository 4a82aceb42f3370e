package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Problem;
import serdab.report.RunReport;
import serdab.report.RunReport.Outcome;
import serdab.testing.world.World;

/// Destinations that are almost full: stopped at cleanly, told, and gone on with.
class RoomTest {

  private final World world = World.withDestinations(2, new SplittableRandom(11));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  private long used(int disk) {
    return world.disk(disk).files().stream()
        .mapToLong(file -> world.disk(disk).bytes(file).length)
        .sum();
  }

  private void addStudies(int count) {
    for (int i = 0; i < count; i++) {
      world.addStudy(3);
    }
  }

  /// Leaves room for the reserve and so many bytes of studies.
  private void leave(int disk, long bytes) {
    world.disk(disk).limitBytes(used(disk) + Room.RESERVE_MIN_BYTES + bytes);
  }

  @Test
  void oneDiskIsAlmostFullAndTheOtherGetsEverything() {
    world.backUp();
    addStudies(5);
    leave(1, 100);

    RunReport report = world.backUp();

    world.disk(1).limitBytes(Long.MAX_VALUE);
    assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(report.problems())
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.code()).isEqualTo("destination-almost-full");
          assertThat(problem.what()).contains("disk 1", "the 5 studies that did not get there");
          assertThat(problem.next()).contains("Free some space", "another disk", "prune");
        });
    assertThat(report.notSafe()).isEmpty();
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void nothingHalfWrittenStaysAndNothingMoreIsTaken() {
    world.backUp();
    addStudies(5);
    leave(0, 100);
    leave(1, 100);
    long read = world.source().bytesRead();

    RunReport report = world.backUp();

    assertThat(world.disk(0).files()).noneMatch(file -> file.endsWith(".zip"));
    assertThat(world.disk(0).files()).noneMatch(file -> file.contains(".part"));
    assertThat(world.source().bytesRead()).isEqualTo(read);
    assertThat(report.totals().waiting()).isEqualTo(5);
    assertThat(report.totals().failed()).isZero();
  }

  /// A study is not to blame for a full disk: it does not wait to be tried again.
  @Test
  void withRoomAgainTheNextRunCopiesAtOnce() {
    world.backUp();
    addStudies(3);
    leave(0, 100);
    leave(1, 100);
    world.backUp();
    world.disk(0).limitBytes(Long.MAX_VALUE);
    world.disk(1).limitBytes(Long.MAX_VALUE);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(report.totals().copied()).isEqualTo(3);
  }

  @Test
  void theForecastSaysHowMuchIsMissingInAll() {
    addStudies(2);
    world.backUp();
    addStudies(4);
    long oneStudy =
        world.source().everything().values().stream().mapToLong(file -> file.length).sum() / 6;
    leave(0, oneStudy / 2);

    Problem problem = world.backUp().problems().getFirst();

    long missing = Long.parseLong(problem.details().get("bytes-missing"));
    assertThat(missing).isBetween(oneStudy * 3, oneStudy * 4);
  }

  @Test
  void aDiskThatFillsUpWhileAStudyIsWrittenEndsTheSameWay() {
    world.backUp();
    addStudies(1);
    leave(1, 1_000_000);
    world.source().atEachReading(() -> world.disk(1).limitBytes(used(1)));

    RunReport report = world.backUp();
    world.disk(1).limitBytes(Long.MAX_VALUE);
    world.source().atEachReading(() -> {});

    assertThat(report.problems()).extracting(Problem::code).containsExactly("place-full");
    assertThat(report.totals().failed()).isZero();
    assertThat(world.damage(1)).isEmpty();
    assertThat(world.backUp().outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(1)).isEmpty();
  }
}
