package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Set;

/// What makes a name mean the same file on every system.
final class SafeNames {

  /// Windows opens a device when a file is called one of these, with or without an extension.
  private static final Set<String> DEVICES =
      Set.of(
          "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM0", "COM1", "COM2", "COM3", "COM4",
          "COM5", "COM6", "COM7", "COM8", "COM9", "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5",
          "LPT6", "LPT7", "LPT8", "LPT9");

  private SafeNames() {}

  /// What two names share when a file system may take one for the other: it may compose Unicode and
  /// ignore case.
  static String folded(String name) {
    if (isAscii(name)) {
      return name.toLowerCase(Locale.ROOT);
    }
    String composed = Normalizer.normalize(name, Normalizer.Form.NFC);
    // Upper case first: it folds what lower case alone keeps apart, such as ß and ſ.
    String lower = composed.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    return Normalizer.normalize(lower, Normalizer.Form.NFC);
  }

  static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /// The text with every surrogate that has no partner replaced by U+FFFD.
  static String withoutLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        int whole = text.codePointAt(i);
        if (whole < 0x10000) {
          return text.codePoints()
              .map(point -> point >= 0xD800 && point <= 0xDFFF ? 0xFFFD : point)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
        }
        i++;
      }
    }
    return text;
  }

  static int utf8Length(String text) {
    return isAscii(text) ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
  }

  /// The name with a `_` behind what Windows would take for a device; other names as they are.
  static String withoutDevice(String name) {
    int dot = name.indexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    // Windows also ignores blanks between the device name and the dot.
    return DEVICES.contains(stem.stripTrailing().toUpperCase(Locale.ROOT))
        ? stem.stripTrailing() + "_" + name.substring(stem.length())
        : name;
  }
}
