package serdab.source.horos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import serdab.Finding;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;

/// Reads studies and their files out of the attached index, and notes them in the [Workbook].
///
/// Rows with one Study Instance UID become one study. Not so on the viewer's default UID, which
/// stands for "none": each of those rows is a study of its own, named by the UID in its files when
/// they agree on one, else by its row.
///
/// One thread at a time.
final class IndexReader {

  /// What the viewer stores when a file has no Study Instance UID.
  private static final String DEFAULT_UID = "0.0.0.0.0";

  /// Headers read to learn the real UID of a study on the default UID.
  private static final int HEADERS_ASKED_MAX = 1000;

  private static final int PLACEHOLDER_SERIES = 5005;

  private final Workbook workbook;
  private final IndexSchema schema;
  private final IndexFacts facts;
  private final FileLocator locator;
  private final ZoneId zone;
  private final String indexId;

  /// @param facts computed from the attached index
  /// @param zone the time zone of the viewer's Mac
  IndexReader(
      Workbook workbook, IndexSchema schema, IndexFacts facts, FileLocator locator, ZoneId zone)
      throws SQLException {
    this.facts = facts;
    this.workbook = workbook;
    this.schema = schema;
    this.locator = locator;
    this.zone = zone;
    this.indexId = readIndexId(workbook, schema);
  }

  /// `Z_UUID`: another one means that the index was rebuilt, and row numbers mean nothing any more.
  String indexId() {
    return indexId;
  }

  static String readIndexId(Workbook workbook, IndexSchema schema) throws SQLException {
    if (!schema.has("Z_METADATA", "Z_UUID")) {
      return "none";
    }
    try (PreparedStatement statement =
            workbook.prepare("SELECT CAST(Z_UUID AS TEXT) FROM lib.Z_METADATA LIMIT 1");
        ResultSet result = statement.executeQuery()) {
      String id = result.next() ? result.getString(1) : null;
      return id == null || id.isBlank() ? "none" : id.strip();
    }
  }

  /// Notes all studies with what their fingerprints are made of.
  void noteStudies() throws SQLException {
    workbook.execute("BEGIN");
    groupStudies();
    noteEmptyStudies();
    noteStrayRows();
    workbook.execute("COMMIT");
  }

  private void groupStudies() throws SQLException {
    String query =
        """
        SELECT t.Z_PK,
               trim(CAST(coalesce(%s, '') AS TEXT), ' ' || char(9, 10, 13)),
               CAST(coalesce(%s, '') AS TEXT),
               typeof(%s), %s, typeof(%s), %s,
               coalesce(%s, 0),
               coalesce(u.images, 0), coalesce(u.last, 0), coalesce(u.saves, 0),
               coalesce(u.files, 0), coalesce(u.nameless, 0), coalesce(u.series_saves, 0)
        FROM lib.ZSTUDY t LEFT JOIN sums u ON u.study = t.Z_PK
        ORDER BY t.Z_PK\
        """
            .formatted(
                schema.column(IndexSchema.STUDY, "t", "ZSTUDYINSTANCEUID"),
                schema.column(IndexSchema.STUDY, "t", "ZPATIENTUID"),
                schema.column(IndexSchema.STUDY, "t", "ZDATE"),
                schema.column(IndexSchema.STUDY, "t", "ZDATE"),
                schema.column(IndexSchema.STUDY, "t", "ZDATEADDED"),
                schema.column(IndexSchema.STUDY, "t", "ZDATEADDED"),
                schema.column(IndexSchema.STUDY, "t", "Z_OPT"));
    try (PreparedStatement studies = workbook.prepare(query);
        ResultSet row = studies.executeQuery();
        PreparedStatement member =
            workbook.prepare("INSERT INTO member (study, study_group) VALUES (?, ?)")) {
      while (row.next()) {
        noteStudyRow(row, member);
      }
    }
  }

  private void noteStudyRow(ResultSet row, PreparedStatement member) throws SQLException {
    long study = row.getLong(1);
    String uid = row.getString(2);
    String patient = row.getString(3);
    boolean withoutUid = uid.isEmpty() || uid.equals(DEFAULT_UID);
    String key = withoutUid ? keyFromFiles(study) : uid;
    long group = workbook.group(key, false);
    Workbook.bind(member, study, group);
    member.executeUpdate();

    Optional<Double> taken = date(row, 4, group, "date-of-study", "study date");
    Optional<Double> added = date(row, 6, group, "date-added", "date added");
    if (withoutUid) {
      workbook.find(
          group,
          Finding.about(
              "",
              "default-study-uid",
              "Study row " + study + " has no Study Instance UID in the viewer's index."));
    }
    if (row.getLong(13) > 0) {
      workbook.find(
          group,
          Finding.about(
              "",
              "index-row-without-file",
              row.getLong(13) + " image rows of study row " + study + " name no file."));
    }
    join(group, study, patient, taken, added, row);
  }

