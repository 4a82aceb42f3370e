package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.RealLibrary;
import serdab.testing.horos.TinyDicom;

/// A viewer's library through the whole command line. What other backups of such libraries got
/// wrong is listed in `docs/seed-defects.md`.
class HorosBackupTest {

  private static final ZoneId SAO_PAULO = ZoneId.of("America/Sao_Paulo");

  @TempDir private Path folder;

  // ---- what befell libraries before

  @Test
  void aMissingFileEndsTheRunWith3AndIsNamed() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1));
      Files.delete(library.fileNumbered(3));
    }

    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result studies = serdab("studies", "--findings");

    assertThat(backup.exitCode()).isEqualTo(3);
    String label = labelOf(studies.out(), "incomplete: 1 listed files are not in the copy");
    assertThat(backup.out()).contains(label + " is not safe: 1 listed file could not be read.");
    assertThat(studies.out()).contains("(DATABASE.noindex/10000/3.dcm)");
    assertThat(zips()).hasSize(2);
  }

  @Test
  void aRestoreNamesWhatTheCopyNeverHad() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      Files.delete(library.fileNumbered(3));
    }
    backUp();

    CommandLineRun.Result restored =
        serdab(
            "restore",
            "--from",
            "zip:" + copies(),
            "--to",
            folder.resolve("back").toString(),
            "--all");

    assertThat(restored.exitCode()).isEqualTo(3);
    assertThat(restored.out()).contains("3.dcm");
  }

  @Test
  void aViewerThatTakesInManyFilesIsLeftAlone() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      Path incoming =
          Files.createDirectories(
              library.fileNumbered(2).resolve("../../../INCOMING.noindex").normalize());
      for (int i = 0; i < 5; i++) {
        Files.write(incoming.resolve("waiting" + i), new byte[] {1});
      }
    }

    CommandLineRun.Result held = backUp("--import-guard-files", "4");
    CommandLineRun.Result allowed = backUp("--import-guard-files", "5");

    assertThat(held.exitCode()).isEqualTo(4);
    assertThat(held.err()).contains("INCOMING");
    assertThat(Files.readString(copies().resolve("issues.csv"))).contains("INCOMING_OVER_LIMIT");
    assertThat(allowed.exitCode()).as(allowed.out() + allowed.err()).isZero();
  }

  @Test
  void aStudyImportedBetweenTwoRunsIsInTheSecond() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      backUp();

      library.importFile(TinyDicom.of(2, 1, 1));
      CommandLineRun.Result second = backUp();

      assertThat(second.exitCode()).as(second.out() + second.err()).isZero();
      assertThat(zips()).hasSize(2);
    }
  }

  @Test
  void imagesAddedToACopiedStudyAreInItsNextVersion() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      backUp();

      library.importFile(TinyDicom.of(1, 2, 1).modality("SR"));
      CommandLineRun.Result second = backUp();
      CommandLineRun.Result restored =
          serdab(
              "restore",
              "--from",
              "zip:" + copies(),
              "--to",
              folder.resolve("back").toString(),
              "--study",
              TinyDicom.studyUid(1));

      assertThat(second.exitCode()).as(second.out() + second.err()).isZero();
      assertThat(zips()).hasSize(2);
      assertThat(restored.out()).contains("1 studies: 2 files written");
    }
  }

  @Test
  void aDateWrittenAsDigitsNamesTheMonthItSpells() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).taken("20240505", "080000"));
      library.sql("UPDATE ZSTUDY SET ZDATE = '20230203'");
    }

    CommandLineRun.Result backup = backUp();

    assertThat(backup.exitCode()).as(backup.err()).isZero();
    assertThat(zips()).singleElement().asString().startsWith("2023_02/").contains("_2023-02-03_");
    assertThat(serdab("studies", "--findings").out()).contains("date-as-text");
  }

  @Test
  void aStudyTakenJustBeforeMidnightLiesInTheMonthOfTheMac() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(
          TinyDicom.of(1, 1, 1).patient("Doe^Jane", "1", "19700131").taken("20230131", "235959"));
    }

    backUp();

    assertThat(zips())
        .singleElement()
        .asString()
        .startsWith("2023_01/Doe_Jane_1970-01-31_2023-01-31_");
  }

  @Test
  void aNameThatIsNotLatinKeepsItsLetters() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).patient("山田^太郎", "1", "19700131"));
      library.importFile(TinyDicom.of(2, 1, 1).patient("José^Da Silva", "2", "19700131"));
    }

    backUp();

    assertThat(zips()).anyMatch(zip -> zip.contains("/山田_太郎_"));
    assertThat(zips()).anyMatch(zip -> zip.contains("/José_Da_Silva_"));
  }

  @Test
  void filesOfNoStudyMarkNoMonthAsDone() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }

    backUp();

    assertThat(libraryZips()).contains("index.zip", "made.zip");
    assertThat(copies().resolve("2023_02/.month_done")).exists();
    assertThat(copies().resolve("UNKNOWN_DATE")).doesNotExist();
  }

  // ---- many real files

  @Test
  @Needs(Peer.SHARED_DATA)
  void aLibraryMadeOfRealFilesIsPlannedCopiedAndProvenWhole() throws IOException {
    RealLibrary.Made made =
        RealLibrary.create(
            SharedData.dicom(), documents(), 20, new PrintStream(OutputStream.nullOutputStream()));

    CommandLineRun.Result plan =
        serdab("backup", "--from", documents().toString(), "--to", "zip:" + copies(), "--dry-run");
    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result verify = serdab("verify", "zip:" + copies());

    assertThat(made.files()).isEqualTo(80);
    assertThat(plan.exitCode()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("20 listed, 22 selected: 22 to work on");
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(verify.out()).contains("22 good, 0 NOT good");
    // A study's UID in the index is the one in its files, and no two files share an instance.
    assertThat(serdab("studies", "--findings").out()).doesNotContain("uid-");
    assertThat(zips()).hasSize(20);
  }

  // ---- destinations inside the library

  @Test
  void aDestinationInTheFolderThatTheLibraryNamesForItsFilesIsRefused() throws IOException {
    Path bigDisk = folder.resolve("big disk");
    try (HorosLibraryFixture library = library().filesIn(bigDisk).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }

    assertRefused(bigDisk.resolve("backup"));
  }

  @Test
  void aDestinationInTheFolderThatTheNumberedFoldersAreLinkedToIsRefused() throws IOException {
    Path bigDisk = folder.resolve("big disk");
    try (HorosLibraryFixture library = library().databaseFolderLinkedTo(bigDisk).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }

    assertRefused(bigDisk.resolve("backup"));
  }

  @Test
  void aDestinationInALibraryThatIsALinkInTheNamedFolderIsRefused() throws IOException {
    Path elsewhere = folder.resolve("elsewhere");
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(elsewhere).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    Files.createDirectories(documents());
    Files.createSymbolicLink(documents().resolve("Horos Data"), elsewhere.resolve("Horos Data"));

    assertRefused(elsewhere.resolve("Horos Data/backup"));
  }

  private void assertRefused(Path destination) {
    CommandLineRun.Result result =
        serdab("backup", "--from", documents().toString(), "--to", "zip:" + destination);

    assertThat(result.exitCode()).as(result.out() + result.err()).isEqualTo(2);
    assertThat(result.err()).contains("inside the source");
    assertThat(destination).doesNotExist();
  }

  // ----

  /// The library is below the folder that the command line names.
  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(documents()).zone(SAO_PAULO);
  }

  private Path documents() {
    return folder.resolve("documents");
  }

  private Path copies() {
    return folder.resolve("copies");
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
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
                SAO_PAULO.getId()));
    arguments.addAll(List.of(more));
    return serdab(arguments.toArray(String[]::new));
  }

  /// ZIPs of studies, as `MONTH/NAME`.
  private List<String> zips() throws IOException {
    try (Stream<Path> files = Files.walk(copies())) {
      return files
          .map(file -> copies().relativize(file).toString())
          .filter(name -> name.endsWith(".zip") && !name.startsWith("_"))
          .sorted()
          .toList();
    }
  }

  /// Names of ZIPs of what the library keeps beside its studies; there is one library.
  private List<String> libraryZips() throws IOException {
    try (Stream<Path> files = Files.walk(copies().resolve("_library"), 2)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".zip"))
          .sorted()
          .toList();
    }
  }

  /// The label of the study that a line is about; its own line stands above.
  private static String labelOf(String studies, String line) {
    String label = "";
    for (String each : studies.lines().toList()) {
      if (each.startsWith("S-")) {
        label = each.substring(0, each.indexOf(' '));
      } else if (each.contains(line)) {
        return label;
      }
    }
    throw new AssertionError("no line says: " + line);
  }
}
