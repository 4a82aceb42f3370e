package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.testing.RichDicom;

/// How commands end at a PACS that lies, one fault of each kind of ending: the exit code, what
/// happened, and what to do next.
class NodeEndingsTest {

  private static final String STUDY = "1.2.840.99";

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    for (int n = 0; n < 4; n++) {
      Files.write(images.resolve("IM" + n), RichDicom.image(STUDY, n, new SplittableRandom(n)));
    }
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  /// Nobody waits between tries here, and one association does the same each time.
  private String address() {
    return pacs.address() + "?associations=1&tries=2&first-wait=1ms&wait-max=1ms";
  }

  private CommandLineRun.Result backup() {
    return serdab.run("backup", "--from", "folder:" + images, "--to", address());
  }

  private static void assertEnds(
      CommandLineRun.Result result, int exitCode, String what, String next) {
    assertThat(result.exitCode()).as(result.toString()).isEqualTo(exitCode);
    String said = result.out() + result.err();
    assertThat(said).doesNotContain("Exception", "at serdab.", "at java.", "SERDAB_TRACE");
    if (exitCode != 0) {
      assertThat(said).contains(what, next);
    }
  }

  /// Codes: 0 good, 1 the run failed, 3 something is not proven and named.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALWAYS_REJECTS | 1 | takes no association now | Run again later",
        "KNOWS_NO_CALLER | 1 | does not know the calling AE title SERDAB | Ask its administrator",
        "KNOWS_NO_SUCH_TITLE | 1 | is not called LIAR | Ask its administrator for its AE title",
        "TAKES_NOTHING | 1 | supports nothing of what it was asked for | Ask its administrator",
        "NO_FIND | 1 | supports nothing of what it was asked for | Ask its administrator",
        "IMPLICIT_ONLY | 3 | which the node does not take | Back the study up to another",
        "REFUSES_IMAGE_LEVEL | 3 | did not answer what it holds | Its own log says why",
        "CAPS_QUERIES_OPENLY | 3 | did not answer what it holds | Its own log says why",
        "ALWAYS_BREAKS_OFF | 3 | brok | un again",
        "STORES_NOTHING | 3 | it had said that it has them | Run again",
        "REFUSES_EVERY_THIRD | 3 | its reasons: status C000 | Run again",
        "ALWAYS_OUT_OF_RESOURCES | 3 | its reasons: status A700 | Run again",
        "COERCES_PATIENT_ID | 3 | in (0010,0020) | Keep this study at another destination",
        "CHANGES_A_PIXEL | 3 | in (7FE0,0010) | Keep this study at another destination",
        "GIVES_NOTHING | 3 | did not come back | Run again",
        "FLIPS_A_BIT | 3 | with other values | Keep this study at another destination",
        "NO_GET | 3 | gives nothing back | &listen=11112",
        "WARNS_FALSELY | 0 | - | -",
        "COUNTS_ONE_LESS | 0 | - | -",
        "BREAKS_OFF_ONCE | 0 | - | -",
        "GIVES_TWICE | 0 | - | -",
      })
  void aBackupEnds(Fault fault, int exitCode, String what, String next) throws IOException {
    if (fault == Fault.REFUSES_IMAGE_LEVEL || fault == Fault.CAPS_QUERIES_OPENLY) {
      pacs.capAt(1);
      for (int n = 0; n < 3; n++) {
        pacs.put(Files.readAllBytes(images.resolve("IM" + n)));
      }
    }
    pacs.with(fault);

    assertEnds(backup(), exitCode, what, next);
    assertThat(serdab.run("status").exitCode() == 0).isEqualTo(exitCode == 0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALWAYS_REJECTS | 1 | takes no association now | Run again later",
        "KNOWS_NO_CALLER | 1 | does not know the calling AE title SERDAB | Ask its administrator",
        "NO_FIND | 1 | supports nothing of what it was asked for | Ask its administrator",
        "REFUSES_IMAGE_LEVEL | 1 | did not answer what it holds | Its own log says why",
        "GIVES_NOTHING | 3 | does not hold any more | Run the backup again",
        "GIVES_ONE_LESS_OPENLY | 3 | did not come back | Run again",
        "FLIPS_A_BIT | 3 | with other values | another destination",
        "NO_GET | 1 | gives nothing back | &listen=11112",
        "STORES_NOTHING | 0 | - | -",
        "COUNTS_WRONG | 0 | - | -",
        "SAYS_FAILED | 0 | - | -",
      })
  void aVerificationEnds(Fault fault, int exitCode, String what, String next) {
    assertThat(backup().exitCode()).isZero();
    pacs.with(fault);

    assertEnds(serdab.run("verify", address()), exitCode, what, next);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALWAYS_REJECTS | 1 | takes no association now | Run again later",
        "KNOWS_NO_CALLER | 1 | does not know the calling AE title SERDAB | Ask its administrator",
        "NO_FIND | 1 | supports nothing of what it was asked for | Ask its administrator",
        "REFUSES_IMAGE_LEVEL | 1 | did not answer what it holds | Its own log says why",
        "GIVES_NOTHING | 3 | did not come back from the node as it was | another destination",
        "GIVES_ONE_LESS_OPENLY | 3 | did not come back from the node as it was | 1 gaps",
        "FLIPS_A_BIT | 3 | did not come back from the node as it was | another destination",
        "NO_GET | 1 | gives nothing back | &listen=11112",
        "STORES_NOTHING | 0 | - | -",
        "COUNTS_WRONG | 0 | - | -",
        "SAYS_FAILED | 0 | - | -",
      })
  void aRestoreEnds(Fault fault, int exitCode, String what, String next) throws IOException {
    assertThat(backup().exitCode()).isZero();
    pacs.with(fault);
    Path back = folder.resolve("back");

    CommandLineRun.Result restore =
        serdab.run("restore", "--from", address(), "--all", "--to", back.toString());

    assertEnds(restore, exitCode, what, next);
    assertThat(identical(back))
        .isEqualTo(exitCode == 0 ? 4 : fault == Fault.GIVES_ONE_LESS_OPENLY ? 3 : 0);
  }

  /// How many of the images are below a folder, byte for byte.
  private int identical(Path back) throws IOException {
    int identical = 0;
    for (String name : List.of("IM0", "IM1", "IM2", "IM3")) {
      if (Files.exists(back)) {
        try (Stream<Path> walk = Files.walk(back)) {
          for (Path file : walk.filter(each -> each.endsWith(name)).toList()) {
            identical += Files.mismatch(file, images.resolve(name)) < 0 ? 1 : 0;
          }
        }
      }
    }
    return identical;
  }
}
