package serdab.repository;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.HeldBytes;
import serdab.store.ReadableBytes;

/// The second and third copies of small files (format section 7.3). Thread-safe.
final class Copies {

  static final int COUNT = 2;

  private static final int SNAPSHOTS_MAX = 1000;
  private static final long BYTES_MAX = 32 << 20;
  private static final long FILE_BYTES_MAX = 1 << 30;
  private static final int SEARCHED_MAX = 200;
  private static final int TRIES_MAX = 20;
  private static final int FOLDER_LENGTH = "copies/1/".length();
  private static final List<String> SHARED = List.of(Layout.KEYS, Layout.WRITERS);

  private final Shelf shelf;
  private final Trust trust;
  private final List<Layout.At> pending = new ArrayList<>();
  private final Set<String> groups = new LinkedHashSet<>();

  Copies(Shelf shelf, Trust trust) {
    this.shelf = shelf;
    this.trust = trust;
  }

  /// Another small file that this run made.
  synchronized void note(String file) {
    groups.add(file);
  }

  /// A snapshot that this run wrote; from time to time copies are written.
  synchronized void committed(Layout.At at) {
    if (!pending.isEmpty() && !pending.getFirst().session().equals(at.session())) {
      write();
    }
    if (pending.isEmpty() && at.number() == 1) {
      pending.add(new Layout.At(at.session(), 0));
    }
    pending.add(at);
    if (pending.size() >= SNAPSHOTS_MAX) {
      write();
    }
  }

  /// Writes the copies that are due when a session is over.
  ///
  /// @param numbers those of the session
  synchronized void settle(Optional<Layout.Range> numbers) {
    numbers.ifPresent(range -> {
      Layout.At last = new Layout.At(range.session(), range.to() - 1);
      if (!pending.isEmpty()
          && pending.getLast().session().equals(range.session())
          && pending.getLast().number() == last.number() - 1) {
        pending.add(last);
      }
    });
    write();
  }

  /// Writes copies of what a run left without that was killed.
  ///
  /// @param snapshots with the groups of those that are of a version
  synchronized void settleOthers(Map<Layout.At, Optional<String>> snapshots) {
    Layout.At before = null;
    for (Map.Entry<Layout.At, Optional<String>> each : snapshots.entrySet()) {
      Layout.At at = each.getKey();
      // The name of a file of copies speaks of every number between its ends.
      if (before != null
          && !(before.session().equals(at.session()) && before.number() + 1 == at.number())) {
        write();
      }
      each.getValue()
          .ifPresent(group -> shelf.names(Layout.groupFolder(group)).forEach(this::note));
      pending.add(at);
      before = at;
    }
    write();
    makePairs();
  }

  /// A run that was killed may have left one file of copies without the other.
  private void makePairs() {
    NavigableSet<String> there = shelf.names(Layout.COPIES);
    Set<String> written = new HashSet<>();
    for (String file : there) {
      Optional<String> twin = Check.twin(file).filter(name -> !there.contains(name));
      if (twin.isEmpty()) {
        continue;
      }
      try {
        byte[] content = shelf.whole(file, FILE_BYTES_MAX).orElse(new byte[0]);
        Map<String, byte[]> entries = Judge.entries(content);
        if (Arrays.equals(StoredZip.of(entries), content)) {
          shelf.putIfFree(twin.get(), Bulk.of(content));
          written.addAll(entries.keySet());
        }
      } catch (SerdabException.Damaged e) {
        // What is damaged is not copied; a repair puts it together.
      }
    }
    forgetErased(written);
  }

  /// Whoever erases a group says so, and then looks for its documents: one of us sees the other.
  private void forgetErased(Set<String> written) {
    if (written.stream().anyMatch(file -> file.startsWith(Layout.GROUPS))) {
      Set<String> erased = Erased.groups(shelf, trust, (_, _) -> {});
      if (written.stream().anyMatch(file -> isOf(erased, file))) {
        forget(shelf, erased);
      }
    }
  }

