package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.world.TinyDicom;

/// Pruning and holding as people do it: plan, look, confirm.
class PruneCommandTest {

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private String zips() {
    return "zip:" + folder.resolve("zips");
  }

  /// One study in two versions, and one in one.
  @BeforeEach
  void backUpTwice() throws IOException {
    put("1.2.3", 1);
    put("1.2.4", 1);
    backUp();
    put("1.2.3", 2);
    backUp();
    assertThat(copies()).hasSize(3);
  }

  private void put(String study, int number) throws IOException {
    Path file = folder.resolve("source").resolve(study + "-" + number + ".dcm");
    Files.createDirectories(file.getParent());
    Files.write(
        file,
        TinyDicom.image().study(study).series(study + ".1").sop(study + "." + number).bytes());
  }

  private void backUp() {
    CommandLineRun.Result run =
        serdab("backup", "--from", folder.resolve("source").toString(), "--to", zips());
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
  }

  private List<String> copies() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("zips"))) {
      return files
          .map(Path::toString)
          .filter(name -> name.endsWith(".zip") && !name.contains("_recovery"))
          .sorted()
          .toList();
    }
  }

  private CommandLineRun.Result plan(String... more) {
    List<String> args = new ArrayList<>(List.of("prune", zips(), "--plan"));
    args.addAll(List.of(more));
    return serdab(args.toArray(String[]::new));
  }

  private Path planFile() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("home/plans"))) {
      return files.reduce((_, last) -> last).orElseThrow();
    }
  }

  @Test
  void aPlanIsPrintedAndWrittenAndRemovesNothing() throws IOException {
    CommandLineRun.Result plan = plan("--keep-versions", "1");

    assertThat(plan.exitCode()).as(plan.err()).isZero();
    assertThat(plan.out())
        .contains("May go: 1 copies", "1 newer version, kept are 1", "Nothing was removed")
        .contains("--confirm 1")
        .doesNotContain("1.2.3");
    assertThat(plan("--keep-versions", "1", "--show-studies").out()).contains("1.2.3");
    assertThat(copies()).hasSize(3);
    if (Files.getFileStore(planFile()).supportsFileAttributeView("posix")) {
      assertThat(Files.getPosixFilePermissions(planFile()))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
  }

  @Test
  void whatThePlanSaysIsDestroyedWhenItsNumberIsConfirmed() throws IOException {
    plan("--keep-versions", "1");
    String file = planFile().toString();

    CommandLineRun.Result without = serdab("prune", zips(), "--execute", file);
    CommandLineRun.Result wrong = serdab("prune", zips(), "--execute", file, "--confirm", "2");
    assertThat(copies()).hasSize(3);
    CommandLineRun.Result right = serdab("prune", zips(), "--execute", file, "--confirm", "1");

    assertThat(without.exitCode()).isEqualTo(2);
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(right.exitCode()).as(right.err()).isZero();
    assertThat(copies()).hasSize(2);
    Path certificate = certificate();
    assertThat(right.out())
        .contains("1 copies destroyed")
        .contains(Sha256.digest(Files.readAllBytes(certificate)).hex());
    assertThat(folder.resolve("zips/_retention").resolve(certificate.getFileName()))
        .hasSameBinaryContentAs(certificate);
    assertThat(serdab("verify", zips()).exitCode()).isZero();
    assertThat(serdab("studies", "--json").out()).contains("\"state\":\"removed\"");
    assertThat(
            serdab("backup", "--from", folder.resolve("source").toString(), "--to", zips()).out())
        .contains(" 0 copied and proven");
  }

  private Path certificate() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("home/certificates"))) {
      return files
          .filter(file -> file.toString().endsWith(".json"))
          .filter(file -> !file.toString().contains("-intent"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void aHoldKeepsItsStudyUntilItIsReleased() {
    assertThat(plan("--keep-versions", "1").out()).contains("May go: 1 copies");

    CommandLineRun.Result hold =
        serdab("hold", "add", "--study", "1.2.3", "--reason", "a complaint", "--author", "Ann");
    CommandLineRun.Result held = plan("--keep-versions", "1");
    CommandLineRun.Result list = serdab("hold", "list");
    CommandLineRun.Result release = serdab("hold", "release", "1", "--reason", "settled");

    assertThat(hold.exitCode()).as(hold.err()).isZero();
    assertThat(held.out()).contains("May go: 0 copies", "hold 1");
    assertThat(list.out()).contains("a complaint", "by Ann");
    assertThat(release.exitCode()).isZero();
    assertThat(serdab("hold", "list").out()).contains("No holds.");
    assertThat(serdab("hold", "list", "--all").out()).contains("settled");
    assertThat(serdab("hold", "release", "1", "--reason", "again").exitCode()).isEqualTo(2);
    assertThat(plan("--keep-versions", "1").out()).contains("May go: 1 copies");
  }

  @Test
  void withoutRulesThereIsNoPlan() {
    CommandLineRun.Result plan = plan();

    assertThat(plan.exitCode()).isEqualTo(2);
    assertThat(plan.err()).contains("everything is kept");
  }

  @Test
  void wrongRulesAreExplained() {
    assertThat(plan("--keep-versions", "0").err()).contains("at least 1");
    assertThat(plan("--keep-versions-for", "1 year").err()).contains("P1Y");
    assertThat(plan("--keep-studies-for", "P20Y", "--legal", "MG").err()).contains("MG=P20Y");
    assertThat(serdab("hold", "add", "--reason", "none").exitCode()).isEqualTo(2);
  }

  @Test
  void theRulesOfTheConfigurationCountAndOthersAreForLookingAtOnly() throws IOException {
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        "[plan.main]\nfrom = [\""
            + folder.resolve("source")
            + "\"]\nto = [\""
            + zips()
            + "\"]\n\n[retention.\""
            + zips()
            + "\"]\nversions = 2\n");

    CommandLineRun.Result configured = plan();
    CommandLineRun.Result trial = plan("--keep-versions", "1");
    Path file = planFileWith("versions: 1");
    CommandLineRun.Result executed =
        serdab("prune", zips(), "--execute", file.toString(), "--confirm", "1");

    assertThat(configured.exitCode()).as(configured.err()).isZero();
    assertThat(configured.out()).contains("rule versions: 2", "May go: 0 copies");
    assertThat(trial.out()).contains("May go: 1 copies", "for looking at");
    assertThat(executed.exitCode()).isEqualTo(1);
    assertThat(executed.err()).contains("rules have changed");
    assertThat(copies()).hasSize(3);
  }

  private Path planFileWith(String text) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("home/plans"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.readString(file).contains(text)) {
          return file;
        }
      }
    }
    throw new AssertionError("no plan with " + text);
  }

  @Test
  void aDestinationThatNobodyKnowsIsNotTouched() {
    CommandLineRun.Result other =
        serdab("prune", "zip:" + folder.resolve("elsewhere"), "--plan", "--keep-versions", "1");

    assertThat(other.exitCode()).isNotZero();
    assertThat(folder.resolve("elsewhere")).doesNotExist();
  }
}
