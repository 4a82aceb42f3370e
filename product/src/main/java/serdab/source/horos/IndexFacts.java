package serdab.source.horos;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/// What follows from the index alone and takes long to find out, in a file of its own that is
/// attached to the [Workbook] as `facts` and can be kept for the next run:
///
/// - `sums`: per study row how many images and files, the highest image row, how often rows were
///   saved; what fingerprints are made of;
/// - `number_page` and `named`: which files rows of studies name;
/// - `made_image`: image rows that hold anything that people made;
/// - `fact`: how many image rows there are, and which of these tables are filled.
///
/// It is computed from end to end, or brought from an earlier copy of the index to the present one
/// by computing again what hangs on rows that can differ. Both give the same, which tests compare.
/// One thread at a time.
final class IndexFacts {

  /// When more studies can differ, computing all is as fast.
  private static final double STUDIES_SHARE_MAX = 0.05;

  private static final long STUDIES_ALWAYS = 500;
  private static final double ROWS_SHARE_MAX = 0.05;
  private static final int ROWS_ALWAYS = 200_000;
  private static final int ROWS_MAX = 4_000_000;

  private static final String IMAGES = "images";
  private static final String NUMBERS = "numbers";
  private static final String NAMES = "names";
  private static final String MADE = "made";

  private static final List<String> TABLES =
      List.of(IndexSchema.IMAGE, IndexSchema.SERIES, IndexSchema.STUDY);

  private final Workbook workbook;
  private final IndexSchema schema;

  private IndexFacts(Workbook workbook, IndexSchema schema) {
    this.workbook = workbook;
    this.schema = schema;
  }

  /// Computes all that every inventory needs.
  ///
  /// @param file of the facts; it is not there yet
  static IndexFacts compute(Workbook workbook, IndexSchema schema, Path file) throws SQLException {
    workbook.attach(file, "facts");
    IndexFacts facts = new IndexFacts(workbook, schema);
    workbook.execute("BEGIN");
    workbook.execute(
        """
        CREATE TABLE facts.sums (study INTEGER PRIMARY KEY, images INTEGER, last INTEGER,
          saves INTEGER, files INTEGER, nameless INTEGER, series_saves INTEGER DEFAULT 0)\
        """);
    workbook.execute("CREATE TABLE facts.fact (name TEXT PRIMARY KEY, value INTEGER)");
    // Series first, each with its images: both steps then follow an index, whatever the statistics
    // in the viewer's file say. Where it has no index SQLite makes one for the query.
    facts.sumUp("lib.ZSERIES s", "");
    facts.set(IMAGES, workbook.number("SELECT count(*) FROM lib.ZIMAGE"));
    workbook.execute("COMMIT");
    return facts;
  }

  /// Takes facts that were kept and belong to this very copy.
  static IndexFacts of(Workbook workbook, IndexSchema schema, Path file) throws SQLException {
    workbook.attach(file, "facts");
    return new IndexFacts(workbook, schema);
  }

  private void set(String name, long value) throws SQLException {
    workbook.run("INSERT OR REPLACE INTO facts.fact VALUES (?, ?)", name, value);
  }

  private boolean has(String name) throws SQLException {
    return workbook.number("SELECT count(*) FROM facts.fact WHERE name = ?", name) > 0;
  }

  /// How many image rows the index has.
  long imageRows() throws SQLException {
    return workbook.number("SELECT value FROM facts.fact WHERE name = ?", IMAGES);
  }

  /// How many image rows lead to no study.
  long strayRows() throws SQLException {
    return imageRows()
        - workbook.number(
            "SELECT coalesce(sum(u.images), 0) FROM facts.sums u"
                + " JOIN lib.ZSTUDY t ON t.Z_PK = u.study");
  }

  // ---- sums

  private void sumUp(String from, String only) throws SQLException {
    workbook.execute(
        """
        INSERT INTO facts.sums (study, images, last, saves, files, nameless)
        SELECT s.ZSTUDY, count(*), max(i.Z_PK), CAST(total(%s) AS INTEGER),
               count(DISTINCT nullif(%s, '')), sum(coalesce(%s, '') = '')
        FROM %s CROSS JOIN lib.ZIMAGE i ON i.ZSERIES = s.Z_PK
        WHERE s.ZSTUDY IS NOT NULL AND typeof(s.ZSTUDY) = 'integer'
        GROUP BY s.ZSTUDY\
        """
            .formatted(schema.column(IndexSchema.IMAGE, "i", "Z_OPT"), fileKey(), fileKey(), from));
    workbook.execute(
        """
        UPDATE facts.sums SET series_saves = (
          SELECT CAST(total(%s) AS INTEGER) FROM lib.ZSERIES s WHERE s.ZSTUDY = sums.study)%s\
        """
            .formatted(schema.column(IndexSchema.SERIES, "s", "Z_OPT"), only));
  }

