package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// People come from the Horos backup script with what it left: a tree with its defects and a state
/// that believes in it.
@Needs(Peer.PYDICOM)
class ImportTreeTest {

  @TempDir private Path folder;

  // ---- what is good

  @Test
  void whatIsGoodBecomesACopyAndTheNextBackupCopiesNothing() throws Exception {
    library(3);
    export();
    Map<String, String> before = files(tree());

    CommandLineRun.Result imported = importTree();
    Map<String, String> after = files(tree());
    CommandLineRun.Result backup = backUp();

    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
    assertThat(imported.out()).contains("3  adopted");
    assertThat(after).containsAllEntriesOf(before);
    assertThat(beside()).hasSize(3);
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(3);
    assertThat(files(tree())).containsAllEntriesOf(before);
  }

  @Test
  void anAdoptedStudyIsProvenAndRestoredBitForBit() throws Exception {
    library(2);
    export();
    importTree();

    CommandLineRun.Result verified = serdab("verify", zipTree(), "--depth", "readable");
    CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(1));

    assertThat(verified.exitCode()).as(verified.out() + verified.err()).isZero();
    assertThat(verified.out()).contains("2 copies, 2 checked to READABLE: 2 good, 0 NOT good");
    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    // Under the paths that the library has, although the script kept base names only.
    assertThat(restoredFiles()).hasSize(3);
    assertThat(libraryFiles()).containsAllEntriesOf(restoredFiles());
  }

  @Test
  void aSecondRunReadsNothingAgain() throws Exception {
    library(2);
    export();
    importTree();
    Map<String, String> before = files(tree());

    CommandLineRun.Result again = importTree();

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(again.out())
        .contains("2  copies already; not read again")
        .doesNotContain("adopted:");
    assertThat(files(tree())).isEqualTo(before);
  }

  /// As a run leaves it that is killed between adopting and recording.
  @Test
  void aCopyThatWasAdoptedAndNotRecordedIsProvenAndRecorded() throws Exception {
    library(2);
    export();
    importTree();
    Map<String, String> before = files(tree());
    Files.delete(folder.resolve("home/catalogue.db"));

    CommandLineRun.Result again = importTree();
    CommandLineRun.Result third = importTree();

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).contains("2  adopted").doesNotContain("copies already");
    assertThat(third.out()).contains("2  copies already; not read again");
    assertThat(files(tree())).isEqualTo(before);
  }

  @Test
  void aLostCatalogueIsMadeAgainFromAdoptedZips() throws Exception {
    library(2);
    export();
    importTree();
    Files.delete(folder.resolve("home/catalogue.db"));

    CommandLineRun.Result rebuilt = serdab("catalogue", "rebuild", zipTree());
    CommandLineRun.Result backup = backUp();

    assertThat(rebuilt.exitCode()).as(rebuilt.out() + rebuilt.err()).isZero();
    assertThat(rebuilt.out()).contains("2 copies are in the catalogue again");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(2);
  }

  @Test
  @Needs(Peer.UNZIP)
  void otherProgramsReadAdoptedZipsAsBefore() throws Exception {
    library(1);
    export();
    importTree();
    Path zip = tree().resolve(monthZips().getFirst());

    assertThat(run("unzip", "-t", zip.toString())).contains("No errors detected");
    Path manifest =
        zip.resolveSibling(zip.getFileName().toString().replace(".zip", ".study-manifest.json"));
    String text = Files.readString(manifest);
    int last = text.lastIndexOf('\n', text.length() - 2) + 1;
    String above = Sha256.digest(text.substring(0, last).getBytes(StandardCharsets.UTF_8)).hex();
    assertThat(text.substring(last)).isEqualTo(",\"sha256Above\":\"" + above + "\"}\n");
    assertThat(text).contains(Sha256.digest(Files.readAllBytes(zip)).hex());
  }

  @Test
  void adoptedStudiesAreInThePageAndTheInventoriesRestoreThem() throws Exception {
    library(2);
    export();
    importTree();

    assertThat(Files.readString(tree().resolve("_index/2024_05.js")))
        .contains(TinyDicom.studyUid(1));
    run(
        Python.withPydicom(),
        tree().resolve("_index/restore-from-inventory.py").toString(),
        tree().toString(),
        folder.resolve("back").toString());
    assertThat(restoredFiles().values())
        .containsExactlyInAnyOrderElementsOf(libraryFiles().values());
  }

  @Test
  void aZipAdoptedLaterAppearsInThePage() throws Exception {
    try (HorosLibraryFixture library = library(2)) {
      export("drop=" + TinyDicom.studyUid(2));
      importTree();
      Files.delete(library.fileNumbered(6));
      library.sql("DELETE FROM ZIMAGE WHERE Z_PK = 6");
    }
    assertThat(Files.readString(tree().resolve("_index/2024_05.js")))
        .doesNotContain("\"" + TinyDicom.studyUid(2) + "\"");

    CommandLineRun.Result again = importTree();

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(Files.readString(tree().resolve("_index/2024_05.js")))
        .contains("\"" + TinyDicom.studyUid(2) + "\"");
  }

  // ---- what is not

  @Test
  void eachDefectIsNamedAndTheNextBackupCopiesJustThose() throws Exception {
    String good = TinyDicom.studyUid(1);
    try (HorosLibraryFixture library = library(8)) {
      export(
          "lose=" + TinyDicom.studyUid(2),
          "double=" + TinyDicom.studyUid(3),
          "drop=" + TinyDicom.studyUid(4),
          "split=" + TinyDicom.studyUid(5),
          "unlisted=" + TinyDicom.studyUid(7),
          "flip=" + TinyDicom.studyUid(8),
          "volume=" + good);
      library.importFile(TinyDicom.of(6, 2, 1).taken("20240506", "080000")); // grown
    }
    Map<String, String> before = files(tree());

    CommandLineRun.Result imported = importTree();
    CommandLineRun.Result tooEarly = serdab("verify", zipTree());
    CommandLineRun.Result backup = backUp();

    assertThat(tooEarly.exitCode()).as(tooEarly.out()).isEqualTo(3);
    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isEqualTo(3);
    assertThat(imported.out())
        .containsPattern("S-\\S+ " + q(2) + ": missing\\.")
        .containsPattern(q(3) + " \\(.*\\): damaged\\. .*one name")
        .containsPattern(q(4) + " \\(.*\\): partial\\. 1 files of the library")
        .containsPattern(q(5) + " \\(.*\\.zip\\): partial\\. 2 files")
        .containsPattern(q(5) + " \\(.*_2\\.zip\\): partial\\. 1 files")
        .containsPattern(q(6) + " \\(.*\\): partial\\. 1 files")
        .containsPattern(q(8) + " \\(.*\\): damaged")
        .contains("2  adopted", "4  partial", "2  damaged", "1  missing")
        .contains("7 studies in the script's state, 8 ZIPs", "2 of them unknown to the state")
        .contains("6 studies are in no copy as they are now");
    assertThat(imported.out()).doesNotContainPattern(q(1) + "\\D");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(8 + 6);
    Map<String, String> after = files(tree());
    before.forEach((path, digest) -> {
      if (!path.equals("issues.csv")) {
        assertThat(after).as(path).containsEntry(path, digest);
      }
    });
    CommandLineRun.Result again = importTree();
    assertThat(again.out()).contains("8  copies already").doesNotContain("are in no copy");
    // What was left alone has a full copy beside it now, and is not spoken of again.
    CommandLineRun.Result verified = serdab("verify", zipTree());
    assertThat(verified.exitCode()).as(verified.out() + verified.err()).isZero();
  }

  @Test
  void aStudyWhoseFilesChangedSinceIsKeptAsAnEarlierVersion() throws Exception {
    byte[] old;
    try (HorosLibraryFixture library = library(1)) {
      export();
      old = Files.readAllBytes(library.fileNumbered(1));
      byte[] edited = old.clone();
      edited[edited.length - 1] ^= 1;
      Files.write(library.fileNumbered(1), edited);
    }

    CommandLineRun.Result imported = importTree();
    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result now = restore("--all");
    Map<String, String> present = restoredFiles();
    CommandLineRun.Result then =
        serdab(
            "restore",
            "--from",
            zipTree(),
            "--to",
            folder.resolve("then").toString(),
            "--study",
            TinyDicom.studyUid(1),
            "--as-of",
            "2024-06-02");

    assertThat(imported.exitCode()).isEqualTo(3);
    assertThat(imported.out())
        .contains("1  differ", "earlier version", ": differs. 1 of its files");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(2);
    assertThat(now.exitCode()).as(now.out() + now.err()).isZero();
    assertThat(present).containsAllEntriesOf(libraryFiles());
    assertThat(then.exitCode()).as(then.out() + then.err()).isZero();
    assertThat(files(folder.resolve("then")).values()).contains(Sha256.digest(old).hex());
    assertThat(serdab("verify", zipTree()).exitCode()).isZero();
  }

  @Test
  void aStudyThatTheLibraryLostIsKept() throws Exception {
    try (HorosLibraryFixture library = library(2)) {
      export("ghost=1.2.999");
      forget(library, 2);
    }

    CommandLineRun.Result imported = importTree();
    CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(2));

    assertThat(imported.exitCode()).isEqualTo(3);
    assertThat(imported.out())
        .contains("1  only copies", "1  LOST", "1  adopted")
        .containsPattern("1\\.2\\.999: lost\\.");
    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(restoredFiles()).hasSize(3);
  }

  @Test
  void aZipWithAnotherStudyInsideIsNoCopyOfEither() throws Exception {
    library(2);
    export("swap=" + TinyDicom.studyUid(2));

    CommandLineRun.Result imported = importTree();

    assertThat(imported.exitCode()).isEqualTo(3);
    assertThat(imported.out()).containsPattern(q(2) + " .*: wrong-study").contains("1  adopted");
    assertThat(beside()).hasSize(1);
  }

  @Test
  void anotherDestinationGetsWhatTheLibraryLostAndTheTreeStaysAsItIs() throws Exception {
    try (HorosLibraryFixture library = library(3)) {
      export("drop=" + TinyDicom.studyUid(3));
      forget(library, 2);
    }
    Map<String, String> before = files(tree());
    Path other = folder.resolve("other");

    CommandLineRun.Result imported = importTree("--to", "zip:" + other);
    CommandLineRun.Result again = importTree("--to", "zip:" + other);
    CommandLineRun.Result verified = serdab("verify", "zip:" + other);

    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
    assertThat(imported.out())
        .contains("1 studies were copied and proven", "1  whole", "1  partial", "1  only copies");
    assertThat(again.out()).doesNotContain("were copied and proven");
    assertThat(files(tree())).isEqualTo(before);
    assertThat(zips(other)).singleElement().asString().contains(TinyDicom.studyUid(2));
    assertThat(verified.exitCode()).as(verified.out() + verified.err()).isZero();
  }

  // ---- what the script left stays

  @Test
  void aMonthThatTheScriptMarkedKeepsItsMarkWhenACopyIsAdded() throws Exception {
    library(1);
    export("drop=" + TinyDicom.studyUid(1));
    CommandLineRun.Result imported = importTree();

    backUp();

    assertThat(tree().resolve("2024_05/.month_done")).hasContent("");
    assertThat(imported.out()).contains("1 of the 1 months that the script marked as done are not");
    assertThat(monthZips()).hasSize(2);
  }

  /// The process is killed as soon as one file more than the last time lies in the tree, whether
  /// that is finished or not; so it dies at each step of the work once.
  @Test
  void anImportThatIsKilledAtAnyStepGoesOnAndLosesNothing() throws Exception {
    library(4);
    export();
    Map<String, String> before = files(tree());
    CommandLineRun killed = new CommandLineRun(folder.resolve("home"));
    int kills = 0;

    for (int more = 0; more < 20; more++) {
      int enough = before.size() + more;
      Process process =
          killed.start(
              "import-tree",
              "--state",
              tree().resolve("export_state.sqlite").toString(),
              "--from",
              horosData().toString(),
              "--zone",
              "UTC");
      while (process.isAlive() && fileCount() < enough) {
        Thread.onSpinWait();
      }
      kills += process.isAlive() ? 1 : 0;
      process.destroyForcibly().waitFor();
      assertThat(files(tree())).as("after kill %s", more).containsAllEntriesOf(before);
    }
    CommandLineRun.Result last = importTree();
    CommandLineRun.Result verified = serdab("verify", zipTree(), "--depth", "readable");
    CommandLineRun.Result backup = backUp();
    restore("--all");

    assertThat(kills).isGreaterThan(3);
    assertThat(last.exitCode()).as(last.out() + last.err()).isZero();
    assertThat(files(tree())).containsAllEntriesOf(before);
    assertThat(beside()).hasSize(4);
    assertThat(files(tree()).keySet()).noneMatch(name -> name.endsWith(".part"));
    assertThat(verified.out()).contains("4 good, 0 NOT good");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(4);
    assertThat(libraryFiles()).containsAllEntriesOf(restoredFiles());
    assertThat(restoredFiles()).hasSize(12);
  }

  private long fileCount() throws IOException {
    try (Stream<Path> all = Files.walk(tree())) {
      return all.filter(Files::isRegularFile).count();
    } catch (java.io.UncheckedIOException e) {
      return 0; // An unfinished file went away while it was listed.
    }
  }

  /// What the script writes for a study beyond 4 GB, as Info-ZIP's `zip -fz` makes it of any.
  @Test
  @Needs(Peer.UNZIP)
  void aZipInZip64FormIsAdoptedProvenAndRestored() throws Exception {
    library(2);
    export();
    for (String name : monthZips()) {
      Path zip = tree().resolve(name);
      Path unpacked = Files.createDirectories(folder.resolve("unpacked/" + name));
      run("unzip", "-q", zip.toString(), "-d", unpacked.toString());
      Files.delete(zip);
      run(
          "sh",
          "-c",
          "cd \"$1\" && zip -q -fz -r \"$2\" .",
          "sh",
          unpacked.toString(),
          zip.toString());
      assertThat(new String(Files.readAllBytes(zip), StandardCharsets.ISO_8859_1))
          .as("has the end record of Zip64")
          .contains("PK\u0006\u0006", "PK\u0006\u0007");
    }

    CommandLineRun.Result imported = importTree();
    CommandLineRun.Result verified = serdab("verify", zipTree(), "--depth", "readable");
    CommandLineRun.Result backup = backUp();
    restore("--all");

    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
    assertThat(imported.out()).contains("2  adopted");
    assertThat(verified.out()).contains("2 good, 0 NOT good");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).hasSize(2);
    assertThat(restoredFiles()).hasSize(6);
    assertThat(libraryFiles()).containsAllEntriesOf(restoredFiles());
  }

  @Test
  void aDryRunWritesNothing() throws Exception {
    library(2);
    export("drop=" + TinyDicom.studyUid(2));
    Map<String, String> before = files(tree());

    CommandLineRun.Result planned = importTree("--dry-run");

    assertThat(planned.exitCode()).as(planned.out() + planned.err()).isZero();
    assertThat(planned.out()).contains("1  to check", "1  partial", "Nothing was read");
    assertThat(files(tree())).isEqualTo(before);
  }

  @Test
  void aStateOfTheOtherTableIsUnderstood() throws Exception {
    library(1);
    export("--table=exported_studies");

    CommandLineRun.Result imported = importTree();

    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
    assertThat(imported.out()).contains("1 studies in the script's state", "0 of them unknown");
  }

  @Test
  void aStateThatTheScriptHasLockedIsReadAndLeftAlone() throws Exception {
    library(1);
    export();
    Path state = tree().resolve("export_state.sqlite");
    try (Connection script = DriverManager.getConnection("jdbc:sqlite:" + state);
        Statement statement = script.createStatement()) {
      statement.execute("BEGIN EXCLUSIVE");
      statement.execute("INSERT INTO Exported VALUES ('1.2.1000', '', '')");

      CommandLineRun.Result imported = importTree();

      assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
      assertThat(imported.out()).contains("1 studies in the script's state");
      statement.execute("ROLLBACK");
    }
  }

  // ---- what is held back

  @Test
  void aStateThatIsNoneIsAClearError() throws Exception {
    library(1);
    Path text = Files.writeString(folder.resolve("state.txt"), "no database at all");
    Path other = folder.resolve("other.sqlite");
    sql(other, "CREATE TABLE Things (a)");

    CommandLineRun.Result notSqlite = importState(text);
    CommandLineRun.Result otherTables = importState(other);
    CommandLineRun.Result missing = importState(folder.resolve("nowhere.sqlite"));

    assertThat(notSqlite.exitCode()).isEqualTo(2);
    assertThat(notSqlite.err()).contains("is no SQLite file");
    assertThat(otherTables.exitCode()).isEqualTo(2);
    assertThat(otherTables.err()).contains("no table Exported");
    assertThat(missing.exitCode()).isEqualTo(1);
    assertThat(missing.err()).contains("There is no file");
    assertThat(folder.resolve("destination.json")).doesNotExist();
  }

  @Test
  void aTreeThatSeemsToBeAwayIsNotBegun() throws Exception {
    library(1);
    export();
    Path mount = Files.createDirectories(folder.resolve("mount"));

    CommandLineRun.Result held = importTree("--tree", mount.toString());

    assertThat(held.exitCode()).as(held.out() + held.err()).isEqualTo(4);
    assertThat(held.err()).contains("not one ZIP");
    assertThat(files(mount)).isEmpty();
  }

  @Test
  void anEmptyLibraryIsNotBelieved() throws Exception {
    try (HorosLibraryFixture library = library(1)) {
      export();
      forget(library, 1);
    }

    CommandLineRun.Result held = importTree();
    CommandLineRun.Result accepted = importTree("--accept-fewer");

    assertThat(held.exitCode()).as(held.out() + held.err()).isEqualTo(4);
    assertThat(accepted.exitCode()).as(accepted.out() + accepted.err()).isZero();
    assertThat(accepted.out()).contains("1  only copies");
  }

  // ---- the example

  @Test
  void theExampleLibraryComesAcrossWhole() throws Exception {
    Path example = SharedData.checkout().resolve("examples/Horos Data");
    exportFrom(example);
    Map<String, String> before = files(tree());

    CommandLineRun.Result imported = importFrom(example);
    CommandLineRun.Result backup =
        serdab("backup", "--from", example.toString(), "--to", zipTree(), "--zone", "UTC");
    CommandLineRun.Result verified = serdab("verify", zipTree());

    assertThat(imported.exitCode()).as(imported.out() + imported.err()).isZero();
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(monthZips()).allSatisfy(zip -> assertThat(before).containsKey(zip));
    assertThat(verified.exitCode()).as(verified.out() + verified.err()).isZero();
    assertThat(files(tree())).containsAllEntriesOf(before);
  }

  // ----

  private static String q(int study) {
    return java.util.regex.Pattern.quote(TinyDicom.studyUid(study));
  }

  /// Studies of three images each; closing it again changes nothing.
  private HorosLibraryFixture library(int studies) {
    HorosLibraryFixture library =
        HorosLibraryBuilder.in(documents())
            .firstNumber(1)
            .zone(ZoneId.of("UTC"))
            .importedAt(Instant.parse("2024-05-10T10:00:00Z"))
            .create();
    for (int study = 1; study <= studies; study++) {
      for (TinyDicom image : TinyDicom.series(study, 1, 3)) {
        library.importFile(image.taken("20240506", "080000"));
      }
    }
    return library;
  }

  private static void forget(HorosLibraryFixture library, int study) throws IOException {
    long key = library.studyKey(TinyDicom.studyUid(study));
    library.sql(
        "DELETE FROM ZIMAGE WHERE ZSERIES IN (SELECT Z_PK FROM ZSERIES WHERE ZSTUDY = ?)", key);
    library.sql("DELETE FROM ZSERIES WHERE ZSTUDY = ?", key);
    library.sql("DELETE FROM ZSTUDY WHERE Z_PK = ?", key);
    for (int number = 3 * study - 2; number <= 3 * study; number++) {
      Files.delete(library.fileNumbered(number));
    }
  }

  private Path documents() {
    return folder.resolve("documents");
  }

  private Path horosData() {
    return documents().resolve("Horos Data");
  }

  private Path tree() {
    return folder.resolve("PACS/Backup");
  }

  private String zipTree() {
    return "zip:" + tree();
  }

  private void export(String... defects) throws Exception {
    exportFrom(horosData(), defects);
  }

  private void exportFrom(Path library, String... defects) throws Exception {
    Path script = folder.resolve("export.py");
    try (var in = ImportTreeTest.class.getResourceAsStream("/serdab/script/export.py")) {
      Files.write(script, java.util.Objects.requireNonNull(in).readAllBytes());
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                Python.withPydicom(), script.toString(), library.toString(), tree().toString()));
    command.addAll(List.of(defects));
    run(command.toArray(String[]::new));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result importTree(String... more) {
    return importFrom(horosData(), more);
  }

  private CommandLineRun.Result importFrom(Path library, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "import-tree",
                "--state",
                tree().resolve("export_state.sqlite").toString(),
                "--from",
                library.toString(),
                "--zone",
                "UTC"));
    args.addAll(List.of(more));
    return serdab(args.toArray(String[]::new));
  }

  private CommandLineRun.Result importState(Path state) {
    return serdab("import-tree", "--state", state.toString(), "--from", horosData().toString());
  }

  private CommandLineRun.Result backUp() {
    return serdab("backup", "--from", horosData().toString(), "--to", zipTree(), "--zone", "UTC");
  }

  private CommandLineRun.Result restore(String... what) {
    List<String> args =
        new ArrayList<>(
            List.of("restore", "--from", zipTree(), "--to", folder.resolve("back").toString()));
    args.addAll(List.of(what));
    return serdab(args.toArray(String[]::new));
  }

  private static void sql(Path file, String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement each = connection.createStatement()) {
      each.execute(statement);
    }
  }

  /// Digests by path of what was restored, of the library's own files.
  private Map<String, String> restoredFiles() throws IOException {
    Map<String, String> found = new TreeMap<>();
    files(folder.resolve("back"))
        .forEach((path, digest) -> {
          int at = path.indexOf("DATABASE.noindex/");
          if (at >= 0 || path.endsWith(".dcm")) {
            found.put(at >= 0 ? path.substring(at) : path, digest);
          }
        });
    return found;
  }

  private Map<String, String> libraryFiles() throws IOException {
    Map<String, String> found = new TreeMap<>();
    files(horosData())
        .forEach((path, digest) -> {
          if (path.startsWith("DATABASE.noindex/") && path.endsWith(".dcm")) {
            found.put(path, digest);
          }
        });
    return found;
  }

  private List<String> monthZips() throws IOException {
    return zips(tree());
  }

  private static List<String> zips(Path root) throws IOException {
    return names(root, name -> name.endsWith(".zip") && !name.startsWith("_"));
  }

  private List<String> beside() throws IOException {
    return names(tree(), name -> name.endsWith(".study-manifest.json"));
  }

  private static List<String> names(Path root, Predicate<String> wanted) throws IOException {
    return files(root).keySet().stream().filter(wanted).toList();
  }

  private static Map<String, String> files(Path root) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    if (!Files.exists(root)) {
      return digests;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = root.relativize(file).toString().replace('\\', '/');
        if (!name.startsWith(".place-")) {
          digests.put(name, Sha256.digest(Files.readAllBytes(file)).hex());
        }
      }
    }
    return digests;
  }
}
