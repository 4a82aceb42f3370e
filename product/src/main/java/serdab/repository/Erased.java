package serdab.repository;

import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;

/// What `erased/` says: which groups were erased for good (format section 8.3). Only what an
/// enrolled writer or the owner signed counts; else whoever can write to the place could hide a
/// group.
final class Erased {

  private static final long BYTES_MAX = 1 << 20;
  private static final Pattern FILE = Pattern.compile("erased/([0-9a-f]{32})\\.json");

  private Erased() {}

  static String file(String group) {
    return Layout.ERASED + group + ".json";
  }

  /// The groups that were erased.
  ///
  /// @param refused is told of documents that count for nothing, and why
  static Set<String> groups(Shelf shelf, Trust trust, BiConsumer<String, SerdabException> refused) {
    Set<String> groups = new HashSet<>();
    for (String file : shelf.names(Layout.ERASED)) {
      Matcher name = FILE.matcher(file);
      if (!name.matches()) {
        continue;
      }
      try {
        if (isErased(shelf, trust, name.group(1))) {
          groups.add(name.group(1));
        }
      } catch (SerdabException.Damaged e) {
        refused.accept(file, e);
      }
    }
    return groups;
  }

  /// Whether a document that counts says so.
  static boolean counts(Shelf shelf, Trust trust, String group) {
    try {
      return isErased(shelf, trust, group);
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  /// @throws SerdabException.Damaged when there is a document that nobody trusted signed
  static boolean isErased(Shelf shelf, Trust trust, String group) {
    var document = shelf.whole(file(group), BYTES_MAX);
    if (document.isEmpty()) {
      return false;
    }
    trust.requireSigned(document.get(), file(group));
    return true;
  }

  /// Says that a group is erased, unless it is said already. What stands there and counts for
  /// nothing makes way.
  static void write(Shelf shelf, Trust trust, String group, Instant time, String reason) {
    String file = file(group);
    Doc doc = new Doc().with("group", group).with("time", time.toString()).with("reason", reason);
    Bulk signed = Bulk.of(trust.signed(doc, file));
    try {
      if (isErased(shelf, trust, group)) {
        return;
      }
    } catch (SerdabException.Damaged e) {
      shelf.store().delete(file);
    }
    shelf.putIfFree(file, signed);
    if (!isErased(shelf, trust, group)) {
      throw Problems.missing(file);
    }
  }
}
