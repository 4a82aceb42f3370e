package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.StudyLabel;
import serdab.report.Progress;
import serdab.report.RunReport.Outcome;
import serdab.testing.world.World;

/// Slowing down while the source is slow: the rule by itself, and runs that follow it.
class GentlenessTest {

  private static final long STUDY_BYTES = 10_000_000;
  private static final Duration FAST = Duration.ofMillis(100);
  private static final Duration SLOW = Duration.ofMillis(900);

  private final Gentleness gentleness = new Gentleness();
  private final World world = World.withDestinations(1, new SplittableRandom(3));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  private void read(int times, Duration took) {
    for (int i = 0; i < times; i++) {
      gentleness.read(10, STUDY_BYTES, took);
    }
  }

  // ---- the rule

  @Test
  void aSourceThatIsAlwaysTheSameIsNeverRestedFor() {
    read(500, SLOW);

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void eachSlowReadingDoublesTheRestUpToALimit() {
    read(10, FAST);
    List<Duration> rests = new ArrayList<>();

    for (int i = 0; i < 12; i++) {
      read(1, SLOW);
      rests.add(gentleness.rest());
    }

    assertThat(rests.subList(0, 4))
        .containsExactly(
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    assertThat(rests.getLast()).isEqualTo(Gentleness.LONGEST_REST);
  }

  @Test
  void fastReadingsBringTheRestBackToNothing() {
    read(10, FAST);
    read(6, SLOW);

    read(6, FAST);

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void aLittleSlowerIsNotSlow() {
    read(10, FAST);

    read(10, FAST.multipliedBy(2));

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void largeAndSmallStudiesAreMeasuredByTheSameRule() {
    read(10, FAST);

    gentleness.read(100, STUDY_BYTES * 10, FAST.multipliedBy(10));

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void openingManySmallFilesCountsAsReading() {
    // 80 openings count as much as 40 MB, so this is no slower than the large files were.
    read(10, FAST);

    gentleness.read(80, 80_000, FAST.multipliedBy(3));

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void tinyStudiesAreJudgedTogether() {
    read(10, FAST);

    gentleness.read(1, 5_000, Duration.ofSeconds(1));
    assertThat(gentleness.rest()).isZero();
    for (int i = 0; i < 8; i++) {
      gentleness.read(1, 5_000, Duration.ofSeconds(1));
    }

    assertThat(gentleness.rest()).isPositive();
  }

  @Test
  void aSourceThatStaysSlowIsAcceptedAsItIs() {
    read(10, FAST);

    read(Gentleness.ACCEPTED_AFTER + 20, SLOW);

    assertThat(gentleness.rest()).isZero();
  }

  @Test
  void aClockThatIsPutBackIsNoFastSource() {
    read(10, FAST);

    read(3, Duration.ofHours(-1));
    read(1, FAST);

    assertThat(gentleness.rest()).isZero();
  }

  // ---- runs

  /// Studies 11 to 20 of 40 are read ten times slower, as when somebody opens a large study.
  @Test
  void aRunRestsWhileTheSourceIsSlowAndOnlyThen() {
    Slowing slowing = new Slowing();
    world.plan(draft -> draft.adaptive(true));

    Outcome outcome = world.backUp().outcome();

    assertThat(outcome).isEqualTo(Outcome.GOOD);
    assertThat(slowing.restedBefore(11)).isZero();
    assertThat(slowing.restedIn(11, 21)).isGreaterThan(Duration.ofSeconds(10));
    assertThat(slowing.restedIn(30, 41)).isZero();
    assertThat(slowing.said)
        .contains("The source is slow: resting 2 s after each study.")
        .last()
        .isEqualTo("The source is as fast as before: no more resting.");
  }

  @Test
  void aRunThatIsNotAskedToBeGentleNeverRests() {
    Slowing slowing = new Slowing();

    world.backUp();

    assertThat(slowing.restedIn(1, 41)).isZero();
  }

  @Test
  void aPauseIsTheLeastThatAGentleRunRests() {
    Slowing slowing = new Slowing();
    world.plan(draft -> draft.adaptive(true).pause(Duration.ofMillis(100)));

    world.backUp();

    assertThat(slowing.restedBefore(11)).isEqualTo(Duration.ofSeconds(1));
    assertThat(slowing.restedIn(11, 21)).isGreaterThan(Duration.ofSeconds(10));
  }

  /// Forty studies of which some are read slowly, and what a run says and rests meanwhile.
  private final class Slowing implements Progress {
    private final List<String> said = new ArrayList<>();
    private final Duration[] rested = new Duration[42];
    private int study;

    Slowing() {
      java.util.Arrays.fill(rested, Duration.ZERO);
      for (int i = 0; i < 40; i++) {
        world.addStudy(8);
      }
      world
          .source()
          .atEachReading(
              () -> world.clock().pass(Duration.ofMillis(study > 10 && study <= 20 ? 200 : 20)));
      world.resting(duration -> rested[study] = rested[study].plus(duration));
      world.progress(this);
    }

    Duration restedIn(int from, int to) {
      Duration sum = Duration.ZERO;
      for (int i = from; i < to; i++) {
        sum = sum.plus(rested[i]);
      }
      return sum;
    }

    Duration restedBefore(int to) {
      return restedIn(0, to);
    }

    @Override
    public void planned(long studies) {}

    @Override
    public void began(StudyLabel label) {
      study++;
    }

    @Override
    public void read(long bytes) {}

    @Override
    public void ended(StudyLabel label, String outcome) {}

    @Override
    public void say(String line) {
      said.add(line);
    }
  }
}
