package serdab.source.horos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.PatientData;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StudyKey;

/// Finds what the index does not give, by listing the folders: images without a row, and everything
/// in the library that is not an image. Notes each file as an extra of a study or of a group of
/// other files.
///
/// An image younger than [#GRACE] without a row is most likely one that the viewer is taking in; it
/// is left for the next run. Without a usable index nothing has a row, and everything is noted.
///
/// One thread at a time.
final class UnindexedFiles {

  static final Duration GRACE = Duration.ofHours(1);

  /// The only name passed over in silence: the Finder rewrites it whenever somebody looks.
  private static final String FINDER_SETTINGS = ".DS_Store";

  private static final int DEPTH_MAX = 16;
  private static final int WAITING_COUNTED_MAX = 100_000;
  private static final Pattern NUMBERED_DCM = Pattern.compile("(0|[1-9]\\d{0,17})\\.dcm");
  private static final String MOVED_OUT_END = ".icloud";
  private static final Pattern MOVED_OUT = Pattern.compile("\\..+\\.icloud");
  private static final Pattern SAFE = Pattern.compile("[^0-9A-Za-z_-]+");

  /// Folders whose files pass through: the viewer works on them, or they are its scratch.
  private static final Map<String, String> WAITING =
      Map.of(
          "INCOMING.noindex", "wait to be imported",
          "TOBEINDEXED.noindex", "wait to be imported at the viewer's next start",
          "TEMP.noindex", "are being received",
          "DECOMPRESSION.noindex", "are being unpacked",
          "DUMP", "are the viewer's scratch");

  /// Files that say something about the viewer's work, and are void when it ends.
  private static final Set<String> PASSING_FILES =
      Set.of(
          FINDER_SETTINGS,
          "ThumbnailPath",
          "Loading",
          DeletionQueue.NAME,
          LibraryFolders.INDEX,
          LibraryFolders.INDEX + "-journal",
          LibraryFolders.INDEX + "-wal",
          LibraryFolders.INDEX + "-shm",
          LibraryFolders.INDEX + ".dump",
          ".dump.sql");

  private static final Map<String, String> GROUPS =
      Map.of(
          "REPORTS", "reports",
          "ROIs", "rois",
          "PAGES", "templates",
          "HTML_TEMPLATES", "templates",
          "NOT READABLE", "not-readable",
          "Database.sql - old", "earlier-index",
          "Database-Old-PreviousVersion.sql", "earlier-index");

  private final Workbook workbook;
  private final LibraryFolders folders;
  private final FileLocator locator;
  private final Optional<IndexReader> index;
  private final Instant now;
  private final ZoneId zone;
  private NumberSet numbers = new NumberSet();
  private final DeletionQueue deletions;
  private long tooYoung;
  private long onDisk;
  private long ofRows;

  UnindexedFiles(
      Workbook workbook,
      LibraryFolders folders,
      FileLocator locator,
      Optional<IndexReader> index,
      DeletionQueue deletions,
      Instant now,
      ZoneId zone) {
    this.workbook = workbook;
    this.folders = folders;
    this.locator = locator;
    this.index = index;
    this.deletions = deletions;
    this.now = now;
    this.zone = zone;
  }

  /// Lists the folders and notes what it finds.
  void note() throws SQLException, IOException {
    workbook.execute("BEGIN");
    if (index.isPresent()) {
      numbers = index.get().facts().numbers();
      index.get().facts().needNames();
      noteStrayLinks(index.get());
    }
    if (numbers.overflowed()) {
      workbook.find(
          Finding.about(
              "",
              "index-numbers-scattered",
              "File numbers in the viewer's index lie too far apart; files without a row were not"
                  + " looked for."));
    } else {
      noteDatabase();
    }
    noteRest(folders.data(), "");
    if (!folders.base().equals(folders.data())) {
      noteRest(folders.base(), "index-folder/");
    }
    workbook.execute(
        """
        UPDATE study_group SET extras =
          (SELECT count(*) FROM extra e WHERE e.study_group = study_group.id)\
        """);
    workbook.execute("COMMIT");
  }

  /// What the listing of folders showed, as far as it was done.
  ///
  /// @param onDisk files in the folder of images
  /// @param inIndex distinct files in the library that rows name
  /// @param missing those of them that are not there
  record Counted(long onDisk, long inIndex, long missing) {}

  /// Counts of what [#note] saw; empty when the numbers in the index are not to be counted.
  Optional<Counted> counted() throws SQLException {
    if (numbers.overflowed()) {
      return Optional.empty();
    }
    long inIndex =
        numbers.size()
            + (index.isEmpty()
                ? 0
                : workbook.number(
                    "SELECT count(*) FROM facts.named WHERE name NOT LIKE '/%' OR substr(name, 1, ?) = ?",
                    folders.database().toString().length() + 1, folders.database() + "/"));
    return Optional.of(new Counted(onDisk, inIndex, Math.max(0, inIndex - ofRows)));
  }

