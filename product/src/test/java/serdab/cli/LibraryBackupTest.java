package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;
import serdab.testing.world.WorldClock;

/// What a viewer's library keeps beside its studies, through the whole command line.
class LibraryBackupTest {

  @TempDir private Path folder;

  /// A day from now, so that no file of the test is just arriving.
  private final WorldClock clock = new WorldClock(Instant.now().plus(Duration.ofDays(1)));

  // ---- all of it, back again

  @Test
  void everythingBesideTheStudiesComesBackBitForBit() throws IOException, SQLException {
    Map<String, String> files = new TreeMap<>();
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.album("Teaching", library.studyKey(TinyDicom.studyUid(1)));
      String header = library.importNamed(TinyDicom.of(1, 2, 1), "hdr");
      put(files, "", "DATABASE.noindex/10000/" + header.replace(".hdr", ".img"));
      put(files, "reports", "REPORTS/DOE JANE-77.odt");
      put(files, "rois", "ROIs/1.2.3 1-0.dcm");
      put(files, "templates", "PAGES/letter.pages");
      put(files, "templates", "HTML_TEMPLATES/index.html");
      put(files, "templates", "ReportTemplate.rtf");
      put(files, "templates", "ReportTemplate.odt");
      put(files, "viewer-files", "3DSTATE/1.2.3-state");
      put(files, "viewer-files", "3DPRESETS/bones.plist");
      put(files, "viewer-files", "CLUTs/mine.plist");
      put(files, "not-readable", "NOT READABLE/scan.bin");
      put(files, "earlier-index", "Database.sql - old");
      put(files, "unindexed-10000", "DATABASE.noindex/10000/77.dcm");
      put(files, "index", "Database.momd/OsiriXDB_DataModel.mom");
    }

    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result verify = serdab("verify", "zip:" + copies());
    CommandLineRun.Result restore = restore("--all");

    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(verify.exitCode()).as(verify.out()).isZero();
    assertThat(restore.exitCode()).as(restore.out() + restore.err()).isZero();
    files.forEach((path, group) -> {
      Path back = group.isEmpty() ? study().resolve(path) : group(group).resolve(path);
      assertThat(back).hasSameBinaryContentAs(dataFolder().resolve(path));
    });
    assertThat(group("index").resolve("Database.sql"))
        .hasSameBinaryContentAs(dataFolder().resolve("Database.sql"));
    assertThat(answer(group("index").resolve("Database.sql"), "PRAGMA integrity_check"))
        .isEqualTo("ok");
    assertThat(Files.readString(group("index").resolve("index-copy.json")))
        .contains("\"integrityCheck\":\"ok\"", "\"modelVersion\":\"2.5\"", "\"ZSTUDY\":1");
    assertThat(Files.readString(group("made").resolve("albums.plist"))).contains("Teaching");
    assertThat(copies().resolve("library.md")).exists();
  }

  @Test
  void twoLibrariesInOneTreeDoNotMix() throws IOException {
    Path other = folder.resolve("other");
    try (HorosLibraryFixture library = library().create();
        HorosLibraryFixture second = HorosLibraryBuilder.in(other).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      second.importFile(TinyDicom.of(2, 1, 1));
      Files.writeString(library.folder().resolve("REPORTS/a.rtf"), "mine");
      Files.writeString(second.folder().resolve("REPORTS/a.rtf"), "theirs");
    }

    backUp();
    CommandLineRun.Result backup =
        serdab("backup", "--from", other.toString(), "--to", "zip:" + copies());
    restore("--all");

    assertThat(backup.exitCode()).as(backup.out()).isZero();
    List<String> reports = new ArrayList<>();
    try (Stream<Path> libraries = Files.list(back().resolve("_library"))) {
      for (Path each : libraries.toList()) {
        assertThat(each.getFileName().toString()).matches("horos-[0-9a-f]{8}");
        reports.add(Files.readString(each.resolve("reports/REPORTS/a.rtf")));
      }
    }
    assertThat(reports).containsExactlyInAnyOrder("mine", "theirs");
  }

  // ---- versions

  @Test
  void aChangedCommentMakesAnotherVersionAfterAnHourAndNotBefore() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    backUp();
    sql("UPDATE ZSTUDY SET ZCOMMENT = 'the second one'");

    clock.pass(Duration.ofMinutes(50));
    CommandLineRun.Result early = backUp();
    List<String> afterEarly = libraryZips();
    clock.pass(Duration.ofMinutes(15));
    CommandLineRun.Result late = backUp();
    List<String> afterLate = libraryZips();
    clock.pass(Duration.ofHours(3));
    backUp();

    assertThat(early.exitCode()).as(early.out()).isZero();
    assertThat(afterEarly).containsExactly("index.zip", "made.zip");
    assertThat(late.exitCode()).as(late.out()).isZero();
    assertThat(afterLate).containsExactly("index.zip", "index_2.zip", "made.zip", "made_2.zip");
    assertThat(libraryZips()).as("nothing changed since").isEqualTo(afterLate);
    restore("--all");
    assertThat(Files.readString(group("made").resolve("studies.jsonl"))).contains("the second one");
  }

  @Test
  void lookingAtAStudyMakesAVersionOfTheIndexAndNoneOfWhatPeopleMade() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    backUp();
    sql("UPDATE ZSTUDY SET ZDATEOPENED = 731000000, Z_OPT = Z_OPT + 1");
    clock.pass(Duration.ofHours(2));

    backUp();

    assertThat(libraryZips()).containsExactly("index.zip", "index_2.zip", "made.zip");
  }

  // ---- an index that is not what it was

  @Test
  void aDamagedIndexIsKeptBesideTheGoodOnes() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    backUp();
    // An index of SQLite's own that disagrees with its table: only the longer check sees it.
    sql(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX ZSTUDY_ZNAME_INDEX ON ZSTUDY (ZPATIENTID)'"
            + " WHERE name = 'ZSTUDY_ZNAME_INDEX'");
    clock.pass(Duration.ofHours(2));

    CommandLineRun.Result backup = backUp();
    restore("--all");

    assertThat(backup.exitCode()).as(backup.out()).isZero();
    assertThat(libraryZips()).containsExactly("index-damaged.zip", "index.zip", "made.zip");
    assertThat(backup.err()).contains("integrity_check finds the viewer's index damaged");
    assertThat(answerOrFailure(group("index").resolve("Database.sql"))).isEqualTo("ok");
    assertThat(Files.readString(group("index-damaged").resolve("index-copy.json")))
        .contains("\"integrityCheck\":\"damaged\"");
  }

  @Test
  void anIndexThatCannotBeReadAtAllIsKeptAsItIs() throws IOException {
    byte[] rubbish = "this is no database".getBytes(StandardCharsets.US_ASCII);
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    backUp();
    Files.write(dataFolder().resolve("Database.sql"), rubbish);
    clock.pass(Duration.ofHours(2));

    backUp();
    restore("--all");

    assertThat(group("index-damaged").resolve("Database.sql")).hasBinaryContent(rubbish);
    assertThat(answerOrFailure(group("index").resolve("Database.sql"))).isEqualTo("ok");
  }

  @Test
  void aShrunkenIndexIsToldWithTheWayBackUntilItHasGrownAgain() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      for (int study = 1; study <= 12; study++) {
        library.importFile(TinyDicom.of(study, 1, 1));
      }
    }
    backUp();
    byte[] good = Files.readAllBytes(dataFolder().resolve("Database.sql"));
    sql("DELETE FROM ZSTUDY WHERE Z_PK > 2");
    clock.pass(Duration.ofHours(2));

    CommandLineRun.Result shrunken = backUp();
    clock.pass(Duration.ofHours(2));
    CommandLineRun.Result still = backUp();
    CommandLineRun.Result accepted = backUp("--accept-fewer");
    CommandLineRun.Result after = backUp();

    assertThat(shrunken.err()).contains("lists 2 studies; it listed 12 before");
    assertThat(shrunken.err()).contains("12 files are still on the disk");
    assertThat(still.err()).contains("it listed 12 before");
    assertThat(accepted.err()).doesNotContain("it listed 12 before");
    assertThat(after.err()).doesNotContain("it listed 12 before");
    Matcher wayBack = Pattern.compile("--study (\\S+) --as-of (\\S+Z)").matcher(shrunken.err());
    assertThat(wayBack.find()).isTrue();
    CommandLineRun.Result restored =
        restore("--study", wayBack.group(1), "--as-of", wayBack.group(2));
    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(group("index").resolve("Database.sql")).hasBinaryContent(good);
  }

  @Test
  void anIndexThatTheViewerBuiltAnewIsTold() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    backUp();
    sql("UPDATE Z_METADATA SET Z_UUID = 'ANOTHER-ONE'");
    clock.pass(Duration.ofHours(2));

    CommandLineRun.Result rebuilt = backUp();
    CommandLineRun.Result next = backUp();

    assertThat(rebuilt.err()).contains("built its index anew", "--as-of");
    assertThat(next.err()).doesNotContain("built its index anew");
  }

  // ----

  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(documents()).zone(ZoneId.of("UTC"));
  }

  private Path documents() {
    return folder.resolve("documents");
  }

  private Path dataFolder() {
    return documents().resolve("Horos Data");
  }

  private Path copies() {
    return folder.resolve("copies");
  }

  private Path back() {
    return folder.resolve("back");
  }

  /// Writes a file into the library and notes the group in which it is expected.
  private void put(Map<String, String> files, String group, String path) throws IOException {
    Path file = dataFolder().resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "content of " + path);
    files.put(path, group);
  }

  /// The folder of a group that was brought back.
  private Path group(String name) {
    try (Stream<Path> libraries = Files.list(back().resolve("_library"))) {
      return libraries
          .flatMap(library -> Stream.of(name + "_3", name + "_2", name).map(library::resolve))
          .filter(Files::isDirectory)
          .findFirst()
          .orElse(back().resolve("no group " + name));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// The folder of the one study that was brought back.
  private Path study() {
    try (Stream<Path> months = Files.walk(back(), 2)) {
      return months
          .filter(path -> path.getFileName().toString().contains(TinyDicom.studyUid(1)))
          .findFirst()
          .orElse(back().resolve("no study"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void sql(String... statements) {
    try (Connection index =
            DriverManager.getConnection("jdbc:sqlite:" + dataFolder().resolve("Database.sql"));
        Statement statement = index.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String answer(Path database, String question) throws SQLException {
    try (Connection index = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = index.createStatement();
        ResultSet result = statement.executeQuery(question)) {
      return result.getString(1);
    }
  }

  private static String answerOrFailure(Path database) {
    try {
      return answer(database, "PRAGMA integrity_check");
    } catch (SQLException e) {
      return e.toString();
    }
  }

  private List<String> libraryZips() throws IOException {
    try (Stream<Path> files = Files.walk(copies().resolve("_library"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".zip"))
          .sorted()
          .toList();
    }
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home"), clock).run(args);
  }

  private CommandLineRun.Result backUp(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "backup",
                "--from",
                documents().toString(),
                "--to",
                "zip:" + copies(),
                "--zone",
                "UTC"));
    arguments.addAll(List.of(more));
    return serdab(arguments.toArray(String[]::new));
  }

  private CommandLineRun.Result restore(String... what) {
    List<String> arguments =
        new ArrayList<>(List.of("restore", "--from", "zip:" + copies(), "--to", back().toString()));
    arguments.addAll(List.of(what));
    return serdab(arguments.toArray(String[]::new));
  }
}
