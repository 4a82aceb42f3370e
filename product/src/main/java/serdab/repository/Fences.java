package serdab.repository;

import java.util.Map;
import java.util.Optional;
import serdab.SerdabException;

/// Ends the sessions of others (format section 8.2).
final class Fences {

  private Fences() {}

  /// Ends every session that is not over: none of them can commit any more.
  static void raise(Repository repository) {
    Shelf shelf = repository.shelf();
    // A number whose snapshot is lost is not free: what a copy or an index says of it still counts.
    try (Known known = repository.readAgain()) {
      Numbers listed = known.taken();
      for (String session : listed.sessions()) {
        int[] numbers = listed.of(session);
        int last = numbers[numbers.length - 1];
        while (!isOver(known, new Layout.At(session, last))) {
          last++;
          Layout.At at = new Layout.At(session, last);
          Commit fence =
              new Commit(
                  at,
                  Commit.Kind.FENCE,
                  repository.clock().instant(),
                  repository.trust().writer(),
                  Optional.empty());
          Bulk file = SnapshotFile.make(fence, Map.of(), repository.trust());
          if (shelf.putIfFree(at.file(), file).isPresent()) {
            break;
          }
        }
      }
    }
  }

  private static boolean isOver(Known known, Layout.At at) {
    try (SnapshotFile snapshot = known.open(at)) {
      return switch (snapshot.commit().kind()) {
        case END, FENCE -> true;
        case BEGIN, VERSION -> false;
      };
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }
}
