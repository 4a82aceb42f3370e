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
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.backup.Reach;
import serdab.catalogue.Catalogue;
import serdab.catalogue.SqliteLibrary;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.ZipTreeDestination;
import serdab.destination.repository.Compression;
import serdab.destination.repository.RepositoryDestination;
import serdab.plan.BackupPlan;
import serdab.plan.RunWindow;
import serdab.plan.ZipCompression;
import serdab.repository.KeyWork;
import serdab.repository.Repository;
import serdab.repository.WriterKeys;
import serdab.repository.age.AgeIdentity;
import serdab.restore.Arrival;
import serdab.source.FolderSource;
import serdab.source.Source;
import serdab.source.horos.AutoClean;
import serdab.source.horos.HorosSource;
import serdab.source.inbox.Inbox;
import serdab.source.inbox.InboxSource;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.store.PacedStore;
import serdab.ziptree.NamingProfile;

/// Turns what the user wrote into sources, destinations and the catalogue. The one place where
/// specifications become objects. Close it after everything that it made.
final class Wiring implements AutoCloseable {

  static final String WRITTEN_BY = "Serdab 0.1.0";

  private static final String HOROS = "horos:";
  private static final String FOLDER = "folder:";
  private static final String INBOX = "inbox:";
  private static final String ZIP = "zip:";
  private static final String REPO = "repo:";

  private final Surroundings around;
  private final Nodes nodes;
  private final Names names;
  private final Identities identities;
  private boolean readsCopies = true;
  private final Map<String, NamingProfile> namings = new HashMap<>();
  private final int parallelism = Math.max(1, Runtime.getRuntime().availableProcessors());
  private final ExecutorService computing =
      Executors.newFixedThreadPool(
          parallelism, Thread.ofPlatform().name("compute-", 1).daemon(true).factory());

  private Optional<LongConsumer> pace = Optional.empty();

  /// Which destinations may be found at an address, where it is more or less than those seen there.
  private final Map<String, Set<DestinationId>> expected = new HashMap<>();

  Wiring(Surroundings around) {
    this(around, Names.NONE);
  }

  /// @param names what the naming of new copies needs
  Wiring(Surroundings around, Names names) {
    this(around, names, KeyOptions.NONE);
  }

  /// @param keys what opens repositories
  Wiring(Surroundings around, KeyOptions keys) {
    this(around, Names.NONE, keys);
  }

  /// @param names what the naming of new copies needs
  /// @param keys what opens repositories
  Wiring(Surroundings around, Names names, KeyOptions keys) {
    this.around = around;
    this.nodes = new Nodes(around);
    this.names = names;
    this.identities = new Identities(around, keys);
  }

  /// Whether repositories are opened to read copies: if not, an identity that nobody named is asked
  /// for only where this machine has no keys of its own.
  Wiring readingCopies(boolean reads) {
    readsCopies = reads;
    return this;
  }

  /// Reads places no faster than so many bytes a second from now on.
  Wiring readingAtMost(OptionalLong bytesPerSecond) {
    bytesPerSecond.ifPresent(most -> {
      RepositoryPace rate =
          new RepositoryPace(OptionalLong.of(most), Long.MAX_VALUE, () -> false, _ -> {});
      pace = Optional.of(rate::waitFor);
      nodes.pacedBy(rate::waitFor);
    });
    return this;
  }

  /// Passes this before each operation on a node from now on.
  void nodesPass(Gate gate) {
    nodes.passing(gate);
  }

  /// The same, for a wiring in the making.
  Wiring passing(Gate gate) {
    nodesPass(gate);
    return this;
  }

  /// Asks nothing of nodes outside of these hours from now on.
  void nodesWithin(RunWindow window) {
    nodes.within(window);
  }

  private BlobStore paced(BlobStore store) {
    return pace.<BlobStore>map(slow -> new PacedStore(store, slow)).orElse(store);
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
    return path("--from", withoutKind(specification, HOROS, FOLDER, INBOX, ZIP, REPO));
  }

  /// The folder of an inbox, named with or without its kind.
  static Path inboxFolder(String specification) {
    return path("--inbox", withoutKind(specification, INBOX));
  }

  /// What has to be done at a source before it is copied: what a killed receiver left in the log of
  /// an inbox is brought to its places, as the inbox is ours. Nothing at other sources.
  static void settle(BackupPlan plan) {
    if (plan.source().startsWith(INBOX)) {
      Inbox.settle(sourceFolder(plan.source()), _ -> {});
    }
  }