  private void join(
      long group,
      long study,
      String patient,
      Optional<Double> taken,
      Optional<Double> added,
      ResultSet row)
      throws SQLException {
    String print =
        "%d,%d,%d,%d,%d,%s;"
            .formatted(
                row.getLong(9),
                row.getLong(10),
                row.getLong(11),
                row.getLong(14),
                row.getLong(8),
                added.map(d -> Long.toHexString(Double.doubleToLongBits(d))).orElse("-"));
    boolean first = true;
    String printBefore = "";
    PreparedStatement before =
        workbook.kept("SELECT main_row, patient, fingerprint FROM study_group WHERE id = ?");
    before.setLong(1, group);
    try (ResultSet known = before.executeQuery()) {
      if (known.next() && known.getObject(1) != null) {
        first = false;
        printBefore = known.getString(3);
        if (!patient.equals(known.getString(2))) {
          workbook.find(
              group,
              Finding.about(
                  "",
                  "two-patients-one-study",
                  "The viewer lists one Study Instance UID under different patients; the files of"
                      + " all its rows are taken together."));
        }
      }
    }
    // Of many rows a hash is kept: there may be any number of them.
    String together =
        first
            ? print
            : Sha256.digest((printBefore + print).getBytes(StandardCharsets.US_ASCII)).hex();
    workbook.run(
        """
        UPDATE study_group SET
          main_row = CASE WHEN main_row IS NULL OR coalesce(?1, -1e12) >= coalesce(added, -1e12)
            THEN ?2 ELSE main_row END,
          added = max(coalesce(added, ?1), coalesce(?1, added)),
          taken = min(coalesce(taken, ?3), coalesce(?3, taken)),
          files = files + ?4,
          fingerprint = ?5,
          patient = ?6
        WHERE id = ?7\
        """,
        added.orElse(null),
        study,
        taken.orElse(null),
        row.getLong(12),
        together,
        patient,
        group);
  }

  /// A date of the index as seconds. One that is no number, or no date, is unknown and a finding;
  /// one whose digits spell a day is that day and a finding.
  private Optional<Double> date(ResultSet row, int column, long group, String kind, String words)
      throws SQLException {
    String type = row.getString(column);
    if (type.equals("null")) {
      return Optional.empty();
    }
    if (type.equals("integer") || type.equals("real")) {
      double seconds = row.getDouble(column + 1);
      Optional<LocalDate> spelled = CoreDataTime.spelledOut(seconds);
      if (spelled.isPresent()) {
        workbook.find(group, asText(words));
        return Optional.of(CoreDataTime.seconds(spelled.get(), zone));
      }
      if (CoreDataTime.instant(seconds).isPresent()) {
        return Optional.of(seconds);
      }
    }
    workbook.find(
        group,
        Finding.about(
            "",
            kind + "-not-understood",
            "The viewer's index holds a " + words + " that is no date; it is taken as unknown."));
    return Optional.empty();
  }

  /// What is said of a date that the index holds as text.
  ///
  /// @param words which date it is
  static Finding asText(String words) {
    return Finding.about(
        "",
        "date-as-text",
        "The viewer's index holds a "
            + words
            + " as the digits YYYYMMDD instead of seconds; it is taken as the day they spell. As"
            + " seconds it would lie between 8 and 31 August 2001.");
  }

  /// The Study Instance UID that the files of a row agree on, else a name made from the row.
  private String keyFromFiles(long study) throws SQLException {
    Set<String> uids = new HashSet<>();
    int asked = 0;
    try (PreparedStatement files =
        workbook.prepare(filesQuery("s.ZSTUDY = ?") + " LIMIT " + HEADERS_ASKED_MAX)) {
      files.setLong(1, study);
      try (ResultSet row = files.executeQuery()) {
        while (row.next() && uids.size() <= 1) {
          asked++;
          String name = row.getString(1);
          if (name != null
              && locator.locate(name, row.getInt(2) != 0) instanceof FileLocator.Located.Found found
              && !locator.isMoved(name, found)) {
            uids.add(header(found.file()).map(facts -> facts.study().value()).orElse(""));
          }
        }
      }
    }
    uids.remove(DEFAULT_UID);
    boolean agree = asked > 0 && uids.size() == 1 && !uids.contains("");
    return agree ? uids.iterator().next() : "row-" + shortIndexId() + "-" + study;
  }

  /// Enough of the index' identity to tell rows of a rebuilt one apart.
  private String shortIndexId() {
    String id = indexId.replaceAll("[^0-9A-Za-z]", "").toLowerCase(Locale.ROOT);
    return id.substring(0, Math.min(8, id.length()));
  }

