package serdab.source.horos;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.Sha256;

/// Writes out what people made in the viewer and what is in no DICOM file: albums, comments,
/// states, locks, key images, display values, arrangements of windows, the log
/// (`docs/format/library.md` section 2).
///
/// Reads the private copy of the index; memory is bounded by one value, whatever the index holds.
/// An unchanged index gives the same bytes. One thread at a time.
final class MadeByPeople {

  static final String ALBUMS_PLIST = "albums.plist";
  static final String ALBUMS_JSON = "albums.json";
  static final String STUDIES = "studies.jsonl";
  static final String NETWORK_LOG = "network-log.jsonl";
  static final String WINDOWS_STATE = "windows-state/";

  /// Longer texts are left out; a comment is a few lines.
  static final int TEXT_BYTES_MAX = 1 << 20;

  static final int WINDOWS_STATE_BYTES_MAX = 16 << 20;
  static final int WINDOWS_STATES_MAX = 10_000;

  private static final int UID_CHARACTERS_MAX = 64;
  private static final String ALBUM = "ZALBUM";
  private static final String LOG_ENTRY = "ZLOGENTRY";
  private static final List<String> STATES =
      List.of("empty", "unread", "reviewed", "dictated", "validated");

  private final Workbook workbook;
  private final IndexSchema schema;
  private final Optional<IndexFacts> facts;
  private final Path folder;
  private final MessageDigest print = Sha256.hasher();
  private final List<Written> written = new ArrayList<>();
  private int windowsStates;
  private int windowsStatesLeftOut;

  /// @param facts computed from the attached index; empty when it does not lead to files
  MadeByPeople(Workbook workbook, IndexSchema schema, Optional<IndexFacts> facts, Path folder) {
    this.workbook = workbook;
    this.schema = schema;
    this.facts = facts;
    this.folder = folder;
  }

  /// A file that was written.
  ///
  /// @param entry its name in the group
  record Written(String entry, Path file, long lengthBytes) {}

  /// What was written.
  ///
  /// @param fingerprint changes when anything in the files does but the times at which studies were
  ///   opened: looking at images is no reason for another copy, and every copy of the index has
  ///   those times
  record Made(List<Written> files, String fingerprint) {}

  /// The name of a study's state, out of `ZSTATETEXT`; empty for one that no viewer has.
  static Optional<String> state(long number) {
    return number >= 0 && number < STATES.size()
        ? Optional.of(STATES.get((int) number))
        : Optional.empty();
  }

  /// Writes everything into the folder, which is made.
  Made write() throws SQLException, IOException {
    Files.createDirectories(folder.resolve(WINDOWS_STATE));
    workbook.execute("BEGIN");
    gather();
    writeAlbums();
    writeStudies();
    writeLog();
    for (String table : List.of("made_image", "made_series", "made_study", "made_album")) {
      workbook.execute("DROP TABLE IF EXISTS main." + table);
    }
    if (windowsStatesLeftOut > 0) {
      workbook.find(
          Finding.about(
              WINDOWS_STATE,
              "windows-states-left-out",
              windowsStatesLeftOut
                  + " arrangements of windows are too many or too large to be written out; they are"
                  + " in the copy of the index."));
    }
    workbook.execute("COMMIT");
    return new Made(List.copyOf(written), Sha256.finish(print).hex());
  }

  // ---- what is asked for -------------------------------------------------------------------

  private enum Kind {
    TEXT,
    NUMBER,
    FLAG,
    TIME,
    UID
  }

  /// A value of a row.
  ///
  /// @param column in SQL, or `NULL` where this model has none
  private record Field(String name, Kind kind, String column) {

    boolean isThere() {
      return !column.equals("NULL");
    }

    /// In SQL: whether it holds anything. NULL is asked first, for that is what nearly all hold.
    String isSet() {
      return "(" + column + " IS NOT NULL AND CAST(" + column + " AS TEXT) NOT IN ('','0','0.0'))";
    }
  }

  private Field field(String name, Kind kind, String table, String... columns) {
    return new Field(name, kind, schema.column(table, "t", columns));
  }

  private List<Field> comments(String table) {
    return List.of(
        field("comment", Kind.TEXT, table, "ZCOMMENT"),
        field("comment2", Kind.TEXT, table, "ZCOMMENT2"),
        field("comment3", Kind.TEXT, table, "ZCOMMENT3"),
        field("comment4", Kind.TEXT, table, "ZCOMMENT4"),
        field("stateText", Kind.NUMBER, table, "ZSTATETEXT"));
  }

