package serdab.daemon;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import serdab.dicom.Vr;

/// Whether a value is one that a key asks for (PS3.4 section C.2.2.2).
///
/// Single values, lists of UIDs, universal and wildcard matching, and ranges of dates and times.
/// Names match in whatever way they are written, without regard to case and to the width of
/// letters.
final class Matching {

  private static final int DATE_DIGITS = 8;

  /// HHMMSS and six digits of a second.
  private static final int TIME_DIGITS = 12;

  private static final int DATE_TIME_DIGITS = 20;

  private Matching() {}

  /// Whether any value is asked for: then the key only says that it is to be in the answer.
  static boolean isUniversal(List<String> wanted) {
    return wanted.stream().allMatch(value -> value.isEmpty() || value.equals("*"));
  }

  /// Whether what is held is what is wanted.
  ///
  /// @param wanted the values of the key; of several, one must match
  /// @param held what there is, several values joined with a backslash; empty text for none
  static boolean matches(Vr vr, List<String> wanted, String held) {
    if (isUniversal(wanted)) {
      return true;
    }
    if (held.isEmpty()) {
      return false;
    }
    List<String> values = vr.isMultiValuedText() ? split(held) : List.of(held);
    for (String one : wanted) {
      for (String value : values) {
        if (!one.isEmpty() && !value.isEmpty() && matchesOne(vr, one, value)) {
          return true;
        }
      }
    }
    return false;
  }

  private static List<String> split(String held) {
    return held.indexOf('\\') < 0 ? List.of(held) : List.of(held.split("\\\\", -1));
  }

  private static boolean matchesOne(Vr vr, String wanted, String held) {
    return switch (vr) {
      case PN -> matchesName(wanted, held);
      case DA -> inRange(wanted, held, DATE_DIGITS);
      case TM -> inRange(wanted, held, TIME_DIGITS);
      case DT -> inRange(wanted, held, DATE_TIME_DIGITS);
      case IS, DS, US, UL, SS, SL -> wanted.equals(held) || isSameNumber(wanted, held);
      case AE, CS, LO, LT, SH, ST, UC, UR, UT -> matchesPattern(wanted, held);
      default -> wanted.equals(held);
    };
  }

  // ---- names

  /// A key with one component group may mean any of the name's groups; one with several means each
  /// of them.
  private static boolean matchesName(String wanted, String held) {
    String key = folded(wanted);
    String name = folded(held);
    String[] groups = name.split("=", -1);
    if (key.indexOf('=') < 0) {
      for (String group : groups) {
        if (matchesPattern(withoutTail(key), withoutTail(group))) {
          return true;
        }
      }
      return key.indexOf('*') >= 0 && matchesPattern(key, name);
    }
    String[] keys = key.split("=", -1);
    for (int i = 0; i < keys.length; i++) {
      String group = i < groups.length ? groups[i] : "";
      if (!keys[i].isEmpty() && !matchesPattern(withoutTail(keys[i]), withoutTail(group))) {
        return false;
      }
    }
    return true;
  }

  private static String folded(String name) {
    return Normalizer.normalize(name, Normalizer.Form.NFKC).toUpperCase(Locale.ROOT);
  }

  /// Trailing delimiters of empty components may be left out (PS3.5 section 6.2).
  private static String withoutTail(String group) {
    int end = group.length();
    while (end > 0 && (group.charAt(end - 1) == '^' || group.charAt(end - 1) == ' ')) {
      end--;
    }
    return group.substring(0, end).strip();
  }

  // ---- wildcards

  /// `*` is any characters or none, `?` is any one (PS3.4 section C.2.2.2.4). Takes time in
  /// proportion to both lengths at most.
  private static boolean matchesPattern(String pattern, String text) {
    int p = 0;
    int t = 0;
    int star = -1;
    int mark = 0;
    while (t < text.length()) {
      int character = text.codePointAt(t);
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length()
          && (pattern.charAt(p) == '?' || pattern.codePointAt(p) == character)) {
        p += pattern.charAt(p) == '?' ? 1 : Character.charCount(character);
        t += Character.charCount(character);
      } else if (star >= 0) {
        p = star + 1;
        mark += Character.charCount(text.codePointAt(mark));
        t = mark;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }

  // ---- dates, times, numbers

  /// Both ends belong to the range. A value that is less exact than a microsecond stands for its
  /// beginning as what is held and as the lower end, and for all of it as the upper end.
  private static boolean inRange(String wanted, String held, int digits) {
    String value = digitsOf(withoutOffset(held, digits));
    if (value.isEmpty() || (digits == DATE_DIGITS && value.length() != DATE_DIGITS)) {
      return wanted.strip().equals(held.strip());
    }
    String exact = filled(value, '0', digits);
    List<String> ends = ends(wanted, digits);
    if (ends.size() == 1) {
      String key = digitsOf(ends.getFirst());
      return !key.isEmpty() && exact.equals(filled(key, '0', digits));
    }
    String from = digitsOf(ends.get(0));
    String to = digitsOf(ends.get(1));
    return (from.isEmpty() || exact.compareTo(filled(from, '0', digits)) >= 0)
        && (to.isEmpty() || exact.compareTo(filled(to, '9', digits)) <= 0);
  }

  /// Offsets from UTC are not reckoned with. The largest is 1400, so that none looks like a year.
  private static String withoutOffset(String text, int digits) {
    return digits == DATE_TIME_DIGITS
        ? text.replaceAll("[+-](0\\d|1[0-4])\\d\\d(?=$|-)", "")
        : text;
  }

  /// One end for a single value.
  private static List<String> ends(String wanted, int digits) {
    String text = withoutOffset(wanted, digits);
    int hyphen = text.indexOf('-');
    List<String> ends = new ArrayList<>(2);
    if (hyphen < 0) {
      ends.add(text);
    } else {
      ends.add(text.substring(0, hyphen));
      ends.add(text.substring(hyphen + 1));
    }
    return ends;
  }

  /// Older files write 2024.01.31 and 12:30:00 (PS3.5 section 6.2).
  private static String digitsOf(String text) {
    StringBuilder digits = new StringBuilder(TIME_DIGITS);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= '0' && c <= '9') {
        digits.append(c);
      } else if (c != '.' && c != ':' && c != ' ') {
        return "";
      }
    }
    return digits.toString();
  }

  private static String filled(String digits, char with, int length) {
    return digits.length() >= length
        ? digits.substring(0, length)
        : digits + String.valueOf(with).repeat(length - digits.length());
  }

  private static boolean isSameNumber(String one, String other) {
    try {
      return Double.compare(Double.parseDouble(one), Double.parseDouble(other)) == 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
