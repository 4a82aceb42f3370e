package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceHealth;
import serdab.source.SourceStudy;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// How a library is, and which of its studies its viewer is about to delete.
class HorosHealthTest {

  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  /// So large that no disk has as much room: the viewer would clean up at any time.
  private static final Optional<AutoClean> ABOUT_TO_CLEAN =
      Optional.of(new AutoClean(true, 1L << 40));

  @TempDir Path temp;

  @Test
  void filesAreCountedInTheIndexAndOnTheDisk() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1).frames(4));
      library.importNamed(TinyDicom.of(2, 2, 1), "tif");
      library.linkFile("/Volumes/away/x.dcm", TinyDicom.of(3, 1, 1));
      library.addOrphan(TinyDicom.of(4, 1, 1), NOW.minus(Duration.ofDays(2)));
      Files.delete(library.fileNumbered(3));
      library.deletionQueue(List.of(library.fileNumbered(2), library.fileNumbered(9)));
      Files.createDirectories(library.folder().resolve("INCOMING.noindex"));
      Files.writeString(library.folder().resolve("INCOMING.noindex/a.dcm"), "arriving");
    }

    try (Inventory inventory = inventory(Optional.of(new AutoClean(true, 1024)))) {
      SourceHealth health = inventory.health().orElseThrow();

      assertThat(health.studiesInIndex()).isEqualTo(3);
      assertThat(health.filesInIndex()).as("three, one of many frames, one .tif").isEqualTo(5);
      assertThat(health.filesOnDisk()).as("one is gone, one has no row").isEqualTo(5);
      assertThat(health.filesMissing()).isEqualTo(1);
      assertThat(health.autoClean()).contains(true);
      assertThat(health.queuedForDeletion()).isEqualTo(2);
      assertThat(health.waitingForImport()).isEqualTo(1);
      assertThat(health.library()).matches("horos-[0-9a-f]{8}");
      assertThat(health.indexId()).isNotEmpty();
    }
  }

  @Test
  void withoutAnIndexTheFilesAreStillCounted() throws IOException {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
    }
    Files.delete(temp.resolve("Horos Data/Database.sql"));

    try (Inventory inventory = inventory(Optional.empty())) {
      SourceHealth health = inventory.health().orElseThrow();

      assertThat(health.filesOnDisk()).isEqualTo(3);
      assertThat(health.filesInIndex()).isZero();
      assertThat(health.studiesInIndex()).isZero();
      assertThat(health.autoClean()).isEmpty();
    }
  }

  @Test
  void aStudyWhoseFileTheViewerHasQueuedIsEndangered() {
    try (HorosLibraryFixture library = library().create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1));
      String named = library.importNamed(TinyDicom.of(3, 1, 1), "DCM");
      library.importFile(TinyDicom.of(4, 1, 1));
      library.deletionQueue(
          List.of(library.fileNumbered(3), library.fileNumbered(6).resolveSibling(named)));
    }

    assertThat(endangered(Optional.of(new AutoClean(false, 0)))).containsExactly(1, 3);
  }

  @Test
  void aQueuedFileThatHasLostItsRowIsCopiedAtOnceAndFirst() {
    try (HorosLibraryFixture library = library().create()) {
      library.importFile(TinyDicom.of(1, 1, 1));
      Path leaving = library.addOrphan(TinyDicom.of(2, 1, 1), NOW.minusSeconds(5));
      library.addOrphan(TinyDicom.of(3, 1, 1), NOW.minusSeconds(5));
      library.deletionQueue(List.of(leaving));
    }

    // The third is most likely arriving, and waits.
    assertThat(endangered(Optional.of(new AutoClean(false, 0)))).containsExactly(2);
    try (Inventory inventory = inventory(Optional.empty())) {
      assertThat(inventory.studyCount()).isEqualTo(2);
    }
  }

  @Test
  void whatTheViewersCleanUpWouldTakeNextIsEndangered() {
    Instant old = NOW.minus(Duration.ofDays(400));
    try (HorosLibraryFixture library = library().importedAt(old).create()) {
      for (int study = 1; study <= 6; study++) {
        library.importFile(TinyDicom.of(study, 1, 1));
      }
      library.sql("UPDATE ZSTUDY SET ZLOCKEDSTUDY = 1 WHERE Z_PK = 1");
      library.sql("UPDATE ZSTUDY SET ZCOMMENT2 = 'keep' WHERE Z_PK = 2");
      library.album("kept", library.studyKey(TinyDicom.studyUid(3)));
      library.sql(
          "UPDATE ZSTUDY SET ZDATEADDED = ? WHERE Z_PK = 4",
          HorosLibraryFixture.coreData(NOW.minus(Duration.ofMinutes(90))));
    }

    assertThat(endangered(ABOUT_TO_CLEAN)).containsExactly(5, 6);
    assertThat(endangered(Optional.of(new AutoClean(true, 0)))).as("there is room").isEmpty();
    assertThat(endangered(Optional.of(new AutoClean(false, 1L << 40)))).as("it is off").isEmpty();
  }

  @Test
  void onlyOnePassOfTheCleanUpIsLookedAhead() {
    Instant old = NOW.minus(Duration.ofDays(400));
    try (HorosLibraryFixture library = library().importedAt(old).create()) {
      for (int study = 1; study <= AutoClean.STUDIES_PER_PASS + 5; study++) {
        library.importFile(TinyDicom.of(study, 1, 1));
      }
    }

    assertThat(endangered(ABOUT_TO_CLEAN))
        .hasSize(AutoClean.STUDIES_PER_PASS)
        .contains(1, AutoClean.STUDIES_PER_PASS)
        .doesNotContain(AutoClean.STUDIES_PER_PASS + 1);
  }

  @Test
  void theStateOfAStudyIsSaidInWords() {
    try (HorosLibraryFixture library = library().create()) {
      for (int study = 1; study <= 6; study++) {
        library.importFile(TinyDicom.of(study, 1, 1));
        library.sql("UPDATE ZSTUDY SET ZSTATETEXT = ? WHERE Z_PK = ?", study - 1, study);
      }
      library.sql("UPDATE ZSTUDY SET ZSTATETEXT = NULL WHERE Z_PK = 1");
    }

    try (Inventory inventory = inventory(Optional.empty())) {
      List<String> states =
          studies(inventory).stream()
              .map(study -> number(study) + "=" + inventory.state(study).orElse("?"))
              .sorted()
              .toList();

      assertThat(states)
          .containsExactly("1=empty", "2=unread", "3=reviewed", "4=dictated", "5=validated", "6=?");
    }
  }

  @Test
  void theViewersPreferencesSayWhetherItCleansUp() throws IOException {
    library().create().close();
    Path preferences =
        Files.createDirectories(temp.resolve("user/Library/Preferences"))
            .resolve("org.horosproject.horos.plist");

    assertThat(AutoClean.find(temp.resolve("user"), temp)).isEmpty();
    Files.writeString(preferences, plist(""));
    assertThat(AutoClean.find(temp.resolve("user"), temp)).contains(AutoClean.VIEWERS_DEFAULT);
    Files.writeString(
        preferences,
        plist(
            "<key>AUTOCLEANINGSPACE</key><false/>"
                + "<key>AUTOCLEANINGSPACESIZE</key><integer>5000</integer>"));
    assertThat(AutoClean.find(temp.resolve("user"), temp)).contains(new AutoClean(false, 5000));
  }

  private static String plist(String content) {
    return "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>" + content + "</dict></plist>";
  }

  // ----

  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(temp).zone(ZoneId.of("UTC"));
  }

  private Inventory inventory(Optional<AutoClean> clean) {
    makeOld();
    return new HorosSource(
            temp,
            HorosSource.Settings.in(ZoneId.of("UTC")).with(clean),
            temp.resolve("work"),
            InstantSource.fixed(NOW),
            time -> {})
        .inventory();
  }

  /// The index must not be of the very moment at which it is copied.
  private void makeOld() {
    try {
      Path index = temp.resolve("Horos Data/Database.sql");
      if (Files.exists(index)) {
        Files.setLastModifiedTime(index, FileTime.from(NOW.minusSeconds(86_400)));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Set<Integer> endangered(Optional<AutoClean> clean) {
    try (Inventory inventory = inventory(clean)) {
      Set<Integer> numbers = new TreeSet<>();
      for (SourceStudy study : studies(inventory)) {
        if (inventory.endangered(study)) {
          numbers.add(number(study));
        }
      }
      return numbers;
    }
  }

  private static List<SourceStudy> studies(Inventory inventory) {
    try (Stream<SourceStudy> all = inventory.studies(Order.STUDY_DATE)) {
      return all.filter(study -> !study.key().isOther()).toList();
    }
  }

  private static int number(SourceStudy study) {
    return Integer.parseInt(study.key().value().replaceAll(".*\\.", ""));
  }
}
