package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.world.TinyDicom;

/// What a person said must not be lost with a catalogue: holds lie beside the copies.
class HoldPapersTest {

  @TempDir private Path folder;

  private CommandLineRun.Result on(String machine, String... args) {
    return new CommandLineRun(folder.resolve(machine)).run(args);
  }

  private String disk(String name) {
    return "zip:" + folder.resolve(name);
  }

  private CommandLineRun.Result backUp(String machine, String... disks) {
    List<String> args =
        Stream.concat(
                Stream.of("backup", "--from", folder.resolve("source").toString()),
                Stream.of(disks).flatMap(disk -> Stream.of("--to", disk(disk))))
            .toList();
    CommandLineRun.Result run = on(machine, args.toArray(String[]::new));
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
    return run;
  }

  private void put(String study, int number) throws IOException {
    Path file = folder.resolve("source").resolve(study + "-" + number + ".dcm");
    Files.createDirectories(file.getParent());
    Files.write(
        file,
        TinyDicom.image().study(study).series(study + ".1").sop(study + "." + number).bytes());
  }

  private List<Path> papers(String disk) throws IOException {
    Path there = folder.resolve(disk).resolve("_retention");
    if (!Files.isDirectory(there)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(there)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("hold-"))
          .sorted()
          .toList();
    }
  }

  /// One study in two versions, so that one of them may go.
  @BeforeEach
  void backUpTwice() throws IOException {
    put("1.2.3", 1);
    put("1.2.4", 1);
    backUp("old", "a");
    put("1.2.3", 2);
    backUp("old", "a");
  }

  private CommandLineRun.Result plan(String machine, String disk) {
    return on(machine, "prune", disk(disk), "--plan", "--keep-versions", "1");
  }

  private void hold(String machine, String... what) {
    List<String> args =
        Stream.concat(
                Stream.concat(Stream.of("hold", "add"), Stream.of(what)),
                Stream.of("--reason", "a complaint of Mr. Smith", "--author", "Ann"))
            .toList();
    assertThat(on(machine, args.toArray(String[]::new)).exitCode()).isZero();
  }

  @Test
  void aHoldIsWrittenBesideTheCopiesAtOnceAndItsReleaseToo() throws IOException {
    hold("old", "--study", "1.2.3");
    List<Path> placed = papers("a");
    on("old", "hold", "release", "1", "--reason", "settled");

    assertThat(placed)
        .singleElement()
        .satisfies(paper -> {
          assertThat(Files.readString(paper))
              .contains("\"study\":\"1.2.3\"", "a complaint of", "Ann");
        });
    assertThat(papers("a")).hasSize(2);
    assertThat(Files.readString(papers("a").getFirst())).contains("settled");
  }

  @Test
  void aDiskThatWasAwayGetsTheHoldAtTheEndOfItsNextRun() throws IOException {
    backUp("old", "a", "b");
    Files.move(folder.resolve("b"), folder.resolve("drawer"));
    hold("old", "--study", "1.2.3");
    Files.move(folder.resolve("drawer"), folder.resolve("b"));
    List<Path> before = papers("b");

    backUp("old", "a", "b");

    assertThat(before).isEmpty();
    assertThat(papers("b")).hasSize(1);
    assertThat(papers("b").getFirst()).hasSameBinaryContentAs(papers("a").getFirst());
  }

  @Test
  void anEmptyMachineThatRecoversKnowsWhatWasHeldAfterItsCatalogueWasLeft() throws IOException {
    hold("old", "--study", "1.2.3");

    CommandLineRun.Result recover = on("new", "recover", "--from", disk("a"));
    CommandLineRun.Result held = on("new", "hold", "list");
    backUp("new", "a");
    CommandLineRun.Result plan = plan("new", "a");

    assertThat(recover.exitCode()).as(recover.err()).isZero();
    assertThat(recover.out()).contains("1 holds and 0 releases are back");
    assertThat(held.out()).contains("a complaint of Mr. Smith", "by Ann", "1.2.3");
    assertThat(plan.out()).contains("May go: 0 copies", "hold 1");
    assertThat(papers("a")).as("no second paper for the same hold").hasSize(1);
  }

  @Test
  void aReleaseComesBackToo() throws IOException {
    hold("old", "--study", "1.2.3");
    on("old", "hold", "release", "1", "--reason", "settled");

    on("new", "recover", "--from", disk("a"));

    assertThat(on("new", "hold", "list").out()).contains("No holds.");
    assertThat(on("new", "hold", "list", "--all").out()).contains("settled");
  }

  @Test
  void aCatalogueMadeAgainFromTheCopiesKnowsEveryKindOfHold() throws IOException {
    hold("old", "--study", "1.2.3");
    hold("old", "--patient-id", "t1");
    hold("old", "--date", "2020-01-01..2020-12-31");

    CommandLineRun.Result rebuild = on("new", "catalogue", "rebuild", disk("a"));
    CommandLineRun.Result held = on("new", "hold", "list");

    assertThat(rebuild.exitCode()).as(rebuild.err()).isZero();
    assertThat(rebuild.out()).contains("3 holds are back");
    assertThat(held.out()).contains("1.2.3", "patient t1", "2020-01-01..2020-12-31");
    assertThat(on("new", "catalogue", "rebuild", disk("a")).out()).doesNotContain("holds are back");
  }

  @Test
  void aHoldThatOnlyTheDestinationKnowsCounts() throws IOException {
    backUp("other", "a");
    assertThat(plan("old", "a").out()).contains("May go: 1 copies");
    String file = planFile("old").toString();
    hold("other", "--study", "1.2.3");

    CommandLineRun.Result execute =
        on("old", "prune", disk("a"), "--execute", file, "--confirm", "1");
    CommandLineRun.Result plan = plan("old", "a");

    assertThat(execute.exitCode()).isEqualTo(3);
    assertThat(execute.out()).contains("0 copies destroyed", "hold 1");
    assertThat(plan.out()).contains("May go: 0 copies", "hold 1");
    assertThat(on("old", "hold", "list").out()).contains("by Ann");
  }

  @Test
  void whileAHoldBesideTheCopiesCannotBeReadNothingIsRemoved() throws IOException {
    assertThat(plan("old", "a").out()).contains("May go: 1 copies");
    String file = planFile("old").toString();
    backUp("other", "a");
    hold("other", "--study", "1.2.3");
    Path paper = papers("a").getFirst();
    Files.writeString(paper, Files.readString(paper).replace("1.2.3", "1.2.9"));

    CommandLineRun.Result plan = plan("old", "a");
    CommandLineRun.Result execute =
        on("old", "prune", disk("a"), "--execute", file, "--confirm", "1");

    assertThat(plan.exitCode()).isEqualTo(4);
    assertThat(plan.err()).contains("nobody knows what it holds");
    assertThat(execute.exitCode()).isEqualTo(4);
    assertThat(on("old", "verify", disk("a")).out()).contains("3 copies");
  }

  @Test
  void besidePseudonymsAHoldSaysNoMoreThanTheNamesDo() throws IOException {
    Files.writeString(folder.resolve("key"), "0123456789abcdef0123456789abcdef\n");
    backUpHidden();
    hold("old", "--study", "1.2.3");
    hold("old", "--patient-id", "t1");

    for (Path paper : papers("hidden")) {
      assertThat(Files.readString(paper))
          .doesNotContain("1.2.3")
          .doesNotContain("t1")
          .doesNotContain("Smith");
    }
    assertThat(papers("hidden")).hasSize(2);
    assertThat(papers("a").getFirst()).content().contains("Smith");
  }

  @Test
  void aHoldBesidePseudonymsHoldsItsStudyOnAMachineThatKnowsNothingElse() throws IOException {
    Files.writeString(folder.resolve("key"), "0123456789abcdef0123456789abcdef\n");
    backUpHidden();
    hold("old", "--study", "1.2.3");

    on("new", "catalogue", "rebuild", disk("hidden"));

    assertThat(on("new", "hold", "list").out()).contains("1.2.3").contains("by Ann");
  }

  @Test
  void aHoldBesidePseudonymsThatCannotSayWhatItHoldsHoldsEverything() throws IOException {
    Files.writeString(folder.resolve("key"), "0123456789abcdef0123456789abcdef\n");
    backUpHidden();
    hold("old", "--patient-id", "t1");

    on("new", "catalogue", "rebuild", disk("hidden"));

    assertThat(on("new", "hold", "list").out()).contains("0001-01-01..9999-12-31");
  }

  private void backUpHidden() {
    CommandLineRun.Result run =
        on(
            "old",
            "backup",
            "--from",
            folder.resolve("source").toString(),
            "--to",
            disk("hidden"),
            "--naming",
            "pseudonym",
            "--pseudonym-key",
            "file:" + folder.resolve("key"),
            "--pseudonym-mapping",
            folder.resolve("mapping.csv").toString());
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
  }

  private Path planFile(String machine) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(machine).resolve("plans"))) {
      return files.reduce((_, last) -> last).orElseThrow();
    }
  }
}
