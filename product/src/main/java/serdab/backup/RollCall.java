package serdab.backup;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Listings;
import serdab.catalogue.StudyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.dicom.StudyKey;

/// Asks each destination at the beginning of a run whether what the catalogue counts on is still
/// there: no run may call a study safe whose copy somebody deleted. One listing of the place, and a
/// question for each copy that it does not show. One thread at a time.
final class RollCall {

  private final Catalogue catalogue;
  private final Instant now;
  private final List<Missed> missed = new ArrayList<>();
  private final Set<Name> names = new HashSet<>();
  private final List<Before> before = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  /// A copy that is not there as it is remembered.
  private record Missed(Destination at, CopyRow copy, Fate fate) {}

  /// A copy of which an earlier run or a verification found that it is lost or damaged.
  private record Before(Destination at, CopyRow copy) {}

  private record Name(StudyKey study, VersionId version, String destinationId) {
    static Name of(CopyRow copy) {
      return new Name(copy.study(), copy.version(), copy.destinationId());
    }
  }

  private enum Fate {
    /// Nobody knows why it is not there.
    GONE,
    /// Something of it is not there, or has another length.
    BAD,
    /// A plan that a person confirmed elsewhere removed it.
    REMOVED,
    /// A person had its study erased elsewhere.
    ERASED
  }

  private RollCall(Catalogue catalogue, Instant now) {
    this.catalogue = catalogue;
    this.now = now;
  }

  /// Misses nothing.
  static RollCall none(Catalogue catalogue, Instant now) {
    return of(List.of(), catalogue, now);
  }

  /// Looks at every destination. Writes nothing.
  static RollCall of(List<Destination> destinations, Catalogue catalogue, Instant now) {
    RollCall roll = new RollCall(catalogue, now);
    for (Destination destination : destinations) {
      try {
        roll.call(destination);
      } catch (SerdabException e) {
        // Nobody knows what is there, so nothing may be said of it.
        roll.problems.add(e.problem());
      }
    }
    return roll;
  }

  private void call(Destination destination) {
    String id = destination.id().toString();
    List<CopyRow> notListed = new ArrayList<>();
    List<CopyRow> lostBefore = new ArrayList<>();
    try (Stream<CopyRow> copies = catalogue.copiesOn(id)) {
      // Asked for with the first copy only: a first backup lists nothing for this.
      Optional<Predicate<HeldVersion>> glance = Optional.empty();
      boolean asked = false;
      for (CopyRow copy : (Iterable<CopyRow>) copies::iterator) {
        if (copy.isLost()) {
          lostBefore.add(copy);
        }
        if (!copy.isCountedOn()) {
          continue;
        }
        if (!asked) {
          glance = destination.glance();
          asked = true;
        }
        if (glance.isPresent() && !glance.get().test(FromOthers.held(copy))) {
          notListed.add(copy);
        }
      }
    }
    for (CopyRow copy : notListed) {
      fate(destination, copy)
          .ifPresent(fate -> {
            missed.add(new Missed(destination, copy, fate));
            names.add(Name.of(copy));
          });
    }
    for (CopyRow copy : lostBefore) {
      onPurpose(destination, copy)
          .ifPresentOrElse(
              fate -> missed.add(new Missed(destination, copy, fate)),
              () -> before.add(new Before(destination, copy)));
    }
  }

  /// What a person did elsewhere that took a copy away.
  private static Optional<Fate> onPurpose(Destination destination, CopyRow copy) {
    if (destination.isErased(copy.study())) {
      return Optional.of(Fate.ERASED);
    }
    return destination.isRemoved(copy.study(), copy.location())
        ? Optional.of(Fate.REMOVED)
        : Optional.empty();
  }

  /// What became of a copy that is not listed; empty when it is there after all.
  private static Optional<Fate> fate(Destination destination, CopyRow copy) {
    Optional<Fate> onPurpose = onPurpose(destination, copy);
    if (onPurpose.isPresent()) {
      return onPurpose;
    }
    Fate fate =
        switch (destination.prove(FromOthers.held(copy), Depth.PRESENT)) {
          case ProofOutcome.Proven _ -> null;
          case ProofOutcome.Bad _ -> Fate.BAD;
          case ProofOutcome.Gone _ -> Fate.GONE;
        };
    return Optional.ofNullable(fate).filter(_ -> !isElsewhere(destination, copy));
  }

  /// Somebody may have moved it; a verification writes down where.
  private static boolean isElsewhere(Destination destination, CopyRow copy) {
    return destination
        .find(copy.study(), copy.version())
        .filter(found -> !found.location().equals(copy.location()))
        .filter(found -> destination.prove(found, Depth.PRESENT) instanceof ProofOutcome.Proven)
        .isPresent();
  }

