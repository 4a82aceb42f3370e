package serdab.cli;

import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
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
import serdab.catalogue.Catalogue;
import serdab.plan.BackupPlan;
import serdab.plan.Order;
import serdab.plan.Selection;
import serdab.plan.Strategy;

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
      description =
          "study-date, date-added, date-added-newest or smart (docs/order.md). Default: smart until"
              + " a first backup is done, then study-date.")
  private @Nullable String order;

  @Option(
      names = "--strategy",
      paramLabel = "STRATEGY",
      defaultValue = "incremental",
      description =
          "incremental (default): what has no proven copy. full: reads everything again and proves"
              + " every copy again. differential: the same for what changed since the last full.")
  private String strategy = "incremental";

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
      PlanRun.Switches switches = new PlanRun.Switches(adopt, acceptFewer, dryRun, json);
      return new PlanRun(around, home, wiring, catalogue, plan, switches).run();
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
    BackupPlan.Draft draft = BackupPlan.from(from, zone());
    if (order != null) {
      draft.order(order(order));
    }
    return draft
        .destinations(to)
        .selection(selection)
        .strategy(strategy())
        .batch(batch)
        .pause(pause == null ? Duration.ZERO : Durations.parse("--pause", pause))
        .workers(workers)
        .quietTime(
            quietTime == null
                ? BackupPlan.DEFAULT_QUIET_TIME
                : Durations.parse("--quiet-time", quietTime))
        .naming(naming)
        .dicomOnly(dicomOnly)
        .sentinels(sentinels)
        .importGuardFiles(importGuardFiles)
        .plan();
  }

  private static Order order(String order) {
    for (Order known : Order.values()) {
      if (known.text().equals(order)) {
        return known;
      }
    }
    throw wrong("--order", order, "study-date, date-added, date-added-newest or smart");
  }

  private Strategy strategy() {
    for (Strategy known : Strategy.values()) {
      if (known.text().equals(strategy)) {
        return known;
      }
    }
    throw wrong("--strategy", strategy, "incremental, differential or full");
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