  private List<Field> display(String table) {
    return List.of(
        field("windowLevel", Kind.NUMBER, table, "ZWINDOWLEVEL", "ZWL"),
        field("windowWidth", Kind.NUMBER, table, "ZWINDOWWIDTH", "ZWW"),
        field("rotationAngle", Kind.NUMBER, table, "ZROTATIONANGLE"),
        field("scale", Kind.NUMBER, table, "ZSCALE"),
        field("zoom", Kind.NUMBER, table, "ZZOOM"),
        field("xOffset", Kind.NUMBER, table, "ZXOFFSET"),
        field("yOffset", Kind.NUMBER, table, "ZYOFFSET"),
        field("xFlipped", Kind.FLAG, table, "ZXFLIPPED"),
        field("yFlipped", Kind.FLAG, table, "ZYFLIPPED"),
        field("displayStyle", Kind.NUMBER, table, "ZDISPLAYSTYLE"));
  }

  private Field locked() {
    return field("locked", Kind.FLAG, IndexSchema.STUDY, "ZLOCKEDSTUDY", "ZLOCKED");
  }

  private List<Field> urls() {
    return List.of(
        field("dictateUrl", Kind.TEXT, IndexSchema.STUDY, "ZDICTATEURL"),
        field("reportUrl", Kind.TEXT, IndexSchema.STUDY, "ZREPORTURL"));
  }

  private Field opened(String table) {
    return field("dateOpened", Kind.TIME, table, "ZDATEOPENED");
  }

  private Field windowsState() {
    return field("windowsState", Kind.TEXT, IndexSchema.STUDY, "ZWINDOWSSTATE");
  }

  private Field keySeries() {
    return field("keySeries", Kind.FLAG, IndexSchema.SERIES, "ZKEYSERIES");
  }

  private Field keyImage() {
    return field("keyImage", Kind.FLAG, IndexSchema.IMAGE, "ZSTOREDISKEYIMAGE", "ZISKEYIMAGE");
  }

  @SafeVarargs
  private static String anySet(List<Field>... fields) {
    List<String> conditions = new ArrayList<>();
    for (List<Field> some : fields) {
      some.stream().filter(Field::isThere).map(Field::isSet).forEach(conditions::add);
    }
    return conditions.isEmpty() ? "0" : String.join(" OR ", conditions);
  }

  /// Notes the rows that hold anything; each table of the index is read once from end to end.
  private void gather() throws SQLException {
    gatherImages();
    workbook.execute("CREATE TABLE made_series (series INTEGER PRIMARY KEY, study INTEGER)");
    workbook.execute("CREATE TABLE made_study (study INTEGER PRIMARY KEY, opened_only INTEGER)");
    workbook.execute("CREATE TABLE made_album (study INTEGER, album INTEGER)");
    boolean series = schema.has(IndexSchema.SERIES, "ZSTUDY");
    if (series) {
      workbook.execute(
          "INSERT INTO made_series SELECT t.Z_PK, t.ZSTUDY FROM lib.ZSERIES t"
              + " WHERE t.Z_PK IN (SELECT series FROM made_image) OR "
              + anySet(
                  comments(IndexSchema.SERIES), display(IndexSchema.SERIES), List.of(keySeries())));
    }
    workbook.execute("CREATE INDEX made_series_study ON made_series (study)");
    Optional<IndexSchema.AlbumTable> albums = schema.albumTable();
    if (albums.isPresent()) {
      workbook.execute(
          "INSERT INTO made_album SELECT j.\"%s\", j.\"%s\" FROM lib.\"%s\" j"
              .formatted(
                  albums.get().studyColumn(), albums.get().albumColumn(), albums.get().name()));
    }
    workbook.execute("CREATE INDEX made_album_study ON made_album (study)");
    workbook.execute("CREATE INDEX made_album_album ON made_album (album)");
    if (!schema.has(IndexSchema.STUDY, "Z_PK")) {
      return;
    }
    String made =
        "t.Z_PK IN (SELECT study FROM made_series) OR t.Z_PK IN (SELECT study FROM made_album) OR "
            + anySet(
                comments(IndexSchema.STUDY), urls(), List.of(locked()), List.of(windowsState()));
    workbook.execute(
        "INSERT INTO made_study SELECT t.Z_PK, NOT (%s) FROM lib.ZSTUDY t WHERE %s OR %s"
            .formatted(made, made, anySet(List.of(opened(IndexSchema.STUDY)))));
  }

