package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Listings;
import serdab.catalogue.StudyRow;
import serdab.destination.Destination;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;

/// Finds out what there is to do, reading the source's list once and the catalogue a page at a
/// time. Used once, from one thread.
final class Planning {

  private final BackupPlan plan;
  private final String sourceId;
  private final Inventory inventory;
  private final List<Destination> destinations;
  private final List<String> destinationIds;
  private final Catalogue catalogue;
  private final Instant now;
  private final RollCall roll;
  private final Again again;
  private final List<SmartOrder.Candidate> candidates = new ArrayList<>();
  private final List<WorkList.NotYet> notYet = new ArrayList<>();
  private final List<Map<Optional<YearMonth>, Integer>> pending = new ArrayList<>();
  private final List<Catalogue.Seen> changed = new ArrayList<>();
  private final List<StudyKey> same = new ArrayList<>();
  private final List<Erased> erased = new ArrayList<>();
  private long listed;
  private long selected;
  private long alreadyThere;
  private long empty;

  Planning(
      BackupPlan plan,
      String sourceId,
      Inventory inventory,
      List<Destination> destinations,
      Catalogue catalogue,
      RollCall roll,
      Instant now) {
    this.plan = plan;
    this.sourceId = sourceId;
    this.inventory = inventory;
    this.destinations = destinations;
    this.destinationIds = destinations.stream().map(d -> d.id().toString()).toList();
    this.catalogue = catalogue;
    this.roll = roll;
    this.now = now;
    this.again = Again.of(plan, catalogue, sourceId, destinationIds, now);
    destinations.forEach(_ -> pending.add(new HashMap<>()));
  }

  /// Looks at every listed study.
  void look() {
    List<SourceStudy> page = new ArrayList<>(Listings.PAGE);
    try (Stream<SourceStudy> studies = inventory.studies(plan.order())) {
      for (SourceStudy study : (Iterable<SourceStudy>) studies::iterator) {
        page.add(study);
        if (page.size() == Listings.PAGE) {
          look(page);
          page.clear();
        }
      }
    }
    look(page);
  }

  private void look(List<SourceStudy> page) {
    Map<StudyKey, Listings.Known> known =
        catalogue.listings().known(sourceId, page.stream().map(SourceStudy::key).toList());
    for (SourceStudy study : page) {
      Optional<Listings.Known> row = Optional.ofNullable(known.get(study.key()));
      note(study, row);
      look(study, row.map(roll::present));
    }
  }

  /// What is listed as it was before is remembered by its key alone.
  private void note(SourceStudy study, Optional<Listings.Known> known) {
    if (known
        .filter(row -> row.study().facts().equals(study.facts()))
        .filter(row -> row.study().fileCount() == study.fileCount())
        .filter(row -> row.listedFingerprint().equals(study.fingerprint()))
        .isPresent()) {
      same.add(study.key());
    } else {
      changed.add(new Catalogue.Seen(study.facts(), study.fileCount(), study.fingerprint()));
    }
  }

  private void look(SourceStudy study, Optional<Listings.Known> known) {
    if (!study.key().isOther()) {
      listed++;
    }
    if (!wanted(study)) {
      return;
    }
    if (study.fileCount() == 0) {
      empty++;
      return;
    }
    List<Integer> asked = asked(study.key());
    if (asked.isEmpty()) {
      return;
    }
    selected++;
    Decision decision = decide(study, known, asked);
    if (!study.key().isOther()) {
      Optional<YearMonth> month = study.facts().studyDate().map(YearMonth::from);
      Set<Integer> unproven = new HashSet<>(decision.unproven());
      for (int i = 0; i < destinations.size(); i++) {
        pending.get(i).merge(month, unproven.contains(i) ? 1 : 0, Integer::sum);
      }
    }
    switch (decision.what()) {
      case WORK ->
          candidates.add(
              new SmartOrder.Candidate(
                  new WorkItem(study, decision.reason(), decision.unproven(), decision.again()),
                  known.filter(this::isCopied).isPresent()));
      case NOT_YET -> notYet.add(new WorkList.NotYet(study.key(), decision.problem()));
      case NOTHING -> alreadyThere++;
    }
  }

  private boolean wanted(SourceStudy study) {
    // What could not be looked into may hold what was asked for.
    return study.key().isUnread()
        || (plan.selection().matches(study.facts())
            && !(plan.dicomOnly() && study.key().isOther()));
  }

  private boolean isCopied(Listings.Known known) {
    return known.copies().stream()
        .anyMatch(copy -> copy.isProven() && destinationIds.contains(copy.destinationId()));
  }

  private enum What {
    WORK,
    NOT_YET,
    NOTHING
  }

  private record Decision(
      What what, WorkItem.Reason reason, List<Integer> unproven, String problem, boolean again) {

    static Decision work(WorkItem.Reason reason, List<Integer> unproven) {
      return new Decision(What.WORK, reason, unproven, "", false);
    }

    static Decision nothing() {
      return new Decision(What.NOTHING, WorkItem.Reason.LOOK_AGAIN, List.of(), "", false);
    }
  }

  /// A study that a person had erased from a destination.
  record Erased(StudyKey study, String destinationId) {}

  /// The destinations that are asked to hold a study: all but those that it was erased from.
  private List<Integer> asked(StudyKey study) {
    List<Integer> asked = new ArrayList<>();
    for (int i = 0; i < destinations.size(); i++) {
      if (destinations.get(i).isErased(study)) {
        erased.add(new Erased(study, destinationIds.get(i)));
      } else {
        asked.add(i);
      }
    }
    return asked;
  }

