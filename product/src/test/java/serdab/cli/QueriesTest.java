package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SharedData;

/// The queries of `docs/queries.md` are run as they stand there, on copies made as it says, and
/// answer what stands below them.
class QueriesTest {

  private static final String ANYTHING = "…";
  private static final int QUERIES_AT_LEAST = 19;
  private static final String SCRIPTS_STATE = "export_state.sqlite";

  /// The study of the example that the script is said to have exported.
  private static final String EXPORTED = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322";

  @TempDir Path folder;

  /// @param section the heading of the second level above it
  private record Query(String section, String name, String sql, List<String> answer) {}

  @Test
  void everyQueryOfTheDocumentGivesTheAnswerBelowIt() throws Exception {
    Path copies = folder.resolve("copies");
    new CommandLineRun(folder.resolve("home"))
        .run(
            "backup",
            "--from",
            SharedData.checkout().resolve("examples/Horos Data").toString(),
            "--to",
            "zip:" + copies);
    Path index = taken(only(copies.resolve("_library"), "index.zip"), "Database.sql");
    Path catalogue = taken(only(copies.resolve("_recovery"), "catalogue-"), "catalogue.db");
    Path state = scriptsState();
    List<Query> queries = queries();

    List<String> ran = new ArrayList<>();
    for (Query query : queries) {
      Path database = query.section().contains("catalogue") ? catalogue : index;
      // The example was made in UTC; the index's copy is asked in the zone of this computer.
      String sql =
          query.sql().replace(", 'localtime'", "").replace(SCRIPTS_STATE, state.toString());
      List<String> rows = rows(database, sql);
      assertThat(rows).as(query.name()).hasSameSizeAs(query.answer());
      for (int i = 0; i < rows.size(); i++) {
        assertThat(rows.get(i)).as(query.name()).matches(pattern(query.answer().get(i)));
      }
      ran.add(query.name());
    }

    assertThat(ran).hasSizeGreaterThanOrEqualTo(QUERIES_AT_LEAST).doesNotHaveDuplicates();
    assertThat(queries.stream().map(Query::section).distinct()).hasSize(3);
  }

  @Test
  void anAnswerMatchesOnlyWhatItSays() {
    assertThat("zip:/a | 12").matches(pattern("zip:… | 12"));
    assertThat("zip:/a | 13").doesNotMatch(pattern("zip:… | 12"));
    assertThat("CT\\SR | 1").matches(pattern("CT\\SR | 1"));
  }

  private static Pattern pattern(String answer) {
    return Pattern.compile(
        Stream.of(answer.split(ANYTHING, -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".+")));
  }

  private static List<Query> queries() throws Exception {
    List<Query> queries = new ArrayList<>();
    String section = "";
    String name = "";
    String sql = "";
    List<String> block = new ArrayList<>();
    String kind = "";
    for (String line : Files.readAllLines(SharedData.checkout().resolve("docs/queries.md"))) {
      if (line.startsWith("```")) {
        if (kind.isEmpty()) {
          kind = line.substring(3);
          block.clear();
          continue;
        }
        if (kind.equals("sql")) {
          assertThat(sql).as("the query before %s has no answer", name).isEmpty();
          sql = String.join("\n", block);
        } else if (kind.equals("text")) {
          queries.add(new Query(section, name, sql, List.copyOf(block)));
          sql = "";
        }
        kind = "";
      } else if (!kind.isEmpty()) {
        block.add(line);
      } else if (line.startsWith("## ")) {
        section = line.substring(3);
      } else if (line.startsWith("### ")) {
        name = line.substring(4);
      }
    }
    return queries;
  }

  private static List<String> rows(Path database, String sql) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      for (String each : sql.split(";\\s*", -1)) {
        if (!each.isBlank() && statement.execute(each)) {
          try (ResultSet result = statement.getResultSet()) {
            while (result.next()) {
              List<String> cells = new ArrayList<>();
              for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                cells.add(result.getString(i));
              }
              rows.add(String.join(" | ", cells));
            }
          }
        }
      }
    }
    return rows;
  }

  /// What the script would have left after one of its runs.
  private Path scriptsState() throws SQLException {
    Path state = folder.resolve(SCRIPTS_STATE);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "create table Exported (studyInstanceUID text primary key, when_exported text, zip_path"
              + " text)");
      statement.execute("insert into Exported values ('" + EXPORTED + "', '', '')");
    }
    return state;
  }

  private static Path only(Path below, String name) throws Exception {
    try (Stream<Path> files = Files.walk(below)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(name))
          .findFirst()
          .orElseThrow();
    }
  }

  /// An entry of a ZIP beside the copies, as a file of its own.
  private Path taken(Path zip, String entry) throws Exception {
    Path file = folder.resolve(entry);
    try (ZipFile from = new ZipFile(zip.toFile());
        InputStream in = from.getInputStream(from.getEntry(entry))) {
      Files.copy(in, file);
    }
    return file;
  }
}
