package serdab.source.horos;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;

/// A private SQLite file in which an inventory notes what it saw, with the copy of the viewer's
/// index attached read-only as `lib`. One thread at a time. Notes live here rather than in memory,
/// so that a library of any size fits.
///
/// Tables: `study_group` has a row per study or group of other files, `member` says which study
/// rows of the index belong to it, `extra` holds files that the index does not give, `endangered`
/// says whose files the viewer is about to delete, `modality` the modalities read from such files,
/// `finding` the oddities.
final class Workbook implements AutoCloseable {

  /// The code of [#failed].
  static final String FAILED = "notes-failed";

  private static final int CACHE_KIB = 12 * 1024;

  private final Path file;
  private final Optional<Path> index;
  private final Connection connection;
  private final Map<String, PreparedStatement> kept = new HashMap<>();

  private Workbook(Path file, Optional<Path> index, Connection connection) {
    this.file = file;
    this.index = index;
    this.connection = connection;
  }

  /// Begins an empty workbook.
  ///
  /// @param index the private copy of the viewer's index, if there is a usable one
  static Workbook create(Path file, Optional<Path> index) {
    Workbook workbook = connect(file, index, false);
    try {
      workbook.execute(
          """
          CREATE TABLE study_group (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            other INTEGER NOT NULL DEFAULT 0,
            main_row INTEGER,
            patient TEXT,
            taken REAL,
            added REAL,
            files INTEGER NOT NULL DEFAULT 0,
            extras INTEGER NOT NULL DEFAULT 0,
            fingerprint TEXT NOT NULL DEFAULT '',
            name TEXT, patient_id TEXT, birth_date TEXT, study_date TEXT, accession TEXT,
            description TEXT)\
          """);
      workbook.execute(
          "CREATE TABLE member (study INTEGER PRIMARY KEY, study_group INTEGER NOT NULL)");
      workbook.execute("CREATE INDEX member_group ON member (study_group)");
      workbook.execute(
          """
          CREATE TABLE extra (
            id INTEGER PRIMARY KEY,
            study_group INTEGER NOT NULL,
            entry TEXT NOT NULL,
            file TEXT NOT NULL,
            length INTEGER NOT NULL,
            modified INTEGER NOT NULL)\
          """);
      workbook.execute("CREATE INDEX extra_group ON extra (study_group)");
      workbook.execute("CREATE TABLE endangered (study_group INTEGER PRIMARY KEY)");
      workbook.execute(
          """
          CREATE TABLE modality (
            study_group INTEGER NOT NULL, modality TEXT NOT NULL,
            PRIMARY KEY (study_group, modality)) WITHOUT ROWID\
          """);
      workbook.execute(
          """
          CREATE TABLE finding (
            id INTEGER PRIMARY KEY,
            study_group INTEGER,
            kind TEXT NOT NULL,
            path TEXT NOT NULL,
            detail TEXT NOT NULL)\
          """);
      workbook.execute("CREATE INDEX finding_group ON finding (study_group)");
      return workbook;
    } catch (SQLException e) {
      workbook.close();
      throw failed(e);
    }
  }

  /// Another connection to the same notes, for reading.
  Workbook reader() {
    return connect(file, index, true);
  }

