package serdab.source;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.PatientData;
import serdab.PatientData.Purpose;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Order;

/// Which files a folder held when it was last looked at, and which study each belongs to.
///
/// It lives in a SQLite file among the caches, so that tens of millions of files need no memory and
/// headers that did not change are not read again. Deleted, it is made anew. One thread at a time
/// writes; every method is synchronised.
final class FileIndex implements AutoCloseable {

  private static final int FORMAT = 3;

  /// It kept studies of an older scan when a later one broke off.
  private static final int KEPT_STUDIES = 2;

  private static final int COMMIT_EVERY = 5000;

  /// So many files that did not change are remembered before it is written down that they are
  /// there.
  private static final int SEEN_HELD_MAX = 50_000;

  private final Connection connection;
  private final PreparedStatement find;
  private final PreparedStatement touch;
  private final PreparedStatement put;
  private final Set<String> seen = new HashSet<>();
  private boolean holdsSeen = true;
  private boolean studiesHold = true;
  private long scan;
  private int pending;

  private FileIndex(Connection connection) throws SQLException {
    this.connection = connection;
    this.find =
        connection.prepareStatement(
            "select length, modified, file_key, unread from file where path = ?");
    this.touch = connection.prepareStatement("update file set scan = ? where path = ?");
    this.put =
        connection.prepareStatement(
            "insert or replace into file(path, length, modified, file_key, scan, study, name,"
                + " patient_id, birth, study_date, modality, accession, description, unread,"
                + " dicomdir) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  }

  /// What is known of one file.
  ///
  /// @param path relative to the root, `/` between parts
  /// @param unread why its header could not be read; empty text when it could
  record Row(String path, FileStamp stamp, StudyFacts facts, String unread, boolean isDicomDir) {}

  static FileIndex open(Path file) {
    try {
      makePrivate(file);
      return openOnce(file);
    } catch (SQLException first) {
      // Only a cache: made by another release or damaged, it is made anew.
      try {
        for (String suffix : List.of("", "-journal", "-wal", "-shm")) {
          Files.deleteIfExists(Path.of(file + suffix));
        }
        makePrivate(file);
        return openOnce(file);
      } catch (SQLException | IOException e) {
        throw failed(e);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static void makePrivate(Path file) throws IOException {
    if (!Files.exists(file)) {
      Files.createFile(file);
      if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      }
    }
  }

  private static FileIndex openOnce(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      // A cache may lose its last entries in a power cut, but must not become nonsense.
      statement.execute("pragma journal_mode=truncate");
      statement.execute("pragma synchronous=normal");
      statement.execute("pragma temp_store=file");
      int found;
      try (ResultSet version = statement.executeQuery("pragma user_version")) {
        version.next();
        found = version.getInt(1);
      }
      if (found == FORMAT) {
        connection.setAutoCommit(false);
        return new FileIndex(connection);
      }
      if (found != 0 && found != KEPT_STUDIES) {
        connection.close();
        throw new SQLException("made by another release");
      }
      statement.execute(
          "create table if not exists file(path text primary key, length integer, modified"
              + " integer, file_key text, scan integer, study text, name text, patient_id text,"
              + " birth text, study_date text, modality text, accession text, description text,"
              + " unread text, dicomdir integer) without rowid");
      statement.execute("create index if not exists file_study on file(study, path)");
      statement.execute(
          "create table if not exists study(study text primary key, fingerprint text, files"
              + " integer, bytes integer, newest integer, name text, patient_id text, birth text,"
              + " study_date text, modalities text, accession text, description text) without"
              + " rowid");
      statement.execute(
          "create table if not exists finding(kind text, path text, position integer, detail"
              + " text)");
      statement.execute("delete from study");
      statement.execute("pragma user_version=" + FORMAT);
    }
    connection.setAutoCommit(false);
    return new FileIndex(connection);
  }

  // ---- scanning

  synchronized void beginScan() {
    run(() -> {
      try (Statement statement = connection.createStatement();
          ResultSet last = statement.executeQuery("select max(scan) from file")) {
        last.next();
        scan = last.getLong(1) + 1;
      }
      if (count("select count(*) from finding") > 0) {
        try (Statement statement = connection.createStatement()) {
          statement.execute("delete from finding");
        }
      }
    });
  }

  /// Notes that a file is there; true when its entry is still right and its header need not be
  /// read.
  synchronized boolean isKnown(String path, FileStamp stamp) {
    return ask(() -> {
      find.setString(1, path);
      try (ResultSet row = find.executeQuery()) {
        if (!row.next()
            || row.getLong(1) != stamp.lengthBytes()
            || row.getLong(2) != stamp.modifiedNanos()
            || !row.getString(3).equals(stamp.fileKey())
            // What could not be read may be readable now though it looks the same.
            || !row.getString(4).isEmpty()) {
          return false;
        }
      }
      if (holdsSeen) {
        seen.add(path);
        if (seen.size() >= SEEN_HELD_MAX) {
          writeSeen();
        }
      } else {
        touch(path);
      }
      return true;
    });
  }

  private void touch(String path) throws SQLException {
    touch.setLong(1, scan);
    touch.setString(2, path);
    touch.executeUpdate();
    step();
  }

  /// From here on it is written down at once which files are there.
  private void writeSeen() throws SQLException {
    holdsSeen = false;
    for (String path : seen) {
      touch(path);
    }
    seen.clear();
  }

  /// Studies are gathered anew at the end, also of a scan after this one when this one breaks off.
  private void forgetStudies() throws SQLException {
    if (studiesHold) {
      studiesHold = false;
      try (Statement statement = connection.createStatement()) {
        statement.execute("delete from study");
      }
    }
  }

  synchronized void put(Row row) {
    run(() -> {
      forgetStudies();
      StudyFacts facts = row.facts();
      int i = 1;
      put.setString(i++, row.path());
      put.setLong(i++, row.stamp().lengthBytes());
      put.setLong(i++, row.stamp().modifiedNanos());
      put.setString(i++, row.stamp().fileKey());
      put.setLong(i++, scan);
      put.setString(i++, facts.key().value());
      put.setString(i++, facts.patientName().reveal(Purpose.CATALOGUE));
      put.setString(i++, facts.patientId().reveal(Purpose.CATALOGUE));
      put.setString(
          i++, facts.birthDate().map(date -> date.reveal(Purpose.CATALOGUE).toString()).orElse(""));
      put.setString(i++, facts.studyDate().map(LocalDate::toString).orElse(""));
      put.setString(i++, String.join("\\", facts.modalities()));
      put.setString(i++, facts.accessionNumber().reveal(Purpose.CATALOGUE));
      put.setString(i++, facts.description().reveal(Purpose.CATALOGUE));
      put.setString(i++, row.unread());
      put.setInt(i++, row.isDicomDir() ? 1 : 0);
      put.executeUpdate();
      step();
    });
  }

  synchronized void addFinding(Finding finding) {
    run(() -> {
      try (PreparedStatement add =
          connection.prepareStatement("insert into finding values (?,?,?,?)")) {
        add.setString(1, finding.kind());
        add.setString(2, finding.path());
        add.setLong(3, finding.position());
        add.setString(4, finding.detail());
        add.executeUpdate();
      }
      step();
    });
  }

  private void step() throws SQLException {
    if (++pending >= COMMIT_EVERY) {
      connection.commit();
      pending = 0;
    }
  }

  /// Forgets files that are not there any more, and gathers files into studies. Where nothing
  /// changed, nothing is written.
  synchronized void endScan() {
    run(() -> {
      if (!holdsSeen || seen.size() != count("select count(*) from file")) {
        writeSeen();
        try (PreparedStatement gone =
            connection.prepareStatement("delete from file where scan <> ?")) {
          gone.setLong(1, scan);
          if (gone.executeUpdate() > 0) {
            forgetStudies();
          }
        }
      }
      if (!studiesHold || count("select count(*) from (select 1 from study limit 1)") == 0) {
        gather();
      }
      connection.commit();
      seen.clear();
    });
  }

  private long count(String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery(query)) {
      count.next();
      return count.getLong(1);
    }
  }

  private void gather() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select study, path, length, modified, file_key, name, patient_id, birth,"
                    + " study_date, modality, accession, description from file order by study,"
                    + " path");
        PreparedStatement add =
            connection.prepareStatement("insert into study values (?,?,?,?,?,?,?,?,?,?,?,?)")) {
      Gathered current = null;
      while (rows.next()) {
        String study = rows.getString(1);
        if (current == null || !current.study.equals(study)) {
          if (current != null) {
            current.write(add);
          }
          current = new Gathered(study);
        }
        current.take(rows);
      }
      if (current != null) {
        current.write(add);
      }
    }
  }

  /// One study while its rows go by; the first row that says something is believed.
  private static final class Gathered {
    private final String study;
    private final MessageDigest hasher = Sha256.hasher();
    private final String[] texts = new String[6];
    private final TreeSet<String> modalities = new TreeSet<>();
    private long files;
    private long bytes;
    private long newest;

    Gathered(String study) {
      this.study = study;
      Arrays.fill(texts, "");
    }

    void take(ResultSet row) throws SQLException {
      FileStamp stamp = new FileStamp(row.getLong(3), row.getLong(4), row.getString(5));
      hasher.update(line(row.getString(2), stamp));
      files++;
      bytes += stamp.lengthBytes();
      newest = Math.max(newest, stamp.modifiedNanos());
      int[] columns = {6, 7, 8, 9, 11, 12};
      for (int i = 0; i < columns.length; i++) {
        if (texts[i].isEmpty()) {
          texts[i] = row.getString(columns[i]);
        }
      }
      String modality = row.getString(10);
      if (!modality.isEmpty()) {
        modalities.add(modality);
      }
    }

    void write(PreparedStatement add) throws SQLException {
      add.setString(1, study);
      add.setString(2, Sha256.finish(hasher).hex());
      add.setLong(3, files);
      add.setLong(4, bytes);
      add.setLong(5, newest);
      add.setString(6, texts[0]);
      add.setString(7, texts[1]);
      add.setString(8, texts[2]);
      add.setString(9, texts[3]);
      add.setString(10, String.join("\\", modalities));
      add.setString(11, texts[4]);
      add.setString(12, texts[5]);
      add.executeUpdate();
    }
  }

  /// One file's share in a study's fingerprint.
  static byte[] line(String path, FileStamp stamp) {
    return (path + '\0' + stamp.text() + '\n').getBytes(StandardCharsets.UTF_8);
  }

  // ---- reading

  synchronized long studyCount() {
    return ask(() -> {
      try (Statement statement = connection.createStatement();
          ResultSet count =
              statement.executeQuery(
                  "select count(*) from study where study not like '\\_other/%' escape"
                      + " '\\'")) {
        count.next();
        return count.getLong(1);
      }
    });
  }

  /// All studies in the wanted order; close the stream. Dates of adding are the newest file's time
  /// of change, the best a folder has.
  Stream<SourceStudy> studies(Order order) {
    String by =
        switch (order) {
          case STUDY_DATE -> "study_date = '', study_date";
          case DATE_ADDED -> "newest";
          case DATE_ADDED_NEWEST, SMART -> "newest desc";
        };
    String query =
        "select study, fingerprint, files, newest, name, patient_id, birth, study_date, modalities,"
            + " accession, description from study order by study like '\\_other/%' escape '\\', "
            + by
            + ", study";
    return stream(query, FileIndex::study);
  }

  private static SourceStudy study(ResultSet row) throws SQLException {
    String modalities = row.getString(9);
    StudyFacts facts =
        new StudyFacts(
            new StudyKey(row.getString(1)),
            PatientData.of(row.getString(5)),
            PatientData.of(row.getString(6)),
            date(row.getString(7)).map(PatientData::of),
            date(row.getString(8)),
            modalities.isEmpty() ? List.of() : List.of(modalities.split("\\\\", -1)),
            PatientData.of(row.getString(10)),
            PatientData.of(row.getString(11)));
    return new SourceStudy(
        facts,
        row.getString(2),
        row.getLong(3),
        Optional.of(Instant.ofEpochSecond(0, row.getLong(4))),
        List.of(),
        row.getString(1));
  }

  private static Optional<LocalDate> date(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(LocalDate.parse(text));
  }

  Stream<Finding> findings() {
    return stream(
        "select kind, path, position, detail from finding",
        row -> new Finding(row.getString(1), row.getString(2), row.getLong(3), row.getString(4)));
  }

  /// A study's files by path, each with why it could not be read (empty text when it could).
  record Listed(String path, FileStamp stamp, String unread) {}

  synchronized List<Listed> files(String study) {
    return ask(() -> {
      List<Listed> files = new ArrayList<>();
      try (PreparedStatement select =
          connection.prepareStatement(
              "select path, length, modified, file_key, unread from file where study = ? order"
                  + " by path")) {
        select.setString(1, study);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) {
            files.add(
                new Listed(
                    rows.getString(1),
                    new FileStamp(rows.getLong(2), rows.getLong(3), rows.getString(4)),
                    rows.getString(5)));
          }
        }
      }
      return files;
    });
  }

  /// Paths of DICOMDIR files that this scan saw.
  synchronized List<String> dicomDirs() {
    return ask(() -> {
      List<String> paths = new ArrayList<>();
      if (count("select count(*) from (select 1 from file where dicomdir = 1 limit 1)") == 0) {
        return paths;
      }
      writeSeen();
      try (Statement statement = connection.createStatement();
          ResultSet rows =
              statement.executeQuery(
                  "select path from file where dicomdir = 1 and scan = "
                      + scan
                      + " order by path")) {
        while (rows.next()) {
          paths.add(rows.getString(1));
        }
      }
      return paths;
    });
  }

  /// Files of studies below a folder that this scan saw, by path, streamed.
  Stream<String> dicomFilesBelow(String folder) {
    String from = folder.isEmpty() ? "" : folder + "/";
    String to = folder.isEmpty() ? "\uffff" : folder + "0";
    return stream(
        "select path from file where path >= '"
            + from.replace("'", "''")
            + "' and path < '"
            + to.replace("'", "''")
            + "' and scan = "
            + scan
            + " and study not like '\\_other/%' escape '\\'",
        row -> row.getString(1));
  }

  synchronized boolean has(String path) {
    return ask(() -> {
      find.setString(1, path);
      try (ResultSet row = find.executeQuery()) {
        return row.next();
      }
    });
  }

  @FunctionalInterface
  private interface Reading<T> {
    T of(ResultSet row) throws SQLException;
  }

  private <T> Stream<T> stream(String query, Reading<T> reading) {
    try {
      Statement statement = connection.createStatement();
      ResultSet rows = statement.executeQuery(query);
      Spliterator<T> each =
          new Spliterators.AbstractSpliterator<>(Long.MAX_VALUE, Spliterator.ORDERED) {
            @Override
            public boolean tryAdvance(Consumer<? super T> action) {
              @Nullable T next = null;
              try {
                synchronized (FileIndex.this) {
                  if (!rows.next()) {
                    return false;
                  }
                  next = reading.of(rows);
                }
              } catch (SQLException e) {
                throw failed(e);
              }
              action.accept(next);
              return true;
            }
          };
      return StreamSupport.stream(each, false)
          .onClose(() -> {
            try {
              statement.close();
            } catch (SQLException e) {
              throw failed(e);
            }
          });
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  @FunctionalInterface
  private interface Step {
    void run() throws SQLException;
  }

  @FunctionalInterface
  private interface Question<T> {
    T ask() throws SQLException;
  }

  private static void run(Step step) {
    try {
      step.run();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static <T> T ask(Question<T> question) {
    try {
      return question.ask();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static SerdabException failed(Exception cause) {
    return new SerdabException.Unavailable(
        new Problem(
            "source-cache-failed",
            "The cache of what the folder holds cannot be used ("
                + cause.getClass().getSimpleName()
                + ").",
            "Check the free space and permissions of Serdab's own folder, then run again."),
        cause);
  }

  @Override
  public synchronized void close() {
    try {
      connection.commit();
      connection.close();
    } catch (SQLException e) {
      throw failed(e);
    }
  }
}
