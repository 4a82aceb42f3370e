package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.PatientData;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.testing.SeededTest;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// An inventory that stands on what was kept is the one that would be made without it.
class KeptIndexTest {

  private static final Instant NOW = Instant.parse("2024-06-01T12:00:00Z");

  @TempDir Path temp;

  private Instant now = NOW;
  private int ticks;

  @BeforeEach
  void clockStands() {
    now = NOW;
  }

  @SeededTest(runs = 4)
  void inventoriesThatStandOnKeptFilesAreWhatTheLibraryHolds(RandomGenerator random)
      throws Exception {
    Path parent = temp.resolve("library" + random.nextLong());
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(parent).create()) {
      for (int study = 1; study <= 6; study++) {
        library.importFile(TinyDicom.of(study, 1, 1));
        library.importFile(TinyDicom.of(study, 1, 2));
      }
      for (int step = 0; step < 5; step++) {
        settled(library);
        assertThat(listing(parent, "kept", 0)).isEqualTo(listing(parent, "anew", Long.MAX_VALUE));
        assertThat(listing(parent, "kept", 0))
            .as("not changed")
            .isEqualTo(listing(parent, "anew", Long.MAX_VALUE));
        now = now.plus(Duration.ofMinutes(random.nextInt(90)));
        change(library, random);
      }
    }
  }

  private static void change(HorosLibraryFixture library, RandomGenerator random)
      throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + library.indexFile());
        Statement sql = connection.createStatement()) {
      for (int i = 0; i < 3; i++) {
        IndexChange.any(random).make(sql, random);
      }
    }
  }

  @Test
  void anIndexThatDidNotChangeIsNotReadAgain() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      List<String> first = listing(temp, "kept", 0);
      spoilUnseen(library.indexFile());

      assertThat(listing(temp, "kept", 0)).isEqualTo(first);
      assertThat(listing(temp, "anew", Long.MAX_VALUE)).isNotEqualTo(first);
    }
  }

  @Test
  void anIndexThatDidNotChangeIsReadAgainAfterAWeek() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      List<String> first = listing(temp, "kept", 0);
      spoilUnseen(library.indexFile());
      now = now.plus(KeptIndex.UNCHANGED_FOR);

      assertThat(listing(temp, "kept", 0)).isNotEqualTo(first);
    }
  }

  @Test
  void anIndexWithAJournalIsReadAgain() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      List<String> first = listing(temp, "kept", 0);
      spoilUnseen(library.indexFile());
      Path journal = library.indexFile().resolveSibling("Database.sql-journal");
      Files.write(journal, new byte[0]);
      Files.setLastModifiedTime(journal, FileTime.from(now.minusSeconds(600)));

      assertThat(listing(temp, "kept", 0)).isNotEqualTo(first);
    }
  }

  @Test
  void keptFilesThatAreDamagedAreNotBelieved() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      List<String> first = listing(temp, "kept", 0);
      for (Path kept : kept()) {
        if (kept.toString().endsWith(".facts")) {
          byte[] bytes = Files.readAllBytes(kept);
          Arrays.fill(bytes, 100, bytes.length, (byte) 0x55);
          Files.write(kept, bytes);
        }
      }

      assertThat(listing(temp, "kept", 0)).isEqualTo(first);
      library.sql("UPDATE ZSTUDY SET Z_OPT = Z_OPT + 1");
      settled(library);
      assertThat(listing(temp, "kept", 0)).isEqualTo(listing(temp, "anew", Long.MAX_VALUE));
    }
  }

  @Test
  void ofEachLibraryOneCopyIsKeptForItsOwnerAlone() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      listing(temp, "kept", 0);
      library.sql("UPDATE ZSTUDY SET Z_OPT = Z_OPT + 1");
      settled(library);
      listing(temp, "kept", 0);

      assertThat(kept().stream().filter(file -> file.toString().endsWith(".sql"))).hasSize(1);
      assertThat(Files.getPosixFilePermissions(temp.resolve("kept/kept-index")))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void aSmallIndexIsNotKept() throws Exception {
    try (HorosLibraryFixture library = twoStudies()) {
      listing(temp, "kept", KeptIndex.FROM_BYTES);

      assertThat(library.indexFile()).exists();
      assertThat(temp.resolve("kept/kept-index")).doesNotExist();
    }
  }

  private List<Path> kept() throws IOException {
    try (Stream<Path> inside = Files.list(temp.resolve("kept/kept-index"))) {
      return inside.toList();
    }
  }

  private HorosLibraryFixture twoStudies() throws IOException {
    HorosLibraryFixture library = HorosLibraryBuilder.in(temp).create();
    library.importFile(TinyDicom.of(1, 1, 1).patient("Before", "1", "19700101"));
    library.importFile(TinyDicom.of(2, 1, 1).patient("Before", "2", "19700101"));
    settled(library);
    return library;
  }

  /// As if the last change was a while ago, at a time that no other change has.
  private void settled(HorosLibraryFixture library) throws IOException {
    Files.setLastModifiedTime(
        library.indexFile(), FileTime.from(NOW.minusSeconds(86_400).plusMillis(17L * ++ticks)));
  }

  /// Changes what the index says in a way that no state of its file shows.
  private static void spoilUnseen(Path index) throws IOException {
    FileTime then = Files.getLastModifiedTime(index);
    byte[] bytes = Files.readAllBytes(index);
    byte[] name = "Before".getBytes(StandardCharsets.US_ASCII);
    try (RandomAccessFile file = new RandomAccessFile(index.toFile(), "rw")) {
      for (int at = 0; at < bytes.length - name.length; at++) {
        if (Arrays.equals(bytes, at, at + name.length, name, 0, name.length)) {
          file.seek(at);
          file.write("Behind".getBytes(StandardCharsets.US_ASCII));
        }
      }
    }
    Files.setLastModifiedTime(index, then);
  }

  private List<String> listing(Path parent, String work, long keptFromBytes) throws IOException {
    Path folder = Files.createDirectories(parent.resolve(work));
    List<String> lines = new ArrayList<>();
    InstantSource clock = () -> now;
    try (HorosSource source =
            new HorosSource(
                parent.resolve("Horos Data"),
                HorosSource.Settings.in(ZoneId.of("UTC")),
                folder,
                clock,
                time -> {},
                keptFromBytes);
        Inventory inventory = source.inventory();
        Stream<SourceStudy> studies = inventory.studies(Order.DATE_ADDED)) {
      studies.forEach(study -> {
        lines.add(
            study.facts()
                + " "
                + study.facts().patientName().reveal(PatientData.Purpose.CATALOGUE)
                + (study.key().isOther() ? "" : " " + study.fingerprint())
                + " "
                + study.fileCount()
                + " "
                + study.findings());
        if (!study.key().isOther()) {
          lines.add(inventory.look(study) + " " + inventory.state(study));
        }
      });
      inventory.findings().forEach(finding -> lines.add(finding.toString()));
      inventory.health().ifPresent(health -> lines.add(health.toString()));
    }
    return lines;
  }
}
