package serdab.source.horos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.SourceRows;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceHealth;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;
import serdab.source.StudyReceiver.NotGiven;
import serdab.store.PrivateFolder;

/// What a library held when its index was copied. Thread-safe.
///
/// Studies come from the [Workbook] as they are asked for; only one study's list of files is in
/// memory at a time. The private folder is deleted when the inventory is closed.
final class HorosInventory implements Inventory {

  private static final String LISTED = "files > 0 OR extras > 0";

  private final LibraryFolders folders;
  private final FileLocator locator;
  private final Workbook notes;
  private final Optional<IndexReader> index;
  private final IndexSchema schema;
  private final DeletionQueue deletions;
  private final Optional<SourceHealth> health;
  private final ZoneId zone;
  private final Path privateFolder;

  /// Guards the one connection that workers share; streams have their own.
  private final ReentrantLock lock = new ReentrantLock();

  HorosInventory(
      LibraryFolders folders,
      FileLocator locator,
      Workbook notes,
      Optional<IndexReader> index,
      IndexSchema schema,
      DeletionQueue deletions,
      Optional<SourceHealth> health,
      ZoneId zone,
      Path privateFolder) {
    this.folders = folders;
    this.locator = locator;
    this.notes = notes;
    this.index = index;
    this.schema = schema;
    this.deletions = deletions;
    this.health = health;
    this.zone = zone;
    this.privateFolder = privateFolder;
  }

  @Override
  public long studyCount() {
    lock.lock();
    try {
      return notes.number("SELECT count(*) FROM study_group WHERE other = 0 AND (" + LISTED + ")");
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Stream<Finding> findings() {
    return stream(
        "SELECT kind, path, detail FROM finding WHERE study_group IS NULL ORDER BY id",
        (reader, row) -> finding(row));
  }

  private static Finding finding(ResultSet row) throws SQLException {
    return Finding.about(row.getString("path"), row.getString("kind"), row.getString("detail"));
  }

  // ---- studies -----------------------------------------------------------------------------

  @Override
  public Stream<SourceStudy> studies(Order order) {
    String by =
        switch (order) {
          case STUDY_DATE -> "g.taken IS NULL, g.taken";
          case DATE_ADDED -> "g.added IS NULL, g.added";
          case DATE_ADDED_NEWEST, SMART -> "g.added IS NULL, g.added DESC";
        };
    String query =
        """
        SELECT g.*, %s AS row_name, %s AS row_patient_id, %s AS row_patient_uid,
          typeof(%s) AS row_birth_type, %s AS row_birth, %s AS row_accession,
          %s AS row_description
        FROM study_group g %s
        WHERE %s
        ORDER BY g.other, %s, g.key\
        """
            .formatted(
                ofRow("ZNAME"),
                ofRow("ZPATIENTID"),
                ofRow("ZPATIENTUID"),
                ofRow("ZDATEOFBIRTH"),
                ofRow("ZDATEOFBIRTH"),
                ofRow("ZACCESSIONNUMBER"),
                ofRow("ZSTUDYNAME"),
                index.isPresent() ? "LEFT JOIN lib.ZSTUDY t ON t.Z_PK = g.main_row" : "",
                LISTED,
                by);
    return stream(query, this::study);
  }

  private String ofRow(String column) {
    return index.isPresent() ? schema.column(IndexSchema.STUDY, "t", column) : "NULL";
  }

  private SourceStudy study(Workbook reader, ResultSet row) throws SQLException {
    long group = row.getLong("id");
    boolean fromIndex = row.getObject("main_row") != null;
    List<Finding> findings = new ArrayList<>();
    try (PreparedStatement statement =
        reader.prepare(
            "SELECT kind, path, detail FROM finding WHERE study_group = ? ORDER BY id")) {
      statement.setLong(1, group);
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          findings.add(finding(found));
        }
      }
    }
    StudyFacts facts =
        new StudyFacts(
            new StudyKey(row.getString("key")),
            PatientData.of(text(row, fromIndex ? "row_name" : "name")),
            PatientData.of(text(row, fromIndex ? "row_patient_id" : "patient_id")),
            birthDate(row, fromIndex, findings).map(PatientData::of),
            studyDate(row, fromIndex),
            modalities(reader, group, fromIndex),
            PatientData.of(text(row, fromIndex ? "row_accession" : "accession")),
            PatientData.of(text(row, fromIndex ? "row_description" : "description")));
    double added = row.getDouble("added");
    boolean hasAdded = !row.wasNull();
    return new SourceStudy(
        facts,
        fingerprint(reader, row),
        row.getLong("files") + row.getLong("extras"),
        hasAdded ? CoreDataTime.instant(added) : Optional.empty(),
        findings,
        Long.toString(group));
  }

