package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// A whole library in a new place: what a viewer will find there, as an independent script of the
/// viewer's rules sees it (`check-library.py`).
class RestoreLibraryTest {

  private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");

  @TempDir private Path folder;

  @Test
  @Needs(Peer.PYTHON)
  void theExampleLibraryComesBackFileByFile() throws Exception {
    Path example = SharedData.checkout().resolve("examples/Horos Data");
    backUp(example);

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(restored.out()).contains("2 albums").contains(folder.resolve("new").toString());
    assertThat(check(target()))
        .isEqualTo("0: 27 files, 27 rows, 10 studies, 3 in albums, 0 in INCOMING\n");
    for (String file : filesIn(example)) {
      assertThat(Files.mismatch(example.resolve(file), target().resolve(file)))
          .as(file)
          .isEqualTo(-1);
    }
    assertThat(filesIn(target())).isEqualTo(filesIn(example));
    assertThat(folder.resolve("new/Horos Data - restore report/restore-report.txt"))
        .isNotEmptyFile();
    assertThat(folder.resolve("new/Horos Data.restoring")).doesNotExist();
  }

  @Test
  void aBackupOfTheRestoredLibraryHoldsTheSameVersions() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data"));
    restore();

    CommandLineRun.Result again =
        serdab("backup", "--from", target().toString(), "--to", "zip:" + folder.resolve("second"));

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(studyZips("second")).isEqualTo(studyZips("copies")).hasSize(10);
    CommandLineRun.Result same =
        serdab("backup", "--from", target().toString(), "--to", "zip:" + folder.resolve("copies"));
    assertThat(studyZips("copies")).as(same.out()).hasSize(10);
  }

  @Test
  @Needs(Peer.PYTHON)
  void everythingThatPeopleMadeIsInItsPlaceAndWhatLeadsOutIsNamed() throws Exception {
    Path outside = folder.resolve("elsewhere/linked.dcm");
    Files.createDirectories(outside.getParent());
    Files.write(outside, TinyDicom.of(9, 1, 1).bytes());
    Path library;
    try (HorosLibraryFixture fixture = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      library = fixture.folder();
      fixture.importAll(TinyDicom.series(1, 1, 3));
      fixture.importFile(TinyDicom.of(2, 1, 1).frames(4));
      fixture.importNamed(TinyDicom.of(3, 1, 1), "DCM");
      fixture.linkFile(outside);
      fixture.addOrphan(TinyDicom.of(4, 1, 1), LONG_AGO);
      fixture.album("Teaching", fixture.studyKey(TinyDicom.studyUid(1)));
      fixture.sql(
          "UPDATE ZSTUDY SET ZREPORTURL = 'REPORTS/one.pdf', ZCOMMENT = 'seen' WHERE"
              + " ZSTUDYINSTANCEUID = ?",
          TinyDicom.studyUid(1));
      fixture.sql(
          "UPDATE ZSTUDY SET ZREPORTURL = '/Users/gone/Horos Data/REPORTS/two.pdf' WHERE"
              + " ZSTUDYINSTANCEUID = ?",
          TinyDicom.studyUid(2));
    }
    write(library.resolve("REPORTS/one.pdf"), "one");
    write(library.resolve("REPORTS/two.pdf"), "two");
    write(library.resolve("Database.momd/version.mom"), "model");
    write(library.resolve("CLUTs/fire.plist"), "clut");
    Files.write(
        library.resolve("ROIs/1.2.3 1-0.dcm"), TinyDicom.of(1, 5002, 1).modality("SR").bytes());
    backUp(library);
    delete(folder.resolve("elsewhere"));

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(check(target()))
        .isEqualTo("0: 5 files, 6 rows, 4 studies, 1 in albums, 2 in INCOMING\n");
    assertThat(target().resolve("REPORTS/one.pdf")).hasContent("one");
    assertThat(target().resolve("Database.momd/version.mom")).hasContent("model");
    assertThat(target().resolve("CLUTs/fire.plist")).hasContent("clut");
    assertThat(target().resolve("ROIs/1.2.3 1-0.dcm")).exists();
    assertThat(restored.out())
        .contains("Linked files, which are outside the library: 1")
        .contains("linked.dcm (not on this computer)")
        .contains("two.pdf: the document is in REPORTS; the index names its old place")
        .contains("2 files that the index does not name");
  }

  @Test
  @Needs(Peer.PYTHON)
  void sideFilesQueuesAndPointersOfTheOldPlaceAreNeverBroughtBack() throws Exception {
    Path library;
    try (HorosLibraryFixture fixture =
        HorosLibraryBuilder.in(folder.resolve("mac")).filesIn(folder.resolve("nas")).create()) {
      library = fixture.folder();
      fixture.importFile(TinyDicom.of(1, 1, 1));
      // Inside of folders that are copied whole.
      write(folder.resolve("nas/3DSTATE/Database.sql-wal"), "stale");
      write(folder.resolve("nas/CLUTs/old.sql-journal"), "stale");
      write(library.resolve("DeleteQueueFile.plist"), "<plist/>");
    }
    backUp(library);

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(check(target())).startsWith("0: 1 files, 1 rows");
    assertThat(restored.out()).contains("old.sql-journal was not brought back");
    assertThat(filesIn(target())).noneMatch(name -> name.endsWith("LOCATION"));
  }

  @Test
  @Needs(Peer.PYTHON)
  void aRowWhoseFileWasNeverCopiedIsNamed() throws Exception {
    try (HorosLibraryFixture fixture = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      fixture.importAll(TinyDicom.series(1, 1, 3));
      Files.delete(fixture.fileNumbered(3));
      backUp(fixture.folder());
    }

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).isEqualTo(3);
    assertThat(restored.out()).contains("whose file is not in the backup: 1").contains(" 3.dcm");
    assertThat(check(target())).startsWith("1: a row's file is not there: 3.dcm");
  }

  @Test
  @Needs(Peer.PYTHON)
  void foldersOfAnotherSizeStayAsTheyWereAndTheReportSaysWhatToSet() throws Exception {
    try (HorosLibraryFixture fixture =
        HorosLibraryBuilder.in(folder.resolve("mac")).folderSize(4).create()) {
      fixture.importAll(TinyDicom.series(1, 1, 9));
      backUp(fixture.folder());
    }

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(check(target(), "4")).startsWith("0: 9 files, 9 rows");
    assertThat(restored.out()).contains("DefaultFolderSizeForDB to 4");
  }

  @Test
  void withoutAnIndexTheImagesKeepTheirPlacesAndTheViewerBuildsOne() throws Exception {
    Path library;
    try (HorosLibraryFixture fixture = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      library = fixture.folder();
      fixture.importAll(TinyDicom.series(1, 1, 3));
    }
    Files.delete(library.resolve("Database.sql"));
    backUp(library);

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(target().resolve("Database.sql")).doesNotExist();
    assertThat(target().resolve("DATABASE.noindex/10000/3.dcm")).exists();
    assertThat(restored.out()).contains("The viewer builds one");
  }

  @Test
  @Needs(Peer.PYTHON)
  void aStudyThatTheIndexDoesNotKnowWaitsForTheViewer() throws Exception {
    // Deleted in the viewer long ago; its number was given again, to another file.
    Path before = folder.resolve("before/DATABASE.noindex/10000");
    Files.createDirectories(before);
    Files.write(before.resolve("2.dcm"), TinyDicom.of(2, 1, 1).bytes());
    backUp(folder.resolve("before"));
    try (HorosLibraryFixture fixture = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      fixture.importFile(TinyDicom.of(1, 1, 1));
      backUp(fixture.folder());
    }

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
    assertThat(restored.out()).contains("1 for the viewer to take in");
    assertThat(check(target()))
        .isEqualTo("0: 1 files, 1 rows, 1 studies, 0 in albums, 1 in INCOMING\n");
    assertThat(target().resolve("DATABASE.noindex/10000/2.dcm"))
        .hasBinaryContent(TinyDicom.of(1, 1, 1).bytes());
  }

  @Test
  void aLibraryIsNeverRestoredOverAnything() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data"));
    write(target().resolve("precious.txt"), "mine");

    CommandLineRun.Result restored = restore();

    assertThat(restored.exitCode()).isEqualTo(4);
    assertThat(restored.err()).contains("never restored over");
    assertThat(filesIn(target())).containsExactly("precious.txt");
  }

  @Test
  void anotherNameIsRefusedBecauseNoViewerWouldKnowIt() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data"));

    CommandLineRun.Result restored =
        restoreTo("horos-library:" + folder.resolve("new/My Horos Data"), "--all");
    CommandLineRun.Result part =
        restoreTo("horos-library:" + target(), "--study", TinyDicom.studyUid(1));

    assertThat(restored.exitCode()).isEqualTo(2);
    assertThat(restored.err()).contains("would not be recognised");
    assertThat(part.exitCode()).isEqualTo(2);
    assertThat(folder.resolve("new")).doesNotExist();
  }

  @Test
  void aDryRunSaysHowMuchItIsAndWritesNothing() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data"));

    CommandLineRun.Result planned = restoreTo("horos-library:" + target(), "--all", "--dry-run");

    assertThat(planned.exitCode()).as(planned.err()).isZero();
    assertThat(planned.out())
        .contains("12 studies and groups")
        .contains("It fits")
        .contains("Nothing was done");
    assertThat(folder.resolve("new")).doesNotExist();
  }

  @Test
  @Needs(Peer.PYTHON)
  void anUnfinishedRestoreGoesOnWhereItStopped() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data"));
    restore();
    // As if the process had been killed before the last step: all is there but the names.
    Path working = Files.createDirectories(folder.resolve("new/Horos Data.restoring"));
    Files.move(target(), working.resolve("library"));
    Files.delete(working.resolve("library/DATABASE.noindex/10000/7.dcm"));
    write(
        working.resolve("library/DATABASE.noindex/10000/8.dcm.0123456789abcdef.part"),
        "unfinished");
    Path place = working.resolve("library/DATABASE.noindex/10000");
    Files.move(place.resolve("8.dcm.0123456789abcdef.part"), working.resolve("somebody.part"));

    CommandLineRun.Result again = restore();

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).contains("28 were there");
    assertThat(check(target())).startsWith("0: 27 files, 27 rows");
  }

  // ---- the script is no yes-man

  @Test
  @Needs(Peer.PYTHON)
  void theScriptFindsWhatBreaksTheRules() throws Exception {
    Path library;
    try (HorosLibraryFixture fixture = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      library = fixture.folder();
      fixture.importAll(TinyDicom.series(1, 1, 3));
      fixture.album("Lost", 99);
      fixture.sql("UPDATE ZSTUDY SET ZREPORTURL = 'REPORTS/gone.pdf'");
      Files.move(fixture.fileNumbered(2), fixture.fileNumbered(2).resolveSibling("IM2.dcm"));
      Path wrong = Files.createDirectories(library.resolve("DATABASE.noindex/20000"));
      Files.move(fixture.fileNumbered(3), wrong.resolve("3.dcm"));
    }
    write(library.resolve("Database.sql-wal"), "x");
    write(library.resolve("DeleteQueueFile.plist"), "x");

    String found = check(library);

    assertThat(found)
        .contains("side file Database.sql-wal")
        .contains("a queue of files to delete")
        .contains("no number: 10000/IM2.dcm")
        .contains("20000/3.dcm belongs into 10000")
        .contains("a row's file is not there: 2.dcm")
        .contains("a row's file is not there: 3.dcm")
        .contains("albums that hold studies which are not there")
        .contains("a report is not there: REPORTS/gone.pdf");
  }

  // ---- commands

  private void backUp(Path library) {
    CommandLineRun.Result backup =
        serdab(
            "backup",
            "--from",
            (library.endsWith("before") ? "folder:" : "") + library,
            "--to",
            "zip:" + folder.resolve("copies"));
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isIn(0, 3);
  }

  private Path target() {
    return folder.resolve("new/Horos Data");
  }

  private CommandLineRun.Result restore() {
    return restoreTo("horos-library:" + target(), "--all");
  }

  private CommandLineRun.Result restoreTo(String to, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("restore", "--from", "zip:" + folder.resolve("copies"), "--to", to));
    args.addAll(List.of(more));
    return serdab(args.toArray(new String[0]));
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  /// The script's exit code and what it printed.
  private static String check(Path library, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "python3",
                SharedData.checkout()
                    .resolve("product/src/test/resources/serdab/restore/check-library.py")
                    .toString(),
                library.toString()));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() + ": " + printed;
  }

  private Set<String> studyZips(String copies) throws IOException {
    Set<String> zips = new TreeSet<>();
    for (String name : filesIn(folder.resolve(copies))) {
      if (name.endsWith(".zip") && !name.startsWith("_")) {
        zips.add(name);
      }
    }
    return zips;
  }

  private static Set<String> filesIn(Path top) throws IOException {
    try (Stream<Path> files = Files.walk(top)) {
      Set<String> names = new TreeSet<>();
      files
          .filter(Files::isRegularFile)
          .forEach(file -> names.add(top.relativize(file).toString()));
      return names;
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static void delete(Path top) throws IOException {
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes seen) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path each, IOException failure)
              throws IOException {
            Files.delete(each);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
