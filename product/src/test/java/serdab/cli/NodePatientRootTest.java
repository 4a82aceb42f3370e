package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// Destinations that are asked by patient only (patient root, PS3.4 section C.6.1), and want to
/// know whose a study is.
class NodePatientRootTest {

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start().with(Fault.PATIENT_ROOT_ONLY).wantsPatients();
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    for (int study = 1; study <= 3; study++) {
      for (int n = 1; n <= 2; n++) {
        Files.write(
            images.resolve("S" + study + "-" + n),
            TinyDicom.image()
                .study("1.2." + study)
                .series("1.2." + study + ".1")
                .sop("1.2." + study + ".1." + n)
                .patient("A^B", "P" + (study + 1) / 2)
                .pixels(new byte[] {(byte) study, (byte) n, 3, 4})
                .bytes());
      }
    }
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  private CommandLineRun.Result backupTo(String address) {
    return serdab.run("backup", "--from", "folder:" + images, "--to", address);
  }

  private static void assertGood(CommandLineRun.Result result) {
    assertThat(result.exitCode()).as(result.toString()).isZero();
  }

  /// Backs up, verifies, and brings everything back with and without what is remembered.
  private void assertHoldsAll(String address) throws IOException {
    assertGood(backupTo(address));
    assertGood(serdab.run("verify", address));
    Path back = folder.resolve("back");
    assertGood(serdab.run("restore", "--from", address, "--all", "--to", back.toString()));
    CommandLineRun elsewhere = new CommandLineRun(folder.resolve("another home"));
    Path there = folder.resolve("there");
    assertGood(elsewhere.run("restore", "--from", address, "--all", "--to", there.toString()));
    Path one = folder.resolve("one");
    assertGood(
        elsewhere.run("restore", "--from", address, "--study", "1.2.3", "--to", one.toString()));
    assertThat(images(back)).isEqualTo(6);
    assertThat(images(there)).isEqualTo(6);
    assertThat(images(one)).isEqualTo(2);
  }

  private static long images(Path tree) throws IOException {
    long images = 0;
    try (Stream<Path> walk = Files.walk(tree)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        images += DicomFile.read(ByteSource.of(Files.readAllBytes(file))).isDicom() ? 1 : 0;
      }
    }
    return images;
  }

  @Test
  void aNodeThatWantsToKnowThePatientIsSentToAskedAndReadBack() throws IOException {
    assertHoldsAll(pacs.address());
    pacs.forgetRequests();

    assertGood(backupTo(pacs.address()));

    assertThat(Collections.frequency(pacs.requests(), "C-STORE")).isZero();
    assertThat(pacs.arrived()).isEqualTo(6);
  }

  @Test
  void whatIsMissingAloneIsSent() throws IOException {
    pacs.put(Files.readAllBytes(images.resolve("S1-1")));

    assertGood(backupTo(pacs.address()));

    assertThat(pacs.arrived()).isEqualTo(5);
  }

  @Test
  void countsAreComparedByPatientToo() throws IOException {
    for (int n = 1; n <= 2; n++) {
      pacs.put(Files.readAllBytes(images.resolve("S1-" + n)));
    }

    CommandLineRun.Result backup = backupTo(pacs.address() + "?existing=count");

    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(backup.out()).contains("says that it has as many instances of this study: 2");
    assertThat(pacs.arrived()).isEqualTo(4);
  }

  @Test
  @Needs(Peer.DCMTK)
  void dcmqrscpWithoutItsStudyRootHoldsCopiesToo() throws IOException {
    try (Dcmqrscp node =
        Dcmqrscp.start(
            Files.createDirectories(folder.resolve("qr")),
            0,
            "--no-study-root",
            "--no-patient-study")) {
      assertHoldsAll(node.address() + "&associations=1");
    }
  }
}
