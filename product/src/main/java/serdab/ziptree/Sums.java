package serdab.ziptree;

import serdab.Sha256;

/// Lines of `SHA256SUMS`, as `sha256sum` of GNU coreutils writes and checks them.
final class Sums {

  private Sums() {}

  static String line(Sha256 digest, String name) {
    boolean escape = name.indexOf('\\') >= 0 || name.indexOf('\n') >= 0 || name.indexOf('\r') >= 0;
    String written =
        escape ? name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") : name;
    return (escape ? "\\" : "") + digest.hex() + "  " + written + "\n";
  }
}
