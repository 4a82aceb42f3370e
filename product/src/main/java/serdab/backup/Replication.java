package serdab.backup;

import java.time.InstantSource;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;
import serdab.catalogue.VersionRow;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.NotesInCopy;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.BackupPlan;
import serdab.plan.Order;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.source.SourceStudy;

/// One run of a plan whose source is a destination: every version that it holds and another lacks
/// is copied, oldest first, with all that its manifest says. [#plan] looks, [#execute] copies. Call
/// both once, from one thread.
///
/// Nothing on the destination that is copied from is changed. What it holds damaged is reported and
/// never copied; what the catalogue knows of its proofs stays, and each new copy has its own.
public final class Replication {

  private static final String REMOVED = "removed";

  private final BackupPlan plan;
  private final Destination from;
  private final String sourceId;
  private final List<Destination> to;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final Rest rest;
  private final StopSignal stop;
  private final Progress progress;
  private final String worker;
  private final boolean acceptFewer;
  private final Absent absent;
  private final CarryOver carry;
  private RollCall roll;

  private final List<Destination.Listed.Unreadable> unreadable = new ArrayList<>();

  /// Facts of studies that the catalogue did not know from here yet, or not as they are now.
  private final List<Fresh> fresh = new ArrayList<>();

  private final List<SourceStudy> seen = new ArrayList<>();

  private record Fresh(StudyFacts facts, VersionId newest, boolean lacking) {}

  /// What a run works with. The caller keeps and closes all of it.
  ///
  /// @param from the destination to copy from, opened to read
  /// @param to opened, in the order of the plan's specifications; none of them is the first
  /// @param worker which machine and process this is, for the catalogue
  /// @param acceptFewer a person has looked and says that there really are fewer studies now
  /// @param absent destinations of the plan that could not be opened
  public record Setting(
      BackupPlan plan,
      Destination from,
      List<Destination> to,
      Catalogue catalogue,
      InstantSource clock,
      Rest rest,
      StopSignal stop,
      Progress progress,
      String worker,
      boolean acceptFewer,
      Absent absent) {}

  public Replication(Setting setting) {
    this.plan = setting.plan();
    this.from = setting.from();
    this.sourceId = from.id().toString();
    this.to = List.copyOf(setting.to());
    this.catalogue = setting.catalogue();
    this.clock = setting.clock();
    this.rest = setting.rest();
    this.stop = setting.stop();
    this.progress = setting.progress();
    this.worker = setting.worker();
    this.acceptFewer = setting.acceptFewer();
    this.absent = setting.absent();
    this.carry = new CarryOver(progress::read, stop::mustAbandon, stop);
    this.roll = RollCall.none(catalogue, clock.instant());
  }

  // ---- planning

  /// Finds out what there is to do. Writes nothing anywhere.
  public WorkList plan() {
    roll = RollCall.of(to, catalogue, clock.instant());
    Map<StudyKey, List<HeldVersion>> held = held();
    List<WorkItem> items = new ArrayList<>();
    List<Map<Optional<YearMonth>, Integer>> pending = new ArrayList<>();
    to.forEach(_ -> pending.add(new HashMap<>()));
    long listed = 0;
    long selected = 0;
    long alreadyThere = 0;
    for (Map.Entry<StudyKey, List<HeldVersion>> entry : held.entrySet()) {
      StudyKey key = entry.getKey();
      if (!key.isOther()) {
        listed++;
      }
      List<HeldVersion> versions = entry.getValue();
      Optional<StudyRow> row = catalogue.study(sourceId, key);
      Optional<StudyFacts> facts = row.map(StudyRow::facts).or(() -> read(versions));
      if (facts.isPresent()
          && (!plan.selection().matches(facts.get()) || (plan.dicomOnly() && key.isOther()))) {
        continue; // What could not be looked into may hold what was asked for.
      }
      selected++;
      SourceStudy study = study(key, facts, versions);
      seen.add(study);
      List<Integer> lacking = lacking(key, versions);
      VersionId last = versions.getLast().id();
      if (facts.isPresent() && row.flatMap(StudyRow::version).filter(last::equals).isEmpty()) {
        fresh.add(new Fresh(facts.get(), last, !lacking.isEmpty()));
      }
      if (!key.isOther()) {
        Optional<YearMonth> month = study.facts().studyDate().map(YearMonth::from);
        for (int i = 0; i < to.size(); i++) {
          pending.get(i).merge(month, lacking.contains(i) ? 1 : 0, Integer::sum);
        }
      }
      if (lacking.isEmpty()) {
        alreadyThere++;
      } else {
        WorkItem.Reason reason = row.isEmpty() ? WorkItem.Reason.NEW : WorkItem.Reason.COPY_MISSING;
        items.add(new WorkItem(study, reason, lacking, false));
      }
    }
    items.sort(Comparator.comparing(WorkItem::study, inOrder()));
    Optional<Long> lastListed =
        catalogue.lastGoodRun("backup", sourceId).map(run -> run.totals().listed());
    List<Problem> alarms = new ArrayList<>(roll.problems());
    alarms.addAll(alarms(listed, lastListed));
    return new WorkList(
        items, listed, selected, alreadyThere, 0, List.of(), pending, alarms, lastListed);
  }

