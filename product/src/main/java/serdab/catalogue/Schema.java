package serdab.catalogue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// The tables, and the steps that bring an older catalogue up to date. Nothing is ever dropped.
///
/// Each version of the schema is one script, `schema-N.sql`, the same for both databases; where one
/// of them needs something first, `schema-N.postgresql.sql` or `schema-N.sqlite.sql` runs before.
final class Schema {

  static final int VERSION = 7;

  private static final int SCRIPT_BYTES_MAX = 1 << 20;

  private Schema() {}

  /// Makes or updates the tables in one transaction, so that two processes that start at once do it
  /// once, and a crash leaves the tables as they were.
  ///
  /// @throws SerdabException.Refused when a newer Serdab has changed the tables already
  static void bringUpToDate(Database database, InstantSource clock) {
    bringUpTo(database, clock, VERSION);
  }

  /// The same up to an earlier version, as an earlier release did.
  static void bringUpTo(Database database, InstantSource clock, int last) {
    if (checked(database, database.read(link -> foundIn(database, link))) == VERSION) {
      return;
    }
    database.write(link -> {
      database.lockSchema(link);
      int found = checked(database, foundIn(database, link));
      for (int version = found + 1; version <= last; version++) {
        for (String statement : statements(database, version)) {
          link.reached("write");
          link.run(statement);
        }
        link.call("insert into schema_version (version, applied_at) values (?, ?)")
            .number(version)
            .time(clock.instant())
            .write();
      }
      return last;
    });
  }

  private static int foundIn(Database database, Link link) throws SQLException {
    if (!database.hasTable(link, "schema_version")) {
      return 0;
    }
    return link.call("select coalesce(max(version), 0) from schema_version")
        .one(row -> (int) row.number())
        .orElse(0);
  }

  private static int checked(Database database, int found) {
    if (found > VERSION) {
      throw new SerdabException.Refused(
          new Problem(
              "catalogue-newer",
              database.describe()
                  + " was written by a newer Serdab (its tables have version "
                  + found
                  + "; this one knows "
                  + VERSION
                  + ").",
              "Use the newer Serdab, or give this one a catalogue of its own and run: serdab"
                  + " catalogue rebuild"));
    }
    return found;
  }

  static List<String> statements(Database database, int version) {
    List<String> statements = new ArrayList<>();
    script("schema-" + version + "." + database.scriptSuffix() + ".sql")
        .ifPresent(text -> statements.addAll(split(text)));
    statements.addAll(split(script("schema-" + version + ".sql").orElseThrow()));
    return statements;
  }

  /// Statements end with a semicolon at the end of a line; lines that begin with `--` are comments.
  private static List<String> split(String script) {
    List<String> statements = new ArrayList<>();
    StringBuilder statement = new StringBuilder();
    for (String line : script.lines().toList()) {
      if (line.isBlank() || line.startsWith("--")) {
        continue;
      }
      if (line.endsWith(";")) {
        statements.add(statement.append(line, 0, line.length() - 1).toString());
        statement.setLength(0);
      } else {
        statement.append(line).append('\n');
      }
    }
    return statements;
  }

  private static Optional<String> script(String name) {
    try (InputStream in = Schema.class.getResourceAsStream(name)) {
      return in == null
          ? Optional.empty()
          : Optional.of(new String(in.readNBytes(SCRIPT_BYTES_MAX), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
