package serdab.report;

import java.util.List;
import serdab.Problem;
import serdab.StudyLabel;
import serdab.catalogue.RunTotals;

/// How a run ended.
///
/// @param run its number in the catalogue
/// @param outcome how it counts
/// @param totals what it counted
/// @param notSafe studies without a proven copy of all their files, each with the reason; at most
///   [#MAX_NAMED] are named, the totals count all
/// @param problems what went wrong with the run itself, not with one study
/// @param warnings what is worth knowing and stops nothing
/// @param madeAt for each destination, the names of what was made, at most [#MAX_NAMED]; shown to
///   the person at the terminal only, for they hold patient data where the naming profile puts it
///   there
/// @param forecast what is left for later runs, and when it will be done
public record RunReport(
    long run,
    Outcome outcome,
    RunTotals totals,
    List<NotSafe> notSafe,
    List<Problem> problems,
    List<Problem> warnings,
    List<Made> madeAt,
    Forecast forecast) {

  public static final int MAX_NAMED = 1000;

  public RunReport {
    notSafe = List.copyOf(notSafe);
    problems = List.copyOf(problems);
    warnings = List.copyOf(warnings);
    madeAt = List.copyOf(madeAt);
  }

  /// A study that is not safe yet.
  public record NotSafe(StudyLabel study, Problem problem) {}

  /// A copy made in this run.
  ///
  /// @param destination where, in words
  /// @param location the destination's own name for it
  public record Made(
      StudyLabel study,
      String destination,
      String location,
      long files,
      long sourceBytes,
      long storedBytes) {}

  /// How a run counts, with the exit code of `design.md` section 6.
  public enum Outcome {
    GOOD("good", 0),
    INCOMPLETE("incomplete", 3),
    FAILED("failed", 1),
    HELD_BACK("held-back", 4),
    INTERRUPTED("interrupted", 130);

    private final String text;
    private final int exitCode;

    Outcome(String text, int exitCode) {
      this.text = text;
      this.exitCode = exitCode;
    }

    public String text() {
      return text;
    }

    public int exitCode() {
      return exitCode;
    }
  }
}
