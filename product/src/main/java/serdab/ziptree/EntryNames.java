package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import serdab.Sha256;

/// Gives each file of one ZIP an entry name that is its library path wherever that can be unpacked
/// everywhere, and that no other entry has (`docs/format/zip-tree.md` section 3.1). One thread at a
/// time.
final class EntryNames {

  static final String MANIFEST = "study-manifest.json";
  static final String SUMS = "SHA256SUMS";

  private static final int PART_BYTES_MAX = 200;
  private static final int NAME_BYTES_MAX = 1_000;
  private static final int HASH_DIGITS = 32;
  private static final String UNSAFE = "\\:*?\"<>|";

  private final Set<String> files = new HashSet<>();
  private final Set<String> folders = new HashSet<>();

  /// Where counting goes on for names that were wanted more than once.
  private final Map<String, Integer> lastNumbers = new HashMap<>();

  EntryNames() {
    files.add(SafeNames.folded(MANIFEST));
    files.add(SafeNames.folded(SUMS));
  }

  /// Takes the name for a file of this library-relative path.
  String take(String path) {
    String safe = safe(path);
    String name = safe;
    if (!isFree(SafeNames.folded(name))) {
      String key = SafeNames.folded(safe);
      int number = lastNumbers.getOrDefault(key, 1);
      do {
        name = numbered(safe, ++number);
      } while (!isFree(SafeNames.folded(name)));
      lastNumbers.put(key, number);
    }
    String folded = SafeNames.folded(name);
    files.add(folded);
    for (int slash = folded.indexOf('/'); slash >= 0; slash = folded.indexOf('/', slash + 1)) {
      folders.add(folded.substring(0, slash));
    }
    return name;
  }

  private boolean isFree(String folded) {
    if (files.contains(folded) || folders.contains(folded)) {
      return false;
    }
    for (int slash = folded.indexOf('/'); slash >= 0; slash = folded.indexOf('/', slash + 1)) {
      if (files.contains(folded.substring(0, slash))) {
        return false;
      }
    }
    return true;
  }

  /// When a folder of the name is a file already, the number must go to that folder, or no number
  /// would ever help.
  private String numbered(String name, int number) {
    int folderEnd = -1;
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      if (files.contains(SafeNames.folded(name.substring(0, slash)))) {
        folderEnd = slash;
        break;
      }
    }
    if (folderEnd >= 0) {
      return name.substring(0, folderEnd) + "~" + number + name.substring(folderEnd);
    }
    int dot = name.lastIndexOf('.');
    boolean hasExtension = dot > name.lastIndexOf('/') + 1;
    return hasExtension
        ? name.substring(0, dot) + "~" + number + name.substring(dot)
        : name + "~" + number;
  }

  static String safe(String path) {
    StringBuilder safe = new StringBuilder(path.length());
    int start = 0;
    boolean tooLong = false;
    while (start <= path.length()) {
      int slash = path.indexOf('/', start);
      String part = safePart(path.substring(start, slash < 0 ? path.length() : slash));
      tooLong |= SafeNames.utf8Length(part) > PART_BYTES_MAX;
      safe.append(part);
      if (slash < 0) {
        break;
      }
      safe.append('/');
      start = slash + 1;
    }
    if (tooLong || SafeNames.utf8Length(safe.toString()) > NAME_BYTES_MAX) {
      byte[] original = path.getBytes(StandardCharsets.UTF_8);
      return "long-names/" + Sha256.digest(original).hex().substring(0, HASH_DIGITS);
    }
    return safe.toString();
  }

  private static String safePart(String part) {
    StringBuilder safe = new StringBuilder(part.length());
    for (int i = 0; i < part.length(); i++) {
      char c = part.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < part.length()
          && Character.isLowSurrogate(part.charAt(i + 1))) {
        safe.append(c).append(part.charAt(++i));
      } else if (Character.isSurrogate(c) || Character.isISOControl(c) || UNSAFE.indexOf(c) >= 0) {
        safe.append('_');
      } else {
        safe.append(c);
      }
    }
    int last = safe.length() - 1;
    if (last < 0) {
      return "_";
    }
    if (safe.charAt(last) == '.' || safe.charAt(last) == ' ') {
      safe.setCharAt(last, '_');
    }
    return SafeNames.withoutDevice(safe.toString());
  }
}
