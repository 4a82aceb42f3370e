package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Trees of ZIPs that store images as JPEG-LS, as somebody uses them who types commands.
class ZipCompressTest {

  @TempDir private Path folder;

  private CommandLineRun.Result run(String... command) {
    return new CommandLineRun(folder.resolve("home")).run(command);
  }

  private String zips(String name) {
    return "zip:" + folder.resolve(name);
  }

  private static Path images() {
    return SharedData.dicom().resolve("mr_uih_dcm_qa_uih");
  }

  private static Set<Sha256> digests(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(file -> {
            try {
              return Sha256.digest(Files.readAllBytes(file));
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          })
          .collect(Collectors.toSet());
    }
  }

  private static long sizeOfZips(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      long sum = 0;
      for (Path file : all.filter(path -> path.toString().endsWith(".zip")).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void aTreeOfJpegLsIsBackedUpProvenRestoredAndCopiedLikeAnyOther() throws IOException {
    String[] backup = {
      "backup", "--from", images().toString(), "--to", zips("small"), "--compress", "jpeg-ls"
    };

    CommandLineRun.Result first = run(backup);
    CommandLineRun.Result second = run(backup);
    CommandLineRun.Result verified = run("verify", zips("small"), "--depth", "readable");
    Files.delete(folder.resolve("home/catalogue.db"));
    CommandLineRun.Result rebuilt = run("catalogue", "rebuild", zips("small"));
    CommandLineRun.Result third = run(backup);
    CommandLineRun.Result restored =
        run("restore", "--from", zips("small"), "--all", "--to", folder.resolve("back").toString());
    CommandLineRun.Result copied = run("backup", "--from", zips("small"), "--to", zips("plain"));

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(second.out()).contains(" 0 copied and proven");
    assertThat(verified.exitCode()).as(verified.err()).isZero();
    assertThat(rebuilt.exitCode()).as(rebuilt.err()).isZero();
    assertThat(third.out()).contains(" 0 copied and proven");
    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(copied.exitCode()).as(copied.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(images()));
    assertThat(folder.resolve("small/zip-tree-recipes.md")).exists();
    assertThat(folder.resolve("plain/zip-tree-recipes.md")).doesNotExist();
    assertThat(sizeOfZips(folder.resolve("small")))
        .isLessThan(sizeOfZips(folder.resolve("plain")) * 9 / 10);
  }

  @Test
  void anotherWordIsRefused() {
    CommandLineRun.Result refused =
        run("backup", "--from", folder.toString(), "--to", zips("z"), "--compress", "best");

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(refused.err()).contains("--compress", "deflate or jpeg-ls");
  }
}
