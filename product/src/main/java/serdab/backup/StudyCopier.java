package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Finding;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.BackupPlan;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;

/// Brings one study to its destinations: asks what they hold, reads the source, copies, proves, and
/// records. One thread at a time; each worker has its own.
final class StudyCopier {

  /// A study that changes under our eyes is read again so often before it is left for later.
  static final int SOURCE_TRIES = 3;

  /// A copy that reads back wrong is made again so often before it becomes an issue.
  static final int COPY_TRIES = 3;

  /// More unreadable files than this in one study mean that the volume is failing, not a file.
  static final int MAX_UNREADABLE_FILES = 1000;

  /// So many folders that could not be looked into are named in a problem.
  private static final int CLOSED_NAMED = 5;

  private static final Pattern VIEWER_FOLDER = Pattern.compile("DATABASE\\.noindex/\\d+");

  /// A header change that never comes to rest is copied all the same after so many quiet times.
  private static final int QUIET_TIMES_AT_MOST = 7;

  private final BackupPlan plan;
  private final String sourceId;
  private final String sourceWords;
  private final Inventory inventory;
  private final List<Destination> destinations;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final long run;
  private final OnePass pass;

  /// Destinations that could not be asked about the study at hand, with the reason.
  private final Map<Integer, Problem> down = new LinkedHashMap<>();

  /// Copies of the study at hand that were found damaged, by destination id.
  private final Map<String, List<HeldVersion>> damaged = new HashMap<>();

  /// What is worth telling of copies of the study at hand.
  private final List<Finding> ofCopies = new ArrayList<>();

  StudyCopier(
      BackupPlan plan,
      String sourceId,
      String sourceWords,
      Inventory inventory,
      List<Destination> destinations,
      Catalogue catalogue,
      InstantSource clock,
      long run,
      OnePass pass) {
    this.plan = plan;
    this.sourceId = sourceId;
    this.sourceWords = sourceWords;
    this.inventory = inventory;
    this.destinations = destinations;
    this.catalogue = catalogue;
    this.clock = clock;
    this.run = run;
    this.pass = pass;
  }

  /// Works on one study until its outcome is recorded.
  ///
  /// @param item the study and the destinations that lack a copy of what was read last
  /// @param alive destinations that can be used, by their place in the plan's list
  CopyOutcome work(WorkItem item, Set<Integer> alive) {
    down.clear();
    damaged.clear();
    ofCopies.clear();
    Set<Integer> asked =
        alive.stream()
            .filter(target -> !destinations.get(target).isErased(item.study().key()))
            .collect(Collectors.toUnmodifiableSet());
    if (asked.isEmpty() && !alive.isEmpty()) {
      return new CopyOutcome.Unchanged();
    }
    try {
      CopyOutcome outcome = workOn(item, asked);
      if (!down.isEmpty()) {
        return failedSomewhere(outcome);
      }
      return outcome instanceof CopyOutcome.Copied copied
          ? copiedEverywhere(item, copied, asked)
          : outcome;
    } catch (OnePass.Abandoned e) {
      return abandoned(item.study().key());
    } finally {
      pass.discard();
    }
  }

  /// A reading that ended because every destination failed is a failure of theirs; nobody asked the
  /// run to stop.
  private CopyOutcome abandoned(StudyKey study) {
    List<OnePass.Target> broken = pass.allFailed();
    if (broken.isEmpty()) {
      return new CopyOutcome.Stopped();
    }
    for (OnePass.Target target : broken) {
      noteFailure(target.destination(), study, target.failure().orElseThrow().problem());
    }
    return failed(
        broken.getFirst().failure().orElseThrow().problem(),
        broken.stream().map(OnePass.Target::index).toList(),
        List.of());
  }