  /// Opens a source; a path without a kind is a viewer's library when it looks like one. Only
  /// reads.
  Source source(BackupPlan plan, Home home) {
    if (Nodes.isNode(plan.source())) {
      return nodes.source(plan.source());
    }
    Path folder = sourceFolder(plan.source());
    if (plan.source().startsWith(INBOX)) {
      return InboxSource.open(
          folder, home.cache().resolve("inbox-" + shortHash(folder) + ".db"), around.clock());
    }
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
    return specification.startsWith(ZIP)
        || isRepository(specification)
        || Nodes.isNode(specification);
  }

  static boolean isRepository(String specification) {
    return specification.startsWith(REPO);
  }

  /// Opens a destination to copy to; a folder that was never used is made.
  ///
  /// @param adopt whether a person says that the marker found there is the right one
  Destination destination(
      String specification, BackupPlan plan, Catalogue catalogue, boolean adopt) {
    Destination destination =
        Nodes.isNode(specification)
            ? nodes.destination(specification, false)
            : isRepository(specification)
                ? repository(
                    specification,
                    adopt ? Access.ADOPT : Access.WRITE,
                    compression(plan),
                    expectedAt(specification, catalogue))
                : zipTree(
                    specification,
                    naming(plan),
                    adopt ? ZipTreeDestination.Access.ADOPT : ZipTreeDestination.Access.WRITE,
                    jpegLs(plan),
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
    if (Nodes.isNode(specification)) {
      return nodes.destination(specification, false);
    }
    if (isRepository(specification)) {
      return repository(
          specification, Access.WRITE, compression(plan), expectedAt(specification, catalogue));
    }
    Path folder = destinationFolder(specification);
    NamingProfile naming = naming(plan);
    if (!Files.exists(folder) && expectedAt(specification, catalogue).isEmpty()) {
      // The plan for a place that does not exist yet is the plan for an empty one.
      return ZipTreeDestination.open(
          LocalFolder.standIn(home.cache().resolve("empty"), folder, around.random()),
          options(naming, ZipTreeDestination.Access.LOOK, jpegLs(plan)),
          Set.of(),
          around.clock(),
          around.random());
    }
    return zipTree(specification, naming, ZipTreeDestination.Access.LOOK, jpegLs(plan), catalogue);
  }

  private ZipTreeDestination.Options options(
      NamingProfile naming, ZipTreeDestination.Access access, boolean jpegLs) {
    return new ZipTreeDestination.Options(
        naming, access, computing, parallelism, WRITTEN_BY, jpegLs);
  }

  private static boolean jpegLs(BackupPlan plan) {
    return plan.compress() == ZipCompression.JPEG_LS;
  }

  /// Opens a destination to verify or to restore from; writes nothing. A repository is opened with
  /// the identity that was given, if any.
  Destination destinationToRead(String specification, Catalogue catalogue) {
    return known(specification, ZipTreeDestination.Access.READ, catalogue);
  }

  /// The same, to bring studies back: of a node, also those that others sent there.
  Destination destinationToRestoreFrom(String specification, Catalogue catalogue) {
    return Nodes.isNode(specification)
        ? nodes.destination(specification, true)
        : destinationToRead(specification, catalogue);
  }

  /// Opens a destination whose naming stays as it is.
  private Destination known(
      String specification, ZipTreeDestination.Access access, Catalogue catalogue) {
    if (Nodes.isNode(specification)) {
      return nodes.destination(specification, false);
    }
    return isRepository(specification)
        ? repository(
            specification, Access.READ, Compression.SMALL, expectedAt(specification, catalogue))
        : zipTree(specification, NamingProfile.AS_FOUND, access, false, catalogue);
  }

  /// What may be done with a repository.
  private enum Access {
    /// With the identity, if there is one.
    READ,
    /// Without any.
    WRITE,
    /// As [#WRITE], whichever repository it is.
    ADOPT
  }

  private static Compression compression(BackupPlan plan) {
    return switch (plan.compression()) {
      case JPEG_LS -> Compression.SMALL;
      case FAST -> Compression.FAST;
    };
  }

  /// The destinations that may be found at an address.
  private Set<DestinationId> expectedAt(String specification, Catalogue catalogue) {
    return expected.getOrDefault(address(specification), knownAt(specification, catalogue));
  }

  /// Opens a repository to erase a study from it, with the identity if there is one.
  RepositoryDestination repositoryToErase(String specification, Catalogue catalogue) {
    RepositoryDestination opened =
        repository(
            specification, Access.READ, Compression.SMALL, expectedAt(specification, catalogue));
    if (!opened.canWrite()) {
      opened.close();
      try (BlobStore store = repositoryPlace(specification, Set.of())) {
        throw notEnrolled(store, specification);
      }
    }
    return opened;
  }

  private RepositoryDestination repository(
      String specification, Access access, Compression compression, Set<DestinationId> allowed) {
    BlobStore store = repositoryPlace(specification, allowed);
    try {
      UUID id = requireKnown(store, allowed, access == Access.ADOPT);
      Optional<WriterKeys> writer = writerFiles().read(id);
      boolean isWanted = readsCopies || writer.isEmpty() || identities.areNamed();
      List<AgeIdentity> people =
          access == Access.READ && isWanted ? identities.of(store) : List.of();
      if (writer.isEmpty() && access != Access.READ) {
        throw notEnrolled(store, specification);
      }
      if (writer.isEmpty() && people.isEmpty()) {
        throw needsIdentity(store.describe());
      }
      Repository repository =
          Repository.open(store, writer, people, around.clock(), around.random());
      if (access != Access.READ && !repository.canWrite()) {
        throw notEnrolled(store, specification);
      }
      if (access != Access.READ) {
        // So that nobody can take the newest keys away from the place unnoticed.
        repository.newerWriterKeys().ifPresent(writerFiles()::keep);
      }
      RepositoryDestination opened = opened(repository, store, compression);
      if (access != Access.READ) {
        // A backup asks for it, and lists its source first.
        opened.glanceAhead();
      }
      return opened;
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private static SerdabException.Refused notEnrolled(BlobStore store, String specification) {
    return new SerdabException.Refused(
        new Problem(
            "repository-needs-writer",
            "This machine may not write to the repository at "
                + store.describe()
                + ": it was never enrolled, or was revoked.",
            "Enrol it with the identity of a person: serdab repository key enrol "
                + specification));
  }

  private RepositoryDestination opened(
      Repository repository, BlobStore store, Compression compression) {
    return new RepositoryDestination(
        repository,
        store,
        new RepositoryDestination.Options(compression, computing, parallelism, WRITTEN_BY),
        around.clock());
  }

  private BlobStore repositoryPlace(String specification, Set<DestinationId> allowed) {
    Path folder = destinationFolder(specification);
    if (!Files.isDirectory(folder)) {
      if (!allowed.isEmpty()) {
        throw notThere(folder);
      }
      throw noRepository(specification, folder.toString());
    }
    BlobStore store = paced(LocalFolder.open(folder, around.random()));
    if (!Repository.isAt(store)) {
      store.close();
      if (!allowed.isEmpty()) {
        throw new SerdabException.HeldBack(
            new Problem(
                "repository-marker-missing",
                "In "
                    + folder
                    + " there was a repository before, and now its repository.json is missing.",
                "Most likely its disk is not connected: connect it and run again. If the file was"
                    + " lost, copy it back from another copy of the repository."));
      }
      throw noRepository(specification, folder.toString());
    }
    return store;
  }

  private static SerdabException.Refused noRepository(String specification, String place) {
    return new SerdabException.Refused(
        new Problem(
            "repository-missing",
            "There is no repository at " + place + ".",
            "Check the address, or make one: serdab repository init " + specification));
  }

  private static UUID requireKnown(BlobStore store, Set<DestinationId> allowed, boolean adopt) {
    UUID id = Repository.idAt(store);
    if (!adopt && !allowed.isEmpty() && !allowed.contains(new DestinationId(id))) {
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-is-another",
              "In "
                  + store.describe()
                  + " there is a repository, and not the one that was there before.",
              "Connect the right disk. If this one is to be used here from now on, run the backup"
                  + " once with --adopt."));
    }
    return id;
  }

  /// What this machine keeps of repositories.
  WriterFiles writerFiles() {
    return new WriterFiles(around.home());
  }

  /// A repository that a command of `serdab repository` works on.
  ///
  /// @param store closed with the repository
  record OpenRepository(Repository repository, BlobStore store) implements AutoCloseable {
    @Override
    public void close() {
      repository.close();
    }
  }

  /// A place at which a repository can be begun; its folder is made.
  BlobStore placeForRepository(String specification) {
    Path folder = destinationFolder(specification);
    BlobStore store = LocalFolder.create(folder, around.random());
    boolean tree = store.find("destination.json").isPresent();
    if (tree || Repository.isAt(store)) {
      store.close();
      throw new SerdabException.Refused(
          tree
              ? new Problem(
                  "repository-place-taken",
                  "At " + folder + " there is a tree of ZIPs.",
                  "Give the repository a folder of its own. Nothing was changed.")
              : new Problem(
                  "repository-exists",
                  "There is a repository at " + folder + " already.",
                  "Use it, or choose another place. Nothing was changed."));
    }
    return store;
  }

  /// Opens the place of a repository, which must be there.
  BlobStore placeOfRepository(String specification) {
    return repositoryPlace(specification, Set.of());
  }

  /// Opens a repository by itself: with this machine's keys or, where it has none, the identity.
  OpenRepository openRepository(String specification) {
    BlobStore store = repositoryPlace(specification, Set.of());
    try {
      return new OpenRepository(repositoryAt(store), store);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /// The same at a place that is open: whoever writes there has locked out everybody else. Closes
  /// the place when it is closed.
  Repository repositoryAt(BlobStore store) {
    Optional<WriterKeys> writer = writerFiles().read(Repository.idAt(store));
    return Repository.open(
        store,
        writer,
        writer.isPresent() ? List.of() : requireIdentity(store),
        around.clock(),
        around.random());
  }

  /// The identities that open the repository at a place.
  ///
  /// @throws SerdabException.Refused `repository-needs-identity` when nobody gives one
  List<AgeIdentity> requireIdentity(BlobStore place) {
    List<AgeIdentity> people = identities.of(place);
    if (people.isEmpty()) {
      throw needsIdentity(place.describe());
    }
    return people;
  }

  private static SerdabException.Refused needsIdentity(String place) {
    return new SerdabException.Refused(
        new Problem(
            "repository-needs-identity",
            "This needs the identity that opens the repository at "
                + place
                + ", and this machine keeps none.",
            "Give it with --identity FILE, or its passphrase in "
                + Passphrase.VARIABLE
                + " or --passphrase-file when it is kept in the repository. It is used in memory"
                + " only."));
  }

  /// Refuses a repository for which nobody gave an identity, before any work is done.
  void requireReadable(String specification) {
    if (isRepository(specification)) {
      try (BlobStore store = repositoryPlace(specification, Set.of())) {
        requireIdentity(store);
      }
    }
  }

  /// Opens a destination of which nothing is remembered, to set up this machine from it; writes
  /// nothing.
  Destination destinationToRecoverFrom(String specification) {
    if (isRepository(specification)) {
      enrol(specification);
      return repository(specification, Access.READ, Compression.SMALL, Set.of());
    }
    return ZipTreeDestination.open(
        LocalFolder.open(destinationFolder(specification), around.random()),
        options(NamingProfile.AS_FOUND, ZipTreeDestination.Access.READ, false),
        Set.of(),
        around.clock(),
        around.random());
  }

  /// Lets this machine write to a repository, when it may not yet.
  private void enrol(String specification) {
    try (BlobStore place = repositoryPlace(specification, Set.of())) {
      if (writerFiles().read(Repository.idAt(place)).isEmpty()) {
        writerFiles()
            .keep(
                new KeyWork(place, around.clock(), around.random())
                    .enrol(requireIdentity(place), machine()));
      }
    }
  }

  /// What this machine is called.
  static String machine() {
    String worker = worker();
    return worker.substring(0, worker.lastIndexOf('/'));
  }

  /// Opens a destination that was used before, to remove copies from it.
  Destination destinationToPrune(String specification, Catalogue catalogue) {
    if (Nodes.isNode(specification)) {
      throw Nodes.keepsEverything();
    }
    if (catalogue.destinationsAt(address(specification)).isEmpty()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-not-known",
              "The catalogue knows no destination at " + destinationFolder(specification) + ".",
              "Nothing was removed. Run: serdab catalogue rebuild " + specification));
    }
    return known(specification, ZipTreeDestination.Access.WRITE, catalogue);
  }

  /// Opens a destination to restore into.
  Destination destinationToFill(String specification, Catalogue catalogue) {
    Destination destination =
        Nodes.isNode(specification)
            ? nodes.destination(specification, false)
            : isRepository(specification)
                ? repository(
                    specification,
                    Access.WRITE,
                    Compression.SMALL,
                    expectedAt(specification, catalogue))
                : zipTree(
                    specification,
                    NamingProfile.AS_FOUND,
                    ZipTreeDestination.Access.WRITE,
                    false,
                    catalogue);
    saw(destination, specification, catalogue);
    return destination;
  }

  /// Opens a destination that is there, to make damaged copies on it again.
  Destination destinationToRepair(String specification, Catalogue catalogue) {
    // Opened once as what must be there: opening to write would make a folder that is not.
    destinationToRead(specification, catalogue).close();
    return known(specification, ZipTreeDestination.Access.WRITE, catalogue);
  }

  /// Every destination that was ever used, is there now and is not this one; opened to read.
  List<Destination> otherDestinations(DestinationId than, Catalogue catalogue) {
    return usedDestinations(catalogue, Set.of(than));
  }

  /// Every destination that was ever used and is there now, but for some; opened to read. A volume
  /// that hangs is not there.
  List<Destination> usedDestinations(Catalogue catalogue, Set<DestinationId> butFor) {
    List<Catalogue.UsedPlace> used =
        catalogue.destinations().stream()
            .filter(place -> isDestination(place.spec()) && !Nodes.isNode(place.spec()))
            .toList();
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
        Destination other = otherToRead(place.spec(), catalogue);
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

  /// The identity that was given may be that of another repository.
  private Destination otherToRead(String specification, Catalogue catalogue) {
    try {
      return destinationToRead(specification, catalogue);
    } catch (SerdabException.Misconfigured e) {
      if (!isRepository(specification)) {
        throw e;
      }
      return repository(
          specification, Access.WRITE, Compression.SMALL, expectedAt(specification, catalogue));
    }
  }

  private Destination zipTree(
      String specification,
      NamingProfile naming,
      ZipTreeDestination.Access access,
      boolean jpegLs,
      Catalogue catalogue) {
    Path folder = destinationFolder(specification);
    Set<DestinationId> known = expectedAt(specification, catalogue);
    boolean there = Files.isDirectory(folder);
    if (!there && !known.isEmpty()) {
      throw notThere(folder);
    }
    boolean writes =
        access == ZipTreeDestination.Access.WRITE || access == ZipTreeDestination.Access.ADOPT;
    BlobStore store =
        !there && writes
            ? LocalFolder.create(folder, around.random())
            : paced(LocalFolder.open(folder, around.random()));
    if (Repository.isAt(store)) {
      store.close();
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-of-another-form",
              "At " + folder + " there is a repository, not a tree of ZIPs.",
              "Write repo:" + folder + ", or give the ZIPs a folder of their own."));
    }
    return ZipTreeDestination.open(
        store, options(naming, access, jpegLs), known, around.clock(), around.random());
  }

  private static SerdabException.HeldBack notThere(Path folder) {
    return new SerdabException.HeldBack(
        new Problem(
            "destination-not-there",
            "The destination " + folder + " was used before and is not there now.",
            "Connect its volume. If the folder is gone for good, make it again by hand and run"
                + " with --adopt."));
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
    if (Nodes.isNode(specification)) {
      return Nodes.address(specification);
    }
    return (isRepository(specification) ? REPO : ZIP) + destinationFolder(specification);
  }

  /// The folder that a destination's specification names.
  static Path destinationFolder(String specification) {
    if (Nodes.isNode(specification)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "unknown-destination",
              "A DICOM node has no folder, which this needs: " + Nodes.address(specification) + ".",
              "Write zip:PATH for a tree of ZIPs in a folder, or repo:PATH for a repository."));
    }
    if (!isDestination(specification)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "unknown-destination",
              "The destination " + specification + " is of no kind that is known.",
              "Write zip:PATH for a tree of ZIPs in a folder, repo:PATH for a repository, or"
                  + " dicomweb:URL or dicom://CALLED@HOST:PORT for a node."));
    }
    return path("--to", withoutKind(specification, ZIP, REPO));
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
