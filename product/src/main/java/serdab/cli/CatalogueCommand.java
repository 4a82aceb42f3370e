package serdab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import serdab.Problem;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunTotals;
import serdab.destination.Destination;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.restore.Rebuild;
import serdab.restore.VerifyReport;
import serdab.retention.HoldPapers;

/// `serdab catalogue`: care of Serdab's own memory.
@Command(
    name = "catalogue",
    mixinStandardHelpOptions = true,
    header = "Cares for Serdab's own memory of what was copied.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CatalogueCommand.RebuildCommand.class, IndexCommand.class},
    footer = {"", "Example:", "  serdab catalogue rebuild zip:/Volumes/Backup"})
final class CatalogueCommand implements Runnable {

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  CatalogueCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }

  /// `serdab catalogue rebuild`: from what destinations hold.
  @Command(
      name = "rebuild",
      mixinStandardHelpOptions = true,
      header = "Makes a lost catalogue again from destinations; copies nothing again.",
      description =
          "Every copy is remembered as present. The next backup reads the source once, proves the"
              + " copies it finds, and copies only what is missing.",
      footer = {
        "",
        "Examples:",
        "  serdab catalogue rebuild zip:/Volumes/Backup",
        "  serdab catalogue rebuild repo:/Volumes/Sealed --identity owner.age"
      })
  static final class RebuildCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(
        paramLabel = "DEST",
        arity = "1..*",
        description = "Destinations: zip:PATH or repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private List<String> destinations;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints the report as JSON.")
    private boolean json;

    RebuildCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home().make();
      Terminal terminal = around.terminal();
      TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
      Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
      StopSignal stop = new StopSignal(around.clock());
      long remembered = 0;
      long gone = 0;
      int holds = 0;
      List<Problem> unreadableHolds = new ArrayList<>();
      List<VerifyReport.BadCopy> unreadable = new ArrayList<>();
      try (RunLock _ = RunLock.take(home.lock());
          Wiring wiring = new Wiring(around, keys);
          Catalogue catalogue = wiring.catalogue(home);
          StopOnSignal _ = StopOnSignal.of(stop)) {
        destinations.forEach(wiring::requireReadable);
        for (String specification : destinations) {
          try (Destination place = wiring.destinationToRead(specification, catalogue)) {
            catalogue.sawDestination(place.id().toString(), Wiring.address(specification));
            long run =
                catalogue.beginRun(
                    "rebuild", "", "", List.of(place.id().toString()), Wiring.worker());
            Rebuild.Outcome outcome =
                Rebuild.from(place, catalogue, around.clock(), progress, stop::isRequested);
            remembered += outcome.remembered();
            gone += outcome.gone();
            unreadable.addAll(outcome.unreadable());
            HoldPapers.Brought brought = new HoldPapers(catalogue).bringBack(place);
            holds += brought.placed();
            unreadableHolds.addAll(brought.problems());
            catalogue.endRun(
                run, outcome.unreadable().isEmpty() ? "good" : "incomplete", RunTotals.NONE);
          }
        }
        bar.end();
        RunReport.Outcome outcome =
            stop.isRequested()
                ? RunReport.Outcome.INTERRUPTED
                : unreadable.isEmpty() && unreadableHolds.isEmpty()
                    ? RunReport.Outcome.GOOD
                    : RunReport.Outcome.INCOMPLETE;
        unreadableHolds.forEach(bad -> terminal.err().println(bad.text()));
        print(terminal, remembered, gone, holds, unreadable, outcome);
        return outcome.exitCode();
      }
    }

    private void print(
        Terminal terminal,
        long remembered,
        long gone,
        int holds,
        List<VerifyReport.BadCopy> unreadable,
        RunReport.Outcome outcome) {
      if (json) {
        Json.object(
            terminal.out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-rebuild-v1");
              writer.writeStringProperty("outcome", outcome.text());
              writer.writeNumberProperty("exit_code", outcome.exitCode());
              writer.writeNumberProperty("remembered", remembered);
              writer.writeNumberProperty("gone", gone);
              writer.writeNumberProperty("holds", holds);
              writer.writeArrayPropertyStart("unreadable");
              for (VerifyReport.BadCopy bad : unreadable) {
                writer.writeStartObject();
                writer.writeStringProperty("location", bad.location());
                ReportPrinter.problem(writer, bad.problem());
                writer.writeEndObject();
              }
              writer.writeEndArray();
            });
        return;
      }
      for (VerifyReport.BadCopy bad : unreadable) {
        terminal.out().println(bad.location() + ": " + bad.problem().text());
      }
      terminal
          .out()
          .printf(
              "%d copies are in the catalogue again; %d could not be read.%n",
              remembered, unreadable.size());
      if (gone > 0) {
        terminal
            .out()
            .printf("%d copies that it knew are not there any more; run the backup again.%n", gone);
      }
      if (holds > 0) {
        terminal.out().printf("%d holds are back, from beside the copies.%n", holds);
      }
      terminal.out().flush();
    }
  }
}
