package serdab.repository;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Sha256;

/// Where files are in a repository (format section 1).
final class Layout {

  static final String REPOSITORY = "repository.json";
  static final String SNAPSHOTS = "snapshots/";
  static final String INDEX = "index/";
  static final String PACKS = "packs/";
  static final String GROUPS = "groups/";
  static final String KEYS = "keys/";
  static final String WRITERS = "writers/";
  static final String COPIES = "copies/";
  static final String REMOVED = "removed/";
  static final String TOMBSTONES = "tombstones/";
  static final String ERASED = "erased/";

  private static final Pattern SNAPSHOT =
      Pattern.compile("snapshots/([0-9a-f]{32})/([0-9]{8})\\.zip");
  private static final Pattern INDEXED = Pattern.compile("index/([0-9a-f]{64})\\.zip");
  private static final Pattern PACK = Pattern.compile("packs/[0-9a-f]{2}/([0-9a-f]{64})\\.age");
  private static final Pattern COPY =
      Pattern.compile("copies/[12]/([0-9a-f]{32})-([0-9]{8})-([0-9]{8})\\.zip");
  private static final Pattern REMOVAL =
      Pattern.compile("removed/(?:[12]/)?([0-9a-f]{32})-([0-9]{8})\\.json");

  /// Files of copies have far fewer snapshots than this.
  private static final int COPIED_MAX = 100_000;

  private Layout() {}

  static String pack(Sha256 name) {
    return PACKS + name.hex().substring(0, 2) + '/' + name.hex() + ".age";
  }

  static Optional<Sha256> packOf(String file) {
    Matcher matcher = PACK.matcher(file);
    return matcher.matches() ? Optional.of(Sha256.parse(matcher.group(1))) : Optional.empty();
  }

  static String group(String group, int generation) {
    return GROUPS + group.substring(0, 2) + '/' + group + '/' + generation + ".json";
  }

  /// Where the documents of a group are.
  static String groupFolder(String group) {
    return GROUPS + group.substring(0, 2) + '/' + group + '/';
  }

  static String index(Sha256 name) {
    return INDEX + name.hex() + ".zip";
  }

  static Optional<Sha256> indexOf(String file) {
    Matcher matcher = INDEXED.matcher(file);
    return matcher.matches() ? Optional.of(Sha256.parse(matcher.group(1))) : Optional.empty();
  }

  static String copy(int which, String session, int from, int to) {
    return String.format(Locale.ROOT, "copies/%d/%s-%08d-%08d.zip", which, session, from, to);
  }

  /// The snapshots that a file of copies is named after; empty when nobody of ours gives such a
  /// name.
  static Optional<Range> copyOf(String file) {
    Matcher matcher = COPY.matcher(file);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int from = Integer.parseInt(matcher.group(2));
    int to = Integer.parseInt(matcher.group(3)) + 1;
    return from < to && to - from <= COPIED_MAX
        ? Optional.of(new Range(matcher.group(1), from, to))
        : Optional.empty();
  }

  /// The snapshot that a document, or a copy of it, says counts no more.
  static Optional<At> removalOf(String file) {
    Matcher matcher = REMOVAL.matcher(file);
    return matcher.matches()
        ? Optional.of(new At(matcher.group(1), Integer.parseInt(matcher.group(2))))
        : Optional.empty();
  }

  /// Numbers of a session, in [from, to).
  record Range(String session, int from, int to) {}

  /// What names a snapshot.
  record At(String session, int number) implements Comparable<At> {

    static final int NUMBER_MAX = 99_999_999;

    static Optional<At> of(String file) {
      Matcher matcher = SNAPSHOT.matcher(file);
      return matcher.matches()
          ? Optional.of(new At(matcher.group(1), Integer.parseInt(matcher.group(2))))
          : Optional.empty();
    }

    /// @throws serdab.SerdabException.Damaged when it is none
    static At parse(String text) {
      return of(SNAPSHOTS + text + ".zip")
          .orElseThrow(() -> Problems.damaged("The name of a snapshot is malformed."));
    }

    String file() {
      return SNAPSHOTS + text() + ".zip";
    }

    String subject() {
      return SNAPSHOTS + text();
    }

    String removal() {
      return String.format(Locale.ROOT, "removed/%s-%08d.json", session, number);
    }

    String text() {
      return String.format(Locale.ROOT, "%s/%08d", session, number);
    }

    @Override
    public int compareTo(At other) {
      int first = session.compareTo(other.session);
      return first != 0 ? first : Integer.compare(number, other.number);
    }
  }
}
