package serdab.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Reach;
import serdab.plan.BackupPlan;
import serdab.plan.DicomAddress;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceStudy;
import serdab.source.horos.HorosSource;
import serdab.store.PlaceCheck;
import serdab.store.PlaceCheck.Aspect;
import serdab.store.PlaceCheck.Result;
import serdab.store.PlaceCheck.Verdict;
import serdab.store.ReadBack;

/// `serdab check`: whether a place, a source or a DICOM node behaves as a backup needs.
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    header = "Shows whether a place, a source or a DICOM node behaves as a backup needs.",
    description = {
      "In a place for copies it tries out writing, renaming, listing and reading back, with small",
      "files of its own that are removed afterwards. In a library or folder to back up it only",
      "reads. A DICOM or DICOMweb node is asked whether it answers, what it offers, and for one",
      "image; nothing is stored there without --store. Exit code: 0 when it will do, 3 when",
      "something that a backup needs does not work."
    },
    footer = {
      "",
      "Examples:",
      "  serdab check zip:/Volumes/Backup",
      "  serdab check \"$HOME/Documents/Horos Data\"",
      "  serdab check zip:/Volumes/Backup --json",
      "  serdab check \"dicom://ARCHIVE@pacs.example:11112?calling=SERDAB\"",
      "  serdab check \"dicomweb:https://pacs.example/dicom-web?token=env:PACS_TOKEN\""
    })
final class CheckCommand implements Callable<Integer> {

  private static final long SPEED_BYTES_MAX = 16L << 30;

  private final Surroundings around;

  @Parameters(
      paramLabel = "PLACE|SOURCE|NODE",
      description =
          "A place for copies: zip:PATH. A source: a library, horos:PATH or folder:PATH. A DICOM"
              + " node: dicom://CALLED@HOST:PORT?calling=TITLE, or dicomweb:URL. A PATH alone: what is"
              + " there.")
  @SuppressWarnings("NullAway.Init") // required
  private String what;

  @Option(
      names = "--speed-bytes",
      paramLabel = "N",
      defaultValue = "67108864",
      description =
          "How much is written and read back to measure the speed, in bytes; 0 does not measure."
              + " Default: ${DEFAULT-VALUE}.")
  private long speedBytes = 64L << 20;

