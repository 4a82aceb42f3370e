package serdab.repository;

import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import serdab.SerdabException;

/// What `erased/` says: which groups were erased for good (format section 8.3). Only what an
/// enrolled writer or the owner signed counts; else whoever can write to the place could hide a
/// group.
final class Erased {

  private Erased() {}

  static String file(String group) {
    return Layout.ERASED + group + ".json";
  }

  /// The groups that were erased.
  ///
  /// @param refused is told of documents that count for nothing, and why
  static Set<String> groups(Shelf shelf, Trust trust, BiConsumer<String, SerdabException> refused) {
    Set<String> groups = new HashSet<>();
    for (String file : Notices.names(shelf, Layout.ERASED)) {
      Judge.erasedOf(file)
          .filter(_ -> Notices.counts(shelf, trust, file, refused))
          .ifPresent(groups::add);
    }
    return groups;
  }

  /// Whether a document that counts says so.
  static boolean counts(Shelf shelf, Trust trust, String group) {
    return Notices.counts(shelf, trust, file(group));
  }

  /// Says that a group is erased, unless it is said already. What stands there and counts for
  /// nothing makes way.
  static void write(Shelf shelf, Trust trust, String group, Instant time, String reason) {
    String file = file(group);
    Doc doc = new Doc().with("group", group).with("time", time.toString()).with("reason", reason);
    Notices.write(shelf, trust, file, trust.signed(doc, file));
  }
}
