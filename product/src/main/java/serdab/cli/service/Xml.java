package serdab.cli.service;

/// Text as it stands in XML.
final class Xml {

  private Xml() {}

  /// What XML 1.0 cannot hold at all becomes a question mark.
  static String text(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            default -> {
              boolean allowed =
                  c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xD800) || c > 0xDFFF;
              escaped.appendCodePoint(allowed && c != 0xFFFE && c != 0xFFFF ? c : '?');
            }
          }
        });
    return escaped.toString();
  }
}
