package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// When a plan may run: hours as people write them, and what clocks that are changed make of them.
class RunWindowTest {

  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  private static RunWindow window(String... hours) {
    return new RunWindow(Stream.of(hours).map(ClosedHours::parse).toList(), BERLIN);
  }

  private static Instant at(String local) {
    return LocalDateTime.parse(local).atZone(BERLIN).toInstant();
  }

  // ---- reading

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Mon-Fri 07:30-19:00|MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY 07:30-19:00",
        "weekdays 7:30 - 19:00|MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY 07:30-19:00",
        "sat, SUNDAY 08:00-12:00|SATURDAY,SUNDAY 08:00-12:00",
        "Fri-Mon 20:00-24:00|MONDAY,FRIDAY,SATURDAY,SUNDAY 20:00-00:00",
        "thurs 09:00-10:00|THURSDAY 09:00-10:00",
        "daily 22:00-06:00"
            + "|MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY,SUNDAY 22:00-06:00",
        "12:00-13:00|MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY,SUNDAY 12:00-13:00"
      })
  void hoursAreReadAsPeopleWriteThem(String text, String meaning) {
    assertThat(ClosedHours.parse(text).text()).isEqualTo(meaning);
  }

  @Test
  void whatTextGivesIsReadAgain() {
    ClosedHours hours = ClosedHours.parse("Mon,Wed 22:30-05:00");

    assertThat(ClosedHours.parse(hours.text())).isEqualTo(hours);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "always",
        "Mon-Fri",
        "Mo 07:00-08:00",
        "Mon 25:00-26:00",
        "Mon 07:60-08:00",
        "Mon-Tue-Wed 07:00-08:00",
        "Mon 07:00",
        "Mon 24:00-06:00",
        "Mon, 07:00-08:00"
      })
  void whatIsNoHoursIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> ClosedHours.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"")
        .hasMessageContaining("Mon-Fri 07:30-19:00");
  }

  // ---- opening

  @ParameterizedTest
  @CsvSource({
    "2026-03-02T07:29:59, true", // a Monday
    "2026-03-02T07:30:00, false",
    "2026-03-02T18:59:59, false",
    "2026-03-02T19:00:00, true",
    "2026-03-07T12:00:00, true", // a Saturday
  })
  void theFirstMinuteIsClosedAndTheLastIsOpen(String moment, boolean open) {
    assertThat(window("Mon-Fri 07:30-19:00").isOpen(at(moment))).isEqualTo(open);
  }

  @Test
  void aPlanWithoutClosedHoursIsAlwaysOpen() {
    assertThat(window().opensAt(at("2026-03-02T12:00:00"))).contains(at("2026-03-02T12:00:00"));
  }

  @Test
  void hoursOverMidnightBelongToTheDayTheyBeginOn() {
    RunWindow window = window("Fri 22:00-06:00");

    assertThat(window.isOpen(at("2026-03-06T05:00:00"))).isTrue();
    assertThat(window.isOpen(at("2026-03-07T05:00:00"))).isFalse();
    assertThat(window.opensAt(at("2026-03-06T23:00:00"))).contains(at("2026-03-07T06:00:00"));
    assertThat(window.opensAt(at("2026-03-07T05:59:00"))).contains(at("2026-03-07T06:00:00"));
  }

  @Test
  void aWholeDayEndsADayLater() {
    RunWindow window = window("Sun 08:00-08:00");

    assertThat(window.opensAt(at("2026-03-08T09:00:00"))).contains(at("2026-03-09T08:00:00"));
    assertThat(window.opensAt(at("2026-03-09T07:00:00"))).contains(at("2026-03-09T08:00:00"));
  }

  @Test
  void hoursThatFollowEachOtherOpenAfterTheLast() {
    RunWindow window = window("Mon 07:00-12:00", "Mon 12:00-18:00", "Mon 17:00-19:00");

    assertThat(window.opensAt(at("2026-03-02T08:00:00"))).contains(at("2026-03-02T19:00:00"));
  }

  @Test
  void hoursThatCoverTheWeekNeverOpen() {
    assertThat(window("daily 00:00-24:00").opensAt(at("2026-03-02T08:00:00"))).isEmpty();
  }

  // ---- clocks that are changed: forward on 2026-03-29 from 02:00 to 03:00, back on 2026-10-25
  // from 03:00 to 02:00

  @Test
  void hoursThatEndInTheHourThatIsLeftOutEndWhereItIsLeftOut() {
    RunWindow window = window("daily 23:00-02:30");

    assertThat(window.opensAt(at("2026-03-29T01:00:00")))
        .contains(Instant.parse("2026-03-29T01:00:00Z"));
    assertThat(window.isOpen(Instant.parse("2026-03-29T00:59:59Z"))).isFalse();
    assertThat(window.isOpen(Instant.parse("2026-03-29T01:00:00Z"))).isTrue();
  }

  @Test
  void hoursInsideTheHourThatIsLeftOutCloseNothing() {
    RunWindow window = window("daily 02:10-02:50");

    assertThat(window.opensAt(Instant.parse("2026-03-29T00:59:59Z")))
        .contains(Instant.parse("2026-03-29T00:59:59Z"));
    assertThat(window.isOpen(Instant.parse("2026-03-29T01:00:00Z"))).isTrue();
  }

  @Test
  void theHourThatComesTwiceIsClosedTwice() {
    RunWindow window = window("daily 02:10-02:50");

    assertThat(window.opensAt(Instant.parse("2026-10-25T00:20:00Z")))
        .contains(Instant.parse("2026-10-25T00:50:00Z"));
    assertThat(window.isOpen(Instant.parse("2026-10-25T01:05:00Z"))).isTrue();
    assertThat(window.opensAt(Instant.parse("2026-10-25T01:20:00Z")))
        .contains(Instant.parse("2026-10-25T01:50:00Z"));
  }

  @Test
  void hoursOverTheHourThatComesTwiceAreAnHourLonger() {
    RunWindow window = window("daily 23:00-06:00");

    assertThat(window.opensAt(Instant.parse("2026-10-24T22:00:00Z")))
        .contains(Instant.parse("2026-10-25T05:00:00Z"));
  }

  @Test
  void fromAnyMomentTheFirstOpenOneIsFound() {
    RunWindow window = window("Mon-Fri 07:30-19:00", "Sat,Sun 01:30-02:30", "daily 23:00-00:30");
    for (String day : List.of("2026-03-28T20:00:00", "2026-10-24T20:00:00")) {
      for (Instant moment = at(day);
          moment.isBefore(at(day).plusSeconds(86_400 * 2));
          moment = moment.plusSeconds(600)) {
        Instant opens = window.opensAt(moment).orElseThrow();

        assertThat(window.isOpen(opens)).isTrue();
        for (Instant before = moment; before.isBefore(opens); before = before.plusSeconds(60)) {
          assertThat(window.isOpen(before)).as(before.toString()).isFalse();
        }
      }
    }
  }
}
