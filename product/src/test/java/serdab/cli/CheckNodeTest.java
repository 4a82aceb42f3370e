package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.PeerProgram;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// `serdab check dicom://…`, before anyone sends to a node.
class CheckNodeTest {

  @TempDir private Path folder;

  private CommandLineRun.Result check(String address) {
    return new CommandLineRun(folder.resolve("home")).run("check", address);
  }

  private static StorageServer server(ServerSettings settings) {
    return StorageServer.start(settings, _ -> DimseStatus.SUCCESS, _ -> {});
  }

  @Test
  void aNodeThatTakesImagesWillDoAndItsSheetSaysWhatItTakes() {
    try (StorageServer node = server(new ServerSettings(AeTitle.ours("INBOX")))) {
      CommandLineRun.Result result = check("dicom://INBOX@127.0.0.1:" + node.address().getPort());

      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(result.out())
          .startsWith("The node INBOX at 127.0.0.1, port ")
          .contains("called as SERDAB")
          .contains("good        it answers (C-ECHO), in ", "good        it takes images")
          .contains("weaker      it cannot be asked what it holds")
          .contains("Program: SERDAB", "operations at a time: 16")
          .contains("  24  1.2.840.10008.1.2.4.90    JPEG 2000 Lossless Only")
          .endsWith("It will do.\n");
    }
  }

  @Test
  void aNodeThatDoesNotKnowUsIsToldWithWhatToAskFor() {
    ServerSettings settings =
        new ServerSettings(AeTitle.ours("INBOX")).allow(AeTitle.ours("OTHER"));
    try (StorageServer node = server(settings)) {
      CommandLineRun.Result result = check("dicom://INBOX@127.0.0.1:" + node.address().getPort());

      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.err()).contains("does not know the calling AE title SERDAB", "?calling=");
    }
  }

  @Test
  void aWrongAddressIsWrongUsage() {
    CommandLineRun.Result result = check("dicom://INBOX");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("dicom://CALLED@host:104?calling=SERDAB");
  }

  @Test
  @Needs(Peer.DCMTK)
  void aServerOfAnotherMakeSaysLess() throws Exception {
    Files.createDirectories(folder.resolve("peer"));
    try (PeerProgram storescp =
        PeerProgram.serve(folder.resolve("peer"), Map.of(), "storescp", "--ignore", "PORT")) {
      CommandLineRun.Result result = check("dicom://ANY@127.0.0.1:" + storescp.port());

      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(result.out())
          .contains("Program: OFFIS_DCMTK_", "operations at a time: 1;")
          .contains("associations at a time: 1 of 4 tried")
          .contains("   0  1.2.840.10008.1.2.4.90    JPEG 2000 Lossless Only");
    }
  }
}
