package serdab.dicom.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;

/// A node as it is written: `dicom://CALLED@host[:104]?calling=SERDAB`, and where it can send to us
/// what we ask it for, `&listen=11112`.
///
/// @param called the node's own title
/// @param host name or address, an IPv6 address without its brackets
/// @param port from 1 to 65535
/// @param calling the title that we give ourselves
/// @param listen the port of this machine at which the node reaches that title; 0 when there is
///   none
/// @param limit how many answers to a question the node gives at most, as its administrator knows;
///   0 when nobody does
/// @param tls what TLS needs, both ways; empty speaks without
/// @param identity who asks, for nodes that want to know more than a title; never part of what is
///   written, printed or compared by [#place]
public record NodeAddress(
    AeTitle called,
    String host,
    int port,
    AeTitle calling,
    int listen,
    int limit,
    Optional<TlsFiles> tls,
    Optional<UserIdentity> identity) {

  public static final String SCHEME = "dicom://";

  /// The well-known port (PS3.8 section 9.1.1).
  public static final int DEFAULT_PORT = 104;

  public static final AeTitle DEFAULT_CALLING = AeTitle.ours("SERDAB");

  private static final int LENGTH_MAX = 4096;
  private static final Set<String> KEYS =
      Set.of("calling", "listen", "limit", "ca", "certificate", "key");
  private static final Pattern SECRET =
      Pattern.compile("(?i)([?&][^=&]*(?:pass|secret|token|pwd)[^=&]*=)(?!env:|file:)[^&]*");
  private static final Pattern FORM =
      Pattern.compile(
          "dicom://(?<called>[^@/?#]*)@(?<host>\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]+)"
              + "(:(?<port>[0-9]{1,5}))?/?(\\?(?<query>.*))?");

  /// A node that does not reach us.
  public NodeAddress(AeTitle called, String host, int port, AeTitle calling) {
    this(called, host, port, calling, 0, 0, Optional.empty(), Optional.empty());
  }

  /// The same node, asked as a user.
  public NodeAddress as(UserIdentity user) {
    return new NodeAddress(called, host, port, calling, listen, limit, tls, Optional.of(user));
  }

  /// Reads an address.
  ///
  /// @throws SerdabException.Misconfigured when it is none; the problem says what is wrong with it
  public static NodeAddress parse(String address) {
    if (address.length() > LENGTH_MAX) {
      throw wrong(address.substring(0, 40) + "…", "is longer than " + LENGTH_MAX + " characters");
    }
    Matcher form = FORM.matcher(address);
    if (!form.matches()) {
      throw wrong(address, "is not of the form dicom://CALLED@host:104?calling=SERDAB");
    }
    String written = form.group("port");
    int port = written == null ? DEFAULT_PORT : port(address, "port", written);
    Map<String, String> settings = settings(address, form.group("query"));
    String calling = settings.get("calling");
    String listen = settings.get("listen");
    String host = form.group("host");
    return new NodeAddress(
        title(address, "called", form.group("called")),
        host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
        port,
        calling == null ? DEFAULT_CALLING : title(address, "calling", calling),
        listen == null ? 0 : port(address, "port to listen on", listen),
        limit(address, settings.get("limit")),
        tls(address, settings),
        Optional.empty());
  }

  private static int limit(String address, @Nullable String text) {
    if (text == null) {
      return 0;
    }
    int limit = text.matches("[0-9]{1,8}") ? Integer.parseInt(text) : 0;
    if (limit < 1) {
      throw wrong(address, "names the limit " + text + ", which is no number of answers");
    }
    return limit;
  }

  private static Optional<TlsFiles> tls(String address, Map<String, String> settings) {
    Optional<Path> ca = file(address, settings, "ca");
    Optional<Path> certificate = file(address, settings, "certificate");
    Optional<Path> key = file(address, settings, "key");
    if (certificate.isPresent() != key.isPresent()) {
      throw wrong(address, "gives one of certificate and key without the other");
    }
    if (key.isPresent() && ca.isEmpty()) {
      throw wrong(
          address, "gives a key and no ca, the certificates that the node's own comes from");
    }
    return ca.map(_ -> new TlsFiles(ca, certificate, key));
  }

  private static Optional<Path> file(String address, Map<String, String> settings, String which) {
    String written = settings.get(which);
    if (written == null) {
      return Optional.empty();
    }
    try {
      Path path = Path.of(URLDecoder.decode(written.replace("+", "%2B"), StandardCharsets.UTF_8));
      if (path.isAbsolute()) {
        return Optional.of(path);
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw wrong(address, "has a " + which + " that is no whole path");
  }

  private static Map<String, String> settings(String address, @Nullable String query) {
    Map<String, String> settings = new HashMap<>();
    for (String each : query == null ? new String[0] : query.split("&", -1)) {
      int equals = each.indexOf('=');
      String key = equals < 0 ? each : each.substring(0, equals);
      if (equals < 0
          || !KEYS.contains(key)
          || settings.put(key, each.substring(equals + 1)) != null) {
        throw wrong(
            address,
            "has something else behind the question mark than calling=TITLE, listen=PORT,"
                + " limit=NUMBER and the files ca, certificate and key");
      }
    }
    return settings;
  }

  private static int port(String address, String which, String text) {
    int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
    if (number < 1 || number > 65_535) {
      throw wrong(address, "names the " + which + " " + text + ", which is not from 1 to 65535");
    }
    return number;
  }

  private static AeTitle title(String address, String which, String written) {
    try {
      return AeTitle.ours(decoded(written));
    } catch (IllegalArgumentException e) {
      throw wrong(address, "has a wrong " + which + " AE title: " + e.getMessage());
    }
  }

  /// Titles may hold characters that have a meaning in addresses; those are written as `%20`.
  private static String decoded(String written) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < written.length(); i++) {
      char c = written.charAt(i);
      if (c == '%') {
        if (i + 3 > written.length()
            || !written.substring(i + 1, i + 3).matches("[0-9A-Fa-f]{2}")) {
          throw new IllegalArgumentException(
              "a percent sign is followed by two hexadecimal digits");
        }
        text.append((char) Integer.parseInt(written.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  private static SerdabException.Misconfigured wrong(String address, String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "node-address-wrong",
            "The address of a DICOM node \"" + withoutSecrets(address) + "\" " + what + ".",
            "Write dicom://CALLED@host:104?calling=SERDAB with the node's AE title, name and port;"
                + " its administrator knows them."));
  }

  /// An address as it may be printed: what stands behind words that sound like secrets is left out,
  /// also where somebody wrote a secret where its place belongs.
  public static String withoutSecrets(String address) {
    return SECRET.matcher(address).replaceAll("$1…");
  }

  /// The address in its normal form; it parses to this address again.
  @Override
  public String toString() {
    return place()
        + "?calling="
        + encoded(calling)
        + (listen == 0 ? "" : "&listen=" + listen)
        + (limit == 0 ? "" : "&limit=" + limit)
        + tls.map(TlsFiles::settings).orElse("");
  }

  /// How to reach our title, for a node that sends to us what we ask it for: from its own machine
  /// only. On this machine alone when the node is here.
  ///
  /// @return empty when there is no port for that
  /// @throws SerdabException.Unavailable when there is no such host
  public Optional<ServerSettings> here() {
    if (listen == 0) {
      return Optional.empty();
    }
    try {
      ServerSettings settings = new ServerSettings(calling);
      // A node that sends wants to know who takes it: it gets an answer when we have a certificate.
      tls.filter(TlsFiles::isIdentity).ifPresent(files -> settings.tls(files.context(), true));
      boolean onlyHere = true;
      for (InetAddress address : InetAddress.getAllByName(host)) {
        onlyHere &= address.isLoopbackAddress();
        settings.allow(new AddressRange(address, address.getAddress().length * Byte.SIZE));
      }
      return Optional.of(
          settings.listenOn(
              onlyHere
                  ? new InetSocketAddress(InetAddress.getLoopbackAddress(), listen)
                  : new InetSocketAddress(listen)));
    } catch (UnknownHostException e) {
      throw NodeProblems.connecting(this, e, false);
    }
  }

  /// The node alone, whoever asks: by which it is remembered.
  public String place() {
    return SCHEME
        + encoded(called)
        + "@"
        + (host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + port;
  }

  /// The node as sentences name it.
  String shortName() {
    return called + " at " + host + ":" + port;
  }

  private static String encoded(AeTitle title) {
    StringBuilder text = new StringBuilder();
    for (byte b : title.value().getBytes(StandardCharsets.ISO_8859_1)) {
      char c = (char) (b & 0xFF);
      if (c == ' ' || "%@/?#&:".indexOf(c) >= 0) {
        text.append("%%%02X".formatted((int) c));
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }
}
