package serdab.retention;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.Period;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import serdab.PatientData;
import serdab.dicom.StudyFacts;
import serdab.plan.RetentionRules;

/// Whether a study is over: old enough by the rules, and past every legal time that matches it.
/// Where sources disagree about a study, whatever keeps it longest counts.
///
/// @param over whether it is
/// @param reasons why not, or by what it is over
record StudyAge(boolean over, List<Reason> reasons) {

  private static final int FACTS_MAX = 1000;

  /// Judges by all that is known of a study.
  ///
  /// @param known what each source or copy says; none means that nothing is known
  static StudyAge of(List<StudyFacts> known, Terms terms) {
    Optional<Period> wanted = terms.rules().studiesFor();
    if (!terms.rules().endStudies()) {
      return new StudyAge(false, List.of());
    }
    if (known.isEmpty()
        || known.size() > FACTS_MAX
        || known.stream().anyMatch(facts -> facts.studyDate().isEmpty())) {
      return new StudyAge(false, List.of(Reason.UNKNOWN_DATE));
    }
    LocalDate studied =
        known.stream()
            .flatMap(facts -> facts.studyDate().stream())
            .max(LocalDate::compareTo)
            .orElseThrow();
    List<Reason> keeping = new ArrayList<>();
    if (wanted.isPresent() && after(studied, wanted.get()).isAfter(terms.today())) {
      keeping.add(Reason.YOUNG_STUDY);
    }
    if (terms.keptSince().filter(first -> !YearMonth.from(studied).isBefore(first)).isPresent()) {
      keeping.add(
          new Reason(
              "months",
              "in one of the newest " + terms.rules().months().orElse(0) + " months",
              Integer.toString(terms.rules().months().orElse(0))));
    }
    for (RetentionRules.LegalTime time : terms.rules().legal()) {
      if (matches(time, known) && until(time, studied, known).isAfter(terms.today())) {
        keeping.add(
            new Reason("legal", "legal time " + RulesText.legal(time), RulesText.legal(time)));
      }
    }
    return keeping.isEmpty()
        ? new StudyAge(true, over(terms.rules()))
        : new StudyAge(false, keeping);
  }

  private static List<Reason> over(RetentionRules rules) {
    List<Reason> by = new ArrayList<>();
    rules
        .studiesFor()
        .ifPresent(time ->
            by.add(new Reason("study-over", "its study is older than " + time, time.toString())));
    rules
        .months()
        .ifPresent(count ->
            by.add(
                new Reason(
                    "months-over",
                    "its study is in none of the newest " + count + " months",
                    Integer.toString(count))));
    return by;
  }

  /// A study whose modalities nobody knows may be of any.
  private static boolean matches(RetentionRules.LegalTime time, List<StudyFacts> known) {
    return time.modalities().isEmpty()
        || known.stream()
            .anyMatch(facts ->
                facts.modalities().isEmpty()
                    || facts.modalities().stream()
                        .map(modality -> modality.strip().toUpperCase(Locale.ROOT))
                        .anyMatch(time.modalities()::contains));
  }

  private static LocalDate until(
      RetentionRules.LegalTime time, LocalDate studied, List<StudyFacts> known) {
    LocalDate kept = after(studied, time.keep());
    if (time.untilAge().isEmpty()) {
      return kept;
    }
    // Who has no birth date is taken for a newborn.
    LocalDate born =
        known.stream()
            .map(facts ->
                facts
                    .birthDate()
                    .map(date -> date.reveal(PatientData.Purpose.MATCH_QUERY))
                    .orElse(studied))
            .max(LocalDate::compareTo)
            .orElse(studied);
    LocalDate grown = after(born, Period.ofYears(time.untilAge().getAsInt()));
    return grown.isAfter(kept) ? grown : kept;
  }

  private static LocalDate after(LocalDate date, Period time) {
    try {
      return date.plus(time);
    } catch (DateTimeException | ArithmeticException e) {
      return LocalDate.MAX; // Longer than the calendar is for ever.
    }
  }
}
