package serdab.retention;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.Period;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunRow;
import serdab.catalogue.Standing;
import serdab.catalogue.StudyRow;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// Judges the copies of one study on one destination: the same words when a plan is made and right
/// before a copy is removed. Only reads. One thread at a time.
final class StudyJudgement {

  private final Destination destination;
  private final String here;
  private final Catalogue catalogue;
  private final Standing standing;
  private final Terms terms;
  private final Elsewhere others;
  private final boolean readManifests;

  /// The group of a viewer's library that keeps its index; how many copies of it stay is decided
  /// when new ones are made.
  private static final String INDEX_GROUP = "index";

  /// By source, the last good run; a study that this run did not list is not in the source.
  private final Map<String, Long> lastGood = new HashMap<>();

  /// @param others what other destinations hold now
  /// @param readManifests whether what the copies themselves say of their study must agree too, as
  ///   it must before anything is removed
  StudyJudgement(
      Destination destination,
      Catalogue catalogue,
      Terms terms,
      Elsewhere others,
      boolean readManifests) {
    this.destination = destination;
    this.here = destination.id().toString();
    this.catalogue = catalogue;
    this.standing = catalogue.standing();
    this.terms = terms;
    this.others = others;
    this.readManifests = readManifests;
    for (Standing.SourceRuns source : standing.sources()) {
      lastGood.put(source.sourceId(), source.lastGood().map(RunRow::id).orElse(0L));
    }
  }

  /// One line for each copy, the newest first.
  ///
  /// @param held every readable copy of the study that the destination lists
  List<Line> lines(StudyKey study, List<HeldVersion> held) {
    return new OneStudy(study, held).lines();
  }

  /// What is found out about one study, as far as it is needed.
  private final class OneStudy {
    private final StudyKey study;
    private final StudyLabel label;
    private final List<HeldVersion> held;
    private final List<CopyRow> rows;
    private final Map<HeldVersion, List<Reason>> kept = new HashMap<>();
    private @Nullable List<StudyRow> shown;
    private @Nullable List<StudyFacts> known;

    /// Whether other destinations held the study when they were proven last, and nobody sees it
    /// there now.
    private boolean leansOnMemory;

    OneStudy(StudyKey study, List<HeldVersion> held) {
      this.study = study;
      this.label = catalogue.label(study);
      this.held = held;
      this.rows = catalogue.copies(study);
    }

    List<Line> lines() {
      List<HeldVersion> proven = new ArrayList<>();
      for (HeldVersion copy : held) {
        Optional<Reason> unfit = unfit(copy);
        if (unfit.isPresent()) {
          keep(copy, unfit.get());
        } else {
          proven.add(copy);
        }
      }
      boolean ordered = proven.size() > 1 || terms.rules().endStudies();
      Order order = new Order(ordered ? standing.versions(study) : List.of(), held);
      proven.sort(order.newestFirst());
      List<Reason> holds = holds();
      StudyAge age = proven.isEmpty() ? new StudyAge(false, List.of()) : age();
      List<Line> lines = new ArrayList<>();
      held.stream()
          .filter(kept::containsKey)
          .forEach(copy ->
              lines.add(line(copy, Verdict.KEEP, false, kept.getOrDefault(copy, List.of()))));
      if (proven.isEmpty()) {
        return lines;
      }
      judge(proven, order, holds, age, lines);
      return lines;
    }

