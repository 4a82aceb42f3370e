package serdab.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.restore.LibraryReport;
import serdab.restore.LibraryRestore;
import serdab.restore.MediaReport;
import serdab.restore.MediaRestore;
import serdab.restore.RejectedFiles;
import serdab.restore.Restore;
import serdab.restore.RestorePlan;
import serdab.restore.RestoreReport;
import serdab.restore.Room;
import serdab.restore.TargetPlace;
import serdab.restore.ViewerReport;
import serdab.restore.ViewerRestore;
import serdab.source.horos.ViewerLibrary;
import serdab.store.BlobStore;
import serdab.store.RealDisk;

/// `serdab restore`: brings studies back.
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    header = "Brings studies back from a destination, bit for bit.",
    description = {
      "",
      "Into a folder or ZIPs, into a viewer that is running, as a whole new library of a viewer, or",
      "as a CD for a patient. The copies stay where they are. docs/restore.md has each way step by",
      "step.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  One study into a folder:",
      "    serdab restore --from zip:/Volumes/Backup --to /tmp/back --study 1.2.840.113619.2.1",
      "  A month as ZIPs:",
      "    serdab restore --from zip:/Volumes/Backup --to zip:/Volumes/New --date"
          + " 2024-01-01..2024-01-31",
      "  All studies of a patient back into Horos, waiting until it shows them:",
      "    serdab restore --from zip:/Volumes/Backup --to \"horos:$HOME/Documents/Horos Data\" \\",
      "      --patient-id 4711 --wait-until-imported 30m",
      "  The whole library in a new place, with albums, comments and reports:",
      "    serdab restore --from zip:/Volumes/Backup --all \\",
      "      --to \"horos-library:/Volumes/New/Horos Data\"",
      "  Everything from a repository:",
      "    serdab restore --from repo:/Volumes/Sealed --identity owner.age --all --to /tmp/back",
      "  For the patient to take along:",
      "    serdab restore --from zip:/Volumes/Backup --media exam.zip --study 1.2.840.113619.2.1"
    })
final class RestoreCommand implements Callable<Integer> {

  private static final String HOROS = "horos:";
  private static final String HOROS_LIBRARY = "horos-library:";

