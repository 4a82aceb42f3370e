package serdab.testing.horos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A library being filled, the way the viewer fills one. Made by [HorosLibraryBuilder].
///
/// Until [#close] the index is open here as the viewer would have it open, with no transaction
/// between two calls. One thread at a time.
public final class HorosLibraryFixture implements AutoCloseable {

  /// Seconds from 1970-01-01 to 2001-01-01, where Core Data's time begins.
  private static final double CORE_DATA_EPOCH = 978_307_200;

  private final Path folder;
  private final Path dataFolder;
  private final Connection index;
  private final int folderSize;
  private final ZoneId zone;
  private final Map<String, Integer> entityNumbers = new HashMap<>();
  private final Map<String, Set<String>> columns = new HashMap<>();
  private final String[] albumTable;
  private int nextNumber;
  private Instant now;

  HorosLibraryFixture(
      Path folder,
      Path dataFolder,
      Connection index,
      int folderSize,
      int firstNumber,
      ZoneId zone,
      Instant now)
      throws SQLException {
    this.folder = folder;
    this.dataFolder = dataFolder;
    this.index = index;
    this.folderSize = folderSize;
    this.nextNumber = firstNumber;
    this.zone = zone;
    this.now = now;
    for (List<@Nullable Object> row : rows("SELECT Z_NAME, Z_ENT FROM Z_PRIMARYKEY")) {
      entityNumbers.put(String.valueOf(row.get(0)), ((Number) notNull(row.get(1))).intValue());
    }
    for (String table : List.of("ZALBUM", "ZIMAGE", "ZLOGENTRY", "ZSERIES", "ZSTUDY")) {
      Set<String> names = new HashSet<>();
      for (List<@Nullable Object> row :
          rows("SELECT name FROM pragma_table_info('" + table + "')")) {
        names.add(String.valueOf(row.getFirst()));
      }
      columns.put(table, names);
    }
    albumTable =
        columns.isEmpty() || entityNumbers.getOrDefault("Album", 1) == 1
            ? new String[] {"Z_1STUDIES", "Z_1ALBUMS", "Z_5STUDIES"}
            : new String[] {"Z_7ALBUMS", "Z_3ALBUMS", "Z_7STUDIES"};
  }

  /// The library folder, `Horos Data`.
  public Path folder() {
    return folder;
  }

  /// Where the files are: the library folder unless `DBFOLDER_LOCATION` says otherwise.
  public Path dataFolder() {
    return dataFolder;
  }

  /// The index file.
  public Path indexFile() {
    return folder.resolve("Database.sql");
  }

  /// Where the viewer puts the file with this number.
  public Path fileNumbered(int number) {
    return dataFolder
        .resolve("DATABASE.noindex")
        .resolve(Integer.toString((number / folderSize + 1) * folderSize))
        .resolve(number + ".dcm");
  }

