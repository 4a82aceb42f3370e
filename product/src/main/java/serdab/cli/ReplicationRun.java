package serdab.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Absent;
import serdab.backup.Replication;
import serdab.backup.StopSignal;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.cli.log.JsonLog;
import serdab.cli.log.LoggedProgress;
import serdab.destination.Destination;
import serdab.plan.BackupPlan;
import serdab.plan.LogSettings;
import serdab.report.Progress;
import serdab.report.RunReport;

/// One run of a plan that copies from one destination to others; the safeguards have passed.
final class ReplicationRun {

  private final Surroundings around;
  private final Home home;
  private final Catalogue catalogue;
  private final BackupPlan plan;
  private final PlanRun.Switches switches;
  private final LogSettings logs;
  private final StopSignal stop;
  private final RunControl control;

  ReplicationRun(
      Surroundings around,
      Home home,
      Catalogue catalogue,
      BackupPlan plan,
      PlanRun.Switches switches,
      LogSettings logs,
      StopSignal stop,
      RunControl control) {
    this.around = around;
    this.home = home;
    this.catalogue = catalogue;
    this.plan = plan;
    this.switches = switches;
    this.logs = logs;
    this.stop = stop;
    this.control = control;
  }

  /// Copies and reports.
  ///
  /// @param absent destinations that the run goes on without
  /// @param afterRun makes what a run leaves beside the copies; gives what is worth a warning
  /// @return the exit code
  int run(
      Destination from,
      List<Destination> destinations,
      Absent absent,
      List<Problem> warnings,
      Function<RunReport, List<Problem>> afterRun) {
    for (Destination destination : destinations) {
      if (destination.id().equals(from.id())) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "destination-twice",
                "The source and a destination are one and the same: they have the same marker.",
                "Name another destination. If one was copied from the other by hand, delete"
                    + " destination.json in the copy and run once with --adopt."));
      }
    }
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    JsonLog log = new JsonLog(home.logs(), logs, around.clock());
    Progress progress =
        new LoggedProgress(switches.json() && !terminal.interactive() ? Progress.SILENT : bar, log);
    control.tellBy(progress);
    warnings.forEach(line -> progress.warn(line));
    Replication replication =
        new Replication(
            new Replication.Setting(
                plan,
                from,
                destinations,
                catalogue,
                around.clock(),
                Thread::sleep,
                stop,
                progress,
                Wiring.worker(),
                switches.acceptFewer(),
                absent));
    try (StopOnSignal _ = StopOnSignal.of(stop)) {
      WorkList work = replication.plan();
      if (switches.dryRun()) {
        new PlanPrinter(catalogue, terminal, switches.json())
            .print(work, plan, destinations, new TreeMap<>());
        return PlanRun.dryRunCode(work, absent, terminal);
      }
      catalogue.sawSource(from.id().toString(), plan.source());
      Instant startedAt = around.clock().instant();
      RunReport report = replication.execute(work);
      bar.end();
      List<Problem> told = new ArrayList<>(warnings);
      told.addAll(afterRun.apply(report));
      new WrittenReport(home, catalogue, around.clock(), log)
          .write(plan.name(), report, startedAt, destinations, told);
      ReportPrinter.print(report, told, terminal, switches.json());
      return report.outcome().exitCode();
    }
  }
}
