package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// The programs of CTN 3.2.0: one of the first implementations, in C, strict and old.
@Needs({Peer.CTN, Peer.SHARED_DATA})
class CtnTest {

  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final String EXPLICIT = "1.2.840.10008.1.2.1";

  @TempDir Path temp;

  /// Of what it says it stored, some is not there, or cannot be read again: a success is a claim.
  @Test
  void simpleStorageTakesWhatIsSentAndKeepsMostOfIt() throws Exception {
    Path received = Files.createDirectory(temp.resolve("received"));
    Samples.Sent sent;
    DimseStatus echo;
    try (PeerProgram storage =
        PeerProgram.serveAndEcho(
            temp, "CTN", "simple_storage", "-s", "-c", "CTN", "-x", received + "/", "PORT")) {
      NodeAddress node = NodeAddress.parse("dicom://CTN@127.0.0.1:" + storage.port());
      try (Association association = Association.open(AssociationRequest.to(node).verification())) {
        echo = association.echo();
      }
      sent = Samples.ofEveryKind().sendTo(node);
    }

    Map<String, String> kept = new TreeMap<>(Samples.in(received));
    kept.entrySet().retainAll(sent.stored().entrySet());
    assertThat(echo).isEqualTo(DimseStatus.SUCCESS);
    assertThat(sent.stored()).hasSizeGreaterThanOrEqualTo(20);
    assertThat(kept).hasSizeGreaterThanOrEqualTo(15);
  }

  @Test
  void whatSendImageSendsArrivesWithEveryValue() throws Exception {
    Path image = Samples.ofEveryKind().of(MR, EXPLICIT).orElseThrow();
    MemorySink sink = new MemorySink();
    List<PeerProgram.Ended> ended = new ArrayList<>();
    try (StorageServer ours =
        StorageServer.start(new ServerSettings(AeTitle.ours("INBOX")), sink, _ -> {})) {
      String port = "" + ours.address().getPort();
      ended.add(
          PeerProgram.run(
              temp, Map.of(), "dicom_echo", "-a", "CTN", "-c", "INBOX", "127.0.0.1", port));
      ended.add(
          PeerProgram.run(
              temp,
              Map.of(),
              "send_image",
              "-q",
              "-r",
              "-a",
              "CTN",
              "-c",
              "INBOX",
              "-X",
              EXPLICIT,
              "127.0.0.1",
              port,
              image.toString()));
    }

    assertThat(ended).extracting(PeerProgram.Ended::code).containsExactly(0, 0);
    assertThat(ended.getFirst().output()).contains("Verification Status:     0000");
    assertThat(Samples.of(sink.kept()))
        .containsExactlyInAnyOrderEntriesOf(
            new TreeMap<>(
                Map.of(
                    sink.kept().getFirst().instance().sop().value(),
                    Samples.canonical(Files.readAllBytes(image)))));
    assertThat(sink.kept().getFirst().instance().association().calling().value()).isEqualTo("CTN");
  }
}