    private void judge(
        List<HeldVersion> proven, Order order, List<Reason> holds, StudyAge age, List<Line> lines) {
      boolean inSource = isInSource();
      boolean asked = wasAnySourceAsked();
      boolean over = age.over() && asked && !inSource && holds.isEmpty();
      boolean elsewhere = over && isProvenElsewhere(proven, order);
      if (elsewhere) {
        proven.forEach(copy -> lines.add(line(copy, Verdict.GO, true, age.reasons())));
        return;
      }
      Map<HeldVersion, List<Reason>> goes = byVersionRules(proven, order, holds);
      for (HeldVersion copy : proven) {
        List<Reason> going = goes.get(copy);
        if (going != null) {
          lines.add(line(copy, Verdict.GO, false, going));
        } else if (over) {
          List<Reason> reasons = new ArrayList<>(age.reasons());
          if (leansOnMemory) {
            reasons.add(Reason.NOT_ASKED);
          }
          lines.add(line(copy, Verdict.GO_AS_LAST, true, reasons));
        } else {
          List<Reason> reasons = new ArrayList<>(holds);
          reasons.addAll(kept.getOrDefault(copy, List.of()));
          if (copy.equals(proven.getFirst())) {
            reasons.addAll(age.reasons());
            if (inSource) {
              reasons.add(Reason.IN_SOURCE);
            }
            if (age.over() && !asked) {
              reasons.add(Reason.NO_SOURCE_ASKED);
            }
          }
          lines.add(line(copy, Verdict.KEEP, false, reasons));
        }
      }
    }

    /// The copies that the rules for versions let go, with the reasons; the reasons of the others
    /// are added to those for keeping.
    private Map<HeldVersion, List<Reason>> byVersionRules(
        List<HeldVersion> proven, Order order, List<Reason> holds) {
      Map<HeldVersion, List<Reason>> goes = new HashMap<>();
      if (proven.size() == 1) {
        keep(proven.getFirst(), held.size() == 1 ? Reason.NEWEST : Reason.LAST_PROVEN);
        return goes;
      }
      Set<VersionId> present = presentVersions();
      Set<VersionId> followedHere = order.followedBy(proven);
      for (int i = 0; i < proven.size(); i++) {
        HeldVersion copy = proven.get(i);
        if (i == 0 || present.contains(copy.id()) || !followedHere.contains(copy.id())) {
          keep(copy, Reason.NEWEST);
          continue;
        }
        List<Reason> keeping = versionRules(i, order.replacedAt(proven, i));
        keeping.forEach(reason -> keep(copy, reason));
        if (keeping.isEmpty() && holds.isEmpty()) {
          goes.put(copy, List.of(new Reason("version-over", versionOver(i), Integer.toString(i))));
        }
      }
      if (!goes.isEmpty()) {
        keepOnlyImages(proven, goes);
      }
      return goes;
    }

    private String versionOver(int newer) {
      List<String> parts = new ArrayList<>();
      parts.add(newer + (newer == 1 ? " newer version" : " newer versions"));
      terms.rules().versions().ifPresent(count -> parts.add("kept are " + count));
      terms
          .rules()
          .versionsFor()
          .ifPresent(time -> parts.add("replaced more than " + time + " ago"));
      return String.join(", ", parts);
    }

    /// @param newer how many proven copies of newer versions are here
    private List<Reason> versionRules(int newer, Instant replacedAt) {
      List<Reason> keeping = new ArrayList<>();
      if (terms.rules().versions().isEmpty() && terms.rules().versionsFor().isEmpty()) {
        keeping.add(Reason.NO_RULE);
      }
      if (terms.rules().versions().isPresent()) {
        int count = terms.rules().versions().getAsInt();
        if (newer < count) {
          keeping.add(
              new Reason(
                  "versions", "one of the newest " + count + " versions", Integer.toString(count)));
        }
      }
      if (terms.rules().versionsFor().isPresent()) {
        Period time = terms.rules().versionsFor().get();
        if (isWithin(replacedAt, time)) {
          keeping.add(new Reason("age", "replaced less than " + time + " ago", time.toString()));
        }
      }
      return keeping;
    }

    private boolean isWithin(Instant replacedAt, Period time) {
      try {
        return replacedAt.atOffset(ZoneOffset.UTC).plus(time).toInstant().isAfter(terms.now());
      } catch (DateTimeException | ArithmeticException e) {
        return true;
      }
    }