  /// A study that changed between two readings may have left each destination with another version:
  /// each is proven, and only the one that was read last counts.
  private CopyOutcome copiedEverywhere(
      WorkItem item, CopyOutcome.Copied outcome, Set<Integer> alive) {
    List<Integer> behind =
        unrecorded(item.study().key(), outcome.version().id(), alive.stream().sorted().toList());
    return behind.isEmpty() ? outcome : failed(changedMeanwhile(), behind, outcome.made());
  }

  /// A destination that could not even be asked makes the study fail there, whatever came of the
  /// others.
  private CopyOutcome failedSomewhere(CopyOutcome outcome) {
    List<CopyRow> made =
        switch (outcome) {
          case CopyOutcome.Copied copied -> copied.made();
          case CopyOutcome.Failed failed -> failed.made();
          case CopyOutcome.Adopted _,
              CopyOutcome.Unchanged _,
              CopyOutcome.WaitsForQuiet _,
              CopyOutcome.Stopped _ ->
              List.of();
        };
    return new CopyOutcome.Failed(
        down.values().iterator().next(), List.copyOf(down.keySet()), made);
  }

  private CopyOutcome workOn(WorkItem item, Set<Integer> alive) {
    SourceStudy study = item.study();
    Optional<StudyRow> row = catalogue.study(sourceId, study.key());
    String look = inventory.look(study);
    // A file that could not be read may be readable now although nothing about it looks different.
    boolean untouched =
        !item.again()
            && row.filter(
                    r -> r.version().isPresent() && r.missingFiles() == 0 && r.look().equals(look))
                .isPresent();
    // A look that moved may mean a new version, which every destination lacks. One that did not is
    // an occasion to ask whether the copies are still listed: people delete files by hand.
    boolean onlyAsking = untouched && item.targets().isEmpty();
    List<Integer> wanted =
        untouched && !onlyAsking
            ? item.targets()
            : IntStream.range(0, destinations.size()).boxed().toList();
    List<Integer> targets = wanted.stream().filter(alive::contains).toList();
    if (targets.isEmpty()) {
      return new CopyOutcome.Failed(noDestinationLeft(), wanted, List.of());
    }

    List<CopyRow> adopted = new ArrayList<>();
    Optional<VersionId> previous = row.flatMap(StudyRow::version);
    Map<Integer, List<HeldVersion>> held = new HashMap<>();
    for (int target : targets) {
      try {
        held.put(target, destinations.get(target).versions(study.key()));
      } catch (SerdabException e) {
        down.put(target, e.problem());
      }
    }
    targets = targets.stream().filter(held::containsKey).toList();
    if (onlyAsking) {
      VersionId known = previous.orElseThrow();
      targets =
          targets.stream()
              .filter(target ->
                  held.getOrDefault(target, List.of()).stream()
                      .noneMatch(copy -> copy.id().equals(known)))
              .toList();
      if (targets.isEmpty() && down.isEmpty()) {
        catalogue.foundUnchanged(sourceId, study.key(), study.fingerprint());
      }
    }
    if (targets.isEmpty()) {
      return new CopyOutcome.Unchanged();
    }
    boolean somebodyHoldsIt = held.values().stream().anyMatch(versions -> !versions.isEmpty());

    if (untouched && somebodyHoldsIt) {
      targets = adopt(previous.orElseThrow(), targets, held, adopted);
      if (targets.isEmpty()) {
        return record(item, Optional.empty(), List.of(), adopted, look);
      }
    } else if (!untouched && (somebodyHoldsIt || previous.isPresent())) {
      // What was read last must be proven everywhere before something newer may wait.
      boolean mayWait = item.targets().isEmpty() && !item.again();
      if (mayWait && waitsSinceLastRun(study, row, targets, look)) {
        return new CopyOutcome.WaitsForQuiet();
      }
      Reading digests = read(study, List.of(), previous);
      if (digests.problem().isPresent()) {
        return failed(digests.problem().get(), targets, List.of());
      }
      StudyVersion version = digests.version();
      List<Integer> asked =
          item.again() ? targets : withoutProof(study.key(), version.id(), targets, held);
      List<Integer> wentBack =
          previous.filter(known -> !known.equals(version.id())).isPresent()
              ? superseded(version.id(), targets, held)
              : List.of();
      targets =
          Stream.concat(
                  wentBack.stream(),
                  adopt(
                      version.id(),
                      asked.stream().filter(target -> !wentBack.contains(target)).toList(),
                      held,
                      adopted)
                      .stream())
              .sorted()
              .toList();
      if (targets.isEmpty()) {
        CopyOutcome outcome = record(item, Optional.of(version), List.of(), adopted, look);
        return adopted.isEmpty() ? new CopyOutcome.Unchanged() : outcome;
      }
      if (mayWait && waitsForQuiet(study, version, row, targets, held, look)) {
        return new CopyOutcome.WaitsForQuiet();
      }
    }
    return copy(item, targets, held, adopted, previous, look);
  }

