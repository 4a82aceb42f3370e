package serdab.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;

/// What runs of this installation are under way, and what people asked of them: small files in the
/// folder `control`, which every process of this installation sees on every system. A file is made
/// beside and moved into place, so that nobody reads half of one. Thread-safe.
final class Control {

  private static final String UNDER_WAY = "run-";
  private static final String STOP = "stop-";
  private static final String PAUSE = "pause-";
  private static final String ALL = PAUSE + "all";
  private static final String OF_A_PLAN = PAUSE + "plan-";
  private static final String OF_A_RUN = PAUSE + "run-";
  private static final String DRAFT = ".new";

  /// Longer than any of ours.
  private static final int BYTES_MAX = 4096;

  private static final int PLAN_LENGTH_MAX = 1000;

  private final Path folder;

  Control(Home home) {
    this.folder = home.folder().resolve("control");
  }

  /// A run that is going on.
  ///
  /// @param id tells it from all others
  /// @param kind `backup` or `verify`
  /// @param plan the name of its plan; empty text when it has none
  record UnderWay(String id, String kind, String plan, Instant since, String worker) {}

  /// Whom a pause is for.
  sealed interface Whom {
    /// Whatever runs, or would.
    record Everything() implements Whom {}

    /// A plan, also when it is begun later.
    record Plan(String name) implements Whom {}

    /// A run of no plan. It ends with the run.
    record Run(String id) implements Whom {}
  }

  /// A pause.
  ///
  /// @param until when it ends by itself; empty: when somebody ends it
  record Pause(Whom whom, Instant since, Optional<Instant> until) {

    boolean isOver(Instant now) {
      return until.filter(end -> !end.isAfter(now)).isPresent();
    }
  }

  // ---- runs

  /// Notes that a run has begun, and forgets those whose process is gone.
  UnderWay begin(String kind, String plan, Instant now, RandomGenerator random) {
    for (UnderWay old : all()) {
      if (!Worker.isAlive(old.worker())) {
        end(old);
      }
    }
    String id = ProcessHandle.current().pid() + "-" + "%08x".formatted(random.nextInt());
    UnderWay run = new UnderWay(id, kind, plan, now, Wiring.worker());
    write(
        UNDER_WAY + id,
        Map.of(
            "kind", kind, "plan", plan, "since", now.toString(), "worker", run.worker(), "id", id));
    return run;
  }

  /// Forgets a run, and what was asked of it alone.
  void end(UnderWay run) {
    remove(UNDER_WAY + run.id());
    remove(STOP + run.id());
    remove(OF_A_RUN + run.id());
  }

  /// The runs that are going on, the oldest first.
  List<UnderWay> underWay() {
    return all().stream()
        .filter(run -> Worker.isAlive(run.worker()))
        .sorted(Comparator.comparing(UnderWay::since).thenComparing(UnderWay::id))
        .toList();
  }

  private List<UnderWay> all() {
    List<UnderWay> all = new ArrayList<>();
    for (String name : names(UNDER_WAY)) {
      try {
        Map<String, String> lines = read(name);
        all.add(
            new UnderWay(
                name.substring(UNDER_WAY.length()),
                value(lines, "kind"),
                value(lines, "plan"),
                Instant.parse(value(lines, "since")),
                value(lines, "worker")));
      } catch (NoSuchFileException e) {
        // It has just ended.
      } catch (IOException | DateTimeException e) {
        // Of a run nobody can tell which it is; nothing hangs on it.
      }
    }
    return all;
  }

  // ---- stopping

  void askToStop(UnderWay run) {
    write(STOP + run.id(), Map.of());
  }

  boolean isAskedToStop(UnderWay run) {
    return Files.exists(folder.resolve(STOP + run.id()));
  }

  // ---- pausing

  /// Pauses, in place of an earlier pause of the same.
  void pause(Pause pause) {
    Map<String, String> lines = new LinkedHashMap<>();
    if (pause.whom() instanceof Whom.Plan(String plan)) {
      lines.put("plan", plan);
    }
    lines.put("since", pause.since().toString());
    lines.put("until", pause.until().map(Instant::toString).orElse(""));
    write(name(pause.whom()), lines);
  }

  /// Ends a pause.
  ///
  /// @return whether there was one
  boolean resume(Whom whom) {
    return remove(name(whom));
  }

  /// Ends all pauses, those too that cannot be read.
  ///
  /// @return how many there were
  int resumeEverything() {
    int count = 0;
    for (String name : names(PAUSE)) {
      count += remove(name) ? 1 : 0;
    }
    return count;
  }

