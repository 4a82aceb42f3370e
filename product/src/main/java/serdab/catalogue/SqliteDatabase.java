package serdab.catalogue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConnection;
import serdab.Problem;
import serdab.SerdabException;

/// A catalogue in one SQLite file, or in memory for tests.
///
/// Write-ahead logging lets readers go on beside one writer; each commit is synced before it
/// counts.
final class SqliteDatabase extends Database {

  /// Longer than any of our transactions takes, even on a slow disk with other writers waiting.
  private static final int BUSY_TIMEOUT_MILLIS = 20_000;

  /// Switching a new file to write-ahead logging needs it alone for a moment, and SQLite does not
  /// always wait for that by itself.
  private static final int WAL_TRIES_MAX = 200;

  private static final int WAL_PAUSE_MILLIS = 10;

  /// Primary result codes, https://sqlite.org/rescode.html
  private static final int SQLITE_PERM = 3;

  private static final int SQLITE_BUSY = 5;
  private static final int SQLITE_LOCKED = 6;
  private static final int SQLITE_READONLY = 8;
  private static final int SQLITE_IOERR = 10;
  private static final int SQLITE_CORRUPT = 11;
  private static final int SQLITE_FULL = 13;
  private static final int SQLITE_CANTOPEN = 14;
  private static final int SQLITE_NOTADB = 26;
  private static final int PRIMARY_CODE = 0xFF;

  /// `SQLITE_OPEN_READONLY | SQLITE_OPEN_URI`, https://sqlite.org/c3ref/c_open_autoproxy.html
  private static final int SQLITE_OPEN_READONLY_URI = 0x41;

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private static final FileAttribute<?> OWNER_ONLY_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Optional<Path> file;
  private final WritePoint writePoint;

  private SqliteDatabase(Optional<Path> file, WritePoint writePoint) {
    this.file = file;
    this.writePoint = writePoint;
  }

