package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.SourceRow;
import serdab.dicom.SourceRow.Value;
import serdab.dicom.SourceRows;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryBuilder.Model;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// What the index says of a study and its series, and how many of its rows point at a file.
class SourceRowReaderTest {

  @TempDir Path temp;

  @Test
  void theRowsOfAStudyAndItsSeriesAreGivenWithAllTheirValues() {
    byte[] thumbnail = {1, 2, 3, 4, 5};
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.importFile(TinyDicom.of(1, 2, 1));
      library.importFile(TinyDicom.of(2, 1, 1));
      library.sql(
          """
          UPDATE ZSTUDY SET ZCOMMENT = 'ask Dr Müller', ZSTATETEXT = 4, ZLOCKEDSTUDY = 1,
            ZDATEOPENED = 631152000.1234567, ZCOMMENT2 = '' WHERE Z_PK = ?\
          """,
          library.studyKey(TinyDicom.studyUid(1)));
      library.sql("UPDATE ZSERIES SET ZTHUMBNAIL = ? WHERE Z_PK = 2", (Object) thumbnail);
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = 'another' WHERE Z_PK = 2");
    }

    try (Inventory inventory = inventory()) {
      SourceRows rows = inventory.rows(study(inventory, 1));

      assertThat(rows.leftOut()).isZero();
      assertThat(rows.rows())
          .extracting(SourceRow::table)
          .containsExactly("ZSTUDY", "ZSERIES", "ZSERIES");
      assertThat(rows.rows()).extracting(SourceRow::key).containsExactly(1L, 1L, 2L);
      assertThat(rows.rows().getFirst().values())
          .containsEntry("ZCOMMENT", text("ask Dr Müller"))
          .containsEntry("ZSTATETEXT", text("4"))
          .containsEntry("ZLOCKEDSTUDY", text("1"))
          .containsEntry("ZDATEOPENED", text("6.311520001234567E8"))
          .containsEntry("ZCOMMENT2", text(""))
          .containsEntry("Z_PK", text("1"))
          .doesNotContainKeys("ZCOMMENT3", "ZWINDOWSSTATE");
      assertThat(rows.rows().get(2).values())
          .containsEntry("ZTHUMBNAIL", new Value.Large(5, Optional.of(Sha256.digest(thumbnail))))
          .containsEntry("ZSTUDY", text("1"));
    }
  }

  @Test
  void rowsOfOneStudyThatAreKeptTwiceAreBothGiven() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).patient("Doe^Jane", "1", ""));
      library.importFile(TinyDicom.of(1, 1, 2).patient("Doe^Jane Ann", "1", ""));
    }

    try (Inventory inventory = inventory()) {
      assertThat(inventory.rows(study(inventory, 1)).rows())
          .extracting(row -> row.table() + " " + row.key())
          .containsExactly("ZSTUDY 1", "ZSTUDY 2", "ZSERIES 1", "ZSERIES 2");
    }
  }

  @Test
  void aFileHasARowForEachOfItsFrames() throws Exception {
    Path outside = temp.resolve("outside/7.dcm");
    Files.createDirectories(outside.getParent());
    Files.write(outside, TinyDicom.of(1, 3, 1).bytes());
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1).frames(12));
      library.importFile(TinyDicom.of(1, 2, 1));
      library.linkFile(outside);
      // The same file by another name.
      library.linkFile(
          outside.resolveSibling("../outside/7.dcm").toString(), TinyDicom.of(1, 3, 1));
      Files.delete(library.fileNumbered(3));
    }

    try (Inventory inventory = inventory()) {
      Map<String, Long> counts = new TreeMap<>();
      for (SourceFile file : inventory.files(study(inventory, 1))) {
        counts.put(file.path().replaceAll(".*/", ""), file.rowCount());
      }

      assertThat(counts).isEqualTo(Map.of("2.dcm", 12L, "3.dcm", 1L, "7.dcm", 2L));
    }
  }

  @Test
  void filesThatNoRowNamesHaveNone() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.addOrphan(TinyDicom.of(9, 1, 1), Instant.parse("2020-01-01T00:00:00Z"));
    }

    try (Inventory inventory = inventory()) {
      SourceStudy orphan = study(inventory, 9);

      assertThat(inventory.rows(orphan)).isEqualTo(SourceRows.NONE);
      assertThat(inventory.files(orphan)).extracting(SourceFile::rowCount).containsExactly(0L);
    }
  }

  @Test
  void largeValuesAreOnlyKnownAgain() {
    String asLong = "é".repeat(SourceRow.VALUE_CHARACTERS_MAX);
    byte[] larger = new byte[SourceRowReader.READ_BYTES_MAX];
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql(
          """
          UPDATE ZSTUDY SET ZCOMMENT = ?1, ZCOMMENT2 = ?1 || 'x', ZWINDOWSSTATE = ?2,
            ZCOMMENT3 = zeroblob(?3), ZCOMMENT4 = X'FF00'\
          """,
          asLong,
          larger,
          larger.length + 1);
    }

    try (Inventory inventory = inventory()) {
      Map<String, Value> values = inventory.rows(study(inventory, 1)).rows().getFirst().values();

      assertThat(values)
          .containsEntry("ZCOMMENT", text(asLong))
          .containsEntry("ZCOMMENT2", large((asLong + "x").getBytes(StandardCharsets.UTF_8)))
          .containsEntry("ZWINDOWSSTATE", large(larger))
          .containsEntry("ZCOMMENT3", new Value.Large(larger.length + 1, Optional.empty()))
          .containsEntry("ZCOMMENT4", large(new byte[] {-1, 0}));
    }
  }

  @Test
  void moreRowsThanAnybodyNeedsAreCountedOnly() {
    int series = SourceRows.ROWS_MAX + 5;
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql(
          """
          WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO ZSERIES (Z_PK, ZSTUDY) SELECT i, 1 FROM n\
          """,
          series);
    }

    try (Inventory inventory = inventory()) {
      SourceRows rows = inventory.rows(study(inventory, 1));

      assertThat(rows.rows()).hasSize(SourceRows.ROWS_MAX);
      assertThat(rows.leftOut()).isEqualTo(6);
    }
  }

  @Test
  void columnsThatNoViewerMakesAreLeftOutAndCounted() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql(
          "ALTER TABLE ZSTUDY ADD COLUMN \"Z\"\"; DROP TABLE x; --\" VARCHAR DEFAULT 'bad'");
      library.sql("ALTER TABLE ZSTUDY ADD COLUMN \"Zß\" VARCHAR DEFAULT 'bad'");
      for (int i = 0; i < SourceRow.COLUMNS_MAX; i++) {
        library.sql("ALTER TABLE ZSTUDY ADD COLUMN ZMORE" + i + " INTEGER DEFAULT " + i);
      }
    }

    try (Inventory inventory = inventory()) {
      SourceRow row = inventory.rows(study(inventory, 1)).rows().getFirst();

      assertThat(row.values()).containsEntry("ZMORE0", text("0")).doesNotContainValue(text("bad"));
      // A stock table has 31 columns.
      assertThat(row.columnsLeftOut()).isEqualTo(31 + 2);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Model.class,
      names = {"V2_1", "V2_2", "V2_3", "V2_4"})
  void olderModelsGiveTheColumnsTheyHave(Model model) {
    String locked = model.compareTo(Model.V2_3) <= 0 ? "ZLOCKED" : "ZLOCKEDSTUDY";
    try (HorosLibraryFixture library = library().model(model).create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = 'kept', " + locked + " = 1");
    }

    try (Inventory inventory = inventory()) {
      assertThat(inventory.rows(study(inventory, 1)).rows().getFirst().values())
          .containsEntry("ZCOMMENT", text("kept"))
          .containsEntry(locked, text("1"));
    }
  }

  private static Value large(byte[] content) {
    return new Value.Large(content.length, Optional.of(Sha256.digest(content)));
  }

  private static Value text(String value) {
    return new Value.Text(PatientData.of(value));
  }

  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(temp).zone(ZoneId.of("UTC"));
  }

  private Inventory inventory() {
    return new HorosSource(
            temp,
            HorosSource.Settings.in(ZoneId.of("UTC")),
            temp.resolve("work"),
            InstantSource.fixed(Instant.parse("2030-01-01T00:00:00Z")),
            time -> {})
        .inventory();
  }

  private static SourceStudy study(Inventory inventory, int number) {
    List<SourceStudy> all;
    try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      all = studies.toList();
    }
    return all.stream()
        .filter(study -> study.key().value().equals(TinyDicom.studyUid(number)))
        .findFirst()
        .orElseThrow();
  }
}