  private Optional<LocalDate> birthDate(ResultSet row, boolean fromIndex, List<Finding> findings)
      throws SQLException {
    if (!fromIndex) {
      return CoreDataTime.basicDate(text(row, "birth_date"));
    }
    String type = row.getString("row_birth_type");
    Optional<Double> seconds =
        type.equals("integer") || type.equals("real")
            ? Optional.of(row.getDouble("row_birth"))
            : Optional.empty();
    if (seconds.flatMap(CoreDataTime::spelledOut).isPresent()) {
      findings.add(IndexReader.asText("date of birth"));
    }
    return CoreDataTime.birthDate(text(row, "row_patient_uid"), seconds, zone);
  }

  private Optional<LocalDate> studyDate(ResultSet row, boolean fromIndex) throws SQLException {
    if (!fromIndex) {
      return CoreDataTime.basicDate(text(row, "study_date"));
    }
    double taken = row.getDouble("taken");
    return row.wasNull() ? Optional.empty() : CoreDataTime.studyDate(taken, zone);
  }

  private List<String> modalities(Workbook reader, long group, boolean fromIndex)
      throws SQLException {
    Set<String> all = new TreeSet<>();
    if (fromIndex && index.isPresent()) {
      index.get().modalities(reader, group).forEach(text -> all.addAll(modalities(text)));
    }
    PreparedStatement statement =
        reader.kept("SELECT modality FROM modality WHERE study_group = ?");
    statement.setLong(1, group);
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        all.add(row.getString(1));
      }
    }
    return List.copyOf(all);
  }

  /// Modalities out of one text of the index, which may join several: `CT\SR`.
  static List<String> modalities(String text) {
    List<String> all = new ArrayList<>();
    for (String part : text.split("\\\\", -1)) {
      String modality = part.strip().toUpperCase(Locale.ROOT);
      if (!modality.isEmpty()) {
        all.add(modality);
      }
    }
    return all;
  }

  private String fingerprint(Workbook reader, ResultSet row) throws SQLException {
    String print = row.getString("fingerprint");
    String whole = (index.isPresent() ? index.get().indexId() : "files") + ":" + print;
    if (IndexGroups.hasOwnFingerprint(new StudyKey(row.getString("key")))) {
      return print;
    }
    if (row.getLong("extras") == 0) {
      return whole;
    }
    try (PreparedStatement statement =
        reader.prepare(
            """
            SELECT count(*), CAST(total(length) AS INTEGER), max(modified)
            FROM extra WHERE study_group = ?\
            """)) {
      statement.setLong(1, row.getLong("id"));
      try (ResultSet sums = statement.executeQuery()) {
        return sums.next()
            ? whole + "+" + sums.getLong(1) + "," + sums.getLong(2) + "," + sums.getLong(3)
            : whole;
      }
    }
  }

  private static String text(ResultSet row, String column) throws SQLException {
    String value = row.getString(column);
    return value == null ? "" : value.strip();
  }

  @Override
  public boolean endangered(SourceStudy study) {
    lock.lock();
    try {
      return notes.number(
              "SELECT count(*) FROM endangered WHERE study_group = ?",
              Long.parseLong(study.handle()))
          > 0;
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<String> state(SourceStudy study) {
    if (index.isEmpty() || !schema.has(IndexSchema.STUDY, "ZSTATETEXT")) {
      return Optional.empty();
    }
    lock.lock();
    try {
      // A study of several rows is in the state in which somebody put one of them.
      return MadeByPeople.state(
          notes.number(
              "SELECT max(coalesce(CAST(t.ZSTATETEXT AS INTEGER), 0)) FROM member m"
                  + " JOIN lib.ZSTUDY t ON t.Z_PK = m.study WHERE m.study_group = ?",
              Long.parseLong(study.handle())));
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<SourceHealth> health() {
    return health;
  }

  // ---- files -------------------------------------------------------------------------------

  /// A file as listed, and where it was found.
  private record Listed(SourceFile file, FileLocator.Located where) {

    Listed withMoreRows(long more) {
      return new Listed(file.withMoreRows(more), where);
    }
  }

  @Override
  public SourceRows rows(SourceStudy study) {
    if (index.isEmpty()) {
      return SourceRows.NONE;
    }
    lock.lock();
    try {
      return new SourceRowReader(notes, schema).read(Long.parseLong(study.handle()));
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<SourceFile> files(SourceStudy study) {
    return list(study).stream().map(Listed::file).toList();
  }

  private List<Listed> list(SourceStudy study) {
    long group = Long.parseLong(study.handle());
    List<Listed> listed = new ArrayList<>();
    Map<String, Integer> entries = new HashMap<>();
    try {
      for (IndexReader.NamedFile named : namedFiles(group)) {
        FileLocator.Located where = locate(study, named);
        add(where, named.rows(), listed, entries);
        if (where instanceof FileLocator.Located.Found found) {
          addCompanion(found, listed, entries);
        }
      }
      if (study.key().isLibrary() && study.key().libraryGroup().equals(IndexGroups.MADE)) {
        writeMade();
      }
      for (Extra extra : extras(group)) {
        if (IndexGroups.isOurs(study.key(), extra.entry(), extra.file(), privateFolder)) {
          addOurs(extra, listed);
        } else if (study.key().equals(StudyKey.UNREAD_FOLDERS)) {
          add(
              new FileLocator.Located.NotAFile(extra.entry(), "This folder cannot be listed."),
              0,
              listed,
              entries);
        } else {
          // Linked files of rows without a study lie outside; everything else must not.
          boolean linked = extra.entry().startsWith("linked/");
          add(locator.look(extra.entry(), extra.file(), linked), 0, listed, entries);
        }
      }
      boolean someMissing =
          listed.stream().anyMatch(each -> each.where() instanceof FileLocator.Located.Missing);
      if (someMissing && !Files.isDirectory(folders.database())) {
        throw new SerdabException.Unavailable(
            new Problem(
                "source-went-away",
                "The library's folder of files is not there any more: " + folders.database() + ".",
                "Mount its volume and run again."));
      }
      return listed;
    } catch (IOException e) {
      throw unreadable(e);
    } catch (UncheckedIOException e) {
      throw unreadable(e);
    }
  }

  /// A file of another library that is linked here and not mounted has the number of a file of
  /// ours, most likely of another patient: what lies there is taken only if it is of this study.
  private FileLocator.Located locate(SourceStudy study, IndexReader.NamedFile named) {
    FileLocator.Located where = locator.locate(named.name(), named.inLibrary());
    boolean foreign =
        where instanceof FileLocator.Located.Found found
            && locator.isMoved(named.name(), found)
            && IndexReader.header(found.file())
                .filter(facts -> facts.study().value().equals(study.key().value()))
                .isEmpty();
    return foreign ? locator.locateUnmoved(named.name()) : where;
  }

  private void add(
      FileLocator.Located where, long rows, List<Listed> listed, Map<String, Integer> entries) {
    if (where.entry().isEmpty()) {
      // Rows that name no file are a finding of the study.
      return;
    }
    Integer known = entries.putIfAbsent(where.entry(), listed.size());
    if (known != null) {
      // Another name of a file that is listed already, or about to be deleted, adds its rows only.
      if (known < listed.size() && listed.get(known).file().path().equals(where.entry())) {
        listed.set(known, listed.get(known).withMoreRows(rows));
      }
      return;
    }
    switch (where) {
      case FileLocator.Located.Found found ->
          listed.add(
              new Listed(
                  new SourceFile(
                      found.entry(), found.lengthBytes(), found.modified().toMillis(), rows),
                  found));
      case FileLocator.Located.Missing missing -> {
        if (!deletions.names(missing.entry(), missing.file())) {
          listed.add(notThere(missing, rows));
        }
      }
      case FileLocator.Located.Offline offline -> listed.add(notThere(offline, rows));
      case FileLocator.Located.NotAFile odd -> listed.add(notThere(odd, rows));
      case FileLocator.Located.Broken broken -> listed.add(notThere(broken, rows));
    }
  }

  private static Listed notThere(FileLocator.Located where, long rows) {
    return new Listed(new SourceFile(where.entry(), -1, 0, rows), where);
  }

  /// The pixels of an Analyze image lie beside its header and have no row.
  private void addCompanion(
      FileLocator.Located.Found found, List<Listed> listed, Map<String, Integer> entries)
      throws IOException {
    String entry = found.entry();
    if (entry.toLowerCase(Locale.ROOT).endsWith(".hdr")) {
      String name = found.file().getFileName().toString();
      Path pixels = found.file().resolveSibling(name.substring(0, name.length() - 4) + ".img");
      FileLocator.Located where =
          locator.look(entry.substring(0, entry.length() - 4) + ".img", pixels, false);
      if (where instanceof FileLocator.Located.Found) {
        add(where, 0, listed, entries);
      }
    }
  }

  /// A file of the private folder, with the time of change of the index; or a damaged index itself.
  private void addOurs(Extra extra, List<Listed> listed) throws IOException {
    FileTime copied = Files.getLastModifiedTime(extra.file());
    listed.add(
        new Listed(
            new SourceFile(extra.entry(), Files.size(extra.file()), extra.modifiedMillis()),
            new FileLocator.Located.Found(
                extra.entry(),
                extra.file(),
                Files.size(extra.file()),
                copied,
                fileKey(extra.file()))));
  }

  private void writeMade() throws IOException {
    lock.lock();
    try {
      IndexGroups.writeMade(notes, folders, schema, index.map(IndexReader::facts), privateFolder);
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
  }

  private static @Nullable Object fileKey(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  private List<IndexReader.NamedFile> namedFiles(long group) {
    List<IndexReader.NamedFile> names = new ArrayList<>();
    if (index.isPresent()) {
      lock.lock();
      try {
        index.get().eachFile(notes, group, names::add);
      } catch (SQLException e) {
        throw Workbook.failed(e);
      } finally {
        lock.unlock();
      }
    }
    return names;
  }

  private record Extra(String entry, Path file, long modifiedMillis) {}

  private List<Extra> extras(long group) {
    List<Extra> all = new ArrayList<>();
    lock.lock();
    try (PreparedStatement statement =
        notes.prepare(
            "SELECT entry, file, modified FROM extra WHERE study_group = ? ORDER BY entry")) {
      statement.setLong(1, group);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          all.add(new Extra(row.getString(1), Path.of(row.getString(2)), row.getLong(3)));
        }
      }
    } catch (SQLException e) {
      throw Workbook.failed(e);
    } finally {
      lock.unlock();
    }
    return all;
  }

  @Override
  public String look(SourceStudy study) {
    if (IndexGroups.hasOwnFingerprint(study.key())) {
      return study.fingerprint();
    }
    MessageDigest hasher = Sha256.hasher();
    for (Listed each : list(study)) {
      String line =
          each.file().path()
              + '\0'
              + each.file().lengthBytes()
              + '\0'
              + each.file().modifiedMillis()
              + '\0'
              + (each.where() instanceof FileLocator.Located.Found found
                  ? stableKey(found.fileKey())
                  : each.where().getClass().getSimpleName())
              + '\n';
      hasher.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return Sha256.finish(hasher).hex();
  }

  /// A file key without its device number: an external volume gets another at every mount, and then
  /// each file would look touched.
  private static String stableKey(@Nullable Object fileKey) {
    String key = String.valueOf(fileKey);
    int inode = key.indexOf("ino=");
    return inode < 0 ? key : key.substring(inode);
  }

  // ---- delivery ----------------------------------------------------------------------------

  @Override
  public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
    for (Listed each : list(study)) {
      SourceFile file = each.file();
      switch (each.where()) {
        case FileLocator.Located.Found found -> {
          if (leaveOut.contains(file.path())) {
            receiver.notGiven(file, NotGiven.UNREADABLE, "Reading it failed before.");
            continue;
          }
          Optional<Delivery> ended = give(file, found, receiver);
          if (ended.isPresent()) {
            return ended.get();
          }
        }
        case FileLocator.Located.Missing _ ->
            receiver.notGiven(
                file, NotGiven.MISSING, "The viewer's index names it and it is not there.");
        case FileLocator.Located.Offline _ ->
            receiver.notGiven(
                file,
                NotGiven.OFFLINE,
                file.path().startsWith("linked/")
                    ? "It is a linked file whose volume is not mounted."
                    : "iCloud has moved it out to its servers; download it again.");
        case FileLocator.Located.NotAFile odd ->
            receiver.notGiven(file, NotGiven.UNREADABLE, odd.detail());
        case FileLocator.Located.Broken broken ->
            receiver.notGiven(file, NotGiven.UNREADABLE, broken.detail());
      }
    }
    return new Delivery.Complete();
  }

  /// Gives one file.
  ///
  /// @return how the delivery ended, if it did
  private Optional<Delivery> give(
      SourceFile file, FileLocator.Located.Found found, StudyReceiver receiver) {
    ByteSource bytes;
    try {
      bytes = ByteSource.open(found.file());
    } catch (NoSuchFileException e) {
      return Optional.of(new Delivery.Changed(file));
    } catch (AccessDeniedException e) {
      receiver.notGiven(file, NotGiven.UNREADABLE, "Its permissions do not allow to read it.");
      return Optional.empty();
    } catch (IOException e) {
      receiver.notGiven(file, NotGiven.UNREADABLE, "It cannot be opened.");
      return Optional.empty();
    }
    try (bytes) {
      receiver.take(file, bytes);
    } catch (IOException e) {
      // A file that the viewer rewrites ends too early for a moment; that is no broken file.
      return Optional.of(
          isAsListed(found)
              ? new Delivery.Broke(file, "Reading it failed.")
              : new Delivery.Changed(file));
    }
    return isAsListed(found) ? Optional.empty() : Optional.of(new Delivery.Changed(file));
  }

  private static boolean isAsListed(FileLocator.Located.Found listed) {
    try {
      var now = Files.readAttributes(listed.file(), BasicFileAttributes.class);
      return now.size() == listed.lengthBytes()
          && now.lastModifiedTime().equals(listed.modified())
          && Objects.equals(now.fileKey(), listed.fileKey());
    } catch (IOException e) {
      return false;
    }
  }

  static SerdabException unreadable(Exception e) {
    return new SerdabException.Unavailable(
        new Problem(
            "library-unreadable",
            "A folder of the library cannot be read.",
            "Check that its volume is mounted and may be read."),
        e);
  }

  // ---- streams -----------------------------------------------------------------------------

  private interface RowReader<T> {
    T read(Workbook reader, ResultSet row) throws SQLException;
  }

  private <T> Stream<T> stream(String query, RowReader<T> rows) {
    Workbook reader = notes.reader();
    try {
      PreparedStatement statement = reader.prepare(query);
      ResultSet result = statement.executeQuery();
      Spliterator<T> each =
          new Spliterators.AbstractSpliterator<>(Long.MAX_VALUE, Spliterator.ORDERED) {
            @Override
            public boolean tryAdvance(Consumer<? super T> action) {
              T value;
              try {
                if (!result.next()) {
                  return false;
                }
                value = rows.read(reader, result);
              } catch (SQLException e) {
                throw Workbook.failed(e);
              }
              action.accept(value);
              return true;
            }
          };
      return StreamSupport.stream(each, false).onClose(reader::close);
    } catch (SQLException e) {
      reader.close();
      throw Workbook.failed(e);
    }
  }

  @Override
  public void close() {
    notes.close();
    PrivateFolder.delete(privateFolder);
  }
}
