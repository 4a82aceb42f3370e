package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.store.BlobStore;

/// Names of ZIPs, and what a name says of the study in it (`docs/format/zip-tree.md` section 2).
final class StudyNames {

  static final String ZIP = ".zip";
  static final String UNKNOWN = "UNKNOWN";

  /// Characters before `.zip`, counted as Unicode code points.
  static final int CHARACTERS_MAX = 128;

  /// Bytes of the last part of a name in UTF-8, with the mark of an unfinished file.
  static final int BYTES_MAX = 240;

  private static final int UID_CHARACTERS_MAX = 64;
  private static final int READABLE_CHARACTERS_MAX = 24;
  private static final int HASH_DIGITS = 16;

  /// More versions than this of one study come from a loop, not from a viewer.
  static final int VERSION_MAX = 999_999;

  private static final String OTHER_PREFIX = MonthFolder.OTHER.value() + "/";
  private static final String LIBRARY_PREFIX = "_library/";

  private static final Pattern PSEUDONYM = Pattern.compile("S-[0-9a-f]{12}");

  private StudyNames() {}

  /// The path of a version's ZIP in the tree.
  ///
  /// @param version 1 for the first
  static String path(NamingProfile profile, StudyFacts facts, int version) {
    if (version < 1 || version > VERSION_MAX) {
      throw new IllegalArgumentException("no version number of a study: " + version);
    }
    String number = version == 1 ? "" : "_" + version;
    String end = tail(facts.key()) + number;
    String name =
        facts.key().isOther()
            ? end
            : switch (profile) {
              case NamingProfile.HorosZip _, NamingProfile.AsFound _ ->
                  withPrefix(prefix(facts), end);
              case NamingProfile.Uid _ -> end;
              case NamingProfile.Pseudonym pseudonym -> pseudonym.key().name(facts) + number;
              case NamingProfile.Template template ->
                  fromTemplate(template.template(), facts, number);
              case NamingProfile.PseudonymWithoutKey _ -> throw keyMissing();
            };
    return MonthFolder.of(facts).value() + "/" + SafeNames.withoutDevice(name) + ZIP;
  }

  private static String fromTemplate(NameTemplate template, StudyFacts facts, String number) {
    String end = (template.endsInUid() ? tail(facts.key()) : hashTail(facts.key())) + number;
    String beginning = template.beginning(facts);
    return beginning.isEmpty() ? end : withPrefix(beginning, end);
  }

  private static SerdabException.Misconfigured keyMissing() {
    return new SerdabException.Misconfigured(
        new Problem(
            "pseudonym-key-missing",
            "This tree names its copies by pseudonyms, and the key that makes them is not given.",
            "Say where the key is, as --pseudonym-key env:NAME or --pseudonym-key file:PATH, or in"
                + " the configuration as pseudonym_key in [names]."));
  }

  /// What the names of a study may end in under any naming, the version's number left out, as
  /// [#tails] finds it. A tree has one naming; that a name was given under another is no reason to
  /// overlook a copy.
  static List<String> indexKeys(NamingProfile profile, StudyKey key) {
    if (key.isLibrary()) {
      return List.of(LIBRARY_PREFIX + plain(key.library()) + "/" + tail(key));
    }
    if (key.isOther()) {
      return List.of(OTHER_PREFIX + tail(key));
    }
    return profile instanceof NamingProfile.Pseudonym pseudonym
        ? List.of(pseudonym.key().study(key), tail(key), hashTail(key))
        : List.of(tail(key), hashTail(key));
  }

  /// What a name ends in when its template does not end in the UID; it is the escaped form of a UID
  /// without anything readable.
  private static String hashTail(StudyKey key) {
    return "U-" + hash(key.value());
  }

  /// Whether an index key is the pseudonym of a study.
  static boolean isPseudonym(String indexKey) {
    return PSEUDONYM.matcher(indexKey).matches();
  }

  /// What the name of every version of this study ends in under the profiles that show the UID, the
  /// version's number left out; found again by [#tails].
  static String tail(StudyKey key) {
    if (key.isLibrary()) {
      return plain(key.libraryGroup());
    }
    if (key.isOther()) {
      return plain(key.value().substring(OTHER_PREFIX.length()));
    }
    return isPlainUid(key.value()) ? key.value() : escaped(key.value());
  }

  /// A group's or library's name as it stands in a path.
  static String plain(String name) {
    return isPlainGroup(name) ? name : escaped(name);
  }

  /// The index keys of the studies that a ZIP of this path may belong to: one or two, because `_2`
  /// at the end may be a version's number or a UID. Empty when the path is not one of the tree's.
  static List<String> tails(String path) {
    int slash = path.lastIndexOf('/');
    if (slash < 0 || !path.endsWith(ZIP) || !MonthFolder.isOne(path.substring(0, slash))) {
      return List.of();
    }
    boolean group = path.startsWith(OTHER_PREFIX) || path.startsWith(LIBRARY_PREFIX);
    String folder = group ? path.substring(0, slash + 1) : "";
    String name = path.substring(slash + 1, path.length() - ZIP.length());
    List<String> found = new ArrayList<>(2);
    String last = name.substring(name.lastIndexOf('_') + 1);
    if (!last.isEmpty()) {
      found.add(folder + last);
    }
    int number = versionSuffix(name);
    if (number > 1) {
      String before = name.substring(0, name.lastIndexOf('_'));
      String uid = before.substring(before.lastIndexOf('_') + 1);
      if (!uid.isEmpty()) {
        found.add(folder + uid);
      }
    }
    return found;
  }

