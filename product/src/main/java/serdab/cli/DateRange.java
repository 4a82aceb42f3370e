package serdab.cli;

import java.time.DateTimeException;
import java.time.LocalDate;
import serdab.Problem;
import serdab.SerdabException;

/// Dates from one to another, both included.
record DateRange(LocalDate from, LocalDate to) {

  /// Reads `2024-01-01..2024-01-31`, or one date.
  static DateRange parse(String option, String text) {
    int dots = text.indexOf("..");
    try {
      LocalDate from = LocalDate.parse(dots < 0 ? text : text.substring(0, dots));
      LocalDate to = dots < 0 ? from : LocalDate.parse(text.substring(dots + 2));
      if (!to.isBefore(from)) {
        return new DateRange(from, to);
      }
    } catch (DateTimeException e) {
      // Said below, with what is right.
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "wrong-option",
            option + " must be a date or two, such as 2024-01-01..2024-01-31.",
            ""));
  }

  boolean contains(LocalDate date) {
    return !date.isBefore(from) && !date.isAfter(to);
  }
}