  private Map<StudyKey, List<HeldVersion>> held() {
    Map<StudyKey, List<HeldVersion>> held = new TreeMap<>();
    try (Stream<Destination.Listed> all = from.held()) {
      all.forEach(one -> {
        switch (one) {
          case Destination.Listed.Copy copy ->
              held.computeIfAbsent(copy.version().study(), _ -> new ArrayList<>(1))
                  .add(copy.version());
          case Destination.Listed.Unreadable bad -> unreadable.add(bad);
        }
      });
    }
    // A listing has no order; with several versions, theirs matters.
    held.replaceAll((key, versions) -> versions.size() == 1 ? versions : ordered(key, versions));
    return held;
  }

  private List<HeldVersion> ordered(StudyKey key, List<HeldVersion> listed) {
    List<HeldVersion> ordered = from.versions(key);
    return ordered.isEmpty() ? listed : ordered;
  }

  private Optional<StudyFacts> read(List<HeldVersion> versions) {
    for (HeldVersion copy : versions.reversed()) {
      try (VersionReader reader = from.read(copy)) {
        CarryOver.requireManifest(reader.version());
        return Optional.of(reader.version().facts());
      } catch (SerdabException.Damaged e) {
        // An older version may tell; that this one does not is told when it is copied.
      }
    }
    return Optional.empty();
  }

  private static SourceStudy study(
      StudyKey key, Optional<StudyFacts> facts, List<HeldVersion> versions) {
    return new SourceStudy(
        facts.orElseGet(() -> unknown(key)),
        versions.getLast().id().hex(),
        versions.getLast().fileCount(),
        Optional.empty(),
        List.of(),
        "");
  }

  private static StudyFacts unknown(StudyKey key) {
    return new StudyFacts(
        key,
        PatientData.of(""),
        PatientData.of(""),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        PatientData.of(""),
        PatientData.of(""));
  }

  /// By study date; a tree does not know when a viewer took a study in, so the newest first is what
  /// comes nearest to the orders that ask for it. Groups of other files come last.
  private Comparator<SourceStudy> inOrder() {
    Comparator<SourceStudy> byDate =
        Comparator.comparing(study ->
            study.facts().studyDate().map(date -> date.toEpochDay()).orElse(Long.MIN_VALUE));
    boolean newestFirst = plan.order() == Order.DATE_ADDED_NEWEST || plan.order() == Order.SMART;
    return Comparator.comparing((SourceStudy study) -> study.key().isOther())
        .thenComparing(newestFirst ? byDate.reversed() : byDate)
        .thenComparing(SourceStudy::key);
  }

  /// Targets that lack a proven copy of any version.
  private List<Integer> lacking(StudyKey key, List<HeldVersion> versions) {
    List<CopyRow> copies = roll.present(catalogue.copies(key));
    return IntStream.range(0, to.size())
        .filter(target -> !to.get(target).isErased(key))
        .filter(target ->
            versions.stream()
                .anyMatch(
                    copy -> !isSettled(copies, copy.id(), versions.getLast().id(), to.get(target))))
        .boxed()
        .toList();
  }

  /// Whether a version is there, or was and a person had it removed: then it does not come back,
  /// unless it is the newest. Without its newest version no study is copied.
  private static boolean isSettled(
      List<CopyRow> copies, VersionId version, VersionId newest, Destination at) {
    String id = at.id().toString();
    return copies.stream()
        .filter(copy -> copy.destinationId().equals(id) && copy.version().equals(version))
        .anyMatch(copy ->
            (copy.state().equals(REMOVED) && !version.equals(newest))
                || (copy.state().equals("good")
                    && copy.proof().depth().reaches(at.traits().copiedDepth())));
  }

