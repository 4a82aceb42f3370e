package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;

/// Facts that follow a changing index must be those that are computed from it anew.
class IndexFactsTest {

  private static final int STEPS = 8;

  @TempDir Path temp;

  @SeededTest(runs = 6)
  void factsThatFollowAnIndexAreThoseOfTheIndex(RandomGenerator random) throws Exception {
    try (HorosLibraryFixture library =
        HorosLibraryBuilder.in(temp.resolve("library" + random.nextLong())).create()) {
      Path live = library.indexFile();
      try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + live);
          Statement sql = connection.createStatement()) {
        sql.execute("PRAGMA synchronous = OFF");
        // Small pages make trees of several levels from few rows.
        sql.execute("PRAGMA page_size = " + (random.nextBoolean() ? 512 : 4096));
        sql.execute("PRAGMA auto_vacuum = " + random.nextInt(3));
        sql.execute("VACUUM");
        for (int i = 0; i < 12; i++) {
          IndexChange.ADD_STUDY.make(sql, random);
        }
      }
      Path folder = Files.createTempDirectory(temp, "copies");
      Path before = Files.copy(live, folder.resolve("0.sql"));
      Path facts = computed(before, folder.resolve("0.facts"));
      int followed = 0;
      List<String> story = new ArrayList<>();
      for (int step = 1; step <= STEPS; step++) {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + live);
            Statement sql = connection.createStatement()) {
          sql.execute("PRAGMA synchronous = OFF");
          int changes = random.nextInt(1, 6);
          for (int i = 0; i < changes; i++) {
            story.add(IndexChange.any(random).make(sql, random));
          }
        }
        Path now = Files.copy(live, folder.resolve(step + ".sql"));
        Path anew = computed(now, folder.resolve(step + ".anew"));
        Path file = Files.copy(facts, folder.resolve(step + ".facts"));
        if (follow(before, now, file)) {
          followed++;
          assertThat(dump(file)).as("%s", story).isEqualTo(dump(anew));
          facts = file;
        } else {
          facts = anew;
        }
        before = now;
      }
      assertThat(followed).as("%s", story).isGreaterThanOrEqualTo(STEPS / 2);
    }
  }

  @Test
  void rowsWhosePagesWereGivenBackUntouchedAreGone() throws Exception {
    // SQLite does not touch the pages that it gives back, so their bytes still show the rows.
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(temp).create();
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + library.indexFile());
        Statement sql = connection.createStatement()) {
      sql.execute("INSERT INTO ZSTUDY (Z_PK, Z_OPT) VALUES (1, 1)");
      sql.execute("INSERT INTO ZSERIES (Z_PK, Z_OPT, ZSTUDY) VALUES (1, 1, 1)");
      sql.execute(
          "INSERT INTO ZIMAGE (Z_PK, Z_OPT, ZSERIES, ZPATHNUMBER) WITH RECURSIVE n(i) AS (SELECT 1"
              + " UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 1, 1, i FROM n");
      Path before = Files.copy(library.indexFile(), temp.resolve("before.sql"));
      Path facts = computed(before, temp.resolve("facts"));
      sql.execute("DELETE FROM ZIMAGE WHERE Z_PK BETWEEN 1001 AND 4000");
      Path now = Files.copy(library.indexFile(), temp.resolve("now.sql"));

      assertThat(follow(before, now, facts)).isTrue();

      assertThat(dump(facts)).isEqualTo(dump(computed(now, temp.resolve("anew"))));
      assertThat(dump(facts)).anyMatch(line -> line.startsWith("sums 1 2000 "));
    }
  }

  @Test
  void aCopyThatIsNoTreeAnyMoreIsNotFollowed() throws Exception {
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(temp).create();
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + library.indexFile());
        Statement sql = connection.createStatement()) {
      sql.execute(
          "INSERT INTO ZIMAGE (Z_PK, Z_OPT, ZSERIES, ZPATHNUMBER) WITH RECURSIVE n(i) AS (SELECT 1"
              + " UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 1, 1, i FROM n");
      Path before = Files.copy(library.indexFile(), temp.resolve("before.sql"));
      Path facts = computed(before, temp.resolve("facts"));
      long root;
      try (ResultSet row =
          sql.executeQuery("SELECT rootpage FROM sqlite_master WHERE name = 'ZIMAGE'")) {
        root = row.getLong(1);
      }
      byte[] bytes = Files.readAllBytes(before);
      bytes[(int) (root - 1) * 4096] = 0x0a;
      Path now = Files.write(temp.resolve("now.sql"), bytes);

      assertThat(follow(before, now, facts)).isFalse();
    }
  }

  private static Path computed(Path copy, Path facts) throws SQLException {
    try (Workbook workbook =
        Workbook.create(facts.resolveSibling(facts.getFileName() + ".notes"), Optional.of(copy))) {
      IndexSchema schema = IndexSchema.of(workbook.connection());
      IndexFacts all = IndexFacts.compute(workbook, schema, facts);
      all.numbers();
      all.needNames();
      all.needMadeImages(
          new MadeByPeople(workbook, schema, Optional.of(all), facts).imageCondition());
    }
    return facts;
  }

  private static boolean follow(Path before, Path now, Path facts)
      throws SQLException, IOException {
    try (Workbook workbook =
        Workbook.create(facts.resolveSibling(facts.getFileName() + ".notes2"), Optional.of(now))) {
      return IndexFacts.update(workbook, IndexSchema.of(workbook.connection()), facts, before, now)
          .isPresent();
    }
  }

  /// Every row of every table; of numbers only what they say, not how their pages lie.
  static List<String> dump(Path facts) throws SQLException {
    List<String> lines = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + facts);
        Statement statement = connection.createStatement()) {
      for (String query :
          List.of(
              "SELECT 'sums', * FROM sums ORDER BY study",
              "SELECT 'fact', * FROM fact ORDER BY name",
              "SELECT 'named', * FROM named ORDER BY name",
              "SELECT 'made', * FROM made_image ORDER BY image")) {
        try (ResultSet row = statement.executeQuery(query)) {
          while (row.next()) {
            StringBuilder line = new StringBuilder();
            for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
              line.append(row.getString(i)).append(' ');
            }
            lines.add(line.toString());
          }
        }
      }
      try (ResultSet row =
          statement.executeQuery("SELECT page, bits, more FROM number_page ORDER BY page")) {
        while (row.next()) {
          byte[] bits = row.getBytes(2);
          byte[] more = row.getBytes(3);
          for (int i = 0; i < NumberSet.PAGE_BITS; i++) {
            int at = i / Long.SIZE * Long.BYTES + Long.BYTES - 1 - i % Long.SIZE / Byte.SIZE;
            if ((bits[at] & 1 << i % Byte.SIZE) != 0) {
              lines.add("number %d %d %d".formatted(row.getLong(1), i, more == null ? 0 : more[i]));
            }
          }
        }
      }
    }
    return lines;
  }
}