  // ---- images ------------------------------------------------------------------------------

  private void noteDatabase() throws SQLException, IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folders.database())) {
      for (Path each : inside) {
        String name = each.getFileName().toString();
        boolean numbered = LibraryFolders.NUMBERED.matcher(name).matches();
        if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)
            || (numbered && Files.isDirectory(each))) {
          noteFolder(each, name, numbered, 1);
        } else {
          noteImage(each, "", false);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    if (tooYoung > 0) {
      workbook.find(
          Finding.about(
              "DATABASE.noindex",
              "images-without-row-yet",
              tooYoung
                  + " images have no row in the viewer's index and are younger than an hour; the"
                  + " viewer may be taking them in."));
    }
  }

  private void noteFolder(Path folder, String relative, boolean numbered, int depth)
      throws SQLException, IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path each : inside) {
        if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
          if (depth < DEPTH_MAX) {
            noteFolder(each, relative + "/" + each.getFileName(), false, depth + 1);
          } else {
            noteTooDeep("DATABASE.noindex/" + relative + "/" + each.getFileName(), each);
          }
        } else {
          noteImage(each, relative, numbered);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    } catch (NoSuchFileException e) {
      // The viewer removes numbered folders that it has emptied.
    } catch (FileSystemException e) {
      noteClosed(folder, "DATABASE.noindex/" + relative, e);
    }
  }

  /// A folder that cannot be listed is a gap of its own, so that no run that could not look into it
  /// is all good; everything else is copied.
  private void noteClosed(Path folder, String entry, FileSystemException failure)
      throws SQLException {
    if (!Files.isDirectory(folders.database())) {
      throw new UncheckedIOException(failure); // The volume went away; that is no closed folder.
    }
    workbook.find(
        Finding.about(
            entry,
            "folder-unreadable",
            "This folder cannot be listed ("
                + failure.getClass().getSimpleName()
                + "); what lies in it is not copied."));
    noteGap(StudyKey.UNREAD_FOLDERS, entry, folder);
  }

  /// Lists something that cannot be given, so that it is told as such.
  private void noteGap(StudyKey group, String entry, Path path) throws SQLException {
    workbook.run(
        "INSERT INTO extra (study_group, entry, file, length, modified) VALUES (?, ?, ?, ?, ?)",
        workbook.group(group.value(), true),
        entry,
        path.toString(),
        -1,
        0);
  }

  private static String original(String placeholder) {
    return placeholder.substring(1, placeholder.length() - MOVED_OUT_END.length());
  }

  /// What iCloud leaves in place of a file is nothing to copy. The file itself is listed by its
  /// row, as offline; one without a row is a gap of its own.
  private void noteMovedOut(Path file, String entry) throws SQLException {
    workbook.find(
        Finding.about(
            entry,
            "moved-out-by-icloud",
            "iCloud has moved the file out to its servers; it cannot be copied until it is"
                + " downloaded again."));
    noteGap(StudyKey.UNREAD_FILES, entry, file);
  }

  /// What is not listed is a gap, as a closed folder is.
  private void noteTooDeep(String entry, Path folder) throws SQLException {
    workbook.find(Finding.about(entry, "folder-too-deep", "What lies deeper is not listed."));
    noteGap(StudyKey.UNREAD_FOLDERS, entry, folder);
  }

  private void noteImage(Path file, String folder, boolean numbered)
      throws SQLException, IOException {
    String name = file.getFileName().toString();
    if (MOVED_OUT.matcher(name).matches()) {
      String original = original(name);
      Path there = file.resolveSibling(original);
      if (!numbered || !(isInIndex(there, folder, original) || isCompanion(original))) {
        noteMovedOut(
            there, "DATABASE.noindex/" + (folder.isEmpty() ? "" : folder + "/") + original);
      }
      return;
    }
    if (name.equals(FINDER_SETTINGS)) {
      return;
    }
    onDisk++;
    if (numbered && isInIndex(file, folder, name)) {
      ofRows++;
      return;
    }
    if (numbered && isCompanion(name)) {
      return;
    }
    String entry = "DATABASE.noindex/" + (folder.isEmpty() ? "" : folder + "/") + name;
    Optional<BasicFileAttributes> seen = regularFile(file, entry);
    if (seen.isEmpty()) {
      return;
    }
    if (isNamed(file.toString())) {
      ofRows++;
      return;
    }
    // What the viewer is about to delete has lost its row, and is not on its way in.
    boolean leaving = deletions.names(entry, file);
    if (index.isPresent() && !leaving && isArriving(seen.get().lastModifiedTime().toInstant())) {
      tooYoung++;
      return;
    }
    String top = folder.isEmpty() ? "root" : folder.split("/", 2)[0];
    noteByHeader(file, entry, seen.get(), "unindexed-" + SAFE.matcher(top).replaceAll("_"));
    if (leaving) {
      workbook.run(
          "INSERT OR IGNORE INTO endangered SELECT study_group FROM extra WHERE id ="
              + " last_insert_rowid()");
    }
  }

  /// A time far in the future comes from a clock that was wrong and says nothing of its age.
  private boolean isArriving(Instant modified) {
    return !modified.isBefore(now.minus(GRACE)) && !modified.isAfter(now.plus(GRACE));
  }

  private void noteByHeader(Path file, String entry, BasicFileAttributes seen, String otherGroup)
      throws SQLException {
    Optional<InstanceFacts> facts = IndexReader.header(file);
    if (facts.isPresent() && !facts.get().study().isEmpty()) {
      long group = workbook.group(facts.get().study().value(), false);
      noteExtra(group, entry, file, seen);
      noteFacts(group, facts.get(), seen);
    } else {
      noteExtra(otherGroup(otherGroup), entry, file, seen);
    }
  }

  private boolean isInIndex(Path file, String folder, String name) throws SQLException {
    Matcher number = NUMBERED_DCM.matcher(name);
    if ((number.matches() && numbers.contains(Long.parseLong(number.group(1)))) || isNamed(name)) {
      // In its own folder it is the row's file; elsewhere only if the row's file is not there.
      return folder.equals(FileLocator.folderOf(name, locator.folderSize()))
          || (locator.locate(name, true) instanceof FileLocator.Located.Found found
              && found.file().equals(file));
    }
    return false;
  }

  /// An Analyze image `7.img` has no row; its header `7.hdr` has.
  private boolean isCompanion(String name) throws SQLException {
    return name.endsWith(".img") && isNamed(name.substring(0, name.length() - 4) + ".hdr");
  }

  private boolean isNamed(String name) throws SQLException {
    return index.isPresent()
        && workbook.number("SELECT 1 FROM facts.named WHERE name = ?", name) == 1;
  }

  private void noteStrayLinks(IndexReader reader) throws SQLException {
    reader.eachStrayLink(name -> {
      try {
        if (locator.locate(name, false) instanceof FileLocator.Located.Found found
            && found.entry().startsWith("linked/")) {
          BasicFileAttributes seen = Files.readAttributes(found.file(), BasicFileAttributes.class);
          noteByHeader(found.file(), found.entry(), seen, "linked-without-study");
        }
      } catch (IOException e) {
        // Gone since: the finding on rows without a study stands for it.
      } catch (SQLException e) {
        throw Workbook.failed(e);
      }
    });
  }

  // ---- everything else ---------------------------------------------------------------------

  private void noteRest(Path root, String prefix) throws SQLException, IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(root)) {
      for (Path each : inside) {
        String name = each.getFileName().toString();
        if (each.equals(folders.database())
            || PASSING_FILES.contains(name)
            || (root.equals(folders.base()) && IndexGroups.BESIDE_THE_INDEX.contains(name))) {
          continue;
        }
        String words = WAITING.get(name);
        if (words != null) {
          noteWaiting(each, name, words);
        } else {
          noteOther(each, prefix + name, groupOf(name), 1);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    if (Files.exists(root.resolve("Loading"))) {
      workbook.find(
          Finding.about(
              "Loading",
              "viewer-busy",
              "The viewer is opening or importing, or it crashed at it."));
    }
  }

  private static String groupOf(String name) {
    String other =
        name.startsWith("Database.sql.unreadable-")
            ? "earlier-index"
            : name.startsWith("ReportTemplate.") ? "templates" : "viewer-files";
    return GROUPS.getOrDefault(name, other);
  }

  private void noteOther(Path path, String entry, String group, int depth)
      throws SQLException, IOException {
    String name = path.getFileName().toString();
    if (name.equals(FINDER_SETTINGS)) {
      return;
    }
    if (MOVED_OUT.matcher(name).matches()) {
      String original = original(name);
      noteMovedOut(
          path.resolveSibling(original),
          entry.substring(0, entry.length() - name.length()) + original);
      return;
    }
    // The viewer follows links to its own folders; deeper ones may lead in circles.
    boolean folder =
        depth == 1 ? Files.isDirectory(path) : Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    if (!folder) {
      Optional<BasicFileAttributes> seen = regularFile(path, entry);
      if (seen.isPresent()) {
        noteExtra(otherGroup(group), entry, path, seen.get());
      }
      return;
    }
    if (depth >= DEPTH_MAX) {
      noteTooDeep(entry, path);
      return;
    }
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(path)) {
      for (Path each : inside) {
        noteOther(each, entry + "/" + each.getFileName(), group, depth + 1);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    } catch (NoSuchFileException e) {
      // The viewer removed it since it was listed.
    } catch (FileSystemException e) {
      noteClosed(path, entry, e);
    }
  }

  private void noteWaiting(Path folder, String name, String words)
      throws SQLException, IOException {
    long waiting = countFiles(folder, WAITING_COUNTED_MAX);
    if (waiting > 0) {
      String count = waiting >= WAITING_COUNTED_MAX ? "At least " + waiting : "" + waiting;
      workbook.find(
          Finding.about(
              name,
              "files-in-passing",
              count + " files " + words + "; they are not backed up yet."));
    }
  }

  /// How many files lie in a folder and below it, counted up to a limit. Names that begin with a
  /// dot are left out, as the viewer's importer leaves them out.
  static long countFiles(Path folder, long limit) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    // The viewer's folder may be a link; what is in it is not followed.
    Counter counter = new Counter(folder.toRealPath(), limit);
    Files.walkFileTree(counter.top, Set.of(), DEPTH_MAX, counter);
    return counter.files;
  }

  /// Counts files while the viewer takes them away: one that is gone again is none.
  private static final class Counter extends SimpleFileVisitor<Path> {
    private final Path top;
    private final long limit;
    private long files;

    Counter(Path top, long limit) {
      this.top = top;
      this.limit = limit;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes seen) {
      if (seen.isRegularFile() && !file.getFileName().toString().startsWith(".")) {
        files++;
      }
      return files < limit ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (file.equals(top) && !(failure instanceof NoSuchFileException)) {
        throw failure;
      }
      return FileVisitResult.CONTINUE;
    }
  }

  // ---- notes -------------------------------------------------------------------------------

  private long otherGroup(String name) throws SQLException {
    return workbook.group(StudyKey.library(folders.name(), name).value(), true);
  }

  /// The attributes of a regular file, links inside the library followed; else a finding.
  private Optional<BasicFileAttributes> regularFile(Path file, String entry)
      throws SQLException, IOException {
    FileLocator.Located there = locator.look(entry, file, false);
    return switch (there) {
      case FileLocator.Located.Found found -> attributes(found.file());
      case FileLocator.Located.NotAFile odd -> {
        workbook.find(Finding.about(entry, "not-a-file", odd.detail()));
        if (odd.isClosed()) {
          noteGap(StudyKey.UNREAD_FILES, entry, file);
        }
        yield Optional.empty();
      }
      case FileLocator.Located.Missing _,
          FileLocator.Located.Offline _,
          FileLocator.Located.Broken _ ->
          Optional.empty();
    };
  }

  /// Empty when the viewer took the file away since it was listed.
  private static Optional<BasicFileAttributes> attributes(Path file) throws IOException {
    try {
      return Optional.of(Files.readAttributes(file, BasicFileAttributes.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private void noteExtra(long group, String entry, Path file, BasicFileAttributes seen)
      throws SQLException {
    workbook.run(
        "INSERT INTO extra (study_group, entry, file, length, modified) VALUES (?, ?, ?, ?, ?)",
        group,
        entry,
        file.toString(),
        seen.size(),
        seen.lastModifiedTime().toMillis());
  }

  /// What a study is, from the first of its files; only where the index does not say it.
  private void noteFacts(long group, InstanceFacts facts, BasicFileAttributes seen)
      throws SQLException {
    for (String modality : HorosInventory.modalities(facts.modality())) {
      workbook.run("INSERT OR IGNORE INTO modality VALUES (?, ?)", group, modality);
    }
    Optional<LocalDate> day = CoreDataTime.basicDate(facts.studyDate());
    workbook.run(
        """
        UPDATE study_group SET
          name = coalesce(name, ?1), patient_id = coalesce(patient_id, ?2),
          birth_date = coalesce(birth_date, ?3), study_date = coalesce(study_date, ?4),
          accession = coalesce(accession, ?5), description = coalesce(description, ?6),
          taken = coalesce(taken, ?7), added = max(coalesce(added, ?8), ?8)
        WHERE id = ?9 AND main_row IS NULL\
        """,
        reveal(facts.patientName()),
        reveal(facts.patientId()),
        reveal(facts.patientBirthDate()),
        day.isPresent() ? facts.studyDate() : null,
        reveal(facts.accessionNumber()),
        facts.studyDescription(),
        day.map(d -> CoreDataTime.seconds(d, zone)).orElse(null),
        CoreDataTime.seconds(seen.lastModifiedTime().toInstant()),
        group);
  }

  private static @Nullable String reveal(PatientData<String> value) {
    String text = value.reveal(PatientData.Purpose.CATALOGUE);
    return text.isEmpty() ? null : text;
  }
}
