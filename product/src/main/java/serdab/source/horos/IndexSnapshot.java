package serdab.source.horos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConnection;
import serdab.Problem;
import serdab.SerdabException;

/// Makes a private, consistent copy of the index of a library whose viewer may be running.
///
/// The main file and its `-journal` and `-wal` are copied; the copy counts only when none of them,
/// nor the change counter in the main file's header, changed meanwhile. That takes no lock, so the
/// viewer notices nothing. The copy is then opened for writing, which lets SQLite roll back or
/// apply what the side files hold, and checked.
///
/// Last resort, after [#TRIES] copies that the viewer wrote into: SQLite's online backup over a
/// read-only connection. It holds a read lock for as long as copying takes, and a save of the
/// viewer can fail in that time (the viewer does not tell its user), so the outcome says that it
/// was used.
///
/// Never done: opening the live index for writing; `immutable=1`, which reads a hot journal as if
/// it were not there; reusing a folder, since a left-over `-wal` beside another main file shows
/// wrong data without a word.
///
/// @spec https://www.sqlite.org/fileformat2.html SQLite database file format
final class IndexSnapshot {

  /// How many file copies are tried before the online backup.
  static final int TRIES = 10;

  static final Duration FIRST_WAIT = Duration.ofMillis(500);
  static final Duration LAST_WAIT = Duration.ofSeconds(2);

  // A file changed twice within one tick of its volume's clock shows one time of change. So a copy
  // begun this soon after a change proves nothing: 50 ms is over twelve ticks of the slowest kernel
  // clock; volumes that keep whole seconds (HFS+) or two (FAT) show no fraction.
  private static final Duration FINE_TICK = Duration.ofMillis(50);
  private static final Duration COARSE_TICK = Duration.ofMillis(2100);

  private static final int HEADER_BYTES = 100;
  private static final int CHANGE_COUNTER_OFFSET = 24;
  private static final int WRITE_VERSION_OFFSET = 18;
  private static final int WAL_VERSION = 2;
  private static final int BUSY_TIMEOUT_MILLIS = 5000;
  private static final int BACKUP_WAIT_MILLIS = 100;
  private static final int BACKUP_WAITS_MAX = 100;
  private static final int ALL_PAGES = -1;

  private static final List<String> SIDE_FILES = List.of("-journal", "-wal");

  /// What a reader of a log needs and makes when it is not there.
  private static final List<String> SHARED = List.of("-wal", "-shm");

  // Closing any descriptor of a file drops every POSIX lock the process holds on it. A file copy in
  // one thread would take away the read lock of an online backup in another.
  private static final ReentrantLock ONE_AT_A_TIME = new ReentrantLock();

  private final InstantSource clock;
  private final Sleeper sleeper;

  IndexSnapshot(InstantSource clock, Sleeper sleeper) {
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /// How the copy was made.
  enum Means {
    FILE_COPY,
    ONLINE_BACKUP
  }

  /// What came of it.
  sealed interface Outcome {

    /// A checked copy: one file, no side files.
    ///
    /// @param tries how many copies were begun
    /// @param state of the index just before it was copied
    /// @param sound whether integrity_check found nothing wrong; else it was not run, or it was and
    ///   the copy can be used all the same
    record Taken(Path copy, Means means, int tries, IndexState state, boolean sound)
        implements Outcome {

      Taken(Path copy, Means means, int tries, IndexState state) {
        this(copy, means, tries, state, false);
      }
    }

    /// The index was read, and it is no database that can be used.
    record Unusable(String reason) implements Outcome {}
  }

  /// How a copy is checked.
  enum Check {
    /// SQLite opens it. For a copy that is compared with an earlier one next.
    OPENS,
    /// SQLite's quick_check, which says whether it can be used.
    QUICK,
    /// SQLite's integrity_check, and quick_check when that finds anything.
    WHOLE
  }

  /// As [#take(Path, Path, Check)] with the quick check.
  Outcome take(Path index, Path folder) {
    return take(index, folder, Check.QUICK);
  }

  /// Copies an index.
  ///
  /// @param index the live index; it must exist
  /// @param folder new, empty and private; the copy is made inside
  /// @throws SerdabException.Unavailable when the index is busy or cannot be reached
  /// @throws IllegalArgumentException when the folder is not empty
  Outcome take(Path index, Path folder, Check check) {
    ONE_AT_A_TIME.lock();
    try {
      requireEmpty(folder);
      return takeAlone(index, folder, check);
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "index-unreachable",
              "The library's index cannot be read: " + index + ".",
              "Check that its volume is mounted and may be read."),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SerdabException.Unavailable(
          new Problem("interrupted", "Copying the library's index was interrupted.", ""), e);
    } finally {
      ONE_AT_A_TIME.unlock();
    }
  }