  // ---- copying

  private CopyOutcome copy(
      WorkItem item,
      List<Integer> targets,
      Map<Integer, List<HeldVersion>> held,
      List<CopyRow> adopted,
      Optional<VersionId> previous,
      String look) {
    SourceStudy study = item.study();
    List<CopyRow> made = new ArrayList<>();
    List<Integer> failedTargets = new ArrayList<>();
    Optional<Problem> firstProblem = Optional.empty();
    Optional<StudyVersion> copied = Optional.empty();
    List<Integer> left = withRoom(study, targets);
    if (left.isEmpty()) {
      return new CopyOutcome.Unchanged(); // and failed, by what is down now
    }
    for (int attempt = 1; !left.isEmpty() && attempt <= COPY_TRIES; attempt++) {
      List<OnePass.Target> copies =
          left.stream().map(index -> new OnePass.Target(index, destinations.get(index))).toList();
      Reading reading = read(study, copies, previous);
      if (reading.problem().isPresent()) {
        return failed(reading.problem().get(), left, made);
      }
      StudyVersion version = reading.version();
      if (copied.isPresent() && !copied.get().id().equals(version.id())) {
        // The source changed between two tries: what was made is a copy of the version before.
        for (CopyRow copy : made) {
          catalogue.recordHeld(VersionRow.of(copied.get()), copy);
        }
        made.clear();
      }
      copied = Optional.of(version);
      List<Integer> again = new ArrayList<>();
      for (OnePass.Target target : reading.targets()) {
        Optional<SerdabException> failure = target.failure();
        if (failure.isEmpty()) {
          try {
            made.add(
                copyRow(
                    target.index(),
                    target.commit(
                        asFollowing(version, held.getOrDefault(target.index(), List.of())))));
            continue;
          } catch (SerdabException e) {
            failure = Optional.of(e);
          }
        }
        SerdabException why = failure.get();
        firstProblem = firstProblem.or(() -> Optional.of(why.problem()));
        if (why instanceof SerdabException.Damaged && attempt < COPY_TRIES) {
          again.add(target.index());
        } else {
          failedTargets.add(target.index());
          noteFailure(target.destination(), study.key(), why.problem());
        }
      }
      left = again;
    }
    StudyVersion version = copied.orElseThrow();
    if (!failedTargets.isEmpty()) {
      record(item, Optional.of(version), made, adopted, "");
      return failed(firstProblem.orElseThrow(), failedTargets, made);
    }
    return record(item, Optional.of(version), made, adopted, look);
  }

  /// Targets with room for the whole study, uncompressed, so that a disk is never filled to the
  /// brim by half a study.
  private List<Integer> withRoom(SourceStudy study, List<Integer> targets) {
    long needed = 0;
    for (SourceFile file : inventory.files(study)) {
      needed += Math.max(0, file.lengthBytes());
    }
    List<Integer> roomy = new ArrayList<>();
    for (int target : targets) {
      Destination destination = destinations.get(target);
      OptionalLong usable;
      long reserve;
      try {
        usable = destination.usableBytes();
        reserve = Room.reserve(destination);
      } catch (SerdabException e) {
        down.put(target, e.problem()); // The others get their copies all the same.
        continue;
      }
      if (usable.isPresent() && usable.getAsLong() < needed + reserve) {
        down.put(target, Room.almostFull(destination, usable.getAsLong(), reserve, needed));
      } else {
        roomy.add(target);
      }
    }
    return roomy;
  }