  /// The number at the end of the path of one of this study's ZIPs; 1 when there is none.
  static int version(String path, NamingProfile profile, StudyKey key) {
    String name = path.substring(path.lastIndexOf('/') + 1, path.length() - ZIP.length());
    int number = versionSuffix(name);
    if (number <= 1) {
      return 1;
    }
    String before = name.substring(0, name.lastIndexOf('_'));
    String last = before.substring(before.lastIndexOf('_') + 1);
    boolean ours =
        key.isOther()
            ? before.equals(tail(key))
            : indexKeys(profile, key).contains(last) || isPseudonym(last);
    return ours ? number : 1;
  }

  /// The number after the last `_`, or 0 when there is none that a version could have.
  private static int versionSuffix(String name) {
    int underscore = name.lastIndexOf('_');
    String digits = name.substring(underscore + 1);
    if (underscore < 1 || digits.isEmpty() || digits.length() > 6 || digits.charAt(0) == '0') {
      return 0;
    }
    for (int i = 0; i < digits.length(); i++) {
      if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
        return 0;
      }
    }
    return Integer.parseInt(digits);
  }

  private static String prefix(StudyFacts facts) {
    return patient(facts.patientName().reveal(PatientData.Purpose.FILE_NAME))
        + "_"
        + date(facts.birthDate().map(date -> date.reveal(PatientData.Purpose.FILE_NAME)))
        + "_"
        + date(facts.studyDate());
  }

  static String patient(String name) {
    String composed = Normalizer.normalize(name, Normalizer.Form.NFC);
    StringBuilder kept = new StringBuilder(composed.length());
    // Blanks first and everything else after them, as the Horos backup script does, so that
    // "Doe ^ Jane" has the same name in both.
    boolean inBlanks = false;
    boolean inOthers = false;
    for (int i = 0; i < composed.length(); ) {
      int c = composed.codePointAt(i);
      i += Character.charCount(c);
      if (isBlank(c)) {
        if (!inBlanks) {
          kept.append('_');
        }
        inBlanks = true;
        inOthers = false;
      } else if (isKept(c)) {
        kept.appendCodePoint(c);
        inBlanks = false;
        inOthers = false;
      } else {
        if (!inOthers) {
          kept.append('_');
        }
        inOthers = true;
        inBlanks = false;
      }
    }
    int from = 0;
    while (from < kept.length() && (kept.charAt(from) == '.' || kept.charAt(from) == '-')) {
      from++;
    }
    String patient = kept.substring(from);
    return patient.chars().allMatch(c -> c == '_') ? UNKNOWN : patient;
  }

  private static boolean isBlank(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }

  private static boolean isKept(int c) {
    if (c == '.' || c == '_' || c == '-') {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER,
          Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.DECIMAL_DIGIT_NUMBER,
          Character.LETTER_NUMBER,
          Character.OTHER_NUMBER ->
          true;
      default -> false;
    };
  }

  static String date(Optional<LocalDate> date) {
    return date.filter(known -> known.getYear() > 0 && known.getYear() <= 9999)
        .map(LocalDate::toString)
        .orElse(UNKNOWN);
  }

  private static String withPrefix(String prefix, String end) {
    int characters = CHARACTERS_MAX - 1 - end.length();
    int bytes = BYTES_MAX - BlobStore.STAGED_SUFFIX_BYTES - ZIP.length() - 1 - end.length();
    // A device name may still get one more character.
    return cut(prefix, characters - 1, bytes - 1) + "_" + end;
  }

  /// The longest beginning within both limits that ends before a base character.
  private static String cut(String text, int characters, int bytes) {
    int usedCharacters = 0;
    int usedBytes = 0;
    int whole = 0;
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      if (!isMark(c)) {
        whole = i;
      }
      usedCharacters++;
      usedBytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      if (usedCharacters > characters || usedBytes > bytes) {
        int end = whole;
        while (end > 0 && text.charAt(end - 1) == '_') {
          end--;
        }
        return end == 0 ? UNKNOWN : text.substring(0, end);
      }
      i += Character.charCount(c);
    }
    return text;
  }

  private static boolean isMark(int c) {
    int type = Character.getType(c);
    return type == Character.NON_SPACING_MARK
        || type == Character.COMBINING_SPACING_MARK
        || type == Character.ENCLOSING_MARK;
  }

  private static boolean isPlainUid(String uid) {
    if (uid.isEmpty()
        || uid.length() > UID_CHARACTERS_MAX
        || uid.startsWith(".")
        || uid.endsWith(".")
        || uid.contains("..")) {
      return false;
    }
    return uid.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
  }

  private static boolean isPlainGroup(String group) {
    return !group.isEmpty()
        && group.length() <= UID_CHARACTERS_MAX
        && isLetterOrDigit(group.charAt(0))
        && isLetterOrDigit(group.charAt(group.length() - 1))
        && group.chars().allMatch(c -> c == '.' || c == '-' || isLetterOrDigit(c))
        && SafeNames.withoutDevice(group).equals(group)
        // Such a group would share its name with an escaped one.
        && !group.toUpperCase(Locale.ROOT).startsWith("U-");
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }

  private static String escaped(String text) {
    StringBuilder readable = new StringBuilder();
    for (int i = 0; i < text.length() && readable.length() < READABLE_CHARACTERS_MAX; i++) {
      char c = text.charAt(i);
      if (c == '.' || isLetterOrDigit(c)) {
        readable.append(c);
      }
    }
    int from = 0;
    int to = readable.length();
    while (from < to && readable.charAt(from) == '.') {
      from++;
    }
    while (to > from && readable.charAt(to - 1) == '.') {
      to--;
    }
    return "U-" + (from == to ? "" : readable.substring(from, to) + "-") + hash(text);
  }

  private static String hash(String text) {
    return Sha256.digest(text.getBytes(StandardCharsets.UTF_8)).hex().substring(0, HASH_DIGITS);
  }
}
