package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeIndexTest {

  @TempDir private Path temp;

  /// `-DindexBlobs=10000000 -DindexVersions=100000 -DindexHeap=…` makes it as large as asked.
  @Test
  void aLargeIndexIsMadeLookedUpMergedAndListedInLittleMemory() throws Exception {
    // As objects, two million records would take 200 MB and more.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + System.getProperty("indexHeap", "48m"),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LargeIndex.class.getName(),
                temp.toString(),
                System.getProperty("indexBlobs", "2000000"),
                System.getProperty("indexVersions", "10000"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();

    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains("planned");
    if (System.getProperty("indexBlobs") != null) {
      System.out.println(said);
    }
  }
}
