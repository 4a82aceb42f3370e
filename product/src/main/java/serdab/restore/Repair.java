package serdab.restore;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.VersionRow;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.Remake;
import serdab.report.Progress;

/// Makes lost or damaged copies again from what other destinations hold. One thread at a time.
///
/// The new copy is proven and recorded before anything is done to the damaged one, so a crash at
/// any moment loses nothing.
public final class Repair {

  /// Room that is left on a destination whatever comes, for its own bookkeeping.
  static final long RESERVED_BYTES = 32L << 20;

  private final Destination to;
  private final List<Destination> others;
  private final Catalogue catalogue;
  private final Remake remake;
  private final List<Problem> problems = new ArrayList<>();

  /// Prepares to repair; the caller keeps and closes all of it.
  ///
  /// @param to the destination whose copies are damaged, opened for writing
  /// @param others the destinations to copy from, the best first
  public Repair(
      Destination to,
      List<Destination> others,
      Catalogue catalogue,
      Progress progress,
      BooleanSupplier stop) {
    this.to = to;
    this.others = List.copyOf(others);
    this.catalogue = catalogue;
    this.remake = new Remake(new CarryOver(progress::read, stop), catalogue::label);
  }

  /// Why copies could not be made again, as far as it is not their own destination's fault.
  public List<Problem> problems() {
    List<Problem> all = new ArrayList<>(remake.problems());
    all.addAll(problems);
    return List.copyOf(all);
  }

  /// Makes a copy of this version again, proven and recorded; empty when no other destination holds
  /// a good one.
  ///
  /// @throws SerdabException when the destination that is repaired fails
  /// @throws CarryOver.GivenUp when it was asked to stop
  Optional<HeldVersion> makeAgain(HeldVersion lost) {
    try {
      Optional<Remake.Made> made = remake.make(lost, others, to, this::hasRoom);
      made.ifPresent(this::record);
      return made.map(Remake.Made::copy);
    } catch (SerdabException.Misconfigured e) {
      if (!e.problem().code().equals("pseudonym-key-missing")) {
        throw e;
      }
      // The others are proven all the same; a backup, which has the key, makes this one again.
      Problem keyless =
          new Problem(
              e.problem().code(),
              "Copies in " + to.describe() + " are named by pseudonyms, and a repair has no key.",
              "Run the backup, which has it: it makes them again from the source, or from another"
                  + " destination of its plan.");
      if (!problems.contains(keyless)) {
        problems.add(keyless);
      }
      return Optional.empty();
    }
  }

  private void record(Remake.Made made) {
    HeldVersion copy = made.copy();
    catalogue.recordHeld(
        VersionRow.of(made.version()),
        new CopyRow(
            copy.study(),
            copy.id(),
            to.id().toString(),
            copy.location(),
            copy.storedBytes(),
            copy.fileCount(),
            copy.proof().orElseThrow(),
            "good",
            0));
  }

  private boolean hasRoom(long lengthBytes) {
    OptionalLong usable = to.usableBytes();
    if (usable.isEmpty() || usable.getAsLong() >= lengthBytes + RESERVED_BYTES) {
      return true;
    }
    problems.add(
        new Problem(
            "place-full",
            "There is no room on "
                + to.describe()
                + " to make a copy again: "
                + usable.getAsLong() / 1_000_000
                + " MB are free, "
                + (lengthBytes + RESERVED_BYTES) / 1_000_000
                + " MB are needed.",
            "Free some space, then run it again."));
    return false;
  }
}
