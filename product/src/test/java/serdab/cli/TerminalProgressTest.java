package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import serdab.StudyLabel;

/// What a long command tells while it runs.
class TerminalProgressTest {

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(told, true, StandardCharsets.UTF_8);
  private Duration now = Duration.ofHours(1);

  private TerminalProgress progress(boolean interactive) {
    return new TerminalProgress(new Terminal(err, err, interactive), () -> now.toNanos());
  }

  private String told() {
    return told.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aRunTellsHowManyStudiesAreDone() {
    TerminalProgress progress = progress(true);
    progress.planned(4);
    now = now.plusMinutes(1);
    progress.read(600_000_000);
    progress.ended(StudyLabel.of(new byte[32], "1.2.3"), "copied");
    now = now.plusMinutes(1);
    progress.read(600_000_000);

    assertThat(told()).contains("4 studies to work on").contains("1/4 studies, 1.2 GB, 10 MB/s");
  }

  @Test
  void whereNoStudiesAreWorkedOnNoneAreTold() {
    TerminalProgress progress = progress(false);
    now = now.plusMinutes(1);
    progress.read(600_000_000);

    assertThat(told().strip()).isEqualTo("600 MB, 10 MB/s");
  }
}
