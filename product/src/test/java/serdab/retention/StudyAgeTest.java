package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.random.RandomGenerator;
import serdab.PatientData;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;
import serdab.testing.SeededTest;

/// When a study is over, by drawn rules and drawn knowledge, against a calendar of the test's own.
class StudyAgeTest {

  private static final List<String> MODALITIES = List.of("CT", "MG", "MR");

  @SeededTest(runs = 2_000)
  void aStudyIsOverExactlyWhenEveryTimeThatMatchesHasPassed(RandomGenerator random) {
    List<StudyFacts> known = drawnFacts(random);
    RetentionRules rules = drawnRules(random);
    LocalDate end = end(known, rules);

    assertThat(isOver(known, rules, end.minusDays(1))).as("the day before %s", end).isFalse();
    assertThat(isOver(known, rules, end)).as("on %s", end).isTrue();
    assertThat(isOver(known, rules, end.plusDays(random.nextInt(4000)))).as("later").isTrue();
  }

  @SeededTest(runs = 500)
  void knowingMoreOrAskingForMoreNeverEndsAStudySooner(RandomGenerator random) {
    List<StudyFacts> known = drawnFacts(random);
    RetentionRules rules = drawnRules(random);
    LocalDate day = LocalDate.of(2000 + random.nextInt(80), 1 + random.nextInt(12), 1);
    List<StudyFacts> more = new ArrayList<>(known);
    more.addAll(drawnFacts(random));
    List<RetentionRules.LegalTime> times = new ArrayList<>(rules.legal());
    times.add(drawnTime(random));
    RetentionRules stricter =
        new RetentionRules(
            rules.versions(),
            rules.versionsFor(),
            rules.studiesFor(),
            rules.months(),
            List.copyOf(times));

    if (!isOver(known, rules, day)) {
      assertThat(isOver(more, rules, day)).isFalse();
      assertThat(isOver(known, stricter, day)).isFalse();
    }
  }

  @SeededTest(runs = 200)
  void whatNobodyKnowsTheDateOfIsNeverOver(RandomGenerator random) {
    List<StudyFacts> known = new ArrayList<>(drawnFacts(random));
    known.add(facts(Optional.empty(), Optional.empty(), List.of("MR")));

    assertThat(isOver(known, drawnRules(random), LocalDate.of(2900, 1, 1))).isFalse();
    assertThat(isOver(List.of(), drawnRules(random), LocalDate.of(2900, 1, 1))).isFalse();
  }

  // ---- drawn

  private static List<StudyFacts> drawnFacts(RandomGenerator random) {
    List<StudyFacts> known = new ArrayList<>();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      LocalDate studied = date(random, 1990, 35);
      Optional<LocalDate> born =
          random.nextInt(3) == 0 ? Optional.empty() : Optional.of(date(random, 1920, 100));
      List<String> modalities =
          switch (random.nextInt(3)) {
            case 0 -> List.of();
            case 1 -> List.of(MODALITIES.get(random.nextInt(3)));
            default -> List.of(MODALITIES.get(random.nextInt(3)), "SR");
          };
      known.add(facts(Optional.of(studied), born, modalities));
    }
    return known;
  }

  /// The ends of months count most: they are not in every month.
  private static LocalDate date(RandomGenerator random, int first, int years) {
    LocalDate month = LocalDate.of(first + random.nextInt(years), 1 + random.nextInt(12), 1);
    int days = month.lengthOfMonth();
    return month.withDayOfMonth(
        random.nextBoolean() ? days - random.nextInt(3) : 1 + random.nextInt(days));
  }

  private static StudyFacts facts(
      Optional<LocalDate> studied, Optional<LocalDate> born, List<String> modalities) {
    return new StudyFacts(
        new StudyKey("1.2.3"),
        PatientData.of("N"),
        PatientData.of("I"),
        born.map(PatientData::of),
        studied,
        modalities,
        PatientData.of(""),
        PatientData.of(""));
  }

  private static RetentionRules drawnRules(RandomGenerator random) {
    List<RetentionRules.LegalTime> legal = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      legal.add(drawnTime(random));
    }
    return new RetentionRules(
        OptionalInt.empty(),
        Optional.empty(),
        Optional.of(drawnPeriod(random)),
        OptionalInt.empty(),
        legal);
  }

  private static RetentionRules.LegalTime drawnTime(RandomGenerator random) {
    return new RetentionRules.LegalTime(
        random.nextBoolean() ? Set.of() : Set.of(MODALITIES.get(random.nextInt(3))),
        drawnPeriod(random),
        random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt(40)));
  }

  private static Period drawnPeriod(RandomGenerator random) {
    return switch (random.nextInt(3)) {
      case 0 -> Period.ofMonths(random.nextInt(100));
      case 1 -> Period.ofYears(random.nextInt(30));
      default -> Period.ofDays(random.nextInt(1000));
    };
  }

  // ---- judged apart from the code under test

  /// The first day on which the study is over.
  private static LocalDate end(List<StudyFacts> known, RetentionRules rules) {
    LocalDate studied = LocalDate.MIN;
    LocalDate born = LocalDate.MIN;
    for (StudyFacts facts : known) {
      LocalDate date = facts.studyDate().orElseThrow();
      studied = later(studied, date);
    }
    for (StudyFacts facts : known) {
      born =
          later(
              born,
              facts
                  .birthDate()
                  .map(date -> date.reveal(PatientData.Purpose.MATCH_QUERY))
                  .orElse(studied));
    }
    LocalDate end = after(studied, rules.studiesFor().orElseThrow());
    for (RetentionRules.LegalTime time : rules.legal()) {
      boolean matches = time.modalities().isEmpty();
      for (StudyFacts facts : known) {
        matches |= facts.modalities().isEmpty();
        for (String modality : facts.modalities()) {
          matches |= time.modalities().contains(modality);
        }
      }
      if (matches) {
        end = later(end, after(studied, time.keep()));
        if (time.untilAge().isPresent()) {
          end = later(end, after(born, Period.ofYears(time.untilAge().getAsInt())));
        }
      }
    }
    return end;
  }

  /// Months by counting; where a month has no such day, its last one.
  @SuppressWarnings("JavaPeriodGetDays") // months are added above
  private static LocalDate after(LocalDate date, Period time) {
    int months = date.getYear() * 12 + date.getMonthValue() - 1 + (int) time.toTotalMonths();
    LocalDate first = LocalDate.of(months / 12, months % 12 + 1, 1);
    return first
        .withDayOfMonth(Math.min(date.getDayOfMonth(), first.lengthOfMonth()))
        .plusDays(time.getDays());
  }

  private static LocalDate later(LocalDate one, LocalDate other) {
    return one.isAfter(other) ? one : other;
  }

  /// Judged at the moment at which a day begins where it begins last on Earth.
  private static boolean isOver(List<StudyFacts> known, RetentionRules rules, LocalDate day) {
    var begins = day.atTime(LocalTime.MIDNIGHT).toInstant(ZoneOffset.ofHours(-12));
    boolean atItsEnd =
        StudyAge.of(
                known,
                new Terms(
                    rules,
                    List.of(),
                    begins.plus(Duration.ofHours(24)).minusMillis(1),
                    Duration.ofDays(30),
                    Optional.empty()))
            .over();
    boolean atItsBegin =
        StudyAge.of(
                known, new Terms(rules, List.of(), begins, Duration.ofDays(30), Optional.empty()))
            .over();
    assertThat(atItsBegin).as("a day counts as one").isEqualTo(atItsEnd);
    return atItsBegin;
  }
}
