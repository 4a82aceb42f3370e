package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.PeerProgram;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;

/// `serdab check dicom://…`, before anyone sends to a node.
class CheckNodeTest {

  @TempDir private Path folder;

  private CommandLineRun.Result check(String... words) {
    return new CommandLineRun(folder.resolve("home"))
        .run(Stream.concat(Stream.of("check"), Stream.of(words)).toArray(String[]::new));
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

  @Test
  @Needs(Peer.DCMTK)
  void whatANodeListsCountsAndGivesIsTriedAndNothingIsStored() throws Exception {
    try (Dcmqrscp node = Dcmqrscp.start(Files.createDirectories(folder.resolve("qr")), 0)) {
      String address = node.address().toString();
      CommandLineRun.Result empty = check(address);
      assertThat(empty.exitCode()).as(empty.err()).isZero();
      assertThat(empty.out())
          .contains("Studies that it lists: 0", "could not be seen")
          .containsPattern("convert=lossless.*RLE Lossless.*JPEG-LS Lossless")
          .doesNotContainPattern("convert=lossless.*JPEG 2000");
      assertThat(node.storage()).isDirectoryNotContaining("glob:**.dcm");

      CommandLineRun.Result stored = check(address, "--store");
      assertThat(stored.exitCode()).as(stored.err()).isZero();
      assertThat(stored.out())
          .contains("20 of 20 images taken", "One came back as it was sent (C-GET)")
          .contains("offers no storage commitment");

      CommandLineRun.Result asked = check(address, "--json");
      assertThat(asked.out())
          .contains("\"studies_answered\":1,\"lists\":\"unknown\",\"counts\":\"absent\"")
          .contains("\"gives\":\"get\"")
          .doesNotContain("\"stored\":{");
    }
  }

  @Test
  @Needs(Peer.ORTHANC)
  void whatTheWordOfAnOrthancIsWorthIsTriedWhereThePersonSaysSo() throws Exception {
    int port = freePort();
    int listen = freePort();
    try (OrthancServer _ =
        OrthancServer.start(
            """
            , "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomModalities": {"serdab": ["SERDAB", "127.0.0.1", %d]}
            """
                .formatted(port, listen))) {
      CommandLineRun.Result result =
          check("dicom://ORTHANC@127.0.0.1:" + port + "?listen=" + listen, "--store", "--json");

      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(result.out())
          .contains("\"sent\":20,\"stored\":20")
          .contains("\"commitment\":\"honest\"")
          .contains("\"altered\":[]");
    }
  }

  @Test
  void aNodeThatThrowsAwayWhatItTakesGivesNothingBack() {
    try (StorageServer node = server(new ServerSettings(AeTitle.ours("INBOX")))) {
      CommandLineRun.Result result =
          check("dicom://INBOX@127.0.0.1:" + node.address().getPort(), "--store");

      assertThat(result.out()).contains("20 of 20 images taken", "did not give one of them back");
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }
}
