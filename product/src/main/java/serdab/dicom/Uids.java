package serdab.dicom;

/// What all UIDs have in common (PS3.5 section 9.1).
final class Uids {

  static final int LENGTH_MAX = 64;

  private Uids() {}

  /// PS3.5 section 9.1 pads a UID with one NUL. Some exporters pad with a space, at either end.
  static String withoutPadding(String raw) {
    int from = 0;
    int to = raw.length();
    while (to > from && isPadding(raw.charAt(to - 1))) {
      to--;
    }
    while (from < to && isPadding(raw.charAt(from))) {
      from++;
    }
    return raw.substring(from, to);
  }

  static boolean isValid(String uid) {
    if (uid.isEmpty() || uid.length() > LENGTH_MAX) {
      return false;
    }
    int componentStart = 0;
    for (int i = 0; i <= uid.length(); i++) {
      char c = i == uid.length() ? '.' : uid.charAt(i);
      if (c == '.') {
        int digits = i - componentStart;
        if (digits == 0 || (digits > 1 && uid.charAt(componentStart) == '0')) {
          return false;
        }
        componentStart = i + 1;
      } else if (c < '0' || c > '9') {
        return false;
      }
    }
    return true;
  }

  private static boolean isPadding(char c) {
    return c == 0 || c == ' ';
  }
}
