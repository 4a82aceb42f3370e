package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.SopInstanceUid;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// TLS with certificates on both sides, among ourselves and with DCMTK.
@Needs({Peer.OPENSSL, Peer.DCMTK})
class TlsTest {

  @TempDir static Path keys;

  @BeforeAll
  static void makeCertificates() throws Exception {
    for (String name : new String[] {"ours", "theirs", "stranger"}) {
      PeerProgram.Ended made =
          PeerProgram.run(
              keys,
              Map.of(),
              "openssl",
              "req",
              "-x509",
              "-newkey",
              "rsa:2048",
              "-nodes",
              "-keyout",
              name + ".key",
              "-out",
              name + ".crt",
              "-subj",
              "/CN=" + name,
              "-addext",
              "subjectAltName=IP:127.0.0.1",
              "-days",
              "2");
      assertThat(made.code()).as(made.output()).isZero();
    }
  }

  @Test
  void whatIsSentArrivesAndTheCertificateIsKnown() throws Exception {
    MemorySink sink = new MemorySink();
    try (StorageServer server = server(sink, "ours", "theirs")) {
      OutgoingInstance instance = instance(1_000_000);
      try (Association association =
          Association.open(request(server, instance).tls(material("theirs", "ours")))) {
        assertThat(association.store(instance))
            .isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
      }
    }

    assertThat(sink.kept()).hasSize(1);
    assertThat(sink.kept().getFirst().body()).hasSize(1_000_000);
    assertThat(sink.kept().getFirst().instance().association().certificate()).contains("CN=theirs");
  }

  @Test
  void whatTheAddressOfANodeNamesIsUsedBothWays() throws Exception {
    MemorySink sink = new MemorySink();
    try (StorageServer server = server(sink, "ours", "theirs")) {
      String plain = "dicom://INBOX@127.0.0.1:" + server.address().getPort();
      String trusting = plain + "?ca=" + keys.resolve("ours.crt");
      String whole =
          trusting
              + "&certificate="
              + keys.resolve("theirs.crt")
              + "&key="
              + keys.resolve("theirs.key");

      try (Association association = Association.open(verifying(whole))) {
        assertThat(association.echo()).isEqualTo(DimseStatus.SUCCESS);
      }
      assertThatThrownBy(() -> Association.open(verifying(plain)))
          .isInstanceOf(SerdabException.class);
      assertThatThrownBy(() -> Association.open(verifying(trusting)))
          .isInstanceOf(SerdabException.class);
      assertThatThrownBy(() -> verifying(plain + "?ca=" + keys.resolve("none.crt")))
          .isInstanceOf(SerdabException.Misconfigured.class)
          .hasMessageContaining("none.crt");

      NodeAddress moving = NodeAddress.parse(whole + "&listen=11112");
      assertThat(moving.here().orElseThrow().tls()).isPresent();
    }
  }

  private static AssociationRequest verifying(String address) {
    return AssociationRequest.to(NodeAddress.parse(address)).verification();
  }

  @Test
  void aCallerWithACertificateThatNobodyTrustsIsTurnedAway() throws Exception {
    try (StorageServer server = server(new MemorySink(), "ours", "theirs")) {
      OutgoingInstance instance = instance(10);

      assertThatThrownBy(
              () -> Association.open(request(server, instance).tls(material("stranger", "ours"))))
          .isInstanceOf(SerdabException.class);
      assertThatThrownBy(() -> Association.open(request(server, instance).tls(trusting("ours"))))
          .isInstanceOf(SerdabException.class);
    }
  }

  @Test
  void aServerThatIsNotTrustedIsNotSpokenTo() throws Exception {
    try (StorageServer server = server(new MemorySink(), "stranger", "theirs")) {
      OutgoingInstance instance = instance(10);

      assertThatThrownBy(
              () -> Association.open(request(server, instance).tls(material("theirs", "ours"))))
          .isInstanceOf(SerdabException.Refused.class)
          .hasMessageStartingWith("node-tls-failed");
    }
  }

