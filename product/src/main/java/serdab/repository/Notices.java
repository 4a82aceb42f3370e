package serdab.repository;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;

/// The documents that say that a version or a group counts no more, each three times over (format
/// section 8.4). What one of the three says counts.
final class Notices {

  static final int COUNT = 3;

  private static final long BYTES_MAX = 1 << 20;
  private static final Pattern FILE =
      Pattern.compile("(removed/|erased/)(?:([12])/)?([0-9a-f]{32}(?:-[0-9]{8})?\\.json)");
  private static final List<String> FOLDERS = List.of(Layout.REMOVED, Layout.ERASED);

  private Notices() {}

  /// The first of three, by the name of any; it is the subject of their signature. Empty for what
  /// is none.
  static Optional<String> firstOf(String file) {
    Matcher name = FILE.matcher(file);
    return name.matches() ? Optional.of(name.group(1) + name.group(3)) : Optional.empty();
  }

  /// All three, in the order in which they are written.
  static List<String> files(String first) {
    int slash = first.indexOf('/') + 1;
    String folder = first.substring(0, slash);
    String name = first.substring(slash);
    return List.of(first, folder + "1/" + name, folder + "2/" + name);
  }

  /// The first of each three of which one is there.
  static NavigableSet<String> names(Shelf shelf, String folder) {
    NavigableSet<String> names = new TreeSet<>();
    shelf.names(folder).forEach(file -> firstOf(file).ifPresent(names::add));
    return names;
  }

  static boolean isThere(Shelf shelf, String first) {
    return files(first).stream().anyMatch(file -> shelf.store().find(file).isPresent());
  }

  /// Whether one of the three is there and somebody trusted signed it.
  ///
  /// @param refused is told of those that are there and count for nothing, and why, when none
  ///   counts
  static boolean counts(
      Shelf shelf, Trust trust, String first, BiConsumer<String, SerdabException> refused) {
    List<Runnable> all = new ArrayList<>();
    for (String file : files(first)) {
      try {
        Optional<byte[]> content = shelf.whole(file, BYTES_MAX);
        if (content.isPresent()) {
          trust.requireSigned(content.get(), first);
          return true;
        }
      } catch (SerdabException.Damaged e) {
        all.add(() -> refused.accept(file, e));
      }
    }
    all.forEach(Runnable::run);
    return false;
  }

  static boolean counts(Shelf shelf, Trust trust, String first) {
    return counts(shelf, trust, first, (_, _) -> {});
  }

  /// Whether a person gave a snapshot up that nobody could read: then no group is named.
  static boolean givesUp(Shelf shelf, Trust trust, Layout.At at) {
    return signed(shelf, trust, at.removal())
        .filter(content -> !Doc.parse(content).has("group"))
        .isPresent();
  }

  /// Writes all three, as far as they are not there. What stands there and counts for nothing makes
  /// way.
  ///
  /// @param signed with the first as its subject
  static void write(Shelf shelf, Trust trust, String first, byte[] signed) {
    // Somebody else may have written the first; then theirs are copied.
    Bulk bytes = Bulk.of(signed(shelf, trust, first).orElse(signed));
    for (String file : files(first)) {
      if (shelf.putIfFree(file, bytes).isEmpty() && !isSigned(shelf, trust, file, first)) {
        shelf.store().delete(file);
        shelf.putIfFree(file, bytes);
      }
      if (!isSigned(shelf, trust, file, first)) {
        throw Problems.missing(file);
      }
    }
  }

  /// Writes those that a run which was killed did not come to, or that were lost. One that is there
  /// and damaged is left to a repair.
  static void complete(Shelf shelf, Trust trust) {
    TreeMap<String, Integer> there = new TreeMap<>();
    for (String folder : FOLDERS) {
      shelf
          .names(folder)
          .forEach(file -> firstOf(file).ifPresent(first -> there.merge(first, 1, Integer::sum)));
    }
    there.forEach((first, count) -> {
      if (count < COUNT) {
        signed(shelf, trust, first)
            .ifPresent(
                content -> files(first).forEach(file -> shelf.putIfFree(file, Bulk.of(content))));
      }
    });
  }

  /// Those that must have been there: they are written in order.
  static List<String> lost(NavigableSet<String> there) {
    TreeSet<String> lost = new TreeSet<>();
    for (String file : there) {
      firstOf(file)
          .ifPresent(first -> {
            for (String each : files(first)) {
              if (each.equals(file)) {
                break;
              }
              lost.add(each);
            }
          });
    }
    lost.removeAll(there);
    return List.copyOf(lost);
  }

  /// Those that are not there and need not have been: whoever wrote them was killed, or they were
  /// lost. [#complete] writes them.
  static List<String> unfinished(NavigableSet<String> there) {
    TreeSet<String> unfinished = new TreeSet<>();
    there.forEach(file -> firstOf(file).ifPresent(first -> unfinished.addAll(files(first))));
    unfinished.removeAll(there);
    unfinished.removeAll(lost(there));
    return List.copyOf(unfinished);
  }

  /// What one says that counts.
  private static Optional<byte[]> signed(Shelf shelf, Trust trust, String first) {
    for (String file : files(first)) {
      try {
        Optional<byte[]> content = shelf.whole(file, BYTES_MAX);
        if (trust.isSigned(content, first)) {
          return content;
        }
      } catch (SerdabException.Damaged e) {
        // Perhaps another.
      }
    }
    return Optional.empty();
  }

  private static boolean isSigned(Shelf shelf, Trust trust, String file, String first) {
    try {
      return trust.isSigned(shelf.whole(file, BYTES_MAX), first);
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }
}
