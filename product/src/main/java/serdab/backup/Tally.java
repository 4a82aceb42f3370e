package serdab.backup;

import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunTotals;
import serdab.catalogue.StudyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.report.RunReport;

/// What a run has counted so far; thread-safe.
final class Tally {
  private final Catalogue catalogue;
  private final String sourceId;
  private final List<Destination> destinations;
  private final Progress progress;
  private final StopSignal stop;
  private final IntFunction<Instant> nextTry;
  private final ReentrantLock lock = new ReentrantLock();
  private final WorkList work;
  private final long run;
  private final List<Map<Optional<YearMonth>, Integer>> pending = new ArrayList<>();
  private final Set<Integer> alive = ConcurrentHashMap.newKeySet();
  private final List<RunReport.NotSafe> notSafe = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private final List<RunReport.Made> made = new ArrayList<>();
  private final Forecaster forecaster;
  private long copied;
  private long adopted;
  private long unchanged;
  private long incomplete;
  private long failed;
  private long waiting;
  private long notSafeCount;
  private long findings;
  private long copiedBytes;
  private long copiedFiles;
  private long sentConverted;
  private final Map<Integer, Full> full = new TreeMap<>();
  private final Map<String, Integer> madeAgain = new TreeMap<>();
  private final List<Problem> told = new ArrayList<>();
  private final Absent absent;
  private boolean stopped;
  private long left;

  /// Begins to count.
  ///
  /// @param nextTry when a study is tried again, by how often it has failed
  /// @param absent destinations that the run goes on without
  Tally(
      WorkList work,
      long run,
      Catalogue catalogue,
      String sourceId,
      List<Destination> destinations,
      Progress progress,
      StopSignal stop,
      IntFunction<Instant> nextTry,
      Forecaster forecaster,
      Absent absent) {
    this.work = work;
    this.run = run;
    this.catalogue = catalogue;
    this.sourceId = sourceId;
    this.destinations = destinations;
    this.progress = progress;
    this.stop = stop;
    this.nextTry = nextTry;
    this.forecaster = forecaster;
    this.absent = absent;
    work.pendingByMonth().forEach(months -> pending.add(new HashMap<>(months)));
    IntStream.range(0, destinations.size()).forEach(alive::add);
    problems.addAll(work.alarms());
    problems.addAll(absent.failing());
    for (WorkList.NotYet study : work.notYet()) {
      waiting++;
      unsafe(
          study.study(),
          new Problem(
              "tried-again-later",
              study.problem().isEmpty()
                  ? "It failed before and is tried again later."
                  : study.problem(),
              ""));
    }
  }

  Set<Integer> alive() {
    return Set.copyOf(alive);
  }

  boolean somewhereToCopy() {
    return !alive.isEmpty();
  }

  void finding() {
    findings++;
  }

  /// For each month with selected studies, whether every one is proven on this destination now.
  Map<Optional<YearMonth>, Boolean> months(int destination) {
    Map<Optional<YearMonth>, Boolean> months = new HashMap<>();
    pending.get(destination).forEach((month, left) -> months.put(month, left == 0));
    return months;
  }

  void problem(Problem problem) {
    lock.lock();
    try {
      problems.add(problem);
    } finally {
      lock.unlock();
    }
  }

  void left(List<WorkItem> items) {
    waiting += items.size();
    left = items.size();
    items.forEach(this::lacking);
  }

  void count(WorkItem item, CopyOutcome outcome) {
    lock.lock();
    try {
      long bytesBefore = copiedBytes;
      String word = counted(item, outcome);
      lacking(item);
      forecaster.ended(item, outcome, copiedBytes - bytesBefore);
      progress.forecast(forecaster.forecast());
      progress.ended(catalogue.label(item.study().key()), word);
    } finally {
      lock.unlock();
    }
  }

