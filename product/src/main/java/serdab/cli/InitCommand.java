package serdab.cli;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Safeguards;
import serdab.backup.SyncedFolders;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.NamedPlan;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.horos.HorosSource;
import serdab.source.horos.LibrarySearch;
import serdab.source.horos.ViewerPreferences;
import serdab.store.VolumeSentinel;

/// `serdab init`: finds the library, asks where copies shall go, and writes the configuration.
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    header =
        "Sets up this machine: finds libraries, asks where copies go, writes the configuration.",
    description = {
      "At a terminal it asks; elsewhere, or with --yes, options answer. It copies nothing and writes",
      "nothing to a library. A destination gets a small file that tells its disk from others."
    },
    footer = {
      "",
      "Examples:",
      "  serdab init",
      "  serdab init --from \"$HOME/Documents/Horos Data\" --to zip:/Volumes/Backup --yes",
      "  serdab init --like horos-script             (the settings of the Horos backup script)"
    })
final class InitCommand implements Callable<Integer> {

  /// How long one place is searched for libraries.
  private static final long SEARCH_NANOS_MAX = 5_000_000_000L;

  /// Counting the studies of a larger index is not cheap.
  private static final long INDEX_BYTES_TO_COUNT_MAX = 64L << 20;

  private static final int ANCESTORS_MAX = 64;

  private final Surroundings around;

  @Option(
      names = "--from",
      paramLabel = "SOURCE",
      description = "A library or folder to back up. Repeatable. Default: asks, or what is found.")
  private List<String> from = List.of();