  private static Workbook connect(Path file, Optional<Path> index, boolean readOnly) {
    SQLiteConfig config = new SQLiteConfig();
    config.setOpenMode(SQLiteOpenMode.OPEN_URI);
    config.setReadOnly(readOnly);
    try {
      Connection connection =
          DriverManager.getConnection("jdbc:sqlite:" + file, config.toProperties());
      Workbook workbook = new Workbook(file, index, connection);
      // Nothing here outlives the run, and sorting must not leave names in the system's temporary
      // folder.
      workbook.execute("PRAGMA journal_mode=OFF");
      workbook.execute("PRAGMA synchronous=OFF");
      workbook.execute("PRAGMA temp_store=MEMORY");
      workbook.execute("PRAGMA trusted_schema=OFF");
      workbook.execute("PRAGMA cache_size=-" + CACHE_KIB);
      if (index.isPresent()) {
        workbook.attachReadOnly(index.get(), "lib");
      }
      return workbook;
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  Connection connection() {
    return connection;
  }

  /// Attaches another file of ours, made when it is not there; only this connection sees it.
  void attach(Path another, String name) throws SQLException {
    attach(another, "rwc", name);
    execute("PRAGMA " + name + ".journal_mode=OFF");
    execute("PRAGMA " + name + ".synchronous=OFF");
  }

  /// Attaches a file that nobody writes to.
  void attachReadOnly(Path another, String name) throws SQLException {
    attach(another, "ro", name);
  }

  private void attach(Path another, String mode, String name) throws SQLException {
    try (PreparedStatement attach = connection.prepareStatement("ATTACH ? AS " + name)) {
      attach.setString(
          1, another.toUri().toString().replace("file:///", "file:/") + "?mode=" + mode);
      attach.execute();
    }
    execute("PRAGMA " + name + ".cache_size=-" + CACHE_KIB);
  }

  /// Detaches it again, outside of a transaction.
  void detach(String name) throws SQLException {
    execute("DETACH " + name);
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  PreparedStatement prepare(String sql) throws SQLException {
    return connection.prepareStatement(sql);
  }

  /// A statement that is prepared once and stays until this is closed; do not close it. For those
  /// that are run for every study or file. One use of it at a time.
  PreparedStatement kept(String sql) throws SQLException {
    PreparedStatement statement = kept.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      kept.put(sql, statement);
    }
    return statement;
  }

  /// Runs a kept statement.
  void run(String sql, @Nullable Object... arguments) throws SQLException {
    PreparedStatement statement = kept(sql);
    bind(statement, arguments);
    statement.executeUpdate();
  }

  /// The first column of the first row as a number; 0 when there is none. Keeps the statement.
  long number(String sql, @Nullable Object... arguments) throws SQLException {
    PreparedStatement statement = kept(sql);
    bind(statement, arguments);
    try (ResultSet result = statement.executeQuery()) {
      return result.next() ? result.getLong(1) : 0;
    }
  }

  static void bind(PreparedStatement statement, @Nullable Object... arguments) throws SQLException {
    for (int i = 0; i < arguments.length; i++) {
      statement.setObject(i + 1, arguments[i]);
    }
  }

  /// The group with this key, made if it is not there.
  ///
  /// @param other whether it is a group of files that belong to no study
  long group(String key, boolean other) throws SQLException {
    try (PreparedStatement insert =
        prepare(
            "INSERT INTO study_group (key, other) VALUES (?, ?) ON CONFLICT (key) DO NOTHING")) {
      bind(insert, key, other ? 1 : 0);
      insert.executeUpdate();
    }
    return number("SELECT id FROM study_group WHERE key = ?", key);
  }

  /// Notes an oddity of a group.
  void find(long group, Finding finding) throws SQLException {
    note(group, finding);
  }

  /// Notes an oddity of the library as a whole.
  void find(Finding finding) throws SQLException {
    note(null, finding);
  }

  private void note(@Nullable Long group, Finding finding) throws SQLException {
    run(
        "INSERT INTO finding (study_group, kind, path, detail) VALUES (?, ?, ?, ?)",
        group,
        finding.kind(),
        finding.path(),
        finding.detail());
  }

  /// A failure of our own notes or of the private copy, which was checked: the disk they lie on.
  static SerdabException failed(SQLException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "notes-failed",
            "Notes on the library, or the private copy of its index, cannot be kept (SQLite result"
                + " code "
                + e.getErrorCode()
                + ").",
            "Check the disk of SERDAB_HOME: it may be full."),
        e);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // Nothing of worth is lost: the file is deleted next.
    }
  }
}
