package serdab.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Removals;
import serdab.catalogue.VersionRow;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.Remake;
import serdab.destination.SideFiles;
import serdab.plan.BackupPlan;
import serdab.report.Progress;
import serdab.retention.Prune;

/// Makes copies again that are known to be damaged or lost and that the source did not give in this
/// run, as it has the study no more or in another version: from another destination of the plan
/// that holds the same version proven. Used once, from one thread, when the source was copied.
///
/// The new copy is proven and recorded before the damaged file is set aside; no byte of that is
/// changed or deleted. What a person had removed does not come back.
final class FromOthers {

  private final BackupPlan plan;
  private final List<Destination> destinations;
  private final Catalogue catalogue;
  private final Rest rest;
  private final StopSignal stop;
  private final long run;
  private final Tally tally;
  private final Remake remake;
  private int made;

  FromOthers(
      BackupPlan plan,
      List<Destination> destinations,
      Catalogue catalogue,
      Rest rest,
      StopSignal stop,
      Progress progress,
      long run,
      Tally tally) {
    this.plan = plan;
    this.destinations = destinations;
    this.catalogue = catalogue;
    this.rest = rest;
    this.stop = stop;
    this.run = run;
    this.tally = tally;
    this.remake =
        new Remake(new CarryOver(progress::read, stop::mustAbandon, stop), catalogue::label);
  }

  /// How many copies are known to be damaged or lost that another of these destinations holds
  /// proven.
  ///
  /// @param roll what was found lost now and is not recorded
  static long mendable(List<Destination> destinations, Catalogue catalogue, RollCall roll) {
    long mendable = 0;
    for (Destination to : destinations) {
      List<CopyRow> lost = new ArrayList<>(catalogue.copiesLostOn(to.id().toString()));
      lost.addAll(roll.lostOn(to));
      mendable += lost.stream().filter(row -> isHeldBy(destinations, catalogue, row)).count();
    }
    return mendable;
  }

  /// Whether another of these destinations holds the same version proven.
  static boolean isHeldBy(List<Destination> destinations, Catalogue catalogue, CopyRow lost) {
    List<CopyRow> copies = catalogue.copies(lost.study());
    return destinations.stream()
        .anyMatch(other ->
            !other.id().toString().equals(lost.destinationId()) && holds(copies, lost, other));
  }

  private static boolean holds(List<CopyRow> copies, CopyRow lost, Destination other) {
    return copies.stream()
        .anyMatch(copy ->
            copy.destinationId().equals(other.id().toString())
                && copy.version().equals(lost.version())
                && copy.isProven());
  }

  void makeAgain() {
    try {
      for (int i = 0; i < destinations.size(); i++) {
        if (tally.alive().contains(i)) {
          makeAgain(destinations.get(i));
        }
      }
    } catch (CarryOver.GivenUp e) {
      // Nothing is left of the copy in the making; the next run goes on.
    }
    remake.problems().forEach(problem -> tally.tell(problem));
  }

  private void makeAgain(Destination to) {
    List<CopyRow> lost = catalogue.copiesLostOn(to.id().toString());
    if (lost.isEmpty()) {
      return;
    }
    try {
      boolean removedByOthers = hasUnknownCertificates(to);
      for (CopyRow row : lost) {
        if (stop.endsAfterThisStudy() || (plan.batch() > 0 && made >= plan.batch())) {
          return;
        }
        List<Destination> others = holders(row, to);
        if (others.isEmpty()) {
          if (row.state().equals("gone")) {
            takeBack(row, to);
          }
        } else if (!removedByOthers || !isGone(to, held(row))) {
          makeAgain(row, others, to);
        }
      }
    } catch (SerdabException e) {
      tally.problem(e.problem());
    }
  }

  /// Whether somebody removed copies here of whom this catalogue knows nothing: what is gone may be
  /// gone on purpose.
  private boolean hasUnknownCertificates(Destination to) {
    Optional<SideFiles> papers = to.beside(Prune.FOLDER);
    if (papers.isEmpty()) {
      return false;
    }
    Set<String> known =
        catalogue.removals().certificates(to.id().toString()).stream()
            .map(Removals.CertificateRow::id)
            .collect(Collectors.toSet());
    return papers.get().names(Prune.CERTIFICATE).stream()
        .map(Prune::certificateId)
        .anyMatch(id -> !known.contains(id));
  }

