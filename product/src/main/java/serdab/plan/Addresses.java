package serdab.plan;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import serdab.dicom.net.NodeAddress;

/// Sources and destinations as they are written, looked at as text only.
final class Addresses {

  /// What a source's path may begin with; none of them is a path whose kind is recognised.
  private static final List<String> SOURCES =
      List.of("horos:", "folder:", "inbox:", "zip:", "repo:", WebAddress.KIND, NodeAddress.SCHEME);

  private static final List<String> DESTINATIONS =
      List.of("zip:", "repo:", WebAddress.KIND, NodeAddress.SCHEME);

  private static final Pattern KIND = Pattern.compile("^[A-Za-z][A-Za-z0-9+.-]+:");
  private static final Pattern WINDOWS = Pattern.compile("^[A-Za-z]:[\\\\/].*|^\\\\\\\\[^\\\\].*");
  private static final Pattern PASSWORD = Pattern.compile("://[^/@]*:[^/@]*@");
  private static final int LENGTH_MAX = 4096;

  private Addresses() {}

  /// What is wrong with a source, as the end of a sentence that begins with where it stands.
  static Optional<String> wrongSource(String address) {
    return wrong(address, SOURCES, true);
  }

  /// What is wrong with a destination, as the end of a sentence that begins with where it stands.
  static Optional<String> wrongDestination(String address) {
    return wrong(address, DESTINATIONS, false);
  }

  private static Optional<String> wrong(String address, List<String> kinds, boolean bare) {
    if (address.isBlank() || address.length() > LENGTH_MAX) {
      return Optional.of("is empty or longer than " + LENGTH_MAX + " characters");
    }
    if (PASSWORD.matcher(address).find()) {
      return Optional.of("holds a password; secrets are given as env:NAME or file:PATH only");
    }
    String kind = kinds.stream().filter(address::startsWith).findFirst().orElse("");
    if (kind.isEmpty()) {
      boolean another = KIND.matcher(address).find();
      if (another || !bare) {
        return Optional.of(
            "is \""
                + address
                + "\", which is of no kind that is known; write "
                + (bare
                    ? "a path, horos:PATH, folder:PATH, inbox:PATH, zip:PATH, repo:PATH,"
                        + " dicomweb:URL or dicom://CALLED@HOST:PORT"
                    : "zip:PATH for a tree of ZIPs in a folder, repo:PATH for a repository, or"
                        + " dicomweb:URL or dicom://CALLED@HOST:PORT for a node"));
      }
    }
    if (WebAddress.isOne(address)) {
      return WebAddress.wrong(address);
    }
    if (kind.equals(NodeAddress.SCHEME)) {
      return DicomAddress.wrong(address);
    }
    String path = address.substring(kind.length());
    if (!isAbsolute(path)) {
      // What starts a run by a schedule has another working folder than the person who wrote this.
      return Optional.of(
          "is \"" + address + "\", which is no whole path; begin it with / or ~/ (or C:\\)");
    }
    try {
      Path _ = Path.of(path);
      return Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.of("holds characters that no path can have");
    }
  }

  static boolean isAbsolute(String path) {
    return path.startsWith("/")
        || path.equals("~")
        || path.startsWith("~/")
        || WINDOWS.matcher(path).matches();
  }

  /// A path with a leading `~` replaced by the user's own folder.
  static String withHome(String path) {
    return path.equals("~") || path.startsWith("~/")
        ? System.getProperty("user.home", "") + path.substring(1)
        : path;
  }

  /// An address with a leading `~` of its path replaced.
  static String whole(String address) {
    if (WebAddress.isOne(address) || DicomAddress.isOne(address)) {
      return address;
    }
    String kind = kind(address);
    return kind + withHome(address.substring(kind.length()));
  }

  private static String kind(String address) {
    return SOURCES.stream().filter(address::startsWith).findFirst().orElse("");
  }

  /// One spelling of a destination's address, to find it by. Two spellings of one place, such as
  /// through a link, stay two.
  static String normal(String address) {
    if (WebAddress.isOne(address)) {
      return WebAddress.parse(address).plain();
    }
    if (DicomAddress.isOne(address)) {
      return DicomAddress.parse(address).plain();
    }
    return kind(address) + path(address);
  }

  /// The path that an address names, with `~` and `..` taken out.
  static Path path(String address) {
    return Path.of(withHome(address.substring(kind(address).length()))).normalize();
  }
}