    /// An older version may be the only one that has some image, as when a viewer lost slices of a
    /// study before the newer one was copied. Such a version is no duplicate of anything.
    private void keepOnlyImages(List<HeldVersion> proven, Map<HeldVersion, List<Reason>> goes) {
      Set<String> elsewhere = new HashSet<>();
      for (HeldVersion copy : proven) {
        if (!goes.containsKey(copy)) {
          instances(copy).ifPresent(elsewhere::addAll);
        }
      }
      for (HeldVersion copy : proven) {
        if (goes.containsKey(copy)) {
          Optional<Set<String>> images = instances(copy);
          if (images.isEmpty() || !elsewhere.containsAll(images.get())) {
            goes.remove(copy);
            keep(copy, Reason.ONLY_IMAGES);
            images.ifPresent(elsewhere::addAll);
          }
        }
      }
    }

    /// The SOP Instance UIDs in a version and, of files without one, the paths: such a file is no
    /// less lost. Empty when nobody has a whole list of them.
    private Optional<Set<String>> instances(HeldVersion copy) {
      Optional<List<VersionRow.InstanceLine>> lines = lines(copy.id(), copy.fileCount());
      if (lines.isEmpty()) {
        return Optional.empty();
      }
      Set<String> names = new HashSet<>();
      lines.get().forEach(line -> names.add(line.sopInstanceUid()));
      if (names.remove("")) {
        try (VersionReader reader = destination.read(copy)) {
          reader.version().files().stream()
              .filter(file -> file.instance().isEmpty())
              .forEach(file -> names.add("/" + file.path()));
        } catch (SerdabException.Damaged e) {
          return Optional.empty();
        }
      }
      return Optional.of(names);
    }

    /// The files of a version; empty when the catalogue has no whole list of them.
    private Optional<List<VersionRow.InstanceLine>> lines(VersionId id, long fileCount) {
      return catalogue
          .version(study, id)
          .map(VersionRow::instances)
          .filter(lines -> lines.size() >= fileCount);
    }

    private void keep(HeldVersion copy, Reason reason) {
      kept.computeIfAbsent(copy, _ -> new ArrayList<>()).add(reason);
    }

    private Optional<Reason> unfit(HeldVersion copy) {
      if (study.isLibrary() && study.libraryGroup().equals(INDEX_GROUP)) {
        return Optional.of(Reason.INDEX_COPY);
      }
      Optional<CopyRow> row =
          rows.stream()
              .filter(one -> one.destinationId().equals(here))
              .filter(one -> one.version().equals(copy.id()))
              .filter(one -> one.location().equals(copy.location()))
              .filter(one -> one.storedBytes() == copy.storedBytes())
              .findFirst();
      if (row.isEmpty() || !row.get().shouldBeThere()) {
        return Optional.of(Reason.UNKNOWN_COPY);
      }
      if (row.get().state().equals("bad")) {
        return Optional.of(Reason.DAMAGED);
      }
      if (row.get().isUnseen()) {
        return Optional.of(Reason.NOT_LOOKED_AT);
      }
      // A study is the same wherever it lies; a group's name says only where a library was.
      if (study.isOther() && row.get().runId() == 0) {
        return Optional.of(Reason.NOT_OURS);
      }
      return row.get().isProven() ? Optional.empty() : Optional.of(Reason.NOT_PROVEN);
    }

    /// Other destinations hold the study's newest version, proven not too long ago and there now,
    /// and so each file that an older version here has.
    private boolean isProvenElsewhere(List<HeldVersion> proven, Order order) {
      HeldVersion newest = proven.getFirst();
      List<CopyRow> remembered =
          rows.stream()
              .filter(row -> !row.destinationId().equals(here))
              .filter(CopyRow::isProven)
              .filter(row -> terms.isFresh(row.proof().at()))
              .toList();
      if (!suffice(remembered, proven, newest, order)) {
        return false;
      }
      boolean there =
          suffice(remembered.stream().filter(others::isThere).toList(), proven, newest, order);
      leansOnMemory = !there;
      return there;
    }

