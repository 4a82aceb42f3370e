package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.PeerProgram;
import serdab.testing.Certificates;
import serdab.testing.LyingNode;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// DICOMweb nodes that speak only with those whose certificate they trust.
@Needs(Peer.OPENSSL)
class NodeCertificatesTest {

  /// Lets in who shows a trusted certificate, and asks the server behind it.
  private static final String DOOR =
      """
      import http.client, http.server, ssl, sys

      port, behind, own, key, trusted = sys.argv[1:]

      class Door(http.server.BaseHTTPRequestHandler):
          protocol_version = "HTTP/1.1"

          def ask(self):
              body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
              passed = {name: self.headers[name] for name in ("Accept", "Content-Type") if name in self.headers}
              inside = http.client.HTTPConnection("127.0.0.1", int(behind))
              inside.request(self.command, self.path, body, passed)
              answer = inside.getresponse()
              content = answer.read()
              inside.close()
              self.send_response(answer.status)
              self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
              if answer.status != 204:
                  self.send_header("Content-Length", str(len(content)))
              self.end_headers()
              self.wfile.write(content)

          do_GET = do_POST = ask

      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(own, key)
      context.load_verify_locations(trusted)
      context.verify_mode = ssl.CERT_REQUIRED
      server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Door)
      server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
      server.serve_forever()
      """;

  @TempDir Path folder;

  private Certificates made;
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void prepare() throws IOException {
    made =
        new Certificates(folder)
            .with("node", "IP:127.0.0.1")
            .with("us", "DNS:x")
            .with("other", "DNS:x");
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    Files.write(
        images.resolve("one"),
        TinyDicom.image().study("1.2").series("1.2.1").sop("1.2.1.1").bytes());
  }

  /// Checks, backs up and restores; nobody else comes in, and is told why.
  private void onlyWeComeIn(String url) {
    String ours = "dicomweb:" + url + made.settings("node", "us");

    var nobody = serdab.run("check", "dicomweb:" + url + "?ca=" + made.certificate("node"));
    var stranger = serdab.run("check", "dicomweb:" + url + made.settings("node", "other"));
    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", ours);
    var check = serdab.run("check", ours);
    var verified = serdab.run("verify", ours);

    assertThat(nobody.exitCode()).as(nobody.toString()).isEqualTo(3);
    assertThat(nobody.out()).contains("a certificate of who calls");
    assertThat(stranger.exitCode()).as(stranger.toString()).isEqualTo(3);
    assertThat(stranger.out()).contains("a certificate of who calls");
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(check.exitCode()).as(check.toString()).isZero();
    assertThat(verified.exitCode()).as(verified.toString()).isZero();
    assertThat(check.out()).contains(url).doesNotContain("us.key");
  }

  @Test
  void whoShowsATrustedCertificateComesInAndOthersAreToldWhatIsMissing() {
    try (LyingNode node = LyingNode.startWithTlsBothWays(made.context("node", "us"), "TLSv1.3")) {
      onlyWeComeIn(node.url());
    }
  }

  /// Orthanc 1.10.1 itself ends with a segmentation fault when a certificate is shown to it.
  @Test
  @Needs({Peer.ORTHANC, Peer.PYTHON})
  void anOrthancBehindADoorThatWantsACertificateIsReached() throws IOException {
    Path script = Files.writeString(folder.resolve("door.py"), DOOR);
    try (OrthancServer orthanc = OrthancServer.start();
        PeerProgram door =
            PeerProgram.serve(
                folder,
                Map.of(),
                "python3",
                script.toString(),
                "PORT",
                "" + URI.create(orthanc.url()).getPort(),
                made.certificate("node").toString(),
                made.key("node").toString(),
                made.certificate("us").toString())) {
      onlyWeComeIn("https://127.0.0.1:" + door.port() + "/dicom-web");
    }
  }
}
