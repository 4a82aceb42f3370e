package serdab.cli;

import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.repository.Check;

/// Writes into the catalogue what a check or a repair of a repository says of the copies that it
/// counts on, so that the next backup does not trust what was just found lost.
final class CheckedCopies {

  private final Catalogue catalogue;
  private final String destinationId;
  private final InstantSource clock;

  CheckedCopies(Catalogue catalogue, String destinationId, InstantSource clock) {
    this.catalogue = catalogue;
    this.destinationId = destinationId;
    this.clock = clock;
  }

  /// Files are lost or damaged: copies that need them count no more.
  ///
  /// @return how many counted until now
  long lost(Check check, Collection<String> files) {
    if (files.isEmpty()) {
      return 0;
    }
    Set<String> lost = check.versionsLostWith(files);
    List<CopyRow> copies = copies(copy -> copy.isCountedOn() && lost.contains(copy.location()));
    copies.forEach(copy -> record(copy, Depth.PRESENT, ProofMeans.ASKED, "bad"));
    return copies.size();
  }

  /// Every file was read in this run, and these were mended: copies that need them, and nothing
  /// that was not mended, count again.
  ///
  /// @return how many did not count until now
  long mended(Check check, Collection<String> mended, Collection<String> notMended) {
    if (mended.isEmpty()) {
      return 0;
    }
    Set<String> again = check.versionsNeeding(mended);
    again.removeAll(check.versionsLostWith(notMended));
    List<CopyRow> copies =
        copies(copy ->
            (copy.state().equals("bad") || copy.state().equals("gone"))
                && again.contains(copy.location()));
    // How each file was read is not remembered: the least is said.
    copies.forEach(copy -> record(copy, Depth.INTACT, ProofMeans.THROUGH_CACHE, "good"));
    return copies.size();
  }

  private List<CopyRow> copies(Predicate<CopyRow> wanted) {
    try (Stream<CopyRow> copies = catalogue.copiesOn(destinationId)) {
      return copies.filter(wanted).toList();
    }
  }

  private void record(CopyRow copy, Depth depth, ProofMeans means, String state) {
    catalogue.recordProof(
        copy.study(),
        copy.version(),
        destinationId,
        new Proof(depth, means, clock.instant()),
        state);
  }
}
