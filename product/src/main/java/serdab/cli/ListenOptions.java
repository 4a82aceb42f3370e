package serdab.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.AddressRange;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.TlsMaterial;

/// How a command listens for DICOM, as a person gives it on the command line.
final class ListenOptions {

  private static final String TLS_SCHEME = "tls://";
  private static final int PORT_MAX = 65_535;
  private static final int TLS_BYTES_MAX = 1 << 20;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "The address of this computer to listen at; 0.0.0.0 for all. Default: ${DEFAULT-VALUE},"
              + " which other computers do not reach.")
  private String listen = "127.0.0.1";

  @Option(
      names = "--title",
      paramLabel = "AET",
      defaultValue = "SERDAB",
      description = "The AE title to answer to. Default: ${DEFAULT-VALUE}.")
  private String title = "SERDAB";

  @Option(names = "--any-title", description = "Answers to whatever AE title is called.")
  private boolean anyTitle;

  @ArgGroup(exclusive = false)
  private @Nullable Tls tls;

  /// What TLS needs; all of it or nothing.
  static final class Tls {
    @Option(
        names = "--tls-key",
        required = true,
        paramLabel = "FILE",
        description = "Speaks TLS alone: our private key (PEM, PKCS #8, without passphrase).")
    @SuppressWarnings("NullAway.Init") // required
    private Path key;

    @Option(
        names = "--tls-certificate",
        required = true,
        paramLabel = "FILE",
        description = "With --tls-key: our certificate and those up to the root (PEM).")
    @SuppressWarnings("NullAway.Init") // required
    private Path certificate;

    @Option(
        names = "--tls-trust",
        required = true,
        paramLabel = "FILE",
        description =
            "With --tls-key: the certificates that callers must have, or that theirs come from"
                + " (PEM). A caller without is turned away.")
    @SuppressWarnings("NullAway.Init") // required
    private Path trust;
  }

  String listen() {
    return listen;
  }

  String title() {
    return title;
  }

  /// The title, as nodes are told it.
  AeTitle aeTitle(String command) {
    try {
      return AeTitle.ours(title);
    } catch (IllegalArgumentException e) {
      throw wrong(command, "--title cannot be used: " + e.getMessage() + ".");
    }
  }

  boolean isOnLoopback(String command) {
    return address(command).isLoopbackAddress();
  }

  /// Our side of TLS; empty without.
  Optional<SSLContext> tls() {
    return Optional.ofNullable(tls)
        .map(given ->
            TlsMaterial.context(bytes(given.key), bytes(given.certificate), bytes(given.trust)));
  }

  /// A server that nobody is named for yet.
  ///
  /// @param command for what is said when something is wrong
  /// @param material what [#tls()] gave
  ServerSettings settings(String command, int port, Optional<SSLContext> material) {
    if (port < 0 || port > PORT_MAX) {
      throw wrong(command, "--port is " + port + "; it must be from 0 to " + PORT_MAX + ".");
    }
    InetAddress address = address(command);
    ServerSettings settings = new ServerSettings(aeTitle(command));
    settings.listenOn(new InetSocketAddress(address, port));
    if (anyTitle) {
      settings.anyCalledTitle();
    }
    material.ifPresent(given -> settings.tls(given, true));
    return settings;
  }

  private InetAddress address(String command) {
    try {
      return InetAddress.ofLiteral(listen);
    } catch (IllegalArgumentException e) {
      throw wrong(command, "--listen needs an address in digits, such as 10.1.2.3.");
    }
  }

  private static byte[] bytes(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(TLS_BYTES_MAX);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "The file " + file + " for TLS cannot be read.",
              "Check its name, and that you may read it."),
          e);
    }
  }

  /// Lets somebody in: an AE title, an address after `@`, or both.
  static void allow(String command, ServerSettings settings, String who) {
    int at = who.indexOf('@');
    String name = at < 0 ? who : who.substring(0, at);
    try {
      if (at < 0) {
        settings.allow(AeTitle.ours(name));
      } else if (name.isEmpty()) {
        settings.allow(AddressRange.parse(who.substring(at + 1)));
      } else {
        settings.allow(AeTitle.ours(name), AddressRange.parse(who.substring(at + 1)));
      }
    } catch (IllegalArgumentException e) {
      throw wrong(
          command,
          "--allow needs an AE title, an address after @, or both, such as CT1@10.1.2.20.");
    }
  }

  /// Nodes that are called, as `AET=HOST:PORT` or `AET=tls://HOST:PORT`.
  ///
  /// @param option for what is said when something is wrong
  /// @param material what [#tls()] gave
  Map<AeTitle, MoveTarget> nodes(
      String command, String option, List<String> texts, Optional<SSLContext> material) {
    Map<AeTitle, MoveTarget> nodes = new HashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      String where = equals < 0 ? "" : text.substring(equals + 1);
      boolean overTls = where.startsWith(TLS_SCHEME);
      String host = overTls ? where.substring(TLS_SCHEME.length()) : where;
      if (equals <= 0 || !host.matches("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]+):[0-9]{1,5}")) {
        throw wrong(
            command, option + " needs an AE title, a host and a port: HOROS=192.168.1.20:11112.");
      }
      if (overTls && material.isEmpty()) {
        throw wrong(command, option + " with tls:// needs --tls-key and its like.");
      }
      try {
        AeTitle called = AeTitle.ours(text.substring(0, equals));
        NodeAddress parsed = NodeAddress.parse(NodeAddress.SCHEME + "X@" + host);
        nodes.put(
            called,
            new MoveTarget(
                new NodeAddress(called, parsed.host(), parsed.port(), aeTitle(command)),
                overTls ? material : Optional.empty()));
      } catch (IllegalArgumentException e) {
        throw wrong(command, option + " cannot be used: " + e.getMessage() + ".");
      }
    }
    return nodes;
  }

  static SerdabException.Misconfigured wrong(String command, String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Run: serdab " + command + " --help"));
  }
}
