package serdab.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Absent;
import serdab.backup.Backup;
import serdab.backup.Media;
import serdab.backup.Medium;
import serdab.backup.Safeguards;
import serdab.backup.StopSignal;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.cli.log.JsonLog;
import serdab.cli.log.LoggedProgress;
import serdab.destination.Destination;
import serdab.destination.SizeEstimator;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.DiskSet;
import serdab.plan.LogSettings;
import serdab.plan.NamedPlan;
import serdab.plan.Order;
import serdab.plan.RunWindow;
import serdab.report.NotBegun;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.restore.RecoveryKit;
import serdab.retention.HoldPapers;
import serdab.source.Source;
import serdab.source.horos.HorosSource;

/// One run of one plan: the safeguards, the work, and what is left behind for people. One thread at
/// a time.
final class PlanRun {

  /// Another process may have begun runs meanwhile.
  private static final int RUNS_LOOKED_AT = 20;

  private final Surroundings around;
  private final Home home;
  private final Wiring wiring;
  private final Catalogue catalogue;
  private final BackupPlan plan;
  private final Switches switches;
  private final StopSignal stop;

  PlanRun(
      Surroundings around,
      Home home,
      Wiring wiring,
      Catalogue catalogue,
      BackupPlan plan,
      Switches switches) {
    this.around = around;
    this.home = home;
    this.wiring = wiring;
    this.catalogue = catalogue;
    this.plan = plan;
    this.switches = switches;
    this.stop =
        new StopSignal(
            around.clock(), RunWindow.of(switches.ignoreWindow() ? withoutHours(plan) : plan));
  }

  /// What a person said about this run alone; no part of the plan.
  ///
  /// @param adopt accepts destinations whose marker is not the one seen there before
  /// @param acceptFewer says that the source really holds sharply fewer studies than last time
  /// @param dryRun prints what would be done, and does nothing
  /// @param json prints the report as JSON
  /// @param ignoreWindow runs also in the hours that the plan leaves out
  /// @param diskSets disks that take turns as destinations
  record Switches(
      boolean adopt,
      boolean acceptFewer,
      boolean dryRun,
      boolean json,
      boolean ignoreWindow,
      List<DiskSet> diskSets) {

    Switches(boolean adopt, boolean acceptFewer, boolean dryRun, boolean json) {
      this(adopt, acceptFewer, dryRun, json, false, List.of());
    }
  }

  /// A run that has ended, with everything still open.
  record Ran(BackupPlan plan, Source source, List<Destination> destinations, RunReport report) {}

  /// Runs it from the safeguards to the report.
  ///
  /// @return the exit code
  int run() {
    try (RunControl control = RunControl.begin(around, home, "backup", plan.name(), stop)) {
      return begin(control);
    } catch (SerdabException e) {
      if (!switches.dryRun()) {
        // It may have no number; that it did not happen is remembered all the same.
        catalogue.rememberFact(
            NotBegun.factName(plan.source()), NotBegun.text(around.clock().instant(), e.problem()));
      }
      throw e;
    }
  }

  private int begin(RunControl control) {
    RunGuard guard = new RunGuard(around, wiring, catalogue, plan, switches);
    RunGuard.Allowed allowed = guard.allow();
    wiring.nodesPass(stop.gateOfNodes());
    wiring.nodesWithin(RunWindow.of(switches.ignoreWindow() ? withoutHours(plan) : plan));
    if (Wiring.isDestination(plan.source()) && !Nodes.isNode(plan.source())) {
      return replicate(guard, allowed, control);
    }
    List<Problem> warnings = new ArrayList<>(allowed.warnings());
    warnings.addAll(wiring.names().guard(plan));
    if (!switches.dryRun()) {
      Wiring.settle(plan);
    }
    try (Source source = guard.open(() -> wiring.source(plan, home))) {
      refuseInside(source);
      List<Destination> destinations = new ArrayList<>();
      try {
        List<String> specifications = open(allowed, destinations);
        if (!switches.dryRun()) {
          refuseTwice(destinations);
          guard.learn(specifications, destinations);
        }
        warnings.addAll(guard.reminders());
        leaveABusyViewerAlone(source, destinations);
        rememberMedia(specifications, destinations);
        return copy(source, destinations, warnings, allowed.absent().absent(), control);
      } finally {
        destinations.forEach(Destination::close);
      }
    }
  }

