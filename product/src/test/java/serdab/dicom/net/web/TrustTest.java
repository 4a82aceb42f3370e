package serdab.dicom.net.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.net.TlsFiles;
import serdab.testing.Certificates;
import serdab.testing.LyingNode;
import serdab.testing.Needs;
import serdab.testing.Peer;

@Needs(Peer.OPENSSL)
class TrustTest {

  @TempDir static Path folder;

  private static Certificates made;

  private final List<Duration> waits = new ArrayList<>();

  @BeforeAll
  static void make() {
    made =
        new Certificates(folder)
            .with("node", "IP:127.0.0.1")
            .with("elsewhere", "DNS:pacs.example")
            .with("us", "DNS:backup.example")
            .with("stranger", "DNS:backup.example");
  }

  private DicomWeb client(LyingNode node, Optional<SSLContext> tls) {
    return new DicomWeb(
        URI.create(node.url()),
        new DicomWeb.Means(
            new Credentials.Bearer(() -> "a token"),
            tls,
            WebSettings.DEFAULT,
            InstantSource.system(),
            RandomGenerator.of("L64X128MixRandom"),
            waits::add));
  }

  private static Optional<SSLContext> trusting(String name) {
    return Optional.of(
        new TlsFiles(Optional.of(made.certificate(name)), Optional.empty(), Optional.empty())
            .context());
  }

  private static Optional<SSLContext> showing(String name) {
    return Optional.of(
        new TlsFiles(
                Optional.of(made.certificate("node")),
                Optional.of(made.certificate(name)),
                Optional.of(made.key(name)))
            .context());
  }

  @Test
  void aNodeIsBelievedByItsAuthorityAloneAndATokenIsNotSentBeforeThat() {
    try (LyingNode node = LyingNode.startWithTls(made.context("node", "us"));
        DicomWeb anybody = client(node, Optional.empty());
        DicomWeb own = client(node, trusting("node"))) {
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
  void aCertificateForAnotherNameIsNotBelievedWhoeverSignedIt() {
    try (LyingNode node = LyingNode.startWithTls(made.context("elsewhere", "us"));
        DicomWeb own = client(node, trusting("elsewhere"))) {
      assertThatThrownBy(() -> own.studies(Map.of())).hasMessageContaining("dicomweb-not-trusted");
      assertThat(node.authorizations()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void aNodeThatWantsACertificateIsShownOursAndTurnsAwayStrangers(String version) {
    try (LyingNode node = LyingNode.startWithTlsBothWays(made.context("node", "us"), version);
        DicomWeb us = client(node, showing("us"));
        DicomWeb stranger = client(node, showing("stranger"));
        DicomWeb nobody = client(node, trusting("node"))) {
      for (DicomWeb refused : List.of(stranger, nobody)) {
        assertThatThrownBy(() -> refused.studies(Map.of()))
            .isInstanceOfSatisfying(
                SerdabException.Refused.class,
                e -> assertThat(e.problem().code()).isEqualTo("dicomweb-certificate"))
            .hasMessageContaining("wants a certificate");
      }
      assertThat(node.requests()).isEmpty();

      assertThat(us.studies(Map.of()).rows()).isEmpty();
      assertThat(node.requests()).isNotEmpty();
    }
  }

  @Test
  void aFileWithoutACertificateIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("none.pem"), "nothing");
    TlsFiles empty = new TlsFiles(Optional.of(file), Optional.empty(), Optional.empty());

    assertThatThrownBy(empty::context)
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContainingAll("tls-material-wrong", "none.pem");
  }
}
