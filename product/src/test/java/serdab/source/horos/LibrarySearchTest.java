package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrarySearchTest {

  private static final long LONG_ENOUGH = 60_000_000_000L;

  @TempDir private Path folder;

  private Path home;
  private Path volumes;

  @BeforeEach
  void aHomeAndVolumes() throws IOException {
    home = Files.createDirectories(folder.resolve("home"));
    volumes = Files.createDirectories(folder.resolve("Volumes"));
  }

  @Test
  void librariesAreFoundInDocumentsAndOnVolumesUnderEachOfTheirNames() throws IOException {
    Path horos = library(home.resolve("Documents/Horos Data"));
    Path synced = library(home.resolve("Documents/OsiriX Data.nosync"));
    Path onVolume = library(volumes.resolve("PACS/OsiriX Data"));
    Path below = library(volumes.resolve("PACS/Database/Horos Data"));

    assertThat(search(2).find()).containsExactly(horos, synced, onVolume, below);
  }

  @Test
  void whatOnlyHasTheNameIsNoLibraryAndWhatIsTooDeepIsNotLookedFor() throws IOException {
    Files.createDirectories(volumes.resolve("PACS/Horos Data"));
    library(volumes.resolve("a/b/c/Horos Data"));
    library(volumes.resolve("PACS/Patients"));

    assertThat(search(2).find()).isEmpty();
  }

  @Test
  void aVolumeThatIsShownTwiceIsFoundOnce() throws IOException {
    Path library = library(volumes.resolve("PACS/Horos Data"));
    Files.createSymbolicLink(volumes.resolve("Again"), volumes.resolve("PACS"));
    Files.createSymbolicLink(home.resolve("Documents"), volumes.resolve("PACS"));

    assertThat(search(2).find())
        .hasSize(1)
        .first()
        .satisfies(found -> assertThat(found.toRealPath()).isEqualTo(library.toRealPath()));
  }

  @Test
  void theTimeForOnePlaceIsBounded() throws IOException {
    for (int i = 0; i < 20; i++) {
      Files.createDirectories(volumes.resolve("volume" + i));
    }
    library(volumes.resolve("volume9/Horos Data"));
    AtomicLong asked = new AtomicLong();

    List<Path> found =
        new LibrarySearch(
                home,
                List.of(new LibrarySearch.Place(volumes, 2)),
                LONG_ENOUGH,
                () -> asked.incrementAndGet() * LONG_ENOUGH / 4)
            .find();

    assertThat(found).isEmpty();
    assertThat(asked.get()).isLessThan(60);
  }

  private LibrarySearch search(int depth) {
    return new LibrarySearch(
        home, List.of(new LibrarySearch.Place(volumes, depth)), LONG_ENOUGH, () -> 0);
  }

  private static Path library(Path where) throws IOException {
    Files.createDirectories(where.resolve("DATABASE.noindex"));
    return where;
  }
}