  private void write() {
    List<Layout.At> todo = List.copyOf(pending);
    pending.clear();
    for (int from = 0; from < todo.size(); ) {
      from = write(todo, from);
    }
  }

  private int write(List<Layout.At> todo, int from) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    if (from == 0) {
      Charter.find(shelf).ifPresent(charter -> entries.put(Layout.REPOSITORY, charter.content()));
      for (String folder : SHARED) {
        shelf.names(folder).forEach(file -> add(entries, file));
      }
      groups.forEach(file -> add(entries, file));
      groups.clear();
    }
    long bytes = 0;
    int to = from;
    while (to < todo.size() && (to == from || bytes < BYTES_MAX)) {
      String file = todo.get(to).file();
      add(entries, file);
      byte[] content = entries.get(file);
      bytes += content == null ? 0 : content.length;
      to++;
    }
    byte[] zip = StoredZip.of(entries);
    Layout.At first = todo.get(from);
    for (int which = 1; which <= COUNT; which++) {
      String name = Layout.copy(which, first.session(), first.number(), todo.get(to - 1).number());
      shelf.putIfFree(name, Bulk.of(zip));
    }
    forgetErased(entries.keySet());
    return to;
  }

  private void add(Map<String, byte[]> entries, String file) {
    shelf.whole(file, FILE_BYTES_MAX).ifPresent(content -> entries.put(file, content));
  }

  /// Takes the documents of erased groups out of all files of copies. Of two files that say the
  /// same one is there at any time; what is missing of two is made again.
  ///
  /// @throws SerdabException.Damaged when a file that has such a document cannot be read otherwise
  static void forget(Shelf shelf, Set<String> groups) {
    Set<String> pairs = new TreeSet<>();
    for (String file : shelf.names(Layout.COPIES)) {
      if (Layout.copyOf(file).isPresent()) {
        pairs.add(file.substring(FOLDER_LENGTH));
      }
    }
    pairs.forEach(name -> forget(shelf, groups, name));
  }

  /// Somebody else may be at the same pair: then it is looked at again.
  private static void forget(Shelf shelf, Set<String> groups, String name) {
    for (int tries = 0; tries < TRIES_MAX; tries++) {
      Map<String, Map<String, byte[]>> whole = new LinkedHashMap<>();
      Set<String> there = new HashSet<>();
      Set<String> names = new HashSet<>();
      for (int which = 1; which <= COUNT; which++) {
        String file = Layout.COPIES + which + '/' + name;
        try {
          Optional<byte[]> content = shelf.whole(file, FILE_BYTES_MAX);
          content.ifPresent(_ -> there.add(file));
          content.ifPresent(bytes -> {
            names.addAll(StoredZip.entries(new HeldBytes(bytes)).keySet());
            whole.put(file, wholeEntries(bytes));
          });
        } catch (SerdabException.Damaged e) {
          // Made again from the other one.
          there.add(file);
        }
      }
      if (whole.size() == COUNT && names.stream().noneMatch(entry -> isOf(groups, entry))) {
        return;
      }
      if (!whole.isEmpty()) {
        replace(shelf, groups, name, whole, there);
      } else if (!there.isEmpty()) {
        throw Problems.damaged(
            "Both copies of small files are damaged, and an erased key may be in them: "
                + name
                + ".");
      }
    }
  }

  /// @param whole what is whole in each file that can be read
  /// @param there the files that have to make way
  private static void replace(
      Shelf shelf,
      Set<String> groups,
      String name,
      Map<String, Map<String, byte[]>> whole,
      Set<String> there) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    whole.values().forEach(each -> each.forEach(entries::putIfAbsent));
    entries.keySet().removeIf(entry -> isOf(groups, entry));
    Bulk zip = Bulk.of(StoredZip.of(entries));
    List<String> order = new ArrayList<>();
    for (int which = 1; which <= COUNT; which++) {
      String file = Layout.COPIES + which + '/' + name;
      order.add(whole.containsKey(file) ? order.size() : 0, file);
    }
    for (String file : order) {
      if (there.contains(file)) {
        shelf.store().delete(file);
      }
      shelf.putIfFree(file, zip);
    }
  }

  /// The entries of a file of copies whose checksums are right.
  ///
  /// @throws SerdabException.Damaged when it is no ZIP of ours
  private static Map<String, byte[]> wholeEntries(byte[] zip) {
    HeldBytes bytes = new HeldBytes(zip);
    Map<String, byte[]> entries = new LinkedHashMap<>();
    StoredZip.entries(bytes)
        .forEach((name, entry) -> {
          byte[] content = new byte[Math.toIntExact(entry.lengthBytes())];
          bytes.readFully(entry.offset(), ByteBuffer.wrap(content));
          if (StoredZip.crc(ByteBuffer.wrap(content)) == entry.crc()) {
            entries.put(name, content);
          }
        });
    return entries;
  }

  private static boolean isOf(Set<String> groups, String entry) {
    Matcher name = GroupKey.FILE.matcher(entry);
    return name.matches() && groups.contains(name.group(1));
  }

  /// A small file as a file of copies has it, its checksum compared; empty when it has none that is
  /// whole.
  static Optional<byte[]> read(Shelf shelf, String copies, String file) {
    try (ReadableBytes zip = shelf.store().open(copies)) {
      StoredZip.Entry entry = StoredZip.entries(zip).get(file);
      if (entry == null || entry.lengthBytes() > FILE_BYTES_MAX) {
        return Optional.empty();
      }
      byte[] content = new byte[(int) entry.lengthBytes()];
      zip.readFully(entry.offset(), ByteBuffer.wrap(content));
      return StoredZip.crc(ByteBuffer.wrap(content)) == entry.crc()
          ? Optional.of(content)
          : Optional.empty();
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return Optional.empty();
    }
  }

  /// The first copy of a small file of this name in any file of copies. Slow: for when the file
  /// itself is lost or damaged.
  static Optional<byte[]> search(Shelf shelf, String file) {
    return search(shelf, file, Function.identity());
  }

  /// The first copy that can be understood; a file that was damaged before it was copied has copies
  /// that are as bad.
  ///
  /// @param reader throws `Damaged` or `Misconfigured` for what is not good
  static <T> Optional<T> search(Shelf shelf, String file, Function<byte[], T> reader) {
    Set<Sha256> tried = new HashSet<>();
    int searched = 0;
    for (String copies : shelf.names(Layout.COPIES)) {
      if (Layout.copyOf(copies).isEmpty()) {
        continue;
      }
      if (++searched > SEARCHED_MAX) {
        break;
      }
      Optional<byte[]> found = read(shelf, copies, file);
      if (found.isPresent() && tried.add(Sha256.digest(found.get()))) {
        try {
          return Optional.of(reader.apply(found.get()));
        } catch (SerdabException.Damaged | SerdabException.Misconfigured e) {
          // Perhaps another is better.
        }
      }
    }
    return Optional.empty();
  }

  /// The names below a folder, those included that the newest file of copies has and the place has
  /// lost.
  static NavigableSet<String> names(Shelf shelf, String folder) {
    NavigableSet<String> names = shelf.names(folder);
    Optional<BlobInfo> newest;
    try (Stream<BlobInfo> files = shelf.store().list(Layout.COPIES)) {
      newest =
          files
              .filter(file -> Layout.copyOf(file.name()).isPresent())
              .max(Comparator.comparing(BlobInfo::lastModified).thenComparing(BlobInfo::name));
    }
    if (newest.isPresent()) {
      try (ReadableBytes zip = shelf.store().open(newest.get().name())) {
        StoredZip.entries(zip).keySet().stream()
            .filter(name -> name.startsWith(folder))
            .forEach(names::add);
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        // Then the place is all there is to go by.
      }
    }
    return names;
  }
}
