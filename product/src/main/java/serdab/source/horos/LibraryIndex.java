package serdab.source.horos;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;
import serdab.dicom.SopInstanceUid;

/// A copy of a viewer's index out of a backup, asked where its library wants its files. One thread
/// at a time.
///
/// It works on a private file, which it may change (indexes are added where the model has none);
/// the file that goes into a library is another.
public final class LibraryIndex implements AutoCloseable {

  /// The file's name in a library.
  public static final String FILE_NAME = LibraryFolders.INDEX;

  /// Files per numbered folder in viewers as they are delivered.
  public static final int DEFAULT_FOLDER_SIZE = FileLocator.DEFAULT_FOLDER_SIZE;

  private static final int ROWS_OF_STUDY_MAX = 2_000_000;

  /// What a lookup by study goes through: table and column.
  private static final List<String[]> LOOKED_UP =
      List.of(
          new String[] {IndexSchema.STUDY, "ZSTUDYINSTANCEUID"},
          new String[] {IndexSchema.SERIES, "ZSTUDY"},
          new String[] {IndexSchema.IMAGE, "ZSERIES"});

  private final Workbook workbook;
  private final IndexSchema schema;

  private LibraryIndex(Workbook workbook, IndexSchema schema) {
    this.workbook = workbook;
    this.schema = schema;
  }

  /// One row of an image.
  ///
  /// @param name of its file: relative to a numbered folder, or an absolute path when it is linked
  /// @param study its Study Instance UID
  public record Row(String name, String study) {

    /// Whether the file is outside the library.
    public boolean isLinked() {
      return name.startsWith("/");
    }
  }

  /// A study's report document.
  ///
  /// @param url as the index holds it: relative, absolute, or an address of the web
  public record Report(String study, String url) {}

  /// What an index holds.
  public record Counts(long studies, long images, long albums) {}

