package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeLibraryTest {

  @TempDir Path temp;

  @Test
  void aLargeIndexIsListedInLittleMemory() throws Exception {
    // 200,000 image rows in a heap of 32 MB: as lists of records they would not fit.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LargeLibrary.class.getName(),
                temp.toString(),
                "20000",
                "10",
                "1000")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();

    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).containsPattern("listing 20002 studies and groups with 2\\d\\d files");
  }
}
