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
import serdab.testing.world.TinyDicom;

/// Targets that a person in a hurry gives by mistake, and what they hear.
class RestoreTargetsTest {

  private static final String UID = "1.2.840.78.1";

  @TempDir private Path folder;

  @BeforeEach
  void oneStudyIsBackedUp() throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.write(
        folder.resolve("source/one.dcm"),
        TinyDicom.image()
            .study(UID)
            .series(UID + ".1")
            .sop(UID + ".1.1")
            .pixels(new byte[64])
            .bytes());
    CommandLineRun.Result backup =
        serdab("backup", "--from", "folder:" + folder.resolve("source"), "--to", zips());
    assertThat(backup.exitCode()).as(backup.err()).isZero();
  }

  private String zips() {
    return "zip:" + folder.resolve("zips");
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result restore(String... where) {
    List<String> args = new ArrayList<>(List.of("restore", "--from", zips()));
    args.addAll(List.of(where));
    return serdab(args.toArray(String[]::new));
  }

  private static List<String> everythingIn(Path place) throws IOException {
    try (Stream<Path> all = Files.walk(place)) {
      return all.map(path -> place.relativize(path).toString()).sorted().toList();
    }
  }

  @Test
  void aViewersLibraryIsNoFolderToWriteInto() throws IOException {
    Path library = folder.resolve("Horos Data");
    Files.createDirectories(library.resolve("DATABASE.noindex/10000"));
    Files.createSymbolicLink(folder.resolve("link"), library);
    List<String> before = everythingIn(library);

    List<CommandLineRun.Result> all =
        List.of(
            restore("--to", library.toString(), "--study", UID),
            restore("--to", library.resolve("deep/er").toString(), "--study", UID),
            restore("--to", folder.resolve("link").toString(), "--study", UID),
            restore("--to", folder.resolve("link/deeper").toString(), "--study", UID),
            restore("--to", "zip:" + library.resolve("zips"), "--study", UID),
            restore("--media", library.resolve("exam.zip").toString(), "--study", UID),
            restore("--media", library.resolve("exam").toString(), "--study", UID),
            restore("--to", "horos-library:" + library.resolve("x/Horos Data"), "--all"),
            restore("--to", library.toString(), "--study", UID, "--dry-run"));

    assertThat(all)
        .allMatch(result -> result.exitCode() == 2, "wrong usage")
        .allMatch(result -> result.err().contains("horos:" + library));
    assertThat(everythingIn(library)).isEqualTo(before);
  }

  @Test
  void copiesAreNoPlaceForLooseFiles() throws IOException {
    List<String> before = everythingIn(folder.resolve("zips"));

    List<CommandLineRun.Result> all =
        List.of(
            restore("--to", folder.resolve("zips").toString(), "--study", UID),
            restore("--to", folder.resolve("zips/restored").toString(), "--study", UID),
            restore("--to", "zip:" + folder.resolve("zips/restored"), "--study", UID),
            restore("--media", folder.resolve("zips/exam.zip").toString(), "--study", UID),
            restore("--to", "horos-library:" + folder.resolve("zips/Horos Data"), "--all"));

    assertThat(all)
        .allMatch(result -> result.exitCode() == 2, "wrong usage")
        .allMatch(result -> result.err().contains("lies inside the backup"));
    assertThat(everythingIn(folder.resolve("zips"))).isEqualTo(before);
  }

  @Test
  void aFileWhereAFolderShouldBeIsNoBrokenDisk() throws IOException {
    Files.writeString(folder.resolve("file"), "mine");

    List<CommandLineRun.Result> all =
        List.of(
            restore("--to", folder.resolve("file").toString(), "--study", UID),
            restore("--to", folder.resolve("file/below").toString(), "--study", UID),
            restore("--to", "zip:" + folder.resolve("file"), "--study", UID),
            restore("--media", folder.resolve("file/exam.zip").toString(), "--study", UID));

    assertThat(all)
        .allMatch(result -> result.exitCode() == 2, "wrong usage")
        .allMatch(result -> result.err().contains(folder.resolve("file") + " is a file"));
    assertThat(folder.resolve("file")).hasContent("mine");
  }

  @Test
  void aLinkInTheTargetIsNotGoneThrough() throws IOException {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    Path target = Files.createDirectories(folder.resolve("target"));
    for (String month : everythingIn(folder.resolve("zips"))) {
      if (!month.contains("/")
          && !month.isEmpty()
          && Files.isDirectory(folder.resolve("zips").resolve(month))) {
        Files.createSymbolicLink(target.resolve(month), outside);
      }
    }

    CommandLineRun.Result restore = restore("--to", target.toString(), "--study", UID);

    assertThat(restore.exitCode()).isNotZero();
    assertThat(restore.err() + restore.out()).contains("A link stands in " + target);
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aLinkWhereALibraryOrAnExamIsToBeStaysALink() throws IOException {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    Path link = Files.createSymbolicLink(folder.resolve("Horos Data"), outside);
    Files.createDirectories(folder.resolve("new"));
    Path working = folder.resolve("new/Horos Data.restoring");
    Files.createSymbolicLink(working, outside);

    List<CommandLineRun.Result> all =
        List.of(
            restore("--media", link.toString(), "--study", UID),
            restore("--to", "horos-library:" + link, "--all"),
            restore("--to", "horos-library:" + folder.resolve("new/Horos Data"), "--all"));

    assertThat(all)
        .allMatch(result -> result.exitCode() == 2, "wrong usage")
        .allMatch(result -> result.err().contains("is a link"));
    assertThat(link).isSymbolicLink();
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aPatientOfWhomThereIsNothingIsNotBroughtBack() {
    CommandLineRun.Result restore =
        restore("--to", folder.resolve("back").toString(), "--patient-id", "Nobody4711");

    assertThat(restore.exitCode()).isEqualTo(3);
    assertThat(restore.out() + restore.err())
        .contains("no study of this patient")
        .doesNotContain("Nobody4711");
  }

  @Test
  void aTimeWestOfGreenwichIsATime() {
    CommandLineRun.Result restore =
        restore(
            "--to",
            folder.resolve("back").toString(),
            "--study",
            UID,
            "--as-of",
            "2999-01-31T12:00:00-03:00");

    assertThat(restore.exitCode()).as(restore.err()).isZero();
  }

  @Test
  void whatIsForThePatientIsForNobodyElse() throws IOException {
    Path exam = folder.resolve("exam.zip");

    CommandLineRun.Result restore = restore("--media", exam.toString(), "--study", UID);

    assertThat(restore.exitCode()).as(restore.err() + restore.out()).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(exam)))
        .isEqualTo("rw-------");
  }
}