  /// The outcome of reading a study: a version, or why there is none.
  private record Reading(
      Optional<StudyVersion> found, Optional<Problem> problem, List<OnePass.Target> targets) {

    StudyVersion version() {
      return found.orElseThrow();
    }
  }

  private Reading read(
      SourceStudy study, List<OnePass.Target> targets, Optional<VersionId> previous) {
    Set<String> leaveOut = new HashSet<>();
    int changes = 0;
    List<OnePass.Target> copies = targets;
    while (true) {
      pass.begin(study.facts(), copies);
      Delivery delivery = pass.deliver(inventory, study, leaveOut);
      switch (delivery) {
        case Delivery.Complete _ -> {
          if (pass.files().isEmpty()) {
            Problem problem = study.key().isUnread() ? notLookedInto() : noFiles(study);
            pass.discard();
            return new Reading(Optional.empty(), Optional.of(problem), List.of());
          }
          StudyVersion version = inItsPlace(version(study, previous));
          return new Reading(
              Optional.of(copies.isEmpty() ? version : version.with(inventory.rows(study))),
              Optional.empty(),
              copies);
        }
        case Delivery.Changed _ -> {
          pass.discard();
          changes++;
          if (changes >= SOURCE_TRIES) {
            return new Reading(Optional.empty(), Optional.of(keepsChanging()), List.of());
          }
        }
        case Delivery.Broke broke -> {
          pass.discard();
          leaveOut.add(broke.file().path());
          if (leaveOut.size() > MAX_UNREADABLE_FILES) {
            return new Reading(Optional.empty(), Optional.of(tooManyUnreadable()), List.of());
          }
        }
      }
      copies =
          targets.stream()
              .map(target -> new OnePass.Target(target.index(), target.destination()))
              .toList();
    }
  }

  private StudyVersion version(SourceStudy study, Optional<VersionId> previous) {
    List<Finding> findings = new ArrayList<>(study.findings());
    findings.addAll(oddities(study.key(), pass.files()));
    findings.addAll(rejections(pass.rejections(study.facts())));
    return StudyVersion.of(
        study.facts(),
        pass.files(),
        pass.missing(),
        findings,
        previous,
        sourceWords,
        clock.instant());
  }

  /// A version that is made again follows what it followed before, never itself.
  private StudyVersion inItsPlace(StudyVersion version) {
    if (version.supersedes().filter(version.id()::equals).isEmpty()) {
      return version;
    }
    return version.following(
        catalogue
            .version(version.facts().key(), version.id())
            .flatMap(VersionRow::supersedes)
            .filter(before -> !before.equals(version.id())));
  }

  /// A destination that missed versions, as a disk that takes turns does, or has one that another
  /// missed, is told which of its own this one follows: it must be able to tell the newest by
  /// itself, whatever the clock said.
  private static StudyVersion asFollowing(StudyVersion version, List<HeldVersion> held) {
    List<VersionId> others =
        held.stream().map(HeldVersion::id).filter(id -> !id.equals(version.id())).toList();
    return others.isEmpty() ? version : version.following(Optional.of(others.getLast()));
  }

  /// What rejection notes say: `docs/rejection-notes.md`.
  private static List<Finding> rejections(Rejections rejections) {
    List<Finding> findings = new ArrayList<>();
    rejections
        .counts()
        .forEach((reason, count) ->
            findings.add(
                Finding.about(
                    "",
                    "rejection-note",
                    count
                        + " instances of this study are rejected ("
                        + reason.code()
                        + " "
                        + reason.meaning()
                        + "). All are kept; a restore leaves them out.")));
    if (rejections.unclear() > 0) {
      findings.add(
          Finding.about(
              "",
              "rejection-note-unclear",
              rejections.unclear()
                  + " rejection notes are damaged, or name images in a way that leaves doubt. What"
                  + " they name unclearly is restored."));
    }
    return findings;
  }

