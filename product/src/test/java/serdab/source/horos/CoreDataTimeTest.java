package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CoreDataTimeTest {

  private static final ZoneId TOKYO = ZoneId.of("Asia/Tokyo");
  private static final ZoneId SAO_PAULO = ZoneId.of("America/Sao_Paulo");

  @Test
  void secondsCountFrom2001() {
    assertThat(CoreDataTime.instant(0)).contains(Instant.parse("2001-01-01T00:00:00Z"));
    assertThat(CoreDataTime.instant(-0.5)).contains(Instant.parse("2000-12-31T23:59:59.500Z"));
  }

  @Test
  void whatIsNoPlausibleDateIsUnknown() {
    assertThat(CoreDataTime.instant(Double.NaN)).isEmpty();
    assertThat(CoreDataTime.instant(Double.POSITIVE_INFINITY)).isEmpty();
    assertThat(CoreDataTime.instant(1e12)).isEmpty();
    assertThat(CoreDataTime.instant(-1e11)).isEmpty();
  }

  @Test
  void aWholeNumberWhoseDigitsAreADayIsThatDay() {
    assertThat(CoreDataTime.spelledOut(20230203)).contains(LocalDate.of(2023, 2, 3));
    assertThat(CoreDataTime.spelledOut(19000101)).contains(LocalDate.of(1900, 1, 1));
    assertThat(CoreDataTime.spelledOut(20991231)).contains(LocalDate.of(2099, 12, 31));
    assertThat(CoreDataTime.spelledOut(18991231)).isEmpty();
    assertThat(CoreDataTime.spelledOut(20230229)).isEmpty();
    assertThat(CoreDataTime.spelledOut(20230203.5)).isEmpty();
    assertThat(CoreDataTime.spelledOut(Double.NaN)).isEmpty();
  }

  @Test
  void onlyMomentsOf23DaysOf2001CanBeTakenForDigits() {
    assertThat(CoreDataTime.instant(19000101)).contains(Instant.parse("2001-08-08T21:48:21Z"));
    assertThat(CoreDataTime.instant(20991231)).contains(Instant.parse("2001-08-31T22:53:51Z"));
  }

  @Test
  void aMidnightOfThose23DaysIsNeverTakenForDigits() {
    for (int quarter = -2400; quarter <= 2400; quarter++) {
      double midnight =
          CoreDataTime.seconds(Instant.parse("2001-08-20T00:00:00Z").plusSeconds(quarter * 900L));

      assertThat(CoreDataTime.spelledOut(midnight)).isEmpty();
    }
  }

  @Test
  void aDateOfBirthWrittenAsDigitsIsThatDay() {
    assertThat(CoreDataTime.birthDate("DOE JANE-1-", Optional.of(19700131d), SAO_PAULO))
        .contains(LocalDate.of(1970, 1, 31));
  }

  @Test
  void aStudyJustBeforeMidnightKeepsItsDayInTheZoneOfTheMac() {
    double at = CoreDataTime.seconds(Instant.parse("2023-03-01T02:50:00Z"));

    assertThat(CoreDataTime.studyDate(at, SAO_PAULO)).contains(LocalDate.of(2023, 2, 28));
    assertThat(CoreDataTime.studyDate(at, TOKYO)).contains(LocalDate.of(2023, 3, 1));
  }

  @Test
  void theViewersDayForNoDateIsNoDateInAnyZone() {
    double at = CoreDataTime.seconds(LocalDate.of(1901, 1, 1).atStartOfDay(TOKYO).toInstant());

    assertThat(CoreDataTime.studyDate(at, TOKYO)).isEmpty();
    assertThat(CoreDataTime.studyDate(at, SAO_PAULO)).isEmpty();
  }

  @Test
  void theDateOfBirthAtTheEndOfThePatientKeyWinsOverAConvertedMidnight() {
    double midnightInTokyo =
        CoreDataTime.seconds(LocalDate.of(1970, 1, 31).atStartOfDay(TOKYO).toInstant());

    assertThat(
            CoreDataTime.birthDate(
                "DOE JANE-4711-19700131", Optional.of(midnightInTokyo), SAO_PAULO))
        .contains(LocalDate.of(1970, 1, 31));
  }

  @Test
  void withoutADateInThePatientKeyTheDateOfBirthIsTakenInTheZoneOfTheMac() {
    double midnightInTokyo =
        CoreDataTime.seconds(LocalDate.of(1970, 1, 31).atStartOfDay(TOKYO).toInstant());

    assertThat(CoreDataTime.birthDate("DOE JANE-4711-", Optional.of(midnightInTokyo), TOKYO))
        .contains(LocalDate.of(1970, 1, 31));
    assertThat(CoreDataTime.birthDate("DOE JANE-4711-19701399", Optional.empty(), TOKYO)).isEmpty();
  }

  @Test
  void anIdThatLooksLikeADateIsNotTakenForTheDateOfBirth() {
    double born = CoreDataTime.seconds(LocalDate.of(1970, 1, 31).atStartOfDay(TOKYO).toInstant());

    assertThat(CoreDataTime.birthDate("DOE JANE-20151224", Optional.of(born), TOKYO))
        .contains(LocalDate.of(1970, 1, 31));
  }
}
