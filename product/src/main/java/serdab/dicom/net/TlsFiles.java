package serdab.dicom.net;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import serdab.Problem;
import serdab.SerdabException;

/// The files with what TLS needs, in PEM.
///
/// @param ca the certificates that the node's own must be, or come from
/// @param certificate ours, and behind it those up to the root; only with `key`
/// @param key our private key, not encrypted; empty shows the node no certificate
public record TlsFiles(Path ca, Optional<Path> certificate, Optional<Path> key) {

  /// Whether the node can know by it who we are.
  boolean isIdentity() {
    return key.isPresent();
  }

  /// Reads the files, which may have been renewed.
  ///
  /// @throws SerdabException.Misconfigured when one of them cannot be read, or used
  SSLContext context() {
    return TlsMaterial.context(
        key.map(TlsFiles::bytes).orElse(new byte[0]),
        certificate.map(TlsFiles::bytes).orElse(new byte[0]),
        bytes(ca));
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "tls-material-wrong",
              "The file " + file + " with a key or certificate for TLS cannot be read.",
              "Check its path in the address of the node, and that this program may read it."),
          e);
    }
  }

  /// As they are written behind an address.
  String settings() {
    return "&ca="
        + encoded(ca)
        + certificate.map(path -> "&certificate=" + encoded(path)).orElse("")
        + key.map(path -> "&key=" + encoded(path)).orElse("");
  }

  private static String encoded(Path path) {
    return URLEncoder.encode(path.toString(), StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("%2F", "/");
  }
}