  /// What tells an image's file from another; cheaper than its name.
  private String fileKey() {
    String text = schema.column(IndexSchema.IMAGE, "i", "ZPATHSTRING", "ZPATH");
    return schema.has(IndexSchema.IMAGE, "ZPATHNUMBER")
        ? "coalesce(i.ZPATHNUMBER, " + text + ")"
        : text;
  }

  // ---- files that rows name

  /// Numbers of all files that studies of the index name.
  NumberSet numbers() throws SQLException {
    NumberSet numbers = new NumberSet();
    if (has(NUMBERS)) {
      return readNumbers();
    }
    if (schema.has(IndexSchema.IMAGE, "ZPATHNUMBER")) {
      String query =
          strayRows() > 0
              ? numbersQuery("lib.ZSTUDY t", "lib")
              : "SELECT ZPATHNUMBER FROM lib.ZIMAGE WHERE ZPATHNUMBER IS NOT NULL";
      try (PreparedStatement statement = workbook.prepare(query);
          ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          numbers.add(row.getLong(1));
        }
      }
    }
    writeNumbers(numbers);
    return numbers;
  }

  private static String numbersQuery(String from, String copy) {
    return "SELECT i.ZPATHNUMBER FROM "
        + from
        + rowsOfStudies(copy)
        + " AND i.ZPATHNUMBER IS NOT NULL";
  }

  private static String rowsOfStudies(String copy) {
    return " CROSS JOIN "
        + copy
        + ".ZSERIES s ON s.ZSTUDY = t.Z_PK CROSS JOIN "
        + copy
        + ".ZIMAGE i ON i.ZSERIES = s.Z_PK WHERE typeof(s.ZSTUDY) = 'integer'";
  }

  private NumberSet readNumbers() throws SQLException {
    NumberSet numbers = new NumberSet();
    try (PreparedStatement statement =
            workbook.prepare("SELECT page, bits, more FROM facts.number_page");
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        if (!numbers.putPage(row.getLong(1), row.getBytes(2), row.getBytes(3))) {
          throw new SQLException("a page of numbers is not one");
        }
      }
    }
    return numbers;
  }

  private void writeNumbers(NumberSet numbers) throws SQLException {
    workbook.execute("DROP TABLE IF EXISTS facts.number_page");
    workbook.execute(
        "CREATE TABLE facts.number_page (page INTEGER PRIMARY KEY, bits BLOB, more BLOB)");
    if (numbers.uncertain()) {
      workbook.run("DELETE FROM facts.fact WHERE name = ?", NUMBERS);
      return;
    }
    numbers.eachPage((page, bits, more) ->
        workbook.run("INSERT INTO facts.number_page VALUES (?, ?, ?)", page, bits, more));
    set(NUMBERS, numbers.size());
  }

  /// Fills `named` with all file names with text of their own that studies name (other extensions,
  /// absolute paths), each with how many rows do.
  void needNames() throws SQLException {
    if (has(NAMES)) {
      return;
    }
    workbook.execute(
        "CREATE TABLE facts.named (name TEXT PRIMARY KEY, uses INTEGER) WITHOUT ROWID");
    workbook.execute(
        "INSERT INTO facts.named (name, uses) SELECT name, count(*) FROM ("
            + namesQuery("lib.ZSTUDY t", "lib")
            + ") GROUP BY name");
    set(NAMES, 1);
  }

  private String namesQuery(String from, String copy) {
    String text = schema.column(IndexSchema.IMAGE, "i", "ZPATHSTRING", "ZPATH");
    String numberless =
        schema.has(IndexSchema.IMAGE, "ZPATHNUMBER") ? " AND i.ZPATHNUMBER IS NULL" : "";
    return "SELECT CAST("
        + text
        + " AS TEXT) AS name FROM "
        + from
        + rowsOfStudies(copy)
        + " AND "
        + text
        + " IS NOT NULL"
        + numberless;
  }

  // ---- what people made

  /// Fills `made_image` with the image rows that hold anything that people made.
  void needMadeImages(String condition) throws SQLException {
    if (has(MADE)) {
      return;
    }
    workbook.execute("CREATE TABLE facts.made_image (image INTEGER PRIMARY KEY, series INTEGER)");
    if (schema.has(IndexSchema.IMAGE, "ZSERIES")) {
      workbook.execute(
          "INSERT INTO facts.made_image (image, series) SELECT t.Z_PK, t.ZSERIES FROM lib.ZIMAGE t"
              + " WHERE "
              + condition);
    }
    workbook.execute("CREATE INDEX facts.made_image_series ON made_image (series)");
    set(MADE, 1);
  }

  // ---- bringing facts up to date

  /// Brings kept facts from an earlier copy of the index to the present one.
  ///
  /// @param file of the facts of the earlier copy; it is changed
  /// @param before the earlier copy
  /// @param now the present one, which is attached
  /// @return those of the present copy; empty when all is to be computed, and then what the file
  ///   holds is of no use
  static Optional<IndexFacts> update(
      Workbook workbook, IndexSchema schema, Path file, Path before, Path now)
      throws SQLException, IOException {
    workbook.attachReadOnly(before, "earlier");
    Optional<IndexFacts> updated = Optional.empty();
    if (isUsual(workbook, schema)) {
      workbook.attach(file, "facts");
      IndexFacts facts = new IndexFacts(workbook, schema);
      workbook.execute("BEGIN");
      boolean done = facts.update(before, now);
      workbook.execute("COMMIT");
      if (done) {
        updated = Optional.of(facts);
      } else {
        workbook.detach("facts");
      }
    }
    workbook.detach("earlier");
    return updated;
  }

  /// Whether both copies have the same tables, whose row numbers are their keys, and the indexes
  /// that lead from a study to its rows.
  private static boolean isUsual(Workbook workbook, IndexSchema schema) throws SQLException {
    long others =
        workbook.number(
                """
                SELECT count(*) FROM (
                  SELECT type, name, tbl_name, sql FROM lib.sqlite_master
                  EXCEPT SELECT type, name, tbl_name, sql FROM earlier.sqlite_master)\
                """)
            + workbook.number(
                """
                SELECT count(*) FROM (
                  SELECT type, name, tbl_name, sql FROM earlier.sqlite_master
                  EXCEPT SELECT type, name, tbl_name, sql FROM lib.sqlite_master)\
                """);
    if (others > 0
        || !schema.isIndexed(IndexSchema.SERIES, "ZSTUDY")
        || !schema.isIndexed(IndexSchema.IMAGE, "ZSERIES")) {
      return false;
    }
    for (String table : TABLES) {
      long key =
          workbook.number(
              "SELECT count(*) FROM pragma_table_info(?, 'lib') WHERE pk = 1 AND name = 'Z_PK'",
              table);
      // A key that is not the row number itself has an index of its own.
      long indexes =
          workbook.number(
              "SELECT count(*) FROM pragma_index_list(?, 'lib') WHERE origin = 'pk'", table);
      if (key != 1 || indexes != 0) {
        return false;
      }
    }
    return true;
  }

  private boolean update(Path before, Path now) throws SQLException, IOException {
    PageDifference.Roots[] roots = new PageDifference.Roots[TABLES.size()];
    for (int i = 0; i < roots.length; i++) {
      roots[i] =
          new PageDifference.Roots(root("earlier", TABLES.get(i)), root("lib", TABLES.get(i)));
    }
    int rowsMax = Math.clamp((long) (imageRows() * ROWS_SHARE_MAX), ROWS_ALWAYS, ROWS_MAX);
    Optional<PageDifference.Rows[]> found = PageDifference.between(before, now, roots, rowsMax);
    if (found.isEmpty()) {
      return false;
    }
    for (int i = 0; i < roots.length; i++) {
      noteChanged(TABLES.get(i), found.get()[i].rowids());
    }
    workbook.execute("CREATE TABLE main.affected (study INTEGER PRIMARY KEY)");
    workbook.execute("INSERT INTO main.affected SELECT id FROM main.changed_ZSTUDY");
    noteAffected("earlier");
    noteAffected("lib");
    long affected = workbook.number("SELECT count(*) FROM main.affected");
    long studies = workbook.number("SELECT count(*) FROM lib.ZSTUDY");
    if (affected > Math.max(STUDIES_ALWAYS, studies * STUDIES_SHARE_MAX)) {
      return false;
    }
    workbook.execute("DELETE FROM facts.sums WHERE study IN (SELECT study FROM main.affected)");
    sumUp(
        "main.affected a CROSS JOIN lib.ZSERIES s ON s.ZSTUDY = a.study",
        " WHERE study IN (SELECT study FROM main.affected)");
    set(IMAGES, found.get()[0].count());
    boolean sure = updateNumbers() && updateNames();
    if (sure && has(MADE)) {
      workbook.execute(
          "DELETE FROM facts.made_image WHERE image IN (SELECT id FROM main.changed_ZIMAGE)");
      workbook.execute(
          "INSERT INTO facts.made_image (image, series) SELECT t.Z_PK, t.ZSERIES"
              + " FROM main.changed_ZIMAGE c CROSS JOIN lib.ZIMAGE t ON t.Z_PK = c.id WHERE "
              + new MadeByPeople(workbook, schema, Optional.of(this), now).imageCondition());
    }
    for (String table : TABLES) {
      workbook.execute("DROP TABLE main.changed_" + table);
    }
    workbook.execute("DROP TABLE main.affected");
    return sure;
  }

  private long root(String copy, String table) throws SQLException {
    return workbook.number(
        "SELECT rootpage FROM " + copy + ".sqlite_master WHERE type = 'table' AND name = ?", table);
  }

  private void noteChanged(String table, long[] rows) throws SQLException {
    workbook.execute("CREATE TABLE main.changed_" + table + " (id INTEGER PRIMARY KEY)");
    try (PreparedStatement insert =
        workbook.prepare("INSERT OR IGNORE INTO main.changed_" + table + " VALUES (?)")) {
      for (long row : rows) {
        insert.setLong(1, row);
        insert.executeUpdate();
      }
    }
  }

  /// Studies that a row which can differ leads to in one of the copies. A study's facts follow from
  /// its own row, its series and their images, and from nothing else.
  private void noteAffected(String copy) throws SQLException {
    workbook.execute(
        """
        INSERT OR IGNORE INTO main.affected
        SELECT s.ZSTUDY FROM main.changed_ZSERIES c CROSS JOIN %s.ZSERIES s ON s.Z_PK = c.id
        WHERE typeof(s.ZSTUDY) = 'integer'\
        """
            .formatted(copy));
    workbook.execute(
        """
        INSERT OR IGNORE INTO main.affected
        SELECT s.ZSTUDY FROM main.changed_ZIMAGE c CROSS JOIN %s.ZIMAGE i ON i.Z_PK = c.id
          CROSS JOIN %s.ZSERIES s ON s.Z_PK = i.ZSERIES
        WHERE typeof(s.ZSTUDY) = 'integer'\
        """
            .formatted(copy, copy));
  }

  private static String affectedIn(String copy) {
    return "main.affected a CROSS JOIN " + copy + ".ZSTUDY t ON t.Z_PK = a.study";
  }

  private boolean updateNumbers() throws SQLException {
    if (!has(NUMBERS)) {
      return true;
    }
    NumberSet numbers = readNumbers();
    if (schema.has(IndexSchema.IMAGE, "ZPATHNUMBER")) {
      // Those that are added first, so that a number that only moved is never gone in between.
      try (PreparedStatement statement = workbook.prepare(numbersQuery(affectedIn("lib"), "lib"));
          ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          numbers.add(row.getLong(1));
        }
      }
      try (PreparedStatement statement =
              workbook.prepare(numbersQuery(affectedIn("earlier"), "earlier"));
          ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          numbers.remove(row.getLong(1));
        }
      }
    }
    boolean sure = !numbers.uncertain();
    writeNumbers(numbers);
    return sure;
  }

  private boolean updateNames() throws SQLException {
    if (!has(NAMES)) {
      return true;
    }
    workbook.execute(
        "INSERT INTO facts.named (name, uses) SELECT name, count(*) FROM ("
            + namesQuery(affectedIn("lib"), "lib")
            + ") WHERE true GROUP BY name"
            + " ON CONFLICT (name) DO UPDATE SET uses = uses + excluded.uses");
    workbook.execute(
        "INSERT INTO facts.named (name, uses) SELECT name, -count(*) FROM ("
            + namesQuery(affectedIn("earlier"), "earlier")
            + ") WHERE true GROUP BY name"
            + " ON CONFLICT (name) DO UPDATE SET uses = uses + excluded.uses");
    boolean sure = workbook.number("SELECT count(*) FROM facts.named WHERE uses < 0") == 0;
    workbook.execute("DELETE FROM facts.named WHERE uses = 0");
    return sure;
  }
}