  @Option(
      names = "--to",
      paramLabel = "DEST",
      description = "Where copies go: zip:PATH, or a path. Repeatable. Default: asks.")
  private List<String> to = List.of();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "daily",
      description = "What the plan is called. Default: ${DEFAULT-VALUE}.")
  private String name = "daily";

  @Option(
      names = "--like",
      paramLabel = "SET",
      description =
          "Settings as one set: horos-script (CT and MR, 15 per run, 1 s, every 10 minutes, import"
              + " guard 25,000, by study date, /Volumes/PACS).")
  private @Nullable String like;

  @Option(
      names = "--volume",
      paramLabel = "FOLDER",
      description = "With --like: the volume that library and copies are on, if another.")
  private @Nullable Path volume;

  @Option(
      names = "--zone",
      paramLabel = "ZONE",
      description = "The time zone of the viewer's dates, such as Europe/Berlin. Default: here.")
  private @Nullable String zone;

  @Option(
      names = "--search",
      paramLabel = "FOLDER",
      description = "Looks for libraries below this folder instead of on all volumes. Repeatable.")
  private List<Path> search = List.of();

  @Option(
      names = "--mark-source",
      description =
          "Also writes the small file that tells disks apart at the top of the source's volume;"
              + " nothing else is ever written there.")
  private boolean markSource;

  @Option(names = "--yes", description = "Asks nothing: takes what is found and what is usual.")
  private boolean yes;

  @Option(
      names = "--force",
      description = "Writes a new configuration; the old one is kept as serdab.toml.1.")
  private boolean force;

  @Option(names = "--dry-run", description = "Prints the configuration, and writes nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Prints what was done as JSON.")
  private boolean json;

  private final List<Problem> warnings = new ArrayList<>();

  InitCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Home home = around.home();
    Messages say = around.terminal().messages();
    if (!force && !dryRun) {
      ConfigurationFile.refuseThere(home.configuration());
    }
    if (like != null && !like.equals(ScriptDefaults.NAME)) {
      throw wrong("--like is " + like + "; it must be " + ScriptDefaults.NAME + ".");
    }
    List<ViewerPreferences> preferences = ViewerPreferences.find(around.userHome());
    boolean asks = around.terminal().interactive() && !yes && !json;
    Dialogue dialogue = new Dialogue(around.terminal());
    List<String> sources = sources(asks ? Optional.of(dialogue) : Optional.empty(), home);
    List<String> destinations =
        destinations(asks ? Optional.of(dialogue) : Optional.empty(), sources);
    Configuration configuration = configuration(sources, destinations);
    String text = Preface.of(around.clock().instant(), preferences) + configuration.text();
    // Said before anything is made: a wrong name or path, with the place it would have there.
    Configuration _ = Configuration.parse(text, home.configuration().toString(), zone());
    if (dryRun) {
      warnings.forEach(around.terminal()::warn);
      around.terminal().out().print(text);
      around.terminal().out().flush();
      return Main.ExitCodes.GOOD;
    }
    if (asks) {
      warnings.forEach(warning -> dialogue.say(say.warning(warning)));
      if (!dialogue.confirm(say.text("init.write", home.configuration()), true)) {
        dialogue.say(say.text("init.not-written"));
        return Main.ExitCodes.GOOD;
      }
    } else {
      warnings.forEach(around.terminal()::warn);
    }
    List<Path> marked = mark(sources, destinations);
    home.make();
    Optional<Path> kept = ConfigurationFile.write(home.configuration(), text);
    print(configuration, marked, kept, preferences);
    return Main.ExitCodes.GOOD;
  }

  // ---- sources

  private List<String> sources(Optional<Dialogue> dialogue, Home home) {
    if (!from.isEmpty()) {
      List<String> whole = from.stream().map(InitCommand::wholeSource).toList();
      whole.forEach(source ->
          missing(source)
              .ifPresent(what -> {
                throw wrong(what);
              }));
      return whole;
    }
    if (like != null) {
      Path library = ScriptDefaults.library(volume());
      missing(library.toString()).ifPresent(what -> warnings.add(notConnected(what)));
      return List.of(library.toString());
    }
    List<Path> found =
        new LibrarySearch(around.userHome(), places(), SEARCH_NANOS_MAX, System::nanoTime).find();
    if (dialogue.isPresent()) {
      return askSources(dialogue.get(), found, home);
    }
    if (yes && found.size() == 1) {
      return List.of(found.getFirst().toString());
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "source-not-given",
            found.isEmpty()
                ? "No library was found, and no source was given."
                : "Which library to back up was not said. Found: "
                    + String.join(", ", found.stream().map(Path::toString).toList())
                    + ".",
            "Name it: serdab init --from PATH --to zip:PATH"));
  }

  private List<LibrarySearch.Place> places() {
    return search.isEmpty()
        ? LibrarySearch.usualPlaces()
        : search.stream().map(folder -> new LibrarySearch.Place(absolute(folder), 3)).toList();
  }

  private List<String> askSources(Dialogue dialogue, List<Path> found, Home home) {
    Messages say = around.terminal().messages();
    if (found.isEmpty()) {
      dialogue.say(say.text("init.none-found"));
    } else {
      dialogue.say(say.text("init.found"));
      for (int i = 0; i < found.size(); i++) {
        dialogue.say("  " + (i + 1) + "  " + found.get(i) + size(found.get(i), home));
      }
    }
    String answer =
        dialogue.ask(
            found.isEmpty() ? say.text("init.which-folder") : say.text("init.which"),
            found.isEmpty() ? "" : "1",
            text -> {
              try {
                return chosen(text, found).stream()
                    .map(InitCommand::missing)
                    .flatMap(Optional::stream)
                    .findFirst();
              } catch (SerdabException.Misconfigured e) {
                return Optional.of(e.problem().what());
              }
            });
    return chosen(answer, found);
  }

  private static List<String> chosen(String answer, List<Path> found) {
    if (!answer.matches("[\\d, ]{1,100}")) {
      return List.of(wholeSource(answer));
    }
    Set<String> chosen = new LinkedHashSet<>();
    for (String number : answer.split("[, ]+", -1)) {
      if (number.isEmpty()) {
        continue;
      }
      int index = number.length() > 4 ? 0 : Integer.parseInt(number);
      if (index < 1 || index > found.size()) {
        throw wrong("There is no number " + number + " in the list.");
      }
      chosen.add(found.get(index - 1).toString());
    }
    return List.copyOf(chosen);
  }

  /// How many studies, when that is cheap to know; else how large the index is.
  private String size(Path library, Home home) {
    Messages say = around.terminal().messages();
    try {
      long bytes = Files.size(library.resolve("Database.sql"));
      OptionalLong studies =
          bytes <= INDEX_BYTES_TO_COUNT_MAX ? studies(library, home) : OptionalLong.empty();
      return studies.isPresent()
          ? "  " + say.text("init.studies", studies.getAsLong())
          : "  " + say.text("init.index-of", TerminalProgress.Sizes.text(bytes));
    } catch (IOException e) {
      return "  " + say.text("init.no-index");
    }
  }

  private OptionalLong studies(Path library, Home home) {
    BackupPlan any = BackupPlan.from("horos:" + library, zone()).plan();
    try (Wiring wiring = new Wiring(around);
        Source source = wiring.source(any, home.make());
        Inventory inventory = source.inventory()) {
      return OptionalLong.of(inventory.studyCount());
    } catch (SerdabException e) {
      return OptionalLong.empty();
    }
  }

  private static String wholeSource(String text) {
    String home = withHome(text);
    boolean plain = home.equals(text) && !text.matches("(horos|folder|zip):.*");
    if (plain) {
      return absolute(path(text)).toString();
    }
    int colon = home.indexOf(':');
    return home.matches("(horos|folder|zip):.*")
        ? home.substring(0, colon + 1) + absolute(path(home.substring(colon + 1)))
        : absolute(path(home)).toString();
  }

  /// What is wrong with a source that is not there.
  private static Optional<String> missing(String source) {
    Path folder = Wiring.sourceFolder(source);
    if (!Files.isDirectory(folder)) {
      return Optional.of("The source " + folder + " is not there.");
    }
    if (source.startsWith("horos:") && HorosSource.libraryAt(folder).isEmpty()) {
      return Optional.of("There is no library at " + folder + ".");
    }
    return Optional.empty();
  }

  // ---- destinations

  private List<String> destinations(Optional<Dialogue> dialogue, List<String> sources) {
    List<String> given = to;
    if (given.isEmpty() && like != null) {
      given = List.of(ScriptDefaults.copies(volume()).toString());
    }
    if (!given.isEmpty()) {
      List<String> whole = given.stream().map(InitCommand::wholeDestination).toList();
      for (String destination : whole) {
        boolean mayBeAway = like != null && to.isEmpty();
        wrongDestination(destination, sources, mayBeAway)
            .ifPresent(what -> {
              throw wrong(what);
            });
      }
      return whole;
    }
    if (dialogue.isEmpty()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "destination-not-given",
              "Where copies shall go was not said.",
              "Name a folder, best on another disk: serdab init --to zip:PATH"));
    }
    String answer =
        dialogue
            .get()
            .ask(
                around.terminal().messages().text("init.where"),
                "",
                text -> {
                  try {
                    return wrongDestination(wholeDestination(text), sources, false);
                  } catch (SerdabException.Misconfigured e) {
                    return Optional.of(e.problem().what());
                  }
                });
    return List.of(wholeDestination(answer));
  }

  private static String wholeDestination(String text) {
    if (!text.startsWith("zip:") && text.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
      throw wrong("The destination " + text + " is of no kind that is known; write zip:PATH.");
    }
    String folder = withHome(text.startsWith("zip:") ? text.substring("zip:".length()) : text);
    return "zip:" + absolute(path(folder));
  }

  private static Problem notConnected(String what) {
    return new Problem(
        "volume-not-connected-yet", what, "Connect the volume before the first run.");
  }

  /// What is wrong with a destination; warnings are noted.
  ///
  /// @param mayBeAway whether its volume may be connected later
  private Optional<String> wrongDestination(
      String destination, List<String> sources, boolean mayBeAway) {
    Path folder = Wiring.destinationFolder(destination);
    List<Problem> noted = new ArrayList<>();
    for (String source : sources) {
      Path place = Wiring.sourceFolder(source);
      try {
        Safeguards.refuseInsideSource(place, folder);
      } catch (SerdabException.Misconfigured e) {
        return Optional.of(e.problem().text());
      }
      Safeguards.sameDisk(place, folder).ifPresent(noted::add);
    }
    Path parent = folder.getParent();
    if (!Files.isDirectory(folder) && (parent == null || !Files.isDirectory(parent))) {
      String what = "The folder " + parent + ", in which the copies shall go, is not there.";
      if (mayBeAway) {
        warnings.add(notConnected(what));
        return Optional.empty();
      }
      return Optional.of(what + " Connect its disk, or make it.");
    }
    Path there = parent == null || Files.isDirectory(folder) ? folder : parent;
    if (!Files.isWritable(there)) {
      return Optional.of("Nothing can be written to " + there + ". Change its permissions.");
    }
    new SyncedFolders(around.userHome())
        .of(folder)
        .ifPresent(synced -> noted.add(synced.destinationWarning(folder)));
    warnings.addAll(noted);
    return Optional.empty();
  }

  // ---- telling disks apart

  /// Gives each destination's disk an identity, and the source's when a person agreed.
  private List<Path> mark(List<String> sources, List<String> destinations) {
    List<Path> marked = new ArrayList<>();
    for (String destination : destinations) {
      Path folder = Wiring.destinationFolder(destination);
      if (!Files.isDirectory(folder) && !Files.isDirectory(folder.resolveSibling(""))) {
        continue;
      }
      makeFolder(folder);
      marked.add(markIn(folder));
    }
    if (markSource) {
      for (String source : sources) {
        volumeOf(Wiring.sourceFolder(source)).map(this::markIn).ifPresent(marked::add);
      }
    }
    return marked.stream().distinct().toList();
  }

  private Path markIn(Path folder) {
    Optional<VolumeSentinel.Found> above = VolumeSentinel.above(folder);
    if (above.isPresent()) {
      return above.get().folder().resolve(VolumeSentinel.NAME);
    }
    VolumeSentinel _ =
        VolumeSentinel.make(folder, around.clock(), around.random(), Wiring.WRITTEN_BY);
    return folder.resolve(VolumeSentinel.NAME);
  }

  private static void makeFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "destination-not-writable",
              "The folder " + folder + " cannot be made.",
              "Choose another, or change the permissions of the one above it."),
          e);
    }
  }

  /// The top folder of the volume that a source is on; nothing when the source itself is that.
  private Optional<Path> volumeOf(Path source) {
    try {
      Path at = source.toRealPath();
      FileStore store = Files.getFileStore(at);
      Path parent = at.getParent();
      for (int i = 0; i < ANCESTORS_MAX && parent != null; i++) {
        if (!Files.getFileStore(parent).equals(store) || !Files.isWritable(parent)) {
          break;
        }
        at = parent;
        parent = at.getParent();
      }
      if (!source.toRealPath().startsWith(at) || source.toRealPath().equals(at)) {
        return Optional.empty();
      }
      return Optional.of(at);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  // ---- what is written

  private Configuration configuration(List<String> sources, List<String> destinations) {
    if (like != null) {
      return ScriptDefaults.configuration(name, sources, destinations, zone());
    }
    BackupPlan first =
        BackupPlan.from(sources.getFirst(), zone()).name(name).destinations(destinations).plan();
    List<BackupPlan> plans = sources.stream().map(source -> first.changed(source).plan()).toList();
    return Configuration.of(zone(), List.of(new NamedPlan(name, true, plans, Optional.empty())));
  }

  private void print(
      Configuration configuration,
      List<Path> marked,
      Optional<Path> kept,
      List<ViewerPreferences> preferences) {
    Path file = around.home().configuration();
    if (json) {
      NamedPlan plan = configuration.plans().getFirst();
      Json.object(
          around.terminal().out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-init-v1");
            writer.writeStringProperty("configuration", file.toString());
            writer.writeStringProperty("kept", kept.map(Path::toString).orElse(""));
            writer.writeStringProperty("plan", plan.name());
            writer.writeArrayPropertyStart("sources");
            plan.sources().forEach(writer::writeString);
            writer.writeEndArray();
            writer.writeArrayPropertyStart("destinations");
            plan.destinations().forEach(writer::writeString);
            writer.writeEndArray();
            writer.writeArrayPropertyStart("marked");
            marked.forEach(each -> writer.writeString(each.toString()));
            writer.writeEndArray();
            writer.writeArrayPropertyStart("warnings");
            warnings.forEach(warning -> writer.writeString(warning.text()));
            writer.writeEndArray();
          });
      return;
    }
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    out.println(say.text("init.wrote", file));
    kept.ifPresent(old -> out.println(say.text("init.kept", old)));
    marked.forEach(each -> out.println(say.text("init.marked", each)));
    if (preferences.stream().anyMatch(Preface::knowsNodes)) {
      out.println(say.text("init.nodes"));
    }
    out.println();
    out.println(say.text("init.next-look"));
    out.println(say.text("init.next-backup"));
    out.println(say.text("init.next-service"));
    out.flush();
  }

  // ----

  private Path volume() {
    return volume == null ? ScriptDefaults.VOLUME : absolute(volume);
  }

  private ZoneId zone() {
    try {
      return zone == null ? ZoneId.systemDefault() : ZoneId.of(zone);
    } catch (DateTimeException e) {
      throw wrong("--zone is " + zone + "; it must be a time zone such as Europe/Berlin or UTC.");
    }
  }

  private static String withHome(String text) {
    return text.replaceFirst(
        "^((?:horos:|folder:|zip:)?)~(?=/|$)",
        "$1" + java.util.regex.Matcher.quoteReplacement(System.getProperty("user.home", "~")));
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (java.nio.file.InvalidPathException e) {
      throw wrong("This is no path: it holds characters that no path can have.");
    }
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Nothing was written. Run: serdab init --help"));
  }
}
