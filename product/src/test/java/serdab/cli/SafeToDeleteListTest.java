package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.backup.Medium;
import serdab.catalogue.Catalogue;
import serdab.testing.world.TinyDicom;

/// What disks and folders do to `serdab status --safe-to-delete`: whatever is not sure is not safe.
class SafeToDeleteListTest {

  private static final String SAFE = "1 studies from 2000-01-01 to 2100-01-01 are safe to delete";

  @TempDir private Path folder;

  @BeforeEach
  void aStudy() throws IOException {
    study(1);
  }

  @Test
  void copiesOnTwoDisksAreSafe() {
    backUpToBoth();
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");

    assertThat(list()).contains(SAFE);
  }

  @Test
  void theMediumOfADiskThatIsThereIsNotTakenFromOneThatIsAway() throws IOException {
    run("backup", "--from", library(), "--to", to("a"), "--to", to("b"), "--disk-set", "turns");
    Files.move(folder.resolve("a"), folder.resolve("away"));

    run("backup", "--from", library(), "--to", to("a"), "--to", to("b"), "--disk-set", "turns");

    assertThat(medium("b")).isEqualTo(Medium.of(folder.resolve("b")).text()).isNotEmpty();
  }

  @Test
  void aDestinationThatGaveWayToANewOneIsNotThereAnyMore() throws IOException {
    backUpToBoth();
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");
    Files.move(folder.resolve("a"), folder.resolve("erased"));
    Files.createDirectories(folder.resolve("a"));
    Files.createDirectories(folder.resolve("empty"));
    run("backup", "--from", "folder:" + folder.resolve("empty"), "--to", to("a"), "--adopt");

    assertThat(list()).doesNotContain(SAFE).contains("NOT safe: 1 study");
  }

  @Test
  void aCopiedDestinationCountsWhenItsOwnBytesWereReadBack() throws IOException {
    backUpToBoth();
    copyTree(folder.resolve("b"), folder.resolve("clone"));
    Files.move(folder.resolve("b"), folder.resolve("retired"));
    run("backup", "--from", library(), "--to", to("a"), "--to", to("clone"));
    lieOn("a", "disk:one");
    lieOn("clone", "disk:two");

    assertThat(list()).doesNotContain(SAFE).contains("not read back lately");
    run("verify", to("clone"));
    assertThat(list()).contains(SAFE);
  }

  @Test
  void aDestinationOnAnotherDiskThanBeforeCountsWhenItWasReadBackThere() {
    backUpToBoth();
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");
    run("backup", "--from", library(), "--to", to("a"), "--to", to("b"));
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");

    assertThat(list()).doesNotContain(SAFE).contains("not read back lately");
  }

  @Test
  void aDiskOfASetMayHoldAnotherDestinationToo() throws IOException {
    backUpToBoth();
    lieOn("a", "disk:one");
    lieOn("b", "disk:one");
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        """
        [plan.daily]
        from = ["%s"]
        to = ["%s", "%s"]
        [disks.turns]
        at = ["%s"]
        """
            .formatted(library(), to("a"), to("b"), to("a")));

    assertThat(list()).doesNotContain(SAFE).contains("one and the same disk");
    lieOn("b", "disk:two");
    assertThat(list()).contains(SAFE);
  }

  @Test
  void aSourceThatCouldNotBeLookedIntoWhollyHidesWhatAStudyHas() throws IOException {
    Files.writeString(folder.resolve("library/.IM0007.icloud"), "bplist00");
    CommandLineRun.Result run = backUpToBoth();
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(list()).doesNotContain(SAFE).contains("could not be looked into");
    Files.delete(folder.resolve("library/.IM0007.icloud"));
    assertThat(backUpToBoth().exitCode()).isZero();
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");
    run("verify", to("a"));
    run("verify", to("b"));
    assertThat(list()).contains(SAFE);
  }

  @Test
  void aStudyThatAnotherSourceShowsOtherwiseIsNotSafe() throws IOException {
    backUpToBoth();
    Path second = Files.createDirectories(folder.resolve("second"));
    String uid = "1.2.826.0.1.1";
    Files.write(
        second.resolve("edited.dcm"),
        TinyDicom.image().study(uid).series(uid + ".1").sop(uid + ".1.2").date("20240215").bytes());
    run("backup", "--from", "folder:" + second, "--to", to("a"));
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");

    assertThat(list()).doesNotContain("Test^Tina").contains("NOT safe");
  }

  @Test
  void aDestinationThatIsCopiedToAnotherIsNoSourceToDeleteIn() throws IOException {
    run("backup", "--from", library(), "--to", to("a"));
    run("backup", "--from", to("a"), "--to", to("b"));
    study(2);
    Files.delete(folder.resolve("library/1.dcm"));
    run("backup", "--from", library(), "--to", to("a"), "--accept-fewer");
    lieOn("a", "disk:one");
    lieOn("b", "disk:two");

    assertThat(list()).as("the first is only in the copies now").doesNotContain("Test^Tina");
  }

  @Test
  void copiesMadeFromAnotherDestinationCountOnTheirOwnMedium() {
    run("backup", "--from", library(), "--to", to("a"));
    run("backup", "--from", to("a"), "--to", to("b"));

    assertThat(medium("b")).isEqualTo(Medium.of(folder.resolve("b")).text()).isNotEmpty();
  }

  // ----

  private CommandLineRun.Result run(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result backUpToBoth() {
    return run("backup", "--from", library(), "--to", to("a"), "--to", to("b"));
  }

  private String list() {
    return run("status", "--safe-to-delete", "--date", "2000-01-01..2100-01-01").out();
  }

  private String library() {
    return "folder:" + folder.resolve("library");
  }

  private String to(String name) {
    return "zip:" + folder.resolve(name);
  }

  private void study(int number) throws IOException {
    Path file = folder.resolve("library/" + number + ".dcm");
    Files.createDirectories(file.getParent());
    String uid = "1.2.826.0.1." + number;
    Files.write(
        file,
        TinyDicom.image().study(uid).series(uid + ".1").sop(uid + ".1.1").date("20240215").bytes());
  }

  private void lieOn(String name, String medium) {
    catalogue(catalogue ->
        catalogue.rememberFact(
            Medium.factName(catalogue.destinationsAt(to(name)).getFirst()), medium));
  }

  private String medium(String name) {
    StringBuilder text = new StringBuilder();
    catalogue(catalogue ->
        text.append(
            catalogue
                .fact(Medium.factName(catalogue.destinationsAt(to(name)).getFirst()))
                .orElse("")));
    return text.toString();
  }

  private void catalogue(Consumer<Catalogue> use) {
    try (Catalogue catalogue =
        Catalogue.inFile(
            folder.resolve("home/catalogue.db"), InstantSource.system(), new SplittableRandom(1))) {
      use.accept(catalogue);
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path each, BasicFileAttributes seen)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(each).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path each, BasicFileAttributes seen) throws IOException {
            Files.copy(each, to.resolve(from.relativize(each).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