  static SqliteDatabase inFile(Path file, WritePoint writePoint) {
    Path whole = file.toAbsolutePath().normalize();
    try {
      makeForOwner(whole);
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "catalogue-unreachable",
              "The catalogue file " + whole + " cannot be made or opened.",
              "Check that its volume is there and that you may write to its folder."),
          e);
    }
    SqliteLibrary.keepIn(whole.resolveSibling("native"));
    return new SqliteDatabase(Optional.of(whole), writePoint);
  }

  static SqliteDatabase inMemory(WritePoint writePoint) {
    return new SqliteDatabase(Optional.empty(), writePoint);
  }

  /// SQLite gives the files it makes beside this one the same permissions.
  private static void makeForOwner(Path file) throws IOException {
    Path folder = file.getParent();
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (folder != null && !Files.isDirectory(folder)) {
      if (posix) {
        Files.createDirectories(folder, OWNER_ONLY_FOLDER);
      } else {
        Files.createDirectories(folder);
      }
    }
    try {
      if (posix) {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      } else {
        Files.createFile(file);
      }
    } catch (FileAlreadyExistsException e) {
      if (posix) {
        for (String suffix : new String[] {"", "-wal", "-shm"}) {
          restrict(file.resolveSibling(file.getFileName() + suffix));
        }
      }
    }
  }

  private static void restrict(Path file) throws IOException {
    try {
      if (!Files.getPosixFilePermissions(file).equals(OWNER_ONLY)) {
        Files.setPosixFilePermissions(file, OWNER_ONLY);
      }
    } catch (NoSuchFileException e) {
      // The log and its index come and go with the connections.
    }
  }

  // ---- connections

  @Override
  Link openWriter() throws SQLException {
    Link link = connect(writePoint);
    try {
      if (file.isPresent()) {
        switchToWal(link);
        // fullfsync matters on macOS only, where a plain fsync leaves data in the drive's cache.
        link.run(
            "pragma synchronous = full; pragma fullfsync = 1; pragma checkpoint_fullfsync = 1;"
                + " pragma temp_store = memory");
      }
      return link;
    } catch (SQLException e) {
      link.close();
      throw e;
    }
  }

  @Override
  Link openReader() throws SQLException {
    Link link = connect(WritePoint.NONE);
    try {
      // Sorting must not put patients into the temporary folder.
      link.run("pragma query_only = 1; pragma temp_store = memory");
      return link;
    } catch (SQLException e) {
      link.close();
      throw e;
    }
  }

  private Link connect(WritePoint point) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("busy_timeout", Integer.toString(BUSY_TIMEOUT_MILLIS));
    // As a URI, because the driver takes a plain name apart at its question marks.
    String name = file.map(f -> f.toUri().toASCIIString()).orElse(":memory:");
    return new Link(JDBC.createConnection("jdbc:sqlite:" + name, properties), point);
  }

  private static void switchToWal(Link link) throws SQLException {
    for (int tries = 1; ; tries++) {
      try {
        link.run("pragma journal_mode = wal");
        return;
      } catch (SQLException e) {
        if ((e.getErrorCode() & PRIMARY_CODE) != SQLITE_BUSY || tries == WAL_TRIES_MAX) {
          throw e;
        }
        try {
          Thread.sleep(WAL_PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }

  @Override
  boolean hasOneConnection() {
    return file.isEmpty();
  }

  @Override
  void begin(Link link) throws SQLException {
    // Not the driver's own transactions: after a commit they take the next write lock at once, and
    // other processes would wait for ever.
    link.run("begin immediate");
  }

  @Override
  void commit(Link link) throws SQLException {
    link.run("commit");
  }

  @Override
  void rollback(Link link) throws SQLException {
    link.run("rollback");
  }

  @Override
  void beginStream(Link link) {
    // A query in progress reads one state of the file and fetches row by row anyway.
  }

  @Override
  void endStream(Link link) {}

  // ---- what tests need of a database in memory

  byte[] state() {
    return read(link -> ((SQLiteConnection) link.connection()).serialize("main"));
  }

  void replaceState(byte[] state) {
    read(link -> {
      ((SQLiteConnection) link.connection()).deserialize("main", state);
      return state;
    });
  }

  // ---- schema

  @Override
  boolean hasTable(Link link, String name) throws SQLException {
    return link.call("select 1 from sqlite_master where type = 'table' and name = ?")
        .text(name)
        .one(row -> true)
        .isPresent();
  }

  @Override
  void lockSchema(Link link) {
    // "begin immediate" has locked everything.
  }

  @Override
  String scriptSuffix() {
    return "sqlite";
  }

  @Override
  boolean copyTo(Path copy) {
    if (file.isEmpty()) {
      return false;
    }
    // A connection of its own, for readers may not even write elsewhere.
    try (Link link = connect(WritePoint.NONE)) {
      link.run("pragma temp_store = memory");
      link.call("vacuum into ?").text(copy.toString()).write();
      return true;
    } catch (SQLException e) {
      throw translated(e);
    }
  }

  static boolean isWhole(Path file) {
    Properties properties = new Properties();
    properties.setProperty("open_mode", Integer.toString(SQLITE_OPEN_READONLY_URI));
    String name = "jdbc:sqlite:" + file.toUri().toASCIIString() + "?immutable=1";
    try (Link link = new Link(JDBC.createConnection(name, properties), WritePoint.NONE)) {
      boolean whole =
          link.call("pragma quick_check(1)").one(Link.Row::text).filter("ok"::equals).isPresent();
      return whole
          && link.call("select count(*) from schema_version")
              .one(Link.Row::number)
              .filter(versions -> versions > 0)
              .isPresent();
    } catch (SQLException e) {
      return false;
    }
  }

  @Override
  String describe() {
    return file.map(f -> "The catalogue file " + f).orElse("The catalogue in memory");
  }

  // ---- failures

  @Override
  Verdict verdict(SQLException failure) {
    return Verdict.FINAL;
  }

  @Override
  SerdabException translated(SQLException failure) {
    SQLException bare = withoutWords(failure);
    return switch (failure.getErrorCode() & PRIMARY_CODE) {
      case SQLITE_CORRUPT, SQLITE_NOTADB ->
          new SerdabException.Damaged(
              new Problem(
                  "catalogue-damaged",
                  describe() + " is damaged. No backup is affected.",
                  "Move it away, with the files named like it that end in -wal and -shm, and run:"
                      + " serdab catalogue rebuild"),
              bare);
      case SQLITE_BUSY, SQLITE_LOCKED ->
          unavailable(
              "catalogue-busy",
              " is being written to by another process for too long.",
              "Wait until the other run has ended, or end it, and try again.",
              bare);
      case SQLITE_FULL ->
          unavailable(
              "catalogue-disk-full",
              " cannot grow: its disk is full.",
              "Make room on that disk and run the same command again.",
              bare);
      case SQLITE_READONLY, SQLITE_PERM ->
          new SerdabException.Misconfigured(
              new Problem(
                  "catalogue-read-only",
                  describe() + " cannot be written to.",
                  "Check who owns it and whether its volume is mounted read-only."),
              bare);
      case SQLITE_CANTOPEN, SQLITE_IOERR ->
          unavailable(
              "catalogue-unreachable",
              " cannot be read or written.",
              "Check that its volume is there and healthy, and that you may write to its folder.",
              bare);
      default ->
          unavailable(
              "catalogue-failed",
              " did not carry out a statement (code " + failure.getErrorCode() + ").",
              "Try again; if it happens again, report this code.",
              bare);
    };
  }

  private SerdabException unavailable(String code, String what, String next, SQLException cause) {
    return new SerdabException.Unavailable(new Problem(code, describe() + what, next), cause);
  }
}
