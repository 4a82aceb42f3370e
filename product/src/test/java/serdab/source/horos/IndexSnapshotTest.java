package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.source.horos.IndexSnapshot.Means;
import serdab.source.horos.IndexSnapshot.Outcome;
import serdab.testing.horos.BusyViewer;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;

class IndexSnapshotTest {

  private static final int STUDIES = 3000;
  private static final int SNAPSHOTS = 6;

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void copiesTakenWhileTheViewerWritesAreWholeAndDisturbNoSave(boolean wal) throws Exception {
    Path index = library(wal);
    // The waits of a real run, a tenth as long: the writer here saves four times a second.
    Sleeper sleeper = time -> Thread.sleep(time.dividedBy(10));
    IndexSnapshot snapshots = new IndexSnapshot(InstantSource.system(), sleeper);
    List<Outcome> outcomes = new ArrayList<>();
    Map<String, Integer> commits;

    try (BusyViewer viewer = BusyViewer.on(index)) {
      for (int i = 0; i < SNAPSHOTS; i++) {
        outcomes.add(snapshots.take(index, folder("snapshot-" + i)));
      }
      commits = viewer.stop();
    }

    boolean onlyFileCopies = true;
    for (Outcome outcome : outcomes) {
      assertThat(outcome).isInstanceOf(Outcome.Taken.class);
      assertThat(distinctStates(((Outcome.Taken) outcome).copy())).isEqualTo(1);
      onlyFileCopies &= ((Outcome.Taken) outcome).means() == Means.FILE_COPY;
    }
    assertThat(commits.get("done")).isPositive();
    // Only the online backup, the last resort on a slow machine, may cost the viewer a save.
    if (onlyFileCopies) {
      assertThat(commits.get("failed")).isZero();
    }
  }

  @Test
  void aTransactionThatDidNotEndIsRolledBackInTheCopyAndLeftInTheLibrary() throws Exception {
    Path index = library(false);
    BusyViewer.killedWhileSaving(index);
    Path journal = index.resolveSibling("Database.sql-journal");
    assertThat(journal).exists();
    byte[] before = Files.readAllBytes(index);

    Outcome outcome = take(index);

    assertThat(((Outcome.Taken) outcome).means()).isEqualTo(Means.FILE_COPY);
    assertThat(state(((Outcome.Taken) outcome).copy())).isEqualTo(1);
    assertThat(distinctStates(((Outcome.Taken) outcome).copy())).isEqualTo(1);
    assertThat(Files.readAllBytes(index)).isEqualTo(before);
    assertThat(journal).exists();
  }

  @Test
  void whatIsOnlyInTheLogOfAKilledViewerIsInTheCopy() throws Exception {
    Path index = library(true);
    BusyViewer.killedWhileSaving(index);
    assertThat(index.resolveSibling("Database.sql-wal")).exists();

    Outcome outcome = take(index);

    Path copy = ((Outcome.Taken) outcome).copy();
    assertThat(state(copy)).isEqualTo(1);
    try (Stream<Path> beside = Files.list(copy.getParent())) {
      assertThat(beside).containsExactly(copy);
    }
  }

  @Test
  void anIndexThatKeepsChangingIsBackedUpOnline() throws Exception {
    Path index = library(false);
    List<Duration> waits = new ArrayList<>();
    // A clock that always stands at the last change: no file copy can be trusted.
    InstantSource clock = () -> lastChange(index);

    Outcome outcome = new IndexSnapshot(clock, waits::add).take(index, folder("s"));

    assertThat(((Outcome.Taken) outcome).means()).isEqualTo(Means.ONLINE_BACKUP);
    assertThat(distinctStates(((Outcome.Taken) outcome).copy())).isEqualTo(1);
    assertThat(waits)
        .hasSize(IndexSnapshot.TRIES)
        .startsWith(Duration.ofMillis(500))
        .endsWith(Duration.ofSeconds(2));
  }

  @Test
  void noFileIsMadeBesideALogSoSuchAnIndexIsTriedLater() throws Exception {
    Path index = library(true);

    assertThatThrownBy(
            () -> new IndexSnapshot(() -> lastChange(index), time -> {}).take(index, folder("s")))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("index-busy");
    assertThat(index.resolveSibling("Database.sql-shm")).doesNotExist();
    assertThat(index.resolveSibling("Database.sql-wal")).doesNotExist();
  }

  @Test
  void noLogIsMadeWhereOnlyItsSharedMemoryWasLeft() throws Exception {
    Path index = library(true);
    Files.write(index.resolveSibling("Database.sql-shm"), new byte[0]);

    assertThatThrownBy(
            () -> new IndexSnapshot(() -> lastChange(index), time -> {}).take(index, folder("s")))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("index-busy");
    assertThat(index.resolveSibling("Database.sql-wal")).doesNotExist();
    assertThat(index.resolveSibling("Database.sql-shm")).isEmptyFile();
  }

  @Test
  void aFolderThatWasUsedBeforeIsRefused() throws Exception {
    Path index = library(false);
    Path folder = folder("s");
    Files.writeString(folder.resolve("Database.sql-wal"), "stale");

    assertThatThrownBy(() -> new IndexSnapshot(InstantSource.system(), t -> {}).take(index, folder))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Path library(boolean wal) {
    HorosLibraryBuilder builder = HorosLibraryBuilder.in(temp);
    if (wal) {
      builder.wal();
    }
    try (HorosLibraryFixture library = builder.create()) {
      library.sql(
          """
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO ZSTUDY (Z_PK, Z_OPT, ZSTATETEXT, ZSTUDYINSTANCEUID, ZCOMMENT)
          SELECT i, 1, 0, '1.2.' || i, hex(zeroblob(200)) FROM n\
          """,
          STUDIES);
      return library.indexFile();
    }
  }

  private Outcome take(Path index) throws IOException {
    // Long after the last change.
    InstantSource later = InstantSource.fixed(Instant.now().plusSeconds(3600));
    return new IndexSnapshot(later, time -> {}).take(index, folder("s"));
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectories(temp.resolve("work").resolve(name));
  }

  private static Instant lastChange(Path index) {
    try {
      return Files.getLastModifiedTime(index).toInstant();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static long state(Path copy) throws SQLException {
    return number(copy, "SELECT min(ZSTATETEXT) FROM ZSTUDY");
  }

  private static long distinctStates(Path copy) throws SQLException {
    return number(copy, "SELECT count(DISTINCT ZSTATETEXT) FROM ZSTUDY");
  }

  private static long number(Path copy, String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + copy);
        ResultSet result = connection.createStatement().executeQuery(query)) {
      assertThat(result.next()).isTrue();
      return result.getLong(1);
    }
  }
}