  private void gatherImages() throws SQLException {
    if (facts.isPresent()) {
      facts.get().needMadeImages(imageCondition());
      return;
    }
    workbook.execute("CREATE TABLE main.made_image (image INTEGER PRIMARY KEY, series INTEGER)");
    if (schema.has(IndexSchema.IMAGE, "ZSERIES")) {
      workbook.execute(
          "INSERT INTO made_image SELECT t.Z_PK, t.ZSERIES FROM lib.ZIMAGE t WHERE "
              + imageCondition());
    }
    workbook.execute("CREATE INDEX made_image_series ON made_image (series)");
  }

  /// In SQL: whether an image row `t` holds anything that people made.
  String imageCondition() {
    return anySet(comments(IndexSchema.IMAGE), display(IndexSchema.IMAGE), List.of(keyImage()));
  }

  // ---- albums ------------------------------------------------------------------------------

  private void writeAlbums() throws SQLException, IOException {
    try (Plist plist = new Plist(open(ALBUMS_PLIST));
        Json json = new Json(open(ALBUMS_JSON), Optional.empty())) {
      plist.startArray();
      json.startArray();
      if (schema.has(ALBUM, "Z_PK")) {
        writeEachAlbum(plist, json);
      }
      json.endArray();
      plist.endArray();
    }
    note(ALBUMS_PLIST);
    note(ALBUMS_JSON);
  }

  private void writeEachAlbum(Plist plist, Json json) throws SQLException {
    String query =
        "SELECT t.Z_PK, %s, coalesce(%s, 0), %s, %s FROM lib.ZALBUM t ORDER BY 5, 2, 1"
            .formatted(
                shortText(schema.column(ALBUM, "t", "ZNAME")),
                schema.column(ALBUM, "t", "ZSMARTALBUM"),
                shortText(schema.column(ALBUM, "t", "ZPREDICATESTRING")),
                schema.column(ALBUM, "t", "ZINDEX"));
    try (PreparedStatement albums = workbook.prepare(query);
        ResultSet row = albums.executeQuery()) {
      while (row.next()) {
        plist.startDictionary();
        json.startObject();
        both(plist, json, "name", row.getString(2));
        boolean smart = row.getInt(3) != 0;
        plist.flag("smartAlbum", smart);
        json.flag("smartAlbum", smart);
        json.number("index", row.getLong(5));
        if (smart) {
          both(plist, json, "predicateString", row.getString(4));
        } else {
          writeAlbumStudies(plist, json, row.getLong(1));
        }
        json.endObject();
        plist.endDictionary();
      }
    }
  }

  private void writeAlbumStudies(Plist plist, Json json, long album) throws SQLException {
    plist.startArray("studies");
    json.startArray("studies");
    if (schema.has(IndexSchema.STUDY, "Z_PK")) {
      PreparedStatement studies = workbook.kept(albumStudiesQuery());
      studies.setLong(1, album);
      try (ResultSet row = studies.executeQuery()) {
        while (row.next()) {
          plist.startDictionary();
          json.startObject();
          both(plist, json, "studyInstanceUID", row.getString(1));
          both(plist, json, "patientName", row.getString(2));
          both(plist, json, "patientID", row.getString(3));
          both(plist, json, "patientUID", row.getString(4));
          bothTimes(plist, json, "dateOfBirth", row, 5);
          both(plist, json, "name", row.getString(7));
          bothTimes(plist, json, "date", row, 8);
          both(plist, json, "modality", row.getString(10));
          both(plist, json, "accessionNumber", row.getString(11));
          json.endObject();
          plist.endDictionary();
        }
      }
    }
    json.endArray();
    plist.endArray();
  }