  /// Opens the destinations that can be used now, as long as there is any.
  ///
  /// @param opened gets them
  /// @return their specifications, in the same order
  private List<String> open(RunGuard.Allowed allowed, List<Destination> opened) {
    List<String> specifications = new ArrayList<>();
    for (String specification : allowed.destinations()) {
      allowed
          .absent()
          .attempt(() -> {
            opened.add(
                switches.dryRun()
                    ? wiring.destinationToLookAt(specification, plan, catalogue, home)
                    : wiring.destination(specification, plan, catalogue, switches.adopt()));
            specifications.add(specification);
          });
    }
    allowed.absent().requireAny(opened);
    return specifications;
  }

  /// Copies from one destination to others.
  private int replicate(RunGuard guard, RunGuard.Allowed allowed, RunControl control) {
    List<Destination> opened = new ArrayList<>();
    try (Destination from = wiring.destinationToRead(plan.source(), catalogue)) {
      wiring.requireReadable(plan.source());
      List<String> specifications = open(allowed, opened);
      if (!switches.dryRun()) {
        refuseTwice(opened);
        guard.learn(specifications, opened);
        rememberMedia(specifications, opened);
      }
      List<Problem> warnings = new ArrayList<>(allowed.warnings());
      warnings.addAll(wiring.names().guard(plan));
      warnings.addAll(guard.reminders());
      return new ReplicationRun(
              around, home, catalogue, plan, switches, logSettings(), stop, control)
          .run(
              from,
              opened,
              allowed.absent().absent(),
              warnings,
              report -> {
                List<Problem> more = new ArrayList<>();
                leaveHolds(opened, more);
                leaveForRecovery(opened, report, more);
                listForPeople(opened, more);
                return more;
              });
    } finally {
      opened.forEach(Destination::close);
    }
  }

  /// What the named path does not show: a library's files may lie in a folder that only the library
  /// itself names. Still before anything is made in a destination.
  private void refuseInside(Source source) {
    for (String specification : plan.destinations()) {
      if (Nodes.isNode(specification)) {
        continue;
      }
      Path destination = Wiring.destinationFolder(specification);
      source.folders().forEach(folder -> Safeguards.refuseInsideSource(folder, destination));
    }
  }

  /// Two destinations on one disk are not two: status --safe-to-delete asks.
  ///
  /// @param specifications of those that are there, which need not be all of the plan
  private void rememberMedia(List<String> specifications, List<Destination> destinations) {
    if (switches.dryRun()) {
      return;
    }
    Media media = new Media(catalogue, around.clock());
    for (int i = 0; i < destinations.size(); i++) {
      media.saw(
          destinations.get(i).id().toString(),
          Nodes.isNode(specifications.get(i))
              ? Medium.OF_A_NODE
              : Medium.of(Wiring.destinationFolder(specifications.get(i))));
    }
  }

