package serdab.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import serdab.dicom.net.TlsMaterial;

/// Certificates that signed themselves and their keys, as `NAME.crt` and `NAME.key` in a folder;
/// call only where [Peer#OPENSSL] is required.
///
/// @param folder where they are
public record Certificates(Path folder) {

  /// Makes another one.
  ///
  /// @param host whom it is for, such as `IP:127.0.0.1`
  public Certificates with(String name, String host) {
    try {
      Path log = folder.resolve("openssl.log");
      List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes"));
      command.addAll(List.of("-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=" + name));
      command.addAll(List.of("-addext", "subjectAltName=" + host));
      command.addAll(List.of("-keyout", name + ".key", "-out", name + ".crt"));
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (process.waitFor() != 0) {
        throw new IllegalStateException(Files.readString(log));
      }
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public Path certificate(String name) {
    return folder.resolve(name + ".crt");
  }

  public Path key(String name) {
    return folder.resolve(name + ".key");
  }

  /// What shows one certificate and trusts another one.
  public SSLContext context(String own, String trusted) {
    try {
      return TlsMaterial.context(
          Files.readAllBytes(key(own)),
          Files.readAllBytes(certificate(own)),
          Files.readAllBytes(certificate(trusted)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What an address names to trust one and show another one.
  public String settings(String trusted, String shown) {
    return "?ca="
        + certificate(trusted)
        + "&certificate="
        + certificate(shown)
        + "&key="
        + key(shown);
  }
}
