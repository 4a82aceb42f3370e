package serdab.repository;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.store.BlobInfo;

/// Ends the sessions of others (format section 8.2).
final class Fences {

  private Fences() {}

  /// Ends every session that is not over: none of them can commit any more.
  static void raise(Repository repository) {
    Shelf shelf = repository.shelf();
    Numbers listed = new Numbers();
    try (Stream<BlobInfo> files = shelf.store().list(Layout.SNAPSHOTS)) {
      files.forEach(file -> Layout.At.of(file.name()).ifPresent(listed::add));
    }
    try (Known known = repository.readAgain()) {
      for (String session : listed.sessions()) {
        int[] numbers = listed.of(session);
        int last = numbers[numbers.length - 1];
        while (!isOver(known, new Layout.At(session, last))) {
          last++;
          Layout.At at = new Layout.At(session, last);
          if (isKept(known, at)) {
            continue; // Its file is lost and a copy is left: a fence there would hide it.
          }
          if (shelf.putIfFree(at.file(), fence(repository, at)).isPresent()) {
            break;
          }
        }
      }
    }
  }

  /// Ends the session of a snapshot that nobody can read, when nothing follows that one: a number
  /// that is free gets the fence.
  static void end(Repository repository, Layout.At lost) {
    Shelf shelf = repository.shelf();
    Numbers listed = new Numbers();
    try (Stream<BlobInfo> files = shelf.store().list(Layout.SNAPSHOTS + lost.session() + '/')) {
      files.forEach(file -> Layout.At.of(file.name()).ifPresent(listed::add));
    }
    int[] numbers = listed.of(lost.session());
    int last = numbers.length == 0 ? -1 : numbers[numbers.length - 1];
    if (last > lost.number()) {
      return; // The session went on, or was fenced, after it.
    }
    for (int next = last == lost.number() ? last + 1 : lost.number(); ; next++) {
      Layout.At at = new Layout.At(lost.session(), next);
      if (shelf.putIfFree(at.file(), fence(repository, at)).isPresent()) {
        return;
      }
    }
  }

  private static Bulk fence(Repository repository, Layout.At at) {
    Commit fence =
        new Commit(
            at,
            Commit.Kind.FENCE,
            repository.clock().instant(),
            repository.trust().writer(),
            Optional.empty());
    return SnapshotFile.make(fence, Map.of(), repository.trust());
  }

  private static boolean isOver(Known known, Layout.At at) {
    try (SnapshotFile snapshot = known.open(at)) {
      return switch (snapshot.commit().kind()) {
        case END, FENCE -> true;
        case BEGIN, VERSION -> false;
      };
    }
  }

  private static boolean isKept(Known known, Layout.At at) {
    try (SnapshotFile _ = known.open(at)) {
      return true;
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return false;
    }
  }
}