  @Option(
      names = "--store",
      description =
          "Of a DICOM node: sends a made-up study of 20 images (10 MB) there, which stays, to see how"
              + " fast it is, what it alters, and whether its storage commitment is honest.")
  private boolean store;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  CheckCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (speedBytes < 0 || speedBytes > SPEED_BYTES_MAX) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "--speed-bytes is " + speedBytes + "; it must be from 0 to " + SPEED_BYTES_MAX + ".",
              "Run: serdab check --help"));
    }
    if (NodeCheck.isNode(what)) {
      return NodeCheck.run(
          new Nodes(around).node(DicomAddress.parse(what)),
          around.terminal(),
          json,
          store ? Optional.of(around.random()) : Optional.empty());
    }
    if (Nodes.isNode(what)) {
      return new WebNodeCheck(around, json).check(what);
    }
    return isPlace() ? checkPlace() : checkSource();
  }

  /// A path alone is a place when copies are in it or nothing is; of a folder with anything else,
  /// nothing is known, and only reading is safe.
  private boolean isPlace() {
    if (Wiring.isDestination(what)) {
      return true;
    }
    if (what.startsWith("horos:") || what.startsWith("folder:") || what.startsWith("inbox:")) {
      return false;
    }
    Path folder = Wiring.sourceFolder(what);
    return Files.isRegularFile(folder.resolve("destination.json"))
        || Reach.lookAt(folder) == Reach.State.EMPTY;
  }

  private Reach.Program program() {
    return new Reach.Program(
        around.osName(),
        System.getProperty("user.name", "who runs it"),
        ProcessHandle.current().info().command().orElse("the program java"));
  }

  private Reach.State state(Path folder) {
    return around.reach().of(List.of(folder)).getOrDefault(folder, Reach.State.NOT_ANSWERING);
  }

  // ---- a place

  private int checkPlace() {
    Path folder =
        Wiring.isDestination(what) ? Wiring.destinationFolder(what) : Wiring.sourceFolder(what);
    Reach.requireDestination(folder, state(folder), program());
    Optional<String> network = around.network().get().of(folder);
    PlaceCheck.Report report =
        new PlaceCheck(folder, around.random(), System::nanoTime).run(speedBytes);
    String fileSystem = fileSystem(folder);
    int code = report.isGood() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
    if (json) {
      placeJson(folder, report, fileSystem, network.isPresent(), code);
    } else {
      placeText(folder, report, fileSystem, network.isPresent());
    }
    return code;
  }

  private static String fileSystem(Path folder) {
    try {
      return Files.getFileStore(folder).type();
    } catch (java.io.IOException e) {
      return "";
    }
  }

  private void placeText(
      Path folder, PlaceCheck.Report report, String fileSystem, boolean network) {
    Messages say = around.terminal().messages();
    var out = around.terminal().out();
    out.println(say.text("check.place", folder));
    report
        .results()
        .forEach((aspect, result) -> {
          if (aspect == Aspect.SPEED && result.verdict() == Verdict.GOOD) {
            out.println(
                line(
                    say,
                    result.verdict(),
                    say.text(
                        "check.speed-measured",
                        TerminalProgress.Sizes.text(report.writeBytesPerSecond()),
                        TerminalProgress.Sizes.text(report.readBytesPerSecond()))));
          } else {
            out.println(line(say, result.verdict(), say.text("check.aspect-" + word(aspect))));
          }
          result.problem().ifPresent(problem -> out.println("            " + say.line(problem)));
        });
    report
        .means()
        .filter(means -> means != ReadBack.Means.PAST_CACHE)
        .ifPresent(_ -> out.println(say.text("check.through-cache")));
    report
        .usableBytes()
        .ifPresent(free ->
            out.println(
                say.text(
                    "check.room",
                    TerminalProgress.Sizes.text(free),
                    report.totalBytes().isPresent()
                        ? TerminalProgress.Sizes.text(report.totalBytes().getAsLong())
                        : "?")));
    out.println(
        say.text("check.file-system", fileSystem, network ? say.text("check.network") : ""));
    report.leftBehind().ifPresent(left -> out.println(say.text("check.left", left)));
    out.println(say.text(report.isGood() ? "check.good" : "check.bad"));
    out.flush();
  }

  static String line(Messages say, Verdict verdict, String text) {
    return "  %-10s  %s".formatted(say.text("check.verdict-" + word(verdict)), text);
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void placeJson(
      Path folder, PlaceCheck.Report report, String fileSystem, boolean network, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-check-v1");
          writer.writeStringProperty("kind", "zip");
          writer.writeStringProperty("path", folder.toString());
          writer.writeBooleanProperty("good", report.isGood());
          writer.writeNumberProperty("exit_code", code);
          writer.writeArrayPropertyStart("checks");
          report.results().forEach((aspect, result) -> check(writer, word(aspect), result));
          writer.writeEndArray();
          writer.writeStringProperty("file_system", fileSystem);
          writer.writeBooleanProperty("network", network);
          writer.writeStringProperty(
              "read_back", report.means().map(CheckCommand::word).orElse(""));
          number(writer, "usable_bytes", report.usableBytes());
          number(writer, "total_bytes", report.totalBytes());
          writer.writeNumberProperty("write_bytes_per_second", report.writeBytesPerSecond());
          writer.writeNumberProperty("read_bytes_per_second", report.readBytesPerSecond());
          writer.writeStringProperty(
              "left_behind", report.leftBehind().map(Path::toString).orElse(""));
          source(writer, null);
        });
  }

  static void number(tools.jackson.core.JsonGenerator writer, String name, OptionalLong value) {
    writer.writeNumberProperty(name, value.orElse(-1));
  }

  static void check(tools.jackson.core.JsonGenerator writer, String name, Result result) {
    writer.writeStartObject();
    writer.writeStringProperty("name", name);
    writer.writeStringProperty("verdict", word(result.verdict()));
    ReportPrinter.problem(writer, result.problem().orElse(new Problem("", "", "")));
    writer.writeEndObject();
  }

  // ---- a source

  /// What a source holds.
  private record Counted(
      String kind,
      String described,
      long studies,
      long groups,
      long files,
      Map<String, Long> odd) {}

  private int checkSource() {
    Path folder = Wiring.sourceFolder(what);
    Reach.requireSource(folder, state(folder), false, program());
    Home home = around.home().make();
    BackupPlan plan = BackupPlan.from(what, ZoneId.systemDefault()).destinations(List.of()).plan();
    Counted counted;
    long unread = 0;
    try (Wiring wiring = new Wiring(around);
        Source source = wiring.source(plan, home);
        Inventory inventory = source.inventory()) {
      long groups = 0;
      long files = 0;
      long studies = 0;
      try (Stream<SourceStudy> all = inventory.studies(Order.STUDY_DATE)) {
        for (SourceStudy study : (Iterable<SourceStudy>) all::iterator) {
          files += study.fileCount();
          if (study.key().isOther()) {
            groups++;
            unread += study.key().isUnread() ? study.fileCount() : 0;
          } else {
            studies++;
          }
        }
      }
      Map<String, Long> odd = new TreeMap<>();
      try (Stream<Finding> findings = inventory.findings()) {
        findings.forEach(finding -> odd.merge(finding.kind(), 1L, Long::sum));
      }
      boolean library = source instanceof HorosSource;
      counted =
          new Counted(library ? "horos" : "folder", source.describe(), studies, groups, files, odd);
    }
    int code = unread == 0 ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
    if (json) {
      sourceJson(folder, counted, unread, code);
    } else {
      sourceText(counted, unread);
    }
    return code;
  }

  private void sourceText(Counted counted, long unread) {
    Messages say = around.terminal().messages();
    var out = around.terminal().out();
    out.println(say.text("check.source", counted.described()));
    out.println(line(say, Verdict.GOOD, say.text("check.aspect-readable")));
    if (counted.kind().equals("horos")) {
      out.println(line(say, Verdict.GOOD, say.text("check.aspect-index")));
    }
    Verdict permitted = unread == 0 ? Verdict.GOOD : Verdict.BAD;
    out.println(line(say, permitted, say.text("check.aspect-permissions")));
    if (unread > 0) {
      out.println(say.text("check.unread", unread));
    }
    out.println(say.text("check.counts", counted.studies(), counted.groups(), counted.files()));
    counted.odd().forEach((kind, count) -> out.printf("  %8d  %s%n", count, kind));
    out.println(say.text(unread == 0 ? "check.good" : "check.bad"));
    out.flush();
  }

  private void sourceJson(Path folder, Counted counted, long unread, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-check-v1");
          writer.writeStringProperty("kind", counted.kind());
          writer.writeStringProperty("path", folder.toString());
          writer.writeBooleanProperty("good", unread == 0);
          writer.writeNumberProperty("exit_code", code);
          writer.writeArrayPropertyStart("checks");
          check(writer, "readable", new Result(Verdict.GOOD, Optional.empty()));
          if (counted.kind().equals("horos")) {
            check(writer, "index", new Result(Verdict.GOOD, Optional.empty()));
          }
          Verdict permitted = unread == 0 ? Verdict.GOOD : Verdict.BAD;
          check(writer, "permissions", new Result(permitted, Optional.empty()));
          writer.writeEndArray();
          writer.writeStringProperty("file_system", fileSystem(folder));
          writer.writeBooleanProperty("network", around.network().get().of(folder).isPresent());
          writer.writeStringProperty("read_back", "");
          number(writer, "usable_bytes", OptionalLong.empty());
          number(writer, "total_bytes", OptionalLong.empty());
          writer.writeNumberProperty("write_bytes_per_second", 0);
          writer.writeNumberProperty("read_bytes_per_second", 0);
          writer.writeStringProperty("left_behind", "");
          source(writer, counted);
        });
  }

  private static void source(tools.jackson.core.JsonGenerator writer, @Nullable Counted counted) {
    writer.writeNumberProperty("studies", counted == null ? 0 : counted.studies());
    writer.writeNumberProperty("groups", counted == null ? 0 : counted.groups());
    writer.writeNumberProperty("files", counted == null ? 0 : counted.files());
    writer.writeArrayPropertyStart("findings");
    if (counted != null) {
      counted
          .odd()
          .forEach((kind, count) -> {
            writer.writeStartObject();
            writer.writeStringProperty("kind", kind);
            writer.writeNumberProperty("count", count);
            writer.writeEndObject();
          });
    }
    writer.writeEndArray();
  }
}
