package serdab.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.backup.Reach;
import serdab.catalogue.Catalogue;
import serdab.catalogue.SqliteLibrary;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.ZipTreeDestination;
import serdab.plan.BackupPlan;
import serdab.restore.Arrival;
import serdab.source.FolderSource;
import serdab.source.Source;
import serdab.source.horos.AutoClean;
import serdab.source.horos.HorosSource;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.ziptree.NamingProfile;

/// Turns what the user wrote into sources, destinations and the catalogue. The one place where
/// specifications become objects. Close it after everything that it made.
final class Wiring implements AutoCloseable {

  static final String WRITTEN_BY = "Serdab 0.1.0";

  private static final String HOROS = "horos:";
  private static final String FOLDER = "folder:";
  private static final String ZIP = "zip:";

  private final Surroundings around;
  private final Names names;
  private final Map<String, NamingProfile> namings = new HashMap<>();
  private final int parallelism = Math.max(1, Runtime.getRuntime().availableProcessors());
  private final ExecutorService computing =
      Executors.newFixedThreadPool(
          parallelism, Thread.ofPlatform().name("compute-", 1).daemon(true).factory());

  /// Which destinations may be found at an address, where it is more or less than those seen there.
  private final Map<String, Set<DestinationId>> expected = new HashMap<>();

  Wiring(Surroundings around) {
    this(around, Names.NONE);
  }

  /// @param names what the naming of new copies needs
  Wiring(Surroundings around, Names names) {
    this.around = around;
    this.names = names;
  }

  Names names() {
    return names;
  }

  /// How the copies of a plan are named. All its destinations share one, and with it one list of
  /// pseudonyms.
  private NamingProfile naming(BackupPlan plan) {
    return namings.computeIfAbsent(
        plan.naming(), text -> names.profile(text, around.environment()));
  }

  Catalogue catalogue(Home home) {
    SqliteLibrary.keepIn(home.cache());
    return Catalogue.inFile(home.catalogue(), around.clock(), around.random());
  }

