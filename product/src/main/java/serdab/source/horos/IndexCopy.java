package serdab.source.horos;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.sqlite.SQLiteConfig;

/// Says of a copy of the index what it is (`docs/format/library.md` section 1): `index-copy.json`.
///
/// @param state of the index when it was copied
/// @param uuid of the index; empty text when it cannot be read
/// @param modelVersion out of `DB_VERSION`
/// @param rows by table; empty when it cannot be read
/// @param integrityCheck what SQLite's integrity_check says of it: `ok`, `damaged` or `not-run`
/// @param means how it was copied; empty text when it was not
record IndexCopy(
    IndexState state,
    String uuid,
    String modelVersion,
    Map<String, Long> rows,
    String integrityCheck,
    String means) {

  static final String NAME = "index-copy.json";

  /// Whether SQLite finds nothing wrong with a copy: it opens, every page is in its place, and
  /// every index agrees with its table.
  static boolean isSound(Path copy) {
    SQLiteConfig config = new SQLiteConfig();
    config.setReadOnly(true);
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + copy, config.toProperties());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA trusted_schema=OFF");
      // Comparing an index with its table sorts nothing, and what it keeps must not lie in the
      // system's temporary folder.
      statement.execute("PRAGMA temp_store=MEMORY");
      try (ResultSet result = statement.executeQuery("PRAGMA integrity_check(1)")) {
        return result.next() && "ok".equals(result.getString(1));
      }
    } catch (SQLException e) {
      return false;
    }
  }

  /// Writes it; equal values give equal bytes.
  void writeTo(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        Json json = new Json(out, java.util.Optional.empty())) {
      json.startObject();
      json.text("format", "library-index-copy");
      json.number("formatVersion", 1);
      json.text("changedAt", state.modified().toString());
      json.startObject("source");
      json.number("lengthBytes", state.lengthBytes());
      json.text("modified", state.modified().toString());
      if (!state.inode().isEmpty()) {
        json.text("inode", state.inode());
      }
      if (state.changeCounter().isPresent()) {
        json.number("changeCounter", state.changeCounter().getAsLong());
      }
      json.endObject();
      json.text("uuid", uuid);
      json.text("modelVersion", modelVersion);
      if (!rows.isEmpty()) {
        json.startObject("rows");
        rows.forEach(json::number);
        json.endObject();
      }
      json.text("integrityCheck", integrityCheck);
      json.text("means", means);
      json.endObject();
      json.endLine();
    }
  }
}
