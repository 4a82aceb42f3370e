package serdab.plan;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.TlsFiles;

/// A DICOMweb node as it is written: `dicomweb:URL`, and behind a question mark how to get in, such
/// as `dicomweb:https://pacs.example/dicom-web?token=env:PACS_TOKEN`. Holds no secret.
///
/// @param base the part of the URL before `/studies`, without a slash at its end
/// @param token a bearer token
/// @param user a user name, with `password`
/// @param tokenUrl where an authorization server gives tokens, with `clientId` and `clientSecret`
/// @param scope what to ask it for; empty text asks for nothing in particular
/// @param tls the files that TLS needs; empty believes the authorities that Java knows, and shows
///   the node no certificate of ours
public record WebAddress(
    URI base,
    Optional<SecretReference> token,
    Optional<String> user,
    Optional<SecretReference> password,
    Optional<URI> tokenUrl,
    Optional<String> clientId,
    Optional<SecretReference> clientSecret,
    String scope,
    Optional<TlsFiles> tls) {

  public static final String KIND = "dicomweb:";

  private static final Set<String> KEYS =
      Set.of(
          "token",
          "user",
          "password",
          "token-url",
          "client-id",
          "client-secret",
          "scope",
          "ca",
          "certificate",
          "key");

  public static boolean isOne(String address) {
    return address.startsWith(KIND);
  }

  /// Reads an address.
  ///
  /// @throws SerdabException.Misconfigured `dicomweb-address` when it is none
  public static WebAddress parse(String address) {
    try {
      return read(address);
    } catch (IllegalArgumentException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "dicomweb-address",
              "The address of a DICOMweb node " + e.getMessage() + ".",
              "Write dicomweb:https://HOST/PATH, the part of its URL before /studies."),
          e);
    }
  }

  /// What is wrong with an address, as the end of a sentence; empty when nothing is.
  static Optional<String> wrong(String address) {
    try {
      WebAddress _ = read(address);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  private static WebAddress read(String address) {
    int question = address.indexOf('?');
    String url = address.substring(KIND.length(), question < 0 ? address.length() : question);
    Map<String, String> settings =
        question < 0 ? Map.of() : settings(address.substring(question + 1));
    WebAddress read =
        new WebAddress(
            base(url),
            secret(settings, "token"),
            Optional.ofNullable(settings.get("user")),
            secret(settings, "password"),
            Optional.ofNullable(settings.get("token-url")).map(WebAddress::uri),
            Optional.ofNullable(settings.get("client-id")),
            secret(settings, "client-secret"),
            settings.getOrDefault("scope", ""),
            tls(settings));
    read.requireOneWay();
    return read;
  }

  private void requireOneWay() {
    int ways =
        (token.isPresent() ? 1 : 0) + (user.isPresent() ? 1 : 0) + (tokenUrl.isPresent() ? 1 : 0);
    if (ways > 1) {
      throw new IllegalArgumentException("gives more than one of token, user and token-url");
    }
    if (user.isPresent() != password.isPresent()) {
      throw new IllegalArgumentException("gives one of user and password without the other");
    }
    boolean client = clientId.isPresent() && clientSecret.isPresent();
    if (tokenUrl.isPresent() ? !client : clientId.isPresent() || clientSecret.isPresent()) {
      throw new IllegalArgumentException(
          "gives some of token-url, client-id and client-secret without the others");
    }
    boolean shows = tls.flatMap(TlsFiles::key).isPresent();
    if (shows && !"https".equalsIgnoreCase(base.getScheme())) {
      throw new IllegalArgumentException(
          "gives a certificate, which can only be shown by https://");
    }
  }

  private static URI base(String text) {
    String url = text;
    while (url.endsWith("/")) {
      url = url.substring(0, url.length() - 1);
    }
    URI base = uri(url);
    if (base.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "holds a user; write ?user=NAME&password=env:NAME behind it");
    }
    if (base.getRawFragment() != null) {
      throw new IllegalArgumentException("holds a #, which no base address has");
    }
    return base;
  }

  private static URI uri(String text) {
    try {
      URI uri = new URI(text);
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      if ((scheme.equals("https") || scheme.equals("http")) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    throw new IllegalArgumentException("is no URL that begins with https:// or http://");
  }

  private static Map<String, String> settings(String query) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String each : query.split("&", -1)) {
      int equals = each.indexOf('=');
      String key = equals < 0 ? each : each.substring(0, equals);
      if (equals < 0 || !KEYS.contains(key)) {
        // What stands behind the equals sign may be a secret.
        throw new IllegalArgumentException(
            "has a setting that is not one of "
                + String.join(", ", KEYS.stream().sorted().toList()));
      }
      String value =
          URLDecoder.decode(each.substring(equals + 1).replace("+", "%2B"), StandardCharsets.UTF_8);
      if (value.isEmpty() || settings.put(key, value) != null) {
        throw new IllegalArgumentException("has the setting " + key + " empty or twice");
      }
    }
    return settings;
  }

  private static Optional<SecretReference> secret(Map<String, String> settings, String key) {
    return Optional.ofNullable(settings.get(key))
        .map(text ->
            SecretReference.parse(text)
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "has a " + key + " that is not written as env:NAME or file:/PATH")));
  }

  private static Optional<TlsFiles> tls(Map<String, String> settings) {
    Optional<Path> ca = file(settings, "ca");
    Optional<Path> certificate = file(settings, "certificate");
    Optional<Path> key = file(settings, "key");
    if (certificate.isPresent() != key.isPresent()) {
      throw new IllegalArgumentException("gives one of certificate and key without the other");
    }
    return ca.isEmpty() && key.isEmpty()
        ? Optional.empty()
        : Optional.of(new TlsFiles(ca, certificate, key));
  }

  private static Optional<Path> file(Map<String, String> settings, String which) {
    Optional<String> text = Optional.ofNullable(settings.get(which));
    if (text.filter(path -> !Addresses.isAbsolute(path)).isPresent()) {
      throw new IllegalArgumentException("has a " + which + " that is no whole path");
    }
    return text.map(path -> Path.of(Addresses.withHome(path)));
  }

  /// The address alone, without how to get in: what is remembered, and told.
  public String plain() {
    return KIND + base;
  }
}
