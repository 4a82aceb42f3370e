package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.backup.Reach;
import serdab.testing.world.TinyDicom;

/// One of two destinations is away: the other gets its copies, and the run does not end well.
class AbsentDestinationTest {

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private void put(int study) throws IOException {
    Path file = folder.resolve("source").resolve(study + ".dcm");
    Files.createDirectories(file.getParent());
    String uid = "1.2." + study;
    Files.write(file, TinyDicom.image().study(uid).series(uid + ".1").sop(uid + ".1.1").bytes());
  }

  private CommandLineRun.Result backUp(String... more) {
    return backUpWith(new Reach(), more);
  }

  private CommandLineRun.Result backUpWith(Reach reach, String... more) {
    String[] args =
        Stream.concat(
                Stream.of(
                    "backup",
                    "--from",
                    folder.resolve("source").toString(),
                    "--to",
                    "zip:" + folder.resolve("a"),
                    "--to",
                    "zip:" + folder.resolve("b")),
                Stream.of(more))
            .toArray(String[]::new);
    return new CommandLineRun(folder.resolve("home")).runAt(InstantSource.system(), reach, args);
  }

  private long copies(String disk) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve(disk))) {
      return files
          .map(Path::toString)
          .filter(name -> name.endsWith(".zip") && !name.contains("_recovery"))
          .count();
    }
  }

  /// Two studies on both disks, then the second disk is unplugged and a third study comes.
  @BeforeEach
  void unplug() throws IOException {
    put(1);
    put(2);
    assertThat(backUp().exitCode()).isZero();
    Files.move(folder.resolve("b"), folder.resolve("unplugged"));
    put(3);
  }

  private void plugIn() throws IOException {
    Files.move(folder.resolve("unplugged"), folder.resolve("b"));
  }

  @Test
  void theOtherDestinationGetsItsCopiesAndTheRunNamesTheAbsentOne() throws IOException {
    CommandLineRun.Result run = backUp();

    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.out())
        .contains(folder.resolve("b") + " was used before and is not there now")
        .contains("1 copied and proven", "lacks what is new")
        .doesNotContain("All good");
    assertThat(copies("a")).isEqualTo(3);
    assertThat(folder.resolve("b")).doesNotExist();
  }

  @Test
  void nothingIsTakenForProvenOnItAndTheStatusIsNotWell() {
    backUp();

    CommandLineRun.Result status = serdab("status");
    CommandLineRun.Result study = serdab("studies", "--json");

    assertThat(status.exitCode()).isEqualTo(3);
    assertThat(status.out()).contains("went on without a destination").doesNotContain("All 3");
    assertThat(study.out().split("\"state\":\"good\"", -1)).as("copies of three").hasSize(5 + 1);
  }

  @Test
  void whenItIsBackItGetsWhatItLacksAndAllIsWell() throws IOException {
    backUp();
    plugIn();

    CommandLineRun.Result run = backUp();

    assertThat(run.exitCode()).as(run.out()).isZero();
    assertThat(copies("b")).isEqualTo(3);
    assertThat(serdab("status").exitCode()).isZero();
  }

  @Test
  void whenNoDestinationIsThereNothingRuns() throws IOException {
    Files.move(folder.resolve("a"), folder.resolve("unplugged-too"));

    CommandLineRun.Result run = backUp();

    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.err()).contains("is not there now");
    assertThat(folder.resolve("a")).doesNotExist();
  }

  @Test
  void anotherDiskInItsPlaceIsLeftAlone() throws IOException {
    Files.createDirectories(folder.resolve("b"));
    Files.writeString(
        folder.resolve("b/destination.json"),
        Files.readString(folder.resolve("unplugged/destination.json"))
            .replaceFirst("[0-9a-f]{8}-", "00000000-"));

    CommandLineRun.Result run = backUp();

    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.out()).contains("not the one that was there");
    assertThat(copies("a")).isEqualTo(3);
    assertThat(copies("b")).isZero();
  }

  @Test
  void aVolumeThatHangsMakesTheRunFailAndTheOtherGetsItsCopies() throws IOException {
    plugIn();
    CountDownLatch never = new CountDownLatch(1);
    Reach hanging =
        new Reach(
            place -> {
              try {
                if (place.equals(folder.resolve("b"))) {
                  never.await();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return Reach.lookAt(place);
            },
            Duration.ofMillis(300));

    CommandLineRun.Result run = backUpWith(hanging);
    never.countDown();

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).contains("does not answer");
    assertThat(copies("a")).isEqualTo(3);
    assertThat(copies("b")).isEqualTo(2);
  }

  @Test
  void aWorseEndCountsMore() throws IOException {
    for (int study = 1; study <= 3; study++) {
      Files.delete(folder.resolve("source").resolve(study + ".dcm"));
    }
    Files.writeString(folder.resolve("source/readme.txt"), "belongs to no study");

    CommandLineRun.Result run = backUp();

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).contains("is not there now", "lists no studies at all");
  }

  @Test
  void aDryRunShowsTheRestOfThePlanAndEndsAsTheRunWould() throws IOException {
    CommandLineRun.Result dry = backUp("--dry-run");

    assertThat(dry.exitCode()).isEqualTo(4);
    assertThat(dry.out()).contains("1 to work on");
    assertThat(dry.err()).contains("is not there now");
    assertThat(copies("a")).isEqualTo(2);
  }

  @Test
  void theReportForProgramsSaysSoToo() {
    CommandLineRun.Result run = backUp("--json");

    assertThat(run.out())
        .contains("\"outcome\":\"held-back\"", "\"exit_code\":4", "destination-not-there");
  }

  @Test
  void oneDestinationCopiedToOthersGoesOnToo() throws IOException {
    CommandLineRun.Result run =
        serdab(
            "backup",
            "--from",
            "zip:" + folder.resolve("a"),
            "--to",
            "zip:" + folder.resolve("b"),
            "--to",
            "zip:" + folder.resolve("c"));

    assertThat(run.exitCode()).isEqualTo(4);
    assertThat(run.out()).contains("is not there now");
    assertThat(copies("c")).isEqualTo(2);
  }
}
