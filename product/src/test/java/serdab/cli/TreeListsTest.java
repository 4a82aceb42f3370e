package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// The lists that a backup leaves in a tree, as a person meets them.
class TreeListsTest {

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result backUp(Path source, String... more) {
    List<String> args =
        new java.util.ArrayList<>(
            List.of("backup", "--from", "folder:" + source, "--to", "zip:" + zips()));
    args.addAll(List.of(more));
    return serdab(args.toArray(String[]::new));
  }

  private Path zips() {
    return folder.resolve("zips");
  }

  private Path source() throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.write(source.resolve("one.dcm"), TinyDicom.image().study("1.2.3").bytes());
    return source;
  }

  @Test
  void aBackupLeavesAPageAndInventories() throws IOException {
    CommandLineRun.Result backup = backUp(source());

    assertThat(backup.exitCode()).as(backup.err()).isZero();
    assertThat(backup.err() + backup.out()).doesNotContain("not up to date");
    assertThat(zips().resolve("index.html")).exists();
    assertThat(zips().resolve("tree-index.md")).exists();
    assertThat(zips().resolve("_index/inventory.dcm")).exists();
    assertThat(zips().resolve("_index/restore-from-inventory.py")).exists();
  }

  @Test
  void whoWantsNoPageGetsNone() throws IOException {
    backUp(source(), "--no-index-page");

    assertThat(zips().resolve("index.html")).doesNotExist();
    assertThat(zips().resolve("_index/inventory.dcm")).exists();
  }

  @Test
  void aDryRunListsNothing() throws IOException {
    backUp(source());
    Files.delete(zips().resolve("index.html"));

    backUp(source(), "--dry-run");

    assertThat(zips().resolve("index.html")).doesNotExist();
  }

  @Test
  void lostListsAreMadeAnewByACommand() throws IOException {
    backUp(source());
    String page = Files.readString(zips().resolve("index.html"));
    Files.delete(zips().resolve("index.html"));
    try (Stream<Path> all = Files.list(zips().resolve("_index"))) {
      for (Path file : all.toList()) {
        Files.delete(file);
      }
    }

    CommandLineRun.Result index = serdab("catalogue", "index", "zip:" + zips());

    assertThat(index.exitCode()).as(index.err()).isZero();
    assertThat(zips().resolve("index.html")).hasContent(page);
    assertThat(zips().resolve("_index/inventory.dcm")).exists();
  }

  /// With the catalogue and this program gone: every DICOM instance of the real data comes back by
  /// the script in the tree, bit for bit.
  @Test
  @Needs({Peer.SHARED_DATA, Peer.PYDICOM})
  void theRealDataIsRestoredFromInventoriesAndZipsAlone() throws Exception {
    CommandLineRun.Result backup = backUp(SharedData.dicom());
    Path back = folder.resolve("back");

    Process script =
        new ProcessBuilder(
                "/usr/bin/python3",
                zips().resolve("_index/restore-from-inventory.py").toString(),
                zips().toString(),
                back.toString())
            .redirectErrorStream(true)
            .start();
    String out = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(backup.exitCode()).as(backup.err()).isLessThanOrEqualTo(3);
    assertThat(script.waitFor()).as(out).isZero();
    Set<String> instances = digests(SharedData.dicom(), TreeListsTest::isInstanceOfAStudy);
    assertThat(digests(back, _ -> true).equals(instances)).isTrue();
    assertThat(instances).hasSizeGreaterThan(600);
  }

  /// The others are no DICOM, or name no study: the script says nothing of those.
  private static boolean isInstanceOfAStudy(byte[] bytes) {
    try {
      DicomFile file = DicomFile.read(ByteSource.of(bytes));
      return file.isDicom()
          && !file.facts().study().value().isEmpty()
          && !file.facts().sop().value().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  private static Set<String> digests(Path folder, Predicate<byte[]> which) throws IOException {
    Set<String> digests = new HashSet<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        if (which.test(bytes)) {
          digests.add(Sha256.digest(bytes).hex());
        }
      }
    }
    return digests;
  }
}
