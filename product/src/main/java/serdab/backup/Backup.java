package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.SizeEstimator;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceHealth;

/// One run of a plan: [#plan] looks, [#execute] copies. Call both once, from one thread.
public final class Backup implements AutoCloseable {

  /// Fewer than this share of the studies of the last good run is an alarm.
  static final double SHARPLY_FEWER = 0.9;

  /// Every unchanged study's files are looked at one by one once in so many days.
  static final int LOOK_DAYS = 30;

  private static final Duration FIRST_BACK_OFF = Duration.ofMinutes(10);
  static final Duration LONGEST_BACK_OFF = Duration.ofHours(24);
  private static final int SEEN_BATCH = 1000;
  private static final int FINDINGS_BATCH = 1000;

  /// A long rest is taken in pieces, so that a run which is asked to end does.
  private static final Duration REST_PIECE = Duration.ofMillis(500);

  private final BackupPlan plan;
  private final Source source;
  private final List<Destination> destinations;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final RandomGenerator jitter;
  private final Rest rest;
  private final StopSignal stop;
  private final Progress progress;
  private final String worker;
  private final boolean acceptFewer;
  private final Absent absent;
  private final Inventory inventory;
  private Optional<Planning> planning = Optional.empty();
  private final Gentleness gentleness = new Gentleness();

  private Backup(Setting setting, Inventory inventory) {
    this.plan = setting.plan();
    this.source = setting.source();
    this.destinations = List.copyOf(setting.destinations());
    this.catalogue = setting.catalogue();
    this.clock = setting.clock();
    this.jitter = setting.jitter();
    this.rest = setting.rest();
    this.stop = setting.stop();
    this.progress = setting.progress();
    this.worker = setting.worker();
    this.acceptFewer = setting.acceptFewer();
    this.absent = setting.absent();
    this.inventory = inventory;
  }

  /// What a run works with. The caller keeps and closes all of it.
  ///
  /// @param destinations opened, in the order of the plan's specifications
  /// @param jitter spreads the waiting times of studies that failed
  /// @param worker which machine and process this is, for the catalogue
  /// @param acceptFewer a person has looked and says that there really are fewer studies now
  /// @param absent destinations of the plan that could not be opened
  public record Setting(
      BackupPlan plan,
      Source source,
      List<Destination> destinations,
      Catalogue catalogue,
      InstantSource clock,
      RandomGenerator jitter,
      Rest rest,
      StopSignal stop,
      Progress progress,
      String worker,
      boolean acceptFewer,
      Absent absent) {}

  /// Looks at the source once; what it saw is what is planned and copied.
  ///
  /// @throws SerdabException when the source cannot be read
  public static Backup of(Setting setting) {
    return new Backup(setting, setting.source().inventory());
  }

  // ---- planning

  /// Finds out what there is to do. Writes nothing anywhere.
  public WorkList plan() {
    String sourceId = source.id().value();
    RollCall roll = RollCall.of(destinations, catalogue, clock.instant());
    Planning looked =
        new Planning(plan, sourceId, inventory, destinations, catalogue, roll, clock.instant());
    looked.look();
    planning = Optional.of(looked);
    Optional<Long> lastListed =
        catalogue.lastGoodRun("backup", sourceId).map(run -> run.totals().listed());
    List<Problem> alarms = new ArrayList<>(roll.problems());
    alarms.addAll(alarms(looked.listed(), lastListed));
    return looked.workList(alarms, lastListed);
  }

  /// How many copies are known to be damaged or lost that another destination of the plan holds
  /// proven: those of them that the source does not give are made again from there.
  public long mendable() {
    return FromOthers.mendable(destinations, catalogue, planned().roll());
  }

  /// What the work would take at each destination, by its place in the plan, as far as that can be
  /// told. Reads about a hundredth of the files' bytes; writes nothing.
  public SortedMap<Integer, SizeEstimator.Estimate> estimates(WorkList work) {
    return new SizeSample(inventory, stop).estimates(work.items(), destinations);
  }

  private List<Problem> alarms(long listed, Optional<Long> lastGood) {
    if (acceptFewer) {
      return List.of();
    }
    if (listed == 0 && source.mayBeEmpty() && lastGood.orElse(0L) == 0) {
      return List.of();
    }
    if (listed == 0) {
      return List.of(
          new Problem(
              "no-studies",
              "The source " + source.describe() + " lists no studies at all.",
              "Check that its volume is the right one; if it really is empty, run again with"
                  + " --accept-fewer."));
    }
    if (lastGood.isPresent() && listed < lastGood.get() * SHARPLY_FEWER) {
      return List.of(
          new Problem(
              "sharply-fewer-studies",
              "The source lists "
                  + listed
                  + " studies; the last good run saw "
                  + lastGood.get()
                  + ". What is new is copied, and the run counts as failed.",
              "Find out where the studies went; if they are meant to be gone, run again with"
                  + " --accept-fewer."));
    }
    return List.of();
  }

