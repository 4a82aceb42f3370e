package serdab.dicom.net;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Problem;
import serdab.SerdabException;

/// A node as it is written: `dicom://CALLED@host[:104]?calling=SERDAB`.
///
/// @param called the node's own title
/// @param host name or address, an IPv6 address without its brackets
/// @param port from 1 to 65535
/// @param calling the title that we give ourselves
public record NodeAddress(AeTitle called, String host, int port, AeTitle calling) {

  public static final String SCHEME = "dicom://";

  /// The well-known port (PS3.8 section 9.1.1).
  public static final int DEFAULT_PORT = 104;

  public static final AeTitle DEFAULT_CALLING = AeTitle.ours("SERDAB");

  private static final int LENGTH_MAX = 512;
  private static final Pattern FORM =
      Pattern.compile(
          "dicom://(?<called>[^@/?#]*)@(?<host>\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]+)"
              + "(:(?<port>[0-9]{1,5}))?/?(\\?(?<query>.*))?");

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
    String port = form.group("port");
    int number = port == null ? DEFAULT_PORT : Integer.parseInt(port);
    if (number < 1 || number > 65_535) {
      throw wrong(address, "names the port " + number + ", which is not from 1 to 65535");
    }
    AeTitle calling = DEFAULT_CALLING;
    String query = form.group("query");
    if (query != null) {
      if (!query.startsWith("calling=") || query.contains("&")) {
        throw wrong(address, "has something else than calling=TITLE behind the question mark");
      }
      calling = title(address, "calling", query.substring("calling=".length()));
    }
    String host = form.group("host");
    return new NodeAddress(
        title(address, "called", form.group("called")),
        host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
        number,
        calling);
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
            "The address of a DICOM node \"" + address + "\" " + what + ".",
            "Write dicom://CALLED@host:104?calling=SERDAB with the node's AE title, name and port;"
                + " its administrator knows them."));
  }

  /// The address in its normal form; it parses to this address again.
  @Override
  public String toString() {
    return SCHEME
        + encoded(called)
        + "@"
        + (host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + port
        + "?calling="
        + encoded(calling);
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