  static Optional<InstanceFacts> header(Path file) {
    try (ByteSource bytes = ByteSource.open(file)) {
      DicomFile scanned = DicomFile.scan(bytes);
      return scanned.isDicom() && !scanned.isDicomDir()
          ? Optional.of(scanned.facts())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void noteEmptyStudies() throws SQLException {
    String seriesNumber = schema.column(IndexSchema.SERIES, "s", "ZID");
    try (PreparedStatement empty =
            workbook.prepare(
                """
                SELECT m.study,
                  (SELECT count(*) FROM lib.ZSERIES s WHERE s.ZSTUDY = m.study),
                  (SELECT count(*) FROM lib.ZSERIES s WHERE s.ZSTUDY = m.study AND %s = %d)
                FROM member m LEFT JOIN sums u ON u.study = m.study
                WHERE coalesce(u.images, 0) = 0\
                """
                    .formatted(seriesNumber, PLACEHOLDER_SERIES));
        ResultSet row = empty.executeQuery()) {
      while (row.next()) {
        boolean placeholder = row.getLong(3) > 0;
        workbook.find(
            Finding.about(
                "",
                placeholder ? "placeholder-study" : "study-without-images",
                placeholder
                    ? "Study row "
                        + row.getLong(1)
                        + " is a placeholder that the viewer makes for albums; it has no images."
                    : "Study row "
                        + row.getLong(1)
                        + " has "
                        + row.getLong(2)
                        + " series and no images."));
      }
    }
  }

  /// Rows that lead to no study; their files are found by listing the folders.
  private void noteStrayRows() throws SQLException {
    long stray = facts.strayRows();
    if (stray > 0) {
      workbook.find(
          Finding.about(
              "",
              "images-without-study",
              stray
                  + " image rows of the viewer's index belong to no study; their files are taken by"
                  + " what their headers say."));
    }
  }

  /// Names and flags of files, each name once, in the order of their numbers.
  ///
  /// @param condition on series `s`
  private String filesQuery(String condition) {
    String name = schema.fileName("i");
    String number =
        schema.has(IndexSchema.IMAGE, "ZPATHNUMBER") ? "min(i.ZPATHNUMBER)" : "min(i.Z_PK)";
    return """
    SELECT %s AS name, max(coalesce(%s, 1) != 0), count(*)
    FROM lib.ZSERIES s CROSS JOIN lib.ZIMAGE i ON i.ZSERIES = s.Z_PK
    WHERE %s
    GROUP BY name HAVING coalesce(name, '') != ''
    ORDER BY %s, name\
    """
        .formatted(name, schema.inLibraryFlag("i"), condition, number);
  }

  /// A file as the index names it.
  ///
  /// @param rows how many image rows of the group do
  record NamedFile(String name, boolean inLibrary, long rows) {}

  /// The files of a group, by their names in the index.
  ///
  /// @param reader where the group was noted
  void eachFile(Workbook reader, long group, Consumer<NamedFile> action) throws SQLException {
    PreparedStatement files =
        reader.kept(filesQuery("s.ZSTUDY IN (SELECT study FROM member WHERE study_group = ?)"));
    files.setLong(1, group);
    try (ResultSet row = files.executeQuery()) {
      while (row.next()) {
        action.accept(new NamedFile(row.getString(1), row.getInt(2) != 0, row.getLong(3)));
      }
    }
  }

  /// What was computed from the index.
  IndexFacts facts() {
    return facts;
  }

  /// Linked files of image rows that belong to no study.
  void eachStrayLink(Consumer<String> action) throws SQLException {
    if (facts.strayRows() == 0) {
      return;
    }
    String text = schema.column(IndexSchema.IMAGE, "i", "ZPATHSTRING", "ZPATH");
    try (PreparedStatement statement =
            workbook.prepare(
                """
                SELECT DISTINCT CAST(%s AS TEXT) FROM lib.ZIMAGE i
                LEFT JOIN lib.ZSERIES s ON s.Z_PK = i.ZSERIES
                LEFT JOIN member m ON m.study = s.ZSTUDY
                WHERE m.study IS NULL AND %s LIKE '/%%'\
                """
                    .formatted(text, text));
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        action.accept(row.getString(1));
      }
    }
  }

  /// Modalities of a group's series as the index has them, not yet split or trimmed.
  List<String> modalities(Workbook reader, long group) throws SQLException {
    List<String> all = new ArrayList<>();
    PreparedStatement statement =
        reader.kept(
            """
            SELECT DISTINCT CAST(%s AS TEXT) FROM lib.ZSERIES s
            WHERE s.ZSTUDY IN (SELECT study FROM member WHERE study_group = ?)\
            """
                .formatted(schema.column(IndexSchema.SERIES, "s", "ZMODALITY")));
    statement.setLong(1, group);
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        String modality = row.getString(1);
        // OT is what the viewer's model says a series without a modality is.
        all.add(modality == null ? "OT" : modality);
      }
    }
    return all;
  }
}
