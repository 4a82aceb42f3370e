package serdab.cli;

import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.plan.BackupPlan;
import serdab.plan.ClosedHours;
import serdab.plan.DiskSet;
import serdab.plan.FrameCompression;
import serdab.plan.NamedPlan;
import serdab.plan.Order;
import serdab.plan.Selection;
import serdab.plan.Strategy;
import serdab.plan.ZipCompression;

/// `serdab backup`: copies what is new and proves it.
@Command(
    name = "backup",
    mixinStandardHelpOptions = true,
    header = "Copies every study that has no proven copy yet, reads it back, and records it.",
    footer = {
      "",
      "Examples:",
      "  serdab backup                                (every enabled plan of the configuration)",
      "  serdab backup daily --dry-run",
      "  serdab backup --from \"$HOME/Documents/Horos Data\" --to zip:/Volumes/Backup",
      "  serdab backup --from folder:/data/ct --to zip:/mnt/a --to zip:/mnt/b --modality CT,MR",
      "  serdab backup --from /data/ct --to repo:/mnt/c   (after: serdab repository init repo:/mnt/c)",
      "  serdab backup --from horos:/Volumes/PACS/\"Horos Data\" --to zip:/mnt/a --dry-run",
      "  serdab backup --from dicomweb:https://pacs.example/dicom-web --to zip:/mnt/a",
      "  serdab backup --from \"dicom://PACS@pacs.example:11112?calling=SERDAB\" --to zip:/mnt/a",
      "  serdab backup --from /data/ct --to \"dicom://ARCHIVE@pacs.example:11112?calling=SERDAB\""
    })
final class BackupCommand implements Callable<Integer> {