  /// What only the files together can tell.
  private static List<Finding> oddities(StudyKey key, List<StoredFile> files) {
    List<Finding> findings = new ArrayList<>();
    Set<Object> patients = new HashSet<>();
    Map<String, StoredFile> bySopInstance = new HashMap<>();
    for (StoredFile file : files) {
      if (file.instance().isEmpty()) {
        continue;
      }
      InstanceFacts instance = file.instance().get();
      patients.add(instance.patientId());
      String uid = instance.sop().value();
      if (!uid.isEmpty()) {
        StoredFile twin = bySopInstance.putIfAbsent(uid, file);
        if (twin != null && !twin.digests().file().equals(file.digests().file())) {
          findings.add(
              Finding.about(
                  file.path(),
                  "same-sop-instance-uid",
                  "Another file of this study has the same SOP Instance UID and other bytes: "
                      + twin.path()
                      + ". Both are kept."));
        }
      }
      if (!key.isOther() && !instance.study().value().equals(key.value())) {
        findings.add(
            Finding.about(
                file.path(),
                "other-study-instance-uid",
                "The file names another Study Instance UID than the source lists it under."));
      }
    }
    if (patients.size() > 1) {
      findings.add(
          Finding.about(
              "",
              "two-patients-one-study",
              "The files of this study name " + patients.size() + " different patient ids."));
    }
    return findings;
  }

  // ---- what a destination has already

  /// Targets for which the catalogue remembers no proven copy of this version, or that do not hold
  /// it any more.
  private List<Integer> withoutProof(
      StudyKey key,
      VersionId version,
      List<Integer> targets,
      Map<Integer, List<HeldVersion>> held) {
    List<Integer> unrecorded = unrecorded(key, version, targets);
    return targets.stream()
        .filter(target ->
            unrecorded.contains(target)
                || held.getOrDefault(target, List.of()).stream()
                    .noneMatch(copy -> copy.id().equals(version)))
        .toList();
  }

  /// Targets for which the catalogue remembers no proven copy of this version.
  private List<Integer> unrecorded(StudyKey key, VersionId version, List<Integer> targets) {
    List<CopyRow> copies = catalogue.copies(key);
    return targets.stream()
        .filter(target -> copies.stream().noneMatch(copy -> proves(copy, version, target)))
        .toList();
  }

  private boolean proves(CopyRow copy, VersionId version, int target) {
    Destination destination = destinations.get(target);
    return copy.version().equals(version)
        && copy.state().equals("good")
        && copy.destinationId().equals(destination.id().toString())
        && copy.proof().depth().reaches(destination.traits().copiedDepth());
  }

  /// Targets that hold this version, and one after it: the source went back to how it was before,
  /// as when a merge was taken back. Only a copy that is the newest one says so to whoever
  /// restores.
  private static List<Integer> superseded(
      VersionId version, List<Integer> targets, Map<Integer, List<HeldVersion>> held) {
    return targets.stream()
        .filter(target -> {
          List<HeldVersion> versions = held.getOrDefault(target, List.of());
          return !versions.isEmpty()
              && !versions.getLast().id().equals(version)
              && versions.stream().anyMatch(copy -> copy.id().equals(version));
        })
        .toList();
  }

  /// Takes over copies that are there: proves each and leaves the targets that still lack one.
  private List<Integer> adopt(
      VersionId version,
      List<Integer> targets,
      Map<Integer, List<HeldVersion>> held,
      List<CopyRow> adopted) {
    List<Integer> lacking = new ArrayList<>();
    for (int target : targets) {
      Optional<CopyRow> good = Optional.empty();
      for (HeldVersion copy : held.getOrDefault(target, List.of())) {
        if (copy.id().equals(version)) {
          good = proven(target, copy);
          if (good.isPresent()) {
            break;
          }
        }
      }
      good.ifPresent(adopted::add);
      if (good.isEmpty() && !down.containsKey(target)) {
        lacking.add(target);
      }
    }
    return lacking;
  }