  /// Copies are remembered by marker: a folder cloned from another destination would count as
  /// holding all that the other holds.
  private static void refuseTwice(List<Destination> destinations) {
    if (destinations.stream().map(Destination::id).distinct().count() < destinations.size()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "destination-twice",
              "Two of the destinations are one and the same: they have the same marker.",
              "Name each destination once. If one was copied from the other by hand, delete"
                  + " destination.json in the copy and run once with --adopt."));
    }
  }

  /// A viewer that takes in thousands of files needs its disk for itself; it is backed up later.
  private void leaveABusyViewerAlone(Source source, List<Destination> destinations) {
    if (plan.importGuardFiles() <= 0 || !(source instanceof HorosSource library)) {
      return;
    }
    if (library.incomingCount(plan.importGuardFiles() + 1) <= plan.importGuardFiles()) {
      return;
    }
    if (!switches.dryRun()) {
      for (Destination destination : destinations) {
        destination.note(
            new Destination.Issue(
                "INCOMING_OVER_LIMIT",
                Optional.empty(),
                "More files wait to be imported than the import guard allows.",
                Long.toString(plan.importGuardFiles())));
      }
    }
    throw new SerdabException.HeldBack(
        new Problem(
            "incoming-over-limit",
            "More than " + plan.importGuardFiles() + " files wait in the viewer's INCOMING folder.",
            "Run again when the viewer has imported them, or raise --import-guard-files."));
  }

  private int copy(
      Source source,
      List<Destination> destinations,
      List<Problem> warnings,
      Absent absent,
      RunControl control) {
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    JsonLog log = new JsonLog(home.logs(), logSettings(), around.clock());
    Progress progress =
        new LoggedProgress(switches.json() && !terminal.interactive() ? Progress.SILENT : bar, log);
    control.tellBy(progress);
    warnings.forEach(line -> progress.warn(line));
    BackupPlan ordered = ordered(source);
    Backup.Setting setting =
        new Backup.Setting(
            ordered,
            source,
            destinations,
            catalogue,
            around.clock(),
            around.random(),
            Thread::sleep,
            stop,
            progress,
            Wiring.worker(),
            switches.acceptFewer(),
            absent);
    catalogue.sawSource(source.id().value(), plan.source());
    try (Backup backup = Backup.of(setting);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      WorkList work = backup.plan();
      long unlisted =
          Math.max(0, plan.selection().studies().size() - work.selected() - work.empty());
      if (unlisted > 0) {
        int asked = plan.selection().studies().size();
        progress.tell(
            "progress.not-listed",
            "Warning: the source does not list "
                + unlisted
                + " of the "
                + asked
                + " studies that were asked for; check the UIDs.",
            unlisted,
            asked);
      }
      if (switches.dryRun()) {
        if (!switches.json()) {
          new IndexCare(catalogue, around.clock())
              .planned(source, destinations)
              .forEach(terminal.out()::println);
          long mendable = backup.mendable();
          if (mendable > 0) {
            terminal
                .out()
                .printf(
                    "Would make damaged or lost copies again, from another destination what the"
                        + " source does not give: %d%n",
                    mendable);
          }
        }
        SortedMap<Integer, SizeEstimator.Estimate> sizes = backup.estimates(work);
        new PlanPrinter(catalogue, terminal, switches.json())
            .print(work, ordered, destinations, sizes);
        return dryRunCode(work, absent, terminal);
      }
      Instant startedAt = around.clock().instant();
      RunReport report = backup.execute(work);
      bar.end();
      List<Problem> told = new ArrayList<>(warnings);
      told.addAll(afterRun(new Ran(ordered, source, destinations, report)));
      WrittenReport written = new WrittenReport(home, catalogue, around.clock(), log);
      Optional<Path> page = written.write(plan.name(), report, startedAt, destinations, told);
      ReportPrinter.print(report, told, terminal, switches.json());
      if (page.isPresent() && terminal.interactive()) {
        terminal.err().println("Report: " + page.get() + "  (serdab report --open shows it)");
      }
      // A study that was asked for by name and is not there has no copy now.
      return unlisted > 0 && report.outcome() == RunReport.Outcome.GOOD
          ? Main.ExitCodes.INCOMPLETE
          : report.outcome().exitCode();
    }
  }

  /// How a dry run ends; destinations that the plan was made without are named.
  static int dryRunCode(WorkList work, Absent absent, Terminal terminal) {
    absent.problems().forEach(problem -> Main.tell(terminal, problem));
    if (!work.alarms().isEmpty() || !absent.failing().isEmpty()) {
      return Main.ExitCodes.FAILED;
    }
    return absent.isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.HELD_BACK;
  }

  /// The plan with the order that is used: a first backup, which may take weeks, begins with what
  /// would be missed most, unless a person asked for another order.
  private BackupPlan ordered(Source source) {
    if (plan.orderGiven()) {
      return plan;
    }
    boolean first = !catalogue.plans().everCaughtUp(source.id().value());
    return plan.changed().order(first ? Order.SMART : Order.STUDY_DATE).plan();
  }

  private LogSettings logSettings() {
    return Files.isRegularFile(home.configuration())
        ? Configuration.read(home.configuration(), plan.zone()).logs()
        : LogSettings.DEFAULT;
  }

  private static BackupPlan withoutHours(BackupPlan plan) {
    return plan.changed().closed(List.of()).plan();
  }

  /// What a run leaves behind beside the copies. The copies are proven and recorded by now; what
  /// fails here is told and undoes nothing.
  private List<Problem> afterRun(Ran ran) {
    List<Problem> warnings = new ArrayList<>();
    new IndexCare(catalogue, around.clock()).afterRun(ran, warnings);
    leaveHolds(ran.destinations(), warnings);
    leaveForRecovery(ran.destinations(), ran.report(), warnings);
    listForPeople(ran.destinations(), warnings);
    return warnings;
  }

  /// What people and programs need who have nothing but the copies.
  private void listForPeople(List<Destination> destinations, List<Problem> warnings) {
    for (Destination destination : destinations) {
      try {
        destination.list(new Destination.Listing(wiring.names().indexPage(), true, false));
      } catch (SerdabException e) {
        warnings.add(notListed(destination, e));
      }
    }
  }

  /// The lists of a destination could not be written.
  static Problem notListed(Destination destination, SerdabException e) {
    return copiesAreSafe(
        "lists-not-current",
        "the lists of what is in " + destination.describe() + " are not up to date",
        e);
  }

  /// What else was to be done in a destination failed.
  ///
  /// @param but what is not as it should be, in half a sentence
  static Problem copiesAreSafe(String code, String but, SerdabException e) {
    return new Problem(
        code, "The copies are safe, but " + but + ": " + e.problem().what(), e.problem().next());
  }

  /// Holds lie beside the copies too, as a catalogue can be lost; what another catalogue placed
  /// there counts here.
  private void leaveHolds(List<Destination> destinations, List<Problem> warnings) {
    HoldPapers papers = new HoldPapers(catalogue);
    for (Destination destination : destinations) {
      try {
        papers.bringBack(destination).problems().forEach(warnings::add);
      } catch (SerdabException e) {
        warnings.add(holdsNotCompared(destination, e));
      }
    }
    for (Destination destination : destinations) {
      try {
        papers.leave(destination);
      } catch (SerdabException e) {
        warnings.add(holdsNotCompared(destination, e));
      }
    }
  }

  static Problem holdsNotCompared(Destination destination, SerdabException e) {
    return copiesAreSafe(
        "holds-not-compared",
        "the holds were not compared with those in " + destination.describe(),
        e);
  }

  /// What a new machine needs when this one is lost.
  private void leaveForRecovery(
      List<Destination> destinations, RunReport report, List<Problem> warnings) {
    Optional<RunRow> row =
        catalogue.runs(RUNS_LOOKED_AT).stream().filter(run -> run.id() == report.run()).findFirst();
    if (row.isEmpty()) {
      return;
    }
    RecoveryKit kit = new RecoveryKit(catalogue, home.cache(), around.clock(), Wiring.WRITTEN_BY);
    for (Destination destination : destinations) {
      try {
        boolean hides = destination.hidesPatients() && !destination.sealsBeside();
        boolean withCatalogue = !hides || wiring.names().settings().catalogueCopies();
        kit.leave(destination, plansText(hides), row.get(), withCatalogue);
      } catch (SerdabException e) {
        warnings.add(
            copiesAreSafe(
                "recovery-kit-not-left",
                "what a new machine would need was not left in " + destination.describe(),
                e));
      }
    }
  }

  /// The plans as a configuration without secrets; of a run without one, the plan it had.
  ///
  /// @param hides whether studies may not be named
  private String plansText(boolean hides) {
    Configuration all = plansOfThisMachine();
    return hides ? all.plansTextWithoutStudies() : all.plansText();
  }

  private Configuration plansOfThisMachine() {
    Path file = home.configuration();
    if (Files.isRegularFile(file)) {
      return Configuration.read(file, plan.zone());
    }
    BackupPlan named = plan.name().isEmpty() ? plan.changed().name("backup").plan() : plan;
    return Configuration.of(plan.zone(), List.of(NamedPlan.of(named)));
  }
}
