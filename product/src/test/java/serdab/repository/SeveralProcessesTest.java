package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;

class SeveralProcessesTest {

  private static final int VERSIONS = 12;

  @TempDir private Path temp;

  private Process start(Path folder, Path keys, String name, int times) throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            WritingProcess.class.getName(),
            folder.toString(),
            keys.toString(),
            name,
            Integer.toString(times))
        .redirectErrorStream(true)
        .start();
  }

  @Test
  void twoProcessesWriteIntoOneRepositoryWhileAThirdPrunes() throws Exception {
    Kit kit = new Kit(1);
    Path folder = Files.createDirectory(temp.resolve("repository"));
    Path keys = temp.resolve("writer.json");
    BlobStore place = LocalFolder.openShared(folder, new SplittableRandom(2));
    kit.begin(place).close();
    Files.write(keys, kit.writer().json());
    List<Process> processes = new ArrayList<>();
    processes.add(start(folder, keys, "one", VERSIONS));
    processes.add(start(folder, keys, "two", VERSIONS));
    processes.add(start(folder, keys, "prune", 4));
    for (Process process : processes) {
      assertThat(line(process)).isEqualTo("ready");
    }
    for (Process process : processes) {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
    }
    for (Process process : processes) {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(said).isZero();
    }

    try (Repository repository =
        kit.openToRead(LocalFolder.openShared(folder, new SplittableRandom(3)))) {
      Map<String, Snapshot> versions = Kit.versions(repository);
      assertThat(versions).hasSize(2 * VERSIONS);
      for (String name : List.of("one", "two")) {
        for (int v = 0; v < VERSIONS; v++) {
          Snapshot snapshot = versions.get(name + "/v" + v);
          assertThat(Kit.read(repository, Objects.requireNonNull(snapshot)))
              .containsExactlyElementsOf(WritingProcess.blobs(name, v));
        }
      }
    }
    try (var left = Files.walk(folder)) {
      assertThat(left.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  private static String line(Process process) throws Exception {
    StringBuilder line = new StringBuilder();
    for (int c = process.getInputStream().read(); c >= 0 && c != '\n'; ) {
      line.append((char) c);
      c = process.getInputStream().read();
    }
    return line.toString();
  }
}
