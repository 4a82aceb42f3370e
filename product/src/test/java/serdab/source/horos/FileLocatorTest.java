package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import serdab.source.horos.FileLocator.Located;

class FileLocatorTest {

  @TempDir Path temp;
  private Path library;

  @BeforeEach
  void makeLibrary() throws IOException {
    library = temp.resolve("Horos Data");
    Files.createDirectories(library.resolve("DATABASE.noindex"));
  }

  @Test
  void numbersFallIntoFoldersAsInTheViewer() {
    assertThat(FileLocator.folderOf("2.dcm", 10_000)).isEqualTo("10000");
    assertThat(FileLocator.folderOf("9999.dcm", 10_000)).isEqualTo("10000");
    assertThat(FileLocator.folderOf("10000.dcm", 10_000)).isEqualTo("20000");
    assertThat(FileLocator.folderOf("19999.dcm", 10_000)).isEqualTo("20000");
    assertThat(FileLocator.folderOf("20000.dcm", 10_000)).isEqualTo("30000");
    assertThat(FileLocator.folderOf("IM0001.dcm", 10_000)).isEqualTo("10000");
    assertThat(FileLocator.folderOf("99999999999999.dcm", 10_000)).isEqualTo("2147490000");
  }

  @Test
  void aFileAtTheFolderBoundaryIsFound() {
    write("20000/10000.dcm");

    assertThat(locator().locate("10000.dcm", true))
        .isInstanceOfSatisfying(
            Located.Found.class,
            found -> assertThat(found.entry()).isEqualTo("DATABASE.noindex/20000/10000.dcm"));
  }

  @Test
  void aFileThatLiesInAnotherFolderIsFoundByItsName() {
    write("10000/2.dcm");
    write("10000/3.dcm");
    write("7000/6500.dcm");

    assertThat(locator().locate("6500.dcm", true).entry())
        .isEqualTo("DATABASE.noindex/7000/6500.dcm");
  }

  @Test
  void aChangedFolderSizeIsSeenFromTheFolders() {
    for (int number = 2; number < 3000; number += 100) {
      write((number / 1000 + 1) * 1000 + "/" + number + ".dcm");
    }

    FileLocator locator = locator();

    assertThat(locator.folderSize()).isEqualTo(1000);
    assertThat(locator.locate("2002.dcm", true)).isInstanceOf(Located.Found.class);
  }

  @Test
  void aSingleFolderOfTheDefaultSizeMeansTheDefault() {
    write("20000/15000.dcm");

    assertThat(locator().folderSize()).isEqualTo(10_000);
  }

  @Test
  void aMissingFileKeepsTheEntryItWouldHave() {
    assertThat(locator().locate("5.dcm", true))
        .isInstanceOfSatisfying(
            Located.Missing.class,
            missing -> assertThat(missing.entry()).isEqualTo("DATABASE.noindex/10000/5.dcm"));
  }

  @Test
  void pathsThatLeaveTheLibraryAreNoFiles() throws IOException {
    Files.writeString(temp.resolve("secret.dcm"), "x");

    assertThat(locator().locate("../../../secret.dcm", true)).isInstanceOf(Located.Broken.class);
    assertThat(locator().locate("10000/../../2.dcm", true)).isInstanceOf(Located.Broken.class);
    assertThat(locator().locate("..", true)).isNotInstanceOf(Located.Found.class);
    assertThat(locator().locate("", true)).isInstanceOf(Located.Broken.class);
    assertThat(locator().locate("a\0b.dcm", true)).isInstanceOf(Located.Broken.class);
    assertThat(locator().locate("x".repeat(5000) + ".dcm", true))
        .isNotInstanceOf(Located.Found.class);
  }

  @Test
  void anAbsolutePathIsALinkedFileWhateverTheFlagSays() throws IOException {
    Path linked = temp.resolve("elsewhere/IM0001");
    Files.createDirectories(linked.getParent());
    Files.writeString(linked, "x");

    for (boolean flag : new boolean[] {true, false}) {
      assertThat(locator().locate(linked.toString(), flag))
          .isInstanceOfSatisfying(
              Located.Found.class,
              found -> {
                assertThat(found.file()).isEqualTo(linked);
                assertThat(found.entry()).startsWith("linked/").endsWith("elsewhere/IM0001");
              });
    }
  }

  @Test
  void anAbsolutePathIntoTheLibraryIsAnOrdinaryFile() {
    Path file = write("10000/2.dcm");

    assertThat(locator().locate(file.toString(), true).entry())
        .isEqualTo("DATABASE.noindex/10000/2.dcm");
  }

