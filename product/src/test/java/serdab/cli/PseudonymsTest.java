package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.world.TinyDicom;

/// A tree of pseudonyms as a person makes and uses one.
class PseudonymsTest {

  private static final String UID = "1.2.840.77.1";

  @TempDir private Path folder;

  @BeforeEach
  void aSourceAndAKey() throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.write(
        folder.resolve("source/one.dcm"),
        TinyDicom.image()
            .study(UID)
            .series(UID + ".1")
            .sop(UID + ".1.1")
            .pixels(new byte[64])
            .bytes());
    Files.writeString(folder.resolve("key.txt"), "0123456789abcdef0123456789abcdef\n");
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result backUp(Path mapping, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "backup",
                "--from",
                "folder:" + folder.resolve("source"),
                "--to",
                "zip:" + folder.resolve("zips"),
                "--naming",
                "pseudonym",
                "--pseudonym-key",
                "file:" + folder.resolve("key.txt"),
                "--pseudonym-mapping",
                mapping.toString()));
    args.addAll(List.of(more));
    return serdab(args.toArray(String[]::new));
  }

  private Path mapping() {
    return folder.resolve("safe/mapping.csv");
  }

  private List<String> zips() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("zips"))) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("P-"))
          .toList();
    }
  }

  @Test
  void theMappingResolvesEveryNameAndHasEachLineOnce() throws IOException {
    CommandLineRun.Result backup = backUp(mapping());
    CommandLineRun.Result again = backUp(mapping());

    assertThat(backup.exitCode()).as(backup.err() + backup.out()).isZero();
    assertThat(again.out()).contains(" 0 copied and proven");
    String name = zips().getFirst().replace(".zip", "");
    assertThat(name).matches("P-[0-9a-zA-Z]+_S-[0-9a-f]{12}");
    assertThat(Files.readAllLines(mapping()))
        .hasSize(2)
        .last()
        .asString()
        .startsWith(name + ",")
        .contains(UID);
    assertThat(Files.getPosixFilePermissions(mapping())).hasSize(2);
  }

  @Test
  void theConfigurationNamesKeyAndMappingForAllDestinationsOfAPlan() throws IOException {
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        String.join(
            "\n",
            "[names]",
            "pseudonym_key = \"file:" + folder.resolve("key.txt") + "\"",
            "pseudonym_mapping = \"" + mapping() + "\"",
            "[plan.all]",
            "naming = \"pseudonym\"",
            "from = [\"folder:" + folder.resolve("source") + "\"]",
            "to = [\"zip:" + folder.resolve("zips") + "\", \"zip:" + folder.resolve("b") + "\"]",
            ""));

    CommandLineRun.Result backup = serdab("backup");

    assertThat(backup.exitCode()).as(backup.err() + backup.out()).isZero();
    assertThat(zips()).hasSize(1);
    assertThat(Files.readAllLines(mapping())).hasSize(2);
  }

  @Test
  void withoutKeyAndMappingTheCopiesAreVerifiedAndRestored() throws IOException {
    backUp(mapping());
    Files.delete(mapping());
    Files.delete(folder.resolve("key.txt"));

    CommandLineRun.Result verify =
        serdab("verify", "zip:" + folder.resolve("zips"), "--depth", "readable");
    CommandLineRun.Result restore =
        serdab(
            "restore",
            "--from",
            "zip:" + folder.resolve("zips"),
            "--to",
            folder.resolve("back").toString(),
            "--study",
            UID);

    assertThat(verify.exitCode()).as(verify.err() + verify.out()).isZero();
    assertThat(restore.exitCode()).as(restore.err() + restore.out()).isZero();
    assertThat(restore.out()).contains("1 files written");
  }

  /// Every file of the tree that is no copy, unpacked where it is a ZIP.
  private String besideTheCopies() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(folder.resolve("zips"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        all.append(folder.resolve("zips").relativize(file)).append('\n');
        if (!name.startsWith("P-")) {
          all.append(textOf(file)).append('\n');
        }
      }
    }
    return all.toString();
  }

  private static String textOf(Path file) throws IOException {
    if (!file.toString().endsWith(".zip")) {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    }
    StringBuilder all = new StringBuilder();
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      while (zip.getNextEntry() != null) {
        all.append(new String(zip.readAllBytes(), StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }

  @Test
  void nothingBesideTheCopiesSaysWhoOrWhichStudyItIs() throws IOException {
    backUp(mapping());
    CommandLineRun.Result one = backUp(mapping(), "--study", UID, "--strategy", "full");

    assertThat(one.exitCode()).as(one.err() + one.out()).isZero();
    assertThat(besideTheCopies()).contains("plans.toml").doesNotContain(UID, "catalogue-");
  }

  @Test
  void theCatalogueIsLeftThereWhenThePersonAsksForIt() throws IOException {
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        String.join(
            "\n",
            "[names]",
            "pseudonym_key = \"file:" + folder.resolve("key.txt") + "\"",
            "pseudonym_mapping = \"" + mapping() + "\"",
            "catalogue_copies = true",
            "[plan.all]",
            "naming = \"pseudonym\"",
            "from = [\"folder:" + folder.resolve("source") + "\"]",
            "to = [\"zip:" + folder.resolve("zips") + "\"]",
            ""));

    CommandLineRun.Result backup = serdab("backup");

    assertThat(backup.exitCode()).as(backup.err() + backup.out()).isZero();
    assertThat(besideTheCopies()).contains("catalogue-", "catalogue_copies = true");
  }

  @Test
  void aNewMachineIsSetUpFromATreeWithoutACatalogue() throws IOException {
    backUp(mapping());

    CommandLineRun.Result recover =
        new CommandLineRun(folder.resolve("new"))
            .run("recover", "--from", "zip:" + folder.resolve("zips"));

    assertThat(recover.exitCode()).as(recover.err() + recover.out()).isZero();
    assertThat(recover.out()).contains("made again from the copies", "1 remembered anew");
  }

  @Test
  void aCertificateOfDestructionNamesStudiesAsTheTreeDoes() throws IOException {
    backUp(mapping());
    Files.write(
        folder.resolve("source/two.dcm"),
        TinyDicom.image()
            .study(UID)
            .series(UID + ".1")
            .sop(UID + ".1.2")
            .pixels(new byte[64])
            .bytes());
    backUp(mapping());
    String tree = "zip:" + folder.resolve("zips");

    CommandLineRun.Result plan =
        serdab("prune", tree, "--plan", "--keep-versions", "1", "--keep-versions-for", "P0D");
    String planFile =
        plan.out()
            .lines()
            .filter(line -> line.contains("--execute"))
            .findFirst()
            .orElse(plan.out());
    planFile = planFile.replaceAll(".*--execute \"?([^\"]+?)\"? --confirm.*", "$1");
    CommandLineRun.Result done = serdab("prune", tree, "--execute", planFile, "--confirm", "1");

    assertThat(done.exitCode()).as(plan.out() + done.err() + done.out()).isZero();
    assertThat(besideTheCopies())
        .contains(
            "certificate-", "S-" + zips().getFirst().replaceAll(".*_S-([0-9a-f]{12}).*", "$1"))
        .doesNotContain(UID);
  }

  @Test
  void aRepairWithoutTheKeySaysSoAndStillReportsEveryCopy() throws IOException {
    backUp(mapping());
    serdab(
        "backup",
        "--from",
        "folder:" + folder.resolve("source"),
        "--to",
        "zip:" + folder.resolve("plain"));
    try (Stream<Path> all = Files.walk(folder.resolve("zips"))) {
      Files.delete(
          all.filter(path -> path.getFileName().toString().startsWith("P-"))
              .findFirst()
              .orElseThrow());
    }

    CommandLineRun.Result result = serdab("verify", "zip:" + folder.resolve("zips"), "--repair");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(3);
    assertThat(result.out()).contains("1 NOT good");
    assertThat(result.err()).contains("named by pseudonyms");
  }

  @Test
  void halfALineOfAPowerCutHurtsNoOther() throws IOException {
    backUp(mapping());
    List<String> whole = Files.readAllLines(mapping());
    Files.writeString(
        mapping(), whole.get(0) + "\r\n" + whole.get(1).substring(0, whole.get(1).length() - 9));
    Path zip = folder;
    try (Stream<Path> all = Files.walk(folder.resolve("zips"))) {
      for (Path one : all.filter(path -> path.getFileName().toString().startsWith("P-")).toList()) {
        zip = Files.move(one, folder.resolve("moved.zip"));
      }
    }
    assertThat(zip).exists();
    serdab("verify", "zip:" + folder.resolve("zips"));

    CommandLineRun.Result again = backUp(mapping());

    assertThat(again.exitCode()).as(again.err() + again.out()).isZero();
    assertThat(Files.readAllLines(mapping())).hasSize(3).last().isEqualTo(whole.get(1));
  }

  @Test
  void aMappingOrKeyBesideTheCopiesIsRefused() throws IOException {
    CommandLineRun.Result inside = backUp(folder.resolve("zips/mapping.csv"));
    CommandLineRun.Result inSource = backUp(folder.resolve("source/mapping.csv"));
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("source"));
    CommandLineRun.Result throughLink = backUp(folder.resolve("link/deep/mapping.csv"));

    assertThat(List.of(inside, inSource, throughLink))
        .allMatch(result -> result.exitCode() == 2)
        .allMatch(result -> result.err().contains("lies inside"));
    assertThat(folder.resolve("zips")).doesNotExist();
  }

  @Test
  void onOneVolumeThePersonIsWarned() {
    CommandLineRun.Result backup = backUp(mapping());

    assertThat(backup.err() + backup.out()).contains("is on the same volume as");
  }

  @Test
  void aKeyThatIsNotThereOrStandsInTheOptionItselfIsToldAndNotRepeated() throws IOException {
    CommandLineRun.Result literal =
        backUp(mapping(), "--pseudonym-key", "a-secret-that-must-not-show");
    Files.delete(folder.resolve("key.txt"));
    CommandLineRun.Result gone = backUp(mapping());

    assertThat(gone.exitCode()).isEqualTo(2);
    assertThat(gone.err()).contains("cannot be read");
    assertThat(literal.exitCode()).isEqualTo(2);
    assertThat(literal.err() + literal.out()).doesNotContain("a-secret-that");
  }

  @Test
  void anotherNamingOnAnExistingTreeIsHeldBackWithTheWayOut() {
    backUp(mapping());

    CommandLineRun.Result other =
        serdab(
            "backup",
            "--from",
            "folder:" + folder.resolve("source"),
            "--to",
            "zip:" + folder.resolve("zips"));

    assertThat(other.exitCode()).isEqualTo(4);
    assertThat(other.err()).contains("--naming pseudonym");
  }

  @Test
  void aWrongTemplateIsToldBeforeAnythingIsMade() {
    CommandLineRun.Result wrong =
        serdab(
            "backup",
            "--from",
            "folder:" + folder.resolve("source"),
            "--to",
            "zip:" + folder.resolve("zips"),
            "--naming",
            "{pacient}_{uid}");

    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("{pacient}", "{patient-id}");
    assertThat(folder.resolve("zips")).doesNotExist();
  }
}