  private List<Problem> alarms(long listed, Optional<Long> lastGood) {
    if (acceptFewer) {
      return List.of();
    }
    if (listed == 0) {
      return List.of(
          new Problem(
              "no-studies",
              "The destination " + from.describe() + " holds no studies at all.",
              "Check that it is the right one; if it really is empty, run again with"
                  + " --accept-fewer."));
    }
    if (lastGood.isPresent() && listed < lastGood.get() * Backup.SHARPLY_FEWER) {
      return List.of(
          new Problem(
              "sharply-fewer-studies",
              "The destination "
                  + from.describe()
                  + " holds "
                  + listed
                  + " studies; the last good run saw "
                  + lastGood.get()
                  + ". What is new is copied, and the run counts as failed.",
              "Find out where the studies went; if they are meant to be gone, run again with"
                  + " --accept-fewer."));
    }
    return List.of();
  }

  // ---- acting

  /// Carries out the work and records it, study by study.
  public RunReport execute(WorkList work) {
    List<String> ids = to.stream().map(one -> one.id().toString()).toList();
    long run = catalogue.beginRun("backup", plan.hash(), sourceId, ids, worker);
    Tally tally =
        new Tally(
            work,
            run,
            catalogue,
            sourceId,
            to,
            progress,
            stop,
            _ -> clock.instant(),
            new Forecaster(clock, work.items(), false, 0, Optional.empty()),
            absent);
    try {
      recordListing(run);
      roll.record();
      for (Destination.Listed.Unreadable bad : unreadable) {
        tally.notSafe(new StudyKey(bad.location()), unreadable(bad.problem()));
      }
      progress.planned(work.items().size());
      copyAll(work, run, tally);
      new FromOthers(plan, to, catalogue, rest, stop, progress, run, tally).makeAgain();
      for (int i = 0; i < to.size(); i++) {
        if (tally.alive().contains(i)) {
          to.get(i).settle(tally.months(i));
        }
      }
      tally.notices();
    } catch (SerdabException e) {
      tally.problem(e.problem());
    }
    roll.tell(tally, sourceId, work.studies(), to);
    RunReport report = tally.report();
    catalogue.endRun(run, report.outcome().text(), report.totals());
    return report;
  }

  private void recordListing(long run) {
    List<Catalogue.Seen> batch = new ArrayList<>();
    for (SourceStudy study : seen) {
      batch.add(new Catalogue.Seen(study.facts(), study.fileCount(), study.fingerprint()));
      if (batch.size() == SEEN_BATCH) {
        catalogue.sawStudies(run, sourceId, batch);
        batch.clear();
      }
    }
    catalogue.sawStudies(run, sourceId, batch);
    for (Fresh study : fresh) {
      if (!study.lacking()) {
        catalogue
            .version(study.facts().key(), study.newest())
            .ifPresent(version ->
                catalogue.recordCopied(
                    sourceId, version, List.of(), version.id().hex(), "", List.of(), run));
      }
    }
  }

  private static final int SEEN_BATCH = 500;

  private Problem unreadable(Problem problem) {
    return new Problem(
        "source-copy-unreadable",
        "A ZIP on "
            + from.describe()
            + " cannot be understood, and was not copied: "
            + problem.what(),
        "See which one, and make it again if another destination holds it: serdab verify …"
            + " --repair");
  }

  private void copyAll(WorkList work, long run, Tally tally) {
    int copied = 0;
    for (int i = 0; i < work.items().size(); i++) {
      boolean batchDone = plan.batch() > 0 && copied >= plan.batch();
      if (batchDone || stop.endsHere() || !tally.somewhereToCopy()) {
        tally.left(work.items().subList(i, work.items().size()));
        return;
      }
      WorkItem item = work.items().get(i);
      progress.began(catalogue.label(item.study().key()));
      CopyOutcome outcome = worked(item, run, tally);
      tally.count(item, outcome);
      if (outcome instanceof CopyOutcome.Copied) {
        copied++;
      }
      pause();
    }
  }

  private CopyOutcome worked(WorkItem item, long run, Tally tally) {
    CopyOutcome outcome = new OneStudy(item, run, tally.alive()).copy();
    return outcome instanceof CopyOutcome.Failed failed && StopSignal.isStop(failed.problem())
        ? new CopyOutcome.Stopped()
        : outcome;
  }

