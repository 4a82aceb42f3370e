package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;
import serdab.catalogue.VersionRow;

/// How often what a viewer's library keeps beside its studies is copied again: its index changes
/// with every click, and a copy of it takes up to a gigabyte.
final class LibraryPace {

  /// No group of a library gets two versions within this time.
  static final Duration LEAST = Duration.ofHours(1);

  private LibraryPace() {}

  /// Whether a group waits for its hour. Only where every destination holds some version of it: the
  /// first one is copied at once.
  ///
  /// @param copies the catalogue's, of this group
  /// @param destinationIds the plan's destinations
  static boolean waits(
      Catalogue catalogue,
      StudyRow row,
      List<CopyRow> copies,
      List<String> destinationIds,
      Instant now) {
    if (!row.facts().key().isLibrary() || row.version().isEmpty()) {
      return false;
    }
    Optional<Instant> last =
        catalogue.version(row.facts().key(), row.version().get()).map(VersionRow::readAt);
    // A version from the future comes from a clock that was wrong, and must not hold copies back.
    boolean young =
        last.isPresent() && !last.get().isAfter(now) && now.isBefore(last.get().plus(LEAST));
    return young
        && destinationIds.stream()
            .allMatch(id ->
                copies.stream()
                    .anyMatch(
                        copy -> copy.destinationId().equals(id) && copy.state().equals("good")));
  }
}