  private static void requireEmpty(Path folder) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      if (inside.iterator().hasNext()) {
        throw new IllegalArgumentException("a snapshot needs an empty folder");
      }
    }
  }

  private Outcome takeAlone(Path index, Path folder, Check check)
      throws IOException, InterruptedException {
    Optional<String> complaint = Optional.empty();
    for (int tried = 1; tried <= TRIES; tried++) {
      Path fresh = Files.createDirectory(folder.resolve("copy-" + tried));
      Path copy = fresh.resolve(LibraryFolders.INDEX);
      IndexState state = IndexState.of(index);
      if (copyUnchanged(index, copy)) {
        Checked checked = recoverAndCheck(copy, check);
        complaint = checked.complaint();
        if (complaint.isEmpty()) {
          return new Outcome.Taken(copy, Means.FILE_COPY, tried, state, checked.sound());
        }
      }
      removeFolder(fresh);
      if (complaint.isPresent() && tried >= 2) {
        // Twice the same bytes and twice not sound: the index itself is damaged, or the volume lies
        // about changes. Waiting longer helps neither.
        break;
      }
      sleeper.sleep(waitAfter(tried));
    }
    if (complaint.isPresent() && Files.size(index) == 0) {
      return new Outcome.Unusable(complaint.get());
    }
    Path copy = Files.createDirectory(folder.resolve("backup")).resolve(LibraryFolders.INDEX);
    IndexState state = IndexState.of(index);
    Optional<String> refusal = backUpOnline(index, copy);
    if (refusal.isPresent()) {
      if (complaint.isPresent()) {
        return new Outcome.Unusable(complaint.get());
      }
      throw new SerdabException.Unavailable(
          new Problem(
              "index-busy",
              "The library's index changed during every try to copy it, and " + refusal.get() + ".",
              "Try again when the viewer is not importing, or close it."));
    }
    Checked checked = recoverAndCheck(copy, check == Check.OPENS ? Check.QUICK : check);
    return checked.complaint().isEmpty()
        ? new Outcome.Taken(copy, Means.ONLINE_BACKUP, TRIES, state, checked.sound())
        : new Outcome.Unusable(checked.complaint().get());
  }

  private static Duration waitAfter(int tried) {
    return FIRST_WAIT.plus(
        LAST_WAIT.minus(FIRST_WAIT).multipliedBy(tried - 1).dividedBy(TRIES - 1));
  }

  /// What must not change while an index is copied.
  private record State(
      List<Optional<Stamp>> files, @Nullable Integer changeCounter, Instant newest, boolean whole) {

    /// Whether a change could hide in the same tick of the volume's clock.
    boolean couldHideAChange(Instant now) {
      Duration tick = whole ? COARSE_TICK : FINE_TICK;
      return Duration.between(newest, now).abs().compareTo(tick) < 0;
    }
  }

  private record Stamp(long lengthBytes, Instant modified, @Nullable Object fileKey) {}

  private boolean copyUnchanged(Path index, Path copy) throws IOException {
    State before = stateOf(index);
    if (before.couldHideAChange(clock.instant())) {
      return false;
    }
    try {
      Files.copy(index, copy);
      for (int i = 0; i < SIDE_FILES.size(); i++) {
        if (before.files().get(i + 1).isPresent()) {
          String side = SIDE_FILES.get(i);
          Files.copy(sibling(index, side), sibling(copy, side));
        }
      }
    } catch (NoSuchFileException e) {
      // A journal that went away between looking and copying: the viewer has just saved.
      return false;
    }
    return before.equals(stateOf(index));
  }

  private static State stateOf(Path index) throws IOException {
    List<Optional<Stamp>> files = new ArrayList<>();
    Instant newest = Instant.MIN;
    boolean whole = true;
    List<Path> all = new ArrayList<>(List.of(index));
    SIDE_FILES.forEach(side -> all.add(sibling(index, side)));
    for (Path file : all) {
      Optional<Stamp> stamp = stampOf(file);
      files.add(stamp);
      if (stamp.isPresent()) {
        Instant modified = stamp.get().modified();
        newest = modified.isAfter(newest) ? modified : newest;
        whole &= modified.equals(modified.truncatedTo(ChronoUnit.SECONDS));
      }
    }
    return new State(files, changeCounter(index), newest, whole);
  }

  private static Optional<Stamp> stampOf(Path file) throws IOException {
    try {
      BasicFileAttributes seen = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(
          new Stamp(seen.size(), seen.lastModifiedTime().toInstant(), seen.fileKey()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static @Nullable Integer changeCounter(Path index) throws IOException {
    ByteBuffer header = header(index);
    return header.limit() < HEADER_BYTES ? null : header.getInt(CHANGE_COUNTER_OFFSET);
  }

  private static ByteBuffer header(Path index) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.BIG_ENDIAN);
    try (FileChannel in = FileChannel.open(index, StandardOpenOption.READ)) {
      while (header.hasRemaining() && in.read(header, header.position()) >= 0) {
        // Read on until the header is whole or the file ends.
      }
    }
    return header.flip();
  }

  private static Path sibling(Path index, String suffix) {
    return index.resolveSibling(index.getFileName() + suffix);
  }

  /// What a check found.
  ///
  /// @param complaint why the copy cannot be used
  /// @param sound whether it was checked whole and nothing was found
  private record Checked(Optional<String> complaint, boolean sound) {

    static Checked complaint(String text) {
      return new Checked(Optional.of(text), false);
    }
  }

  /// Opens the copy for writing, so that SQLite recovers it, and checks it.
  private static Checked recoverAndCheck(Path copy, Check check) {
    try {
      if (Files.size(copy) == 0) {
        return Checked.complaint("it is empty");
      }
    } catch (IOException e) {
      return Checked.complaint("its copy cannot be read back");
    }
    SQLiteConfig config = new SQLiteConfig();
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + copy, config.toProperties());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA trusted_schema=OFF");
      // Comparing an index with its table keeps nothing in the system's temporary folder.
      statement.execute("PRAGMA temp_store=MEMORY");
      // Leaving WAL mode brings the whole log into the main file.
      statement.execute("PRAGMA journal_mode=DELETE");
      switch (check) {
        case OPENS -> {
          statement.executeQuery("SELECT count(*) FROM sqlite_master").close();
          return new Checked(Optional.empty(), false);
        }
        case WHOLE -> {
          if (isOk(statement, "PRAGMA integrity_check(1)")) {
            return new Checked(Optional.empty(), true);
          }
        }
        case QUICK -> {
          // What stands next.
        }
      }
      return isOk(statement, "PRAGMA quick_check(1)")
          ? new Checked(Optional.empty(), false)
          // The answer may quote table contents, so only the fact is told.
          : Checked.complaint("SQLite's quick_check finds it damaged");
    } catch (SQLException e) {
      return Checked.complaint("SQLite cannot open it (result code " + e.getErrorCode() + ")");
    }
  }

  private static boolean isOk(Statement statement, String check) throws SQLException {
    try (ResultSet result = statement.executeQuery(check)) {
      return result.next() && "ok".equals(result.getString(1));
    }
  }

  /// Copies with SQLite's online backup.
  ///
  /// @return why it could not be done
  private static Optional<String> backUpOnline(Path index, Path copy) throws IOException {
    ByteBuffer header = header(index);
    boolean wal = header.limit() == HEADER_BYTES && header.get(WRITE_VERSION_OFFSET) == WAL_VERSION;
    if (wal && !SHARED.stream().allMatch(side -> Files.exists(sibling(index, side)))) {
      // SQLite would make what is missing, and nothing is ever written into a library.
      return Optional.of("it cannot be backed up online without writing beside it");
    }
    SQLiteConfig config = new SQLiteConfig();
    config.setReadOnly(true);
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    try (Connection connection =
        DriverManager.getConnection("jdbc:sqlite:" + index, config.toProperties())) {
      int result =
          connection
              .unwrap(SQLiteConnection.class)
              .getDatabase()
              .backup(
                  "main", copy.toString(), null, BACKUP_WAIT_MILLIS, BACKUP_WAITS_MAX, ALL_PAGES);
      return result == 0
          ? Optional.empty()
          : Optional.of("SQLite's online backup ended with result code " + result);
    } catch (SQLException e) {
      return Optional.of("SQLite's online backup failed with result code " + e.getErrorCode());
    }
  }

  private static void removeFolder(Path folder) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path file : inside) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