  private Decision decide(SourceStudy study, Optional<Listings.Known> known, List<Integer> all) {
    if (known.isEmpty()) {
      return Decision.work(WorkItem.Reason.NEW, all);
    }
    Decision usual = usual(study, known.get(), all);
    if (!again.wants(known.get(), destinationIds)) {
      return usual;
    }
    return switch (usual.what()) {
      case WORK -> new Decision(What.WORK, usual.reason(), usual.unproven(), "", true);
      case NOT_YET -> new Decision(What.WORK, WorkItem.Reason.RETRY, all, "", true);
      case NOTHING -> new Decision(What.WORK, WorkItem.Reason.AGAIN, List.of(), "", true);
    };
  }

  /// What an incremental run does.
  private Decision usual(SourceStudy study, Listings.Known known, List<Integer> all) {
    StudyRow row = known.study();
    boolean troubled = row.failures() > 0 || row.missingFiles() > 0;
    if (LibraryPace.waits(catalogue, row, known.copies(), destinationIds, now)) {
      return new Decision(
          row.failures() > 0 ? What.NOT_YET : What.NOTHING,
          WorkItem.Reason.LOOK_AGAIN,
          List.of(),
          row.problem(),
          false);
    }
    if (troubled && row.nextTryAt().filter(this::isStillToCome).isPresent()) {
      // A change that the source itself reports may be the cure, so it does not wait.
      boolean moved = row.version().isPresent() && !row.fingerprint().equals(study.fingerprint());
      if (!moved) {
        // Proven copies of what could be read do not make it proven: files of it are missing.
        return new Decision(What.NOT_YET, WorkItem.Reason.RETRY, all, row.problem(), false);
      }
    }
    if (row.version().isEmpty()) {
      return Decision.work(row.failures() > 0 ? WorkItem.Reason.RETRY : WorkItem.Reason.NEW, all);
    }
    List<Integer> lacking = lacking(known.copies(), row.version().get(), all);
    if (!lacking.isEmpty()) {
      return Decision.work(WorkItem.Reason.COPY_MISSING, lacking);
    }
    if (troubled) {
      return Decision.work(WorkItem.Reason.RETRY, List.of());
    }
    // A change that waits for quiet may not show in the fingerprint: the rolling look found it.
    if (!row.fingerprint().equals(study.fingerprint())
        || row.changeSeenAt().isPresent()
        || isItsTurn(row)) {
      return Decision.work(WorkItem.Reason.LOOK_AGAIN, List.of());
    }
    return Decision.nothing();
  }

  /// A time further ahead than any try is put off was set by a clock that was wrong.
  private boolean isStillToCome(Instant nextTry) {
    return nextTry.isAfter(now)
        && nextTry.isBefore(now.plus(Backup.LONGEST_BACK_OFF.multipliedBy(2)));
  }

  /// Destinations without a copy of this version that was proven deeply enough.
  private List<Integer> lacking(List<CopyRow> copies, VersionId version, List<Integer> asked) {
    List<Integer> lacking = new ArrayList<>();
    for (int i : asked) {
      Destination destination = destinations.get(i);
      String id = destinationIds.get(i);
      boolean proven =
          copies.stream()
              .anyMatch(copy ->
                  copy.destinationId().equals(id)
                      && copy.version().equals(version)
                      && copy.state().equals("good")
                      && copy.proof().depth().reaches(destination.traits().copiedDepth()));
      if (!proven) {
        lacking.add(i);
      }
    }
    return lacking;
  }

  /// A thirtieth of the unchanged studies has its turn each day; who missed it is not forgotten.
  private boolean isItsTurn(StudyRow row) {
    // A look in the future, by a clock that was wrong, must not put off the next one.
    Instant last = row.lastLookedAt().filter(at -> !at.isAfter(now)).orElse(Instant.EPOCH);
    if (Duration.between(last, now).toDays() >= Backup.LOOK_DAYS) {
      return true;
    }
    long today = Math.floorDiv(now.getEpochSecond(), Duration.ofDays(1).toSeconds());
    long lastDay = Math.floorDiv(last.getEpochSecond(), Duration.ofDays(1).toSeconds());
    int turn = Math.floorMod(row.facts().key().value().hashCode(), Backup.LOOK_DAYS);
    return lastDay < today && Math.floorMod(today, Backup.LOOK_DAYS) == turn;
  }

  // ---- what was found

  /// The work in the plan's order, but what is proven already and only copied again comes last:
  /// where each run copies a batch, the rest would wait until all of that is done.
  List<WorkItem> items() {
    SmartOrder order = new SmartOrder(inventory, plan.rules(), now);
    List<WorkItem> ordered =
        plan.order() == Order.SMART ? order.smart(candidates) : order.endangeredFirst(candidates);
    List<WorkItem> items = new ArrayList<>(ordered.size());
    ordered.stream().filter(item -> item.reason() != WorkItem.Reason.AGAIN).forEach(items::add);
    ordered.stream().filter(item -> item.reason() == WorkItem.Reason.AGAIN).forEach(items::add);
    return items;
  }

  RollCall roll() {
    return roll;
  }

  Again again() {
    return again;
  }

  long listed() {
    return listed;
  }

  WorkList workList(List<serdab.Problem> alarms, Optional<Long> lastListed) {
    return new WorkList(
        items(), listed, selected, alreadyThere, empty, notYet, pending, alarms, lastListed);
  }

  /// Studies that are listed otherwise than before, or for the first time.
  List<Catalogue.Seen> changed() {
    return changed;
  }

  /// Studies that were erased from a destination and are still in the source.
  List<Erased> erased() {
    return erased;
  }

  /// Studies that are listed as they were.
  List<StudyKey> same() {
    return same;
  }
}