  private String albumStudiesQuery() {
    String birth = studyColumn("ZDATEOFBIRTH");
    String date = studyColumn("ZDATE");
    return """
    SELECT %s, %s, %s, %s, typeof(%s), %s, %s, typeof(%s), %s, %s, %s
    FROM made_album m JOIN lib.ZSTUDY t ON t.Z_PK = m.study WHERE m.album = ?
    ORDER BY 1, t.Z_PK\
    """
        .formatted(
            shortText(studyColumn("ZSTUDYINSTANCEUID")),
            shortText(studyColumn("ZNAME")),
            shortText(studyColumn("ZPATIENTID")),
            shortText(studyColumn("ZPATIENTUID")),
            birth,
            birth,
            shortText(studyColumn("ZSTUDYNAME")),
            date,
            date,
            shortText(studyColumn("ZMODALITY")),
            shortText(studyColumn("ZACCESSIONNUMBER")));
  }

  private String studyColumn(String name) {
    return schema.column(IndexSchema.STUDY, "t", name);
  }

  private static String shortText(String column) {
    return "CASE WHEN octet_length(%s) <= %d THEN CAST(%s AS TEXT) END"
        .formatted(column, TEXT_BYTES_MAX, column);
  }

  private static void both(Plist plist, Json json, String name, @Nullable String value) {
    if (value != null) {
      plist.text(name, value);
      json.text(name, value);
    }
  }

  private static void bothTimes(Plist plist, Json json, String name, ResultSet row, int at)
      throws SQLException {
    String type = row.getString(at);
    if (type.equals("integer") || type.equals("real")) {
      Optional<Instant> time = CoreDataTime.instant(row.getDouble(at + 1));
      if (time.isPresent()) {
        plist.time(name, time.get());
        json.text(name, time.get().toString());
      }
    }
  }

  // ---- studies -----------------------------------------------------------------------------

  private void writeStudies() throws SQLException, IOException {
    List<Field> who =
        List.of(
            field("studyInstanceUid", Kind.TEXT, IndexSchema.STUDY, "ZSTUDYINSTANCEUID"),
            field("patientUid", Kind.TEXT, IndexSchema.STUDY, "ZPATIENTUID"),
            field("patientName", Kind.TEXT, IndexSchema.STUDY, "ZNAME"),
            field("patientId", Kind.TEXT, IndexSchema.STUDY, "ZPATIENTID"));
    List<Field> made = new ArrayList<>(comments(IndexSchema.STUDY));
    made.add(locked());
    made.addAll(urls());
    List<Field> when = List.of(opened(IndexSchema.STUDY));
    String windows = windowsState().column();
    try (Json json = new Json(open(STUDIES), Optional.of(print));
        PreparedStatement studies =
            workbook.prepare(
                ("SELECT t.Z_PK, m.opened_only, octet_length(%s), %s FROM made_study m"
                        + " JOIN lib.ZSTUDY t ON t.Z_PK = m.study ORDER BY %s, t.Z_PK")
                    .formatted(
                        windows, select(who, made, when), studyColumn("ZSTUDYINSTANCEUID")));
        ResultSet row = studies.executeQuery()) {
      while (row.next()) {
        json.keepOutOfPrint(row.getInt(2) != 0);
        json.startObject();
        List<String> leftOut = new ArrayList<>();
        int at = 4;
        at = write(json, row, at, who, leftOut);
        at = write(json, row, at, made, leftOut);
        writeOpened(json, row, at, when, leftOut, row.getInt(2) != 0);
        writeWindowsState(json, row.getLong(1), row.getLong(3), row.getString(5));
        writeAlbumNames(json, row.getLong(1));
        writeSeries(json, row.getLong(1));
        writeLeftOut(json, leftOut);
        json.endObject();
        json.endLine();
      }
    }
    note(STUDIES);
  }

  /// The times of looking at images are in the file and not in the fingerprint.
  private static void writeOpened(
      Json json,
      ResultSet row,
      int at,
      List<Field> opened,
      List<String> leftOut,
      boolean outOfPrintAnyway)
      throws SQLException {
    json.keepOutOfPrint(true);
    write(json, row, at, opened, leftOut);
    json.keepOutOfPrint(outOfPrintAnyway);
  }

