package serdab.retention;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import serdab.catalogue.HoldRow;
import serdab.plan.RetentionRules;

/// By what copies are judged.
///
/// @param rules what the configuration or a person asks for
/// @param holds those that stand
/// @param now when
/// @param proofsFor how old a proof may be that another copy's removal leans on
record Terms(RetentionRules rules, List<HoldRow> holds, Instant now, Duration proofsFor) {

  /// The zone where a day ends last.
  private static final ZoneOffset LAST = ZoneOffset.ofHours(-12);

  Terms {
    holds = List.copyOf(holds);
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