  /// What is wrong with an index, by SQLite's own check; empty when it is sound. Only reads, and
  /// makes no file beside it. Nobody else may have it open.
  public static Optional<String> complaint(Path index) {
    SQLiteConfig config = new SQLiteConfig();
    config.setOpenMode(SQLiteOpenMode.OPEN_URI);
    config.setReadOnly(true);
    String uri = index.toUri().toString().replace("file:///", "file:/") + "?mode=ro&immutable=1";
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + uri, config.toProperties());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA trusted_schema=OFF");
      try (ResultSet result = statement.executeQuery("PRAGMA integrity_check(1)")) {
        String answer = result.next() ? result.getString(1) : "no answer";
        return "ok".equals(answer)
            ? Optional.empty()
            // The answer may quote what the tables hold, so only the fact is told.
            : Optional.of("SQLite's integrity_check finds it damaged");
      }
    } catch (SQLException e) {
      return Optional.of("SQLite cannot open it (result code " + e.getErrorCode() + ")");
    }
  }

  /// Opens a private copy; empty when its model is none that leads from studies to files.
  ///
  /// @param privateCopy changed when it lacks indexes
  /// @param workFile a file that is not there yet, deleted by the caller
  /// @throws serdab.SerdabException.Unavailable when the disk of these files fails
  public static Optional<LibraryIndex> open(Path privateCopy, Path workFile) {
    try {
      prepare(privateCopy);
    } catch (SQLException e) {
      return Optional.empty();
    }
    Workbook workbook = Workbook.create(workFile, Optional.of(privateCopy));
    try {
      IndexSchema schema = IndexSchema.of(workbook.connection());
      if (schema.leadsFromStudiesToFiles() && schema.has(IndexSchema.STUDY, "ZSTUDYINSTANCEUID")) {
        return Optional.of(new LibraryIndex(workbook, schema));
      }
      workbook.close();
      return Optional.empty();
    } catch (SQLException e) {
      workbook.close();
      throw Workbook.failed(e);
    }
  }

  private static void prepare(Path privateCopy) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + privateCopy);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA trusted_schema=OFF");
      statement.execute("PRAGMA synchronous=OFF");
      // A copy in WAL mode could not be read without files beside it.
      statement.execute("PRAGMA journal_mode=DELETE");
      for (String[] each : LOOKED_UP) {
        try {
          statement.execute(
              "CREATE INDEX IF NOT EXISTS serdab_%s_%s ON %s (%s)"
                  .formatted(each[0], each[1], each[0], each[1]));
        } catch (SQLException e) {
          // A model without this table or column: the schema says so next.
        }
      }
    }
  }

  /// The names of a study's files, each with the SOP instances that its rows name, packed as
  /// [#packed] packs them; without any where the model does not hold them.
  public Map<String, List<String>> files(String studyInstanceUid) {
    Map<String, List<String>> files = new java.util.HashMap<>();
    String uid = schema.column(IndexSchema.IMAGE, "i", "ZCOMPRESSEDSOPINSTANCEUID");
    try (PreparedStatement statement =
        workbook.prepare(
            "SELECT %s, %s FROM lib.ZSTUDY t JOIN lib.ZSERIES s ON s.ZSTUDY = t.Z_PK"
                    .formatted(schema.fileName("i"), uid)
                + " JOIN lib.ZIMAGE i ON i.ZSERIES = s.Z_PK WHERE t.ZSTUDYINSTANCEUID = ?"
                + " LIMIT "
                + ROWS_OF_STUDY_MAX)) {
      statement.setString(1, studyInstanceUid);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String name = rows.getString(1);
          byte[] packed = rows.getBytes(2);
          if (name != null) {
            List<String> uids = files.computeIfAbsent(name, _ -> new ArrayList<>(1));
            String hex = packed == null ? "" : HexFormat.of().formatHex(packed);
            if (!hex.isEmpty() && !uids.contains(hex)) {
              uids.add(hex);
            }
          }
        }
      }
      return files;
    } catch (SQLException e) {
      throw Workbook.failed(e);
    }
  }

  /// How the index holds a SOP Instance UID, in hexadecimal.
  public static String packed(SopInstanceUid uid) {
    return ViewerLibrary.packed(uid.value());
  }

  /// Gives every image row that names a file, streamed, rows of one file most often together.
  public void eachFile(Consumer<Row> each) {
    String query =
        "SELECT %s, t.ZSTUDYINSTANCEUID FROM lib.ZIMAGE i LEFT JOIN lib.ZSERIES s ON s.Z_PK ="
                .formatted(schema.fileName("i"))
            + " i.ZSERIES LEFT JOIN lib.ZSTUDY t ON t.Z_PK = s.ZSTUDY";
    stream(query, row -> each.accept(new Row(row[0], row[1])));
  }

  /// Gives every study's report document.
  public void eachReport(Consumer<Report> each) {
    if (schema.has(IndexSchema.STUDY, "ZREPORTURL")) {
      stream(
          "SELECT t.ZREPORTURL, t.ZSTUDYINSTANCEUID FROM lib.ZSTUDY t WHERE t.ZREPORTURL <> ''",
          row -> each.accept(new Report(row[1], row[0])));
    }
  }

  /// Rows of two texts whose first is not NULL; a second that is NULL is empty.
  private void stream(String query, Consumer<String[]> each) {
    try (PreparedStatement statement = workbook.prepare(query);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        String first = rows.getString(1);
        String second = rows.getString(2);
        if (first != null && !first.isEmpty()) {
          each.accept(new String[] {first, second == null ? "" : second});
        }
      }
    } catch (SQLException e) {
      throw Workbook.failed(e);
    }
  }

  public Counts counts() {
    try {
      return new Counts(
          workbook.number("SELECT count(*) FROM lib.ZSTUDY"),
          workbook.number("SELECT count(*) FROM lib.ZIMAGE"),
          schema.columnsOf("ZALBUM").isEmpty()
              ? 0
              : workbook.number("SELECT count(*) FROM lib.ZALBUM"));
    } catch (SQLException e) {
      throw Workbook.failed(e);
    }
  }

  /// The numbered folder in which the viewer looks for a file, by the number its name begins with.
  public static String folderOf(String name, int folderSize) {
    return FileLocator.folderOf(name, folderSize);
  }

  @Override
  public void close() {
    workbook.close();
  }
}