    private boolean suffice(
        List<CopyRow> elsewhere, List<HeldVersion> proven, HeldVersion newest, Order order) {
      boolean hasNewest =
          elsewhere.stream()
              .map(CopyRow::version)
              .anyMatch(id -> id.equals(newest.id()) || order.isNewer(id, newest.id()));
      return hasNewest && hasAllFiles(elsewhere, proven);
    }

    private boolean hasAllFiles(List<CopyRow> elsewhere, List<HeldVersion> proven) {
      Set<VersionId> versions = new HashSet<>();
      elsewhere.forEach(row -> versions.add(row.version()));
      if (proven.stream().map(HeldVersion::id).allMatch(versions::contains)) {
        return true;
      }
      Set<String> files = new HashSet<>();
      elsewhere.forEach(row ->
          lines(row.version(), row.fileCount())
              .ifPresent(lines -> lines.forEach(line -> files.add(nameOf(line)))));
      return proven.stream()
          .filter(copy -> !versions.contains(copy.id()))
          .allMatch(copy ->
              lines(copy.id(), copy.fileCount())
                  .filter(lines -> lines.stream().allMatch(line -> files.contains(nameOf(line))))
                  .isPresent());
    }

    /// What tells a file from others whatever its path: its UID or, without one, its digest.
    private static String nameOf(VersionRow.InstanceLine line) {
      return line.sopInstanceUid().isEmpty() ? line.fileDigest().hex() : line.sopInstanceUid();
    }

    /// A catalogue that was made again from copies knows no source, and so of no study that it is
    /// not in one.
    private boolean wasAnySourceAsked() {
      return lastGood.values().stream().anyMatch(run -> run > 0);
    }

    private boolean isInSource() {
      return shown().stream()
          .anyMatch(row -> row.lastSeenRun() >= lastGood.getOrDefault(row.sourceId(), 0L));
    }

    private Set<VersionId> presentVersions() {
      Set<VersionId> present = new HashSet<>();
      shown().forEach(row -> row.version().ifPresent(present::add));
      return present;
    }

    private List<Reason> holds() {
      if (terms.holds().isEmpty()) {
        return List.of();
      }
      List<StudyFacts> facts = HoldMatch.needFacts(terms.holds()) ? known() : List.of();
      return HoldMatch.of(study, facts, terms.holds());
    }

    private StudyAge age() {
      if (!terms.rules().endStudies() || study.isOther()) {
        return new StudyAge(false, List.of());
      }
      return StudyAge.of(known(), terms);
    }

    private List<StudyRow> shown() {
      List<StudyRow> found = shown;
      if (found == null) {
        found = standing.rows(study);
        shown = found;
      }
      return found;
    }

    /// What is known of the study: what sources showed and, where nobody showed it or a copy is
    /// about to go, what its copies say.
    private List<StudyFacts> known() {
      List<StudyFacts> found = known;
      if (found == null) {
        found = new ArrayList<>();
        for (StudyRow row : shown()) {
          found.add(row.facts());
        }
        if (found.isEmpty() || readManifests) {
          found.addAll(manifests());
        }
        known = found;
      }
      return found;
    }

    private List<StudyFacts> manifests() {
      List<StudyFacts> facts = new ArrayList<>();
      for (HeldVersion copy : held) {
        try (VersionReader reader = destination.read(copy)) {
          facts.add(reader.version().facts());
        } catch (SerdabException.Damaged e) {
          // It says nothing; it is not removed either.
        }
      }
      return facts;
    }

    private Line line(HeldVersion copy, Verdict verdict, boolean endsStudy, List<Reason> reasons) {
      boolean needed = verdict != Verdict.KEEP;
      return new Line(
          label, needed ? month() : Optional.empty(), copy, verdict, endsStudy, reasons);
    }