  @Test
  void anAbsolutePathIntoALibraryThatWasMovedIsFoundInItsNewPlace() {
    write("10000/2.dcm");

    assertThat(
            locator()
                .locate("/Users/someone/Horos Data/DATABASE.noindex/10000/2.dcm", true)
                .entry())
        .isEqualTo("DATABASE.noindex/10000/2.dcm");
  }

  @Test
  void aLinkedFileIsOfflineWhileItsVolumeIsNotThereAndMissingWhenItIs() throws IOException {
    Path volumes = temp.resolve("Volumes");
    Files.createDirectories(volumes.resolve("Unmounted"));
    Files.createDirectories(volumes.resolve("Mounted/other"));
    FileLocator locator =
        new FileLocator(
            LibraryFolders.open(library), OptionalInt.empty(), Map.of(volumes.toString(), 1));

    assertThat(locator.locate(volumes + "/Gone/study/1.dcm", false))
        .isInstanceOf(Located.Offline.class);
    assertThat(locator.locate(volumes + "/Unmounted/study/1.dcm", false))
        .isInstanceOf(Located.Offline.class);
    assertThat(locator.locate(volumes + "/Mounted/study/1.dcm", false))
        .isInstanceOf(Located.Missing.class);
    assertThat(locator.locate("/no-such-root-folder/study/1.dcm", false))
        .isInstanceOf(Located.Offline.class);
    assertThat(locator.locate(temp.resolve("gone/1.dcm").toString(), false))
        .isInstanceOf(Located.Missing.class);
  }

  @Test
  @DisabledOnOs(
      value = OS.WINDOWS,
      disabledReason = "it has no FIFOs, and making links there needs a privilege")
  void linksThatLeadOutFoldersAndFifosAreNotFiles() throws Exception {
    Files.writeString(temp.resolve("outside"), "x");
    Files.createDirectories(library.resolve("DATABASE.noindex/10000"));
    Files.createSymbolicLink(
        library.resolve("DATABASE.noindex/10000/2.dcm"), temp.resolve("outside"));
    Files.createDirectories(library.resolve("DATABASE.noindex/10000/3.dcm"));
    new ProcessBuilder("mkfifo", library.resolve("DATABASE.noindex/10000/4.dcm").toString())
        .start()
        .waitFor();

    FileLocator locator = locator();

    assertThat(locator.locate("2.dcm", true)).isInstanceOf(Located.NotAFile.class);
    assertThat(locator.locate("3.dcm", true)).isInstanceOf(Located.NotAFile.class);
    assertThat(locator.locate("4.dcm", true)).isInstanceOf(Located.NotAFile.class);
  }

  @Test
  @DisabledOnOs(
      value = OS.WINDOWS,
      disabledReason = "it has no FIFOs, and making links there needs a privilege")
  void linksInsideTheLibraryAndLinkedNumberedFoldersAreFollowed() throws IOException {
    Path moved = temp.resolve("second disk/20000");
    Files.createDirectories(moved);
    Files.writeString(moved.resolve("10001.dcm"), "x");
    Files.createSymbolicLink(library.resolve("DATABASE.noindex/20000"), moved);
    Path file = write("10000/2.dcm");
    Files.createSymbolicLink(library.resolve("DATABASE.noindex/10000/3.dcm"), file);

    FileLocator locator = locator();

    assertThat(locator.locate("10001.dcm", true)).isInstanceOf(Located.Found.class);
    assertThat(locator.locate("3.dcm", true)).isInstanceOf(Located.Found.class);
  }

  @Test
  void aRowWithANameThatNoFileCanHaveStillCountsAsAFile() {
    for (String name : new String[] {"IMAGES/7.dcm", "a\0b.dcm", "../7.dcm"}) {
      assertThat(locator().locate(name, true).entry()).startsWith("unusable-names/");
    }
    assertThat(locator().locate("a/7.dcm", true).entry())
        .isNotEqualTo(locator().locate("a_7.dcm/", true).entry());
    assertThat(locator().locate("", true).entry()).isEmpty();
  }

  @Test
  void aNumberedFolderThatTheViewerRemovesMeanwhileIsNoFailure() throws IOException {
    Path emptied = Files.createDirectories(library.resolve("DATABASE.noindex/20000"));
    write("10000/2.dcm");
    FileLocator locator = locator();
    Files.delete(emptied);

    assertThat(locator.locate("5.dcm", true)).isInstanceOf(Located.Missing.class);
  }

  private FileLocator locator() {
    return new FileLocator(LibraryFolders.open(library), OptionalInt.empty());
  }

  private Path write(String name) {
    Path file = library.resolve("DATABASE.noindex").resolve(name);
    try {
      Files.createDirectories(file.getParent());
      return Files.writeString(file, "x");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
