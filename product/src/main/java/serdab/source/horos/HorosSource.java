package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceHealth;
import serdab.source.SourceId;
import serdab.store.PrivateFolder;

/// The library of Horos or OsiriX as a source. Thread-safe.
///
/// - An index that is busy, or on a volume that is not there, is `Unavailable`; one that is being
///   upgraded is `HeldBack`.
/// - A folder that cannot be listed is a gap of its own; everything else is given.
/// - An index that is missing, damaged or of an unknown model is no reason not to copy: the files
///   themselves are listed then, and a finding says so.
/// - The index, what people made and every other file of the library are groups
///   `_library/LIBRARY/GROUP` (`docs/format/library.md`).
public final class HorosSource implements Source {

  private static final Set<String> KNOWN_MODELS = Set.of("2.2", "2.3", "2.4", "2.5");
  private static final int VERSION_BYTES_MAX = 64;
  private static final int WAITING_COUNTED_MAX = 100_000;

  private final Path given;
  private final LibraryFolders folders;
  private final Path workFolder;
  private final Settings settings;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final long keptFromBytes;

  /// How a library is read.
  ///
  /// @param zone the time zone of the Mac that runs the viewer, in which its dates are meant
  /// @param folderSize the viewer's preference for files per numbered folder; empty: as the folders
  ///   show it
  /// @param listFolders whether the folders are listed for files that the index does not know;
  ///   costs one listing of every folder for each inventory
  /// @param autoClean how the viewer deletes studies by itself; empty when its preferences cannot
  ///   be read
  public record Settings(
      ZoneId zone, OptionalInt folderSize, boolean listFolders, Optional<AutoClean> autoClean) {

    public static Settings in(ZoneId zone) {
      return new Settings(zone, OptionalInt.empty(), true, Optional.empty());
    }

    /// The same, with what the viewer's preferences say.
    public Settings with(Optional<AutoClean> clean) {
      return new Settings(zone, folderSize, listFolders, clean);
    }
  }

  /// Opens the library at a path: its folder, or the folder that holds it.
  ///
  /// @param workFolder where private copies of the index are made, in a new folder each
  /// @throws SerdabException.Unavailable when it is not there
  public HorosSource(
      Path library, Settings settings, Path workFolder, InstantSource clock, Sleeper sleeper) {
    this(library, settings, workFolder, clock, sleeper, KeptIndex.FROM_BYTES);
  }

  /// @param keptFromBytes an index of this size or more is kept between inventories
  HorosSource(
      Path library,
      Settings settings,
      Path workFolder,
      InstantSource clock,
      Sleeper sleeper,
      long keptFromBytes) {
    this.given = library;
    this.folders = LibraryFolders.open(library);
    this.settings = settings;
    this.workFolder = workFolder;
    this.clock = clock;
    this.sleeper = sleeper;
    this.keptFromBytes = keptFromBytes;
  }

  /// The library that a path means, if it means one: for recognising sources.
  public static Optional<Path> libraryAt(Path path) {
    return LibraryFolders.find(path);
  }

  @Override
  public SourceId id() {
    return id(folders);
  }

  static SourceId id(LibraryFolders folders) {
    return new SourceId("horos:" + folders.base().toAbsolutePath().normalize());
  }

  @Override
  public String describe() {
    return "the library " + given;
  }

  @Override
  public Path root() {
    return folders.base();
  }

  /// The library, the folder that `DBFOLDER_LOCATION` names, and that of the numbered folders,
  /// which may be a link to another volume.
  @Override
  public List<Path> folders() {
    return Stream.of(folders.base(), folders.data(), folders.database()).distinct().toList();
  }

  /// The folder with the files; another than [#root] when `DBFOLDER_LOCATION` says so.
  public Path dataFolder() {
    return folders.data();
  }

  /// How many files wait in the viewer's INCOMING folder, counted up to a limit.
  public long incomingCount(long limit) {
    try {
      return UnindexedFiles.countFiles(folders.data().resolve("INCOMING.noindex"), limit);
    } catch (IOException e) {
      throw HorosInventory.unreadable(e);
    }
  }