  private void writeWindowsState(Json json, long study, long lengthBytes, @Nullable String uid)
      throws SQLException {
    if (lengthBytes <= 0) {
      return;
    }
    if (windowsStates >= WINDOWS_STATES_MAX || lengthBytes > WINDOWS_STATE_BYTES_MAX) {
      windowsStatesLeftOut++;
      return;
    }
    PreparedStatement query =
        workbook.kept(
            "SELECT %s FROM lib.ZSTUDY t WHERE t.Z_PK = ?".formatted(windowsState().column()));
    query.setLong(1, study);
    try (ResultSet row = query.executeQuery()) {
      byte[] content = row.next() ? row.getBytes(1) : null;
      if (content == null) {
        return;
      }
      String entry = freeName(uid == null ? "" : uid);
      try {
        Files.write(folder.resolve(entry), content);
        note(entry);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      print.update(Sha256.digest(content).hex().getBytes(StandardCharsets.US_ASCII));
      windowsStates++;
      json.text("windowsState", entry);
    }
  }

  /// The entry of a study's windows; two rows of one study have two.
  private String freeName(String uid) {
    boolean plain =
        !uid.isEmpty()
            && uid.length() <= UID_CHARACTERS_MAX
            && uid.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'))
            && !uid.startsWith(".");
    String name =
        plain ? uid : Sha256.digest(uid.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 32);
    String entry = WINDOWS_STATE + name + ".bin";
    for (int i = 2; Files.exists(folder.resolve(entry)) && i <= WINDOWS_STATES_MAX + 1; i++) {
      entry = WINDOWS_STATE + name + "_" + i + ".bin";
    }
    return entry;
  }

  private void writeAlbumNames(Json json, long study) throws SQLException {
    if (!schema.has(ALBUM, "Z_PK")) {
      return;
    }
    PreparedStatement albums =
        workbook.kept(
            "SELECT %s FROM made_album m JOIN lib.ZALBUM t ON t.Z_PK = m.album WHERE m.study = ?"
                    .formatted(shortText(schema.column(ALBUM, "t", "ZNAME")))
                + " ORDER BY 1, t.Z_PK");
    albums.setLong(1, study);
    boolean any = false;
    try (ResultSet row = albums.executeQuery()) {
      while (row.next()) {
        String name = row.getString(1);
        if (name != null) {
          if (!any) {
            json.startArray("albums");
          }
          any = true;
          json.text(name);
        }
      }
    }
    if (any) {
      json.endArray();
    }
  }

  private void writeSeries(Json json, long study) throws SQLException {
    if (workbook.number("SELECT 1 FROM made_series WHERE study = ? LIMIT 1", study) == 0) {
      return;
    }
    List<Field> who =
        List.of(
            field("seriesInstanceUid", Kind.TEXT, IndexSchema.SERIES, "ZSERIESDICOMUID"),
            field("seriesKey", Kind.TEXT, IndexSchema.SERIES, "ZSERIESINSTANCEUID"),
            field("seriesNumber", Kind.NUMBER, IndexSchema.SERIES, "ZID"),
            field("name", Kind.TEXT, IndexSchema.SERIES, "ZNAME"));
    List<Field> made = new ArrayList<>(comments(IndexSchema.SERIES));
    made.add(keySeries());
    List<Field> when = List.of(opened(IndexSchema.SERIES));
    List<Field> display = display(IndexSchema.SERIES);
    PreparedStatement series =
        workbook.kept(
            "SELECT t.Z_PK, %s FROM made_series m JOIN lib.ZSERIES t ON t.Z_PK = m.series"
                    .formatted(select(who, made, when, display))
                + " WHERE m.study = ? ORDER BY t.Z_PK");
    series.setLong(1, study);
    json.startArray("series");
    try (ResultSet row = series.executeQuery()) {
      while (row.next()) {
        json.startObject();
        List<String> leftOut = new ArrayList<>();
        int at = write(json, row, 2, who, leftOut);
        at = write(json, row, at, made, leftOut);
        writeOpened(json, row, at, when, leftOut, false);
        writeDisplay(json, row, at + COLUMNS_PER_FIELD * when.size(), display, leftOut);
        writeImages(json, row.getLong(1));
        writeLeftOut(json, leftOut);
        json.endObject();
      }
    }
    json.endArray();
  }

  private void writeImages(Json json, long series) throws SQLException {
    if (workbook.number("SELECT 1 FROM made_image WHERE series = ? LIMIT 1", series) == 0) {
      return;
    }
    List<Field> who =
        List.of(
            schema.has(IndexSchema.IMAGE, "ZCOMPRESSEDSOPINSTANCEUID")
                ? field("sopInstanceUid", Kind.UID, IndexSchema.IMAGE, "ZCOMPRESSEDSOPINSTANCEUID")
                : field("sopInstanceUid", Kind.TEXT, IndexSchema.IMAGE, "ZSOPINSTANCEUID"),
            new Field("file", Kind.TEXT, schema.fileName("t")),
            field("frame", Kind.NUMBER, IndexSchema.IMAGE, "ZFRAMEID"),
            field("instanceNumber", Kind.NUMBER, IndexSchema.IMAGE, "ZINSTANCENUMBER"));
    List<Field> made = new ArrayList<>(comments(IndexSchema.IMAGE));
    made.add(keyImage());
    List<Field> display = display(IndexSchema.IMAGE);
    PreparedStatement images =
        workbook.kept(
            "SELECT t.Z_PK, %s FROM made_image m JOIN lib.ZIMAGE t ON t.Z_PK = m.image"
                    .formatted(select(who, made, display))
                + " WHERE m.series = ? ORDER BY t.Z_PK");
    images.setLong(1, series);
    json.startArray("images");
    try (ResultSet row = images.executeQuery()) {
      while (row.next()) {
        json.startObject();
        List<String> leftOut = new ArrayList<>();
        int at = write(json, row, 2, who, leftOut);
        at = write(json, row, at, made, leftOut);
        writeDisplay(json, row, at, display, leftOut);
        writeLeftOut(json, leftOut);
        json.endObject();
      }
    }
    json.endArray();
  }

  private static void writeDisplay(
      Json json, ResultSet row, int at, List<Field> display, List<String> leftOut)
      throws SQLException {
    boolean any = false;
    for (int i = 0; i < display.size(); i++) {
      any |= !row.getString(at + i * COLUMNS_PER_FIELD).equals("null");
    }
    if (any) {
      json.startObject("display");
      write(json, row, at, display, leftOut);
      json.endObject();
    }
  }

  private static void writeLeftOut(Json json, List<String> leftOut) {
    if (!leftOut.isEmpty()) {
      json.startArray("leftOut");
      leftOut.forEach(json::text);
      json.endArray();
    }
  }

  // ---- the log -----------------------------------------------------------------------------

  private void writeLog() throws SQLException, IOException {
    List<Field> fields =
        List.of(
            field("type", Kind.TEXT, LOG_ENTRY, "ZTYPE"),
            field("startTime", Kind.TIME, LOG_ENTRY, "ZSTARTTIME"),
            field("endTime", Kind.TIME, LOG_ENTRY, "ZENDTIME"),
            field("status", Kind.TEXT, LOG_ENTRY, "ZSTATUS"),
            field("message", Kind.TEXT, LOG_ENTRY, "ZMESSAGE"),
            field("patientName", Kind.TEXT, LOG_ENTRY, "ZPATIENTNAME"),
            field("studyName", Kind.TEXT, LOG_ENTRY, "ZSTUDYNAME"),
            field("numberImages", Kind.NUMBER, LOG_ENTRY, "ZNUMBERIMAGES"),
            field("numberSent", Kind.NUMBER, LOG_ENTRY, "ZNUMBERSENT"),
            field("numberPending", Kind.NUMBER, LOG_ENTRY, "ZNUMBERPENDING"),
            field("numberError", Kind.NUMBER, LOG_ENTRY, "ZNUMBERERROR"),
            field("originName", Kind.TEXT, LOG_ENTRY, "ZORIGINNAME"),
            field("originHostname", Kind.TEXT, LOG_ENTRY, "ZORIGINHOSTNAME"),
            field("originPort", Kind.TEXT, LOG_ENTRY, "ZORIGINPORT"),
            field("destinationName", Kind.TEXT, LOG_ENTRY, "ZDESTINATIONNAME"),
            field("destinationHostname", Kind.TEXT, LOG_ENTRY, "ZDESTINATIONHOSTNAME"),
            field("destinationPort", Kind.TEXT, LOG_ENTRY, "ZDESTINATIONPORT"));
    try (Json json = new Json(open(NETWORK_LOG), Optional.of(print))) {
      if (schema.has(LOG_ENTRY, "Z_PK")) {
        try (PreparedStatement entries =
                workbook.prepare(
                    "SELECT t.Z_PK, " + select(fields) + " FROM lib.ZLOGENTRY t ORDER BY t.Z_PK");
            ResultSet row = entries.executeQuery()) {
          while (row.next()) {
            json.startObject();
            List<String> leftOut = new ArrayList<>();
            write(json, row, 2, fields, leftOut);
            writeLeftOut(json, leftOut);
            json.endObject();
            json.endLine();
          }
        }
      }
    }
    note(NETWORK_LOG);
  }

  // ---- values ------------------------------------------------------------------------------

  private static final int COLUMNS_PER_FIELD = 2;

  /// For each field its type and, unless that is too long, its value.
  @SafeVarargs
  private static String select(List<Field>... fields) {
    List<Field> all = new ArrayList<>();
    for (List<Field> some : fields) {
      all.addAll(some);
    }
    return all.stream()
        .map(field ->
            "typeof(%s), CASE WHEN octet_length(%s) <= %d THEN %s END"
                .formatted(field.column(), field.column(), TEXT_BYTES_MAX, field.column()))
        .collect(Collectors.joining(", "));
  }

  /// @return the column behind the last one
  private static int write(
      Json json, ResultSet row, int from, List<Field> fields, List<String> leftOut)
      throws SQLException {
    int at = from;
    for (Field field : fields) {
      write(json, row, at, field, leftOut);
      at += COLUMNS_PER_FIELD;
    }
    return at;
  }

  private static void write(Json json, ResultSet row, int at, Field field, List<String> leftOut)
      throws SQLException {
    String type = row.getString(at);
    if (type.equals("null")) {
      return;
    }
    if (row.getObject(at + 1) == null) {
      leftOut.add(field.name());
      return;
    }
    boolean number = type.equals("integer") || type.equals("real");
    switch (field.kind()) {
      case FLAG -> {
        if (row.getInt(at + 1) != 0) {
          json.flag(field.name(), true);
        }
      }
      case UID -> json.text(field.name(), unpackedUid(row.getBytes(at + 1)));
      case TIME -> {
        Optional<Instant> time =
            number ? CoreDataTime.instant(row.getDouble(at + 1)) : Optional.empty();
        if (time.isPresent()) {
          json.text(field.name(), time.get().toString());
        } else {
          writePlain(json, row, at, field);
        }
      }
      case TEXT, NUMBER -> writePlain(json, row, at, field);
    }
  }

  private static void writePlain(Json json, ResultSet row, int at, Field field)
      throws SQLException {
    switch (row.getString(at)) {
      case "integer" -> {
        long value = row.getLong(at + 1);
        if (field.kind() == Kind.TEXT) {
          json.text(field.name(), Long.toString(value));
        } else {
          writeNumber(json, field, value);
        }
      }
      case "real" -> json.number(field.name(), row.getDouble(at + 1));
      default -> {
        String text = row.getString(at + 1);
        if (text == null || text.isEmpty()) {
          return;
        }
        // An image's state is a text in the index, a study's a number.
        if (field.kind() == Kind.NUMBER && text.matches("\\d{1,9}")) {
          writeNumber(json, field, Long.parseLong(text));
        } else {
          json.text(field.name(), text);
        }
      }
    }
  }

  private static void writeNumber(Json json, Field field, long value) {
    if (!field.name().equals("stateText")) {
      json.number(field.name(), value);
    } else if (value != 0) {
      json.number(field.name(), value);
      state(value).ifPresent(name -> json.text("state", name));
    }
  }

  /// Two characters in a byte, the first in its high half: digits as 1 to 10, the dot as 11.
  static String unpackedUid(byte[] packed) {
    StringBuilder uid = new StringBuilder(packed.length * 2);
    for (int i = 0; i < 2 * packed.length && uid.length() < 2 * UID_CHARACTERS_MAX; i++) {
      int half = (i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2]) & 0x0f;
      if (half == 0 || half > 11) {
        break;
      }
      uid.append(half == 11 ? '.' : (char) ('0' + half - 1));
    }
    return uid.toString();
  }

  // ---- files -------------------------------------------------------------------------------

  private OutputStream open(String entry) throws IOException {
    OutputStream file = new BufferedOutputStream(Files.newOutputStream(folder.resolve(entry)));
    // The albums hold nothing that looking at images changes.
    return entry.equals(ALBUMS_JSON) ? new DigestOutputStream(file, print) : file;
  }

  private void note(String entry) throws IOException {
    Path file = folder.resolve(entry);
    written.add(new Written(entry, file, Files.size(file)));
  }
}
