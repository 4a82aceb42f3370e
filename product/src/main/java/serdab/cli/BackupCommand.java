package serdab.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Backup;
import serdab.backup.Safeguards;
import serdab.backup.StopSignal;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.BackupPlan;
import serdab.plan.Order;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.source.Source;
import serdab.source.horos.HorosSource;

/// `serdab backup`: copies what is new and proves it.
@Command(
    name = "backup",
    mixinStandardHelpOptions = true,
    header = "Copies every study that has no proven copy yet, reads it back, and records it.",
    footer = {
      "",
      "Examples:",
      "  serdab backup --from \"$HOME/Documents/Horos Data\" --to zip:/Volumes/Backup",
      "  serdab backup --from folder:/data/ct --to zip:/mnt/a --to zip:/mnt/b --modality CT,MR",
      "  serdab backup --from horos:/Volumes/PACS/\"Horos Data\" --to zip:/mnt/a --dry-run"
    })
final class BackupCommand implements Callable<Integer> {

  private final Surroundings around;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "SOURCE",
      description = "A library or folder: PATH, horos:PATH or folder:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String from;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "DEST",
      description = "Where copies go: zip:PATH. May be given more than once.")
  @SuppressWarnings("NullAway.Init") // required
  private List<String> to;

  @Option(
      names = "--modality",
      split = ",",
      paramLabel = "CT,MR",
      description = "Only studies with a series of one of these; then all their files.")
  private List<String> modalities = List.of();

  @Option(
      names = "--since",
      paramLabel = "DATE",
      description = "Only studies of this date (ISO 8601) or later.")
  private @Nullable LocalDate since;

  @Option(names = "--study", paramLabel = "UID", description = "Only this study. Repeatable.")
  private List<String> studies = List.of();

  @Option(
      names = "--order",
      paramLabel = "ORDER",
      defaultValue = "study-date",
      description = "study-date (default), date-added or date-added-newest.")
  private String order = "study-date";

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Copies at most N studies, then ends. Default: all.")
  private int batch;

  @Option(
      names = "--pause",
      paramLabel = "DURATION",
      description = "Rests after each study: 500ms, 1s, 2m. Default: none.")
  private @Nullable String pause;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "How many studies are copied at once, 1 to 16. Default: ${DEFAULT-VALUE}.",
      defaultValue = "2")
  private int workers = BackupPlan.DEFAULT_WORKERS;

  @Option(
      names = "--quiet-time",
      paramLabel = "DURATION",
      description =
          "How long a change of headers alone waits before it makes a new ZIP. Default: 24h.")
  private @Nullable String quietTime;

  @Option(
      names = "--zone",
      paramLabel = "ZONE",
      description = "The time zone of the viewer's dates, such as Europe/Berlin. Default: here.")
  private @Nullable String zone;

  @Option(
      names = "--naming",
      paramLabel = "PROFILE",
      defaultValue = "horos-zip",
      description = "How ZIPs are named: horos-zip (default; patient, dates, UID) or uid.")
  private String naming = "horos-zip";

  @Option(names = "--dicom-only", description = "Leaves out files that are not DICOM.")
  private boolean dicomOnly;

  @Option(
      names = "--sentinel",
      paramLabel = "NAME",
      description =
          "A file of this name must stand in or above source and destinations, or nothing is done.")
  private List<String> sentinels = List.of();

  @Option(
      names = "--accept-fewer",
      description = "Says that the source really holds sharply fewer studies than last time.")
  private boolean acceptFewer;

  @Option(
      names = "--adopt",
      description = "Accepts destinations whose marker is not the one seen there before.")
  private boolean adopt;

  @Option(
      names = "--import-guard-files",
      paramLabel = "N",
      defaultValue = "25000",
      description =
          "Leaves the viewer alone while more files than this wait in its INCOMING folder; 0 turns"
              + " it off. Default: ${DEFAULT-VALUE}.")
  private long importGuardFiles = 25_000;

  @Option(names = "--dry-run", description = "Prints what would be done, and does nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  BackupCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    BackupPlan plan = plan();
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      List<String> warnings = guard(plan, catalogue);
      try (Source source = wiring.source(plan, home)) {
        refuseInside(source, plan);
        List<Destination> destinations = new ArrayList<>();
        try {
          for (String specification : plan.destinations()) {
            destinations.add(
                dryRun
                    ? wiring.destinationToLookAt(specification, plan, catalogue, home)
                    : wiring.destination(specification, plan, catalogue, adopt));
          }
          if (!dryRun) {
            refuseTwice(destinations);
          }
          leaveABusyViewerAlone(source, destinations);
          return run(plan, source, destinations, catalogue, warnings);
        } finally {
          destinations.forEach(Destination::close);
        }
      }
    }
  }

  /// Everything that may hold the run back, before anything is made anywhere.
  private static List<String> guard(BackupPlan plan, Catalogue catalogue) {
    List<String> warnings = new ArrayList<>();
    Safeguards safeguards = new Safeguards(catalogue);
    Path source = Wiring.sourceFolder(plan.source());
    safeguards.requireSentinel(source, plan.sentinels());
    for (String specification : plan.destinations()) {
      Path destination = Wiring.destinationFolder(specification);
      Safeguards.refuseInsideSource(source, destination);
      safeguards.requireSentinel(destination, plan.sentinels());
      Safeguards.sameDisk(source, destination).ifPresent(warnings::add);
    }
    return warnings;
  }

  /// What the named path does not show: a library's files may lie in a folder that only the library
  /// itself names. Still before anything is made in a destination.
  private static void refuseInside(Source source, BackupPlan plan) {
    for (String specification : plan.destinations()) {
      Path destination = Wiring.destinationFolder(specification);
      source.folders().forEach(folder -> Safeguards.refuseInsideSource(folder, destination));
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
    if (importGuardFiles <= 0 || !(source instanceof HorosSource library)) {
      return;
    }
    if (library.incomingCount(importGuardFiles + 1) <= importGuardFiles) {
      return;
    }
    if (!dryRun) {
      for (Destination destination : destinations) {
        destination.note(
            new Destination.Issue(
                "INCOMING_OVER_LIMIT",
                Optional.empty(),
                "More files wait to be imported than the import guard allows.",
                Long.toString(importGuardFiles)));
      }
    }
    throw new SerdabException.HeldBack(
        new Problem(
            "incoming-over-limit",
            "More than " + importGuardFiles + " files wait in the viewer's INCOMING folder.",
            "Run again when the viewer has imported them, or raise --import-guard-files."));
  }

  private int run(
      BackupPlan plan,
      Source source,
      List<Destination> destinations,
      Catalogue catalogue,
      List<String> warnings) {
    Terminal terminal = around.terminal();
    StopSignal stop = new StopSignal(around.clock());
    TerminalProgress bar =
        new TerminalProgress(terminal.err(), terminal.interactive(), System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    warnings.forEach(line -> progress.say("Warning: " + line));
    Backup.Setting setting =
        new Backup.Setting(
            plan,
            source,
            destinations,
            catalogue,
            around.clock(),
            around.random(),
            Thread::sleep,
            stop,
            progress,
            Wiring.worker(),
            acceptFewer);
    catalogue.sawSource(source.id().value(), plan.source());
    try (Backup backup = Backup.of(setting);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      WorkList work = backup.plan();
      if (dryRun) {
        PlanPrinter.print(work, plan, catalogue, terminal, json);
        return work.alarms().isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.FAILED;
      }
      RunReport report = backup.execute(work);
      bar.end();
      ReportPrinter.print(report, warnings, terminal, json);
      return report.outcome().exitCode();
    }
  }

  private BackupPlan plan() {
    if (workers < 1 || workers > BackupPlan.MAX_WORKERS) {
      throw wrong("--workers", Integer.toString(workers), "a number from 1 to 16");
    }
    if (batch < 0) {
      throw wrong("--batch", Integer.toString(batch), "a number, 0 or more");
    }
    if (!naming.equals("horos-zip") && !naming.equals("uid")) {
      throw wrong("--naming", naming, "horos-zip or uid");
    }
    Set<String> wanted =
        modalities.stream()
            .map(modality -> modality.strip().toUpperCase(Locale.ROOT))
            .filter(modality -> !modality.isEmpty())
            .collect(Collectors.toSet());
    Selection selection =
        new Selection(
            wanted,
            Optional.ofNullable(since),
            Optional.empty(),
            Set.copyOf(studies),
            Optional.empty());
    return new BackupPlan(
        "",
        from,
        to,
        selection,
        order(),
        batch,
        pause == null ? Duration.ZERO : Durations.parse("--pause", pause),
        workers,
        quietTime == null
            ? BackupPlan.DEFAULT_QUIET_TIME
            : Durations.parse("--quiet-time", quietTime),
        zone(),
        naming,
        dicomOnly,
        sentinels);
  }

  private Order order() {
    for (Order known : Order.values()) {
      if (known.text().equals(order)) {
        return known;
      }
    }
    throw wrong("--order", order, "study-date, date-added or date-added-newest");
  }

  private ZoneId zone() {
    if (zone == null) {
      return ZoneId.systemDefault();
    }
    try {
      return ZoneId.of(zone);
    } catch (java.time.DateTimeException e) {
      throw wrong("--zone", zone, "a time zone such as Europe/Berlin or UTC");
    }
  }

  private static SerdabException.Misconfigured wrong(String option, String value, String wanted) {
    return new SerdabException.Misconfigured(
        new Problem(
            "wrong-option",
            option + " is " + value + "; it must be " + wanted + ".",
            "Run: serdab backup --help"));
  }
}
