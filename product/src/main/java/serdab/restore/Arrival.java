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
import serdab.catalogue.Standing;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;

/// A destination shows up, and what the catalogue says of it may not be so:
///
/// - It is known, and was never seen at this address: a disk mounted elsewhere, or a folder that
///   somebody copied with its marker, perhaps not all of it.
/// - The catalogue was brought back from a copy of itself, and what happened to the destination
///   after that copy was made is not in it.
public final class Arrival {

  private Arrival() {}

  /// Looks for the copies that are not certain to be there, by name and length, and remembers the
  /// address. What is not there counts as gone, so that the next backup makes it again; what is
  /// there is as proven as it was.
  ///
  /// @param address as [Catalogue#sawDestination] has it
  /// @return how many are not there
  public static long of(
      Destination destination, String address, Catalogue catalogue, InstantSource clock) {
    String id = destination.id().toString();
    List<CopyRow> uncertain = new ArrayList<>(catalogue.standing().unseen(id));
    if (!catalogue.destinationsAt(address).contains(id)) {
      try (Stream<CopyRow> rows = catalogue.copiesOn(id)) {
        rows.filter(row -> row.state().equals("good")).forEach(uncertain::add);
      }
    }
    List<Standing.Seen> there = new ArrayList<>();
    List<CopyRow> missing = new ArrayList<>();
    for (CopyRow row : uncertain) {
      if (!(destination.prove(held(row), Depth.PRESENT) instanceof ProofOutcome.Proven)) {
        missing.add(row);
      } else if (row.isUnseen()) {
        there.add(Standing.Seen.of(row));
      }
    }
    for (CopyRow row : missing) {
      catalogue.recordProof(
          row.study(),
          row.version(),
          id,
          new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()),
          "gone");
    }
    catalogue.standing().seen(id, there);
    catalogue.sawDestination(id, address);
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