  @Override
  public Inventory inventory() {
    KeptIndex kept = new KeptIndex(workFolder, folders.indexFile());
    Optional<KeptIndex.About> about = kept.about();
    try {
      return inventory(kept, about);
    } catch (SerdabException e) {
      if (about.isEmpty() || !e.problem().code().equals(Workbook.FAILED)) {
        throw e;
      }
      // Whatever is wrong with what was kept, the index itself is asked.
      kept.forget();
      return inventory(kept, Optional.empty());
    }
  }

  private Inventory inventory(KeptIndex kept, Optional<KeptIndex.About> about) {
    Path privateFolder;
    try {
      privateFolder = PrivateFolder.create(workFolder, "index");
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "work-folder-failed",
              "No private folder can be made for a copy of the library's index.",
              "Check the disk of SERDAB_HOME: it may be full or read-only."),
          e);
    }
    try {
      return look(privateFolder, kept, about);
    } catch (RuntimeException e) {
      PrivateFolder.delete(privateFolder);
      throw e;
    }
  }

  private Inventory look(Path privateFolder, KeptIndex kept, Optional<KeptIndex.About> about) {
    Instant now = clock.instant();
    IndexAccess access =
        new IndexAccess(
            folders, kept, about, new IndexSnapshot(clock, sleeper), privateFolder, now);
    try {
      Optional<IndexSnapshot.Outcome> snapshot = takeSnapshot(access);
      Optional<Path> copy =
          snapshot
              .filter(IndexSnapshot.Outcome.Taken.class::isInstance)
              .map(taken -> ((IndexSnapshot.Outcome.Taken) taken).copy());
      Workbook workbook = Workbook.create(privateFolder.resolve("notes.sqlite"), copy);
      try {
        return inventory(workbook, access, snapshot, copy, privateFolder, now);
      } catch (IOException | SQLException | RuntimeException e) {
        workbook.close();
        throw e;
      }
    } catch (java.io.UncheckedIOException e) {
      throw HorosInventory.unreadable(e);
    } catch (IOException e) {
      throw HorosInventory.unreadable(e);
    } catch (SQLException e) {
      throw Workbook.failed(e);
    }
  }

  private Inventory inventory(
      Workbook workbook,
      IndexAccess access,
      Optional<IndexSnapshot.Outcome> snapshot,
      Optional<Path> copy,
      Path privateFolder,
      Instant now)
      throws IOException, SQLException {
    FileLocator locator = new FileLocator(folders, settings.folderSize());
    IndexSchema schema =
        copy.isPresent() ? IndexSchema.of(workbook.connection()) : IndexSchema.none();
    boolean usable = schema.leadsFromStudiesToFiles();
    for (Finding finding : folders.findings()) {
      workbook.find(finding);
    }
    noteIndexState(workbook, snapshot, schema, usable);
    DeletionQueue deletions = DeletionQueue.read(folders.base());
    for (Finding finding : deletions.findings()) {
      workbook.find(finding);
    }
    Optional<IndexReader> reader =
        usable
            ? Optional.of(
                new IndexReader(
                    workbook, schema, access.facts(workbook, schema), locator, settings.zone()))
            : Optional.empty();
    if (reader.isPresent()) {
      reader.get().noteStudies();
    }
    Optional<SourceHealth> health = Optional.empty();
    if (settings.listFolders() || reader.isEmpty()) {
      UnindexedFiles unindexed =
          new UnindexedFiles(workbook, folders, locator, reader, deletions, now, settings.zone());
      unindexed.note();
      health = health(workbook, unindexed.counted(), reader, deletions);
    }
    if (reader.isPresent()) {
      new Endangered(workbook, schema, folders)
          .note(deletions, settings.autoClean().orElse(AutoClean.VIEWERS_DEFAULT), now);
    }
    Optional<IndexFacts> facts = reader.map(IndexReader::facts);
    String uuid = reader.map(IndexReader::indexId).orElse("");
    boolean sound =
        new IndexGroups(workbook, folders, schema, facts, privateFolder, now)
            .note(snapshot, uuid, modelVersion());
    access.keep(uuid, sound && usable, keptFromBytes);
    return new HorosInventory(
        folders,
        locator,
        workbook,
        reader,
        schema,
        deletions,
        health,
        settings.zone(),
        privateFolder);
  }

  private Optional<SourceHealth> health(
      Workbook workbook,
      Optional<UnindexedFiles.Counted> counted,
      Optional<IndexReader> reader,
      DeletionQueue deletions)
      throws SQLException {
    if (counted.isEmpty()) {
      return Optional.empty();
    }
    long studies =
        workbook.number(
            "SELECT count(*) FROM study_group WHERE main_row IS NOT NULL AND files > 0");
    return Optional.of(
        new SourceHealth(
            studies,
            counted.get().inIndex(),
            counted.get().onDisk(),
            counted.get().missing(),
            settings.autoClean().map(AutoClean::on),
            deletions.size(),
            incomingCount(WAITING_COUNTED_MAX),
            reader.map(IndexReader::indexId).orElse(""),
            folders.name()));
  }

  /// Copies the index; empty when there is none and the files are there.
  private Optional<IndexSnapshot.Outcome> takeSnapshot(IndexAccess access) throws IOException {
    if (Files.exists(folders.base().resolve("Database3.sql"))) {
      throw new SerdabException.HeldBack(
          new Problem(
              "index-upgrade",
              "The viewer is upgrading its library " + folders.base() + ".",
              "Run again later, when it has finished. If no viewer is running, open it once to"
                  + " finish."));
    }
    if (Files.exists(folders.indexFile())) {
      return Optional.of(access.snapshot());
    }
    if (!folders.holdsFiles()) {
      throw new SerdabException.Unavailable(
          new Problem(
              "library-empty",
              "The library " + folders.base() + " has neither an index nor files.",
              "Check that its volume is mounted. An empty library is not backed up over a full"
                  + " one."));
    }
    return Optional.empty();
  }

  private void noteIndexState(
      Workbook workbook,
      Optional<IndexSnapshot.Outcome> snapshot,
      IndexSchema schema,
      boolean usable)
      throws SQLException {
    if (snapshot.isEmpty()) {
      workbook.find(
          Finding.about(
              LibraryFolders.INDEX,
              "index-missing",
              "The viewer's index is not there; studies are listed from the files. The viewer will"
                  + " rebuild it at its next start."));
      return;
    }
    switch (snapshot.get()) {
      case IndexSnapshot.Outcome.Unusable unusable ->
          workbook.find(
              Finding.about(
                  LibraryFolders.INDEX,
                  "index-unusable",
                  "The viewer's index cannot be used: "
                      + unusable.reason()
                      + ". Studies are listed from the files."));
      case IndexSnapshot.Outcome.Taken taken -> {
        if (taken.means() == IndexSnapshot.Means.ONLINE_BACKUP) {
          workbook.find(
              Finding.about(
                  LibraryFolders.INDEX,
                  "index-backed-up-online",
                  "The index changed during every try to copy it, so SQLite's online backup was"
                      + " used; a save of the viewer can have failed in that time."));
        }
        noteModel(workbook, schema, usable);
      }
    }
  }

  private void noteModel(Workbook workbook, IndexSchema schema, boolean usable)
      throws SQLException {
    if (!usable) {
      workbook.find(
          Finding.about(
              LibraryFolders.INDEX,
              "index-model-unknown",
              "The index does not lead from studies to files in any way known here; studies are"
                  + " listed from the files."));
      return;
    }
    String version = modelVersion();
    if (!KNOWN_MODELS.contains(version)) {
      workbook.find(
          Finding.about(
              "DB_VERSION",
              "index-model-untested",
              "The index is of a model other than 2.2 to 2.5; what its tables give is read."));
    }
    for (String table : schema.missingTables()) {
      workbook.find(
          Finding.about(
              LibraryFolders.INDEX,
              "index-table-missing",
              "The index has no table " + table + "."));
    }
  }

  private String modelVersion() {
    try (InputStream in = Files.newInputStream(folders.base().resolve("DB_VERSION"))) {
      return new String(in.readNBytes(VERSION_BYTES_MAX), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {
    // Nothing is kept open between inventories.
  }
}