  private void pause() {
    if (plan.pause().isZero() || stop.isRequested()) {
      return;
    }
    try {
      rest.rest(plan.pause());
    } catch (InterruptedException e) {
      stop.request();
      Thread.currentThread().interrupt();
    }
  }

  /// Everything one study needs, version by version.
  private final class OneStudy {

    private final StudyKey key;
    private final long run;
    private final Set<Integer> targets = new LinkedHashSet<>();
    private final List<CopyRow> made = new ArrayList<>();
    private final List<CopyRow> adopted = new ArrayList<>();

    /// What is worth telling of how copies are held.
    private final Set<Finding> ofCopies = new LinkedHashSet<>();

    private final Set<Integer> failedTargets = new LinkedHashSet<>();
    private Optional<Problem> problem = Optional.empty();
    private Optional<StudyVersion> newest = Optional.empty();

    OneStudy(WorkItem item, long run, Set<Integer> alive) {
      this.key = item.study().key();
      this.run = run;
      item.targets().stream().filter(alive::contains).forEach(targets::add);
    }

    CopyOutcome copy() {
      try {
        List<HeldVersion> versions = from.versions(key);
        for (HeldVersion held : versions) {
          if (stop.mustAbandon()) {
            return new CopyOutcome.Stopped();
          }
          copy(held, versions.getLast().id());
        }
        if (!versions.isEmpty()) {
          recordNewest(versions.getLast().id());
        }
      } catch (CarryOver.GivenUp e) {
        return new CopyOutcome.Stopped();
      }
      if (problem.isPresent()) {
        return new CopyOutcome.Failed(problem.get(), List.copyOf(failedTargets), made);
      }
      if (newest.isEmpty()) {
        return new CopyOutcome.Failed(vanished(), List.of(), made);
      }
      return new CopyOutcome.Copied(asItWas(newest.get()), made, adopted, List.copyOf(ofCopies));
    }

    /// When only older versions were lacking, the one recorded last is not the newest.
    private void recordNewest(VersionId id) {
      boolean isLast = newest.filter(version -> version.id().equals(id)).isPresent();
      boolean isThere =
          to.stream().anyMatch(target -> isSettled(catalogue.copies(key), id, id, target));
      if (!isLast && isThere) {
        catalogue
            .version(key, id)
            .ifPresent(version ->
                catalogue.recordCopied(sourceId, version, List.of(), id.hex(), "", List.of(), run));
      }
    }

    private void copy(HeldVersion held, VersionId newestHeld) {
      List<CopyRow> known = catalogue.copies(key);
      List<Integer> lacking =
          targets.stream()
              .filter(target -> !failedTargets.contains(target))
              .filter(target -> !isSettled(known, held.id(), newestHeld, to.get(target)))
              .toList();
      if (lacking.isEmpty()) {
        return;
      }
      try (VersionReader reader = from.read(held)) {
        StudyVersion version = reader.version();
        CarryOver.requireManifest(version);
        List<CopyRow> now = new ArrayList<>();
        for (int target : lacking) {
          copyTo(target, held, reader).ifPresent(now::add);
        }
        if (!now.isEmpty()) {
          List<Finding> findings = allFindings(version);
          findings.addAll(ofCopies);
          catalogue.recordCopied(
              sourceId,
              VersionRow.of(version, NotesInCopy.of(reader)),
              now,
              version.id().hex(),
              "",
              findings,
              run);
          newest = Optional.of(version);
        }
      } catch (SerdabException.Damaged e) {
        fromIsBad(held, e.problem());
      } catch (SerdabException.Refused e) {
        problem = problem.or(() -> Optional.of(e.problem()));
      }
    }

    private Optional<CopyRow> copyTo(int target, HeldVersion held, VersionReader reader) {
      Destination destination = to.get(target);
      try {
        Optional<HeldVersion> there = proven(destination, held);
        if (there.isPresent()) {
          CopyRow row = row(destination, there.get());
          adopted.add(row);
          return Optional.of(row);
        }
        requireRoom(destination, reader.version().lengthBytes());
        CopyRow row = row(destination, carriedOver(destination, held, reader));
        made.add(row);
        return Optional.of(row);
      } catch (SerdabException.Unavailable | SerdabException.HeldBack | BadTarget e) {
        requireSource();
        Problem why = e instanceof SerdabException known ? known.problem() : bad(destination);
        problem = problem.or(() -> Optional.of(why));
        failedTargets.add(target);
        return Optional.empty();
      }
    }

