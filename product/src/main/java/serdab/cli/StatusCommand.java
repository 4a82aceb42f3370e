package serdab.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Depth;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Rejected;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;
import serdab.plan.Configuration;
import serdab.report.SourceHealthFact;
import serdab.report.Status;
import serdab.report.StatusReader;
import serdab.repository.KeyWork;
import serdab.store.BlobStore;
import tools.jackson.core.JsonGenerator;

/// `serdab status`: is everything safe, and when did it last run?
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    header = "Says in one sentence whether every study is safe, then plan by plan.",
    description = {
      "",
      "Exit code: 0 when everything is safe, 3 when anything is not. docs/status.md has the rules.",
      "",
      "With --safe-to-delete it lists the studies that have proven copies on at least two",
      "different media. It deletes nothing."
    },
    footer = {
      "",
      "Examples:",
      "  serdab status",
      "  serdab status --json",
      "  serdab status --safe-to-delete --date 2015-01-01..2015-12-31"
    })
final class StatusCommand implements Callable<Integer> {

  private static final int RUNS_SHOWN = 5;

  /// A network volume that went to sleep is not waited for.
  private static final Duration PLACE_WITHIN = Duration.ofMillis(500);

  private static final Duration NODE_WITHIN = Duration.ofSeconds(2);

  private final Surroundings around;

  @Option(
      names = "--safe-to-delete",
      description =
          "Lists studies with proven copies on at least two different media; deletes nothing.")
  private boolean safeToDelete;

  @Option(
      names = "--date",
      paramLabel = "A..B",
      description = "With --safe-to-delete: study dates, both included: 2015-01-01..2015-12-31.")
  private @Nullable String date;

  @Option(
      names = "--proven-within",
      paramLabel = "DAYS",
      defaultValue = "90",
      description =
          "With --safe-to-delete: each copy was read back in the last so many days. Default:"
              + " ${DEFAULT-VALUE}.")
  private int provenWithin = 90;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  @Option(
      names = "--paths",
      description = "Says where everything is: configuration, catalogue, logs, lock, issues.")
  private boolean paths;

  StatusCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (paths) {
      return new PathTable(around).print(json);
    }
    if (safeToDelete) {
      return new SafeToDeleteList(around, json).print(range(), days());
    }
    if (date != null) {
      throw wrong("--date is for --safe-to-delete.", "Run: serdab status --help");
    }
    Home home = around.home();
    if (!home.exists()) {
      return nothingYet();
    }
    Optional<Configuration> configuration = configuration(home);
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      Status status =
          new StatusReader(
                  catalogue,
                  configuration,
                  around.clock().instant(),
                  StatusCommand::address,
                  Worker::isAlive)
              .read();
      Map<String, There> free = free(status);
      List<RunRow> runs = catalogue.runs(RUNS_SHOWN);
      Rejected.Totals rejected = catalogue.rejected().totals();
      List<Control.Pause> paused = paused(home);
      if (json) {
        printJson(status, free, runs, sources(catalogue), rejected, paused);
      } else {
        printText(status, free, runs, rejected, paused);
      }
      return status.safe() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
    }
  }

  private DateRange range() {
    if (date == null) {
      throw wrong(
          "--safe-to-delete needs --date.",
          "Add the study dates, such as: --date 2015-01-01..2015-12-31");
    }
    return DateRange.parse("--date", date);
  }

  private Duration days() {
    if (provenWithin < 1) {
      throw wrong("--proven-within must be at least 1 day.", "Run: serdab status --help");
    }
    return Duration.ofDays(provenWithin);
  }

  private static SerdabException.Misconfigured wrong(String what, String next) {
    return new SerdabException.Misconfigured(new Problem("wrong-option", what, next));
  }

  static Optional<Configuration> configuration(Home home) {
    return Files.isRegularFile(home.configuration())
        ? Optional.of(Configuration.read(home.configuration(), ZoneId.systemDefault()))
        : Optional.empty();
  }

  /// One spelling of a destination's specification; what is of no known kind stays as it is.
  static String address(String specification) {
    return Wiring.isDestination(specification) ? Wiring.address(specification) : specification;
  }

  /// One that cannot be read is told, and keeps nobody from the rest.
  private List<Control.Pause> paused(Home home) {
    try {
      return new Control(home).pauses(around.clock().instant());
    } catch (SerdabException.HeldBack e) {
      around.terminal().warn(e.problem());
      return List.of();
    }
  }

  private int nothingYet() {
    if (json) {
      printJson(
          Status.beforeTheFirst(),
          Map.of(),
          List.of(),
          Map.of(),
          new Rejected.Totals(0, 0),
          List.of());
    } else {
      around.terminal().out().println(sentence(Status.beforeTheFirst()));
    }
    return Main.ExitCodes.INCOMPLETE;
  }

  /// All sources that were ever used.
  private static Map<String, Safety.OfSource> sources(Catalogue catalogue) {
    Map<String, Safety.OfSource> sources = new LinkedHashMap<>();
    for (Catalogue.UsedPlace source : catalogue.sources()) {
      long lastGood = catalogue.lastGoodRun("backup", source.id()).map(RunRow::id).orElse(0L);
      Safety.OfSource counts = catalogue.safety().ofSource(source.id(), lastGood);
      if (counts.studies() > 0) {
        sources.put(source.id(), counts);
      }
    }
    return sources;
  }

  // ---- room on the destinations, and keys of repositories

  /// What a destination that is there says of itself.
  ///
  /// @param keys the newest generation of a repository's keys
  private record There(boolean answers, OptionalLong free, Optional<KeyWork.KeyGeneration> keys) {
    static final There NOT = new There(false, OptionalLong.empty(), Optional.empty());
  }

  /// How much is free on each destination that is there; empty where nobody answers in time.
  private Map<String, There> free(Status status) {
    Map<String, There> free = new java.util.concurrent.ConcurrentHashMap<>();
    List<Thread> threads =
        status.plans().stream()
            .flatMap(plan -> plan.destinations().stream())
            .map(Status.DestinationStatus::address)
            .distinct()
            .filter(Wiring::isDestination)
            .map(address ->
                Thread.ofPlatform()
                    .daemon(true)
                    .name("space")
                    .start(() -> free.put(address, look(address))))
            .toList();
    boolean nodes =
        status.plans().stream()
            .flatMap(plan -> plan.destinations().stream())
            .anyMatch(destination -> Nodes.isNode(destination.address()));
    long until = System.nanoTime() + (nodes ? NODE_WITHIN : PLACE_WITHIN).toNanos();
    for (Thread thread : threads) {
      try {
        boolean _ = thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return Map.copyOf(free);
  }

  /// A node tells nobody how much room it has.
  private There look(String address) {
    if (Nodes.isNode(address)) {
      return new There(new Nodes(around).answers(address), OptionalLong.empty(), Optional.empty());
    }
    OptionalLong usable = usable(address);
    return new There(usable.isPresent(), usable, keys(address));
  }

  /// A repository that cannot be understood is no news of its keys; other commands tell of it.
  private Optional<KeyWork.KeyGeneration> keys(String address) {
    if (!Wiring.isRepository(address)) {
      return Optional.empty();
    }
    try (Wiring wiring = new Wiring(around);
        BlobStore place = wiring.placeOfRepository(address)) {
      return Optional.of(
          new KeyWork(place, around.clock(), around.random()).generations().getLast());
    } catch (SerdabException e) {
      return Optional.empty();
    }
  }

  private static OptionalLong usable(String address) {
    try {
      Path folder = Wiring.destinationFolder(address);
      return Files.isDirectory(folder)
          ? OptionalLong.of(Files.getFileStore(folder).getUsableSpace())
          : OptionalLong.empty();
    } catch (java.io.IOException | SerdabException e) {
      return OptionalLong.empty();
    }
  }

  // ---- for people

  private void printText(
      Status status,
      Map<String, There> free,
      List<RunRow> runs,
      Rejected.Totals rejected,
      List<Control.Pause> paused) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    out.println(sentence(status));
    for (Problem reason : status.reasons().stream().skip(1).toList()) {
      out.println("- " + say.line(reason));
    }
    for (Control.Pause pause : paused) {
      out.println(
          say.text(
              "status.paused",
              ControlReport.words(pause.whom(), say),
              since(pause.since()),
              RunControl.resuming(pause.whom())));
    }
    for (Status.PlanStatus plan : status.plans()) {
      out.println();
      out.println(plan.name().isEmpty() ? plan.source() : plan.name() + ": " + plan.source());
      print(plan.counts());
      line(plan.sentConverted(), "status.sent-converted");
      for (Status.DestinationStatus destination : plan.destinations()) {
        print(destination, free.getOrDefault(destination.address(), There.NOT));
      }
      plan.lastRun()
          .ifPresent(run ->
              out.println(
                  say.text(
                      "status.last-run",
                      since(run.startedAt()),
                      plan.running() ? say.text("status.running") : outcome(run))));
      plan.health().ifPresent(this::print);
    }
    if (rejected.instances() > 0) {
      out.println();
      out.println(say.text("status.rejected", rejected.instances(), rejected.studies()));
    }
    if (!runs.isEmpty()) {
      out.println();
    }
    for (RunRow run : runs) {
      out.println(
          say.text(
              "status.run",
              run.id(),
              String.format("%-7s", run.kind()),
              since(run.startedAt()),
              outcome(run)));
    }
    out.flush();
  }

  /// What a person reads first, in the person's language.
  private String sentence(Status status) {
    Messages say = around.terminal().messages();
    if (say.isEnglish()) {
      return status.sentence();
    }
    if (status.safe()) {
      boolean all = status.plans().stream().allMatch(plan -> plan.counts().notWanted() == 0);
      return say.text(
          "status.all-safe", status.studies(), all ? 0 : 1, say.length(sinceLastProof(status)));
    }
    long notProven = status.studies() - status.safeStudies();
    Problem worst = status.reasons().getFirst();
    String first =
        worst.code().equals("studies-not-proven") && notProven > 0
            ? say.text("status.not-proven", notProven, status.studies())
            : say.line(worst);
    int more = status.reasons().size() - 1;
    return more == 0 ? first : first + " " + say.text("status.more", more);
  }

  private Duration sinceLastProof(Status status) {
    return status.plans().stream()
        .flatMap(plan -> plan.destinations().stream())
        .flatMap(destination -> destination.copies().newestProof().stream())
        .max(Instant::compareTo)
        .map(at -> Duration.between(at, around.clock().instant()))
        .orElse(Duration.ZERO);
  }

  private void print(Safety.Counts counts) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    out.print(say.text("status.studies", counts.studies(), counts.safeStudies()));
    if (counts.groups() > 0) {
      out.print(say.text("status.groups", counts.groups(), counts.safeGroups()));
    }
    out.println();
    line(counts.neverRead(), "status.never-read");
    line(counts.lacking(), "status.lacking");
    line(counts.incomplete(), "status.incomplete");
    line(counts.failing(), "status.failing");
    line(counts.changed(), "status.changed");
    line(counts.waiting(), "status.waiting");
    line(counts.empty(), "status.empty");
    line(counts.notListed(), "status.not-listed");
    line(counts.lost(), "status.lost");
    line(counts.notWanted(), "status.not-wanted");
    line(counts.erased(), "status.erased");
  }

  private void line(long count, String key) {
    if (count > 0) {
      Messages say = around.terminal().messages();
      around.terminal().out().println(say.text("status.count", count, say.text(key)));
    }
  }

  private void print(Status.DestinationStatus destination, There there) {
    OptionalLong free = there.free();
    Safety.OnDestination copies = destination.copies();
    Messages say = around.terminal().messages();
    StringBuilder depths = new StringBuilder();
    for (Depth depth : Depth.values()) {
      long count = copies.byDepth().getOrDefault(depth, 0L);
      if (count > 0) {
        depths.append(depths.isEmpty() ? " (" : ", ");
        depths.append(say.text("status.depth", count, depth.name()));
      }
    }
    depths.append(depths.isEmpty() ? "" : ")");
    around
        .terminal()
        .out()
        .println(
            say.text(
                "status.proven",
                destination.address(),
                copies.proven(),
                depths.toString(),
                copies.oldestProof().map(at -> say.text("status.read-back", since(at))).orElse(""),
                (copies.bad() > 0 ? say.text("status.damaged", copies.bad()) : "")
                    + (copies.gone() > 0 ? say.text("status.gone", copies.gone()) : ""),
                copies.unseen() > 0 ? say.text("status.not-looked-at", copies.unseen()) : "",
                free.isPresent()
                    ? say.text("status.free", TerminalProgress.Sizes.text(free.getAsLong()))
                    : there.answers() ? "" : say.text("status.not-reachable")));
    there
        .keys()
        .ifPresent(keys ->
            around
                .terminal()
                .out()
                .println(say.text("status.keys", keys.number(), since(keys.madeAt()))));
  }

  private void print(SourceHealthFact health) {
    if (health.filesOnDisk().isPresent() && health.filesInIndex().isPresent()) {
      around
          .terminal()
          .out()
          .println(
              around
                  .terminal()
                  .messages()
                  .text(
                      "status.on-disk",
                      health.filesOnDisk().getAsLong(),
                      health.filesInIndex().getAsLong()));
    }
  }

  private String since(Instant time) {
    Duration passed = Duration.between(time, around.clock().instant());
    return passed.toDays() >= 2
        ? around.terminal().messages().text("time.days", passed.toDays())
        : TerminalProgress.Sizes.text(passed.isNegative() ? Duration.ZERO : passed);
  }

  private String outcome(RunRow run) {
    Messages say = around.terminal().messages();
    return run.outcome().isEmpty()
        ? say.text("status.no-end")
        : say.known("status.outcome-" + run.outcome()).orElse(run.outcome());
  }

  // ---- for programs

  private void printJson(
      Status status,
      Map<String, There> free,
      List<RunRow> runs,
      Map<String, Safety.OfSource> sources,
      Rejected.Totals rejected,
      List<Control.Pause> paused) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-status-v1");
          writer.writeStringProperty("sentence", status.sentence());
          writer.writeBooleanProperty("safe", status.safe());
          writer.writeArrayPropertyStart("reasons");
          for (Problem reason : status.reasons()) {
            writer.writeStartObject();
            ReportPrinter.problem(writer, reason);
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeNumberProperty("studies", status.studies());
          writer.writeNumberProperty("safe_studies", status.safeStudies());
          writer.writeNumberProperty("rejected_instances", rejected.instances());
          writer.writeNumberProperty("studies_with_rejected", rejected.studies());
          ControlReport.writePauses(writer, paused);
          writer.writeArrayPropertyStart("plans");
          status.plans().forEach(plan -> write(writer, plan, free));
          writer.writeEndArray();
          writer.writeArrayPropertyStart("sources");
          sources.forEach((source, counts) -> write(writer, source, counts));
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

  private static void write(JsonGenerator writer, Status.PlanStatus plan, Map<String, There> free) {
    Safety.Counts counts = plan.counts();
    writer.writeStartObject();
    writer.writeStringProperty("plan", plan.name());
    writer.writeStringProperty("source", plan.source());
    writer.writeNumberProperty("studies", counts.studies());
    writer.writeNumberProperty("safe_studies", counts.safeStudies());
    writer.writeNumberProperty("groups", counts.groups());
    writer.writeNumberProperty("safe_groups", counts.safeGroups());
    writer.writeNumberProperty("never_copied", counts.neverRead());
    writer.writeNumberProperty("lacking", counts.lacking());
    writer.writeNumberProperty("incomplete", counts.incomplete());
    writer.writeNumberProperty("failing", counts.failing());
    writer.writeNumberProperty("changed", counts.changed());
    writer.writeNumberProperty("waiting", counts.waiting());
    writer.writeNumberProperty("empty", counts.empty());
    writer.writeNumberProperty("not_listed_any_more", counts.notListed());
    writer.writeNumberProperty("lost", counts.lost());
    writer.writeNumberProperty("not_selected", counts.notWanted());
    writer.writeNumberProperty("erased", counts.erased());
    writer.writeNumberProperty("sent_converted", plan.sentConverted());
    writer.writeBooleanProperty("running", plan.running());
    writer.writeStringProperty("last_run_at", text(plan.lastRun().map(RunRow::startedAt)));
    writer.writeStringProperty("last_good_at", text(plan.lastGood().flatMap(RunRow::endedAt)));
    writer.writeArrayPropertyStart("destinations");
    for (Status.DestinationStatus destination : plan.destinations()) {
      Safety.OnDestination copies = destination.copies();
      writer.writeStartObject();
      writer.writeStringProperty("destination", copies.id());
      writer.writeStringProperty("address", destination.address());
      writer.writeNumberProperty("proven", copies.proven());
      writer.writeObjectPropertyStart("by_depth");
      for (Depth depth : Depth.values()) {
        if (copies.byDepth().containsKey(depth)) {
          writer.writeNumberProperty(depth.name(), copies.byDepth().getOrDefault(depth, 0L));
        }
      }
      writer.writeEndObject();
      writer.writeNumberProperty("damaged", copies.bad());
      writer.writeNumberProperty("gone", copies.gone());
      writer.writeNumberProperty("not_looked_at", copies.unseen());
      writer.writeStringProperty("oldest_proof", text(copies.oldestProof()));
      writer.writeStringProperty("newest_proof", text(copies.newestProof()));
      writer.writeStringProperty("last_used_at", text(destination.lastUsedAt()));
      There there = free.getOrDefault(destination.address(), There.NOT);
      OptionalLong bytes = there.free();
      writer.writeBooleanProperty("reachable", there.answers());
      writer.writeNumberProperty("free_bytes", bytes.orElse(0));
      writer.writeNumberProperty(
          "key_generation", there.keys().map(KeyWork.KeyGeneration::number).orElse(0));
      writer.writeStringProperty(
          "keys_made_at", text(there.keys().map(KeyWork.KeyGeneration::madeAt)));
      writer.writeEndObject();
    }
    writer.writeEndArray();
    writer.writeEndObject();
  }

  private static void write(JsonGenerator writer, String source, Safety.OfSource counts) {
    writer.writeStartObject();
    writer.writeStringProperty("source", source);
    writer.writeNumberProperty("studies", counts.studies());
    writer.writeNumberProperty("proven", counts.proven());
    writer.writeNumberProperty("not_copied", counts.notCopied());
    writer.writeNumberProperty("incomplete", counts.incomplete());
    writer.writeNumberProperty("failing", counts.failing());
    writer.writeNumberProperty("waiting", counts.waiting());
    writer.writeNumberProperty("not_listed_any_more", counts.notListed());
    writer.writeObjectPropertyStart("proven_by_destination");
    counts.provenByDestination().forEach(writer::writeNumberProperty);
    writer.writeEndObject();
    writer.writeEndObject();
  }

  private static String text(Optional<Instant> time) {
    return time.map(Instant::toString).orElse("");
  }
}
