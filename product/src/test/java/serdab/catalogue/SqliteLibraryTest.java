package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteJDBCLoader;

class SqliteLibraryTest {

  @TempDir Path folder;

  private Path kept() {
    return folder.resolve("native");
  }

  @Test
  void theReleaseIsTheDriversOwn() {
    assertThat(SqliteLibrary.DRIVER).isEqualTo(SQLiteJDBCLoader.getVersion());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aCatalogueLoadsTheLibraryKeptBesideIt() throws Exception {
    List<String> database = List.of("file", folder.resolve("home/c.db").toString());
    String kept = folder.resolve("home/native").toString();

    try (CatalogueProgram.Running program =
        CatalogueProgram.start(64, database, "is-mapped", kept)) {
      program.awaitLine("mapped true");
      program.awaitSuccess();
    }
  }

  @Test
  void theLibraryIsUnpackedForItsOwnerAlone() throws IOException {
    Path library = SqliteLibrary.unpackedIn(kept()).orElseThrow();

    assertThat(library).isRegularFile().hasParent(library.getParent());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept())))
        .isEqualTo("rwx------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(library.getParent())))
        .isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(library.getParent())) {
      assertThat(files).containsExactly(library);
    }
  }

  @Test
  void whatIsUnpackedIsUsedAgain() throws IOException {
    Path library = SqliteLibrary.unpackedIn(kept()).orElseThrow();
    Files.setLastModifiedTime(library, FileTime.fromMillis(1000));

    Path again = SqliteLibrary.unpackedIn(kept()).orElseThrow();

    assertThat(again).isEqualTo(library);
    assertThat(Files.getLastModifiedTime(again)).isEqualTo(FileTime.fromMillis(1000));
  }

  @Test
  void aLibraryCutShortIsReplaced() throws IOException {
    Path library = SqliteLibrary.unpackedIn(kept()).orElseThrow();
    byte[] whole = Files.readAllBytes(library);
    Files.write(library, new byte[10]);

    SqliteLibrary.unpackedIn(kept());

    assertThat(Files.readAllBytes(library)).isEqualTo(whole);
  }

  @Test
  void aFolderThatOthersMayWriteToIsNotUsed() throws IOException {
    Files.createDirectory(kept());
    Files.setPosixFilePermissions(kept(), PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThat(SqliteLibrary.unpackedIn(kept())).isEmpty();
  }

  @Test
  void aLibraryThatOthersMayWriteToIsReplaced() throws IOException {
    Path library = SqliteLibrary.unpackedIn(kept()).orElseThrow();
    byte[] whole = Files.readAllBytes(library);
    byte[] foreign = whole.clone();
    foreign[foreign.length / 2] ^= 1;
    Files.write(library, foreign);
    Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-rw-rw-"));

    SqliteLibrary.unpackedIn(kept());

    assertThat(Files.readAllBytes(library)).isEqualTo(whole);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(library)))
        .isEqualTo("rw-------");
  }

  @Test
  void aLinkInsteadOfAFolderIsNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path mine = SqliteLibrary.unpackedIn(kept()).orElseThrow().getParent();
    Files.delete(SqliteLibrary.unpackedIn(kept()).orElseThrow());
    Files.delete(mine);
    Files.createSymbolicLink(mine, elsewhere);

    assertThat(SqliteLibrary.unpackedIn(kept())).isEmpty();
    assertThat(elsewhere).isEmptyDirectory();
  }
}
