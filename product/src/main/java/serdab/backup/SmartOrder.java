package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serdab.dicom.StudyKey;
import serdab.plan.PriorityRule;
import serdab.source.Inventory;
import serdab.source.SourceStudy;

/// The order `smart` (`docs/order.md`): whose loss would hurt most goes first. Equal input gives an
/// equal order. One thread at a time.
final class SmartOrder {

  /// A study taken in at most so long ago counts as recently added.
  static final Duration RECENT = Duration.ofDays(7);

  private static final Set<String> OF_THE_INDEX = Set.of("index", "made");

  private final Inventory inventory;
  private final List<PriorityRule> rules;
  private final Instant now;
  private final boolean asksStates;

  /// An order by these rules at this moment.
  SmartOrder(Inventory inventory, List<PriorityRule> rules, Instant now) {
    this.inventory = inventory;
    this.rules = List.copyOf(rules);
    this.now = now;
    this.asksStates = rules.stream().anyMatch(rule -> !rule.states().isEmpty());
  }

  /// A study to work on.
  ///
  /// @param copied whether any destination of the plan holds a proven copy of any of its versions
  record Candidate(WorkItem item, boolean copied) {}

  private record Placed(
      WorkItem item,
      boolean copied,
      boolean endangered,
      boolean recent,
      int rule,
      Optional<Instant> added) {

    boolean other() {
      return item.study().key().isOther();
    }
  }

  private static final Comparator<Placed> SMART =
      Comparator.comparing(Placed::other)
          .thenComparing(Placed::copied)
          .thenComparing(placed -> !placed.endangered())
          .thenComparing(placed -> !placed.recent())
          .thenComparingInt(Placed::rule)
          .thenComparing(placed -> placed.added().orElse(Instant.MIN), Comparator.reverseOrder())
          .thenComparing(placed -> placed.item().study().key());

  /// All of them, ordered.
  List<WorkItem> smart(List<Candidate> candidates) {
    List<Placed> placed = new ArrayList<>(candidates.size());
    for (Candidate candidate : candidates) {
      placed.add(place(candidate));
    }
    placed.sort(SMART);
    List<WorkItem> first = new ArrayList<>();
    List<WorkItem> index = new ArrayList<>();
    List<WorkItem> rest = new ArrayList<>();
    for (Placed each : placed) {
      List<WorkItem> where =
          isOfTheIndex(each.item()) ? index : each.endangered() && !each.copied() ? first : rest;
      where.add(each.item());
    }
    first.addAll(index);
    first.addAll(rest);
    return first;
  }

  /// A viewer's index is what is lost most often, and all that its users made is in it. Behind
  /// every study of a first backup it would have no copy for weeks.
  private static boolean isOfTheIndex(WorkItem item) {
    StudyKey key = item.study().key();
    return key.isLibrary() && OF_THE_INDEX.contains(key.libraryGroup());
  }

  /// All of them as they come, but those that the viewer is about to delete first, and of these
  /// those that were never copied; then what the viewer's index holds.
  List<WorkItem> endangeredFirst(List<Candidate> candidates) {
    List<WorkItem> first = new ArrayList<>();
    List<WorkItem> second = new ArrayList<>();
    List<WorkItem> index = new ArrayList<>();
    List<WorkItem> rest = new ArrayList<>();
    for (Candidate candidate : candidates) {
      List<WorkItem> where =
          isOfTheIndex(candidate.item())
              ? index
              : inventory.endangered(candidate.item().study())
                  ? (candidate.copied() ? second : first)
                  : rest;
      where.add(candidate.item());
    }
    first.addAll(second);
    first.addAll(index);
    first.addAll(rest);
    return first;
  }

  private Placed place(Candidate candidate) {
    SourceStudy study = candidate.item().study();
    return new Placed(
        candidate.item(),
        candidate.copied(),
        inventory.endangered(study),
        isWithin(study, RECENT),
        rule(study),
        study.dateAdded());
  }

  /// The place of the first rule that matches; behind all rules when none does.
  private int rule(SourceStudy study) {
    if (rules.isEmpty() || study.key().isOther()) {
      return rules.size();
    }
    Optional<String> state = asksStates ? inventory.state(study) : Optional.empty();
    for (int i = 0; i < rules.size(); i++) {
      if (matches(rules.get(i), study, state)) {
        return i;
      }
    }
    return rules.size();
  }

  private boolean matches(PriorityRule rule, SourceStudy study, Optional<String> state) {
    return (rule.modalities().isEmpty()
            || study.facts().modalities().stream().anyMatch(rule.modalities()::contains))
        && (rule.addedWithinDays().isEmpty()
            || isWithin(study, Duration.ofDays(rule.addedWithinDays().getAsInt())))
        && (rule.states().isEmpty() || state.filter(rule.states()::contains).isPresent());
  }

  /// A date in the future, by a clock that was wrong, is recent too.
  private boolean isWithin(SourceStudy study, Duration time) {
    return study.dateAdded().filter(added -> !added.isBefore(now.minus(time))).isPresent();
  }
}