  private String counted(WorkItem item, CopyOutcome outcome) {
    StudyKey key = item.study().key();
    return switch (outcome) {
      case CopyOutcome.Copied done -> {
        done.made().forEach(copy -> remember(copy, done.version().lengthBytes()));
        findings +=
            done.version().findings().size()
                + done.version().missing().size()
                + done.findings().size()
                + done.version().files().stream().mapToLong(f -> f.findings().size()).sum();
        sentConverted +=
            done.findings().stream().anyMatch(one -> one.kind().equals(HeldVersion.SENT_CONVERTED))
                ? 1
                : 0;
        if (!done.made().isEmpty()) {
          copiedBytes += done.version().lengthBytes();
          copiedFiles += done.version().files().size();
        }
        if (!done.version().missing().isEmpty()) {
          incomplete++;
          notProven(item);
          yield missing(item, done.version().missing().size());
        }
        proven(item, item.targets());
        if (done.made().isEmpty() && item.again()) {
          unchanged++;
          yield "proven again";
        }
        if (done.made().isEmpty()) {
          adopted++;
          yield "adopted";
        }
        copied++;
        yield "copied";
      }
      case CopyOutcome.Adopted _ -> {
        adopted++;
        proven(item, item.targets());
        yield "adopted";
      }
      case CopyOutcome.Unchanged _ -> {
        int missing = catalogue.study(sourceId, key).map(StudyRow::missingFiles).orElse(0);
        if (missing > 0) {
          incomplete++;
          notProven(item);
          yield missing(item, missing);
        }
        unchanged++;
        yield "unchanged";
      }
      case CopyOutcome.WaitsForQuiet _ -> {
        waiting++;
        notProven(item);
        yield "waiting";
      }
      case CopyOutcome.Stopped _ -> {
        waiting++;
        notProven(item);
        stopped = true;
        yield "stopped";
      }
      case CopyOutcome.Failed failure when Room.isLacking(failure.problem()) -> {
        // Nothing is wrong with the study: it is not tried later, but whenever there is room.
        failure.made().forEach(copy -> remember(copy, 0));
        waiting++;
        notProven(item);
        markDead(failure);
        yield "waiting";
      }
      case CopyOutcome.Failed failure -> {
        failure.made().forEach(copy -> remember(copy, 0));
        failed++;
        notProven(item);
        if (failure.problem().code().equals("no-files")) {
          note("NO_FILES", key, failure.problem().what(), "");
        }
        unsafe(key, failure.problem());
        recordFailure(key, failure.problem().code() + ": " + failure.problem().what());
        markDead(failure);
        yield "failed";
      }
    };
  }

  /// Tells those who look at the copies, where the form keeps a list for them.
  private void note(String kind, StudyKey study, String detail, String extra) {
    for (int target : alive) {
      try {
        destinations
            .get(target)
            .note(new Destination.Issue(kind, Optional.of(study), detail, extra));
      } catch (SerdabException e) {
        // The report has it all the same.
      }
    }
  }

  private String missing(WorkItem item, long files) {
    Problem problem =
        new Problem(
            "missing-files",
            files + (files == 1 ? " listed file" : " listed files") + " could not be read.",
            "The rest is copied. See: serdab studies --label "
                + catalogue.label(item.study().key())
                + " --findings");
    unsafe(item.study().key(), problem);
    note("FILES_MISSING", item.study().key(), problem.what(), Long.toString(files));
    recordFailure(item.study().key(), problem.code() + ": " + problem.what());
    return "incomplete";
  }

  private void recordFailure(StudyKey key, String words) {
    int failures = catalogue.study(sourceId, key).map(StudyRow::failures).orElse(0);
    catalogue.recordFailure(sourceId, key, words, nextTry.apply(failures));
  }

  /// A destination that is gone or full is not asked again in this run.
  private void markDead(CopyOutcome.Failed failure) {
    boolean noRoom = Room.isLacking(failure.problem());
    if (noRoom || failure.problem().code().startsWith("place-")) {
      for (int target : failure.failedTargets()) {
        if (alive.remove(target)) {
          if (noRoom) {
            full.put(target, new Full(failure.problem()));
          } else {
            problems.add(failure.problem());
          }
        }
      }
    }
  }

  /// A destination that had no room any more, and what did not get there.
  private static final class Full {
    private final Problem problem;
    private long studies;
    private long files;
    private long refusedFiles;

    Full(Problem problem) {
      this.problem = problem;
    }
  }

  /// Counts a study for each full destination that lacks it.
  private void lacking(WorkItem item) {
    for (int target : item.targets()) {
      Full lacks = full.get(target);
      if (lacks != null) {
        if (lacks.studies++ == 0) {
          lacks.refusedFiles = item.study().fileCount();
        }
        lacks.files += item.study().fileCount();
      }
    }
  }

  private List<Problem> allProblems() {
    List<Problem> all = new ArrayList<>(absent.heldBack());
    all.addAll(problems);
    OptionalLong bytesPerFile =
        copiedFiles == 0 ? OptionalLong.empty() : OptionalLong.of(copiedBytes / copiedFiles);
    full.values()
        .forEach(lacks ->
            all.add(
                Room.withForecast(
                    lacks.problem, lacks.studies, lacks.files, bytesPerFile, lacks.refusedFiles)));
    return all;
  }

