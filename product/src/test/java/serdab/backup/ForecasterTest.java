package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serdab.PatientData;
import serdab.catalogue.Plans;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.report.Forecast;
import serdab.source.SourceStudy;
import serdab.testing.world.WorldClock;

/// When the work will be done, as far as it was measured.
class ForecasterTest {

  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final CopyOutcome DONE = new CopyOutcome.Unchanged();

  private final WorldClock clock = new WorldClock(START);

  @Test
  void tooLittleMeasuredMakesNoForecast() {
    Forecaster forecaster = new Forecaster(clock, items(10, 5), true, 0, Optional.empty());
    clock.pass(Duration.ofMinutes(5));
    forecaster.ended(items(1, 5).getFirst(), DONE, 1000);

    Forecast forecast = forecaster.forecast();

    assertThat(forecast.left()).isEmpty();
    assertThat(forecast.doneAt()).isEmpty();
    assertThat(forecast.studiesLeft()).isEqualTo(9);
    assertThat(forecast.words()).isEmpty();
  }

  @Test
  void oneRunGoesOnAsFastAsItsFilesDidSoFar() {
    List<WorkItem> items = new ArrayList<>(items(4, 10));
    items.addAll(items(2, 180));
    Forecaster forecaster = new Forecaster(clock, items, true, 0, Optional.empty());
    for (int i = 0; i < 4; i++) {
      clock.pass(Duration.ofMinutes(1));
      forecaster.ended(items.get(i), DONE, 10 * 500);
    }

    Forecast forecast = forecaster.forecast();

    assertThat(forecast.filesLeft()).isEqualTo(360);
    assertThat(forecast.bytesLeft()).isEqualTo(360 * 500);
    assertThat(forecast.left()).contains(Duration.ofMinutes(36));
    assertThat(forecast.doneAt()).contains(START.plus(Duration.ofMinutes(40)));
    assertThat(forecast.words()).isEqualTo("in about 36 minutes at this pace");
  }

  /// 15 studies every ten minutes: 130,000 of them take two months.
  @Test
  void smallBatchesAreForecastByWhatTheRunsBeforeDidNightsAndAll() {
    Optional<Plans.Pace> history =
        Optional.of(new Plans.Pace(START.minus(Duration.ofDays(2)), 2 * 24 * 6 * 15, 288));
    Forecaster forecaster = new Forecaster(clock, items(129_600, 1), true, 15, history);
    clock.pass(Duration.ofSeconds(40));
    for (WorkItem item : items(15, 1)) {
      forecaster.ended(item, DONE, 1000);
    }

    Forecast forecast = forecaster.forecast();

    assertThat(forecast.runsLeft()).isEqualTo(8639);
    assertThat(forecast.left().orElseThrow().toDays()).isEqualTo(59);
    assertThat(forecast.words()).isEqualTo("in about 60 days at this pace (2026-04-30)");
    assertThat(forecast.first()).isTrue();
  }

  @Test
  void theFirstOfManyBatchesSaysHowManyRunsItTakesAndPromisesNoDate() {
    Forecaster forecaster = new Forecaster(clock, items(31, 1), true, 15, Optional.empty());
    for (WorkItem item : items(15, 1)) {
      clock.pass(Duration.ofSeconds(10));
      forecaster.ended(item, DONE, 1000);
    }

    Forecast forecast = forecaster.forecast();

    assertThat(forecast.doneAt()).isEmpty();
    assertThat(forecast.words()).isEqualTo("after 2 more runs");
  }

  @Test
  void whatFailedIsStillLeft() {
    Forecaster forecaster = new Forecaster(clock, items(2, 1), false, 0, Optional.empty());
    forecaster.ended(items(1, 1).getFirst(), new CopyOutcome.WaitsForQuiet(), 0);
    forecaster.ended(items(1, 1).getFirst(), DONE, 0);

    assertThat(forecaster.forecast().studiesLeft()).isEqualTo(1);
  }

  @Test
  void nothingLeftIsDone() {
    Forecaster forecaster = new Forecaster(clock, items(1, 1), true, 0, Optional.empty());
    forecaster.ended(items(1, 1).getFirst(), DONE, 100);

    assertThat(forecaster.forecast()).isEqualTo(Forecast.DONE);
  }

  private static List<WorkItem> items(int count, int files) {
    List<WorkItem> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StudyFacts facts =
          new StudyFacts(
              new StudyKey("1." + i),
              PatientData.of(""),
              PatientData.of(""),
              Optional.empty(),
              Optional.empty(),
              List.of(),
              PatientData.of(""),
              PatientData.of(""));
      items.add(
          new WorkItem(
              new SourceStudy(facts, "", files, Optional.empty(), List.of(), ""),
              WorkItem.Reason.NEW,
              List.of(0),
              false));
    }
    return items;
  }
}
