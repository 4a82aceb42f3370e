package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.LyingPacs;
import serdab.testing.world.TinyDicom;

/// `serdab pause`, `serdab resume` and `serdab stop`, also on a program of its own.
class ControlTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int IMAGES = 9;

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();
  private final CountDownLatch thirdCame = new CountDownLatch(1);
  private final CountDownLatch goOn = new CountDownLatch(1);
  private CommandLineRun serdab;
  private Path home;
  private Path images;

  @BeforeEach
  void aPlan() throws IOException {
    home = Files.createDirectories(folder.resolve("home"));
    serdab = new CommandLineRun(home);
    images = Files.createDirectories(folder.resolve("images"));
    for (int n = 0; n < IMAGES; n++) {
      String study = "1.2." + (1 + n / 3);
      Files.write(
          images.resolve("image-" + n),
          TinyDicom.image()
              .study(study)
              .series(study + ".1")
              .sop(study + ".1." + n)
              .date("20240101")
              .pixels(new byte[] {(byte) n, 1, 2, 3})
              .bytes());
    }
    Files.writeString(
        home.resolve("serdab.toml"),
        "[plan.daily]\nfrom = \"folder:%s\"\nto = \"%s?associations=1\"\ndicom_only = true\n"
            .formatted(images, pacs.address()));
  }

  @AfterEach
  void end() {
    goOn.countDown();
    pacs.close();
  }

  /// A run of the plan that waits for the answer to the third image.
  private Process begun() throws Exception {
    pacs.onArrival(number -> {
      if (number == 3) {
        thirdCame.countDown();
        try {
          boolean _ = goOn.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    });
    Process run = serdab.start("backup", "daily");
    assertThat(thirdCame.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(said()).isTrue();
    return run;
  }

  private String said() throws IOException {
    Path file = folder.resolve("process-output.txt");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private static void await(BooleanSupplier what) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!what.getAsBoolean()) {
      assertThat(System.nanoTime()).as("patience").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private void awaitSaid(String text) {
    await(() -> {
      try {
        return said().contains(text);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    });
  }

  private int ended(Process run) throws Exception {
    assertThat(run.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(said()).isTrue();
    return run.exitValue();
  }

  @Test
  void aPausedRunSendsNoMoreLetsGoOfTheNodeAndGoesOnWhenItIsResumed() throws Exception {
    Process run = begun();

    var paused = serdab.run("pause");
    awaitSaid("Paused:");
    goOn.countDown();
    await(() -> pacs.present() == 0);

    assertThat(paused.exitCode()).as(paused.toString()).isZero();
    assertThat(paused.out()).contains("daily", "serdab resume daily");
    assertThat(pacs.arrived()).isEqualTo(3);
    assertThat(serdab.run("status").out()).contains("Paused, since", "serdab resume daily");
    assertThat(run.isAlive()).isTrue();

    var resumed = serdab.run("resume");

    assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
    assertThat(ended(run)).as(said()).isZero();
    assertThat(pacs.arrived()).isEqualTo(IMAGES);
    assertThat(pacs.kept()).hasSize(IMAGES);
    assertThat(serdab.run("status").out()).contains("All 3 studies safe").doesNotContain("Paused");
  }

  @Test
  void aPauseOutlivesTheRunThatIsKilledAndNothingIsSentTwiceAfterwards() throws Exception {
    Process run = begun();
    serdab.run("pause", "daily");
    awaitSaid("Paused:");
    goOn.countDown();
    await(() -> pacs.present() == 0);
    run.destroyForcibly().waitFor();

    var held = serdab.run("backup", "daily");

    assertThat(held.exitCode()).as(held.toString()).isEqualTo(4);
    assertThat(held.err()).contains("The plan daily is paused", "serdab resume daily");
    assertThat(serdab.run("verify", "daily").exitCode()).isEqualTo(4);
    assertThat(pacs.arrived()).isEqualTo(3);
    assertThat(serdab.run("resume", "daily").exitCode()).isZero();
    var backup = serdab.run("backup", "daily");
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(pacs.arrived()).isEqualTo(IMAGES);
    assertThat(home.resolve("control")).isEmptyDirectory();
  }

  @Test
  void aRunThatIsStoppedFromAfarEndsInGoodOrderAndTheNextGoesOn() throws Exception {
    Process run = begun();

    serdab.run("pause");
    awaitSaid("Paused:");
    var stopped = serdab.run("stop", "daily");
    awaitSaid("Asked to stop");
    goOn.countDown();

    assertThat(stopped.out()).contains("Asked to stop: daily");
    assertThat(ended(run)).as(said()).isEqualTo(130);
    assertThat(pacs.arrived()).isEqualTo(3);
    assertThat(pacs.requests()).doesNotContain("ended");
    serdab.run("resume");
    var next = serdab.run("backup", "daily");
    assertThat(next.exitCode()).as(next.toString()).isZero();
    assertThat(pacs.arrived()).isEqualTo(IMAGES);
  }

  @Test
  void aFileThatCannotBeReadEndsTheRunWithItsNameAndResumeRemovesIt() throws Exception {
    Process run = begun();
    Path file = Files.writeString(home.resolve("control/pause-all"), "\0 nothing");
    awaitSaid(file.toString());
    goOn.countDown();
    assertThat(ended(run)).as(said()).isEqualTo(130);

    var held = serdab.run("backup", "daily");

    assertThat(held.exitCode()).as(held.toString()).isEqualTo(4);
    assertThat(held.err()).contains(file.toString(), "serdab resume --all");
    assertThat(serdab.run("status").err()).contains(file.toString());
    assertThat(serdab.run("resume", "--all").exitCode()).isZero();
    assertThat(serdab.run("backup", "daily").exitCode()).isZero();
  }

  @Test
  void aNodeIsToldThatABackupIsNotUrgentUnlessTheAddressSaysOtherwise() {
    assertThat(serdab.run("backup", "daily").exitCode()).isZero();
    assertThat(pacs.priorities()).containsExactlyInAnyOrder("0001 2", "0010 2", "0020 2");

    String urgent = pacs.address() + "?priority=high";
    assertThat(serdab.run("verify", urgent).exitCode()).isZero();
    CommandLineRun another = new CommandLineRun(folder.resolve("another"));
    String zips = "zip:" + folder.resolve("zips");
    assertThat(another.run("backup", "--from", urgent, "--to", zips).exitCode()).isZero();

    assertThat(pacs.priorities())
        .containsExactlyInAnyOrder("0001 2", "0010 2", "0020 2", "0010 1", "0020 1");
    assertThat(serdab.run("verify", pacs.address() + "?priority=soon").err())
        .contains("priority=soon", "low, medium or high");
  }

  @Test
  void aPauseForATimeEndsByItself() {
    Instant now = Instant.parse("2026-03-01T12:00:00Z");
    CommandLineRun then = new CommandLineRun(home, InstantSource.fixed(now));
    assertThat(then.run("pause", "daily", "--for", "2h").exitCode()).isZero();

    var held = then.run("backup", "daily");
    CommandLineRun later =
        new CommandLineRun(home, InstantSource.fixed(now.plus(Duration.ofHours(2))));

    assertThat(held.exitCode()).as(held.toString()).isEqualTo(4);
    assertThat(held.err()).contains("until 2026-03-01T14:00:00Z");
    var backup = later.run("backup", "daily");
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
  }

  @Test
  void aPauseOfEverythingHoldsForRunsWithoutAPlanAndIsNotEndedByTheNameOfOne() {
    assertThat(serdab.run("pause", "--all").exitCode()).isZero();
    String zips = "zip:" + folder.resolve("zips");

    var held = serdab.run("backup", "--from", "folder:" + images, "--to", zips);
    var resumed = serdab.run("resume", "daily");

    assertThat(held.exitCode()).as(held.toString()).isEqualTo(4);
    assertThat(resumed.exitCode()).as(resumed.toString()).isEqualTo(4);
    assertThat(resumed.err()).contains("serdab resume --all");
    assertThat(folder.resolve("zips")).doesNotExist();
    assertThat(serdab.run("resume").exitCode()).isZero();
    assertThat(serdab.run("backup", "--from", "folder:" + images, "--to", zips).exitCode())
        .isZero();
  }

  @Test
  void whereNothingRunsPauseSaysSoAndStopIsContent() {
    var paused = serdab.run("pause");
    var unknown = serdab.run("pause", "weekly");

    assertThat(paused.exitCode()).isEqualTo(1);
    assertThat(paused.err()).contains("No backup and no verification");
    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(serdab.run("stop").exitCode()).isZero();
    assertThat(serdab.run("resume").out()).contains("Nothing was paused");
  }

  @Test
  void thePauseOfARunWithoutAPlanEndsWithIt() {
    Control control = new Control(new Home(home));
    Control.UnderWay run = control.begin("backup", "", Instant.EPOCH, new SplittableRandom(1));
    serdab.run("pause");
    assertThat(control.pauseOf("", Optional.of(run), Instant.now())).isPresent();

    control.end(run);

    assertThat(control.pauses(Instant.now())).isEmpty();
    assertThat(control.underWay()).isEmpty();
  }

  @Test
  void aRunWhoseProcessIsGoneIsForgottenWithItsPause() throws Exception {
    Control control = new Control(new Home(home));
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    String host = Wiring.machine();
    Files.createDirectories(home.resolve("control"));
    Files.writeString(
        home.resolve("control/run-1-abc"),
        "kind=backup\nplan=\nsince=2026-03-01T12:00:00Z\nworker=" + host + "/" + gone.pid() + "\n");
    Files.writeString(
        home.resolve("control/pause-run-1-abc"), "since=2026-03-01T12:00:00Z\nuntil=\n");
    assertThat(control.underWay()).isEmpty();
    assertThat(control.pauses(Instant.now())).hasSize(1);

    Control.UnderWay next = control.begin("backup", "", Instant.EPOCH, new SplittableRandom(1));

    assertThat(control.pauses(Instant.now())).isEmpty();
    control.end(next);
    assertThat(home.resolve("control")).isEmptyDirectory();
  }
}
