package serdab.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunRow;
import serdab.catalogue.StudyRow;

/// `serdab status`: is everything safe, and when did it last run?
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    header = "Says how many studies are safe, which are not, and how the last runs ended.",
    footer = {"", "Example:", "  serdab status --json"})
final class StatusCommand implements Callable<Integer> {

  private static final int RUNS_SHOWN = 5;

  private final Surroundings around;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  @Option(
      names = "--paths",
      description = "Says where everything is: configuration, catalogue, logs, lock, issues.")
  private boolean paths;

  StatusCommand(Surroundings around) {
    this.around = around;
  }

  /// What is counted of one source.
  private static final class Count {
    private long studies;
    private long proven;
    private long notCopied;
    private long incomplete;
    private long failing;
    private long waiting;
    private long notListedAnyMore;
    private final Map<String, Long> byDestination = new LinkedHashMap<>();
  }

  @Override
  public Integer call() {
    if (paths) {
      return new PathTable(around).print(json);
    }
    Home home = around.home();
    if (!home.exists()) {
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-status-v1");
              writer.writeArrayPropertyStart("sources");
              writer.writeEndArray();
              writer.writeArrayPropertyStart("runs");
              writer.writeEndArray();
            });
      } else {
        around.terminal().out().println("Nothing was backed up yet. Run: serdab backup --help");
      }
      return Main.ExitCodes.GOOD;
    }
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      Map<String, Count> sources = count(catalogue);
      List<RunRow> runs = catalogue.runs(RUNS_SHOWN);
      if (json) {
        printJson(sources, runs);
      } else {
        printText(sources, runs);
      }
    }
    return Main.ExitCodes.GOOD;
  }

  private static Map<String, Count> count(Catalogue catalogue) {
    Map<String, Count> sources = new LinkedHashMap<>();
    Map<String, Long> lastRuns = new LinkedHashMap<>();
    try (Stream<Catalogue.StudyWithCopies> studies = catalogue.studiesWithCopies()) {
      studies.forEach(known -> {
        StudyRow row = known.study();
        Count count = sources.computeIfAbsent(row.sourceId(), _ -> new Count());
        long lastRun =
            lastRuns.computeIfAbsent(
                row.sourceId(),
                source -> catalogue.lastGoodRun("backup", source).map(RunRow::id).orElse(0L));
        count.studies++;
        boolean proven = false;
        boolean everyFile = false;
        for (CopyRow copy : known.copies()) {
          if (copy.isProven() && row.version().filter(copy.version()::equals).isPresent()) {
            count.byDestination.merge(copy.destinationId(), 1L, Long::sum);
            proven = true;
            // More files listed than copied: the study grew, and the run that saw it was cut short.
            everyFile |= copy.fileCount() >= row.fileCount();
          }
        }
        if (everyFile && row.missingFiles() == 0 && row.failures() == 0) {
          count.proven++;
        }
        if (!proven) {
          count.notCopied++;
        }
        if (row.missingFiles() > 0) {
          count.incomplete++;
        }
        if (row.failures() > 0) {
          count.failing++;
        }
        if (row.changeSeenAt().isPresent()) {
          count.waiting++;
        }
        if (row.lastSeenRun() < lastRun) {
          count.notListedAnyMore++;
        }
      });
    }
    return sources;
  }

  private void printText(Map<String, Count> sources, List<RunRow> runs) {
    var out = around.terminal().out();
    sources.forEach((source, count) -> {
      out.println(source);
      out.printf(
          "  %d studies: %d with a proven copy of every file, %d not copied, %d incomplete%n",
          count.studies, count.proven, count.notCopied, count.incomplete);
      count.byDestination.forEach((destination, copies) ->
          out.printf("  destination %s: %d proven%n", destination, copies));
      if (count.waiting > 0) {
        out.printf("  %d changed studies wait for a quiet time%n", count.waiting);
      }
      if (count.failing > 0) {
        out.printf("  %d failed before and are tried again later%n", count.failing);
      }
      if (count.notListedAnyMore > 0) {
        out.printf(
            "  %d are in the backup and not in the source any more%n", count.notListedAnyMore);
      }
    });
    Instant now = around.clock().instant();
    for (RunRow run : runs) {
      out.printf(
          "run %d  %-7s %s ago  %s%n",
          run.id(),
          run.kind(),
          TerminalProgress.Sizes.text(Duration.between(run.startedAt(), now)),
          run.outcome().isEmpty() ? "still running, or its process died" : run.outcome());
    }
    out.flush();
  }

  private void printJson(Map<String, Count> sources, List<RunRow> runs) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-status-v1");
          writer.writeArrayPropertyStart("sources");
          sources.forEach((source, count) -> {
            writer.writeStartObject();
            writer.writeStringProperty("source", source);
            writer.writeNumberProperty("studies", count.studies);
            writer.writeNumberProperty("proven", count.proven);
            writer.writeNumberProperty("not_copied", count.notCopied);
            writer.writeNumberProperty("incomplete", count.incomplete);
            writer.writeNumberProperty("failing", count.failing);
            writer.writeNumberProperty("waiting", count.waiting);
            writer.writeNumberProperty("not_listed_any_more", count.notListedAnyMore);
            writer.writeObjectPropertyStart("proven_by_destination");
            count.byDestination.forEach(writer::writeNumberProperty);
            writer.writeEndObject();
            writer.writeEndObject();
          });
          writer.writeEndArray();
          writer.writeArrayPropertyStart("runs");
          for (RunRow run : runs) {
            writer.writeStartObject();
            writer.writeNumberProperty("run", run.id());
            writer.writeStringProperty("kind", run.kind());
            writer.writeStringProperty("started_at", run.startedAt().toString());
            writer.writeStringProperty("ended_at", text(run.endedAt()));
            writer.writeStringProperty("outcome", run.outcome());
            writer.writeNumberProperty("copied", run.totals().copied());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }

  private static String text(Optional<Instant> time) {
    return time.map(Instant::toString).orElse("");
  }
}
