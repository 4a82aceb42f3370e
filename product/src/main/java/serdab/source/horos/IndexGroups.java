package serdab.source.horos;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import serdab.Finding;
import serdab.dicom.StudyKey;

/// Notes the groups that are made of the index: `index` or `index-damaged`, and `made`
/// (`docs/format/library.md`). One thread at a time.
///
/// They change when their own fingerprints do: the index's when it was changed, that of `made` when
/// what people made is not what it was.
final class IndexGroups {

  static final String INDEX = "index";
  static final String DAMAGED = "index-damaged";
  static final String MADE = "made";

  /// What goes with a copy of the index.
  static final Set<String> BESIDE_THE_INDEX =
      Set.of("Database.momd", "DB_VERSION", "DBFOLDER_LOCATION");

  private static final List<String> SIDE_FILES = List.of("-journal", "-wal");

  /// The compiled model is a folder with a few files.
  private static final int DEPTH_MAX = 4;

  private static final int FILES_MAX = 1000;

  private final Workbook workbook;
  private final LibraryFolders folders;
  private final IndexSchema schema;
  private final Optional<IndexFacts> facts;
  private final Path privateFolder;
  private final Instant now;

  /// @param facts computed from the attached index; empty when it does not lead to files
  /// @param privateFolder the inventory's; what is known of an index is kept beside it
  IndexGroups(
      Workbook workbook,
      LibraryFolders folders,
      IndexSchema schema,
      Optional<IndexFacts> facts,
      Path privateFolder,
      Instant now) {
    this.workbook = workbook;
    this.folders = folders;
    this.schema = schema;
    this.facts = facts;
    this.privateFolder = privateFolder;
    this.now = now;
  }

  /// Whether a group's fingerprint says all about it, without its files.
  static boolean hasOwnFingerprint(StudyKey key) {
    return key.isLibrary() && Set.of(INDEX, DAMAGED, MADE).contains(key.libraryGroup());
  }

  /// Whether a file is one that we wrote, or a damaged index, which is read where it is.
  static boolean isOurs(StudyKey key, String entry, Path file, Path privateFolder) {
    return hasOwnFingerprint(key)
        && (file.startsWith(privateFolder) || entry.startsWith(LibraryFolders.INDEX));
  }

  /// Notes them.
  ///
  /// @param snapshot what came of copying the index; empty when there is none
  /// @param uuid the index's own
  /// @return whether nothing is known against the index
  boolean note(Optional<IndexSnapshot.Outcome> snapshot, String uuid, String modelVersion)
      throws SQLException, IOException {
    if (snapshot.isEmpty()) {
      return false;
    }
    return switch (snapshot.get()) {
      case IndexSnapshot.Outcome.Taken taken -> {
        String present = taken.state().fingerprint();
        Path file = known(privateFolder, folders);
        Optional<KnownIndex> known =
            KnownIndex.read(file).filter(index -> index.isOf(present) || index.isRecent(now));
        KnownIndex index;
        if (known.isPresent()) {
          index = known.get();
        } else {
          MadeByPeople.Made made = noteMade();
          index =
              new KnownIndex(
                  now,
                  present,
                  taken.sound() || IndexCopy.isSound(taken.copy()),
                  made.fingerprint(),
                  made.files().size());
          index.write(file);
        }
        if (!index.sound()) {
          workbook.find(
              Finding.about(
                  LibraryFolders.INDEX,
                  "index-damaged",
                  "SQLite's integrity_check finds the viewer's index damaged. It is copied beside"
                      + " the good copies, which stay."));
        }
        String means =
            switch (taken.means()) {
              case FILE_COPY -> "file-copy";
              case ONLINE_BACKUP -> "online-backup";
            };
        String check = index.isOf(present) ? (index.sound() ? "ok" : "damaged") : "not-run";
        noteIndex(
            index.sound() ? INDEX : DAMAGED,
            index.state(),
            taken.copy(),
            new IndexCopy(taken.state(), uuid, modelVersion, rows(), check, means));
        // Those files are written when somebody asks for them.
        settle(group(MADE), index.made(), index.madeFiles());
        yield index.sound();
      }
      case IndexSnapshot.Outcome.Unusable _ -> {
        try {
          IndexState state = IndexState.of(folders.indexFile());
          workbook.find(
              Finding.about(
                  LibraryFolders.INDEX,
                  "index-damaged",
                  "The viewer's index is damaged. It is copied as it is, beside the good copies,"
                      + " which stay."));
          noteIndex(
              DAMAGED,
              state.fingerprint(),
              folders.indexFile(),
              new IndexCopy(state, uuid, modelVersion, Map.of(), "damaged", ""));
        } catch (NoSuchFileException e) {
          // The viewer removes an index that it cannot open.
        }
        yield false;
      }
    };
  }

