package serdab.catalogue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One connection with the statements prepared on it; one thread at a time.
final class Link implements AutoCloseable {

  private final Connection connection;
  private final WritePoint writePoint;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();

  Link(Connection connection, WritePoint writePoint) {
    this.connection = connection;
    this.writePoint = writePoint;
  }

  Connection connection() {
    return connection;
  }

  void reached(String step) {
    writePoint.reached(step);
  }

  Call call(String sql) throws SQLException {
    PreparedStatement statement = prepared.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      prepared.put(sql, statement);
    }
    return new Call(statement);
  }

  /// For statements without results that are not worth preparing.
  void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate(sql);
    }
  }

  /// Never fails: whoever closes a link cannot do anything about it.
  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // The server or the file is gone; so is the connection.
    }
  }

  /// Makes a value of one row. Columns are read in the order in which they are selected.
  @FunctionalInterface
  interface Reader<T> {
    T read(Row row) throws SQLException;
  }

  /// One row, read column by column from the left.
  static final class Row {

    private final ResultSet results;
    private int column;

    Row(ResultSet results) {
      this.results = results;
    }

    boolean next() throws SQLException {
      column = 0;
      return results.next();
    }

    /// Text that may be anything; null in the database is empty text.
    String text() throws SQLException {
      String stored = results.getString(++column);
      return stored == null ? "" : StoredText.fromStored(stored);
    }

    /// A list kept as one text.
    List<String> texts() throws SQLException {
      String stored = results.getString(++column);
      return stored == null ? List.of() : StoredText.listFromStored(stored);
    }

    long number() throws SQLException {
      return results.getLong(++column);
    }

    boolean flag() throws SQLException {
      return results.getBoolean(++column);
    }

    Instant time() throws SQLException {
      return Instant.ofEpochMilli(results.getLong(++column));
    }

    Optional<Instant> maybeTime() throws SQLException {
      long millis = results.getLong(++column);
      return results.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }

    byte[] bytes() throws SQLException {
      byte[] bytes = results.getBytes(++column);
      return bytes == null ? new byte[0] : bytes;
    }
  }

  /// One use of a prepared statement. Parameters are given from the left.
  final class Call {

    private final PreparedStatement statement;
    private int parameter;

    private Call(PreparedStatement statement) {
      this.statement = statement;
    }

    Call text(String text) throws SQLException {
      statement.setString(++parameter, StoredText.toStored(text));
      return this;
    }

    Call texts(List<String> texts) throws SQLException {
      statement.setString(++parameter, StoredText.listToStored(texts));
      return this;
    }

    Call number(long number) throws SQLException {
      statement.setLong(++parameter, number);
      return this;
    }

    Call time(Instant time) throws SQLException {
      return number(millis(time));
    }

    Call maybeTime(Optional<Instant> time) throws SQLException {
      if (time.isPresent()) {
        return time(time.get());
      }
      statement.setNull(++parameter, Types.BIGINT);
      return this;
    }

    Call bytes(byte[] bytes) throws SQLException {
      statement.setBytes(++parameter, bytes);
      return this;
    }

    /// Carries it out and says how many rows were written.
    int write() throws SQLException {
      reached("write");
      return statement.executeUpdate();
    }

    /// Keeps the parameters given so far for [#writeBatch] and takes those of the next row.
    void nextRow() throws SQLException {
      statement.addBatch();
      parameter = 0;
    }

    void writeBatch() throws SQLException {
      reached("write");
      statement.executeBatch();
    }

    <T> Optional<T> one(Reader<T> reader) throws SQLException {
      try (ResultSet results = statement.executeQuery()) {
        Row row = new Row(results);
        return row.next() ? Optional.of(reader.read(row)) : Optional.empty();
      }
    }

    <T> List<T> all(Reader<T> reader) throws SQLException {
      List<T> values = new ArrayList<>();
      try (ResultSet results = statement.executeQuery()) {
        Row row = new Row(results);
        while (row.next()) {
          values.add(reader.read(row));
        }
      }
      return values;
    }

    /// Rows that come as they are asked for, a bounded number at a time.
    ResultSet open(int rowsAtOnce) throws SQLException {
      statement.setFetchSize(rowsAtOnce);
      return statement.executeQuery();
    }

    private long millis(Instant time) {
      // "Never" and "always" are kept as the farthest times there are.
      if (time.isAfter(Instant.ofEpochMilli(Long.MAX_VALUE))) {
        return Long.MAX_VALUE;
      }
      if (time.isBefore(Instant.ofEpochMilli(Long.MIN_VALUE))) {
        return Long.MIN_VALUE;
      }
      return time.toEpochMilli();
    }
  }
}
