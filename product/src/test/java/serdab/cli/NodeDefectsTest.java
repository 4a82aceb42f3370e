package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.testing.RichDicom;
import serdab.testing.world.TinyDicom;

/// What a plugin that sent to a PACS before us got wrong, through the command line. What each of
/// these has gone wrong is listed in `docs/seed-defects.md`.
class NodeDefectsTest {

  private static final String STUDY = "1.2.840.99";

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    write(0, 6);
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  private void write(int from, int to) throws IOException {
    for (int n = from; n < to; n++) {
      Files.write(images.resolve("IM" + n), RichDicom.image(STUDY, n, new SplittableRandom(n)));
    }
  }

  private CommandLineRun.Result backup() {
    return serdab.run("backup", "--from", "folder:" + images, "--to", pacs.address());
  }

  // ---- B1

  @Test
  void theNodeThatWasSentToIsTheOneThatIsAsked() {
    try (LyingPacs other = LyingPacs.start()) {
      CommandLineRun.Result backup = backup();
      pacs.forgetRequests();
      CommandLineRun.Result verify = serdab.run("verify", pacs.address());
      serdab.run("verify", other.address());

      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
      assertThat(pacs.requests()).contains("C-GET STUDY").doesNotContain("C-STORE");
      assertThat(other.kept()).isEmpty();
      assertThat(other.requests()).doesNotContain("C-GET STUDY", "C-STORE");
    }
  }

  // ---- B2

  @Test
  void aStudyThatIsThereInPartOrGrewIsSentToItsEnd() throws IOException {
    pacs.put(Files.readAllBytes(images.resolve("IM0")));
    assertThat(backup().exitCode()).isZero();
    assertThat(pacs.arrived()).isEqualTo(5);

    write(6, 8);
    CommandLineRun.Result again = backup();

    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(pacs.arrived()).isEqualTo(7);
    assertThat(pacs.kept()).hasSize(8);
  }

  // ---- B3

  @Test
  void ninetyNineOfAHundredAreNoCopy() throws IOException {
    write(6, 110);
    // It answers for all, and the one that is asked for by nobody but us is not given.
    pacs.with(Fault.GIVES_ONE_LESS);

    CommandLineRun.Result backup = backup();

    assertThat(backup.exitCode()).as(backup.toString()).isEqualTo(3);
    assertThat(backup.out() + backup.err()).contains("1 of 110 instances");
    assertThat(serdab.run("status").exitCode()).isEqualTo(3);
  }

  // ---- B4

  @Test
  void whatIsThereAlreadyIsASuccessAndIsNotSentAgain() throws IOException {
    for (int n = 0; n < 6; n++) {
      pacs.put(Files.readAllBytes(images.resolve("IM" + n)));
    }

    CommandLineRun.Result first = backup();
    CommandLineRun.Result second = backup();

    assertThat(first.exitCode()).as(first.toString()).isZero();
    assertThat(second.exitCode()).as(second.toString()).isZero();
    assertThat(pacs.arrived()).isZero();
    assertThat(serdab.run("status").out()).contains("All 1 studies safe");
  }

  // ---- B5

  @Test
  void aFileOfManyFramesIsSentOnce() throws IOException {
    Files.write(
        images.resolve("frames"),
        TinyDicom.image()
            .study("1.2.840.97")
            .series("1.2.840.97.1")
            .sop("1.2.840.97.1.1")
            .frames(40)
            .bytes());

    CommandLineRun.Result backup = backup();

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(pacs.arrived()).isEqualTo(7);
  }

  // ---- B6

  @Test
  void aTransferThatFailedIsNotRememberedAsACopy() throws IOException {
    pacs.with(Fault.STORES_NOTHING);
    CommandLineRun.Result failed = backup();
    assertThat(failed.exitCode()).isEqualTo(3);
    assertThat(serdab.run("status").exitCode()).isEqualTo(3);
    assertThat(serdab.run("studies", "--json").out()).doesNotContain("READABLE");
    pacs.honest();
    // What failed is tried later, and what changed at once.
    write(6, 7);

    CommandLineRun.Result again = backup();

    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(pacs.kept()).hasSize(7);
  }

  // ---- B7

  @Test
  void whatTheNodeHoldsIsComparedWithWhatWasSentAndNotWithItself() {
    assertThat(backup().exitCode()).isZero();
    byte[] altered = pacs.bytes(RichDicom.sop(STUDY, 2)).clone();
    altered[altered.length - 1] ^= 1;
    pacs.put(altered);

    CommandLineRun.Result verify = serdab.run("verify", pacs.address());

    assertThat(verify.exitCode()).as(verify.toString()).isEqualTo(3);
    assertThat(verify.out() + verify.err())
        .contains("1 of 6 instances with other values than they have; first IM2");
  }

  // ---- B9

  @Test
  void aNodeThatIsNotThereIsNotCalledThere() {
    String address = pacs.address();
    assertThat(serdab.run("check", address).exitCode()).isZero();

    // A port that was free a moment ago may be another test's by now; nobody listens at this one.
    CommandLineRun.Result gone = serdab.run("check", address.replaceFirst(":[0-9]+", ":1"));

    assertThat(gone.exitCode()).isNotZero();
    assertThat(gone.out() + gone.err()).contains("Nothing answers at 127.0.0.1");
  }
}
