package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import serdab.retention.IndexThinning.Verdict;
import serdab.retention.IndexThinning.Version;
import serdab.testing.SeededTest;

/// Which copies of an index stay.
class IndexThinningTest {

  private static final Instant START = Instant.parse("2026-01-01T00:20:00Z");
  private static final OptionalLong UNLIMITED = OptionalLong.empty();

  @Test
  void overThreeYearsOfHourlyCopiesAtMost66AreLeftAndEachPlaceIsFilled() {
    int hours = 3 * 365 * 24;
    List<Version> held = new ArrayList<>();

    for (int hour = 0; hour < hours; hour++) {
      held.add(version(hour, 1, true));
      held = kept(held, UNLIMITED);
      if (held.size() > 66 || !held.contains(version(hour, 1, true))) {
        assertThat(held).as("after hour " + hour).hasSizeLessThanOrEqualTo(66);
        assertThat(held).contains(version(hour, 1, true));
      }
    }

    List<LocalDate> days = held.stream().map(IndexThinningTest::day).toList();
    for (int i = 0; i < 24; i++) {
      assertThat(held).contains(version(hours - 1 - i, 1, true));
    }
    LocalDate last = day(version(hours - 1, 1, true));
    assertThat(days).containsAll(last.minusDays(29).datesUntil(last.plusDays(1)).toList());
    for (int i = 1; i < 12; i++) {
      assertThat(days).contains(YearMonth.from(last).minusMonths(i).atEndOfMonth());
    }
    assertThat(days).noneMatch(day -> day.isBefore(last.minusMonths(12)));
  }

  @SeededTest(runs = 100)
  void whatIsRemovedOnTheWayWouldBeRemovedAtTheEnd(RandomGenerator random) {
    List<Version> all = drawn(random);
    List<Version> held = new ArrayList<>();

    for (Version version : all) {
      held.add(version);
      held = kept(held, UNLIMITED);
    }

    assertThat(held).containsExactlyInAnyOrderElementsOf(kept(all, UNLIMITED));
  }

  @SeededTest(runs = 200)
  void theNewestGoodCopyStaysWhateverTheBudgetAndTheRestFits(RandomGenerator random) {
    List<Version> all = drawn(random);
    long budget = random.nextLong(0, 5000);

    List<Verdict> verdicts = IndexThinning.judge(all, OptionalLong.of(budget));

    List<Version> kept = kept(all, OptionalLong.of(budget));
    newest(all, true).ifPresent(version -> assertThat(kept).contains(version));
    newest(all, false).ifPresent(version -> assertThat(kept).contains(version));
    long unavoidable =
        newest(all, true).map(Version::bytes).orElse(0L)
            + newest(all, false).map(Version::bytes).orElse(0L);
    assertThat(kept.stream().mapToLong(Version::bytes).sum())
        .isLessThanOrEqualTo(Math.max(budget, unavoidable));
    Instant newestForRoom =
        verdicts.stream()
            .filter(each -> each.reason().equals("over the budget") && each.version().good())
            .map(each -> each.version().at())
            .max(Instant::compareTo)
            .orElse(Instant.MIN);
    assertThat(kept.stream().filter(Version::good))
        .as("the oldest are thinned")
        .allMatch(version -> !version.at().isBefore(newestForRoom));
  }

  @SeededTest(runs = 50)
  void theOrderInWhichVersionsComeDoesNotMatter(RandomGenerator random) {
    List<Version> all = drawn(random);
    List<Version> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(random.nextLong()));

    assertThat(IndexThinning.judge(shuffled, OptionalLong.of(2000)))
        .isEqualTo(IndexThinning.judge(all, OptionalLong.of(2000)));
  }

  @Test
  void aDamagedCopyTakesNoPlaceOfAGoodOne() {
    Version damaged = new Version("damaged", START.plusSeconds(60), 1, false);
    List<Version> all = List.of(version(0, 1, true), damaged);

    assertThat(kept(all, UNLIMITED)).containsExactlyInAnyOrderElementsOf(all);
  }

  @Test
  void ofManyDamagedCopiesTheNewestFewStayAndGoodOnesAreUntouched() {
    List<Version> all = new ArrayList<>(List.of(version(0, 1, true)));
    for (int hour = 1; hour < 40; hour++) {
      all.add(version(hour, 1, false));
    }

    assertThat(kept(all, UNLIMITED))
        .containsExactlyInAnyOrder(
            version(0, 1, true),
            version(37, 1, false),
            version(38, 1, false),
            version(39, 1, false));
  }

  @Test
  void damagedCopiesMakeRoomBeforeGoodOnes() {
    List<Version> all =
        List.of(
            version(0, 10, true),
            version(1, 10, false),
            version(2, 10, false),
            version(3, 10, true));

    assertThat(kept(all, OptionalLong.of(30)))
        .containsExactlyInAnyOrder(
            version(0, 10, true), version(2, 10, false), version(3, 10, true));
  }

  @Test
  void anOnlyCopyStaysThoughItIsOverTheBudget() {
    assertThat(IndexThinning.judge(List.of(version(0, 1000, true)), OptionalLong.of(0)))
        .singleElement()
        .matches(Verdict::keep);
    assertThat(IndexThinning.judge(List.of(), OptionalLong.of(0))).isEmpty();
  }

  // ----

  private static Version version(int hour, long bytes, boolean good) {
    return new Version("v" + hour, START.plus(Duration.ofHours(hour)), bytes, good);
  }

  private static LocalDate day(Version version) {
    return LocalDate.ofInstant(version.at(), ZoneOffset.UTC);
  }

  /// Copies at any times of some years, oldest first.
  private static List<Version> drawn(RandomGenerator random) {
    List<Version> all = new ArrayList<>();
    Instant at = START;
    int count = random.nextInt(1, 200);
    for (int i = 0; i < count; i++) {
      at = at.plus(random.nextLong(1, 14 * 24 * 60), ChronoUnit.MINUTES);
      all.add(new Version("v" + i, at, random.nextLong(1, 100), random.nextInt(10) > 0));
    }
    return all;
  }

  private static List<Version> kept(List<Version> versions, OptionalLong budget) {
    return IndexThinning.judge(versions, budget).stream()
        .filter(Verdict::keep)
        .map(Verdict::version)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private static Optional<Version> newest(List<Version> all, boolean good) {
    return all.stream()
        .filter(version -> version.good() == good)
        .max(Comparator.comparing(Version::at));
  }
}