  private Optional<CopyRow> proven(int target, HeldVersion copy) {
    Destination destination = destinations.get(target);
    Depth wanted = destination.traits().copiedDepth();
    ProofOutcome outcome;
    try {
      outcome = destination.prove(copy, wanted);
    } catch (SerdabException e) {
      down.put(target, e.problem());
      return Optional.empty();
    }
    return switch (outcome) {
      case ProofOutcome.Proven proof -> Optional.of(copyRow(target, copy.proven(proof.proof())));
      case ProofOutcome.Bad bad -> {
        damaged.computeIfAbsent(destination.id().toString(), _ -> new ArrayList<>()).add(copy);
        noteFailure(destination, copy.study(), bad.problem());
        yield Optional.empty();
      }
      case ProofOutcome.Gone _ -> Optional.empty();
    };
  }

  // ---- header changes wait where a version costs the whole study

  /// Whether the last run found only headers changed, and nothing moved since.
  private boolean waitsSinceLastRun(
      SourceStudy study, Optional<StudyRow> row, List<Integer> targets, String look) {
    return allCostWholeStudies(targets)
        && catalogue.fact(waitingFact(study.key())).filter(look::equals).isPresent()
        && !isQuiet(study, row);
  }

  private boolean waitsForQuiet(
      SourceStudy study,
      StudyVersion version,
      Optional<StudyRow> row,
      List<Integer> targets,
      Map<Integer, List<HeldVersion>> held,
      String look) {
    if (!allCostWholeStudies(targets) || !version.missing().isEmpty() || isQuiet(study, row)) {
      return false;
    }
    for (int target : targets) {
      List<HeldVersion> versions = held.getOrDefault(target, List.of());
      if (versions.isEmpty() || !sameButHeaders(target, versions.getLast(), version)) {
        return false;
      }
    }
    catalogue.sawChange(sourceId, study.key());
    catalogue.rememberFact(waitingFact(study.key()), look);
    return true;
  }

  private boolean allCostWholeStudies(List<Integer> targets) {
    return targets.stream()
        .allMatch(target -> destinations.get(target).traits().wholeStudyPerVersion());
  }

  private String waitingFact(StudyKey key) {
    return "waiting/" + sourceId + "/" + key.value();
  }

  private boolean isQuiet(SourceStudy study, Optional<StudyRow> row) {
    Instant now = clock.instant();
    Duration quiet = plan.quietTime();
    Instant seen = row.flatMap(StudyRow::changeSeenAt).orElse(now);
    if (seen.isAfter(now)) {
      return true; // By a clock that was wrong; nobody knows since when it waits.
    }
    if (Duration.between(seen, now).compareTo(quiet.multipliedBy(QUIET_TIMES_AT_MOST)) > 0) {
      return true;
    }
    long newest =
        inventory.files(study).stream().mapToLong(SourceFile::modifiedMillis).max().orElse(0);
    Instant changed = Instant.ofEpochMilli(newest);
    // A file from the future, by a clock that was wrong, must not wait for ever.
    Instant since = changed.isAfter(now) ? seen : changed;
    // Seen by a clock that was ahead and is right again: nobody knows for how long it has waited.
    return since.isAfter(now) || Duration.between(since, now).compareTo(quiet) >= 0;
  }

