package serdab.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.plan.LogSettings;
import serdab.testing.world.WorldClock;

class JsonLogTest {

  @TempDir private Path folder;

  private final WorldClock clock = new WorldClock(Instant.now());

  private JsonLog log(LogSettings settings) {
    return new JsonLog(folder.resolve("logs"), settings, clock);
  }

  private void add(JsonLog log, int number) {
    log.add(JsonLog.Level.INFO, "test", json -> json.writeNumberProperty("number", number));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("logs"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void everyLineIsOneJsonValueAndForItsOwnerOnly() throws IOException {
    JsonLog log = log(LogSettings.DEFAULT);

    add(log, 1);
    log.add(JsonLog.Level.ERROR, "hard", json -> json.writeStringProperty("text", "a\nb\"c"));

    Path file = folder.resolve("logs/serdab.jsonl");
    assertThat(Files.readAllLines(file)).hasSize(2);
    assertThat(Files.readAllLines(file).get(1)).endsWith("\"text\":\"a\\nb\\\"c\"}");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void aFullFileIsRotatedAndTheOldestGo() throws IOException {
    JsonLog log = log(new LogSettings(200, 3, false, 10));

    for (int i = 0; i < 40; i++) {
      clock.pass(Duration.ofSeconds(1));
      add(log, i);
    }

    assertThat(files()).hasSize(4);
    assertThat(Files.readString(folder.resolve("logs/serdab.jsonl"))).contains("\"number\":39");
    for (Path file : files()) {
      assertThat(Files.size(file)).isLessThan(300);
    }
  }

  @Test
  void aNewDayBeginsANewFileWhereThatIsAsked() throws IOException {
    JsonLog log = log(new LogSettings(1 << 20, 10, true, 10));
    add(log, 1);
    clock.pass(Duration.ofDays(1));

    add(log, 2);

    assertThat(files()).hasSize(2);
  }

  @Test
  void whatIsTooOldGoesWhenAFileIsRotated() throws IOException {
    JsonLog log = log(new LogSettings(100, 10, false, 7));
    add(log, 1);
    add(log, 2);
    clock.pass(Duration.ofSeconds(1));
    add(log, 3);
    Path rotated = files().getFirst();
    Files.setLastModifiedTime(rotated, FileTime.from(clock.instant().minus(Duration.ofDays(8))));

    add(log, 4);
    add(log, 5);

    assertThat(rotated).doesNotExist();
  }

  @Test
  void aLogThatCannotBeWrittenStopsNothing() throws IOException {
    Files.writeString(folder.resolve("logs"), "a file where the folder should be");
    JsonLog log = log(LogSettings.DEFAULT);

    add(log, 1);

    assertThat(log.failed()).isTrue();
  }
}