  private void proven(WorkItem item, List<Integer> targets) {
    if (item.study().key().isOther()) {
      return; // Groups of other files belong to no month.
    }
    Optional<YearMonth> month = item.study().facts().studyDate().map(YearMonth::from);
    for (int target : targets) {
      pending.get(target).merge(month, -1, Integer::sum);
    }
  }

  /// A study that was thought proven everywhere turned out not to be.
  private void notProven(WorkItem item) {
    if (item.targets().isEmpty() && !item.study().key().isOther()) {
      Optional<YearMonth> month = item.study().facts().studyDate().map(YearMonth::from);
      pending.forEach(months -> months.merge(month, 1, Integer::sum));
    }
  }

  private void remember(CopyRow copy, long sourceBytes) {
    if (made.size() < RunReport.MAX_NAMED) {
      made.add(
          new RunReport.Made(
              catalogue.label(copy.study()),
              describe(copy.destinationId()),
              copy.location(),
              copy.fileCount(),
              sourceBytes,
              copy.storedBytes()));
    }
  }

  private String describe(String destinationId) {
    return destinations.stream()
        .filter(destination -> destination.id().toString().equals(destinationId))
        .map(Destination::describe)
        .findFirst()
        .orElse(destinationId);
  }

  /// A copy that was damaged or lost was made again from another destination.
  void madeAgain(CopyRow copy, long sourceBytes, String from) {
    lock.lock();
    try {
      remember(copy, sourceBytes);
      madeAgain.merge(describe(copy.destinationId()) + " from " + from, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
  }

  /// Something worth knowing that stops nothing.
  void tell(Problem warning) {
    told.add(warning);
  }

  /// What came up at the destinations: told, and kept with the run.
  void notices() {
    for (Destination destination : destinations) {
      for (Problem notice : destination.notices()) {
        catalogue.recordFindings(
            run, sourceId, List.of(Finding.about("", notice.code(), notice.what())));
        finding();
        tell(notice);
      }
    }
  }

  private static Problem madeAgain(String where, int copies) {
    String what =
        copies
            + (copies == 1 ? " copy that was" : " copies that were")
            + " damaged or lost, and did not come from the source in this run, "
            + (copies == 1 ? "was" : "were")
            + " made again in "
            + where
            + ".";
    return new Problem("copies-made-again", what, "");
  }

  /// Something that is not safe and is no work item.
  void notSafe(StudyKey key, Problem problem) {
    lock.lock();
    try {
      unsafe(key, problem);
    } finally {
      lock.unlock();
    }
  }

  private void unsafe(StudyKey key, Problem problem) {
    notSafeCount++;
    if (notSafe.size() < RunReport.MAX_NAMED) {
      notSafe.add(new RunReport.NotSafe(catalogue.label(key), problem));
    }
  }

  RunReport report() {
    RunTotals totals =
        new RunTotals(
            work.listed(),
            work.selected(),
            copied,
            work.alreadyThere() + unchanged,
            adopted,
            incomplete,
            failed,
            waiting,
            findings,
            copiedBytes);
    List<Problem> warnings = new ArrayList<>();
    madeAgain.forEach((where, copies) -> warnings.add(madeAgain(where, copies)));
    warnings.addAll(told);
    if (sentConverted > 0) {
      warnings.add(
          new Problem(
              HeldVersion.SENT_CONVERTED,
              sentConverted
                  + (sentConverted == 1 ? " study is" : " studies are")
                  + " at a node in part or whole in another transfer syntax, without loss: the same"
                  + " values, and not the same bytes.",
              "How many instances of which study: serdab studies --findings"));
    }
    if (work.empty() > 0) {
      warnings.add(
          new Problem(
              "studies-without-files",
              work.empty()
                  + " studies in the source have no files at all; nothing to copy for them.",
              ""));
    }
    if (left > 0 && !stop.isRequested() && stop.isOutsideWindow()) {
      warnings.add(
          new Problem(
              "hours-ended",
              "The plan's hours ended: "
                  + left
                  + (left == 1 ? " study waits" : " studies wait")
                  + " for the next run, which goes on where this one ended.",
              ""));
    }
    return new RunReport(
        run, outcome(), totals, notSafe, allProblems(), warnings, made, forecaster.forecast());
  }

  private RunReport.Outcome outcome() {
    if (stopped || stop.isRequested()) {
      return RunReport.Outcome.INTERRUPTED;
    }
    if (!problems.isEmpty() || !full.isEmpty()) {
      return RunReport.Outcome.FAILED;
    }
    if (notSafeCount > 0) {
      return RunReport.Outcome.INCOMPLETE;
    }
    return absent.heldBack().isEmpty() ? RunReport.Outcome.GOOD : RunReport.Outcome.HELD_BACK;
  }
}