  private Planning planned() {
    return planning.orElseThrow(() -> new IllegalStateException("plan() first"));
  }

  // ---- acting

  /// Carries out the work and records it, study by study.
  public RunReport execute(WorkList work) {
    String sourceId = source.id().value();
    List<String> ids =
        destinations.stream().map(Destination::id).map(DestinationId::toString).toList();
    Planning looked = planned();
    boolean first = !catalogue.plans().everCaughtUp(sourceId);
    long run = catalogue.beginRun("backup", plan.hash(), sourceId, ids, worker);
    catalogue.plans().follows(run, plan, looked.again().did());
    Forecaster forecaster =
        new Forecaster(
            clock,
            work.items(),
            first,
            plan.batch(),
            catalogue.plans().pace(sourceId, clock.instant().minus(Forecaster.HISTORY), run));
    Tally tally =
        new Tally(
            work,
            run,
            catalogue,
            sourceId,
            destinations,
            progress,
            stop,
            this::nextTry,
            forecaster,
            absent);
    HealthWatch watch = new HealthWatch(catalogue, sourceId);
    Optional<SourceHealth> health = inventory.health();
    Optional<Finding> wrong = health.flatMap(now -> watch.compare(now, acceptFewer));
    try {
      wrong.ifPresent(finding -> {
        catalogue.recordFindings(run, sourceId, List.of(finding));
        tally.finding();
        progress.warn(new Problem(finding.kind(), finding.detail(), ""));
      });
      recordListing(run, sourceId, looked, tally, watch);
      looked.roll().record();
      progress.planned(work.items().size());
      copyAll(work, run, tally);
      new FromOthers(plan, destinations, catalogue, rest, stop, progress, run, tally).makeAgain();
      settle(tally);
      tally.notices();
      health.ifPresent(seen ->
          watch.remember(inventory, seen, work.items(), wrong, acceptFewer, clock.instant()));
    } catch (SerdabException e) {
      tally.problem(e.problem());
    }
    looked.roll().tell(tally, sourceId, work.studies(), destinations);
    RunReport report = tally.report();
    catalogue.endRun(run, report.outcome().text(), report.totals());
    return report;
  }

  /// What the plan saw, so that the source is not listed twice.
  private void recordListing(
      long run, String sourceId, Planning looked, Tally tally, HealthWatch watch) {
    List<Catalogue.Seen> changed = looked.changed();
    for (int from = 0; from < changed.size(); from += SEEN_BATCH) {
      catalogue.sawStudies(
          run, sourceId, changed.subList(from, Math.min(changed.size(), from + SEEN_BATCH)));
    }
    catalogue.listings().stillListed(run, sourceId, looked.same());
    looked
        .erased()
        .forEach(each -> catalogue.removals().erased(each.study(), each.destinationId()));
    if (!looked.erased().isEmpty()) {
      progress.tell(
          "progress.erased",
          "Erased from a destination by a person, and not copied there again: "
              + looked.erased().size()
              + ".",
          looked.erased().size());
    }
    List<Finding> findings = new ArrayList<>();
    try (Stream<Finding> found = inventory.findings()) {
      for (Finding finding : (Iterable<Finding>) found::iterator) {
        findings.add(finding);
        tally.finding();
        if (watch.saw(finding)) {
          progress.warn(new Problem(finding.kind(), finding.detail(), ""));
        }
        if (findings.size() == FINDINGS_BATCH) {
          catalogue.recordFindings(run, sourceId, findings);
          findings.clear();
        }
      }
    }
    catalogue.recordFindings(run, sourceId, findings);
  }

  private void copyAll(WorkList work, long run, Tally tally) {
    int most = plan.batch() > 0 ? plan.batch() : Integer.MAX_VALUE;
    Work queue = new Work(work.items(), most);
    int workers = Math.max(1, Math.min(plan.workers(), work.items().size()));
    AtomicReference<@Nullable Throwable> fatal = new AtomicReference<>();
    Runnable loop =
        () -> {
          try {
            workOff(queue, run, tally);
          } catch (SerdabException e) {
            tally.problem(e.problem());
            queue.close();
          } catch (Throwable e) {
            fatal.compareAndSet(null, e);
            queue.close();
          }
        };
    if (workers == 1) {
      loop.run();
    } else {
      List<Thread> threads = new ArrayList<>();
      for (int i = 1; i <= workers; i++) {
        threads.add(Thread.ofPlatform().name("copy-" + i).start(loop));
      }
      for (Thread thread : threads) {
        joinFully(thread);
      }
    }
    Throwable first = fatal.get();
    if (first != null) {
      rethrow(first);
    }
    tally.left(queue.left());
  }

