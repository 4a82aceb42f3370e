package serdab.catalogue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.sqlite.SQLiteConnection;

/// Makes of a catalogue what an earlier release would have written: its tables and columns only.
public final class EarlierCatalogue {

  private EarlierCatalogue() {}

  /// The catalogue's state with the tables of an earlier version and what fits into them.
  ///
  /// @param version of the schema, 1 or later
  public static byte[] of(byte[] state, int version) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
        SqliteDatabase scripts = SqliteDatabase.inMemory(WritePoint.NONE)) {
      ((SQLiteConnection) connection).deserialize("main", state);
      try (Statement sql = connection.createStatement()) {
        sql.execute("attach database ':memory:' as old");
        for (int step = 1; step <= version; step++) {
          for (String statement : Schema.statements(scripts, step)) {
            sql.execute(
                statement
                    .replaceFirst("^create table ", "create table old.")
                    .replaceFirst("^create index ", "create index old.")
                    .replaceFirst("^insert into ", "insert or ignore into old.")
                    .replaceFirst("^update ", "update old.")
                    .replaceFirst("^alter table ", "alter table old.")
                    .replaceFirst(" from copy ", " from old.copy "));
          }
        }
        for (String table : names(sql, "select name from old.sqlite_master where type = 'table'")) {
          sql.execute("delete from old." + table);
          String columns =
              String.join(
                  ", ", names(sql, "select name from pragma_table_info('" + table + "', 'old')"));
          String wanted = table.equals("schema_version") ? " where version <= " + version : "";
          sql.execute(
              "insert into old." + table + " select " + columns + " from main." + table + wanted);
        }
        sql.execute(
            "delete from old.counter where name not in ('run', 'use'"
                + (version >= 2 ? ", 'proof'" : "")
                + (version >= 3 ? ", 'hold', 'certificate'" : "")
                + ")");
      }
      return ((SQLiteConnection) connection).serialize("old");
    }
  }

  private static List<String> names(Statement sql, String query) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows = sql.executeQuery(query)) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }
}
