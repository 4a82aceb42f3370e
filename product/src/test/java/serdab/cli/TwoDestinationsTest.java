package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.world.TinyDicom;

/// One destination is copied to another, and helps it out: real folders, the whole command line.
class TwoDestinationsTest {

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  @BeforeEach
  void makeStudies() throws IOException {
    for (int study = 1; study <= 3; study++) {
      for (int image = 1; image <= 2; image++) {
        image(study, image);
      }
    }
    Files.writeString(folder.resolve("library/readme.txt"), "belongs to no study");
  }

  private void image(int study, int image) throws IOException {
    Path file = folder.resolve("library/" + study + "/" + image + ".dcm");
    Files.createDirectories(file.getParent());
    String uid = "1.2.826.0.1." + study;
    Files.write(
        file,
        TinyDicom.image()
            .study(uid)
            .series(uid + ".1")
            .sop(uid + ".1." + image)
            .pixels(new byte[1000 * image])
            .bytes());
  }

  private String library() {
    return "folder:" + folder.resolve("library");
  }

  private String a() {
    return "zip:" + folder.resolve("a");
  }

  private String b() {
    return "zip:" + folder.resolve("b");
  }

  @Test
  void theSecondDestinationAloneBringsEverythingBack() throws IOException {
    serdab("backup", "--from", library(), "--to", a());
    image(1, 3);
    serdab("backup", "--from", library(), "--to", a());
    CommandLineRun.Result dry = serdab("backup", "--from", a(), "--to", b(), "--dry-run");

    CommandLineRun.Result copied = serdab("backup", "--from", a(), "--to", b());
    CommandLineRun.Result again = serdab("backup", "--from", a(), "--to", b());

    assertThat(dry.exitCode()).as(dry.err()).isZero();
    assertThat(dry.out()).contains("4 to work on");
    assertThat(copied.exitCode()).as(copied.out() + copied.err()).isZero();
    assertThat(copied.out()).contains("4 copied and proven");
    assertThat(again.out()).contains("0 copied and proven, 4 already there");
    assertThat(zips(folder.resolve("b")).keySet()).isEqualTo(zips(folder.resolve("a")).keySet());

    delete(folder.resolve("a"));
    delete(folder.resolve("home"));
    CommandLineRun.Result rebuilt = serdab("catalogue", "rebuild", b());
    CommandLineRun.Result restored =
        serdab("restore", "--from", b(), "--to", folder.resolve("back").toString(), "--all");
    CommandLineRun.Result verified = serdab("verify", b());

    assertThat(rebuilt.exitCode()).as(rebuilt.err()).isZero();
    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(verified.out()).contains("5 good, 0 NOT good");
    assertThat(digests(folder.resolve("back")))
        .containsExactlyInAnyOrderElementsOf(digests(folder.resolve("library")));
  }

  @Test
  void aDestinationIsNotCopiedToItself() {
    serdab("backup", "--from", library(), "--to", a());

    CommandLineRun.Result same = serdab("backup", "--from", a(), "--to", a());

    assertThat(same.exitCode()).isEqualTo(2);
  }

  @Test
  void aSourceThatIsNotThereIsNotAnEmptyOne() throws IOException {
    serdab("backup", "--from", library(), "--to", a());
    serdab("backup", "--from", a(), "--to", b());
    Files.move(folder.resolve("a"), folder.resolve("unplugged"));

    CommandLineRun.Result gone = serdab("backup", "--from", a(), "--to", b());

    assertThat(gone.exitCode()).isEqualTo(1);
    assertThat(gone.err()).contains("not there");
    assertThat(folder.resolve("a")).doesNotExist();
  }

  @Test
  void aBackupMendsFromTheOtherDestinationWhatTheLibraryLost() throws IOException {
    serdab("backup", "--from", library(), "--to", a(), "--to", b());
    delete(folder.resolve("library/2"));
    Path damaged =
        zips(folder.resolve("a")).keySet().stream()
            .map(folder.resolve("a")::resolve)
            .filter(zip -> zip.toString().contains("1.2.826.0.1.2"))
            .findFirst()
            .orElseThrow();
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 1;
    Files.write(damaged, bytes);
    serdab("verify", a());

    CommandLineRun.Result dry =
        serdab(
            "backup", "--from", library(), "--to", a(), "--to", b(), "--accept-fewer", "--dry-run");
    CommandLineRun.Result mended =
        serdab("backup", "--from", library(), "--to", a(), "--to", b(), "--accept-fewer");
    CommandLineRun.Result verified = serdab("verify", a());

    assertThat(dry.out()).contains("the source does not give: 1");
    assertThat(mended.exitCode()).as(mended.out() + mended.err()).isZero();
    assertThat(mended.err()).contains("1 copy that was damaged or lost", "made again");
    assertThat(verified.out()).contains("0 NOT good");
    assertThat(verified.exitCode()).isZero();
  }

