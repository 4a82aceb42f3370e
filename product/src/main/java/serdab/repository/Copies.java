package serdab.repository;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.SerdabException;
import serdab.store.ReadableBytes;

/// The second and third copies of small files (format section 7.3). Thread-safe.
final class Copies {

  static final int COUNT = 2;

  private static final int SNAPSHOTS_MAX = 1000;
  private static final long BYTES_MAX = 32 << 20;
  private static final long FILE_BYTES_MAX = 1 << 30;
  private static final List<String> SHARED = List.of(Layout.KEYS, Layout.WRITERS);

  private final Shelf shelf;
  private final List<Layout.At> pending = new ArrayList<>();
  private final Set<String> groups = new LinkedHashSet<>();

  Copies(Shelf shelf) {
    this.shelf = shelf;
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
      shelf
          .whole(Layout.REPOSITORY, FILE_BYTES_MAX)
          .ifPresent(content -> entries.put(Layout.REPOSITORY, content));
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
    return to;
  }

  private void add(Map<String, byte[]> entries, String file) {
    shelf.whole(file, FILE_BYTES_MAX).ifPresent(content -> entries.put(file, content));
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
    for (String copies : shelf.names(Layout.COPIES)) {
      Optional<byte[]> found =
          Layout.copyOf(copies).isPresent() ? read(shelf, copies, file) : Optional.empty();
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }
}
