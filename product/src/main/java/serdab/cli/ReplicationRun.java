package serdab.cli;

import java.util.List;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Replication;
import serdab.backup.StopSignal;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.BackupPlan;
import serdab.report.Progress;
import serdab.report.RunReport;

/// One run of a plan that copies from one destination to others; the safeguards have passed.
final class ReplicationRun {

  private final Surroundings around;
  private final Catalogue catalogue;
  private final BackupPlan plan;
  private final PlanRun.Switches switches;

  ReplicationRun(
      Surroundings around, Catalogue catalogue, BackupPlan plan, PlanRun.Switches switches) {
    this.around = around;
    this.catalogue = catalogue;
    this.plan = plan;
    this.switches = switches;
  }

  /// Copies and reports.
  ///
  /// @return the exit code
  int run(Destination from, List<Destination> destinations, List<String> warnings) {
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
    StopSignal stop = new StopSignal(around.clock());
    TerminalProgress bar =
        new TerminalProgress(terminal.err(), terminal.interactive(), System::nanoTime);
    Progress progress = switches.json() && !terminal.interactive() ? Progress.SILENT : bar;
    warnings.forEach(line -> progress.say("Warning: " + line));
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
                switches.acceptFewer()));
    try (StopOnSignal _ = StopOnSignal.of(stop)) {
      WorkList work = replication.plan();
      if (switches.dryRun()) {
        PlanPrinter.print(work, plan, catalogue, terminal, switches.json());
        return work.alarms().isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.FAILED;
      }
      catalogue.sawSource(from.id().toString(), plan.source());
      RunReport report = replication.execute(work);
      bar.end();
      ReportPrinter.print(report, warnings, terminal, switches.json());
      return report.outcome().exitCode();
    }
  }
}
