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
