package serdab.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.restore.Restore;
import serdab.restore.RestoreReport;
import serdab.store.BlobStore;

/// `serdab restore`: brings studies back.
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    header = "Brings studies back from a destination, bit for bit, into a folder or as ZIPs.",
    footer = {
      "",
      "Examples:",
      "  serdab restore --from zip:/Volumes/Backup --to /tmp/back --study 1.2.840.113619.2.1",
      "  serdab restore --from zip:/Volumes/Backup --to /tmp/back --date 2024-01-01..2024-01-31",
      "  serdab restore --from zip:/Volumes/Backup --to zip:/Volumes/New --all"
    })
final class RestoreCommand implements Callable<Integer> {

  private final Surroundings around;

  @Option(names = "--from", required = true, paramLabel = "DEST", description = "zip:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String from;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "TARGET",
      description = "A folder, or zip:PATH for ZIPs.")
  @SuppressWarnings("NullAway.Init") // required
  private String to;

  @ArgGroup(exclusive = true, multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // required
  private What what;

  /// What is to be brought back; exactly one.
  static final class What {
    @Option(names = "--study", paramLabel = "UID", description = "The study with this UID.")
    @Nullable String study;

    @Option(names = "--patient-id", paramLabel = "ID", description = "All studies of a patient.")
    @Nullable String patientId;

    @Option(names = "--date", paramLabel = "A..B", description = "All studies of these dates.")
    @Nullable String date;

    @Option(names = "--all", description = "Everything, other files too.")
    boolean all;
  }

  @Option(
      names = "--as-of",
      paramLabel = "TIME",
      description = "As it was at this time (ISO 8601): the newest version read until then.")
  private @Nullable String asOf;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RestoreCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Selection wanted = selection();
    Optional<Instant> time = Optional.ofNullable(asOf).map(RestoreCommand::time);
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar =
        new TerminalProgress(terminal.err(), terminal.interactive(), System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        Destination place = wiring.destinationToRead(from, catalogue);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      Restore restore = new Restore(place, catalogue::label, progress, stop::isRequested);
      RestoreReport report;
      if (Wiring.isDestination(to)) {
        try (Destination target = wiring.destinationToFill(to, catalogue)) {
          report = restore.toDestination(target, wanted, time);
        }
      } else {
        try (BlobStore folder = wiring.folderToFill(to)) {
          report = restore.toFolder(folder, wanted, time);
        }
      }
      bar.end();
      RunReport.Outcome outcome = outcome(report);
      print(report, outcome, terminal);
      return outcome.exitCode();
    }
  }

  private RunReport.Outcome outcome(RestoreReport report) {
    if (report.interrupted()) {
      return RunReport.Outcome.INTERRUPTED;
    }
    if (!report.gaps().isEmpty()) {
      return RunReport.Outcome.INCOMPLETE;
    }
    return RunReport.Outcome.GOOD;
  }

  private void print(RestoreReport report, RunReport.Outcome outcome, Terminal terminal) {
    if (json) {
      Json.object(
          terminal.out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-restore-v1");
            writer.writeStringProperty("outcome", outcome.text());
            writer.writeNumberProperty("exit_code", outcome.exitCode());
            writer.writeNumberProperty("studies", report.studies());
            writer.writeNumberProperty("files_written", report.filesWritten());
            writer.writeNumberProperty("files_there", report.filesThere());
            writer.writeNumberProperty("bytes_written", report.bytesWritten());
            writer.writeArrayPropertyStart("gaps");
            for (RestoreReport.Gap gap : report.gaps()) {
              writer.writeStartObject();
              writer.writeStringProperty(
                  "label", gap.study().map(label -> label.value()).orElse(""));
              writer.writeStringProperty("path", gap.path());
              ReportPrinter.problem(writer, gap.problem());
              writer.writeEndObject();
            }
            writer.writeEndArray();
          });
      return;
    }
    for (RestoreReport.Gap gap : report.gaps()) {
      terminal
          .out()
          .println(
              gap.study().map(label -> label.value()).orElse("unknown study")
                  + (gap.path().isEmpty() ? "" : " " + gap.path())
                  + ": "
                  + gap.problem().text());
    }
    terminal
        .out()
        .printf(
            "%d studies: %d files written (%s), %d were there already, %d gaps.%n",
            report.studies(),
            report.filesWritten(),
            TerminalProgress.Sizes.text(report.bytesWritten()),
            report.filesThere(),
            report.gaps().size());
    if (report.studies() == 0 && report.gaps().isEmpty()) {
      terminal.out().println("No study matches what was asked for.");
    }
    if (report.interrupted()) {
      terminal.out().println("Interrupted. Run the same command again to go on.");
    }
    terminal.out().flush();
  }

  private Selection selection() {
    if (what.study != null) {
      return new Selection(
          Set.of(), Optional.empty(), Optional.empty(), Set.of(what.study), Optional.empty());
    }
    if (what.patientId != null) {
      return new Selection(
          Set.of(), Optional.empty(), Optional.empty(), Set.of(), Optional.of(what.patientId));
    }
    if (what.date != null) {
      DateRange range = DateRange.parse("--date", what.date);
      return new Selection(
          Set.of(), Optional.of(range.from()), Optional.of(range.to()), Set.of(), Optional.empty());
    }
    return Selection.ALL;
  }

  private static Instant time(String text) {
    try {
      if (text.length() == 10) {
        return LocalDate.parse(text).plusDays(1).atStartOfDay(ZoneId.systemDefault()).toInstant();
      }
      return text.endsWith("Z") || text.contains("+")
          ? java.time.OffsetDateTime.parse(text).toInstant()
          : java.time.LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant();
    } catch (DateTimeException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "--as-of is " + text + "; it must be a time such as 2024-01-31T12:00:00Z.",
              "Run: serdab restore --help"),
          e);
    }
  }
}