  @Test
  void whoSpeaksNoTlsAtATlsPortIsToldSoAndTheServerGoesOn() throws Exception {
    try (StorageServer server = server(new MemorySink(), "ours", "theirs")) {
      OutgoingInstance instance = instance(10);

      assertThatThrownBy(() -> Association.open(request(server, instance)))
          .isInstanceOf(SerdabException.class)
          .hasMessageMatching("(?s)node-(not-dicom|lost).*");
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
        socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      }
      try (Association association =
          Association.open(request(server, instance).tls(material("theirs", "ours")))) {
        assertThat(association.store(instance))
            .isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
      }
    }
  }

  /// Its two profiles by BCP 195: 1.2 and 1.3, and those with weaker ciphers beside them.
  @ParameterizedTest
  @ValueSource(strings = {"--profile-bcp195-nd", "--profile-bcp195"})
  void dcmtkCallsWithTlsAndIsCalled(String profile) throws Exception {
    byte[] image = TinyDicom.image().study("1.2.3").sop("1.2.3.4").bytes();
    Files.write(keys.resolve("image.dcm"), image);
    MemorySink sink = new MemorySink();
    try (StorageServer server = server(sink, "ours", "theirs");
        PeerProgram storescp =
            PeerProgram.serve(
                keys,
                Map.of(),
                "storescp",
                "--ignore",
                profile,
                "--enable-tls",
                "theirs.key",
                "theirs.crt",
                "--add-cert-file",
                "ours.crt",
                "PORT")) {
      PeerProgram.Ended echoscu = calling(server, profile, List.of("echoscu"), List.of());
      PeerProgram.Ended storescu =
          calling(server, profile, List.of("storescu", "-R", "-xe"), List.of("image.dcm"));
      OutgoingInstance instance = instance(500_000);
      NodeAddress node = NodeAddress.parse("dicom://ANY@127.0.0.1:" + storescp.port());
      StoreOutcome outcome;
      try (Association association =
          Association.open(
              AssociationRequest.to(node)
                  .propose(ProposedContext.forSending(Set.of(instance.kind())).getFirst())
                  .tls(material("ours", "theirs")))) {
        outcome = association.store(instance);
      }

      assertThat(echoscu.output()).isEmpty();
      assertThat(echoscu.code()).isZero();
      assertThat(storescu.code()).as(storescu.output()).isZero();
      assertThat(sink.kept()).hasSize(1);
      assertThat(image).endsWith(sink.kept().getFirst().body());
      assertThat(outcome).isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
    }
  }

  private static PeerProgram.Ended calling(
      StorageServer server, String profile, List<String> program, List<String> files)
      throws Exception {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(profile, "--enable-tls", "theirs.key", "theirs.crt"));
    command.addAll(List.of("--add-cert-file", "ours.crt", "-aec", "INBOX", "127.0.0.1"));
    command.add("" + server.address().getPort());
    command.addAll(files);
    return PeerProgram.run(keys, Map.of(), command.toArray(String[]::new));
  }

  @Test
  void aKeyThatIsNoneIsToldWithHowToWriteOne() {
    assertThatThrownBy(() ->
            TlsMaterial.context(
                "nothing".getBytes(StandardCharsets.UTF_8), pem("ours.crt"), pem("ours.crt")))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageStartingWith("tls-material-wrong");
  }

  private static StorageServer server(MemorySink sink, String own, String trusted)
      throws Exception {
    return StorageServer.start(
        new ServerSettings(AeTitle.ours("INBOX")).tls(material(own, trusted), true), sink, _ -> {});
  }

  private static SSLContext material(String own, String trusted) throws Exception {
    return TlsMaterial.context(pem(own + ".key"), pem(own + ".crt"), pem(trusted + ".crt"));
  }

  private static SSLContext trusting(String trusted) throws Exception {
    return TlsMaterial.context(new byte[0], new byte[0], pem(trusted + ".crt"));
  }

  private static byte[] pem(String name) throws Exception {
    return Files.readAllBytes(keys.resolve(name));
  }

  private static AssociationRequest request(StorageServer server, OutgoingInstance instance) {
    NodeAddress node = NodeAddress.parse("dicom://INBOX@127.0.0.1:" + server.address().getPort());
    return AssociationRequest.to(node)
        .propose(ProposedContext.forSending(Set.of(instance.kind())).getFirst());
  }

  /// A data set that is one long value: DCMTK looks at the first elements of what it is sent.
  private static OutgoingInstance instance(int length) {
    byte[] body = new byte[length];
    RandomGenerator.of("L64X128MixRandom").nextBytes(body);
    byte[] start = {8, 0, 0x18, 0, 'U', 'I', 6, 0, '1', '.', '2', '.', '3', 0};
    byte[] pixels = {(byte) 0xE0, 0x7F, 0x10, 0, 'O', 'W', 0, 0, 0, 0, 0, 0};
    if (length > 100) {
      int left = length - start.length - pixels.length;
      for (int i = 0; i < 4; i++) {
        pixels[8 + i] = (byte) (left >>> (8 * i));
      }
      System.arraycopy(start, 0, body, 0, start.length);
      System.arraycopy(pixels, 0, body, start.length, pixels.length);
    }
    return new OutgoingInstance(
        "1.2.840.10008.5.1.4.1.1.7",
        new SopInstanceUid("1.2.3"),
        "1.2.840.10008.1.2.1",
        ByteSource.of(body),
        0,
        body.length);
  }
}
