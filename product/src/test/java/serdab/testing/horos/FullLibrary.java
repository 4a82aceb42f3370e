package serdab.testing.horos;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.PatientData;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.Sha256;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunTotals;
import serdab.catalogue.VersionRow;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyVersion;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.source.horos.HorosSource;
import serdab.ziptree.QuickZips;

/// Makes a library of full size around a real one: an index with all rows, and a catalogue and a
/// ZIP tree as if everything had been backed up. Only the studies that were there before have
/// files; of all others there are rows, and whole ZIPs whose files hold nothing but their UID.
///
/// `./dev make-library FOLDER --full` runs it in two steps, `rows` and `holdings`, with a real
/// backup of the real studies before them.
public final class FullLibrary {

  private static final long FIRST_NUMBER = 1_000_000;
  private static final int SERIES_OF_MADE_UP = 3;
  private static final int FILES_OF_ADDED = 4;
  private static final int SEEN_BATCH = 500;
  private static final QuickZips ZIPS = new QuickZips();

  private FullLibrary() {}

  /// Arguments: `rows`, the folder with `Horos Data`, the number of studies and of images in each;
  /// `holdings`, that folder, the home folder and the tree's folder; or `more`, that folder and how
  /// many studies with real files are added.
  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Path parent = Path.of(arguments[1]);
    long begun = System.nanoTime();
    switch (arguments[0]) {
      case "rows" -> rows(parent, Long.parseLong(arguments[2]), Integer.parseInt(arguments[3]));
      case "more" -> more(parent.resolve("Horos Data"), Integer.parseInt(arguments[2]));
      case "holdings" -> holdings(parent, Path.of(arguments[2]), Path.of(arguments[3]), out);
      default -> throw new IllegalArgumentException("rows, holdings or more");
    }
    out.printf("%s made in %.0f s%n", arguments[0], (System.nanoTime() - begun) / 1e9);
  }

  /// Adds rows until the index lists so many studies.
  static void rows(Path parent, long studies, int images) throws SQLException {
    Path index = parent.resolve("Horos Data/Database.sql");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + index);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA synchronous=OFF");
      statement.execute("PRAGMA cache_size=-600000");
      statement.execute("BEGIN");
      long there = number(statement, "SELECT coalesce(max(Z_PK), 0) FROM ZSTUDY");
      long series = number(statement, "SELECT coalesce(max(Z_PK), 0) FROM ZSERIES");
      long rowsThere = number(statement, "SELECT coalesce(max(Z_PK), 0) FROM ZIMAGE");
      // Dates are spread over ten years from 2015 on; the last part of the UID is the row.
      run(
          connection,
          """
          WITH RECURSIVE n(i) AS (SELECT ?1 + 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
          INSERT INTO ZSTUDY (Z_PK, Z_ENT, Z_OPT, ZDATE, ZDATEADDED, ZDATEOFBIRTH, ZNAME,
            ZPATIENTID, ZPATIENTUID, ZSTUDYINSTANCEUID, ZSTUDYNAME, ZMODALITY, ZHASDICOM)
          SELECT i, 5, 3, 441763200 + i * 2400.5, 441763200 + i * 2400.75, -8e8, 'Made Up ' || i,
            'M' || i, 'MADE UP ' || i || '-M' || i || '-19700131', '1.2.826.0.1.3680043.8.498.77.' || i,
            'Thorax with contrast medium', CASE i % 3 WHEN 0 THEN 'MR' ELSE 'CT' END, 1
          FROM n\
          """,
          there,
          studies);
      run(
          connection,
          """
          INSERT INTO ZSERIES (Z_ENT, Z_OPT, ZSTUDY, ZID, ZMODALITY, ZNAME, ZSERIESINSTANCEUID,
            ZSERIESDICOMUID, ZDATE)
          SELECT 4, 2, t.Z_PK, s.value, CASE s.value WHEN 3 THEN 'SR' ELSE t.ZMODALITY END,
            'Axial 5mm', '0000000' || s.value || t.ZSTUDYINSTANCEUID || '.' || s.value,
            t.ZSTUDYINSTANCEUID || '.' || s.value, t.ZDATE
          FROM ZSTUDY t, json_each('[1,2,3]') s WHERE t.Z_PK > ?\
          """,
          there);
      // Images of a series mostly, but not always, lie together: every hundredth comes later.
      run(
          connection,
          """
          WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
          INSERT INTO ZIMAGE (Z_ENT, Z_OPT, ZINSTANCENUMBER, ZPATHNUMBER, ZSERIES, ZDATE,
            ZSLICELOCATION, ZCOMPRESSEDSOPINSTANCEUID)
          SELECT 2, 1, i % 500, i + ?2,
            ?3 + 1 + CASE WHEN i % 100 = 0 THEN (i * 48271) % ?4 ELSE i * ?4 / ?1 END,
            441763200 + i, i * 0.625, zeroblob(26)
          FROM n\
          """,
          (studies - there) * images,
          FIRST_NUMBER,
          series,
          (studies - there) * 3);
      statement.execute(
          "UPDATE Z_PRIMARYKEY SET Z_MAX = CASE Z_NAME"
              + " WHEN 'Study' THEN (SELECT max(Z_PK) FROM ZSTUDY)"
              + " WHEN 'Series' THEN (SELECT max(Z_PK) FROM ZSERIES)"
              + " WHEN 'Image' THEN (SELECT max(Z_PK) FROM ZIMAGE) ELSE Z_MAX END");
      statement.execute("COMMIT");
      if (number(statement, "SELECT max(Z_PK) FROM ZIMAGE") <= rowsThere) {
        throw new IllegalStateException("no rows were added");
      }
    }
  }

  /// Adds studies with files, as the viewer does when it imports them.
  static void more(Path library, int studies) throws SQLException, IOException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + library.resolve("Database.sql"));
        Statement statement = connection.createStatement()) {
      statement.execute("BEGIN IMMEDIATE");
      long first = number(statement, "SELECT max(Z_PK) + 1 FROM ZSTUDY");
      long file = number(statement, "SELECT max(ZPATHNUMBER) + 1 FROM ZIMAGE");
      long series = number(statement, "SELECT max(Z_PK) + 1 FROM ZSERIES");
      for (long study = first; study < first + studies; study++, series++) {
        String uid = "1.2.826.0.1.3680043.8.498.78." + study;
        run(
            connection,
            """
            INSERT INTO ZSTUDY (Z_PK, Z_ENT, Z_OPT, ZDATE, ZDATEADDED, ZNAME, ZPATIENTID,
              ZPATIENTUID, ZSTUDYINSTANCEUID, ZMODALITY)
            VALUES (?1, 5, 1, 753500000 + ?1, 753600000 + ?1, 'Added ' || ?1, 'A' || ?1,
              'ADDED ' || ?1 || '-A' || ?1 || '-19700131', '1.2.826.0.1.3680043.8.498.78.' || ?1,
              'CT')\
            """,
            study);
        run(
            connection,
            """
            INSERT INTO ZSERIES (Z_PK, Z_ENT, Z_OPT, ZSTUDY, ZID, ZMODALITY, ZSERIESDICOMUID)
            VALUES (?1, 4, 1, ?2, 1, 'CT', '1.2.826.0.1.3680043.8.498.78.' || ?2 || '.1')\
            """,
            series,
            study);
        for (int image = 1; image <= FILES_OF_ADDED; image++, file++) {
          run(
              connection,
              """
              INSERT INTO ZIMAGE (Z_ENT, Z_OPT, ZINSTANCENUMBER, ZPATHNUMBER, ZSERIES)
              VALUES (2, 1, ?1, ?2, ?3)\
              """,
              image,
              file,
              series);
          Path folder = library.resolve("DATABASE.noindex/" + (file / 10_000 + 1) * 10_000);
          Files.createDirectories(folder);
          Files.write(
              folder.resolve(file + ".dcm"),
              TinyDicom.withUids(uid, uid + ".1", uid + ".1." + image)
                  .patient("Added " + study, "A" + study, "19700131")
                  .modality("CT")
                  .instance(image)
                  .bytes());
        }
      }
      statement.execute("COMMIT");
    }
  }

  private static long number(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      return row.getLong(1);
    }
  }

  private static void run(Connection connection, String sql, long... arguments)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < arguments.length; i++) {
        statement.setLong(i + 1, arguments[i]);
      }
      statement.executeUpdate();
    }
  }

  /// Remembers a copy of every study that has none, and puts a file of its name into the tree.
  static void holdings(Path parent, Path home, Path tree, PrintStream out) throws IOException {
    InstantSource clock = InstantSource.system();
    HorosSource source =
        new HorosSource(
            parent.resolve("Horos Data"),
            HorosSource.Settings.in(ZoneId.of("UTC")),
            Files.createDirectories(home.resolve("cache")),
            clock,
            time -> Thread.sleep(time));
    try (Catalogue catalogue =
            Catalogue.inFile(home.resolve("catalogue.db"), clock, new SecureRandom());
        Inventory inventory = source.inventory();
        Stream<SourceStudy> studies = inventory.studies(Order.DATE_ADDED)) {
      String id = source.id().value();
      String destination = catalogue.destinations().getFirst().id();
      long run = catalogue.beginRun("backup", "", id, List.of(destination), "made up");
      List<Catalogue.Seen> seen = new ArrayList<>();
      List<SourceStudy> batch = new ArrayList<>();
      long listed = 0;
      for (SourceStudy study : (Iterable<SourceStudy>) studies::iterator) {
        listed++;
        seen.add(new Catalogue.Seen(study.facts(), study.fileCount(), study.fingerprint()));
        batch.add(study);
        if (batch.size() == SEEN_BATCH) {
          remember(catalogue, run, id, destination, tree, seen, batch, clock.instant());
          out.printf("%,d studies%n", listed);
        }
      }
      remember(catalogue, run, id, destination, tree, seen, batch, clock.instant());
      catalogue.endRun(run, "good", new RunTotals(listed, listed, listed, 0, 0, 0, 0, 0, 0, 0));
    }
  }

  private static void remember(
      Catalogue catalogue,
      long run,
      String source,
      String destination,
      Path tree,
      List<Catalogue.Seen> seen,
      List<SourceStudy> batch,
      Instant now) {
    record Made(SourceStudy study, StudyVersion version, String name, long lengthBytes) {}

    catalogue.sawStudies(run, source, seen);
    List<Made> all =
        batch.stream()
            .filter(study -> !study.key().isOther())
            .filter(study -> catalogue.study(source, study.key()).orElseThrow().version().isEmpty())
            .toList()
            .parallelStream()
            .map(study -> {
              StudyVersion version = version(study, now);
              String name = name(study);
              return new Made(study, version, name, write(tree.resolve(name), version));
            })
            .toList();
    Proof proof = new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, now);
    for (Made made : all) {
      VersionRow version = VersionRow.of(made.version());
      catalogue.recordCopied(
          source,
          version,
          List.of(
              new CopyRow(
                  made.study().key(),
                  version.id(),
                  destination,
                  made.name(),
                  made.lengthBytes(),
                  version.fileCount(),
                  proof,
                  "good",
                  run)),
          made.study().fingerprint(),
          "",
          List.of(),
          run);
    }
    seen.clear();
    batch.clear();
  }

  private static long write(Path zip, StudyVersion version) {
    try {
      Files.createDirectories(zip.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ZIPS.write(zip, version, file -> content(file.instance().orElseThrow().sop().value()));
  }

  private static String name(SourceStudy study) {
    String month =
        study
            .facts()
            .studyDate()
            .map(date -> "%04d_%02d".formatted(date.getYear(), date.getMonthValue()))
            .orElse("UNKNOWN_DATE");
    return month + "/" + study.key().value() + ".zip";
  }

  /// Its instances are spread over three series; what a header would say is made up, too.
  private static StudyVersion version(SourceStudy study, Instant now) {
    String uid = study.key().value();
    String path = "DATABASE.noindex/10000/" + uid.substring(uid.lastIndexOf('.') + 1) + "-";
    List<StoredFile> files = new ArrayList<>();
    for (int i = 1; i <= study.fileCount(); i++) {
      String series = uid + "." + (1 + i * SERIES_OF_MADE_UP / (int) (study.fileCount() + 1));
      String sop = series + "." + i;
      byte[] content = content(sop);
      files.add(
          new StoredFile(
              path + i + ".dcm",
              content.length,
              now.toEpochMilli(),
              new FileDigests(
                  Sha256.digest(content), Optional.empty(), Optional.empty(), Optional.empty()),
              Optional.of(header(uid, series, sop)),
              List.of(),
              1));
    }
    return StudyVersion.of(
        study.facts(), files, List.of(), List.of(), Optional.empty(), "made up", now);
  }

  private static byte[] content(String sopInstanceUid) {
    return (sopInstanceUid + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static InstanceFacts header(String study, String series, String sop) {
    PatientData<String> nobody = PatientData.of("");
    return new InstanceFacts(
        new StudyInstanceUid(study),
        new SeriesInstanceUid(series),
        new SopInstanceUid(sop),
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.1.2.1",
        "CT",
        "",
        "",
        nobody,
        nobody,
        nobody,
        nobody,
        nobody,
        nobody,
        "",
        "",
        "Axial 5mm",
        "",
        "",
        "",
        "",
        "",
        "",
        "");
  }
}
