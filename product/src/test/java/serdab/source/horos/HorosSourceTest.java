package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Finding;
import serdab.PatientData;
import serdab.PatientData.Purpose;
import serdab.SerdabException;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver.NotGiven;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryBuilder.Model;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

class HorosSourceTest {

  private static final ZoneId SAO_PAULO = ZoneId.of("America/Sao_Paulo");
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  @TempDir Path temp;

  // ---- an ordinary library -----------------------------------------------------------------

  @Test
  void aStockLibraryIsListedWithAllItsFiles() {
    // The files of a stock library have no path text and no flag: NULL means "in the library".
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1).modality("MR"));
    }

    try (Inventory inventory = inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(2);
      SourceStudy study = study(inventory, TinyDicom.studyUid(1));
      assertThat(study.fileCount()).isEqualTo(3);
      assertThat(paths(inventory, study))
          .containsExactly(
              "DATABASE.noindex/10000/2.dcm",
              "DATABASE.noindex/10000/3.dcm",
              "DATABASE.noindex/10000/4.dcm");
      assertThat(libraryFindings(inventory)).isEmpty();
    }
  }

  @Test
  void filesAreDeliveredByteForByte() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();

      Delivery delivery = inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(received.files).containsOnlyKeys("DATABASE.noindex/10000/2.dcm");
      assertThat(received.files.get("DATABASE.noindex/10000/2.dcm"))
          .isEqualTo(TinyDicom.of(1, 1, 1).bytes());
    }
  }

  @Test
  void whatTheIndexKnowsOfAStudyIsTold() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(
          TinyDicom.of(1, 1, 1)
              .patient("山田^太郎", "P-77", "19581203")
              .taken("20230203", "235900")
              .modality("CT"));
      library.importFile(
          TinyDicom.of(1, 2, 1)
              .patient("山田^太郎", "P-77", "19581203")
              .taken("20230204", "000100")
              .modality("SR"));
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(study.facts().patientName()).isEqualTo(PatientData.of("山田 太郎"));
      assertThat(study.facts().patientId().reveal(Purpose.MATCH_QUERY)).isEqualTo("P-77");
      assertThat(study.facts().birthDate()).contains(PatientData.of(LocalDate.of(1958, 12, 3)));
      assertThat(study.facts().studyDate()).contains(LocalDate.of(2023, 2, 3));
      assertThat(study.facts().modalities()).containsExactly("CT", "SR");
      assertThat(study.dateAdded()).contains(Instant.parse("2024-03-01T15:00:02Z"));
    }
  }

  @Test
  void theExampleLibraryIsListed() {
    try (Inventory inventory =
        new HorosSource(
                SharedData.checkout().resolve("examples"),
                HorosSource.Settings.in(ZoneId.of("UTC")),
                temp.resolve("work"),
                InstantSource.fixed(NOW),
                time -> {})
            .inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(10);
      List<SourceStudy> studies = studies(inventory, Order.DATE_ADDED);
      assertThat(studies.stream().filter(s -> !s.key().isOther()).map(SourceStudy::fileCount))
          .containsExactly(4L, 12L, 2L, 3L, 1L, 1L, 1L, 1L, 1L, 1L);
      assertThat(studies.getFirst().facts().modalities()).containsExactly("CT", "SEG", "SR");
      for (SourceStudy study : studies) {
        Received received = new Received();
        assertThat(inventory.deliver(study, Set.of(), received))
            .isInstanceOf(Delivery.Complete.class);
        assertThat(received.notGiven).isEmpty();
        assertThat(received.files).hasSize((int) study.fileCount());
      }
      assertThat(libraryFindings(inventory)).isEmpty();
    }
  }

  @Test
  void theIndexItselfIsAFileOfItsOwnGroup() throws IOException {
    Path live;
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      live = library.indexFile();
    }

    try (Inventory inventory = inventory()) {
      SourceStudy group = group(inventory, "index");
      Received received = new Received();
      inventory.deliver(group, Set.of(), received);

      assertThat(received.files.get("Database.sql")).isEqualTo(Files.readAllBytes(live));
      assertThat(inventory.look(group)).isEqualTo(group.fingerprint());
    }
  }

  @Test
  void nothingOfTheLibraryIsChanged() throws IOException {
    Path folder;
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      folder = library.folder();
    }
    Map<String, FileTime> before = timesBelow(folder);

    try (Inventory inventory = inventory()) {
      for (SourceStudy study : studies(inventory, Order.STUDY_DATE)) {
        inventory.deliver(study, Set.of(), new Received());
      }
    }

    assertThat(timesBelow(folder)).isEqualTo(before);
    assertThat(temp.resolve("work"))
        .as("what is known of the index, and no copy of it")
        .isDirectoryNotContaining(file -> !file.getFileName().toString().startsWith("known-"));
  }

  @Test
  void whatAKilledRunLeftOfAnIndexIsDeleted() throws IOException {
    library().create().close();
    Path left = temp.resolve("work/index-999999999999-1");
    write(left.resolve("snapshot/Database.sql"), "names");
    Path other = temp.resolve("work/something-else");
    write(other, "stays");

    inventory().close();

    assertThat(left).doesNotExist();
    assertThat(other).exists();
  }

  // ---- rows, files and studies -------------------------------------------------------------

  @Test
  void aMultiFrameFileWithARowPerFrameIsOneFile() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).frames(40));
    }

    try (Inventory inventory = inventory()) {
      assertThat(onlyStudy(inventory).fileCount()).isEqualTo(1);
      assertThat(paths(inventory, onlyStudy(inventory))).hasSize(1);
    }
  }

  @Test
  void aFileInSeveralSeriesOfAStudyIsListedOnce() {
    try (HorosLibraryFixture library = library().create()) {
      int number = library.importFile(TinyDicom.of(1, 1, 1));
      long series = library.seriesRow(Map.of("ZSTUDY", 1, "ZMODALITY", "OT"));
      library.imageRow(Map.of("ZSERIES", series, "ZPATHNUMBER", number));
      // Another tool may write the flag that the viewer leaves out.
      library.imageRow(
          Map.of("ZSERIES", series, "ZPATHNUMBER", number, "ZSTOREDINDATABASEFOLDER", 1));
    }

    try (Inventory inventory = inventory()) {
      assertThat(onlyStudy(inventory).fileCount()).isEqualTo(1);
      assertThat(paths(inventory, onlyStudy(inventory))).hasSize(1);
    }
  }

  @Test
  void twoRowsOfOneStudyAreOneStudyAndTwoPatientsAreAFinding() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).patient("Doe^Jane", "1", "19700131"));
      library.importFile(TinyDicom.of(1, 1, 2).patient("Smith^Jane", "1", "19700131"));
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(study.fileCount()).isEqualTo(2);
      assertThat(paths(inventory, study)).hasSize(2);
      assertThat(study.facts().patientName()).isEqualTo(PatientData.of("Smith Jane"));
      assertThat(study.findings())
          .extracting(Finding::kind)
          .containsExactly("two-patients-one-study");
    }
  }

  @Test
  void twoRowsOfOneStudyAndOnePatientAreMergedWithoutAWord() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.importFile(TinyDicom.of(2, 1, 1));
      library.sql("UPDATE ZSTUDY SET ZSTUDYINSTANCEUID = ? || ' '", TinyDicom.studyUid(1));
    }

    try (Inventory inventory = inventory()) {
      assertThat(onlyStudy(inventory).fileCount()).isEqualTo(2);
      assertThat(onlyStudy(inventory).findings()).isEmpty();
    }
  }

  @Test
  void studiesOnTheViewersDefaultUidAreNotMerged() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.importFile(TinyDicom.of(2, 1, 1).patient("Roe^Richard", "2", "19800101"));
      library.importFile(TinyDicom.withUids("", "1.2.3.4", "1.2.3.4.5"));
      library.sql("UPDATE ZSTUDY SET ZSTUDYINSTANCEUID = '0.0.0.0.0' WHERE Z_PK < 3");
    }

    try (Inventory inventory = inventory()) {
      List<SourceStudy> studies = studies(inventory, Order.DATE_ADDED);
      assertThat(studies.stream().map(s -> s.key().value()).filter(k -> !k.startsWith("_")))
          .containsExactly(TinyDicom.studyUid(1), TinyDicom.studyUid(2), "row-5e0a3f6c-3");
      assertThat(studies.getFirst().findings())
          .extracting(Finding::kind)
          .containsExactly("default-study-uid");
    }
  }

  @Test
  void aRowOnTheDefaultUidJoinsTheStudyThatItsFilesName() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.importFile(TinyDicom.of(1, 1, 2).patient("Doe^J", "1", ""));
      library.sql("UPDATE ZSTUDY SET ZSTUDYINSTANCEUID = '0.0.0.0.0' WHERE Z_PK = 2");
    }

    try (Inventory inventory = inventory()) {
      assertThat(onlyStudy(inventory).fileCount()).isEqualTo(2);
    }
  }

  @Test
  void placeholdersAndEmptyStudiesAreFindingsNotStudies() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.placeholderStudy("1.2.3", "Nobody");
      library.studyRow(Map.of("ZSTUDYINSTANCEUID", "1.2.4"));
      long empty = library.studyRow(Map.of("ZSTUDYINSTANCEUID", "1.2.5"));
      library.seriesRow(Map.of("ZSTUDY", empty));
    }

    try (Inventory inventory = inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(1);
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactlyInAnyOrder(
              "placeholder-study", "study-without-images", "study-without-images");
    }
  }

  @Test
  void imagesWithoutASeriesAreTakenByTheirHeaders() {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
      library.sql("UPDATE ZIMAGE SET ZSERIES = NULL WHERE Z_PK = 2");
    }
    makeOld();

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(paths(inventory, study))
          .containsExactly("DATABASE.noindex/10000/2.dcm", "DATABASE.noindex/10000/3.dcm");
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactly("images-without-study");
    }
  }

  @Test
  void aRowThatNamesNoFileIsAFindingOfItsStudy() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.imageRow(Map.of("ZSERIES", 1));
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(study.findings())
          .extracting(Finding::kind)
          .containsExactly("index-row-without-file");
      assertThat(paths(inventory, study)).hasSize(1);
    }
  }

  // ---- files that are not where they should be ---------------------------------------------

  @Test
  void someMissingFilesAreNamedOneByOne() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      Files.delete(library.fileNumbered(3));
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      Delivery delivery = inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(received.files).hasSize(2);
      assertThat(received.notGiven)
          .containsExactly(entry("DATABASE.noindex/10000/3.dcm", NotGiven.MISSING));
    }
  }

  @Test
  void aFileThatTheViewerIsDeletingIsNotCalledMissing() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      // The viewer may see its library at another path.
      library.deletionQueue(
          List.of(
              Path.of("/Users/x/Horos Data/DATABASE.noindex/10000/3.dcm"),
              library.fileNumbered(4)));
      Files.delete(library.fileNumbered(3));
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(received.notGiven).isEmpty();
      assertThat(received.files)
          .containsOnlyKeys("DATABASE.noindex/10000/2.dcm", "DATABASE.noindex/10000/4.dcm");
    }
  }

  @Test
  void linkedFilesOfOneNameKeepTheirFoldersApart() throws IOException {
    // A CD copied in parts: IM0001 in two folders.
    Path first = temp.resolve("cd/a/IM0001");
    Path second = temp.resolve("cd/b/IM0001");
    for (Path each : List.of(first, second)) {
      Files.createDirectories(each.getParent());
      Files.write(each, TinyDicom.of(1, 1, each.equals(first) ? 1 : 2).bytes());
    }
    try (HorosLibraryFixture library = library().create()) {
      library.linkFile(first);
      library.linkFile(second);
      library.linkFile("/Volumes/NotMounted/IM0001", TinyDicom.of(1, 1, 3));
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(received.files.keySet())
          .hasSize(2)
          .allMatch(path -> path.startsWith("linked/") && path.endsWith("/IM0001"));
      assertThat(received.notGiven)
          .containsExactly(entry("linked/Volumes/NotMounted/IM0001", NotGiven.OFFLINE));
    }
  }

  @Test
  void namesWithAnotherExtensionAreFoundByTheirText() {
    try (HorosLibraryFixture library = library().firstNumber(9_999).create()) {
      library.importNamed(TinyDicom.of(1, 1, 1), "tif");
      library.importNamed(TinyDicom.of(1, 1, 2), "DCM");
    }

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, onlyStudy(inventory)))
          .containsExactlyInAnyOrder(
              "DATABASE.noindex/10000/9999.tif", "DATABASE.noindex/20000/10000.DCM");
    }
  }

  @Test
  void thePixelsOfAnAnalyzeImageGoWithItsHeader() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      String header = library.importNamed(TinyDicom.of(1, 1, 1), "hdr");
      Files.writeString(
          library.fileNumbered(2).resolveSibling(header.replace(".hdr", ".img")), "pixels");
    }
    makeOld();

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, onlyStudy(inventory)))
          .containsExactly("DATABASE.noindex/10000/2.hdr", "DATABASE.noindex/10000/2.img");
      assertThat(otherGroups(inventory)).containsExactly("index", "made");
    }
  }

  @Test
  void anotherFolderSizeIsReadFromTheFolders() {
    try (HorosLibraryFixture library = library().folderSize(500).firstNumber(490).create()) {
      library.importAll(TinyDicom.series(1, 1, 30));
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(received.notGiven).isEmpty();
      assertThat(received.files)
          .hasSize(30)
          .containsKeys("DATABASE.noindex/500/499.dcm", "DATABASE.noindex/1000/500.dcm");
    }
  }

  // ---- dates and order ---------------------------------------------------------------------

  @Test
  void aDateWrittenAsTextIsUnknownAndAFinding() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.importFile(TinyDicom.of(2, 1, 1));
      // Read as seconds, the first would be a day in August 2001.
      library.sql("ALTER TABLE ZSTUDY RENAME COLUMN ZDATE TO ZFORMERDATE");
      library.sql("ALTER TABLE ZSTUDY ADD COLUMN ZDATE");
      library.sql("UPDATE ZSTUDY SET ZDATE = '20230203' WHERE Z_PK = 1");
      library.sql("UPDATE ZSTUDY SET ZDATE = 1e300 WHERE Z_PK = 2");
    }

    try (Inventory inventory = inventory()) {
      for (int i = 1; i <= 2; i++) {
        SourceStudy study = study(inventory, TinyDicom.studyUid(i));
        assertThat(study.facts().studyDate()).isEmpty();
        assertThat(study.findings())
            .extracting(Finding::kind)
            .containsExactly("date-of-study-not-understood");
      }
    }
  }

  /// Defect A11 of the script before us: it took such a date for a day in August 2001.
  @Test
  void aDateWrittenAsDigitsIsThatDayAndAFinding() {
    try (HorosLibraryFixture library = library().zone(SAO_PAULO).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql(
          "UPDATE ZSTUDY SET ZDATE = '20230203', ZDATEADDED = '20230204', ZDATEOFBIRTH = '19700131',"
              + " ZPATIENTUID = 'DOE JANE-4711'");
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = study(inventory, TinyDicom.studyUid(1));
      assertThat(study.facts().studyDate()).contains(LocalDate.of(2023, 2, 3));
      assertThat(study.facts().birthDate().map(date -> date.reveal(Purpose.SHOW_TO_OWNER)))
          .contains(LocalDate.of(1970, 1, 31));
      assertThat(study.dateAdded())
          .contains(LocalDate.of(2023, 2, 4).atTime(12, 0).atZone(SAO_PAULO).toInstant());
      assertThat(study.findings())
          .extracting(Finding::kind)
          .containsExactly("date-as-text", "date-as-text", "date-as-text");
    }
  }

  @Test
  void aStudyNearMidnightKeepsItsDayInTheZoneOfThePlan() {
    try (HorosLibraryFixture library = library().zone(SAO_PAULO).create()) {
      library.importFile(TinyDicom.of(1, 1, 1).taken("20230131", "235959"));
      library.importFile(TinyDicom.of(2, 1, 1).taken("20230201", "000000"));
    }

    try (Inventory inventory = inventory()) {
      assertThat(study(inventory, TinyDicom.studyUid(1)).facts().studyDate())
          .contains(LocalDate.of(2023, 1, 31));
      assertThat(study(inventory, TinyDicom.studyUid(2)).facts().studyDate())
          .contains(LocalDate.of(2023, 2, 1));
    }
  }

  @Test
  void studiesComeInTheWantedOrderWithUnknownDatesLastAndGroupsAfterThem() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(3, 1, 1).taken("20200101", "100000"));
      library.importFile(TinyDicom.of(1, 1, 1).taken("20220101", "100000"));
      library.importFile(TinyDicom.of(2, 1, 1).taken("20210101", "100000"));
      library.importFile(TinyDicom.of(4, 1, 1).taken("20210101", "100000"));
      library.sql("UPDATE ZSTUDY SET ZDATE = NULL WHERE Z_PK = 1");
    }

    try (Inventory inventory = inventory()) {
      assertThat(order(inventory, Order.STUDY_DATE)).containsExactly(2, 4, 1, 3);
      assertThat(order(inventory, Order.DATE_ADDED)).containsExactly(3, 1, 2, 4);
      assertThat(order(inventory, Order.DATE_ADDED_NEWEST)).containsExactly(4, 2, 1, 3);
      assertThat(studies(inventory, Order.STUDY_DATE).getLast().key().isOther()).isTrue();
    }
  }

  @Test
  void joinedModalitiesAreSplitTrimmedAndInUpperCase() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql("UPDATE ZSERIES SET ZMODALITY = ' ct\\sr '");
    }

    try (Inventory inventory = inventory()) {
      assertThat(onlyStudy(inventory).facts().modalities()).containsExactly("CT", "SR");
    }
  }

  // ---- change ------------------------------------------------------------------------------

  @Test
  void aStudyThatGrowsOrShrinksOrIsEditedHasAnotherFingerprint() {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1));
      String first = fingerprint(1);
      String untouched = fingerprint(2);

      library.importFile(TinyDicom.of(1, 1, 4));
      String grown = fingerprint(1);
      library.sql("DELETE FROM ZIMAGE WHERE Z_PK = 2");
      String shrunk = fingerprint(1);
      library.sql("UPDATE ZIMAGE SET ZCOMMENT = 'x', Z_OPT = Z_OPT + 1 WHERE Z_PK = 1");
      String edited = fingerprint(1);

      assertThat(Set.of(first, grown, shrunk, edited)).hasSize(4);
      assertThat(fingerprint(2)).isEqualTo(untouched);
      library.sql("UPDATE Z_METADATA SET Z_UUID = 'AAAAAAAA-0000-0000-0000-000000000000'");
      assertThat(fingerprint(2)).isNotEqualTo(untouched);
    }
  }

  @Test
  void lookingTellsAFileThatWasRewrittenInPlace() throws IOException {
    Path file;
    try (HorosLibraryFixture library = library().create()) {
      file = library.fileNumbered(library.importFile(TinyDicom.of(1, 1, 1)));
    }
    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      String before = inventory.look(study);
      assertThat(inventory.look(study)).isEqualTo(before);

      Files.setLastModifiedTime(file, FileTime.from(NOW));

      assertThat(inventory.look(study)).isNotEqualTo(before);
    }
  }

  @Test
  void aFileThatChangesWhileItIsReadEndsTheDelivery() throws IOException {
    Path file;
    try (HorosLibraryFixture library = library().create()) {
      file = library.fileNumbered(library.importFile(TinyDicom.of(1, 1, 1)));
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();
      received.afterReading =
          () -> {
            try {
              Files.write(file, new byte[10]);
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          };

      Delivery delivery = inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(delivery)
          .isInstanceOfSatisfying(
              Delivery.Changed.class,
              changed -> assertThat(changed.file().path()).endsWith("/2.dcm"));
    }
  }

  @Test
  void aFileLeftOutIsNamedAndNotOpened() {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();

      inventory.deliver(onlyStudy(inventory), Set.of("DATABASE.noindex/10000/2.dcm"), received);

      assertThat(received.files).containsOnlyKeys("DATABASE.noindex/10000/3.dcm");
      assertThat(received.notGiven)
          .containsExactly(entry("DATABASE.noindex/10000/2.dcm", NotGiven.UNREADABLE));
    }
  }

  @Test
  void aFileThatIsCutOffWhileItIsReadIsReadAgainAndNotLeftOut() throws IOException {
    Path file;
    try (HorosLibraryFixture library = library().create()) {
      file = library.fileNumbered(library.importFile(TinyDicom.of(1, 1, 1)));
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();
      received.afterReading =
          () -> {
            try {
              Files.write(file, new byte[10]);
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          };
      received.failure = "the file ended at byte 10";

      Delivery delivery = inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(delivery).isInstanceOf(Delivery.Changed.class);
    }
  }

  @Test
  void aRowThatNamesAFileInAWayThatIsNotUsedIsAFileThatCannotBeRead() {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
      library.sql(
          "UPDATE ZIMAGE SET ZPATHNUMBER = NULL, ZPATHSTRING = 'IMAGES/3.dcm' WHERE ZPATHNUMBER = 3");
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();

      inventory.deliver(study(inventory, TinyDicom.studyUid(1)), Set.of(), received);

      assertThat(received.notGiven).hasSize(1).containsValue(NotGiven.UNREADABLE);
    }
  }

  @Test
  void aLinkedFileOfAnotherLibraryIsNotTakenForTheFileOfThatNumberHere() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.linkFile(
          "/no-such-root-folder/Horos Data/DATABASE.noindex/10000/2.dcm", TinyDicom.of(2, 1, 1));
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();

      inventory.deliver(study(inventory, TinyDicom.studyUid(2)), Set.of(), received);

      assertThat(received.files).isEmpty();
      assertThat(received.notGiven).hasSize(1).containsValue(NotGiven.OFFLINE);
    }
  }

  @Test
  void aFileOfALibraryThatWasMovedIsFoundInItsNewPlace() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql(
          "UPDATE ZIMAGE SET ZPATHNUMBER = NULL,"
              + " ZPATHSTRING = '/no-such-root-folder/Horos Data/DATABASE.noindex/10000/2.dcm'");
    }
    try (Inventory inventory = inventory()) {
      Received received = new Received();

      inventory.deliver(onlyStudy(inventory), Set.of(), received);

      assertThat(received.files).containsOnlyKeys("DATABASE.noindex/10000/2.dcm");
      assertThat(received.notGiven).isEmpty();
    }
  }

  // ---- files that the index does not know --------------------------------------------------

  @Test
  void imagesWithoutARowJoinTheirStudyOnceTheyAreAnHourOld() {
    Instant old = NOW.minusSeconds(7200);
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.addOrphan(TinyDicom.of(1, 1, 2), old);
      library.addOrphan(TinyDicom.of(7, 1, 1).modality("MR").taken("20190305", ""), old);
      library.addOrphan(TinyDicom.of(8, 1, 1), NOW.minusSeconds(60));
    }

    try (Inventory inventory = inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(2);
      assertThat(paths(inventory, study(inventory, TinyDicom.studyUid(1)))).hasSize(2);
      SourceStudy found = study(inventory, TinyDicom.studyUid(7));
      assertThat(found.facts().modalities()).containsExactly("MR");
      assertThat(found.facts().studyDate()).contains(LocalDate.of(2019, 3, 5));
      assertThat(found.facts().patientId()).isEqualTo(PatientData.of("4711"));
      assertThat(found.dateAdded()).contains(old);
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactly("images-without-row-yet");
    }
  }

  @Test
  void anImageWithoutARowFromTheFutureIsNotTakenForOneThatJustCame() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.addOrphan(TinyDicom.of(7, 1, 1), NOW.plusSeconds(10 * 365 * 86_400L));
    }

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, study(inventory, TinyDicom.studyUid(7)))).hasSize(1);
    }
  }

  @Test
  void filesThatLeaveTheIncomingFolderWhileTheyAreCountedAreNoFailure() throws Exception {
    Path incoming = Files.createDirectories(temp.resolve("INCOMING.noindex"));
    List<Path> files = new java.util.ArrayList<>();
    for (int i = 0; i < 200; i++) {
      files.add(incoming.resolve("CT_" + i + ".dcm"));
    }
    var stop = new java.util.concurrent.atomic.AtomicBoolean();
    Thread viewer =
        Thread.ofPlatform()
            .start(() -> {
              try {
                while (!stop.get()) {
                  for (Path file : files) {
                    Files.write(file, new byte[1]);
                  }
                  for (Path file : files) {
                    Files.delete(file);
                  }
                }
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    try {
      for (int i = 0; i < 300; i++) {
        assertThat(UnindexedFiles.countFiles(incoming, 1000)).isBetween(0L, 200L);
      }
    } finally {
      stop.set(true);
      viewer.join();
    }
  }

  @Test
  void everyOtherFileOfTheLibraryIsInAGroup() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      write(library.folder().resolve("REPORTS/DOE JANE.odt"), "report");
      write(library.folder().resolve("ROIs/1.2.3 1-0.dcm"), "roi");
      write(library.folder().resolve("CLUTs/mine.plist"), "clut");
      write(library.folder().resolve("3DSTATE/b"), "state");
      write(library.folder().resolve("3DPRESETS/a.plist"), "preset");
      write(library.folder().resolve("PAGES/letter.pages"), "template");
      write(library.folder().resolve("ReportTemplate.rtf"), "template");
      write(library.folder().resolve("NOT READABLE/x"), "x");
      write(library.folder().resolve("Database.sql - old"), "old");
      write(library.folder().resolve("DATABASE.noindex/10000/notes.txt"), "text");
      write(library.folder().resolve("DATABASE.noindex/stray/deep/IM1"), "text");
      write(library.folder().resolve(".DS_Store"), "finder");
      write(library.folder().resolve("INCOMING.noindex/1.dcm"), "arriving");
      write(library.folder().resolve("Loading"), "");
    }
    makeOld();

    try (Inventory inventory = inventory()) {
      Map<String, List<String>> groups = new HashMap<>();
      for (SourceStudy group : studies(inventory, Order.STUDY_DATE)) {
        if (group.key().isOther()) {
          groups.put(group.key().libraryGroup(), paths(inventory, group));
        }
      }
      assertThat(groups)
          .containsOnly(
              entry("index", List.of("DB_VERSION", "Database.sql", "index-copy.json")),
              entry(
                  "made",
                  List.of("albums.json", "albums.plist", "network-log.jsonl", "studies.jsonl")),
              entry("templates", List.of("PAGES/letter.pages", "ReportTemplate.rtf")),
              entry("reports", List.of("REPORTS/DOE JANE.odt")),
              entry("rois", List.of("ROIs/1.2.3 1-0.dcm")),
              entry("viewer-files", List.of("3DPRESETS/a.plist", "3DSTATE/b", "CLUTs/mine.plist")),
              entry("not-readable", List.of("NOT READABLE/x")),
              entry("earlier-index", List.of("Database.sql - old")),
              entry("unindexed-10000", List.of("DATABASE.noindex/10000/notes.txt")),
              entry("unindexed-stray", List.of("DATABASE.noindex/stray/deep/IM1")));
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactlyInAnyOrder("files-in-passing", "viewer-busy");
    }
    assertThat(source().incomingCount(10)).isEqualTo(1);
  }

  @Test
  void foldersTooDeepToListAreAGapAndNotPassedOver() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      String deep = "/a".repeat(20);
      write(library.folder().resolve("DATABASE.noindex/10000" + deep + "/IM1"), "text");
      write(library.folder().resolve("REPORTS" + deep + "/report.odt"), "text");
    }
    makeOld();

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      SourceStudy gap =
          studies(inventory, Order.STUDY_DATE).stream()
              .filter(study -> study.key().isUnread())
              .findFirst()
              .orElseThrow();

      inventory.deliver(gap, Set.of(), received);

      assertThat(received.files).isEmpty();
      assertThat(received.notGiven).hasSize(2).containsValue(NotGiven.UNREADABLE);
    }
  }

  @Test
  void withoutAnIndexStudiesComeFromTheFiles() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
      library.importFile(TinyDicom.of(2, 1, 1).modality("MR"));
    }
    Files.delete(folder().resolve("Database.sql"));

    try (Inventory inventory = inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(2);
      SourceStudy study = study(inventory, TinyDicom.studyUid(1));
      assertThat(paths(inventory, study)).hasSize(2);
      assertThat(study.facts().patientName()).isEqualTo(PatientData.of("Doe^Jane"));
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactly("index-missing");
    }
  }

  @Test
  void aDamagedIndexIsNoReasonNotToCopy() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
    }
    byte[] index = Files.readAllBytes(folder().resolve("Database.sql"));
    for (byte[] damaged :
        List.of(
            new byte[0],
            "this is no database, it is a text file".getBytes(StandardCharsets.UTF_8),
            java.util.Arrays.copyOf(index, index.length / 2))) {
      Files.write(folder().resolve("Database.sql"), damaged);

      try (Inventory inventory = inventory()) {
        assertThat(paths(inventory, onlyStudy(inventory))).hasSize(2);
        assertThat(libraryFindings(inventory))
            .extracting(Finding::kind)
            .containsExactly("index-unusable", "index-damaged");
        Received received = new Received();
        inventory.deliver(group(inventory, "index-damaged"), Set.of(), received);
        assertThat(received.files.get("Database.sql")).isEqualTo(damaged);
      }
    }
  }

  // ---- indexes of every kind ---------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(
      value = Model.class,
      names = {"V2_1", "V2_2", "V2_3", "V2_4", "V2_5"})
  void everyModelLeadsToTheFiles(Model model) {
    try (HorosLibraryFixture library = library().model(model).create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(paths(inventory, study)).hasSize(3);
      assertThat(study.facts().patientId()).isEqualTo(PatientData.of("4711"));
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactlyElementsOf(
              model == Model.V2_1 ? List.of("index-model-untested") : List.of());
    }
  }

  @Test
  void anIndexOfAnUnknownModelIsReplacedByTheFiles() {
    try (HorosLibraryFixture library = library().model(Model.UNKNOWN).create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
    }

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, onlyStudy(inventory))).hasSize(3);
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactly("index-model-unknown");
    }
  }

  @Test
  void entitiesMayHaveOtherNumbersAndColumnsAnotherOrder() {
    try (HorosLibraryFixture library =
        library().renumberedEntities().shuffledColumns().withoutModelCache().wal().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.album("Teaching", 1);
    }

    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      assertThat(paths(inventory, study)).hasSize(3);
      assertThat(study.facts().patientName()).isEqualTo(PatientData.of("Doe Jane"));
    }
  }

  @Test
  void anIndexWhoseTablesAreViewsIsNotTrusted() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
      library.sql("ALTER TABLE ZIMAGE RENAME TO ZHIDDEN");
      library.sql("CREATE VIEW ZIMAGE AS SELECT * FROM ZHIDDEN");
    }

    try (Inventory inventory = inventory()) {
      assertThat(libraryFindings(inventory))
          .extracting(Finding::kind)
          .containsExactly("index-model-unknown");
      assertThat(paths(inventory, onlyStudy(inventory))).hasSize(2);
    }
  }

  // ---- folders -----------------------------------------------------------------------------

  @Test
  void filesMayLieInAnotherFolder() {
    Path other = temp.resolve("big disk");
    try (HorosLibraryFixture library = library().filesIn(other).create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
    }

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, onlyStudy(inventory)))
          .containsExactly("DATABASE.noindex/10000/2.dcm", "DATABASE.noindex/10000/3.dcm");
      assertThat(source().dataFolder()).isEqualTo(other.toAbsolutePath());
      assertThat(source().folders()).contains(source().root(), other.toAbsolutePath());
    }
  }

  @Test
  void aFolderThatIsNotMountedIsNeverAnEmptyLibrary() throws IOException {
    Path other = temp.resolve("big disk");
    try (HorosLibraryFixture library = library().filesIn(other).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    Files.move(other, temp.resolve("unplugged"));

    assertThatThrownBy(this::source)
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("data-folder-not-there");
    assertThatThrownBy(() ->
            new HorosSource(
                temp.resolve("nowhere"),
                HorosSource.Settings.in(SAO_PAULO),
                temp.resolve("work"),
                InstantSource.fixed(NOW),
                time -> {}))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("library-not-there");
    assertThat(temp.resolve("work")).doesNotExist();
  }

  @Test
  void aLibraryWithoutIndexAndFilesIsNotThere() throws IOException {
    library().create().close();
    Files.delete(folder().resolve("Database.sql"));

    assertThatThrownBy(() -> source().inventory())
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("library-empty");
    assertThat(temp.resolve("work"))
        .as("what is known of the index, and no copy of it")
        .isDirectoryNotContaining(file -> !file.getFileName().toString().startsWith("known-"));
  }

  @Test
  void anIndexBeingUpgradedIsLeftAlone() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    Files.createFile(folder().resolve("Database3.sql"));

    assertThatThrownBy(() -> source().inventory())
        .isInstanceOf(SerdabException.HeldBack.class)
        .hasMessageContaining("index-upgrade");
  }

  @Test
  @DisabledOnOs(
      value = OS.WINDOWS,
      disabledReason = "it has no FIFOs, and making links there needs a privilege")
  void aLinkedFolderOfFilesIsFollowedAndAFinderAliasIsReported() throws IOException {
    try (HorosLibraryFixture library =
        library().databaseFolderLinkedTo(temp.resolve("big disk/files")).create()) {
      library.importAll(TinyDicom.series(1, 1, 2));
    }

    try (Inventory inventory = inventory()) {
      assertThat(paths(inventory, onlyStudy(inventory))).hasSize(2);
    }

    Files.delete(folder().resolve("DATABASE.noindex"));
    Files.write(
        folder().resolve("DATABASE.noindex"),
        "book\0\0\0\0mark\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(this::source)
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("database-folder-is-alias");
  }

  @Test
  void filesThatGoAwayWithTheirVolumeAreNotCalledMissing() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
    }
    try (Inventory inventory = inventory()) {
      SourceStudy study = onlyStudy(inventory);
      Files.move(folder(), temp.resolve("pulled"));

      // A code of this kind ends the run; any other makes one study after the other fail.
      assertThatThrownBy(() -> inventory.deliver(study, Set.of(), new Received()))
          .isInstanceOf(SerdabException.Unavailable.class)
          .hasMessageContaining("source-went-away");
    }
  }

  @Test
  void libraryPathsAreRecognised() throws IOException {
    library().create().close();

    assertThat(HorosSource.libraryAt(folder())).contains(folder());
    assertThat(HorosSource.libraryAt(temp)).contains(folder());
    assertThat(HorosSource.libraryAt(folder().resolve("DATABASE.noindex"))).isEmpty();
  }

  // ---- helpers -----------------------------------------------------------------------------

  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(temp).zone(SAO_PAULO);
  }

  private Path folder() {
    return temp.resolve("Horos Data");
  }

  private HorosSource source() {
    return new HorosSource(
        temp,
        HorosSource.Settings.in(SAO_PAULO),
        temp.resolve("work"),
        InstantSource.fixed(NOW),
        time -> {});
  }

  private Inventory inventory() {
    return source().inventory();
  }

  private String fingerprint(int study) {
    try (Inventory inventory = inventory()) {
      return study(inventory, TinyDicom.studyUid(study)).fingerprint();
    }
  }

  private static List<SourceStudy> studies(Inventory inventory, Order order) {
    try (Stream<SourceStudy> all = inventory.studies(order)) {
      return all.toList();
    }
  }

  private static SourceStudy study(Inventory inventory, String key) {
    return studies(inventory, Order.STUDY_DATE).stream()
        .filter(study -> study.key().value().equals(key))
        .findFirst()
        .orElseThrow(() -> new AssertionError("not listed: " + key));
  }

  private static SourceStudy group(Inventory inventory, String name) {
    return studies(inventory, Order.STUDY_DATE).stream()
        .filter(study -> study.key().isLibrary() && study.key().libraryGroup().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("not listed: " + name));
  }

  private static SourceStudy onlyStudy(Inventory inventory) {
    List<SourceStudy> all =
        studies(inventory, Order.STUDY_DATE).stream().filter(s -> !s.key().isOther()).toList();
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static List<String> otherGroups(Inventory inventory) {
    return studies(inventory, Order.STUDY_DATE).stream()
        .map(SourceStudy::key)
        .filter(StudyKey::isLibrary)
        .map(StudyKey::libraryGroup)
        .toList();
  }

  private static List<Integer> order(Inventory inventory, Order order) {
    return studies(inventory, order).stream()
        .filter(study -> !study.key().isOther())
        .map(study -> Integer.valueOf(study.key().value().replaceAll(".*\\.", "")))
        .toList();
  }

  private static List<String> paths(Inventory inventory, SourceStudy study) {
    return inventory.files(study).stream().map(SourceFile::path).toList();
  }

  private static List<Finding> libraryFindings(Inventory inventory) {
    try (Stream<Finding> all = inventory.findings()) {
      return all.toList();
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /// Sets all files of the library back, so that none counts as just arriving.
  private void makeOld() {
    try (Stream<Path> all = Files.walk(folder())) {
      for (Path each : all.filter(Files::isRegularFile).toList()) {
        Files.setLastModifiedTime(each, FileTime.from(NOW.minusSeconds(86_400)));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Map<String, FileTime> timesBelow(Path folder) throws IOException {
    Map<String, FileTime> times = new HashMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.toList()) {
        times.put(folder.relativize(each).toString(), Files.getLastModifiedTime(each));
      }
    }
    return times;
  }
}
