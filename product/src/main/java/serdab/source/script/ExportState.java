package serdab.source.script;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.StudyInstanceUid;

/// What `export_state.sqlite` of the Horos backup script says: which studies it counts as exported.
/// It says nothing of whether they still are.
///
/// @param exported in the order of the file
public record ExportState(List<Exported> exported) {

  /// More studies than this come from a file that is not the script's.
  private static final int ROWS_MAX = 5_000_000;

  /// How often it is copied anew when the script writes to it meanwhile.
  private static final int TRIES = 5;

  private static final List<String> TABLES = List.of("exported", "exported_studies");
  private static final List<String> STUDY_COLUMNS =
      List.of("studyinstanceuid", "study_instance_uid", "study_uid", "studyuid", "uid");
  private static final List<String> PATH_COLUMNS =
      List.of("zip_path", "zippath", "zip", "path", "file", "filename");
  private static final List<String> TIME_COLUMNS =
      List.of("when_exported", "exported_at", "exported_on", "exported", "timestamp", "date");

  private static final byte[] SQLITE = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
  private static final String[] SIDES = {"", "-journal", "-wal"};

  /// Seconds since 1970 of years that a Mac with Horos can have been in: 2001 to 2100.
  private static final double SECONDS_MIN = 978_307_200;

  private static final double SECONDS_MAX = 4_102_444_800.0;

  public ExportState {
    exported = List.copyOf(exported);
  }

  /// One study that the script counts as exported.
  ///
  /// @param study as written there
  /// @param when it was exported; empty when that cannot be understood
  /// @param zipPath where the ZIP was, most often absolute; empty text when not said. Holds patient
  ///   data
  public record Exported(StudyInstanceUid study, Optional<Instant> when, String zipPath) {}

