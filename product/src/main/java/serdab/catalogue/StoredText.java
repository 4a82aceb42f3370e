package serdab.catalogue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Any Java text as text that both databases keep unchanged.
///
/// PostgreSQL refuses U+0000, and neither database keeps half a surrogate pair. Hostile and broken
/// files hold both, and two keys must not become one, so these characters are written as U+001A
/// followed by four hexadecimal digits; U+001A itself likewise. All else stays readable as it is.
final class StoredText {

  private static final char MARK = '\u001A';
  private static final int DIGITS = 4;

  /// Between parts of a list, as DICOM separates values (PS3.5 section 6.2).
  private static final char SEPARATOR = '\\';

  /// An empty part of a list, told apart from an empty list.
  private static final String EMPTY_PART = MARK + "none";

  private StoredText() {}

  static String toStored(String text) {
    return escaped(text, MARK);
  }

  static String fromStored(String stored) {
    if (stored.indexOf(MARK) < 0) {
      return stored;
    }
    StringBuilder text = new StringBuilder(stored.length());
    int at = 0;
    while (at < stored.length()) {
      char c = stored.charAt(at);
      if (c == MARK && isEscape(stored, at)) {
        text.append((char) HexFormat.fromHexDigits(stored, at + 1, at + 1 + DIGITS));
        at += 1 + DIGITS;
      } else {
        text.append(c);
        at++;
      }
    }
    return text.toString();
  }

  static String listToStored(List<String> parts) {
    StringBuilder stored = new StringBuilder();
    for (String part : parts) {
      if (!stored.isEmpty()) {
        stored.append(SEPARATOR);
      }
      stored.append(part.isEmpty() ? EMPTY_PART : escaped(part, SEPARATOR));
    }
    return stored.toString();
  }

  static List<String> listFromStored(String stored) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    while (from < stored.length()) {
      int to = stored.indexOf(SEPARATOR, from);
      String part = to < 0 ? stored.substring(from) : stored.substring(from, to);
      parts.add(part.equals(EMPTY_PART) ? "" : fromStored(part));
      from = to < 0 ? stored.length() : to + 1;
    }
    return List.copyOf(parts);
  }

  private static String escaped(String text, char alsoEscaped) {
    StringBuilder stored = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      boolean escape =
          c == 0 || c == MARK || c == alsoEscaped || (Character.isSurrogate(c) && !pair);
      if (escape && stored == null) {
        stored = new StringBuilder(text.length() + DIGITS).append(text, 0, i);
      }
      if (stored != null) {
        if (escape) {
          stored.append(MARK).append(HexFormat.of().toHexDigits(c));
        } else {
          stored.append(c);
        }
      }
      if (pair) {
        i++;
        if (stored != null) {
          stored.append(text.charAt(i));
        }
      }
    }
    return stored == null ? text : stored.toString();
  }

  private static boolean isEscape(String stored, int at) {
    if (at + DIGITS >= stored.length()) {
      return false;
    }
    for (int i = at + 1; i <= at + DIGITS; i++) {
      if (!HexFormat.isHexDigit(stored.charAt(i))) {
        return false;
      }
    }
    return true;
  }
}
