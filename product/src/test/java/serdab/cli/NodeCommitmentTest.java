package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// `serdab backup --to dicom://…&commitment=yes`: what a node promises is told beside what it does.
class NodeCommitmentTest {

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    for (int n = 1; n <= 3; n++) {
      Files.write(images.resolve("IM" + n), TinyDicom.image().sop("1.2.1." + n).bytes());
    }
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private CommandLineRun.Result backup(String settings, String... more) {
    return backupTo(pacs.address() + "?calling=SERDAB" + settings, more);
  }

  private CommandLineRun.Result backupTo(String address, String... more) {
    return more.length == 0
        ? serdab.run("backup", "--from", "folder:" + images, "--to", address)
        : serdab.run("backup", "--from", "folder:" + images, "--to", address, more[0]);
  }

  private static String said(CommandLineRun.Result result) {
    return result.out() + result.err();
  }

  private static String claim(int kept, int refused, int nothing) {
    return "of 3 instances that were sent it says that it keeps "
        + kept
        + ", refuses "
        + refused
        + " and says nothing of "
        + nothing;
  }

  @Test
  void aNodeIsNotAskedUnlessTheAddressSaysSo() {
    CommandLineRun.Result backup = backup("");

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(pacs.requests()).doesNotContain("N-ACTION");
    assertThat(said(backup)).doesNotContain("commitment");
  }

  @Test
  void whatItPromisesIsToldAsAClaim() {
    CommandLineRun.Result backup = backup("&commitment=yes");
    CommandLineRun.Result again = backup("&commitment=yes");

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(said(backup)).contains(claim(3, 0, 0), "a claim");
    assertThat(pacs.requests()).contains("N-ACTION");
    // Only what was sent is asked for.
    assertThat(again.exitCode()).isZero();
    assertThat(said(again)).doesNotContain("commitment");
  }

  @Test
  void jsonHasItToo() {
    assertThat(backup("&commitment=yes", "--json").out())
        .contains("\"warnings\":[\"Storage commitment of the DICOM node ", claim(3, 0, 0));
  }

  @Test
  void aNodeThatPromisesWhatItDoesNotHaveIsToldAsLying() {
    pacs.with(Fault.STORES_NOTHING, Fault.COMMITS_TO_EVERYTHING);

    CommandLineRun.Result backup = backup("&commitment=yes");

    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(said(backup))
        // What did not come back is sent again twice, on one association.
        .contains("of 9 instances that were sent it says that it keeps 9, refuses 0")
        .contains("is not to be trusted: 9 of the instances")
        .contains("of 3 also that it keeps them (storage commitment)");
    assertThat(serdab.run("status").exitCode()).isEqualTo(3);
  }

  @Test
  void aNodeThatRefusesWhatItHasIsToldWithItsReasonAndHoldsACopyAllTheSame() {
    pacs.with(Fault.COMMITS_TO_NOTHING);

    CommandLineRun.Result backup = backup("&commitment=yes");

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(said(backup))
        .contains(claim(0, 3, 0))
        .contains("0112 no such instance (3). 3 of them came back from it as they should.");
    assertThat(serdab.run("status").exitCode()).isZero();
  }

  @Test
  void aNodeThatLosesWhatItPromisedIsFoundOut() {
    pacs.with(Fault.COMMITS_AND_LOSES);

    CommandLineRun.Result backup = backup("&commitment=yes");

    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(said(backup)).contains("is not to be trusted");
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"REPORTS_FIRST", "REPORTS_TWICE", "REPORTS_BACKWARDS"})
  void howItReportsDoesNotMatter(Fault way) {
    pacs.with(way);

    CommandLineRun.Result backup = backup("&commitment=yes");

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(said(backup)).contains(claim(3, 0, 0));
  }

  @Test
  void aReportThatComesToUsOnAnAssociationOfItsOwnIsTaken() throws IOException {
    int port = freePort();
    pacs.knows("SERDAB", port).with(Fault.REPORTS_ELSEWHERE);

    CommandLineRun.Result backup = backup("&commitment=yes&listen=" + port);

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(said(backup)).contains(claim(3, 0, 0));
  }

  @Test
  void silenceIsWaitedForUntilItsBoundAndIsNoPromise() {
    pacs.with(Fault.NEVER_REPORTS);

    CommandLineRun.Result backup = backup("&commitment=200ms");

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(said(backup)).contains(claim(0, 0, 3));
  }

  @Test
  void aReportOnSomethingElseOrOnLessIsNoPromiseEither() {
    pacs.with(Fault.REPORTS_FEWER);
    assertThat(said(backup("&commitment=200ms"))).contains(claim(2, 0, 1));

    for (int n = 1; n <= 3; n++) {
      pacs.lose("1.2.1." + n);
    }
    pacs.honest().with(Fault.REPORTS_ANOTHER_TRANSACTION);
    assertThat(serdab.run("verify", pacs.address()).exitCode()).isEqualTo(3);
    assertThat(said(backup("&commitment=200ms"))).contains(claim(0, 0, 3));
  }

  @Test
  void aNodeThatDoesNotOfferItOrDoesNotTakeTheRequestIsToldSo() {
    pacs.with(Fault.NO_COMMITMENT);
    CommandLineRun.Result without = backup("&commitment=yes");
    pacs.honest().with(Fault.REFUSES_COMMITMENT);
    for (int n = 1; n <= 3; n++) {
      pacs.lose("1.2.1." + n);
    }
    serdab.run("verify", pacs.address());
    CommandLineRun.Result refused = backup("&commitment=yes");

    assertThat(without.exitCode()).as(without.toString()).isZero();
    assertThat(said(without)).contains(claim(0, 0, 3) + "; it does not offer it.");
    assertThat(refused.exitCode()).as(refused.toString()).isZero();
    assertThat(said(refused))
        .contains(claim(0, 0, 3) + "; it did not take the request: status 0110");
  }

  @Test
  @Needs(Peer.ORTHANC)
  void anOrthancsPromiseComesOnAnAssociationThatItOpens() throws Exception {
    int port = freePort();
    int listen = freePort();
    try (OrthancServer _ =
        OrthancServer.start(
            """
            , "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomAlwaysAllowGet": true,
            "DicomModalities": {"serdab": ["SERDAB", "127.0.0.1", %d]}
            """
                .formatted(port, listen))) {
      CommandLineRun.Result backup =
          backupTo("dicom://ORTHANC@127.0.0.1:" + port + "?commitment=yes&listen=" + listen);

      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(said(backup)).contains(claim(3, 0, 0));
    }
  }
}