  /// Which machine and process this is.
  static String worker() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "unknown";
    }
    return host + "/" + ProcessHandle.current().pid();
  }

  // ---- sources

  /// The folder that a source's specification names.
  static Path sourceFolder(String specification) {
    return path("--from", withoutKind(specification, HOROS, FOLDER, ZIP));
  }

  /// Opens a source; a path without a kind is a viewer's library when it looks like one.
  Source source(BackupPlan plan, Home home) {
    Path folder = sourceFolder(plan.source());
    boolean saysFolder = plan.source().startsWith(FOLDER);
    boolean saysHoros = plan.source().startsWith(HOROS);
    if (saysHoros || (!saysFolder && HorosSource.libraryAt(folder).isPresent())) {
      return new HorosSource(
          folder,
          HorosSource.Settings.in(plan.zone()).with(AutoClean.find(around.userHome(), folder)),
          home.cache(),
          around.clock(),
          duration -> Thread.sleep(duration));
    }
    return FolderSource.open(folder, home.cache().resolve("folder-" + shortHash(folder) + ".db"));
  }

  private static String shortHash(Path path) {
    byte[] text = path.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8);
    return Sha256.digest(text).hex().substring(0, 16);
  }

  // ---- destinations

  static boolean isDestination(String specification) {
    return specification.startsWith(ZIP);
  }

  /// Opens a destination to copy to; a folder that was never used is made.
  ///
  /// @param adopt whether a person says that the marker found there is the right one
  Destination destination(
      String specification, BackupPlan plan, Catalogue catalogue, boolean adopt) {
    Destination destination =
        zipTree(
            specification,
            naming(plan),
            adopt ? ZipTreeDestination.Access.ADOPT : ZipTreeDestination.Access.WRITE,
            catalogue);
    saw(destination, specification, catalogue);
    return destination;
  }

  /// Remembers where a destination is, and looks at what is not certain to be there.
  private void saw(Destination destination, String specification, Catalogue catalogue) {
    try {
      Arrival.of(destination, address(specification), catalogue, around.clock());
    } catch (SerdabException e) {
      destination.close();
      throw e;
    }
  }

  /// Opens a destination for showing a plan; writes nothing.
  Destination destinationToLookAt(
      String specification, BackupPlan plan, Catalogue catalogue, Home home) {
    Path folder = destinationFolder(specification);
    NamingProfile naming = naming(plan);
    if (!Files.exists(folder)
        && expected
            .getOrDefault(address(specification), knownAt(specification, catalogue))
            .isEmpty()) {
      // The plan for a place that does not exist yet is the plan for an empty one.
      return ZipTreeDestination.open(
          LocalFolder.create(home.cache().resolve("empty"), around.random()),
          options(naming, ZipTreeDestination.Access.LOOK),
          Set.of(),
          around.clock(),
          around.random());
    }
    return zipTree(specification, naming, ZipTreeDestination.Access.LOOK, catalogue);
  }

  private ZipTreeDestination.Options options(
      NamingProfile naming, ZipTreeDestination.Access access) {
    return new ZipTreeDestination.Options(naming, access, computing, parallelism, WRITTEN_BY);
  }

  /// Opens a destination to verify or to restore from; writes nothing.
  Destination destinationToRead(String specification, Catalogue catalogue) {
    return zipTree(
        specification, NamingProfile.AS_FOUND, ZipTreeDestination.Access.READ, catalogue);
  }

  /// Opens a destination of which nothing is remembered, to set up this machine from it; writes
  /// nothing.
  Destination destinationToRecoverFrom(String specification) {
    return ZipTreeDestination.open(
        LocalFolder.open(destinationFolder(specification), around.random()),
        options(NamingProfile.AS_FOUND, ZipTreeDestination.Access.READ),
        Set.of(),
        around.clock(),
        around.random());
  }

  /// Opens a destination that was used before, to remove copies from it.
  Destination destinationToPrune(String specification, Catalogue catalogue) {
    if (catalogue.destinationsAt(address(specification)).isEmpty()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-not-known",
              "The catalogue knows no destination at " + destinationFolder(specification) + ".",
              "Nothing was removed. Run: serdab catalogue rebuild " + specification));
    }
    return zipTree(
        specification, NamingProfile.AS_FOUND, ZipTreeDestination.Access.WRITE, catalogue);
  }

  /// Opens a destination to restore into.
  Destination destinationToFill(String specification, Catalogue catalogue) {
    Destination destination =
        zipTree(specification, NamingProfile.AS_FOUND, ZipTreeDestination.Access.WRITE, catalogue);
    saw(destination, specification, catalogue);
    return destination;
  }

  /// Opens a destination that is there, to make damaged copies on it again.
  Destination destinationToRepair(String specification, Catalogue catalogue) {
    // Opened once as what must be there: opening to write would make a folder that is not.
    destinationToRead(specification, catalogue).close();
    return zipTree(
        specification, NamingProfile.AS_FOUND, ZipTreeDestination.Access.WRITE, catalogue);
  }

  /// Every destination that was ever used, is there now and is not this one; opened to read.
  List<Destination> otherDestinations(DestinationId than, Catalogue catalogue) {
    return usedDestinations(catalogue, Set.of(than));
  }

  /// Every destination that was ever used and is there now, but for some; opened to read. A volume
  /// that hangs is not there.
  List<Destination> usedDestinations(Catalogue catalogue, Set<DestinationId> butFor) {
    List<Catalogue.UsedPlace> used =
        catalogue.destinations().stream().filter(place -> isDestination(place.spec())).toList();
    Map<Path, Reach.State> states =
        around.reach().of(used.stream().map(place -> destinationFolder(place.spec())).toList());
    Map<DestinationId, Destination> opened = new LinkedHashMap<>();
    for (Catalogue.UsedPlace place : used) {
      DestinationId id = new DestinationId(UUID.fromString(place.id()));
      if (butFor.contains(id)
          || opened.containsKey(id)
          || states.get(destinationFolder(place.spec())) != Reach.State.FILLED) {
        continue;
      }
      try {
        Destination other = destinationToRead(place.spec(), catalogue);
        if (other.id().equals(id)) {
          opened.put(id, other);
        } else {
          other.close(); // Another disk is at that address now, and has a line of its own.
        }
      } catch (SerdabException e) {
        // Not connected.
      }
    }
    return List.copyOf(opened.values());
  }

  private Destination zipTree(
      String specification,
      NamingProfile naming,
      ZipTreeDestination.Access access,
      Catalogue catalogue) {
    Path folder = destinationFolder(specification);
    Set<DestinationId> known =
        expected.getOrDefault(address(specification), knownAt(specification, catalogue));
    boolean there = Files.isDirectory(folder);
    if (!there && !known.isEmpty()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-not-there",
              "The destination " + folder + " was used before and is not there now.",
              "Connect its volume. If the folder is gone for good, make it again by hand and run"
                  + " with --adopt."));
    }
    boolean writes =
        access == ZipTreeDestination.Access.WRITE || access == ZipTreeDestination.Access.ADOPT;
    BlobStore store =
        !there && writes
            ? LocalFolder.create(folder, around.random())
            : LocalFolder.open(folder, around.random());
    return ZipTreeDestination.open(
        store, options(naming, access), known, around.clock(), around.random());
  }

  /// The destinations that were seen at an address.
  static Set<DestinationId> knownAt(String specification, Catalogue catalogue) {
    return catalogue.destinationsAt(address(specification)).stream()
        .map(id -> new DestinationId(UUID.fromString(id)))
        .collect(Collectors.toSet());
  }

  /// From now on any of these may be found at an address, and no other; nothing: a new one is begun
  /// there.
  void expect(String specification, Set<DestinationId> ids) {
    expected.put(address(specification), Set.copyOf(ids));
  }

  /// One spelling of a destination's address, for remembering who lives there.
  static String address(String specification) {
    return ZIP + destinationFolder(specification);
  }

  /// The folder that a destination's specification names.
  static Path destinationFolder(String specification) {
    if (!specification.startsWith(ZIP)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "unknown-destination",
              "The destination " + specification + " is of no kind that is known.",
              "Write zip:PATH for a tree of ZIPs in a folder."));
    }
    return path("--to", specification.substring(ZIP.length()));
  }

  /// The folder or file that a target's text names.
  static Path targetFolder(String text) {
    return path("--to", text);
  }

  /// A folder that files are brought back to; made when it is not there.
  BlobStore folderToFill(String path) {
    return folderToFill(targetFolder(path));
  }

  BlobStore folderToFill(Path folder) {
    return LocalFolder.createWithoutLinks(folder, around.random());
  }

  /// A folder of ours for drills.
  ///
  /// @param wanted the folder in which it is made; empty means our own cache
  BlobStore scratch(Home home, Optional<String> wanted) {
    return LocalFolder.create(
        wanted
            .map(folder -> path("--scratch", folder).resolve("serdab-drill"))
            .orElseGet(() -> home.cache().resolve("drill")),
        around.random());
  }

  private static String withoutKind(String specification, String... kinds) {
    for (String kind : kinds) {
      if (specification.startsWith(kind)) {
        return specification.substring(kind.length());
      }
    }
    return specification;
  }

  private static Path path(String option, String text) {
    try {
      if (!text.isEmpty()) {
        return Path.of(text).toAbsolutePath().normalize();
      }
    } catch (InvalidPathException e) {
      // Said below.
    }
    throw new SerdabException.Misconfigured(
        new Problem("wrong-option", option + " names no path.", "Run: serdab --help"));
  }

  @Override
  public void close() {
    computing.shutdown();
  }
}
