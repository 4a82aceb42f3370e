package serdab.dicom.net.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.testing.LyingNode;
import serdab.testing.Needs;
import serdab.testing.Peer;

@Needs(Peer.OPENSSL)
class TrustTest {

  private static final char[] PASSWORD = "not a secret".toCharArray();

  @TempDir Path folder;

  private final List<Duration> waits = new ArrayList<>();

  private void openssl(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      assertThat(process.waitFor()).as(Files.readString(folder.resolve("log"))).isZero();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// A certificate that signed itself.
  private SSLContext identity(String host) throws IOException, GeneralSecurityException {
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-days",
        "2",
        "-subj",
        "/CN=a test",
        "-addext",
        "subjectAltName=" + host);
    openssl(
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "cert.pem",
        "-out",
        "own.p12",
        "-passout",
        "pass:" + new String(PASSWORD));
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve("own.p12"))) {
      store.load(in, PASSWORD);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private DicomWeb client(LyingNode node, Optional<SSLContext> trust) {
    return new DicomWeb(
        URI.create(node.url()),
        new DicomWeb.Means(
            new Credentials.Bearer(() -> "a token"),
            trust,
            WebSettings.DEFAULT,
            InstantSource.system(),
            RandomGenerator.of("L64X128MixRandom"),
            waits::add));
  }

  @Test
  void aNodeIsBelievedByItsAuthorityAloneAndATokenIsNotSentBeforeThat() throws Exception {
    try (LyingNode node = LyingNode.startWithTls(identity("IP:127.0.0.1"));
        DicomWeb anybody = client(node, Optional.empty());
        DicomWeb own = client(node, Optional.of(Trust.in(folder.resolve("cert.pem"))))) {
      assertThatThrownBy(() -> anybody.studies(Map.of()))
          .isInstanceOfSatisfying(
              SerdabException.Refused.class,
              e -> assertThat(e.problem().code()).isEqualTo("dicomweb-not-trusted"));
      assertThat(node.authorizations()).isEmpty();
      assertThat(waits).as("trying again would not help").isEmpty();

      assertThat(own.studies(Map.of()).rows()).isEmpty();
      assertThat(node.authorizations()).containsOnly("Bearer a token");
    }
  }

  @Test
  void aCertificateForAnotherNameIsNotBelievedWhoeverSignedIt() throws Exception {
    try (LyingNode node = LyingNode.startWithTls(identity("DNS:pacs.example"));
        DicomWeb own = client(node, Optional.of(Trust.in(folder.resolve("cert.pem"))))) {
      assertThatThrownBy(() -> own.studies(Map.of())).hasMessageContaining("dicomweb-not-trusted");
      assertThat(node.authorizations()).isEmpty();
    }
  }

  @Test
  void aFileWithoutACertificateIsSaidToBeOne() throws Exception {
    Path file = Files.writeString(folder.resolve("none.pem"), "nothing");

    assertThatThrownBy(() -> Trust.in(file))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("dicomweb-ca");
  }
}