  /// Destinations that could not be asked.
  List<Problem> problems() {
    return List.copyOf(problems);
  }

  /// What is known of a study, without the copies that are missed.
  Listings.Known present(Listings.Known known) {
    return names.isEmpty()
        ? known
        : new Listings.Known(
            known.study(), present(known.copies()), known.readAt(), known.listedFingerprint());
  }

  /// Those of these copies that are not missed.
  List<CopyRow> present(List<CopyRow> copies) {
    return names.isEmpty()
        ? copies
        : copies.stream().filter(copy -> !names.contains(Name.of(copy))).toList();
  }

  /// Copies on a destination that were found lost now.
  List<CopyRow> lostOn(Destination destination) {
    return missed.stream()
        .filter(one -> one.at().equals(destination) && isLoss(one))
        .map(Missed::copy)
        .toList();
  }

  private static boolean isLoss(Missed one) {
    return one.fate() == Fate.GONE || one.fate() == Fate.BAD;
  }

  /// Writes into the catalogue what was found.
  void record() {
    for (Missed one : missed) {
      CopyRow copy = one.copy();
      String id = copy.destinationId();
      switch (one.fate()) {
        case GONE ->
            catalogue.recordProof(
                copy.study(),
                copy.version(),
                id,
                new Proof(Depth.CLAIMED, ProofMeans.ASKED, now),
                "gone");
        case BAD ->
            catalogue.recordProof(
                copy.study(),
                copy.version(),
                id,
                new Proof(Depth.PRESENT, ProofMeans.ASKED, now),
                "bad");
        case REMOVED ->
            catalogue
                .removals()
                .removedElsewhere(copy.study(), copy.version(), id, copy.location());
        case ERASED -> catalogue.removals().erased(copy.study(), id);
      }
    }
  }

  /// Tells after a run what was lost, and what of it the run could not make again. What was lost
  /// before is told by every run for as long as no destination at all has the newest version of the
  /// study.
  ///
  /// @param sourceId whose studies the run copied
  /// @param worked studies that the run worked on: it tells of their present versions by itself
  void tell(Tally tally, String sourceId, Set<StudyKey> worked, List<Destination> destinations) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Missed one : missed) {
      if (isLoss(one)) {
        counts.merge(one.at().describe(), 1, Integer::sum);
      }
    }
    counts.forEach((where, copies) -> tally.tell(notThere(where, copies)));
    for (Missed one : missed) {
      CopyRow copy = one.copy();
      if (!isLoss(one) || isGoodNow(copy) || FromOthers.isHeldBy(destinations, catalogue, copy)) {
        continue;
      }
      if (!worked.contains(copy.study()) || !isNewest(sourceId, copy)) {
        tally.notSafe(copy.study(), lostHere(one.at()));
      }
    }
    for (Before one : before) {
      CopyRow copy = one.copy();
      if (isNewest(sourceId, copy)
          && !worked.contains(copy.study())
          && !isGoodSomewhere(sourceId, copy)) {
        tally.notSafe(copy.study(), lostHere(one.at()));
      }
    }
  }

  private boolean isNewest(String sourceId, CopyRow copy) {
    return catalogue
        .study(sourceId, copy.study())
        .flatMap(StudyRow::version)
        .filter(copy.version()::equals)
        .isPresent();
  }

  /// Whether any destination has it, also one that is away now, or of another plan; a source that
  /// is one was just listed, and does not.
  private boolean isGoodSomewhere(String sourceId, CopyRow copy) {
    return catalogue.copies(copy.study()).stream()
        .anyMatch(now ->
            now.version().equals(copy.version())
                && now.isProven()
                && !now.destinationId().equals(sourceId));
  }

  private boolean isGoodNow(CopyRow copy) {
    return catalogue.copies(copy.study()).stream()
        .anyMatch(now -> Name.of(now).equals(Name.of(copy)) && now.isProven());
  }

  private static Problem notThere(String where, int copies) {
    return new Problem(
        "copies-not-there",
        copies
            + (copies == 1 ? " proven copy in " : " proven copies in ")
            + where
            + (copies == 1 ? " is" : " are")
            + " not there any more, or not whole.",
        "Find out who or what removed them. What the source or another destination of the plan"
            + " still has is copied again.");
  }

  private static Problem lostHere(Destination at) {
    return new Problem(
        "copy-lost",
        "A version of it is not in "
            + at.describe()
            + " any more, or not whole, and neither the source nor another destination of this plan"
            + " has it.",
        "Look where else it is: serdab studies. Then: serdab verify … --repair --from OTHERDEST");
  }
}