    /// A damaged reading is the source's fault or the target's; the source is asked.
    private HeldVersion carriedOver(
        Destination destination, HeldVersion held, VersionReader reader) {
      for (int tries = 1; ; tries++) {
        try {
          return carry.copy(reader, destination);
        } catch (SerdabException.Damaged e) {
          if (!(from.prove(held, from.traits().copiedDepth()) instanceof ProofOutcome.Proven)) {
            throw e;
          }
          if (tries >= StudyCopier.COPY_TRIES) {
            throw new BadTarget(e);
          }
        }
      }
    }

    private Optional<HeldVersion> proven(Destination destination, HeldVersion held) {
      return destination.versions(key).stream()
          .filter(copy -> copy.id().equals(held.id()))
          .flatMap(copy ->
              destination.prove(copy, destination.traits().copiedDepth())
                      instanceof ProofOutcome.Proven proof
                  ? Stream.of(copy.proven(proof.proof()))
                  : Stream.empty())
          .findFirst();
    }

    private void fromIsBad(HeldVersion held, Problem why) {
      boolean isKnown =
          catalogue.copies(key).stream()
              .anyMatch(copy ->
                  copy.destinationId().equals(sourceId)
                      && copy.version().equals(held.id())
                      && copy.location().equals(held.location()));
      if (isKnown) {
        catalogue.recordProof(
            key,
            held.id(),
            sourceId,
            new Proof(serdab.Depth.PRESENT, ProofMeans.ASKED, clock.instant()),
            "bad");
      }
      problem =
          problem.or(() ->
              Optional.of(
                  new Problem(
                      "source-copy-damaged",
                      "A version on "
                          + from.describe()
                          + " is damaged and was not copied: "
                          + why.what(),
                      "Make it again from its source or another destination: serdab verify …"
                          + " --repair")));
    }

    private CopyRow row(Destination destination, HeldVersion copy) {
      ofCopies.addAll(copy.findings());
      return new CopyRow(
          copy.study(),
          copy.id(),
          destination.id().toString(),
          copy.location(),
          copy.storedBytes(),
          copy.fileCount(),
          copy.proof().orElseThrow(),
          "good",
          run);
    }
  }

  /// A target that reads back wrong time after time.
  private static final class BadTarget extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadTarget(Throwable cause) {
      super(cause);
    }
  }

  private static Problem bad(Destination destination) {
    return new Problem(
        "place-reads-back-wrong",
        "What was written to " + destination.describe() + " was read back wrong each time.",
        "Check that disk, its cable and this computer's memory before running again.");
  }

  private static Problem vanished() {
    return new Problem(
        "source-copy-gone",
        "Its copies were listed and are not there any more.",
        "Find out who removed them, then run again.");
  }

  /// A failure of the target is one only while the place that is copied from is there.
  private void requireSource() {
    try {
      OptionalLong ignored = from.usableBytes();
      Objects.requireNonNull(ignored);
    } catch (SerdabException.Unavailable e) {
      throw new SerdabException.Unavailable(
          new Problem("source-gone", e.problem().what(), e.problem().next()), e);
    }
  }

  private static void requireRoom(Destination destination, long lengthBytes) {
    OptionalLong usable = destination.usableBytes();
    long reserve = Room.reserve(destination);
    if (usable.isPresent() && usable.getAsLong() < lengthBytes + reserve) {
      throw new SerdabException.Unavailable(
          Room.almostFull(destination, usable.getAsLong(), reserve, lengthBytes));
    }
  }

  /// Files that were missing when the version was read are missing in every copy of it, and were
  /// reported then; nothing is incomplete about having copied it.
  private static StudyVersion asItWas(StudyVersion version) {
    return new StudyVersion(
        version.facts(),
        version.id(),
        version.files(),
        List.of(),
        version.findings(),
        version.supersedes(),
        version.source(),
        version.readAt(),
        version.sourceRows());
  }

  private static List<Finding> allFindings(StudyVersion version) {
    List<Finding> findings = new ArrayList<>(version.findings());
    version.files().forEach(file -> findings.addAll(file.findings()));
    for (StudyVersion.Missing missing : version.missing()) {
      findings.add(Finding.about(missing.path(), "file-" + missing.reason(), missing.detail()));
    }
    return findings;
  }
}