  /// Reads it from a private copy; the file itself is only copied.
  ///
  /// @param scratch a folder of ours, readable by its owner only
  /// @param zone what times without one are in
  /// @throws SerdabException.Misconfigured `state-not-sqlite` or `state-other-tables` when it is no
  ///   file of the script's
  /// @throws SerdabException.Unavailable `state-not-there`, `state-unreadable` or `state-busy`
  /// @throws SerdabException.Damaged `state-damaged`
  public static ExportState read(Path file, Path scratch, ZoneId zone) {
    Path copy = scratch.resolve("export-state.sqlite");
    try {
      copy(file, copy);
    } catch (NoSuchFileException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "state-not-there",
              "There is no file " + file + ".",
              "Name the script's export_state.sqlite; most often it is in the folder Backup of the"
                  + " volume, which must be connected."),
          e);
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "state-unreadable",
              "The file " + file + " cannot be read (" + e.getClass().getSimpleName() + ").",
              "Check its rights and its volume."),
          e);
    }
    SQLiteConfig config = new SQLiteConfig();
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + copy, config.toProperties());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA trusted_schema=OFF");
      statement.execute("PRAGMA temp_store=MEMORY");
      return new ExportState(rows(connection, file, zone));
    } catch (SQLException e) {
      throw new SerdabException.Damaged(
          new Problem(
              "state-damaged",
              "The file " + file + " is an SQLite file that cannot be read to its end.",
              "Nothing was done. Try a copy of the file from another backup of that volume."),
          e);
    }
  }

  // ---- the copy

  private static void copy(Path file, Path copy) throws IOException {
    requireSqlite(file);
    for (int attempt = 1; ; attempt++) {
      List<String> before = look(file);
      for (String side : SIDES) {
        Path from = beside(file, side);
        Path to = beside(copy, side);
        Files.deleteIfExists(to);
        if (Files.exists(from)) {
          Files.copy(from, to);
        }
      }
      if (before.equals(look(file))) {
        return;
      }
      if (attempt == TRIES) {
        throw new SerdabException.Unavailable(
            new Problem(
                "state-busy",
                "The file " + file + " changed each of " + TRIES + " times it was copied.",
                "Switch the script off first (docs/from-horos-script.md says how), then run"
                    + " again."));
      }
    }
  }

  private static void requireSqlite(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw notSqlite(file);
    }
    byte[] begin;
    try (var in = Files.newInputStream(file)) {
      begin = in.readNBytes(SQLITE.length);
    }
    if (!java.util.Arrays.equals(begin, SQLITE)) {
      throw notSqlite(file);
    }
  }

  private static SerdabException notSqlite(Path file) {
    return new SerdabException.Misconfigured(
        new Problem(
            "state-not-sqlite",
            "The file " + file + " is no SQLite file.",
            "Name the script's export_state.sqlite after --state."));
  }

  private static Path beside(Path file, String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  private static List<String> look(Path file) throws IOException {
    List<String> looks = new ArrayList<>();
    for (String side : SIDES) {
      Path each = beside(file, side);
      if (Files.exists(each)) {
        BasicFileAttributes seen = Files.readAttributes(each, BasicFileAttributes.class);
        looks.add(side + " " + seen.size() + " " + seen.lastModifiedTime().toInstant());
      }
    }
    return looks;
  }

  // ---- the rows

  private static List<Exported> rows(Connection connection, Path file, ZoneId zone)
      throws SQLException {
    List<Exported> all = new ArrayList<>();
    boolean found = false;
    for (String table : tables(connection)) {
      Map<String, String> columns = columns(connection, table);
      String study = one(columns, STUDY_COLUMNS);
      String path = one(columns, PATH_COLUMNS);
      if (study == null || path == null) {
        continue;
      }
      found = true;
      String when = one(columns, TIME_COLUMNS);
      String sql =
          "select "
              + quoted(study)
              + ", "
              + quoted(path)
              + ", "
              + (when == null ? "null" : quoted(when))
              + " from "
              + quoted(table);
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery(sql)) {
        while (row.next() && all.size() < ROWS_MAX) {
          String uid = text(row.getString(1));
          if (!uid.isEmpty()) {
            all.add(
                new Exported(
                    new StudyInstanceUid(uid),
                    time(text(row.getString(3)), zone),
                    text(row.getString(2))));
          }
        }
      }
    }
    if (!found) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "state-other-tables",
              "The file "
                  + file
                  + " has no table Exported or exported_studies with a column for the study and one"
                  + " for its ZIP.",
              "Name the script's export_state.sqlite after --state."));
    }
    return all;
  }

  private static List<String> tables(Connection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("select name from sqlite_master where type = 'table'")) {
      while (row.next() && names.size() < TABLES.size()) {
        String name = text(row.getString(1));
        if (TABLES.contains(name.toLowerCase(Locale.ROOT))) {
          names.add(name);
        }
      }
    }
    return names;
  }

  /// By their names in lower case.
  private static Map<String, String> columns(Connection connection, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("pragma table_info(" + quoted(table) + ")")) {
      while (row.next()) {
        String name = text(row.getString("name"));
        columns.put(name.toLowerCase(Locale.ROOT), name);
      }
    }
    return columns;
  }

  private static @Nullable String one(Map<String, String> columns, List<String> wanted) {
    return wanted.stream().map(columns::get).filter(name -> name != null).findFirst().orElse(null);
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value.strip();
  }

  private static Optional<Instant> time(String text, ZoneId zone) {
    try {
      if (text.matches("\\d{9,10}(\\.\\d*)?")) {
        double seconds = Double.parseDouble(text);
        return seconds >= SECONDS_MIN && seconds <= SECONDS_MAX
            ? Optional.of(Instant.ofEpochSecond((long) seconds))
            : Optional.empty();
      }
      String iso = text.replace(' ', 'T');
      if (iso.length() == 10) {
        return Optional.of(LocalDate.parse(iso).atStartOfDay(zone).toInstant());
      }
      return Optional.of(
          iso.matches(".*(Z|[+-]\\d{2}:?\\d{2})")
              ? OffsetDateTime.parse(iso).toInstant()
              : LocalDateTime.parse(iso).atZone(zone).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
