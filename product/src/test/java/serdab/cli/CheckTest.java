package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// `serdab check` as people use it before they trust a disk or point at a library.
class CheckTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  private CommandLineRun serdab() {
    return new CommandLineRun(folder.resolve("home"));
  }

  private CommandLineRun.Result check(String what, String... more) {
    return serdab()
        .run(
            Stream.concat(Stream.of("check", what, "--speed-bytes", "100000"), Stream.of(more))
                .toArray(String[]::new));
  }

  @Test
  void aGoodPlaceIsSaidToDoWithItsRoomAndSpeed() throws IOException {
    Path place = Files.createDirectories(folder.resolve("disk"));

    CommandLineRun.Result result = check("zip:" + place);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .startsWith("The place " + place + ":")
        .contains("files can be made, written and named", "/s, reads back ", "Free: ")
        .contains("File system: ")
        .endsWith("It will do.\n");
    assertThat(place).isEmptyDirectory();
  }

  @Test
  void aFolderThatMayNotBeWrittenWillNotDo() throws Exception {
    Path place = Files.createDirectories(folder.resolve("disk"));
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("r-xr-xr-x"));

    CommandLineRun.Result result = serdab().runWithoutPassingClosedFolders("check", "zip:" + place);

    assertThat(result.exitCode()).as(result.out() + result.err()).isEqualTo(3);
    assertThat(result.out())
        .contains("BAD         files can be made", "not tried", "It will NOT do")
        .doesNotContain("  good ");
  }

  @Test
  void aPlaceThatIsNotThereIsToldAndNotMade() {
    Path place = folder.resolve("none");

    CommandLineRun.Result result = check("zip:" + place);

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("serdab: ").contains(place.toString());
    assertThat(place).doesNotExist();
  }

  @Test
  void aLibraryIsOnlyReadAndCounted() {
    CommandLineRun.Result result = check(EXAMPLE.toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .startsWith("The source ")
        .contains("the viewer's index opens", "10 studies, ", "It will do.");
  }

  @Test
  void aFolderOfStudiesIsNotTakenForAPlace() throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.write(source.resolve("1.dcm"), TinyDicom.image().study("1.2.3").bytes());

    CommandLineRun.Result result = check(source.toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("1 studies, ").doesNotContain("index opens");
    try (Stream<Path> left = Files.list(source)) {
      assertThat(left).hasSize(1);
    }
  }

  @Test
  void aSourceWithAClosedFolderWillNotDoAsItIs() throws Exception {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.write(source.resolve("1.dcm"), TinyDicom.image().study("1.2.3").bytes());
    Path closed = Files.createDirectories(source.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));

    CommandLineRun.Result result =
        serdab().runWithoutPassingClosedFolders("check", "folder:" + source);

    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    assertThat(result.exitCode()).as(result.out() + result.err()).isEqualTo(3);
    assertThat(result.out()).contains("BAD         all folders and files", "could not be read.");
  }

  @Test
  void aMeasurementOfNonsenseIsRefused() {
    assertThat(check("zip:" + folder, "--speed-bytes", "-1").exitCode()).isEqualTo(2);
  }
}
