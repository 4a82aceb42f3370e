package serdab.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.plan.Configuration;

/// `serdab bundle`: what somebody needs who helps from afar, without patient data.
@Command(
    name = "bundle",
    mixinStandardHelpOptions = true,
    header = "Packs what support needs into one ZIP, without patient data.",
    description = {
      "Versions, settings without secrets, the last runs and their reports, the log, and how often",
      "which finding occurred. Studies stand in it by label, and so do the paths of sources and",
      "destinations; no name, id, date or file name of a patient. --paths says what each label of a",
      "path means."
    },
    footer = {"", "Examples:", "  serdab bundle --to support.zip", "  serdab bundle --paths"})
final class BundleCommand implements Callable<Integer> {

  private static final int RUNS = 200;
  private static final int REPORTS = 20;
  private static final int LOGS = 10;
  private static final long LOG_BYTES_MAX = 20L << 20;
  private static final int KEY_BYTES = 32;

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final Surroundings around;

  @Option(names = "--to", paramLabel = "FILE", description = "The ZIP to write. Default: here.")
  private @Nullable Path to;

  @Option(
      names = "--paths",
      description = "Shows which label stands for which path, to be read here; writes nothing.")
  private boolean paths;

  /// What is in it, and how many bytes.
  private final Map<String, Long> held = new LinkedHashMap<>();

  private PathLabels labels = new PathLabels(path -> path);

  BundleCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Home home = around.home();
    labels = labels(home);
    if (paths) {
      labels.known().forEach((label, path) -> around.terminal().out().println(label + "  " + path));
      around.terminal().out().flush();
      return Main.ExitCodes.GOOD;
    }
    Instant now = around.clock().instant();
    Path file = to == null ? Path.of("serdab-bundle-" + STAMP.format(now) + ".zip") : to;
    file = file.toAbsolutePath().normalize();
    boolean isWhole = false;
    boolean isOurs = false;
    try (ZipOutputStream zip = new ZipOutputStream(newFile(file), StandardCharsets.UTF_8)) {
      isOurs = true;
      put(zip, "environment.json", environment(home, now));
      if (Files.isRegularFile(home.configuration())) {
        put(zip, "serdab.toml", configuration(home));
      }
      if (home.exists()) {
        put(zip, "catalogue.json", catalogue(home));
      }
      reports(zip, home);
      logs(zip, home);
      zip.finish();
      isWhole = true;
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "bundle-not-written",
              "The file " + file + " cannot be written, or is there already.",
              "Name another with --to."),
          e);
    } finally {
      if (isOurs && !isWhole) {
        discard(file);
      }
    }
    around.terminal().out().println(file);
    held.forEach((name, bytes) ->
        around.terminal().out().printf("  %8s  %s%n", TerminalProgress.Sizes.text(bytes), name));
    around.terminal().out().flush();
    return Main.ExitCodes.GOOD;
  }

  /// Learns the paths that the bundle's texts name.
  private PathLabels labels(Home home) {
    PathLabels known = null;
    if (home.exists()) {
      try (Wiring wiring = new Wiring(around);
          Catalogue catalogue = wiring.catalogue(home)) {
        known = labels(home, catalogue::pathLabel);
        for (Catalogue.UsedPlace place : catalogue.sources()) {
          known.know(List.of(place.spec(), place.id()));
        }
        for (Catalogue.UsedPlace place : catalogue.destinations()) {
          known.know(List.of(place.spec()));
        }
      } catch (SerdabException e) {
        known = null;
      }
    }
    if (known == null) {
      // Without the catalogue's key a label cannot be found again, but it still hides the path.
      byte[] key = new byte[KEY_BYTES];
      around.random().nextBytes(key);
      known = labels(home, path -> StudyLabel.ofPath(key, path));
    }
    return known.home(home.folder().toString());
  }

  private static PathLabels labels(Home home, UnaryOperator<String> label) {
    PathLabels labels = new PathLabels(label);
    return Files.isRegularFile(home.configuration())
        ? labels.knowThoseOf(new String(configuration(home), StandardCharsets.UTF_8))
        : labels;
  }

  private static void discard(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The failure that is told names the file.
    }
  }

  /// Readable by its owner only, and never over a file that is there.
  private static java.io.OutputStream newFile(Path file) throws IOException {
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      return Files.newOutputStream(file, StandardOpenOption.WRITE);
    }
    return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    byte[] clean =
        labels
            .cleanDocument(new String(content, StandardCharsets.UTF_8))
            .getBytes(StandardCharsets.UTF_8);
    zip.putNextEntry(new ZipEntry(name));
    zip.write(clean);
    zip.closeEntry();
    held.put(name, (long) clean.length);
  }

  private byte[] environment(Home home, Instant now) {
    return json(writer -> {
      writer.writeStringProperty("writtenBy", Wiring.WRITTEN_BY);
      writer.writeStringProperty("at", now.toString());
      writer.writeStringProperty("java", System.getProperty("java.runtime.version", ""));
      writer.writeStringProperty("os", around.osName());
      writer.writeStringProperty("osVersion", System.getProperty("os.version", ""));
      writer.writeStringProperty("architecture", System.getProperty("os.arch", ""));
      writer.writeNumberProperty("processors", Runtime.getRuntime().availableProcessors());
      writer.writeNumberProperty("heapBytesMax", Runtime.getRuntime().maxMemory());
      writer.writeStringProperty("timeZone", ZoneId.systemDefault().getId());
      writer.writeNumberProperty("homeBytesFree", home.folder().toFile().getUsableSpace());
    });
  }

  private static byte[] configuration(Home home) {
    try {
      return Configuration.read(home.configuration(), ZoneId.systemDefault())
          .plansTextWithoutStudies()
          .getBytes(StandardCharsets.UTF_8);
    } catch (SerdabException e) {
      // What is wrong with it is what support wants to know; the file itself may hold a secret.
      // In quotes, so that the paths in it are found.
      return ("# It cannot be read: \"" + e.problem().text().replace('"', '\'') + "\"\n")
          .replace("\n", "\n# ")
          .getBytes(StandardCharsets.UTF_8);
    }
  }

  /// What the catalogue says; when it cannot be read, that: then help is needed most.
  private byte[] catalogue(Home home) {
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      return catalogue(catalogue);
    } catch (SerdabException e) {
      return json(writer -> ReportPrinter.problem(writer, e.problem()));
    }
  }

  private static byte[] catalogue(Catalogue catalogue) {
    return json(writer -> {
      writer.writeArrayPropertyStart("runs");
      List<RunRow> runs = catalogue.runs(RUNS);
      for (RunRow run : runs) {
        writer.writeStartObject();
        writer.writeNumberProperty("run", run.id());
        writer.writeStringProperty("kind", run.kind());
        writer.writeStringProperty("planHash", run.planHash());
        writer.writeStringProperty("startedAt", run.startedAt().toString());
        writer.writeStringProperty("endedAt", run.endedAt().map(Instant::toString).orElse(""));
        writer.writeStringProperty("outcome", run.outcome());
        writer.writeNumberProperty("listed", run.totals().listed());
        writer.writeNumberProperty("selected", run.totals().selected());
        writer.writeNumberProperty("copied", run.totals().copied());
        writer.writeNumberProperty("failed", run.totals().failed());
        writer.writeNumberProperty("incomplete", run.totals().incomplete());
        writer.writeNumberProperty("waiting", run.totals().waiting());
        writer.writeNumberProperty("findings", run.totals().findings());
        writer.writeEndObject();
      }
      writer.writeEndArray();
      places(writer, "sources", catalogue.sources());
      places(writer, "destinations", catalogue.destinations());
      writer.writeObjectPropertyStart("findingsOfTheLastRun");
      if (!runs.isEmpty()) {
        TreeMap<String, Long> kinds = new TreeMap<>();
        try (Stream<Finding> findings = catalogue.findings(runs.getFirst().id())) {
          findings.forEach(finding -> kinds.merge(finding.kind(), 1L, Long::sum));
        }
        kinds.forEach(writer::writeNumberProperty);
      }
      writer.writeEndObject();
    });
  }

  private static void places(
      tools.jackson.core.JsonGenerator writer, String name, List<Catalogue.UsedPlace> places) {
    writer.writeArrayPropertyStart(name);
    for (Catalogue.UsedPlace place : places) {
      writer.writeStartObject();
      writer.writeStringProperty("id", place.id());
      writer.writeStringProperty("address", place.spec());
      writer.writeStringProperty("firstUsedAt", place.firstUsedAt().toString());
      writer.writeStringProperty("lastUsedAt", place.lastUsedAt().toString());
      writer.writeEndObject();
    }
    writer.writeEndArray();
  }

  private static byte[] json(
      java.util.function.Consumer<tools.jackson.core.JsonGenerator> properties) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Json.object(new PrintStream(bytes, false, StandardCharsets.UTF_8), properties);
    return bytes.toByteArray();
  }

  private void reports(ZipOutputStream zip, Home home) throws IOException {
    RunFiles files = new RunFiles(home.reports());
    for (Long run : files.runs().stream().limit(REPORTS).toList()) {
      copy(zip, "reports/", files.file(run, RunFiles.Kind.JSON));
    }
  }

  private void logs(ZipOutputStream zip, Home home) throws IOException {
    if (!Files.isDirectory(home.logs())) {
      return;
    }
    List<Path> logs = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(home.logs(), "serdab*.jsonl")) {
      files.forEach(logs::add);
    }
    Collections.sort(logs);
    long room = LOG_BYTES_MAX;
    for (Path log : logs.reversed().stream().limit(LOGS).toList()) {
      room -= Files.size(log);
      if (room < 0) {
        return;
      }
      copy(zip, "logs/", log);
    }
  }

  private void copy(ZipOutputStream zip, String folder, Path file) throws IOException {
    // Logs that were cut off in the middle of a letter are still worth reading.
    put(zip, folder + file.getFileName(), Files.readAllBytes(file));
  }
}
