package serdab.backup;

import java.time.YearMonth;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import serdab.Problem;
import serdab.dicom.StudyKey;

/// What a run would do, found by reading only.
///
/// @param items studies to work on, in the plan's order
/// @param listed studies in the source
/// @param selected studies the plan wants
/// @param alreadyThere selected studies with proven copies on every destination
/// @param empty studies without a single file listed: told, never counted as work
/// @param notYet studies left for later after a failure, with what failed
/// @param pendingByMonth for each month with selected studies, how many of them are not proven, by
///   destination
/// @param alarms what makes the run fail although everything new is copied
/// @param lastGoodListed how many studies the last good run listed; empty before the first
public record WorkList(
    List<WorkItem> items,
    long listed,
    long selected,
    long alreadyThere,
    long empty,
    List<NotYet> notYet,
    List<Map<Optional<YearMonth>, Integer>> pendingByMonth,
    List<Problem> alarms,
    Optional<Long> lastGoodListed) {

  public WorkList {
    items = List.copyOf(items);
    notYet = List.copyOf(notYet);
    alarms = List.copyOf(alarms);
  }

  /// The studies that are worked on.
  Set<StudyKey> studies() {
    return items.stream().map(item -> item.study().key()).collect(Collectors.toSet());
  }

  /// A study that failed before and waits for its next try.
  public record NotYet(StudyKey study, String problem) {}
}
