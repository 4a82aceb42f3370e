package serdab.retention;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;

/// The copies on other destinations, for removals that lean on them. What is remembered of a place
/// counts for nothing here: a disk may have been emptied since its copies were proven. One thread
/// at a time.
final class Elsewhere {

  private final Map<String, Destination> others = new HashMap<>();
  private final Optional<Recorder> recorder;

  /// Copies that were read in this run.
  private final Set<String> read = new HashSet<>();

  private record Recorder(Catalogue catalogue, InstantSource clock) {}

  private Elsewhere(List<Destination> others, Optional<Recorder> recorder) {
    others.forEach(other -> this.others.put(other.id().toString(), other));
    this.recorder = recorder;
  }

  /// For a plan: a copy counts when it is listed with its length now.
  static Elsewhere looked(List<Destination> others) {
    return new Elsewhere(others, Optional.empty());
  }

  /// For removing: a copy counts when it was read back in this run and is still listed now. What
  /// was read is recorded, also when it is damaged or gone.
  static Elsewhere read(List<Destination> others, Catalogue catalogue, InstantSource clock) {
    return new Elsewhere(others, Optional.of(new Recorder(catalogue, clock)));
  }

  /// Whether a copy that the catalogue knows is there now. One on a place that is not connected, or
  /// fails, is not.
  boolean isThere(CopyRow row) {
    Destination other = others.get(row.destinationId());
    if (other == null) {
      return false;
    }
    HeldVersion copy =
        new HeldVersion(
            row.study(),
            row.version(),
            row.location(),
            row.storedBytes(),
            row.fileCount(),
            Optional.empty(),
            Optional.empty());
    String name = row.destinationId() + " " + row.location();
    Depth depth =
        recorder.isEmpty() || read.contains(name) ? Depth.PRESENT : other.traits().copiedDepth();
    try {
      ProofOutcome outcome = other.prove(copy, depth);
      recorder.ifPresent(into -> record(into, row, depth, outcome));
      boolean good = outcome instanceof ProofOutcome.Proven;
      if (good && depth != Depth.PRESENT) {
        read.add(name);
      }
      return good;
    } catch (SerdabException e) {
      return false; // Not connected any more, or it does not answer.
    }
  }

  private static void record(Recorder into, CopyRow row, Depth depth, ProofOutcome outcome) {
    switch (outcome) {
      case ProofOutcome.Proven proven -> {
        if (depth != Depth.PRESENT) {
          record(into, row, proven.proof(), "good");
        }
      }
      case ProofOutcome.Bad _ -> record(into, row, asked(into, Depth.PRESENT), "bad");
      case ProofOutcome.Gone _ -> record(into, row, asked(into, Depth.CLAIMED), "gone");
    }
  }

  private static Proof asked(Recorder into, Depth depth) {
    return new Proof(depth, ProofMeans.ASKED, into.clock().instant());
  }

  private static void record(Recorder into, CopyRow row, Proof proof, String state) {
    into.catalogue().recordProof(row.study(), row.version(), row.destinationId(), proof, state);
  }
}