  private static void rethrow(Throwable fatal) {
    switch (fatal) {
      case Error error -> throw error;
      case RuntimeException exception -> throw exception;
      case Throwable other -> throw new IllegalStateException(other);
    }
  }

  private static void joinFully(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void workOff(Work queue, long run, Tally tally) {
    OnePass pass = new OnePass(stop, progress, clock);
    StudyCopier copier =
        new StudyCopier(
            plan,
            source.id().value(),
            source.describe(),
            inventory,
            destinations,
            catalogue,
            clock,
            run,
            pass);
    while (!stop.endsAfterThisStudy() && tally.somewhereToCopy()) {
      Optional<WorkItem> next = queue.next();
      if (next.isEmpty()) {
        return;
      }
      WorkItem item = next.get();
      StudyKey key = item.study().key();
      progress.began(catalogue.label(key));
      CopyOutcome outcome = workOn(copier, item, tally);
      tally.count(item, outcome);
      if (outcome instanceof CopyOutcome.Copied) {
        queue.copiedOne();
      }
      pause(pass.sourceTook());
    }
  }

  private CopyOutcome workOn(StudyCopier copier, WorkItem item, Tally tally) {
    CopyOutcome outcome = worked(copier, item, tally);
    return outcome instanceof CopyOutcome.Failed failed && StopSignal.isStop(failed.problem())
        ? new CopyOutcome.Stopped()
        : outcome;
  }

  private CopyOutcome worked(StudyCopier copier, WorkItem item, Tally tally) {
    try {
      return copier.work(item, tally.alive());
    } catch (SerdabException.Unavailable e) {
      if (e.problem().code().startsWith("source-")) {
        throw e;
      }
      return new CopyOutcome.Failed(e.problem(), item.targets(), List.of());
    } catch (SerdabException e) {
      return new CopyOutcome.Failed(e.problem(), item.targets(), List.of());
    }
  }

  private void pause(OnePass.SourceTook took) {
    Duration wanted = plan.pause();
    if (plan.adaptive()) {
      gentleness.read(took.files(), took.bytes(), took.time()).ifPresent(this::tellRest);
      Duration gentle = gentleness.rest();
      wanted = gentle.compareTo(wanted) > 0 ? gentle : wanted;
    }
    try {
      while (wanted.isPositive() && !stop.endsAfterThisStudy()) {
        Duration piece = wanted.compareTo(REST_PIECE) > 0 ? REST_PIECE : wanted;
        rest.rest(piece);
        wanted = wanted.minus(piece);
      }
    } catch (InterruptedException e) {
      stop.request();
      Thread.currentThread().interrupt();
    }
  }

  private void tellRest(Duration now) {
    if (now.isZero()) {
      progress.tell("progress.source-fast", "The source is as fast as before: no more resting.");
    } else if (now.toSeconds() > 0) {
      progress.tell(
          "progress.source-slow",
          "The source is slow: resting " + now.toSeconds() + " s after each study.",
          now.toSeconds());
    }
  }

  private Instant nextTry(int failures) {
    Duration wait = FIRST_BACK_OFF;
    for (int i = 0; i < failures && wait.compareTo(LONGEST_BACK_OFF) < 0; i++) {
      wait = wait.multipliedBy(2);
    }
    if (wait.compareTo(LONGEST_BACK_OFF) > 0) {
      wait = LONGEST_BACK_OFF;
    }
    // Between 80 and 120 %, so that studies that failed together do not come back together.
    return clock.instant().plusMillis((long) (wait.toMillis() * (0.8 + 0.4 * jitter.nextDouble())));
  }

  private void settle(Tally tally) {
    for (int i = 0; i < destinations.size(); i++) {
      if (tally.alive().contains(i)) {
        destinations.get(i).settle(tally.months(i));
      }
    }
  }

  @Override
  public void close() {
    inventory.close();
  }

  /// The queue of a run; thread-safe.
  private static final class Work {
    private final List<WorkItem> items;
    private final int most;
    private int next;
    private int copied;
    private boolean closed;

    Work(List<WorkItem> items, int most) {
      this.items = items;
      this.most = most;
    }

    synchronized Optional<WorkItem> next() {
      if (closed || next >= items.size() || copied >= most) {
        return Optional.empty();
      }
      return Optional.of(items.get(next++));
    }

    synchronized void copiedOne() {
      copied++;
    }

    synchronized void close() {
      closed = true;
    }

    synchronized List<WorkItem> left() {
      return items.subList(next, items.size());
    }
  }
}
