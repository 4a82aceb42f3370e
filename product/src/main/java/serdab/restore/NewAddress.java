package serdab.restore;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;

/// A known destination that shows up at an address where it never was: a disk mounted elsewhere, or
/// a folder that somebody copied with its marker, perhaps not all of it.
public final class NewAddress {

  private NewAddress() {}

  /// Looks for every copy that the catalogue remembers, by name and length. What is not there
  /// counts as gone, so that the next backup makes it again; what is there stays as proven as it
  /// was.
  ///
  /// @return how many are not there
  public static long lookThrough(
      Destination destination, Catalogue catalogue, InstantSource clock) {
    String id = destination.id().toString();
    List<CopyRow> missing = new ArrayList<>();
    try (Stream<CopyRow> rows = catalogue.copiesOn(id)) {
      rows.filter(row -> row.state().equals("good"))
          .filter(
              row -> !(destination.prove(held(row), Depth.PRESENT) instanceof ProofOutcome.Proven))
          .forEach(missing::add);
    }
    for (CopyRow row : missing) {
      catalogue.recordProof(
          row.study(),
          row.version(),
          id,
          new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()),
          "gone");
    }
    return missing.size();
  }

  private static HeldVersion held(CopyRow row) {
    return new HeldVersion(
        row.study(),
        row.version(),
        row.location(),
        row.storedBytes(),
        row.fileCount(),
        Optional.empty(),
        Optional.empty());
  }
}
