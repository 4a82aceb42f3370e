package serdab.catalogue;

import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;

/// Connections to one database: one that writes, under a lock, and as many readers as are busy at
/// once. Thread-safe.
///
/// Every failure leaves as a [SerdabException]. Neither its text nor its cause holds what the
/// database said in words, because databases quote the values of the row they stumbled over.
abstract sealed class Database implements AutoCloseable permits SqliteDatabase, PostgresDatabase {

  private static final int IDLE_READERS_MAX = 4;

  /// Two processes that collide again and again are spread by the database's own waiting.
  private static final int COLLISIONS_MAX = 5;

  static final int ROWS_AT_ONCE = 500;

  private final ReentrantLock writing = new ReentrantLock();
  private final Deque<Link> idleReaders = new ConcurrentLinkedDeque<>();
  private @Nullable Link writer;
  private volatile boolean closed;

  /// What is done on one connection.
  @FunctionalInterface
  interface Work<T> {
    T on(Link link) throws SQLException;
  }

  /// Gives a statement its parameters.
  @FunctionalInterface
  interface Parameters {
    Link.Call to(Link.Call call) throws SQLException;
  }

  /// What a failure means for what was being done.
  enum Verdict {
    /// The connection is of no more use; another one may be.
    CONNECTION_LOST,
    /// Somebody else was in the way; the same again may succeed at once.
    COLLISION,
    /// Trying again is of no use.
    FINAL
  }

  // ---- what differs between the two databases

  abstract Link openWriter() throws SQLException;

  abstract Link openReader() throws SQLException;

  /// Whether one connection has to do for everything, as with a database in memory.
  abstract boolean hasOneConnection();

  abstract void begin(Link link) throws SQLException;

  abstract void commit(Link link) throws SQLException;

  abstract void rollback(Link link) throws SQLException;

  /// Makes a reader fetch rows bit by bit, until [#endStream].
  abstract void beginStream(Link link) throws SQLException;

  abstract void endStream(Link link) throws SQLException;

  abstract Verdict verdict(SQLException failure);

  /// The failure as the rest of the product knows failures.
  abstract SerdabException translated(SQLException failure);

  abstract boolean hasTable(Link link, String name) throws SQLException;

  /// Keeps other processes from changing the schema until the transaction ends.
  abstract void lockSchema(Link link) throws SQLException;

  /// Scripts of this database that come before the common one of a schema version.
  abstract String scriptSuffix();

  /// Writes a whole copy into a file that does not exist yet; false when this database cannot.
  abstract boolean copyTo(Path file);

  /// How messages name it.
  abstract String describe();

  // ---- doing things

  /// Does something in one transaction: when this returns it is done for good, when it throws
  /// nothing of it was done. Only when the connection is lost during the commit itself does nobody
  /// know; that too is `Unavailable`.
  <T> T write(Work<T> work) {
    writing.lock();
    try {
      for (int tries = 1; ; tries++) {
        Attempt<T> attempt = tryToWrite(work, tries);
        if (attempt.done()) {
          return attempt.result();
        }
      }
    } finally {
      writing.unlock();
    }
  }

  private record Attempt<T>(boolean done, @Nullable T value) {
    @SuppressWarnings("NullAway") // a done attempt has the value its work returned
    T result() {
      return value;
    }
  }

  private <T> Attempt<T> tryToWrite(Work<T> work, int tries) {
    boolean committing = false;
    Link link = null;
    try {
      link = writer();
      begin(link);
      link.reached("begin");
      T result = work.on(link);
      link.reached("commit");
      committing = true;
      commit(link);
      committing = false;
      link.reached("committed");
      return new Attempt<>(true, result);
    } catch (SQLException e) {
      abandon(link, verdict(e));
      if (link == null || committing || !isWorthAnotherTry(e, tries)) {
        throw translated(e);
      }
      return new Attempt<>(false, null);
    } catch (RuntimeException | Error e) {
      abandon(link, Verdict.FINAL);
      throw e;
    }
  }

  /// A lost connection may have been idle for hours while its server restarted: one fresh
  /// connection tells.
  private boolean isWorthAnotherTry(SQLException failure, int tries) {
    return switch (verdict(failure)) {
      case CONNECTION_LOST -> tries == 1;
      case COLLISION -> tries < COLLISIONS_MAX;
      case FINAL -> false;
    };
  }