  /// The pauses that are not over.
  ///
  /// @throws SerdabException.HeldBack `control-not-readable` when one cannot be read
  List<Pause> pauses(Instant now) {
    List<Pause> pauses = new ArrayList<>();
    for (String name : names(PAUSE)) {
      pause(name).filter(pause -> !pause.isOver(now)).ifPresent(pauses::add);
    }
    return pauses;
  }

  /// The pause that holds for a run, or would; that of everything before others.
  ///
  /// @param plan empty text for a run of none
  /// @param run empty before it has begun
  /// @throws SerdabException.HeldBack `control-not-readable` when it cannot be read
  Optional<Pause> pauseOf(String plan, Optional<UnderWay> run, Instant now) {
    List<String> names = new ArrayList<>(List.of(ALL));
    if (!plan.isEmpty()) {
      names.add(name(new Whom.Plan(plan)));
    }
    run.ifPresent(under -> names.add(name(new Whom.Run(under.id()))));
    for (String name : names) {
      Optional<Pause> pause = pause(name).filter(each -> !each.isOver(now));
      if (pause.isPresent()) {
        return pause;
      }
    }
    return Optional.empty();
  }

  private Optional<Pause> pause(String name) {
    try {
      Map<String, String> lines = read(name);
      String until = value(lines, "until");
      Whom whom =
          name.equals(ALL)
              ? new Whom.Everything()
              : name.startsWith(OF_A_RUN)
                  ? new Whom.Run(name.substring(OF_A_RUN.length()))
                  : new Whom.Plan(value(lines, "plan"));
      return Optional.of(
          new Pause(
              whom,
              Instant.parse(value(lines, "since")),
              until.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(until))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | DateTimeException e) {
      throw new SerdabException.HeldBack(
          new Problem(
              "control-not-readable",
              "The file " + folder.resolve(name) + " says what is paused, and cannot be read.",
              "Nothing runs until that is clear. To end every pause and remove it: serdab resume"
                  + " --all"),
          e);
    }
  }

  private static String name(Whom whom) {
    return switch (whom) {
      case Whom.Everything _ -> ALL;
      case Whom.Plan(String plan) ->
          OF_A_PLAN + Sha256.digest(plan.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
      case Whom.Run(String id) -> OF_A_RUN + id;
    };
  }

  // ---- files

  private List<String> names(String beginning) {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, beginning + "*")) {
      for (Path each : all) {
        String name = each.getFileName().toString();
        if (!name.endsWith(DRAFT)) {
          names.add(name);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw notUsable(e);
    }
    names.sort(Comparator.naturalOrder());
    return names;
  }

  private Map<String, String> read(String name) throws IOException {
    Path file = folder.resolve(name);
    if (Files.size(file) > BYTES_MAX) {
      throw new IOException("it is too long");
    }
    Map<String, String> lines = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      int equals = line.indexOf('=');
      if (equals < 0) {
        throw new IOException("it has a line that says nothing");
      }
      lines.put(line.substring(0, equals), line.substring(equals + 1));
    }
    return lines;
  }

  private static String value(Map<String, String> lines, String key) throws IOException {
    String value = lines.get(key);
    if (value == null) {
      throw new IOException("it does not say " + key);
    }
    return value;
  }

  private void write(String name, Map<String, String> lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach((key, value) -> {
      String line = value.length() > PLAN_LENGTH_MAX ? value.substring(0, PLAN_LENGTH_MAX) : value;
      text.append(key).append('=').append(line.replaceAll("[\\r\\n]", " ")).append('\n');
    });
    try {
      Files.createDirectories(folder);
      Path draft = folder.resolve(name + "-" + ProcessHandle.current().pid() + DRAFT);
      Files.writeString(draft, text, StandardCharsets.UTF_8);
      Files.move(draft, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw notUsable(e);
    }
  }

  private boolean remove(String name) {
    try {
      return Files.deleteIfExists(folder.resolve(name));
    } catch (IOException e) {
      throw notUsable(e);
    }
  }

  private SerdabException.Misconfigured notUsable(IOException e) {
    return new SerdabException.Misconfigured(
        new Problem(
            "home-not-writable",
            "The folder " + folder + ", by which runs are paused and stopped, cannot be used.",
            "Make it readable and writable, or name another folder as SERDAB_HOME."),
        e);
  }
}
