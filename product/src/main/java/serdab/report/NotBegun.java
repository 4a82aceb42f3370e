package serdab.report;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import serdab.Problem;

/// That a run could not even begin: a safeguard held it back, or its source or a destination was
/// not there. Such a run has no number, so it is remembered as a fact of its source.
///
/// @param at when
/// @param code code of the problem
/// @param what what happened
public record NotBegun(Instant at, String code, String what) {

  /// The name of the fact that holds it.
  ///
  /// @param source the source's specification, as the plan has it
  public static String factName(String source) {
    return "not-begun/" + source;
  }

  /// The fact's text.
  public static String text(Instant at, Problem problem) {
    return at + "\n" + problem.code() + "\n" + problem.what();
  }

  static Optional<NotBegun> parse(String text) {
    String[] lines = text.split("\n", 3);
    try {
      return lines.length == 3
          ? Optional.of(new NotBegun(Instant.parse(lines[0]), lines[1], lines[2]))
          : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
