package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class PrivateFolderTest {

  /// No process has this number: it is above what any system gives.
  private static final String NOBODY = "999999999999999";

  @TempDir private Path parent;

  @Test
  @DisabledOnOs(OS.WINDOWS) // has no such permissions
  void onlyItsOwnerMayLookInside() throws IOException {
    Path made = PrivateFolder.create(parent.resolve("cache"), "restore");

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
  }

  @Test
  void whatKilledProcessesLeftIsDeletedAndNothingElse() throws IOException {
    Path killed = file(parent.resolve("restore-" + NOBODY + "-1/inside/file")).resolve("../..");
    Path otherKind = file(parent.resolve("index-" + NOBODY + "-1/file"));
    Path notOurs = file(parent.resolve("restore-of-last-year/file"));
    Path ours = PrivateFolder.create(parent, "restore");

    Path next = PrivateFolder.create(parent, "restore");

    assertThat(killed.normalize()).doesNotExist();
    assertThat(otherKind).exists();
    assertThat(notOurs).exists();
    assertThat(ours).isEmptyDirectory();
    assertThat(next).isEmptyDirectory().isNotEqualTo(ours);
  }

  @Test
  void aFolderGoesWithAllThatIsInIt() throws IOException {
    Path folder = PrivateFolder.create(parent, "index");
    file(folder.resolve("a/b/c"));

    PrivateFolder.delete(folder);
    PrivateFolder.delete(folder);

    assertThat(parent).isEmptyDirectory();
  }

  private static Path file(Path file) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    return Files.writeString(file, "x");
  }
}