  private void abandon(@Nullable Link link, Verdict verdict) {
    if (link == null) {
      return;
    }
    try {
      if (verdict != Verdict.CONNECTION_LOST) {
        rollback(link);
        return;
      }
    } catch (SQLException e) {
      // What cannot roll back is closed, and that rolls back.
    }
    link.close();
    writer = null;
  }

  private Link writer() throws SQLException {
    checkOpen();
    Link link = writer;
    if (link == null) {
      link = openWriter();
      writer = link;
    }
    return link;
  }

  /// Reads on a connection of its own, beside whoever writes.
  <T> T read(Work<T> work) {
    if (hasOneConnection()) {
      writing.lock();
      try {
        return work.on(writer());
      } catch (SQLException e) {
        throw translated(e);
      } finally {
        writing.unlock();
      }
    }
    for (int tries = 1; ; tries++) {
      Link link = null;
      try {
        link = reader();
        T result = work.on(link);
        giveBack(link);
        return result;
      } catch (SQLException e) {
        retire(link);
        if (link == null || !isWorthAnotherTry(e, tries)) {
          throw translated(e);
        }
      } catch (RuntimeException | Error e) {
        retire(link);
        throw e;
      }
    }
  }

  /// Rows as a stream with bounded memory, of the state at the time of the call.
  <T> Stream<T> stream(String sql, Parameters parameters, Link.Reader<T> reader) {
    if (hasOneConnection()) {
      List<T> all = read(link -> parameters.to(link.call(sql)).all(reader));
      return new ArrayList<>(all).stream();
    }
    for (int tries = 1; ; tries++) {
      Link link = null;
      try {
        link = reader();
        beginStream(link);
        ResultSet results = parameters.to(link.call(sql)).open(ROWS_AT_ONCE);
        Rows<T> rows = new Rows<>(link, results, reader);
        return StreamSupport.stream(rows, false).onClose(rows::close);
      } catch (SQLException e) {
        retire(link);
        if (link == null || !isWorthAnotherTry(e, tries)) {
          throw translated(e);
        }
      }
    }
  }

  /// The rows of one open query; one thread at a time.
  private final class Rows<T> extends AbstractSpliterator<T> {

    private final Link link;
    private final ResultSet results;
    private final Link.Row row;
    private final Link.Reader<T> reader;
    private final AtomicBoolean ended = new AtomicBoolean();

    Rows(Link link, ResultSet results, Link.Reader<T> reader) {
      super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
      this.link = link;
      this.results = results;
      this.row = new Link.Row(results);
      this.reader = reader;
    }

    @Override
    public boolean tryAdvance(Consumer<? super T> action) {
      if (ended.get()) {
        return false;
      }
      T value;
      try {
        if (!row.next()) {
          close();
          return false;
        }
        value = reader.read(row);
      } catch (SQLException e) {
        if (ended.compareAndSet(false, true)) {
          retire(link);
        }
        throw translated(e);
      }
      action.accept(value);
      return true;
    }

    void close() {
      if (ended.compareAndSet(false, true)) {
        try {
          results.close();
          endStream(link);
          giveBack(link);
        } catch (SQLException e) {
          retire(link);
        }
      }
    }
  }

  private Link reader() throws SQLException {
    checkOpen();
    Link link = idleReaders.pollFirst();
    return link == null ? openReader() : link;
  }

  private void giveBack(Link link) {
    if (closed || idleReaders.size() >= IDLE_READERS_MAX) {
      link.close();
      return;
    }
    idleReaders.addFirst(link);
    if (closed) {
      closeReaders();
    }
  }

  /// A reader that failed is not used again, nor are those that were idle beside it: when a server
  /// went away, it took all of them along.
  private void retire(@Nullable Link link) {
    if (link != null) {
      link.close();
    }
    closeReaders();
  }

  private void closeReaders() {
    for (Link link = idleReaders.pollFirst(); link != null; link = idleReaders.pollFirst()) {
      link.close();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the catalogue is closed");
    }
  }

  /// The same failure without a word of what the database said.
  static SQLException withoutWords(SQLException failure) {
    SQLException bare =
        new SQLException(
            "SQLSTATE " + failure.getSQLState() + ", code " + failure.getErrorCode(),
            failure.getSQLState(),
            failure.getErrorCode());
    bare.setStackTrace(failure.getStackTrace());
    return bare;
  }

  @Override
  public void close() {
    writing.lock();
    try {
      closed = true;
      closeReaders();
      Link link = writer;
      writer = null;
      if (link != null) {
        link.close();
      }
    } finally {
      writing.unlock();
    }
  }
}