  /// Options that say something about a run, not about a plan.
  private static final Set<String> OF_A_RUN =
      Set.of(
          "--dry-run",
          "--json",
          "--adopt",
          "--identity",
          "--passphrase-file",
          "--accept-fewer",
          "--no-index-page",
          "--wait",
          "--ignore-window",
          "--scheduled");

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "PLAN",
      description =
          "Plans of the configuration to run, also disabled ones. Default: all that are enabled.")
  private List<String> plans = List.of();

  @Option(
      names = "--from",
      paramLabel = "SOURCE",
      description =
          "Runs without a configuration, with --to. A library or folder: PATH, horos:PATH or"
              + " folder:PATH; what was received, inbox:PATH; a node: dicomweb:URL or"
              + " dicom://CALLED@HOST:PORT; or another destination, zip:PATH or repo:PATH, with every version that it holds.")
  private @Nullable String from;

  @Option(
      names = "--to",
      paramLabel = "DEST",
      description =
          "Where copies go: zip:PATH, repo:PATH, dicomweb:URL or dicom://CALLED@HOST:PORT. May be"
              + " given more than once.")
  private List<String> to = List.of();

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
      description = {
        "How ZIPs are named: horos-zip (default; patient, dates, UID), uid, pseudonym (keyed hashes)"
            + " or a template of {patient} {patient-id} {birth-date} {study-date} {modality}"
            + " {accession} {description} {uid}. Fixed when a destination is begun."
      })
  private String naming = "horos-zip";

  @Option(
      names = "--pseudonym-key",
      paramLabel = "REFERENCE",
      description = "Where the key for --naming pseudonym is: env:NAME or file:PATH.")
  private @Nullable String pseudonymKey;

  @Option(
      names = "--pseudonym-mapping",
      paramLabel = "PATH",
      description = "The list that resolves pseudonyms (CSV); kept away from the copies.")
  private @Nullable String pseudonymMapping;

  @Option(
      names = "--no-index-page",
      description = "Keeps no index.html, in which people search without Serdab.")
  private boolean noIndexPage;

  @Option(
      names = "--compression",
      paramLabel = "KIND",
      defaultValue = "jpeg-ls",
      description =
          "How a repository makes images small: jpeg-ls (default; the least room) or fast (about"
              + " a quarter more room of CT and MR, less work).")
  private String compression = "jpeg-ls";

  @Option(
      names = "--compress",
      paramLabel = "KIND",
      defaultValue = "deflate",
      description =
          "How ZIPs make images small: deflate (default; entries are the files) or jpeg-ls (about"
              + " half of that room; entries are DICOM files with JPEG-LS, from which Serdab makes"
              + " the files again, bit for bit).")
  private String compress = "deflate";

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
      description =
          "Accepts volumes and destinations that are not those seen there before, by their sentinel"
              + " or marker.")
  private boolean adopt;

  @Option(
      names = "--import-guard-files",
      paramLabel = "N",
      defaultValue = "25000",
      description =
          "Leaves the viewer alone while more files than this wait in its INCOMING folder; 0 turns"
              + " it off. Default: ${DEFAULT-VALUE}.")
  private long importGuardFiles = 25_000;

  @Option(
      names = "--wait",
      paramLabel = "DURATION",
      description =
          "Waits so long for another run to end: 10m, 2h. Default: leaves at once (exit code 4).")
  private @Nullable String wait;

  @Option(
      names = "--not-during",
      paramLabel = "HOURS",
      description =
          "Does not run in these hours, such as \"Mon-Fri 07:30-19:00\", and ends after the study"
              + " at hand when they begin. Repeatable.")
  private List<String> notDuring = List.of();

  @Option(
      names = "--ignore-window",
      description = "Runs also in the hours that the plan leaves out.")
  private boolean ignoreWindow;

  @Option(
      names = "--adaptive",
      description = "Rests between studies while the source is slower than usual. Default: off.")
  private boolean adaptive;

  @Option(
      names = "--disk-set",
      paramLabel = "NAME",
      description =
          "The disks that appear as these destinations take turns: that one is away is normal, and"
              + " each gets what it lacks when it comes back.")
  private @Nullable String diskSet;

  @Option(
      names = "--remind-after-days",
      paramLabel = "N",
      defaultValue = "30",
      description =
          "Warns when a disk of the set was not connected for so many days; 0 turns it off."
              + " Default: ${DEFAULT-VALUE}.")
  private int remindAfterDays = 30;

  @Option(
      names = "--scheduled",
      description =
          "For serdab service: runs only the plans whose time has come, and remembers that the"
              + " system began it.")
  private boolean scheduled;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--dry-run", description = "Prints what would be done, and does nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  BackupCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Duration patience = wait == null ? Duration.ZERO : Durations.parse("--wait", wait);
    List<BackupPlan> wanted;
    List<DiskSet> disks;
    Names names;
    boolean configured = from == null && to.isEmpty();
    if (configured) {
      refuseSettings();
      Plans known = Plans.read(around);
      wanted = known.called(plans).stream().flatMap(each -> each.plans().stream()).toList();
      disks = known.configuration().disks();
      names = new Names(known.configuration().names(), !noIndexPage);
    } else {
      wanted = List.of(plan());
      disks = diskSets();
      names = names();
    }
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock(), patience, around.terminal(), RunLock.Rest::asleep);
        Wiring wiring = new Wiring(around, names, keys);
        Catalogue catalogue = wiring.catalogue(home)) {
      PlanRun.Switches switches =
          new PlanRun.Switches(adopt, acceptFewer, dryRun, json, ignoreWindow, disks);
      Attempts attempts = new Attempts(catalogue, around.clock());
      if (!configured) {
        BackupPlan plan = wanted.getFirst();
        return attempt(
            attempts, "", () -> new PlanRun(around, home, wiring, catalogue, plan, switches).run());
      }
      List<BackupPlan> now = scheduled ? due(attempts, wanted) : wanted;
      return runAll(
          now,
          plan ->
              with ->
                  attempt(
                      attempts,
                      plan.name(),
                      () -> new PlanRun(with, home, wiring, catalogue, plan, switches).run()));
    }
  }

  /// Runs a plan and remembers that it was tried, also when something kept it from running.
  private int attempt(Attempts attempts, String plan, IntSupplier run) {
    if (dryRun) {
      return run.getAsInt();
    }
    if (scheduled) {
      attempts.began(plan);
    }
    try {
      int code = run.getAsInt();
      // A run that ends with "held back" went on without a destination, and listed its source.
      boolean read =
          code == Main.ExitCodes.GOOD
              || code == Main.ExitCodes.INCOMPLETE
              || code == Main.ExitCodes.HELD_BACK;
      attempts.record(code, "", scheduled, read);
      return code;
    } catch (RuntimeException e) {
      Main.ExitCodes.Failure failure = Main.ExitCodes.of(e);
      attempts.record(failure.exitCode(), failure.problem().code(), scheduled, false);
      throw e;
    }
  }

  /// The plans whose time has come: those without an interval of their own always.
  private List<BackupPlan> due(Attempts attempts, List<BackupPlan> wanted) {
    List<NamedPlan> known = Plans.read(around).configuration().plans();
    return wanted.stream()
        .filter(plan ->
            known.stream()
                .filter(each -> each.name().equals(plan.name()))
                .allMatch(each -> attempts.isDue(plan.name(), each.every())))
        .toList();
  }

  /// Runs plans of the configuration one after another.
  ///
  /// @param run gives the run of a plan
  private int runAll(
      List<BackupPlan> wanted, Function<BackupPlan, ToIntFunction<Surroundings>> run) {
    Several runs = new Several(around, json);
    for (BackupPlan plan : wanted) {
      boolean on =
          runs.next(
              writer -> {
                writer.writeStringProperty("plan", plan.name());
                writer.writeStringProperty("source", plan.source());
              },
              "Plan " + plan.name() + ": " + plan.source(),
              run.apply(plan));
      if (!on) {
        break;
      }
    }
    if (json) {
      runs.printJson("serdab-backups-v1", "runs");
    } else if (wanted.size() > 1) {
      around
          .terminal()
          .out()
          .printf(
              "%d of %d runs: %d good, %d incomplete, %d held back, %d failed.%n",
              runs.size(),
              wanted.size(),
              runs.count(Main.ExitCodes.GOOD),
              runs.count(Main.ExitCodes.INCOMPLETE),
              runs.count(Main.ExitCodes.HELD_BACK),
              runs.count(Main.ExitCodes.FAILED) + runs.count(Main.ExitCodes.USAGE));
    }
    return runs.exitCode();
  }

  /// A plan of the configuration is run as it stands there. An option that would be without effect
  /// is refused, lest somebody relies on it.
  private void refuseSettings() {
    for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
      if (!OF_A_RUN.contains(option.longestName())) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "wrong-option",
                option.longestName() + " is a setting of a plan; here the configuration has it.",
                "Set it in "
                    + around.home().configuration()
                    + ", or give --from and --to as well to run without the configuration."));
      }
    }
  }

  private Names names() {
    return Names.of(pseudonymKey, pseudonymMapping, !noIndexPage);
  }

  private BackupPlan plan() {
    if (!plans.isEmpty()) {
      throw wrong("PLAN", String.join(" ", plans), "left out when --from and --to are given");
    }
    if (from == null) {
      throw wrong("--from", "not given", "given together with --to");
    }
    if (to.isEmpty()) {
      throw wrong("--to", "not given", "given together with --from");
    }
    if (workers < 1 || workers > BackupPlan.MAX_WORKERS) {
      throw wrong("--workers", Integer.toString(workers), "a number from 1 to 16");
    }
    if (batch < 0) {
      throw wrong("--batch", Integer.toString(batch), "a number, 0 or more");
    }
    names().profile(naming, around.environment());
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
        .closed(notDuring.stream().map(BackupCommand::closed).toList())
        .adaptive(adaptive)
        .compression(compression())
        .compress(compress())
        .plan();
  }

  private static ClosedHours closed(String text) {
    try {
      return ClosedHours.parse(text);
    } catch (IllegalArgumentException e) {
      throw new SerdabException.Misconfigured(
          new Problem("wrong-option", "--not-during: " + e.getMessage(), ""), e);
    }
  }

  private List<DiskSet> diskSets() {
    if (diskSet == null) {
      return List.of();
    }
    if (diskSet.isBlank()) {
      throw wrong("--disk-set", "empty", "a name");
    }
    if (remindAfterDays < 0) {
      throw wrong("--remind-after-days", Integer.toString(remindAfterDays), "a number, 0 or more");
    }
    return List.of(new DiskSet(diskSet, to, remindAfterDays));
  }

  private static Order order(String order) {
    for (Order known : Order.values()) {
      if (known.text().equals(order)) {
        return known;
      }
    }
    throw wrong("--order", order, "study-date, date-added, date-added-newest or smart");
  }

  private FrameCompression compression() {
    for (FrameCompression known : FrameCompression.values()) {
      if (known.text().equals(compression)) {
        return known;
      }
    }
    throw wrong("--compression", compression, "jpeg-ls or fast");
  }

  private ZipCompression compress() {
    for (ZipCompression known : ZipCompression.values()) {
      if (known.text().equals(compress)) {
        return known;
      }
    }
    throw wrong("--compress", compress, "deflate or jpeg-ls");
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
