package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SharedData;

/// Which written reports are kept when the numbers of runs begin anew.
class RunFilesTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  @Test
  void reportsOfALostCatalogueDoNotPushOutTheNewestNorStandForIt() throws IOException {
    Path reports = Files.createDirectories(folder.resolve("home/reports"));
    for (int run = 1000; run < 1000 + RunFiles.KEPT; run++) {
      Path file = Files.writeString(reports.resolve("run-" + run + ".json"), "{}");
      Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
    }

    new CommandLineRun(folder.resolve("home"))
        .run("backup", "--from", EXAMPLE.toString(), "--to", "zip:" + folder.resolve("copies"));

    RunFiles files = new RunFiles(reports);
    assertThat(reports.resolve("run-1.json")).exists();
    assertThat(files.newest()).contains(1L);
    assertThat(files.runs()).hasSize(RunFiles.KEPT).doesNotContain(1000L);
  }
}
