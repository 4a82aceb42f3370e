package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;

class SqliteCatalogueTest extends CatalogueContract {

  @TempDir Path folder;

  private Path file() {
    // Characters that the driver or SQLite's own names give a meaning to.
    return folder.resolve("home of #1 100%?x=1 ü").resolve("catalogue.db");
  }

  @Override
  Database database(WritePoint writePoint) {
    return SqliteDatabase.inFile(file(), writePoint);
  }

  @Override
  void sql(String statement) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + file().toUri().toASCIIString());
        Statement run = connection.createStatement()) {
      run.executeUpdate(statement);
    }
  }

  @Override
  String dropAll() {
    closeAll();
    delete();
    return "select 1";
  }

  private void delete() {
    for (String suffix : List.of("", "-wal", "-shm")) {
      try {
        Files.deleteIfExists(file().resolveSibling("catalogue.db" + suffix));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  String shortenedList() {
    return "update instance_list set packed = substr(packed, 1, 50)";
  }

  @Override
  List<String> arguments() {
    return List.of("file", file().toString());
  }

  @Test
  void onlyTheOwnerMayReadTheFileAndWhatLiesBesideIt() throws IOException {
    see("1.2");

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file().getParent())))
        .isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(file().getParent())) {
      List<Path> all = files.filter(Files::isRegularFile).toList();
      assertThat(all)
          .extracting(path -> path.getFileName().toString())
          .contains("catalogue.db", "catalogue.db-wal", "catalogue.db-shm");
      for (Path path : all) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void aFileThatOthersMayReadIsClosedToThem() throws IOException {
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw-r--"));

    open();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  /// Plans to prune ask so once for each study: by looking at all of them, 130,000 studies took
  /// hours.
  @Test
  void aStudyIsFoundWithoutItsSourceByAnIndex() throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + file().toUri().toASCIIString());
        Statement run = connection.createStatement();
        ResultSet plan =
            run.executeQuery(
                "explain query plan select patient_id from study s where s.study = '1.2'"
                    + " order by s.source")) {
      assertThat(plan.next()).isTrue();
      assertThat(plan.getString("detail")).startsWith("SEARCH").contains("study_by_study");
      assertThat(plan.next()).isFalse();
    }
  }

  @Test
  void aDeletedFileStartsEmpty() {
    see("1.2");
    closeAll();
    delete();

    Catalogue fresh = open();

    assertThat(fresh.study(SOURCE, new serdab.dicom.StudyKey("1.2"))).isEmpty();
    fresh.rememberFact("a", "b");
    assertThat(fresh.fact("a")).contains("b");
  }

  @Test
  void aFileThatIsNoDatabaseIsDamage() throws IOException {
    closeAll();
    delete();
    byte[] text = new byte[100_000];
    Arrays.fill(text, (byte) 'x');
    Files.write(file(), text);

    assertThatThrownBy(this::open)
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("Move it away")
        .hasMessageContaining("serdab catalogue rebuild")
        .hasMessageContaining(file().toString());
    assertThat(Files.readAllBytes(file())).isEqualTo(text);
  }

  @Test
  void aFileWithOverwrittenPagesIsDamage() throws IOException {
    see(IntStream.range(0, 2000).mapToObj(i -> "1." + i).toArray(String[]::new));
    closeAll();
    try (RandomAccessFile raw = new RandomAccessFile(file().toFile(), "rw")) {
      byte[] noise = new byte[4096];
      new SplittableRandom(7).nextBytes(noise);
      for (long at = 8192; at + 4096 <= raw.length(); at += 4096) {
        raw.seek(at);
        raw.write(noise);
      }
    }

    assertThatThrownBy(
            () -> {
              Catalogue catalogue = open();
              try (Stream<StudyRow> studies = catalogue.studies()) {
                studies.forEach(row -> {});
              }
            })
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("serdab catalogue rebuild");
  }

  @Test
  void aFileCutInTheMiddleIsDamage() throws IOException {
    see(IntStream.range(0, 2000).mapToObj(i -> "1." + i).toArray(String[]::new));
    closeAll();
    try (RandomAccessFile raw = new RandomAccessFile(file().toFile(), "rw")) {
      raw.setLength(raw.length() / 3);
    }

    assertThatThrownBy(
            () -> {
              Catalogue catalogue = open();
              try (Stream<StudyRow> studies = catalogue.studies()) {
                studies.forEach(row -> {});
              }
            })
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void aFolderThatCannotBeMadeIsUnavailable() throws IOException {
    Path inTheWay = Files.createFile(folder.resolve("file"));

    assertThatThrownBy(() ->
            Catalogue.inFile(inTheWay.resolve("catalogue.db"), clock, new SplittableRandom(1)))
        .isInstanceOf(SerdabException.Unavailable.class);
  }

  @Test
  void aReaderIsNotHeldUpByAWriterInTheMiddleOfATransaction() {
    see("1.2");
    Catalogue writer =
        open(
            step -> {
              if (step.equals("commit")) {
                assertThat(known("1.2").fileCount()).isEqualTo(3);
              }
            },
            new SplittableRandom(1));

    writer.sawStudies(2, SOURCE, List.of(new Catalogue.Seen(facts("1.2"), 77)));

    assertThat(known("1.2").fileCount()).isEqualTo(77);
  }
}