  private static Path known(Path privateFolder, LibraryFolders folders) {
    return privateFolder.resolveSibling("known-" + folders.name());
  }

  /// Whether an index in this state is to be checked from end to end now.
  static boolean isCheckDue(
      Path privateFolder, LibraryFolders folders, IndexState state, Instant now) {
    return KnownIndex.read(known(privateFolder, folders))
        .filter(index -> index.isOf(state.fingerprint()) || index.isRecent(now))
        .isEmpty();
  }

  private Map<String, Long> rows() throws SQLException {
    Map<String, Long> rows = new TreeMap<>();
    for (String table : schema.tables()) {
      rows.put(
          table,
          table.equals(IndexSchema.IMAGE) && facts.isPresent()
              ? facts.get().imageRows()
              : workbook.number("SELECT count(*) FROM lib.\"" + table + "\""));
    }
    return rows;
  }

  private void noteIndex(String name, String fingerprint, Path index, IndexCopy copy)
      throws SQLException, IOException {
    long group = group(name);
    long modified = copy.state().modified().toEpochMilli();
    noteFile(group, LibraryFolders.INDEX, index, modified);
    if (name.equals(DAMAGED) && index.equals(folders.indexFile())) {
      for (String side : SIDE_FILES) {
        Path file = index.resolveSibling(index.getFileName() + side);
        if (Files.isRegularFile(file)) {
          noteFile(group, file.getFileName().toString(), file, modified);
        }
      }
    }
    for (String each : BESIDE_THE_INDEX) {
      noteTree(group, each, folders.base().resolve(each), 1);
    }
    Path about = privateFolder.resolve(IndexCopy.NAME);
    copy.writeTo(about);
    noteFile(group, IndexCopy.NAME, about, modified);
    settle(
        group,
        fingerprint,
        workbook.number("SELECT count(*) FROM extra WHERE study_group = ?", group));
  }

  /// Writes what people made, if it is not written, and notes its files.
  static void writeMade(
      Workbook workbook,
      LibraryFolders folders,
      IndexSchema schema,
      Optional<IndexFacts> facts,
      Path privateFolder)
      throws SQLException, IOException {
    if (!Files.exists(privateFolder.resolve(MADE))) {
      new IndexGroups(workbook, folders, schema, facts, privateFolder, Instant.EPOCH).noteMade();
    }
  }

  private MadeByPeople.Made noteMade() throws SQLException, IOException {
    MadeByPeople.Made made =
        new MadeByPeople(workbook, schema, facts, privateFolder.resolve(MADE)).write();
    long group = group(MADE);
    // The viewer may have taken its index away since it was copied.
    long modified =
        Files.exists(folders.indexFile())
            ? Files.getLastModifiedTime(folders.indexFile()).toMillis()
            : 0;
    for (MadeByPeople.Written file : made.files()) {
      noteFile(group, file.entry(), file.file(), modified);
    }
    return made;
  }

  private long group(String name) throws SQLException {
    return workbook.group(StudyKey.library(folders.name(), name).value(), true);
  }

  private void noteTree(long group, String entry, Path path, int depth)
      throws SQLException, IOException {
    if (Files.isRegularFile(path)) {
      BasicFileAttributes seen = Files.readAttributes(path, BasicFileAttributes.class);
      noteFile(group, entry, path, seen.lastModifiedTime().toMillis());
    } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) && depth <= DEPTH_MAX) {
      int files = 0;
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(path)) {
        for (Path each : inside) {
          if (++files > FILES_MAX) {
            workbook.find(
                Finding.about(entry, "folder-too-deep", "It holds too many files to list all."));
            break;
          }
          noteTree(group, entry + "/" + each.getFileName(), each, depth + 1);
        }
      } catch (DirectoryIteratorException e) {
        throw e.getCause();
      }
    }
  }

  private void noteFile(long group, String entry, Path file, long modifiedMillis)
      throws SQLException, IOException {
    workbook.run(
        "INSERT INTO extra (study_group, entry, file, length, modified) VALUES (?, ?, ?, ?, ?)",
        group,
        entry,
        file.toString(),
        Files.size(file),
        modifiedMillis);
  }

  private void settle(long group, String fingerprint, long files) throws SQLException {
    workbook.run(
        "UPDATE study_group SET fingerprint = ?, extras = ? WHERE id = ?",
        fingerprint,
        files,
        group);
  }
}