  private final Surroundings around;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "DEST",
      description =
          "Where the copies are: zip:PATH, repo:PATH, dicomweb:URL or dicom://CALLED@HOST:PORT (also"
              + " what others sent to the node).")
  @SuppressWarnings("NullAway.Init") // required
  private String from;

  @ArgGroup(exclusive = true, multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // required
  private Where where;

  /// Where it is to be brought; exactly one.
  static final class Where {
    @Option(
        names = "--to",
        paramLabel = "TARGET",
        description = {
          "A folder; zip:PATH for ZIPs; repo:PATH for a repository; dicomweb:URL or dicom://CALLED@HOST:PORT for a node; \"horos:PATH/Horos Data\" for the library of a viewer that"
              + " is in use; \"horos-library:PATH/Horos Data\" for a whole new one."
        })
    @Nullable String to;

    @Option(
        names = "--media",
        paramLabel = "TARGET",
        description =
            "A folder, or a file ending in .zip: a DICOM CD with DICOMDIR, for the patient.")
    @Nullable String media;
  }

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

  @Option(
      names = "--with-rejected",
      description =
          "Also brings back what a rejection note in the copy rejects; it is left out otherwise.")
  private boolean withRejected;

  @Option(
      names = "--wait-until-imported",
      paramLabel = "DURATION",
      description =
          "With horos: waits until the viewer's index shows every instance, at most so"
              + " long (30m, 2h); what does not show up is named (exit code 3).")
  private @Nullable String waitUntilImported;

  @Option(
      names = "--incoming-limit",
      paramLabel = "N",
      description =
          "With horos: drops nothing while so many files wait for the viewer"
              + " (default: "
              + ViewerRestore.WAITING_MAX
              + ").")
  private int incomingLimit = ViewerRestore.WAITING_MAX;

  @Option(
      names = "--again",
      description =
          "With horos: also drops what the library holds already. The viewer then deletes"
              + " either the old or the new file, as its preferences say.")
  private boolean again;

  @Option(
      names = "--library",
      paramLabel = "NAME",
      description = "With horos-library: which library, when the backup holds several.")
  private @Nullable String library;

  @Option(
      names = "--checksums",
      description = "With --media: also writes SHA256.TXT, a list of digests.")
  private boolean checksums;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(
      names = "--dry-run",
      description = "Only says what would be brought back, how much it is and whether it fits.")
  private boolean dryRun;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RestoreCommand(Surroundings around) {
    this.around = around;
  }

  /// What every way of restoring needs.
  private record Work(
      Destination place,
      Catalogue catalogue,
      Wiring wiring,
      Home home,
      Progress progress,
      StopSignal stop,
      Selection wanted,
      Optional<Instant> time) {}

  @Override
  public Integer call() {
    checkOptions();
    Selection wanted = selection();
    Optional<Instant> time = Optional.ofNullable(asOf).map(RestoreCommand::time);
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home);
        Destination place = wiring.destinationToRestoreFrom(from, catalogue);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      wiring.requireReadable(from);
      Work work = new Work(place, catalogue, wiring, home, progress, stop, wanted, time);
      int code = restore(work, bar);
      bar.end();
      return code;
    }
  }

  private void checkOptions() {
    String to = where.to;
    boolean intoViewer = to != null && to.startsWith(HOROS);
    boolean wholeLibrary = to != null && to.startsWith(HOROS_LIBRARY);
    if (!intoViewer
        && (waitUntilImported != null || again || incomingLimit != ViewerRestore.WAITING_MAX)) {
      throw wrongOption(
          "--wait-until-imported, --incoming-limit and --again are for --to horos:… only.");
    }
    if (!wholeLibrary && library != null) {
      throw wrongOption("--library is for --to horos-library:… only.");
    }
    if (wholeLibrary && !what.all) {
      throw wrongOption(
          "A library is restored whole: --to horos-library:… needs --all. For single studies use"
              + " --to horos:…");
    }
    if (where.media == null && checksums) {
      throw wrongOption("--checksums is for --media only.");
    }
    if (incomingLimit < 1) {
      throw wrongOption("--incoming-limit is " + incomingLimit + "; it must be at least 1.");
    }
  }

  private static SerdabException.Misconfigured wrongOption(String text) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", text, "Run: serdab restore --help"));
  }

  private int restore(Work work, TerminalProgress bar) {
    String to = where.to;
    if (to == null) {
      return toMedia(work, bar);
    }
    if (to.startsWith(HOROS_LIBRARY)) {
      Path target = path(to.substring(HOROS_LIBRARY.length()));
      @Nullable Path parent = target.toAbsolutePath().getParent();
      TargetPlace.check(parent == null ? target : parent);
      return toLibrary(work, bar, target);
    }
    if (to.startsWith(HOROS)) {
      return intoViewer(work, bar, path(to.substring(HOROS.length())));
    }
    if (Nodes.isNode(to)) {
      return toFolderOrZips(work, bar, to);
    }
    if (Wiring.isDestination(to)) {
      Path tree = Wiring.destinationFolder(to);
      TargetPlace.requireNoFile(tree);
      TargetPlace.checkTree(tree);
    } else {
      TargetPlace.requireNoFile(path(to));
      TargetPlace.check(path(to));
    }
    return toFolderOrZips(work, bar, to);
  }

  private static Path path(String text) {
    return Wiring.targetFolder(text);
  }

  // ---- a folder, or ZIPs

  private int toFolderOrZips(Work work, TerminalProgress bar, String to) {
    Restore restore =
        new Restore(
            work.place(), work.catalogue(), rejected(), work.progress(), work.stop()::isRequested);
    if (dryRun) {
      OptionalLong room = OptionalLong.empty();
      if (!Nodes.isNode(to)) {
        room =
            Room.at(
                Wiring.isDestination(to) ? Wiring.destinationFolder(to) : Wiring.targetFolder(to));
      }
      return printed(
          restore.plan(work.wanted(), work.time(), Wiring.isDestination(to), room), work, bar);
    }
    RestoreReport report;
    if (Wiring.isDestination(to)) {
      try (Destination target = work.wiring().destinationToFill(to, work.catalogue())) {
        report = restore.toDestination(target, work.wanted(), work.time());
      }
    } else {
      try (BlobStore folder = work.wiring().folderToFill(to)) {
        report = restore.toFolder(folder, work.wanted(), work.time());
      }
    }
    bar.end();
    return printer().print(report);
  }

  private RejectedFiles rejected() {
    return withRejected ? RejectedFiles.BROUGHT : RejectedFiles.LEFT_OUT;
  }

  private RestorePrinter printer() {
    return new RestorePrinter(around.terminal().out(), json, around.terminal().messages());
  }

  private int printed(RestorePlan plan, Work work, TerminalProgress bar) {
    bar.end();
    return printer().print(plan, work.stop().isRequested());
  }

  // ---- a viewer

  private int intoViewer(Work work, TerminalProgress bar, Path folder) {
    Optional<Duration> patience =
        Optional.ofNullable(waitUntilImported)
            .map(text -> Durations.parse("--wait-until-imported", text));
    ViewerLibrary viewer =
        ViewerLibrary.open(
            folder, work.home().cache(), around.clock(), duration -> Thread.sleep(duration));
    ViewerRestore restore =
        new ViewerRestore(
            work.place(),
            work.catalogue(),
            new ViewerRestore.Settings(incomingLimit, again, patience, rejected()),
            around.clock(),
            duration -> Thread.sleep(duration),
            around.random(),
            work.progress(),
            work.stop()::isRequested);
    if (dryRun) {
      OptionalLong room = Room.at(viewer.incoming());
      return printed(restore.plan(viewer, room, work.wanted(), work.time()), work, bar);
    }
    viewer.makeIncoming();
    try (RealDisk incoming = RealDisk.at(viewer.incoming())) {
      ViewerReport report = restore.into(viewer, incoming, work.wanted(), work.time());
      bar.end();
      return printer().print(report);
    }
  }

  // ---- a library

  private int toLibrary(Work work, TerminalProgress bar, Path target) {
    try (ScratchFolder scratch = ScratchFolder.in(work.home().cache())) {
      LibraryRestore restore =
          new LibraryRestore(
              work.place(),
              work.catalogue(),
              new LibraryRestore.Settings(Optional.ofNullable(library), ViewerRestore.WAITING_MAX),
              work.wiring()::folderToFill,
              scratch.path(),
              work.progress(),
              work.stop()::isRequested);
      if (dryRun) {
        return printed(restore.plan(target, work.time()), work, bar);
      }
      LibraryReport report = restore.into(target, work.time());
      bar.end();
      if (!report.interrupted()) {
        keep(report);
      }
      return printer().print(report);
    }
  }

  /// Leaves the report beside the library, for a person and for programs.
  private static void keep(LibraryReport report) {
    Path beside = Path.of(report.beside());
    for (boolean asJson : new boolean[] {false, true}) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
        new RestorePrinter(out, asJson, Messages.ENGLISH).print(report);
      }
      try {
        Files.write(
            beside.resolve(asJson ? "restore-report.json" : "restore-report.txt"),
            bytes.toByteArray());
      } catch (IOException e) {
        throw new SerdabException.Unavailable(
            new Problem(
                "report-not-written",
                "The library was restored to "
                    + report.library()
                    + "; the report on it could not be written to "
                    + beside
                    + ".",
                "Check the volume. The library itself is complete."),
            e);
      }
    }
  }

  // ---- a medium

  private int toMedia(Work work, TerminalProgress bar) {
    Path target = path(java.util.Objects.requireNonNull(where.media, "one of two is given"));
    TargetPlace.check(target);
    try (ScratchFolder scratch = ScratchFolder.in(work.home().cache())) {
      MediaRestore restore =
          new MediaRestore(
              work.place(),
              work.catalogue(),
              rejected(),
              checksums,
              scratch.path(),
              around.random(),
              work.progress(),
              work.stop()::isRequested);
      if (dryRun) {
        return printed(restore.plan(target, work.wanted(), work.time()), work, bar);
      }
      MediaReport report =
          restore.to(
              target,
              work.wiring()::folderToFill,
              work.wanted(),
              work.time(),
              around.clock().instant());
      bar.end();
      return printer().print(report);
    }
  }

  // ---- what

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
      TemporalAccessor parsed =
          DateTimeFormatter.ISO_DATE_TIME.parseBest(
              text, OffsetDateTime::from, LocalDateTime::from);
      return parsed instanceof OffsetDateTime offset
          ? offset.toInstant()
          : LocalDateTime.from(parsed).atZone(ZoneId.systemDefault()).toInstant();
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