  private static boolean isGone(Destination to, HeldVersion copy) {
    return to.prove(copy, serdab.Depth.PRESENT) instanceof ProofOutcome.Gone;
  }

  /// The other destinations of the plan that hold this version proven.
  private List<Destination> holders(CopyRow row, Destination to) {
    List<CopyRow> copies = catalogue.copies(row.study());
    List<Destination> holders = new ArrayList<>();
    for (int i = 0; i < destinations.size(); i++) {
      Destination other = destinations.get(i);
      if (other.id().equals(to.id()) || !tally.alive().contains(i)) {
        continue;
      }
      if (holds(copies, row, other)) {
        holders.add(other);
      }
    }
    return holders;
  }

  private void makeAgain(CopyRow row, List<Destination> others, Destination to) {
    HeldVersion lost = held(row);
    if (takeBack(row, to)) {
      return;
    }
    Optional<Remake.Made> again = remake.make(lost, others, to, bytes -> hasRoom(to, bytes));
    if (again.isEmpty()) {
      return;
    }
    CopyRow copy = row(again.get().copy(), to);
    catalogue.recordHeld(VersionRow.of(again.get().version()), copy);
    setAside(row, again.get().copy(), to);
    made++;
    tally.madeAgain(copy, again.get().version().lengthBytes(), again.get().from().describe());
    pause();
  }

  /// It may be back: a disk cable, or a person who put a folder where it was.
  private boolean takeBack(CopyRow row, Destination to) {
    Optional<HeldVersion> there = provenThere(held(row), to);
    Optional<VersionRow> version =
        there.isEmpty() ? Optional.empty() : catalogue.version(row.study(), row.version());
    if (there.isEmpty() || version.isEmpty()) {
      return false;
    }
    catalogue.recordHeld(version.get(), row(there.get(), to));
    setAside(row, there.get(), to);
    return true;
  }

  private static Optional<HeldVersion> provenThere(HeldVersion lost, Destination to) {
    for (HeldVersion copy : to.versions(lost.study())) {
      if (copy.id().equals(lost.id())
          && to.prove(copy, to.traits().copiedDepth()) instanceof ProofOutcome.Proven proven) {
        return Optional.of(copy.proven(proven.proof()));
      }
    }
    return Optional.empty();
  }

  /// Whatever fails here undoes nothing: the next verification finds both.
  private void setAside(CopyRow row, HeldVersion good, Destination to) {
    HeldVersion lost = held(row);
    try {
      if (row.state().equals("bad")
          && !lost.location().equals(good.location())
          && !isTakenByAnother(row)
          && to.prove(lost, to.traits().copiedDepth()) instanceof ProofOutcome.Bad) {
        to.setAside(lost.location());
      }
    } catch (SerdabException e) {
      // Told by the next verification.
    }
  }

  /// A newer version may have been given the name that a lost one left.
  private boolean isTakenByAnother(CopyRow row) {
    return catalogue.copies(row.study()).stream()
        .anyMatch(copy ->
            copy.destinationId().equals(row.destinationId())
                && copy.location().equals(row.location())
                && !copy.version().equals(row.version())
                && copy.isProven());
  }

  private boolean hasRoom(Destination to, long bytes) {
    OptionalLong usable = to.usableBytes();
    long reserve = Room.reserve(to);
    if (usable.isEmpty() || usable.getAsLong() >= bytes + reserve) {
      return true;
    }
    tally.problem(Room.almostFull(to, usable.getAsLong(), reserve, bytes));
    return false;
  }

  private void pause() {
    try {
      if (!plan.pause().isZero() && !stop.endsAfterThisStudy()) {
        rest.rest(plan.pause());
      }
    } catch (InterruptedException e) {
      stop.request();
      Thread.currentThread().interrupt();
    }
  }

  /// A copy as the catalogue remembers it.
  static HeldVersion held(CopyRow row) {
    return new HeldVersion(
        row.study(),
        row.version(),
        row.location(),
        row.storedBytes(),
        row.fileCount(),
        Optional.empty(),
        Optional.empty());
  }

  private CopyRow row(HeldVersion copy, Destination to) {
    return new CopyRow(
        copy.study(),
        copy.id(),
        to.id().toString(),
        copy.location(),
        copy.storedBytes(),
        copy.fileCount(),
        copy.proof().orElseThrow(),
        "good",
        run);
  }
}
