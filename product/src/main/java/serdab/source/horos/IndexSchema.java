package serdab.source.horos;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Which tables and columns an index has. Core Data promises neither their order nor their number,
/// and each data model has its own, so everything is looked up by name.
///
/// The tables are those of the attached database `lib`.
final class IndexSchema {

  static final String STUDY = "ZSTUDY";
  static final String SERIES = "ZSERIES";
  static final String IMAGE = "ZIMAGE";
  private static final List<String> ENTITIES = List.of("ZALBUM", IMAGE, "ZLOGENTRY", SERIES, STUDY);

  private static final Pattern ALBUM_TABLE = Pattern.compile("Z_\\d+(STUDIES|ALBUMS)");

  private final Map<String, Set<String>> columns;
  private final Optional<AlbumTable> albumTable;
  private final Set<String> indexedColumns;

  private IndexSchema(
      Map<String, Set<String>> columns,
      Optional<AlbumTable> albumTable,
      Set<String> indexedColumns) {
    this.columns = columns;
    this.albumTable = albumTable;
    this.indexedColumns = indexedColumns;
  }

  /// The table that joins albums and studies; its name holds entity numbers, which vary.
  record AlbumTable(String name, String albumColumn, String studyColumn) {}

  /// The tables that are there: the entities' and the one that joins albums and studies.
  List<String> tables() {
    List<String> all = new ArrayList<>(ENTITIES.stream().filter(columns::containsKey).toList());
    albumTable.ifPresent(table -> all.add(table.name()));
    return all;
  }

  /// Of no index at all.
  static IndexSchema none() {
    return new IndexSchema(Map.of(), Optional.empty(), Set.of());
  }

  static IndexSchema of(Connection connection) throws SQLException {
    Map<String, Set<String>> columns = new HashMap<>();
    Optional<AlbumTable> albums = Optional.empty();
    List<String> tables = new ArrayList<>();
    try (PreparedStatement statement =
            connection.prepareStatement(
                "SELECT name FROM lib.sqlite_master WHERE type = 'table' ORDER BY name");
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        tables.add(result.getString(1));
      }
    }
    for (String table : tables) {
      if (ENTITIES.contains(table) || table.equals("Z_METADATA")) {
        columns.put(table, columnsOf(connection, table));
      } else if (albums.isEmpty() && ALBUM_TABLE.matcher(table).matches()) {
        albums = albumTable(table, columnsOf(connection, table));
      }
    }
    return new IndexSchema(columns, albums, indexedColumns(connection));
  }

  private static Set<String> columnsOf(Connection connection, String table) throws SQLException {
    Set<String> names = new LinkedHashSet<>();
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT name FROM pragma_table_info(?, 'lib')")) {
      statement.setString(1, table);
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          names.add(upperCase(result.getString(1)));
        }
      }
    }
    return names;
  }

  /// As SQLite compares names: letters beyond ASCII are not touched.
  private static String upperCase(String name) {
    return name.chars().allMatch(c -> c < 0x80) ? name.toUpperCase(Locale.ROOT) : name;
  }

  private static Optional<AlbumTable> albumTable(String table, Set<String> names) {
    Optional<String> album = names.stream().filter(name -> name.endsWith("ALBUMS")).findFirst();
    Optional<String> study = names.stream().filter(name -> name.endsWith("STUDIES")).findFirst();
    return album.isPresent() && study.isPresent()
        ? Optional.of(new AlbumTable(table, album.get(), study.get()))
        : Optional.empty();
  }

  /// `TABLE.COLUMN` of each first column of an index.
  private static Set<String> indexedColumns(Connection connection) throws SQLException {
    Set<String> found = new LinkedHashSet<>();
    try (PreparedStatement statement =
            connection.prepareStatement(
                """
                SELECT m.tbl_name, i.name
                FROM lib.sqlite_master m, pragma_index_info(m.name, 'lib') i
                WHERE m.type = 'index' AND i.seqno = 0\
                """);
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        found.add((result.getString(1) + "." + result.getString(2)).toUpperCase(Locale.ROOT));
      }
    }
    return found;
  }

  boolean has(String table, String column) {
    return columns.getOrDefault(table, Set.of()).contains(column);
  }

  /// All columns of a table, in the order in which it has them.
  List<String> columnsOf(String table) {
    return List.copyOf(columns.getOrDefault(table, Set.of()));
  }

  /// The column as it stands in SQL, or `NULL` where this model does not have it.
  ///
  /// @param alias of the table in the query
  /// @param names of the column in the models, newest first; the first that is there is taken
  String column(String table, String alias, String... names) {
    for (String name : names) {
      if (has(table, name)) {
        return alias + "." + name;
      }
    }
    return "NULL";
  }

  /// Whether studies can be found with their files: the five tables need not all be there.
  boolean leadsFromStudiesToFiles() {
    return has(STUDY, "Z_PK")
        && has(SERIES, "Z_PK")
        && has(SERIES, "ZSTUDY")
        && has(IMAGE, "Z_PK")
        && has(IMAGE, "ZSERIES")
        && (has(IMAGE, "ZPATHNUMBER") || has(IMAGE, "ZPATHSTRING") || has(IMAGE, "ZPATH"));
  }

  /// The entities' tables that are not there.
  List<String> missingTables() {
    return ENTITIES.stream().filter(table -> !columns.containsKey(table)).toList();
  }

  Optional<AlbumTable> albumTable() {
    return albumTable;
  }

  boolean isIndexed(String table, String column) {
    return indexedColumns.contains(table + "." + column);
  }

  /// An image's file name in SQL: the number wins over the text, as in the viewer.
  String fileName(String alias) {
    String text = column(IMAGE, alias, "ZPATHSTRING", "ZPATH");
    if (!has(IMAGE, "ZPATHNUMBER")) {
      return text;
    }
    String number = alias + ".ZPATHNUMBER";
    return "CASE WHEN " + number + " IS NULL THEN " + text + " ELSE " + number + "||'.dcm' END";
  }

  /// An image's "is in the library's folder" flag in SQL; NULL means yes.
  String inLibraryFlag(String alias) {
    return column(IMAGE, alias, "ZSTOREDINDATABASEFOLDER", "ZINDATABASEFOLDER");
  }
}
