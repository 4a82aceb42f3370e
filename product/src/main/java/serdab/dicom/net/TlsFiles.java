package serdab.dicom.net;

import java.io.IOException;
import java.io.InputStream;
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
/// @param ca the certificates that the node's own must be, or come from; empty believes the
///   authorities that Java knows
/// @param certificate ours, and behind it those up to the root; only with `key`
/// @param key our private key, not encrypted; empty shows the node no certificate
public record TlsFiles(Optional<Path> ca, Optional<Path> certificate, Optional<Path> key) {

  private static final int FILE_BYTES_MAX = 1 << 20;

  /// Whether the node can know by it who we are.
  boolean isIdentity() {
    return key.isPresent();
  }

  /// Reads the files, which may have been renewed.
  ///
  /// @throws SerdabException.Misconfigured when one of them cannot be read, or used
  public SSLContext context() {
    return TlsMaterial.context(
        key.map(TlsFiles::bytes).orElse(new byte[0]),
        certificate.map(TlsFiles::certificates).orElse(new byte[0]),
        ca.map(TlsFiles::certificates));
  }

  private static byte[] certificates(Path file) {
    byte[] bytes = bytes(file);
    if (!TlsMaterial.holdsCertificates(bytes)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "tls-material-wrong",
              "The file " + file + " holds no certificate that can be read.",
              "Give a file with the certificates as BEGIN CERTIFICATE."));
    }
    return bytes;
  }

  private static byte[] bytes(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(FILE_BYTES_MAX);
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
    return ca.map(path -> "&ca=" + encoded(path)).orElse("")
        + certificate.map(path -> "&certificate=" + encoded(path)).orElse("")
        + key.map(path -> "&key=" + encoded(path)).orElse("");
  }

  private static String encoded(Path path) {
    return URLEncoder.encode(path.toString(), StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("%2F", "/");
  }
}