  @Test
  void verifyMakesADamagedCopyAgainFromTheOtherDestination() throws IOException {
    serdab("backup", "--from", library(), "--to", a(), "--to", b());
    Path zip = folder.resolve("a").resolve(zips(folder.resolve("a")).keySet().iterator().next());
    flipOneBit(zip);

    CommandLineRun.Result told = serdab("verify", a());
    CommandLineRun.Result mended = serdab("verify", a(), "--repair");
    CommandLineRun.Result after = serdab("verify", a(), "--json");

    assertThat(told.exitCode()).isEqualTo(3);
    assertThat(mended.exitCode()).as(mended.out() + mended.err()).isZero();
    assertThat(mended.out()).contains("1 of them made again.").contains("1 set aside.");
    assertThat(after.exitCode()).isZero();
    assertThat(after.out()).contains("\"set_aside\":1");
    assertThat(zip).doesNotExist();
    try (Stream<Path> kept = Files.walk(folder.resolve("a/_set-aside"))) {
      assertThat(kept.filter(Files::isRegularFile)).hasSize(1);
    }
    CommandLineRun.Result backup = serdab("backup", "--from", library(), "--to", a());
    assertThat(backup.out()).contains("0 copied and proven");
  }

  @Test
  void theDestinationToCopyFromCanBeNamed() throws IOException {
    serdab("backup", "--from", library(), "--to", a());
    CommandLineRun elsewhere = new CommandLineRun(folder.resolve("another home"));
    elsewhere.run("backup", "--from", library(), "--to", b());
    flipOneBit(folder.resolve("a").resolve(zips(folder.resolve("a")).keySet().iterator().next()));

    CommandLineRun.Result unknown = serdab("verify", a(), "--repair");
    CommandLineRun.Result named = serdab("verify", a(), "--repair", "--from", b());
    CommandLineRun.Result wrong = serdab("verify", a(), "--from", b());

    assertThat(unknown.exitCode()).isEqualTo(3);
    assertThat(unknown.err()).contains("no other destination is known");
    assertThat(named.exitCode()).as(named.out() + named.err()).isZero();
    assertThat(wrong.exitCode()).isEqualTo(2);
  }

  @Test
  void aDrillUsesTheScratchFolderThatWasNamedAndLeavesNothing() throws IOException {
    serdab("backup", "--from", library(), "--to", a());
    Path scratch = folder.resolve("scratch");
    Files.createDirectories(scratch);
    Files.writeString(scratch.resolve("mine.txt"), "mine");

    CommandLineRun.Result drill =
        serdab("verify", a(), "--depth", "restored", "--scratch", scratch.toString());
    serdab("verify", a(), "--depth", "intact");
    CommandLineRun.Result studies = serdab("studies", "--json");

    assertThat(drill.exitCode()).as(drill.out() + drill.err()).isZero();
    assertThat(drill.out()).contains("checked to RESTORED: 4 good");
    assertThat(scratch.resolve("mine.txt")).exists();
    try (Stream<Path> left = Files.walk(scratch)) {
      assertThat(left.filter(Files::isRegularFile).map(file -> file.getFileName().toString()))
          .allMatch(name -> name.equals("mine.txt") || name.startsWith(".place"));
    }
    assertThat(studies.out()).contains("\"depth\":\"RESTORED\"").contains("\"intact_at\":\"20");
  }

  /// A folder that was copied with its marker is believed only for what is really in it.
  @Test
  void aCloneAtANewAddressIsLookedThroughBeforeItIsTrusted() throws IOException {
    serdab("backup", "--from", library(), "--to", a());
    copyTree(folder.resolve("a"), folder.resolve("clone"));
    Path lost =
        folder.resolve("clone").resolve(zips(folder.resolve("clone")).keySet().iterator().next());
    Files.delete(lost);

    CommandLineRun.Result backup =
        serdab("backup", "--from", library(), "--to", "zip:" + folder.resolve("clone"));

    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(backup.out()).contains("1 copied and proven");
    assertThat(zips(folder.resolve("clone")).keySet())
        .isEqualTo(zips(folder.resolve("a")).keySet());
  }

  // ---- files

  private static Map<String, Sha256> zips(Path root) {
    Map<String, Sha256> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      files
          .filter(file -> file.toString().endsWith(".zip"))
          .filter(file -> !file.toString().contains("_set-aside"))
          .filter(file -> !file.toString().contains("_recovery"))
          .forEach(file -> found.put(root.relativize(file).toString(), digest(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static List<Sha256> digests(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().startsWith(".place"))
          .map(TwoDestinationsTest::digest)
          .toList();
    }
  }

  private static Sha256 digest(Path file) {
    try {
      return Sha256.digest(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void flipOneBit(Path zip) throws IOException {
    byte[] bytes = Files.readAllBytes(zip);
    bytes[bytes.length / 3] ^= 4;
    Files.write(zip, bytes);
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(
            file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}