    private Optional<YearMonth> month() {
      return known().stream()
          .flatMap(facts -> facts.studyDate().stream())
          .max(Comparator.naturalOrder())
          .map(YearMonth::from);
    }
  }

  /// Which version follows which, as far as anybody knows.
  private static final class Order {
    private final Map<VersionId, Standing.VersionTime> times = new HashMap<>();
    private final Map<VersionId, Set<VersionId>> predecessors = new HashMap<>();
    private final Map<VersionId, Place> places = new HashMap<>();

    /// @param held says of each copy what it follows there: more than the catalogue knows when the
    ///   run was killed that made the copy before it
    Order(List<Standing.VersionTime> versions, List<HeldVersion> held) {
      for (Standing.VersionTime version : versions) {
        times.put(version.id(), version);
        version.supersedes().ifPresent(before -> follows(version.id(), before));
      }
      for (HeldVersion copy : held) {
        copy.supersedes().ifPresent(before -> follows(copy.id(), before));
      }
    }

    private void follows(VersionId id, VersionId before) {
      predecessors.computeIfAbsent(id, _ -> new HashSet<>()).add(before);
    }

    /// What the versions of some copies follow, one after the other. What is not among it is the
    /// newest of those copies, as far as anybody knows, whatever the clocks say.
    Set<VersionId> followedBy(List<HeldVersion> copies) {
      Set<VersionId> followed = new HashSet<>();
      for (HeldVersion copy : copies) {
        // Earlier releases wrote of some versions that they follow themselves.
        Set<VersionId> seen = new HashSet<>(Set.of(copy.id()));
        Deque<VersionId> from = new ArrayDeque<>(seen);
        while (!from.isEmpty()) {
          for (VersionId before : predecessors.getOrDefault(from.removeFirst(), Set.of())) {
            if (seen.add(before)) {
              followed.add(before);
              from.add(before);
            }
          }
        }
      }
      return followed;
    }

    boolean isNewer(VersionId one, VersionId other) {
      return times.containsKey(one) && byAge().compare(one, other) > 0;
    }

    Comparator<HeldVersion> newestFirst() {
      return Comparator.comparing(HeldVersion::id, byAge().reversed())
          .thenComparing(HeldVersion::location);
    }

    /// Oldest first. What follows what says more than clocks do: a version is no older than any
    /// that it follows.
    private Comparator<VersionId> byAge() {
      return Comparator.comparing((VersionId id) -> place(id).time())
          .thenComparingInt((VersionId id) -> place(id).depth())
          .thenComparing(Comparator.naturalOrder());
    }

    private Instant readAt(VersionId id) {
      Standing.VersionTime time = times.get(id);
      return time == null ? Instant.MIN : time.readAt();
    }

    /// Where a version stands.
    ///
    /// @param time when it was read, or the latest of those it follows by the clock of then
    /// @param depth how many it follows, itself counted
    private record Place(Instant time, int depth) {}

    private Place place(VersionId id) {
      Place known = places.get(id);
      if (known != null) {
        return known;
      }
      Set<VersionId> seen = new HashSet<>();
      Instant latest = readAt(id);
      Optional<VersionId> at = Optional.of(id);
      while (at.isPresent() && seen.add(at.get())) {
        Standing.VersionTime time = times.get(at.get());
        if (time != null && time.readAt().isAfter(latest)) {
          latest = time.readAt();
        }
        at = time == null ? Optional.empty() : time.supersedes();
      }
      Place found = new Place(latest, seen.size());
      places.put(id, found);
      return found;
    }

    /// When the version at this place was replaced, at the latest, by the one that followed it.
    Instant replacedAt(List<HeldVersion> newestFirst, int at) {
      Instant own = readAt(newestFirst.get(at).id());
      Instant next = readAt(newestFirst.get(at - 1).id());
      return next.isAfter(own) ? next : own;
    }
  }
}
