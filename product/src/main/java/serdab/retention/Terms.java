package serdab.retention;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import serdab.catalogue.HoldRow;
import serdab.plan.RetentionRules;

/// By what copies are judged.
///
/// @param rules what the configuration or a person asks for
/// @param holds those that stand
/// @param now when
/// @param proofsFor how old a proof may be that another copy's removal leans on
/// @param keptSince studies of this month and later are kept by their number of months; empty when
///   no rule counts months
record Terms(
    RetentionRules rules,
    List<HoldRow> holds,
    Instant now,
    Duration proofsFor,
    Optional<YearMonth> keptSince) {

  /// The zone where a day ends last.
  private static final ZoneOffset LAST = ZoneOffset.ofHours(-12);

  Terms {
    holds = List.copyOf(holds);
    if (rules.months().isPresent() && keptSince.isEmpty()) {
      throw new IllegalArgumentException("the months that are kept were not counted");
    }
  }

  /// The first of the months that are kept by their number: the newest ones in which a destination
  /// has a proven copy of a study. With fewer than are asked for, all are kept.
  ///
  /// @param months as they are known, a month or more often
  static Optional<YearMonth> keptSince(
      RetentionRules rules, Collection<YearMonth> months, Instant now) {
    if (rules.months().isEmpty()) {
      return Optional.empty();
    }
    // A month that has not come yet is some device's wrong clock, and must not stand for a real
    // one.
    YearMonth present = YearMonth.from(LocalDate.ofInstant(now, LAST));
    List<YearMonth> newest =
        months.stream()
            .filter(month -> !month.isAfter(present))
            .distinct()
            .sorted(Comparator.reverseOrder())
            .limit(rules.months().getAsInt())
            .toList();
    return Optional.of(
        newest.size() < rules.months().getAsInt()
            ? YearMonth.of(Year.MIN_VALUE, 1)
            : newest.getLast());
  }

  /// Whether a proof of this time is one to lean on: not too old, and not of a time that has not
  /// come yet, which only says that some clock was wrong.
  boolean isFresh(Instant provenAt) {
    return !provenAt.isBefore(now.minus(proofsFor)) && !provenAt.isAfter(now);
  }

  /// The date in the last place on Earth where it begins: nothing is over here before it is over
  /// everywhere.
  LocalDate today() {
    return LocalDate.ofInstant(now, LAST);
  }
}
