package serdab.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.report.RunPage;
import serdab.report.RunSummary;
import serdab.report.RunTable;

/// The written reports of runs, in a folder of this installation: `run-N.json`, `run-N.csv` and
/// `run-N.html`. They name studies by label. The newest [#KEPT] are kept.
final class RunFiles {

  static final int KEPT = 200;

  private static final String PREFIX = "run-";
  private static final int LISTED_MAX = 10_000;

  private final Path folder;

  RunFiles(Path folder) {
    this.folder = folder;
  }

  /// The kinds of report, by the ending of their files.
  enum Kind {
    HTML,
    CSV,
    JSON;

    String ending() {
      return "." + name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /// Writes the reports of a run.
  ///
  /// @return the page for people
  Path write(RunSummary run) throws IOException {
    Files.createDirectories(folder);
    long number = run.report().run();
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(json, false, StandardCharsets.UTF_8);
    ReportPrinter.printJson(run.report(), run.warnings(), out, false);
    put(number, Kind.JSON, json.toByteArray());
    put(number, Kind.CSV, RunTable.csv(run.report()).getBytes(StandardCharsets.UTF_8));
    put(number, Kind.HTML, RunPage.html(run).getBytes(StandardCharsets.UTF_8));
    removeOld(number);
    return file(number, Kind.HTML);
  }

  private void put(long run, Kind kind, byte[] content) throws IOException {
    Path file = file(run, kind);
    Path part = file.resolveSibling("." + file.getFileName() + ".part");
    Files.write(part, content);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  Path file(long run, Kind kind) {
    return folder.resolve(PREFIX + run + kind.ending());
  }

  /// A run that has a report, and when that was written.
  private record Dated(long run, FileTime at) {}

  /// The runs that have a report, the newest first. By the time of writing: after a catalogue was
  /// lost the numbers of runs begin anew.
  List<Long> runs() throws IOException {
    List<Dated> runs = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*.json")) {
      for (Path file : files) {
        OptionalLong run = number(file.getFileName().toString());
        if (run.isPresent() && runs.size() < LISTED_MAX) {
          runs.add(new Dated(run.getAsLong(), Files.getLastModifiedTime(file)));
        }
      }
    }
    runs.sort(Comparator.comparing(Dated::at).thenComparingLong(Dated::run).reversed());
    return runs.stream().map(Dated::run).toList();
  }

  Optional<Long> newest() throws IOException {
    return runs().stream().findFirst();
  }

  private static OptionalLong number(String name) {
    try {
      int end = name.lastIndexOf('.');
      return OptionalLong.of(Long.parseLong(name.substring(PREFIX.length(), end)));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      return OptionalLong.empty();
    }
  }

  private void removeOld(long written) throws IOException {
    List<Long> runs = runs();
    for (int i = KEPT; i < runs.size(); i++) {
      if (runs.get(i) == written) {
        continue; // Under a clock that was set back.
      }
      for (Kind kind : Kind.values()) {
        Files.deleteIfExists(file(runs.get(i), kind));
      }
    }
  }
}
