package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.plan.Configuration;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// The backup machine is lost; what is left is a destination and an empty home.
class RecoverTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  private CommandLineRun.Result on(String machine, String... args) {
    return new CommandLineRun(folder.resolve(machine)).run(args);
  }

  private String copies() {
    return "zip:" + folder.resolve("copies");
  }

  private CommandLineRun.Result backUp(String machine, String... more) {
    Stream<String> always = Stream.of("backup", "--from", EXAMPLE.toString(), "--to", copies());
    return on(machine, Stream.concat(always, Stream.of(more)).toArray(String[]::new));
  }

  private Path kit() throws IOException {
    try (Stream<Path> folders = Files.list(folder.resolve("copies/_recovery"))) {
      return folders.filter(Files::isDirectory).findFirst().orElseThrow();
    }
  }

  private List<Path> catalogues() throws IOException {
    try (Stream<Path> files = Files.list(kit())) {
      return files.filter(file -> file.toString().endsWith(".zip")).sorted().toList();
    }
  }

  @Test
  void anEmptyMachineGoesOnWithoutCopyingAnythingAgain() {
    backUp("old");

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());
    CommandLineRun.Result next = backUp("new");

    assertThat(recover.exitCode()).as(recover.err()).isZero();
    assertThat(recover.out()).contains("12 copies known, 0 remembered anew");
    assertThat(next.exitCode()).isZero();
    assertThat(next.out()).contains(" 0 copied and proven, 12 already there");
  }

  @Test
  void thePlansComeBackAsAConfigurationThatRuns() throws IOException {
    backUp("old", "--modality", "CT,MR");

    on("new", "recover", "--from", copies());

    Configuration plans =
        Configuration.read(folder.resolve("new/serdab.toml"), java.time.ZoneId.of("UTC"));
    assertThat(plans.plans()).hasSize(1);
    assertThat(plans.plans().getFirst().sources()).containsExactly(EXAMPLE.toString());
    assertThat(plans.plans().getFirst().destinations()).containsExactly(copies());
    assertThat(plans.plans().getFirst().plans().getFirst().selection().modalities())
        .containsExactlyInAnyOrder("CT", "MR");
  }

  @Test
  void labelsAreTheSameOnTheNewMachine() {
    backUp("old");

    on("new", "recover", "--from", copies());

    assertThat(on("new", "studies").out()).isEqualTo(on("old", "studies").out());
  }

  @Test
  void whatWasCopiedAfterTheCatalogueWasLeftIsRememberedAndProvenAgain() {
    backUp("old", "--batch", "4", "--workers", "1");
    backUp("old"); // within the hour, so the catalogue that is left knows four

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());
    CommandLineRun.Result next = backUp("new");

    assertThat(recover.out()).contains("4 copies known, 8 remembered anew");
    assertThat(next.exitCode()).isZero();
    assertThat(next.out()).contains(" 0 copied and proven,").contains("All good.");
  }

  @Test
  void aCopyThatIsGoneIsNotBelieved() throws IOException {
    backUp("old");
    Files.delete(firstZip());

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());
    CommandLineRun.Result next = backUp("new");

    assertThat(recover.exitCode()).isEqualTo(3);
    assertThat(recover.out()).contains("11 copies known", "1 not there any more");
    assertThat(next.out()).contains(" 1 copied and proven, 11 already there");
  }

  @Test
  void anotherDestinationCountsWhenItWasLookedAt() throws IOException {
    String other = "zip:" + folder.resolve("other");
    on("old", "backup", "--from", EXAMPLE.toString(), "--to", copies(), "--to", other);
    Path away = folder.resolve("away");
    Files.move(folder.resolve("other"), away);
    Files.delete(firstZip(away)); // by the lost machine, after it left its catalogue

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());
    CommandLineRun.Result unseen = on("new", "status");
    CommandLineRun.Result safe =
        on("new", "status", "--safe-to-delete", "--date", "1990-01-01..2030-12-31");
    Files.move(away, folder.resolve("other"));
    CommandLineRun.Result next =
        on("new", "backup", "--from", EXAMPLE.toString(), "--to", copies(), "--to", other);

    assertThat(recover.exitCode()).as(recover.err()).isZero();
    assertThat(unseen.exitCode()).isEqualTo(3);
    assertThat(unseen.out()).contains("12 not looked at since the catalogue was recovered");
    assertThat(safe.out()).as(safe.err()).contains("one proven copy only");
    assertThat(next.exitCode()).as(next.out()).isZero();
    assertThat(next.out()).contains(" 1 copied and proven, 11 already there");
    try (Stream<Path> left = Files.list(folder.resolve("new"))) {
      assertThat(left).noneMatch(file -> file.toString().contains(".part"));
    }
  }

  @Test
  void aDamagedCatalogueGivesWayToTheOneBefore() throws IOException {
    backUp("old");
    Path whole = catalogues().getFirst();
    Path newer = whole.resolveSibling("catalogue-20991231T000000Z.zip");
    byte[] bytes = Files.readAllBytes(whole);
    bytes[bytes.length / 2] ^= 1;
    Files.write(newer, bytes);

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());

    assertThat(recover.exitCode()).isZero();
    assertThat(recover.out())
        .contains("1 newer copies of it were damaged")
        .contains("12 copies known");
  }

  @Test
  void cataloguesOfATimeThatHasNotComeYetDoNotHideTheOneLeftLast() throws IOException {
    backUp("old", "--batch", "4", "--workers", "1");
    Path first = catalogues().getFirst();
    for (int i = 1; i <= 3; i++) {
      // As a clock left them that was years ahead.
      Files.copy(
          first, first.resolveSibling("catalogue-2099123" + (i % 2) + "T00000" + i + "Z.zip"));
    }
    Files.delete(first);

    backUp("old");
    List<Path> kept = catalogues();
    backUp("old");
    CommandLineRun.Result recover = on("new", "recover", "--from", copies());

    assertThat(kept).hasSize(3);
    assertThat(catalogues()).as("nothing changed in the last run").isEqualTo(kept);
    assertThat(recover.out()).contains("12 copies known, 0 remembered anew");
  }

  @Test
  void withoutAnyCatalogueItIsMadeFromTheCopies() throws IOException {
    backUp("old");
    Files.delete(catalogues().getFirst());

    CommandLineRun.Result recover = on("new", "recover", "--from", copies());
    CommandLineRun.Result next = backUp("new");

    assertThat(recover.out())
        .contains("made again from the copies")
        .contains("0 copies known, 12 remembered anew");
    assertThat(next.out()).contains(" 0 copied and proven,").contains("All good.");
  }

  @Test
  void aMachineWithACatalogueIsLeftAlone() {
    backUp("old");

    CommandLineRun.Result recover = on("old", "recover", "--from", copies());

    assertThat(recover.exitCode()).isEqualTo(2);
    assertThat(recover.err()).contains("has a catalogue already");
  }

  @Test
  void twoMachinesAreToldApart() throws IOException {
    backUp("old");
    backUp("other");
    String first;
    try (Stream<Path> folders = Files.list(folder.resolve("copies/_recovery"))) {
      first =
          folders
              .filter(Files::isDirectory)
              .map(path -> path.getFileName().toString())
              .sorted()
              .findFirst()
              .orElseThrow();
    }

    CommandLineRun.Result asked = on("new", "recover", "--from", copies());
    CommandLineRun.Result told = on("new", "recover", "--from", copies(), "--installation", first);

    assertThat(asked.exitCode()).isEqualTo(2);
    assertThat(asked.err()).contains("--installation " + first);
    assertThat(told.exitCode()).isZero();
  }

  @Test
  @Needs({Peer.UNZIP, Peer.PYTHON})
  void theCatalogueCanBeReadWithCommonTools() throws Exception {
    backUp("old");
    Path out = Files.createDirectory(folder.resolve("unpacked"));

    int unzipped =
        new ProcessBuilder("unzip", "-q", catalogues().getFirst().toString(), "-d", out.toString())
            .inheritIO()
            .start()
            .waitFor();
    Process python =
        new ProcessBuilder(
                "python3",
                "-c",
                "import sqlite3,sys; print(sqlite3.connect(sys.argv[1])"
                    + ".execute('select count(*) from copy').fetchone()[0])",
                out.resolve("catalogue.db").toString())
            .redirectErrorStream(true)
            .start();
    String counted = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(unzipped).isZero();
    assertThat(counted.strip()).isEqualTo("12");
  }

  @Test
  void theLogOfRunsHasALineForEachRunAndNoPatient() throws IOException {
    backUp("old");
    backUp("old");

    List<String> lines;
    try (Stream<Path> files = Files.list(kit())) {
      lines =
          Files.readAllLines(
              files.filter(file -> file.toString().endsWith(".jsonl")).findFirst().orElseThrow());
    }

    assertThat(lines).hasSize(2).allMatch(line -> line.contains("\"outcome\":\"good\""));
    assertThat(catalogues()).hasSize(1);
  }

  private Path firstZip() throws IOException {
    return firstZip(folder.resolve("copies"));
  }

  private static Path firstZip(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files
          .filter(file -> file.toString().endsWith(".zip"))
          .filter(file -> !file.toString().contains("/_"))
          .sorted()
          .findFirst()
          .orElseThrow();
    }
  }
}
