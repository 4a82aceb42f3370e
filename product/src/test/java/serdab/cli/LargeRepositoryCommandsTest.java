package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.destination.repository.FullRepository;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Real commands on a repository of many studies that are made up, each in a process of its own.
class LargeRepositoryCommandsTest {

  /// As `./serdab` starts what moves data.
  private static final String USUAL = "-XX:+UseParallelGC -Xmx288m";

  private static final String QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx288m";

  @TempDir private Path folder;

  /// `-DlargeStudies=50000 -DlargeImages=200` for ten million images; that takes 6 GB and hours.
  @Test
  @Tag("prove")
  @Tag("prove-repository")
  @Needs({Peer.AGE, Peer.PYTHON})
  void everyCommandOnALargeRepositoryNeedsAtMost512Megabytes() throws Exception {
    Process script =
        new ProcessBuilder(
                "python3",
                SharedData.checkout().resolve("scripts/repository-scale.py").toString(),
                folder.resolve("all").toString(),
                System.getProperty("largeStudies", "100"),
                System.getProperty("largeImages", "20"),
                java(System.getProperty("largeStudies") == null ? QUICK : USUAL, "serdab.cli.Main"),
                java("-XX:+UseSerialGC -Xmx512m", FullRepository.class.getName()))
            .redirectErrorStream(true)
            .start();

    String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(script.waitFor()).as(said).isZero();
    assertThat(said).contains("backup, every index lost");
    if (System.getProperty("largeStudies") != null) {
      System.out.println(said);
    }
  }

  private static String java(String options, String main) {
    return "'"
        + Path.of(System.getProperty("java.home"), "bin", "java")
        + "' "
        + options
        + " --enable-native-access=ALL-UNNAMED -cp '"
        + System.getProperty("java.class.path")
        + "' "
        + main;
  }
}
