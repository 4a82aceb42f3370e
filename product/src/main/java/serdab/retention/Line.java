package serdab.retention;

import java.time.YearMonth;
import java.util.List;
import java.util.Optional;
import serdab.StudyLabel;
import serdab.destination.HeldVersion;

/// One copy in a plan.
///
/// @param label its study, as printed
/// @param month of its study, where known
/// @param endsStudy whether the whole study goes from the destination with it
/// @param reasons why it is kept, or why it may go; never empty
public record Line(
    StudyLabel label,
    Optional<YearMonth> month,
    HeldVersion copy,
    Verdict verdict,
    boolean endsStudy,
    List<Reason> reasons) {

  public Line {
    reasons = List.copyOf(reasons);
  }
}
