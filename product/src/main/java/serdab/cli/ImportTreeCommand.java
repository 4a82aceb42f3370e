package serdab.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.ImportReport;
import serdab.backup.Safeguards;
import serdab.backup.StopSignal;
import serdab.backup.TreeImport;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination;
import serdab.plan.BackupPlan;
import serdab.report.Progress;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.script.ExportState;

/// `serdab import-tree`: takes over what the Horos backup script made.
@Command(
    name = "import-tree",
    mixinStandardHelpOptions = true,
    header = "Takes over the ZIPs of the Horos backup script, after checking each of them.",
    description = {
      "",
      "Reads the script's export_state.sqlite and its tree of ZIPs, reads every ZIP whole, and",
      "compares it with the library bit for bit. What is good becomes a copy where it lies, by a",
      "manifest beside it. Nothing that the script made is changed, renamed or deleted. What is",
      "missing, partial or damaged is listed; the next backup copies it.",
      "",
      "Switch the script off first: it deletes months that it thinks are not done.",
      "docs/from-horos-script.md has all of it step by step.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  serdab import-tree --state /Volumes/PACS/Backup/export_state.sqlite \\",
      "    --from \"/Volumes/PACS/Database/Horos Data\" --dry-run",
      "  serdab import-tree --state /Volumes/PACS/Backup/export_state.sqlite \\",
      "    --from \"/Volumes/PACS/Database/Horos Data\"",
      "  With another destination, which gets the studies that only the tree still has:",
      "    serdab import-tree --state … --from … --to zip:/Volumes/New",
      "",
      "Exit codes: 0 everything the script knew is in a good copy as it is now, 3 it is not: each",
      "study is named. Run it again at any time; what was adopted is not read again."
    })
final class ImportTreeCommand implements Callable<Integer> {

  private final Surroundings around;

  @Option(
      names = "--state",
      required = true,
      paramLabel = "FILE",
      description = "The script's export_state.sqlite. It is copied and never written to.")
  @SuppressWarnings("NullAway.Init") // required
  private Path state;

