package serdab.source.horos;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/// Writes an XML property list as macOS reads it, value by value. One thread at a time.
///
/// @spec https://www.apple.com/DTDs/PropertyList-1.0.dtd Property list DTD
final class Plist implements AutoCloseable {

  private final Writer out;

  /// @param out is closed with this
  Plist(OutputStream out) {
    this.out = new OutputStreamWriter(out, StandardCharsets.UTF_8);
    put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put("<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\"");
    put(" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n");
  }

  void startArray() {
    put("<array>\n");
  }

  void startArray(String key) {
    key(key);
    startArray();
  }

  void endArray() {
    put("</array>\n");
  }

  void startDictionary() {
    put("<dict>\n");
  }

  void endDictionary() {
    put("</dict>\n");
  }

  void text(String key, String value) {
    key(key);
    put("<string>" + escaped(value) + "</string>\n");
  }

  void flag(String key, boolean value) {
    key(key);
    put(value ? "<true/>\n" : "<false/>\n");
  }

  /// A time, to the second; one that a property list cannot hold is left out.
  void time(String key, Instant value) {
    int year = value.atZone(ZoneOffset.UTC).getYear();
    if (year >= 1 && year <= 9999) {
      key(key);
      put("<date>" + value.truncatedTo(ChronoUnit.SECONDS) + "</date>\n");
    }
  }

  private void key(String key) {
    put("<key>" + escaped(key) + "</key>");
  }

  /// XML 1.0 has no place for most control characters, not even escaped.
  private static String escaped(String text) {
    String whole = Json.whole(text);
    StringBuilder safe = new StringBuilder(whole.length() + 16);
    for (int i = 0; i < whole.length(); i++) {
      char c = whole.charAt(i);
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '\r' -> safe.append("&#13;");
        case '\t', '\n' -> safe.append(c);
        default -> safe.append(c < 0x20 || c == 0xfffe || c == 0xffff ? '\ufffd' : c);
      }
    }
    return safe.toString();
  }

  private void put(String text) {
    try {
      out.write(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try (out) {
      out.write("</plist>\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
