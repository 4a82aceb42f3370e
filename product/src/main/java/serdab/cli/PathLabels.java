package serdab.cli;

import java.time.ZoneId;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Takes paths out of text that leaves the house: a folder may be named for a patient. A known
/// folder becomes its label, a short keyed hash, and what lies in it is left out; so is every other
/// path. Where a path ends cannot be told for sure, so a text ends where a path goes on.
///
/// One thread at a time.
final class PathLabels {

  /// Stands for Serdab's own folder, in which nothing is named for a patient.
  static final String HOME = "[home]";

  private static final String LEFT_OUT = "[path]…";

  /// A path from the root of a file system, at the beginning of a word or after a kind as in
  /// `zip:`.
  private static final Pattern WHOLE_PATH =
      Pattern.compile(
          "(?<![\\p{Alnum}\\]./\\\\])(?:/(?=[^\\s/])|\\\\\\\\(?=\\S)|\\p{Alpha}:[/\\\\])");

  /// A path from a folder that the text does not name.
  private static final Pattern PART_OF_PATH = Pattern.compile("[^\\s\"'(\\[]+/[^\\s\"')]+");

  private static final Pattern NO_PATH = Pattern.compile("docs/.*|[\\d.,]+/[\\d.,]+|.?B/s.?");

  /// A string of JSON or TOML, with its quotes.
  private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\\n]|\\\\.)*)\"");

  private final Map<String, String> labels =
      new TreeMap<>(
          Comparator.comparingInt(String::length).reversed().thenComparing(String::compareTo));
  private final UnaryOperator<String> label;

  /// @param label makes the label of a path
  PathLabels(UnaryOperator<String> label) {
    this.label = label;
  }

  /// Serdab's own folder.
  PathLabels home(String path) {
    labels.put(withoutEnd(path), HOME);
    return this;
  }

  /// Learns the folders of sources and destinations.
  ///
  /// @param specifications as people write them: a path, with or without a kind such as `zip:`
  PathLabels know(Collection<String> specifications) {
    for (String specification : specifications) {
      Matcher path = WHOLE_PATH.matcher(specification);
      if (path.find() && withoutEnd(specification.substring(path.start())).length() > 1) {
        labels.computeIfAbsent(
            withoutEnd(specification.substring(path.start())), one -> "[" + label.apply(one) + "]");
      }
    }
    return this;
  }

  /// Learns the folders that a text of JSON or TOML names in strings that are nothing but a path.
  PathLabels knowThoseOf(String document) {
    know(
        QUOTED
            .matcher(document)
            .results()
            .map(found -> unescaped(found.group(1)))
            .filter(text -> text.matches("(?:[a-z-]+:)?(?:/|\\\\\\\\|\\p{Alpha}:[/\\\\]).*"))
            .toList());
    return this;
  }

  /// What each label stands for; for the owner's eyes.
  Map<String, String> known() {
    Map<String, String> known = new TreeMap<>();
    labels.forEach((path, of) -> known.put(of, path));
    return known;
  }

  /// A text of JSON or TOML with the paths of its strings and comments taken out.
  String cleanDocument(String document) {
    StringBuilder clean = new StringBuilder(document.length());
    Matcher quoted = QUOTED.matcher(document);
    int done = 0;
    while (quoted.find()) {
      clean.append(document, done, quoted.start());
      String text = unescaped(quoted.group(1));
      String cleaned = clean(text);
      clean.append(cleaned.equals(text) ? quoted.group() : '"' + escaped(cleaned) + '"');
      done = quoted.end();
    }
    return clean.append(document, done, document.length()).toString();
  }

  /// A text with the paths taken out.
  String clean(String text) {
    String rest = text;
    StringBuilder clean = new StringBuilder();
    while (true) {
      Found first = first(rest);
      if (first == null) {
        return clean.append(cutAtPath(rest)).toString();
      }
      String before = rest.substring(0, first.from());
      String cut = cutAtPath(before);
      clean.append(cut);
      if (!cut.equals(before)) {
        return clean.toString();
      }
      clean.append(first.label());
      rest = rest.substring(first.to());
      boolean goesOn = rest.startsWith("/") || rest.startsWith("\\");
      if (goesOn && !first.label().equals(HOME)) {
        return clean.append("/…").toString();
      }
      if (goesOn) {
        int end = rest.indexOf(' ');
        clean.append(rest, 0, end < 0 ? rest.length() : end);
        rest = end < 0 ? "" : rest.substring(end);
      }
    }
  }

  private record Found(int from, int to, String label) {}

  private @org.jspecify.annotations.Nullable Found first(String text) {
    Found first = null;
    for (Map.Entry<String, String> known : labels.entrySet()) {
      String path = known.getKey();
      int at = text.indexOf(path);
      while (at >= 0 && !isWhole(text, at, at + path.length())) {
        at = text.indexOf(path, at + 1);
      }
      // Of two that begin at one place the longer comes first.
      if (at >= 0 && (first == null || at < first.from())) {
        first = new Found(at, at + path.length(), known.getValue());
      }
    }
    return first;
  }

  /// Whether these characters are a path of their own, not a part of another name.
  private static boolean isWhole(String text, int from, int to) {
    boolean begins = from == 0 || !Character.isLetterOrDigit(text.charAt(from - 1));
    boolean ends = to == text.length() || " /\\\"',;:.)".indexOf(text.charAt(to)) >= 0;
    return begins && ends;
  }

  private static String cutAtPath(String text) {
    int end = text.length();
    Matcher whole = WHOLE_PATH.matcher(text);
    if (whole.find()) {
      end = whole.start();
    }
    Matcher part = PART_OF_PATH.matcher(text);
    while (part.find() && part.start() < end) {
      String found = part.group().replaceAll("[.,;:]+$", "");
      if (!NO_PATH.matcher(found).matches() && !ZoneId.getAvailableZoneIds().contains(found)) {
        end = part.start();
      }
    }
    return end == text.length() ? text : text.substring(0, end) + LEFT_OUT;
  }

  private static String withoutEnd(String path) {
    String cut = path.strip();
    while (cut.length() > 1 && (cut.endsWith("/") || cut.endsWith("\\"))) {
      cut = cut.substring(0, cut.length() - 1);
    }
    return cut;
  }

  private static String unescaped(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || i + 1 == text.length()) {
        plain.append(c);
        continue;
      }
      char escape = text.charAt(++i);
      if (escape == 'u' && i + 4 < text.length() && isHex(text.substring(i + 1, i + 5))) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
        i += 4;
      } else {
        plain.append(
            switch (escape) {
              case 'n' -> '\n';
              case 't' -> '\t';
              case 'r' -> '\r';
              default -> escape;
            });
      }
    }
    return plain.toString();
  }

  private static boolean isHex(String text) {
    return List.of(text.split("")).stream().allMatch(c -> Character.digit(c.charAt(0), 16) >= 0);
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\")
        .replace("\"", "\\\"")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t");
  }
}
