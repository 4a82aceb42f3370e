package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// Plans of the configuration, called by name and run one after another.
class PlansTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  private Path home;

  @BeforeEach
  void aHomeWithTwoPlansOfTwoSourcesAndTwoDestinations() throws IOException {
    home = Files.createDirectories(folder.resolve("home"));
    Path cds = Files.createDirectories(folder.resolve("cds"));
    Files.write(cds.resolve("one.dcm"), TinyDicom.image().bytes());
    configure(
        """
        zone = "UTC"
        [plan.daily]
        from = ["%s", "folder:%s"]
        to = ["zip:%s", "zip:%s"]
        [plan.yearly]
        enabled = false
        from = "%s"
        to = "zip:%s"
        """
            .formatted(EXAMPLE, cds, place("a"), place("b"), cds, place("c")));
  }

  // ---- running

  @Test
  void everyEnabledPlanRunsWithEachOfItsSourcesInOrder() throws IOException {
    CommandLineRun.Result result = serdab("backup");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .containsSubsequence(
            "Plan daily: " + EXAMPLE,
            "12 copied and proven",
            "Plan daily: folder:" + folder.resolve("cds"),
            " 1 copied and proven",
            "2 of 2 runs: 2 good, 0 incomplete, 0 held back, 0 failed.");
    assertThat(zips("a")).isEqualTo(13);
    assertThat(zips("b")).isEqualTo(13);
    assertThat(place("c")).doesNotExist();
  }

  @Test
  void aPlanCalledByItsNameRunsAloneAlsoWhenItIsDisabled() throws IOException {
    CommandLineRun.Result result = serdab("backup", "yearly");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).doesNotContain("runs:");
    assertThat(zips("c")).isEqualTo(1);
    assertThat(place("a")).doesNotExist();
  }

  @Test
  void aDryRunShowsEveryPlanAndMakesNothing() {
    CommandLineRun.Result result = serdab("backup", "yearly", "daily", "--dry-run");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .containsSubsequence("Plan yearly", "1 to work on", "Plan daily", "12 to work on");
    assertThat(place("a")).doesNotExist();
    assertThat(place("c")).doesNotExist();
  }

  @Test
  void oneRunsFailureDoesNotStopTheNextAndTheWorstExitCodeCounts() throws IOException {
    Files.createDirectories(folder.resolve("empty"));
    configure(
        """
        [plan.gone]
        from = "folder:%s"
        to = "zip:%s"
        [plan.held]
        from = "%s"
        to = "zip:%s"
        sentinels = [".not-there"]
        [plan.good]
        from = "folder:%s"
        to = "zip:%s"
        """
            .formatted(
                folder.resolve("never"),
                place("a"),
                EXAMPLE,
                place("b"),
                folder.resolve("cds"),
                place("c")));

    CommandLineRun.Result all = serdab("backup");
    CommandLineRun.Result twoOfThem = serdab("backup", "held", "good");

    assertThat(all.exitCode()).isEqualTo(1);
    assertThat(all.out()).contains("3 of 3 runs: 1 good, 0 incomplete, 1 held back, 1 failed.");
    assertThat(all.err()).contains("never", ".not-there");
    assertThat(zips("c")).isEqualTo(1);
    assertThat(twoOfThem.exitCode()).isEqualTo(4);
  }

  @Test
  void verifyTakesAPlansNameForAllItsDestinations() throws IOException {
    serdab("backup");
    Path damaged = zipFiles("b").getFirst();
    assertThat(damaged.toFile().setWritable(true)).isTrue();
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 3] ^= 1;
    Files.write(damaged, bytes);

    CommandLineRun.Result result = serdab("verify", "daily");

    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.out())
        .containsSubsequence(
            "zip:" + place("a"), "13 good, 0 NOT good", "zip:" + place("b"), "12 good, 1 NOT good");
  }

  // ---- where everything is

  @Test
  void statusSaysWhereEverythingIsAlsoBeforeTheFirstRunAndWithAWrongConfiguration()
      throws IOException {
    CommandLineRun.Result before = serdab("status", "--paths");
    serdab("backup", "yearly");
    configure("zone = 7\n");
    CommandLineRun.Result wrong = serdab("status", "--paths");

    assertThat(before.exitCode()).isZero();
    assertThat(before.out())
        .contains(
            "configuration  " + home.resolve("serdab.toml") + "\n",
            "catalogue      " + home.resolve("catalogue.db") + "   (not there)\n",
            "lock           " + home.resolve("run.lock"),
            "logs           " + home.resolve("logs"),
            "issues of zip:" + place("a") + " " + place("a").resolve("issues.csv"),
            "issues of zip:" + place("c"));
    assertThat(wrong.exitCode()).isZero();
    assertThat(wrong.out()).contains("issues of zip:" + place("c")).doesNotContain("place-a");
    assertThat(wrong.err()).contains("line 1, column 1");
  }

  // ---- what is wrong

  @Test
  void aFreshHomeIsToldToRunInit() throws IOException {
    Files.delete(home.resolve("serdab.toml"));

    CommandLineRun.Result result = serdab("backup");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("There is no configuration", "serdab init");
  }

  @Test
  void aWrongConfigurationIsToldWholeAndNothingIsDone() throws IOException {
    configure("[plan.daily]\nfrom = \"/a\"\nworkers = 0\n");

    CommandLineRun.Result result = serdab("backup");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err())
        .contains("2 problems:", "line 1, column 1: plan.daily.to is missing", "line 3, column 1");
    assertThat(home.resolve("catalogue.db")).doesNotExist();
  }

  @Test
  void anUnknownPlanIsToldWithThoseThatThereAre() {
    CommandLineRun.Result result = serdab("backup", "dayly");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("no plan of the name dayly", "daily, yearly");
    assertThat(serdab("verify", "dayly").exitCode()).isEqualTo(2);
  }

  @Test
  void aConfigurationWithoutEnabledPlansSaysWhatToDo() throws IOException {
    configure("[plan.a]\nenabled = false\nfrom = \"/a\"\nto = \"zip:/b\"\n");

    CommandLineRun.Result result = serdab("backup");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("no plan that is enabled", "a");
  }

  @Test
  void plansAndSourcesOnTheCommandLineDoNotMix() {
    assertThat(serdab("backup", "daily", "--from", "/a", "--to", "zip:/b").exitCode()).isEqualTo(2);
    assertThat(serdab("backup", "--from", "/a").err()).contains("--to is not given");
    assertThat(serdab("backup", "--to", "zip:/b").err()).contains("--from is not given");
  }

  @Test
  void anOptionThatWouldBeWithoutEffectIsRefused() {
    CommandLineRun.Result result = serdab("backup", "daily", "--modality", "CT");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("--modality is a setting of a plan", "serdab.toml");
    assertThat(place("a")).doesNotExist();
  }

  // ---- waiting for another run

  @Test
  void aRunWaitsForAnotherToEndAndLeavesWhenItTakesTooLong() {
    Path lock = home.resolve("run.lock");
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream err = new PrintStream(said, true, StandardCharsets.UTF_8);
    Terminal terminal = new Terminal(err, err, false);
    List<Duration> rests = new ArrayList<>();
    RunLock other = RunLock.take(lock);

    assertThatThrownBy(() -> RunLock.take(lock, Duration.ofMillis(2500), terminal, rests::add))
        .isInstanceOf(SerdabException.HeldBack.class);
    assertThat(rests)
        .containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofMillis(500));
    assertThat(said.toString(StandardCharsets.UTF_8).lines()).hasSize(1);

    rests.clear();
    RunLock.Rest otherEnds =
        duration -> {
          rests.add(duration);
          if (rests.size() == 3) {
            other.close();
          }
        };
    try (RunLock _ = RunLock.take(lock, Duration.ofHours(1), terminal, otherEnds)) {
      assertThat(rests).hasSize(3);
      assertThatThrownBy(() -> RunLock.take(lock)).isInstanceOf(SerdabException.HeldBack.class);
    }
  }

  @Test
  void aRunLeavesAtOnceUnlessItIsToldToWait() {
    try (RunLock _ = RunLock.take(home.resolve("run.lock"))) {
      CommandLineRun.Result result = serdab("backup");

      assertThat(result.exitCode()).isEqualTo(4);
      assertThat(result.err()).contains("--wait");
      assertThat(serdab("backup", "--wait", "soon").exitCode()).isEqualTo(2);
    }
  }

  // ----

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(home).run(args);
  }

  private void configure(String text) throws IOException {
    Files.writeString(home.resolve("serdab.toml"), text);
  }

  private Path place(String name) {
    return folder.resolve("place-" + name);
  }

  private long zips(String place) throws IOException {
    return zipFiles(place).size();
  }

  private List<Path> zipFiles(String place) throws IOException {
    try (Stream<Path> files = Files.walk(place(place))) {
      return files
          .filter(file -> file.toString().endsWith(".zip"))
          .filter(file -> !place(place).relativize(file).startsWith("_recovery"))
          .sorted()
          .toList();
    }
  }
}