  /// Imports a DICOM file: a copy under the next number, and its rows.
  ///
  /// @return the number it was given
  public int importFile(Path dicom) {
    try {
      return importBytes(Files.readAllBytes(dicom));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public int importFile(TinyDicom dicom) {
    return importBytes(dicom.bytes());
  }

  public void importAll(List<TinyDicom> files) {
    files.forEach(this::importFile);
  }

  /// Imports a file that is nowhere yet.
  int importBytes(byte[] content) {
    int number = nextNumber++;
    write(fileNumbered(number), content);
    addRows(Header.of(content), Map.of("ZPATHNUMBER", number));
    return number;
  }

  /// Imports a file that keeps an extension of its own, such as `7.tif` or `7.DCM`.
  ///
  /// @return its name in the numbered folder
  public String importNamed(TinyDicom dicom, String extension) {
    int number = nextNumber++;
    String name = number + "." + extension;
    write(fileNumbered(number).resolveSibling(name), dicom.bytes());
    Map<String, Object> path = new LinkedHashMap<>();
    path.put("ZPATHSTRING", name);
    path.put("ZSTOREDEXTENSION", extension);
    if (!extension.equalsIgnoreCase("dcm")) {
      path.put("ZSTOREDFILETYPE", extension.toUpperCase(Locale.ROOT));
    }
    addRows(Header.of(dicom.bytes()), path);
    return name;
  }

  /// Adds rows for a file that stays where it is.
  public void linkFile(Path dicom) {
    try {
      linkFile(dicom.toAbsolutePath().toString(), Header.of(Files.readAllBytes(dicom)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Adds rows for a linked file at a path where there may be nothing.
  public void linkFile(String absolutePath, TinyDicom asItWas) {
    linkFile(absolutePath, Header.of(asItWas.bytes()));
  }

  private void linkFile(String absolutePath, Header header) {
    addRows(header, Map.of("ZPATHSTRING", absolutePath, "ZSTOREDINDATABASEFOLDER", 0));
  }

  /// Puts a numbered file into the library without any row, last changed at `modified`.
  public Path addOrphan(TinyDicom dicom, Instant modified) {
    Path file = fileNumbered(nextNumber++);
    write(file, dicom.bytes());
    try {
      Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.from(modified));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  /// An album holding the studies with these row numbers.
  public void album(String name, long... studies) {
    long album = insert("ZALBUM", "Album", Map.of("ZNAME", name, "ZSMARTALBUM", 0, "ZINDEX", 0));
    for (long study : studies) {
      sql(
          "INSERT INTO %s (%s, %s) VALUES (?, ?)"
              .formatted(albumTable[0], albumTable[1], albumTable[2]),
          album,
          study);
    }
  }

  /// A smart album, at a place in the list.
  public void smartAlbum(String name, String predicate, int place) {
    insert(
        "ZALBUM",
        "Album",
        Map.of("ZNAME", name, "ZSMARTALBUM", 1, "ZPREDICATESTRING", predicate, "ZINDEX", place));
  }

  /// An entry of the viewer's log of sending and receiving.
  public void logEntry(Map<String, Object> values) {
    insert("ZLOGENTRY", "LogEntry", values);
  }

  /// What album import leaves behind for a study that is not there: a series 5005 without images.
  public long placeholderStudy(String studyUid, String patientName) {
    long study =
        insert(
            "ZSTUDY",
            "Study",
            Map.of(
                "ZSTUDYINSTANCEUID",
                studyUid,
                "ZNAME",
                patientName,
                "ZDATE",
                coreData(now),
                "ZMODALITY",
                "OT"));
    insert(
        "ZSERIES",
        "Series",
        Map.of("ZID", 5005, "ZNAME", "OsiriX No Autodeletion", "ZSTUDY", study));
    return study;
  }

  /// A bare study row with the given columns, and nothing else.
  public long studyRow(Map<String, Object> values) {
    return insert("ZSTUDY", "Study", values);
  }

  /// A bare series row.
  public long seriesRow(Map<String, Object> values) {
    return insert("ZSERIES", "Series", values);
  }

  /// A bare image row.
  public long imageRow(Map<String, Object> values) {
    return insert("ZIMAGE", "Image", values);
  }

  /// Anything else that libraries in the wild hold.
  public void sql(String statement, @Nullable Object... arguments) {
    try (PreparedStatement prepared = index.prepareStatement(statement)) {
      for (int i = 0; i < arguments.length; i++) {
        prepared.setObject(i + 1, arguments[i]);
      }
      prepared.execute();
    } catch (SQLException e) {
      throw new IllegalStateException(statement, e);
    }
  }

  /// The row number of the only study with this Study Instance UID.
  public long studyKey(String studyUid) {
    return ((Number)
            notNull(
                rows("SELECT Z_PK FROM ZSTUDY WHERE ZSTUDYINSTANCEUID = ?", studyUid)
                    .getFirst()
                    .getFirst()))
        .longValue();
  }

  /// Writes the queue of files that the viewer is about to unlink.
  public void deletionQueue(List<Path> files) {
    StringBuilder text =
        new StringBuilder(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <plist version="1.0">
            <array>
            """);
    for (Path file : files) {
      text.append("\t<string>")
          .append(file.toAbsolutePath().toString().replace("&", "&amp;").replace("<", "&lt;"))
          .append("</string>\n");
    }
    text.append("</array>\n</plist>\n");
    write(
        folder.resolve("DeleteQueueFile.plist"), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /// Brings `Z_PRIMARYKEY` up to date and closes the index.
  @Override
  public void close() {
    entityNumbers.forEach((name, number) ->
        sql(
            "UPDATE Z_PRIMARYKEY SET Z_MAX = (SELECT coalesce(max(Z_PK), 0) FROM Z"
                + name.toUpperCase(Locale.ROOT)
                + ") WHERE Z_ENT = ?",
            number));
    try {
      index.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void addRows(Header header, Map<String, Object> path) {
    now = now.plusSeconds(1);
    long study = studyFor(header);
    long series = seriesFor(header, study);
    int frames = Math.max(1, header.number(Header.FRAMES, 1));
    for (int frame = 0; frame < frames; frame++) {
      Map<String, Object> row = new LinkedHashMap<>(path);
      row.put("ZSERIES", series);
      row.put("ZINSTANCENUMBER", header.number(Header.INSTANCE_NUMBER, 0) + frame);
      row.put("ZDATE", coreData(taken(header)));
      row.put(
          "ZCOMPRESSEDSOPINSTANCEUID", CompressedUid.encode(header.text(Header.SOP_INSTANCE_UID)));
      row.put("ZSOPINSTANCEUID", header.text(Header.SOP_INSTANCE_UID));
      if (frames > 1) {
        row.put("ZFRAMEID", frame);
        row.put("ZSTOREDNUMBEROFFRAMES", frames);
      }
      if (!header.text(Header.MODALITY).equals("CT")) {
        row.put("ZSTOREDMODALITY", header.text(Header.MODALITY));
      }
      if (header.unsigned16(Header.ROWS) != 512) {
        row.put("ZSTOREDHEIGHT", header.unsigned16(Header.ROWS));
      }
      if (header.unsigned16(Header.COLUMNS) != 512) {
        row.put("ZSTOREDWIDTH", header.unsigned16(Header.COLUMNS));
      }
      if (!columns.getOrDefault("ZIMAGE", Set.of()).contains("ZPATHNUMBER")
          && path.get("ZPATHNUMBER") instanceof Integer number) {
        row.put("ZPATH", number + ".dcm");
        row.put("ZINDATABASEFOLDER", 1);
      }
      insert("ZIMAGE", "Image", row);
    }
  }

  private long studyFor(Header header) {
    String uid = header.text(Header.STUDY_UID);
    String patientUid = patientUid(header);
    List<List<@Nullable Object>> found =
        rows(
            "SELECT Z_PK FROM ZSTUDY WHERE ZSTUDYINSTANCEUID = ? AND ZPATIENTUID = ?",
            uid,
            patientUid);
    if (!found.isEmpty()) {
      long study = ((Number) notNull(found.getFirst().getFirst())).longValue();
      sql(
          "UPDATE ZSTUDY SET Z_OPT = Z_OPT + 1, ZDATEADDED = ?, ZDATE = min(ZDATE, ?) WHERE Z_PK = ?",
          coreData(now),
          coreData(taken(header)),
          study);
      return study;
    }
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("ZEXPANDED", 0);
    row.put("ZHASDICOM", 1);
    row.put("ZNUMBEROFIMAGES", 0);
    row.put("ZSTATETEXT", 0);
    row.put("ZDATE", coreData(taken(header)));
    row.put("ZDATEADDED", coreData(now));
    row.put("ZSTUDYINSTANCEUID", uid);
    row.put("ZPATIENTUID", patientUid);
    row.put("ZNAME", patientName(header));
    row.put("ZMODALITY", header.text(Header.MODALITY));
    putText(row, "ZPATIENTID", header, Header.PATIENT_ID);
    putText(row, "ZPATIENTSEX", header, Header.SEX);
    putText(row, "ZID", header, Header.STUDY_ID);
    putText(row, "ZSTUDYNAME", header, Header.STUDY_DESCRIPTION);
    putText(row, "ZACCESSIONNUMBER", header, Header.ACCESSION_NUMBER);
    putText(row, "ZINSTITUTIONNAME", header, Header.INSTITUTION);
    putText(row, "ZREFERRINGPHYSICIAN", header, Header.REFERRING_PHYSICIAN);
    putText(row, "ZPERFORMINGPHYSICIAN", header, Header.PERFORMING_PHYSICIAN);
    date(header.text(Header.BIRTH_DATE))
        .ifPresent(day -> row.put("ZDATEOFBIRTH", coreData(day.atStartOfDay(zone).toInstant())));
    return insert("ZSTUDY", "Study", row);
  }

  private long seriesFor(Header header, long study) {
    String key =
        "%08d".formatted(header.number(Header.SERIES_NUMBER, 0)) + header.text(Header.SERIES_UID);
    List<List<@Nullable Object>> found =
        rows("SELECT Z_PK FROM ZSERIES WHERE ZSTUDY = ? AND ZSERIESINSTANCEUID = ?", study, key);
    if (!found.isEmpty()) {
      return ((Number) notNull(found.getFirst().getFirst())).longValue();
    }
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("ZSTUDY", study);
    row.put("ZID", header.number(Header.SERIES_NUMBER, 0));
    row.put("ZNUMBEROFIMAGES", 0);
    row.put("ZDATE", coreData(taken(header)));
    row.put("ZDATEADDED", coreData(now));
    row.put("ZSERIESINSTANCEUID", key);
    row.put("ZSERIESDICOMUID", header.text(Header.SERIES_UID));
    row.put("ZSERIESSOPCLASSUID", header.text(Header.SOP_CLASS_UID));
    row.put("ZMODALITY", header.text(Header.MODALITY));
    putText(row, "ZNAME", header, Header.SERIES_DESCRIPTION);
    putText(row, "ZSERIESDESCRIPTION", header, Header.PROTOCOL_NAME);
    long series = insert("ZSERIES", "Series", row);
    joinModalities(study);
    return series;
  }

  /// The study's modality is made of its series', the uninteresting ones left out.
  private void joinModalities(long study) {
    List<String> kept = new ArrayList<>();
    for (List<@Nullable Object> row :
        rows("SELECT ZMODALITY FROM ZSERIES WHERE ZSTUDY = ? ORDER BY ZDATE, Z_PK", study)) {
      String modality = String.valueOf(row.getFirst());
      String shown = modality.equals("RTSTRUCT") ? "RT" : modality;
      if (!kept.contains(shown) && !Set.of("SR", "SC", "PR", "OT", "KO").contains(shown)) {
        kept.add(shown);
      }
    }
    if (!kept.isEmpty()) {
      sql("UPDATE ZSTUDY SET ZMODALITY = ? WHERE Z_PK = ?", String.join("\\", kept), study);
    }
  }

  private long insert(String table, String entity, Map<String, Object> values) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("Z_ENT", entityNumbers.getOrDefault(entity, 0));
    row.put("Z_OPT", 1);
    row.putAll(values);
    row.keySet().retainAll(columns.getOrDefault(table, Set.of()));
    sql(
        "INSERT INTO %s (%s) VALUES (%s)"
            .formatted(
                table,
                String.join(", ", row.keySet()),
                String.join(", ", row.keySet().stream().map(name -> "?").toList())),
        row.values().toArray());
    return ((Number) notNull(rows("SELECT last_insert_rowid()").getFirst().getFirst())).longValue();
  }

  private List<List<@Nullable Object>> rows(String query, Object... arguments) {
    List<List<@Nullable Object>> all = new ArrayList<>();
    try (PreparedStatement statement = index.prepareStatement(query)) {
      for (int i = 0; i < arguments.length; i++) {
        statement.setObject(i + 1, arguments[i]);
      }
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          List<@Nullable Object> row = new ArrayList<>();
          for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
            row.add(result.getObject(i));
          }
          all.add(row);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(query, e);
    }
    return all;
  }

  private static void putText(Map<String, Object> row, String column, Header header, int tag) {
    String text = header.text(tag);
    if (!text.isEmpty()) {
      row.put(column, text);
    }
  }

  private static String patientName(Header header) {
    String first = header.text(Header.PATIENT_NAME).split("=", 2)[0];
    String clean =
        first.replace(',', ' ').replace('^', ' ').replace('/', '-').replace('"', '\'').strip();
    return clean.isEmpty() ? "No name" : clean;
  }

  private static String patientUid(Header header) {
    return (patientName(header)
            + "-"
            + header.text(Header.PATIENT_ID)
            + "-"
            + header.text(Header.BIRTH_DATE))
        .toUpperCase(Locale.ROOT);
  }

  /// Acquisition, content, series, then study date, in the zone of the Mac; noon without a time.
  private Instant taken(Header header) {
    int[][] candidates = {
      {Header.ACQUISITION_DATE, Header.ACQUISITION_TIME},
      {Header.CONTENT_DATE, Header.CONTENT_TIME},
      {Header.SERIES_DATE, Header.SERIES_TIME},
      {Header.STUDY_DATE, Header.STUDY_TIME}
    };
    for (int[] candidate : candidates) {
      var day = date(header.text(candidate[0]));
      if (day.isPresent()) {
        return day.get().atTime(time(header.text(candidate[1]))).atZone(zone).toInstant();
      }
    }
    return LocalDate.of(1901, 1, 1).atStartOfDay(zone).toInstant();
  }

  private static LocalTime time(String text) {
    try {
      return LocalTime.parse(
          text.length() > 6 ? text.substring(0, 6) : text, DateTimeFormatter.ofPattern("HHmmss"));
    } catch (DateTimeParseException e) {
      return LocalTime.NOON;
    }
  }

  private static java.util.Optional<LocalDate> date(String text) {
    try {
      return java.util.Optional.of(LocalDate.parse(text, DateTimeFormatter.BASIC_ISO_DATE));
    } catch (DateTimeParseException e) {
      return java.util.Optional.empty();
    }
  }

  /// An instant in the index's own time: seconds since 2001, as Core Data stores them.
  public static double coreData(Instant instant) {
    return instant.getEpochSecond() + instant.getNano() / 1e9 - CORE_DATA_EPOCH;
  }

  private static void write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static <T> T notNull(@Nullable T value) {
    return java.util.Objects.requireNonNull(value);
  }
}