  @Option(
      names = "--tree",
      paramLabel = "FOLDER",
      description = "The folder with the script's months. Default: where the state is.")
  private @Nullable Path tree;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "SOURCE",
      description = "The library to compare with.")
  @SuppressWarnings("NullAway.Init") // required
  private String from;

  @Option(
      names = "--to",
      paramLabel = "DEST",
      description =
          "Another destination, zip:PATH: it gets the studies that the library has no more, and the"
              + " tree stays exactly as it is. Default: the tree itself becomes a destination.")
  private @Nullable String to;

  @Option(
      names = "--sentinel",
      paramLabel = "NAME",
      description =
          "A file of this name must stand in or above library and tree, or nothing is done; the"
              + " script's was .pacs_sentinel.")
  private List<String> sentinels = List.of();

  @Option(
      names = "--zone",
      paramLabel = "ZONE",
      description = "What times in the state are in, as Europe/Berlin. Default: this computer's.")
  private @Nullable String zone;

  @Option(
      names = "--accept-fewer",
      description = "Says that the library really has no studies any more.")
  private boolean acceptFewer;

  @Option(
      names = "--adopt",
      description =
          "Accepts volumes and destinations that are not those seen there before, by their sentinel"
              + " or marker.")
  private boolean adopt;

  @Option(
      names = "--dry-run",
      description = "Only looks at names and directories; reads no image and writes nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  ImportTreeCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Path file = state.toAbsolutePath().normalize();
    Path folder = tree == null ? file.getParent() : tree.toAbsolutePath().normalize();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new SerdabException.Unavailable(
          new Problem(
              "tree-not-there",
              "There is no folder " + folder + ".",
              "Connect its volume, or name the folder with the script's months after --tree."));
    }
    String inPlace = "zip:" + folder;
    String target = to == null ? inPlace : to;
    if (to != null && Wiring.address(to).equals(Wiring.address(inPlace))) {
      throw wrong("--to names the tree itself. Leave --to out to make the tree a destination.");
    }
    ZoneId times = zone();
    BackupPlan plan =
        BackupPlan.from(from, times).destinations(List.of(target)).sentinels(sentinels).plan();
    if (Wiring.isDestination(from)) {
      throw wrong("--from is a destination; it must be the library that the script exported.");
    }
    PlanRun.Switches switches = new PlanRun.Switches(adopt, acceptFewer, dryRun, json);
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        ScratchFolder scratch = ScratchFolder.in(home.cache())) {
      RunGuard guard = new RunGuard(around, wiring, catalogue, plan, switches);
      guard.allow().warnings().forEach(line -> progress.warn(line));
      ExportState exported = ExportState.read(file, scratch.path(), times);
      try (Source source = guard.open(() -> wiring.source(plan, home));
          Inventory inventory = source.inventory();
          StopOnSignal _ = StopOnSignal.of(stop)) {
        source.folders().forEach(each -> Safeguards.refuseInsideSource(each, folder));
        try (ZipTreeDestination seen =
            tree(wiring.destinationToLookAt(inPlace, plan, catalogue, home))) {
          TreeImport.requireThere(exported, seen, inventory, acceptFewer);
        }
        try (Opened opened = open(wiring, catalogue, home, plan, inPlace)) {
          TreeImport work =
              new TreeImport(
                  new TreeImport.Setting(
                      inventory,
                      source.id().value(),
                      source.describe(),
                      exported,
                      opened.tree(),
                      opened.to(),
                      catalogue,
                      around.clock(),
                      stop,
                      progress,
                      Wiring.worker()));
          work.plan();
          if (dryRun) {
            bar.end();
            return new ImportPrinter(terminal, json, true, folder, Optional.empty())
                .print(work.look(), work.toReadBytes());
          }
          catalogue.sawSource(source.id().value(), from);
          ImportReport report = work.execute();
          bar.end();
          list(opened.writes(), progress);
          return new ImportPrinter(terminal, json, false, folder, Optional.ofNullable(to))
              .print(report, work.toReadBytes());
        }
      }
    }
  }

  /// The tree, and the other destination when there is one.
  private record Opened(ZipTreeDestination tree, Optional<Destination> to)
      implements AutoCloseable {

    Destination writes() {
      return to.orElse(tree);
    }

    @Override
    public void close() {
      tree.close();
      to.ifPresent(Destination::close);
    }
  }

  private Opened open(
      Wiring wiring, Catalogue catalogue, Home home, BackupPlan plan, String inPlace) {
    if (dryRun) {
      return new Opened(
          tree(wiring.destinationToLookAt(inPlace, plan, catalogue, home)), Optional.empty());
    }
    if (to == null) {
      return new Opened(
          tree(wiring.destination(inPlace, plan, catalogue, adopt)), Optional.empty());
    }
    ZipTreeDestination read = tree(wiring.destinationToRead(inPlace, catalogue));
    try {
      return new Opened(read, Optional.of(wiring.destination(to, plan, catalogue, adopt)));
    } catch (SerdabException e) {
      read.close();
      throw e;
    }
  }

  private static ZipTreeDestination tree(Destination opened) {
    if (opened instanceof ZipTreeDestination tree) {
      return tree;
    }
    opened.close();
    throw new IllegalStateException("zip: is a ZIP tree");
  }

  /// Everything is adopted and recorded by now; a list that fails undoes nothing.
  private static void list(Destination destination, Progress progress) {
    try {
      destination.list(new Destination.Listing(true, true, false));
    } catch (SerdabException e) {
      progress.warn(PlanRun.notListed(destination, e));
    }
  }

  private ZoneId zone() {
    if (zone == null) {
      return ZoneId.systemDefault();
    }
    try {
      return ZoneId.of(zone);
    } catch (DateTimeException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "--zone is " + zone + "; it must be a time zone such as Europe/Berlin or UTC.",
              "Run: serdab import-tree --help"),
          e);
    }
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Run: serdab import-tree --help"));
  }
}