  private boolean sameButHeaders(int target, HeldVersion before, StudyVersion after) {
    try (VersionReader reader = destinations.get(target).read(before)) {
      return essence(reader.version()).equals(essence(after));
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  /// What is left of a version when headers are left out: each instance by its UID and pixels. A
  /// report, a contour or an ECG has no pixels to tell its content from its headers, so all its
  /// bytes count.
  private static List<String> essence(StudyVersion version) {
    return version.files().stream()
        .map(file -> {
          String uid = file.instance().map(instance -> instance.sop().value()).orElse("");
          String content = file.digests().pixel().orElseGet(() -> file.digests().file()).hex();
          return uid + ' ' + (uid.isEmpty() ? file.digests().file().hex() : content);
        })
        .sorted(Comparator.naturalOrder())
        .toList();
  }

  // ---- recording

  private CopyOutcome record(
      WorkItem item,
      Optional<StudyVersion> read,
      List<CopyRow> made,
      List<CopyRow> adopted,
      String look) {
    List<CopyRow> copies = new ArrayList<>(made);
    copies.addAll(adopted);
    SourceStudy study = item.study();
    if (read.isEmpty()) {
      for (CopyRow copy : copies) {
        catalogue.recordHeld(catalogue.version(copy.study(), copy.version()).orElseThrow(), copy);
      }
      catalogue.foundUnchanged(sourceId, study.key(), study.fingerprint());
      return new CopyOutcome.Adopted(List.copyOf(adopted));
    }
    StudyVersion version = read.get();
    List<CopyRow> before = catalogue.copies(study.key());
    made.forEach(copy -> endProofsOfAnEarlierFile(copy, before));
    List<Finding> findings = allFindings(version);
    Set<Finding> told = new LinkedHashSet<>(ofCopies);
    told.addAll(toldBefore(study.key(), version));
    findings.addAll(told);
    catalogue.recordCopied(
        sourceId,
        VersionRow.of(version, pass.rejectionsOf(version)),
        copies,
        study.fingerprint(),
        look,
        findings,
        run);
    made.forEach(copy -> setDamagedAside(copy, before));
    return new CopyOutcome.Copied(
        version, List.copyOf(made), List.copyOf(adopted), ofCopies.stream().distinct().toList());
  }

  /// What stands of copies of the same version that were not looked at now.
  private List<Finding> toldBefore(StudyKey study, StudyVersion version) {
    boolean isSameVersion =
        catalogue
            .study(sourceId, study)
            .flatMap(StudyRow::version)
            .filter(version.id()::equals)
            .isPresent();
    return isSameVersion
        ? catalogue.findings(sourceId, study).stream()
            .filter(finding -> finding.kind().equals(HeldVersion.SENT_CONVERTED))
            .toList()
        : List.of();
  }

  /// A file that was deleted by hand and made again has its name, and none of its proofs.
  private void endProofsOfAnEarlierFile(CopyRow made, List<CopyRow> before) {
    for (CopyRow earlier : before) {
      if (isSameCopy(earlier, made) && earlier.location().equals(made.location())) {
        catalogue.recordProof(
            made.study(),
            made.version(),
            made.destinationId(),
            new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()),
            "gone");
      }
    }
  }

  /// A damaged copy of what was made again, and is recorded by now, is set aside. Whatever fails
  /// here undoes nothing: the next verification finds both.
  private void setDamagedAside(CopyRow made, List<CopyRow> before) {
    List<HeldVersion> wrong =
        new ArrayList<>(damaged.getOrDefault(made.destinationId(), List.of()));
    for (CopyRow earlier : before) {
      if (isSameCopy(earlier, made)) {
        wrong.add(
            new HeldVersion(
                earlier.study(),
                earlier.version(),
                earlier.location(),
                earlier.storedBytes(),
                earlier.fileCount(),
                Optional.empty(),
                Optional.empty()));
      }
    }
    for (Destination destination : destinations) {
      if (!destination.id().toString().equals(made.destinationId())) {
        continue;
      }
      for (HeldVersion copy : wrong) {
        try {
          if (copy.id().equals(made.version())
              && !copy.location().equals(made.location())
              && before.stream().noneMatch(other -> isTakenBy(other, copy, made))
              && destination.prove(copy, destination.traits().copiedDepth())
                  instanceof ProofOutcome.Bad) {
            destination.setAside(copy.location());
          }
        } catch (SerdabException e) {
          // Told by the next verification.
        }
      }
    }
  }

  /// Another version may have been given the name that a lost one left.
  private static boolean isTakenBy(CopyRow other, HeldVersion lost, CopyRow made) {
    return other.destinationId().equals(made.destinationId())
        && other.location().equals(lost.location())
        && !other.version().equals(lost.id())
        && other.isProven();
  }

  private static boolean isSameCopy(CopyRow one, CopyRow other) {
    return one.version().equals(other.version())
        && one.destinationId().equals(other.destinationId());
  }

  private static CopyOutcome failed(Problem problem, List<Integer> targets, List<CopyRow> made) {
    return new CopyOutcome.Failed(problem, targets, List.copyOf(made));
  }

  private CopyRow copyRow(int target, HeldVersion copy) {
    Destination destination = destinations.get(target);
    Proof proof = copy.proof().orElseThrow();
    ofCopies.addAll(copy.findings());
    return new CopyRow(
        copy.study(),
        copy.id(),
        destination.id().toString(),
        copy.location(),
        copy.storedBytes(),
        copy.fileCount(),
        proof,
        "good",
        run);
  }

  private static List<Finding> allFindings(StudyVersion version) {
    List<Finding> findings = new ArrayList<>(version.findings());
    for (StoredFile file : version.files()) {
      findings.addAll(file.findings());
    }
    for (StudyVersion.Missing missing : version.missing()) {
      findings.add(Finding.about(missing.path(), "file-" + missing.reason(), missing.detail()));
    }
    return findings;
  }

  private static void noteFailure(Destination destination, StudyKey study, Problem problem) {
    if (StopSignal.isStop(problem)) {
      return; // Nothing is wrong with it.
    }
    try {
      destination.note(
          new Destination.Issue("ZIP_FAIL", Optional.of(study), problem.what(), problem.code()));
    } catch (SerdabException e) {
      // The place that failed the copy may fail the note too; the run's report has both.
    }
  }

  // ---- problems

  private Problem noFiles(SourceStudy study) {
    return new Problem(
        "no-files",
        "None of the " + study.fileCount() + " files listed for this study could be read.",
        "Look at its findings; if its files lie on another volume, connect it and run again.");
  }

  /// What could not be looked into is no study, and may hold files of any.
  private Problem notLookedInto() {
    List<StudyVersion.Missing> closed = pass.missing();
    // Other folders may be named after patients; those of a viewer are numbers.
    String named =
        closed.stream()
            .map(StudyVersion.Missing::path)
            .filter(path -> VIEWER_FOLDER.matcher(path).matches())
            .limit(CLOSED_NAMED)
            .collect(Collectors.joining(", "));
    return new Problem(
        "not-looked-into",
        closed.size()
            + (closed.size() == 1 ? " folder or file" : " folders or files")
            + " of the source could not be looked into"
            + (named.isEmpty() ? "." : ": " + named + "."),
        "Everything else is copied. Let this program read them, or download what was moved out to a"
            + " cloud service, and run again.");
  }

  private static Problem keepsChanging() {
    return new Problem(
        "keeps-changing",
        "One of its files changed each of " + SOURCE_TRIES + " times it was read.",
        "It is tried again later by itself.");
  }

  private static Problem changedMeanwhile() {
    return new Problem(
        "changed-meanwhile",
        "It changed between two of its copies; not every destination holds it as it is now.",
        "It is tried again later by itself.");
  }

  private static Problem tooManyUnreadable() {
    return new Problem(
        "too-many-unreadable",
        "More than " + MAX_UNREADABLE_FILES + " files of one study could not be read.",
        "Check the source's disk before running again.");
  }

  private static Problem noDestinationLeft() {
    return new Problem(
        "no-destination-left",
        "No destination of this study can be used any more in this run.",
        "Look at what is said of the destinations, then run again.");
  }
}
