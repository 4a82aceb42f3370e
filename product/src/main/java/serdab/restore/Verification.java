package serdab.restore;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Proofs;
import serdab.catalogue.Standing;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.store.BlobStore;

/// Proves copies on one destination and records what it found. One thread at a time.
public final class Verification {

  private final Destination destination;
  private final String id;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final Drill drill;
  private final Optional<Repair> repair;

  private final Map<String, Proofs.Turn> known = new HashMap<>();
  private final Map<String, Proofs.Turn> knownAt = new HashMap<>();

  /// Listed as they were before the catalogue was recovered.
  private final List<Standing.Seen> seenAgain = new ArrayList<>();

  private final Map<String, List<HeldVersion>> listed = new LinkedHashMap<>();
  private final List<VerifyReport.BadCopy> bad = new ArrayList<>();
  private final List<VerifyReport.BadCopy> repaired = new ArrayList<>();
  private final List<VerifyReport.BadCopy> replaced = new ArrayList<>();

  /// Prepares a verification that only tells; nothing is read yet.
  ///
  /// @param scratch a folder of ours for drills; what a drill writes there it deletes again
  public Verification(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop,
      BlobStore scratch) {
    this(destination, catalogue, clock, progress, stop, scratch, Optional.empty());
  }

  /// Prepares a verification; nothing is read yet.
  ///
  /// @param repair makes copies that are not good again, and sets what is damaged aside; empty when
  ///   nothing is to be changed
  public Verification(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop,
      BlobStore scratch,
      Optional<Repair> repair) {
    this.destination = destination;
    this.id = destination.id().toString();
    this.catalogue = catalogue;
    this.clock = clock;
    this.progress = progress;
    this.stop = stop;
    this.drill = new Drill(destination, scratch, clock, progress);
    this.repair = repair;
  }

  /// One copy, as the destination or the catalogue knows it.
  ///
  /// @param lastTurn the count of its last proof that was deep enough
  private record Candidate(HeldVersion copy, long lastTurn, Instant lastAt) {}

  /// Proves a share of the copies, the ones proven longest ago first. Call it once.
  ///
  /// Copies that only the catalogue knows are asked for each time, whatever the share, and reported
  /// when they are missing or have another length; copies that only the destination knows are
  /// proven like all others and recorded. A good copy that is listed where it is known to be is
  /// opened when it has its turn, and not before. What [Rounds] promises holds for all copies that
  /// are listed.
  ///
  /// @param study only copies of this study; empty means all
  public VerifyReport verify(Depth depth, Share share, Optional<StudyKey> study) {
    boolean inRounds = !share.equals(Share.ALL) && study.isEmpty();
    Optional<Rounds> rounds =
        inRounds ? Optional.of(Rounds.begin(catalogue, id, depth, share)) : Optional.empty();
    recall(depth, study);
    List<Candidate> lost = new ArrayList<>();
    List<Candidate> candidates = new ArrayList<>();
    list(study, inRounds, candidates, lost);
    catalogue.standing().seen(id, seenAgain);
    long unreadable = (long) bad.size() + replaced.size();
    long copies = candidates.size() + lost.size() + unreadable;
    if (copies == 0) {
      bad.add(nothingThere(study)); // Nothing proven must never read as all good.
    }
    candidates.sort(
        Comparator.comparingLong(Candidate::lastTurn)
            .thenComparing(Candidate::lastAt)
            .thenComparing(candidate -> candidate.copy().study())
            .thenComparing(candidate -> candidate.copy().id()));
    long wanted = share.count(candidates.size());
    if (rounds.isPresent()) {
      wanted =
          Math.max(wanted, rounds.get().due(candidates.stream().mapToLong(Candidate::lastTurn)));
    }
    List<Candidate> turns = new ArrayList<>(lost);
    turns.addAll(candidates.subList(0, (int) Math.min(candidates.size(), wanted)));
    progress.planned(turns.size());
    if (depth == Depth.RESTORED) {
      drill.cleanUp();
    }
    long checked = 0;
    long good = 0;
    long converted = 0;
    boolean interrupted = false;
    for (Candidate candidate : turns) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      HeldVersion copy = candidate.copy();
      progress.began(catalogue.label(copy.study()));
      boolean isGood;
      try {
        isGood = check(copy, depth);
      } catch (CarryOver.GivenUp e) {
        interrupted = true;
        break;
      } catch (SerdabException.HeldBack e) {
        if (!stop.getAsBoolean()) {
          throw e;
        }
        interrupted = true;
        break;
      }
      checked++;
      good += isGood ? 1 : 0;
      converted += isGood && copy.isSentConverted() ? 1 : 0;
      progress.ended(catalogue.label(copy.study()), isGood ? "good" : "failed");
    }
    if (!interrupted) {
      rounds.ifPresent(Rounds::end);
    }
    return new VerifyReport(
        copies,
        checked + unreadable,
        good,
        converted,
        bad,
        repaired,
        replaced,
        destination.setAsideCount(),
        interrupted);
  }

  private VerifyReport.BadCopy nothingThere(Optional<StudyKey> study) {
    return new VerifyReport.BadCopy(
        study.map(catalogue::label),
        "",
        study.isPresent()
            ? new Problem(
                "study-not-there",
                "The destination holds no copy of this study.",
                "Check the UID; serdab studies shows which destination has it.")
            : new Problem(
                "no-copies",
                "The destination holds no copies at all, so nothing was proven.",
                "Check that it is the right folder, and run a backup to it first."));
  }

  // ---- what there is

  private void recall(Depth depth, Optional<StudyKey> study) {
    try (Stream<Proofs.Turn> turns = catalogue.proofs().turns(id, depth)) {
      turns
          .filter(turn -> study.isEmpty() || turn.study().equals(study.get()))
          .forEach(turn -> {
            known.put(nameOf(turn.study(), turn.version()), turn);
            knownAt.put(turn.location(), turn);
          });
    }
  }

  private void list(
      Optional<StudyKey> study,
      boolean inRounds,
      List<Candidate> candidates,
      List<Candidate> lost) {
    Set<String> asked = new HashSet<>();
    if (study.isPresent()) {
      for (HeldVersion copy : destination.versions(study.get())) {
        take(copy, inRounds, candidates);
      }
    } else {
      try (Stream<Destination.Listed> held = destination.held(this::believed)) {
        held.forEach(one -> {
          switch (one) {
            case Destination.Listed.Copy readable -> take(readable.version(), inRounds, candidates);
            case Destination.Listed.Unreadable unreadable -> {
              Proofs.Turn turn = knownAt.get(unreadable.location());
              if (turn == null) {
                judgeUnknown(unreadable);
              } else if (asked.add(nameOf(turn.study(), turn.version()))) {
                lost.add(remembered(turn));
              }
            }
          }
        });
      }
    }
    for (Map.Entry<String, Proofs.Turn> row : known.entrySet()) {
      if (row.getValue().shouldBeThere()
          && !listed.containsKey(row.getKey())
          && asked.add(row.getKey())) {
        if (destination.isErased(row.getValue().study())) {
          catalogue.removals().erased(row.getValue().study(), id); // From another machine.
          continue;
        }
        Candidate candidate = remembered(row.getValue());
        HeldVersion copy = candidate.copy();
        if (destination.isRemoved(copy.study(), copy.location())) {
          catalogue
              .removals()
              .removedElsewhere(copy.study(), copy.id(), id, copy.location()); // As above.
        } else {
          lost.add(candidate);
        }
      }
    }
    lost.sort(
        Comparator.comparing((Candidate one) -> one.copy().study())
            .thenComparing(one -> one.copy().id()));
  }

  /// The good copy that is remembered at a place: when it is listed with its length, its own turn
  /// will tell whether it is still that copy. A tree of 130,000 ZIPs is not opened whole for that.
  private Optional<HeldVersion> believed(String location) {
    return Optional.ofNullable(knownAt.get(location))
        .filter(turn -> turn.state().equals("good"))
        .map(turn -> remembered(turn).copy());
  }

  private void take(HeldVersion copy, boolean inRounds, List<Candidate> candidates) {
    String name = nameOf(copy.study(), copy.id());
    listed.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(copy);
    Proofs.Turn turn = known.get(name);
    if (turn != null) {
      if (turn.isUnseen()
          && turn.location().equals(copy.location())
          && turn.storedBytes() == copy.storedBytes()) {
        seenAgain.add(new Standing.Seen(copy.study(), copy.id(), copy.location()));
      }
      candidates.add(new Candidate(copy, turn.lastTurn(), turn.lastAt()));
      return;
    }
    if (!inRounds) {
      candidates.add(new Candidate(copy, 0, Instant.EPOCH));
      return;
    }
    try {
      // Nobody knew of it, so it begins to wait now; else each run would meet it as new.
      Proof listedOnly = new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant());
      Rebuild.remember(destination, copy, listedOnly, catalogue);
      candidates.add(new Candidate(copy, catalogue.proofs().count(), clock.instant()));
    } catch (SerdabException.Damaged e) {
      bad.add(named(copy, e.problem()));
    }
  }

  private static Candidate remembered(Proofs.Turn turn) {
    HeldVersion copy =
        new HeldVersion(
            turn.study(),
            turn.version(),
            turn.location(),
            turn.storedBytes(),
            turn.fileCount(),
            Optional.empty(),
            Optional.empty());
    return new Candidate(copy, turn.lastTurn(), turn.lastAt());
  }

  private static String nameOf(StudyKey study, VersionId version) {
    return study.value() + ' ' + version.hex();
  }

  /// A place where no copy of ours is remembered now: it may be where one was found damaged before
  /// a good one was made beside it.
  private void judgeUnknown(Destination.Listed.Unreadable unreadable) {
    Optional<Proofs.Turn> instead =
        catalogue
            .fact(damagedFact(unreadable.location()))
            .map(known::get)
            .filter(turn -> turn.state().equals("good"));
    if (instead.isPresent()) {
      HeldVersion other = remembered(instead.get()).copy();
      if (destination.prove(other, destination.traits().copiedDepth())
          instanceof ProofOutcome.Proven) {
        putAway(other, unreadable.location(), unreadable.problem());
        return;
      }
    }
    if (!isLeftAlone(unreadable.location())) {
      bad.add(
          new VerifyReport.BadCopy(Optional.empty(), unreadable.location(), unreadable.problem()));
    }
  }

  /// Whether it is a file of another program that was looked into and not adopted, and its study
  /// has a proven copy here by now: then nothing hangs on it.
  private boolean isLeftAlone(String location) {
    return catalogue
        .fact(Catalogue.leftAloneFact(id, location))
        .map(StudyKey::new)
        .filter(study ->
            catalogue.copies(study).stream()
                .anyMatch(copy -> copy.destinationId().equals(id) && copy.isProven()))
        .isPresent();
  }

  private String damagedFact(String location) {
    return "damaged/" + id + "/" + location;
  }

  // ---- proving

  /// Proves one copy and records it; whether it is good now.
  private boolean check(HeldVersion copy, Depth depth) {
    ProofOutcome outcome;
    try {
      outcome = prove(copy, depth);
    } catch (SerdabException.Unavailable e) {
      if (!e.problem().code().startsWith("drill-")) {
        throw e;
      }
      bad.add(named(copy, e.problem())); // Not proven; nothing is known against it either.
      return false;
    }
    return switch (outcome) {
      case ProofOutcome.Proven proven -> {
        rememberGood(copy, proven.proof());
        yield true;
      }
      case ProofOutcome.Bad wrong -> isMended(copy, wrong.problem(), "bad");
      case ProofOutcome.Gone _ ->
          isMended(
              copy,
              new Problem(
                  "copy-gone",
                  "The catalogue remembers a copy that the destination does not hold any more.",
                  "Run the backup again, or make it again from another destination: serdab verify"
                      + " … --repair --from OTHERDEST"),
              "gone");
    };
  }

  private ProofOutcome prove(HeldVersion copy, Depth depth) {
    Depth deepest = destination.traits().deepestProof();
    ProofOutcome outcome = destination.prove(copy, deepest.reaches(depth) ? depth : deepest);
    return depth == Depth.RESTORED && outcome instanceof ProofOutcome.Proven
        ? drill.run(copy)
        : outcome;
  }

  /// A copy is not good: another of its version there takes its place, or is made. Only then is the
  /// damaged one put away.
  private boolean isMended(HeldVersion copy, Problem problem, String state) {
    Optional<HeldVersion> other = provenBeside(copy);
    if (other.isEmpty()) {
      // Recorded first, so that a crash on the way leaves it known as what it is.
      rememberNotGood(copy, state);
      other = repair.flatMap(mender -> mender.makeAgain(copy));
      if (other.isEmpty()) {
        bad.add(named(copy, problem));
        return false;
      }
    }
    putAway(other.get(), copy.location(), problem);
    return true;
  }

  /// Another copy of the same version there, proven now.
  private Optional<HeldVersion> provenBeside(HeldVersion copy) {
    for (HeldVersion other : listed.getOrDefault(nameOf(copy.study(), copy.id()), List.of())) {
      if (!other.location().equals(copy.location())
          && destination.prove(other, destination.traits().copiedDepth())
              instanceof ProofOutcome.Proven proven) {
        Rebuild.remember(destination, other, proven.proof(), catalogue);
        return Optional.of(other);
      }
    }
    return Optional.empty();
  }

  /// @param good a proven copy of the same version
  private void putAway(HeldVersion good, String location, Problem problem) {
    VerifyReport.BadCopy what =
        new VerifyReport.BadCopy(Optional.of(catalogue.label(good.study())), location, problem);
    if (repair.isPresent()) {
      if (!location.equals(good.location())) {
        destination.setAside(location);
      }
      repaired.add(what);
    } else {
      replaced.add(what);
    }
  }

  private VerifyReport.BadCopy named(HeldVersion copy, Problem problem) {
    return new VerifyReport.BadCopy(
        Optional.of(catalogue.label(copy.study())), copy.location(), problem);
  }

  // ---- recording

  private void rememberGood(HeldVersion copy, Proof proof) {
    Proofs.Turn turn = known.get(nameOf(copy.study(), copy.id()));
    if (turn == null) {
      rememberNew(copy, proof);
    } else if (turn.location().equals(copy.location())) {
      // That a damaged copy is still listed is no news.
      boolean saysTooLittle =
          turn.state().equals("bad") && !proof.depth().reaches(destination.traits().copiedDepth());
      if (!saysTooLittle) {
        catalogue.recordProof(copy.study(), copy.id(), id, proof, "good");
      }
    } else if (!isListedAt(copy, turn.location())) {
      Rebuild.remember(destination, copy, proof, catalogue); // Somebody moved it.
    }
  }

  /// A sealed copy that another machine made may be proven INTACT without anybody being able to
  /// read what is in it; then the catalogue learns nothing.
  private void rememberNew(HeldVersion copy, Proof proof) {
    try {
      Rebuild.remember(destination, copy, proof, catalogue);
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("repository-needs-identity")) {
        throw e;
      }
    }
  }

  private void rememberNotGood(HeldVersion copy, String state) {
    Proofs.Turn turn = known.get(nameOf(copy.study(), copy.id()));
    boolean isTheOneRemembered =
        turn != null
            && (turn.location().equals(copy.location()) || !isListedAt(copy, turn.location()));
    if (isTheOneRemembered) {
      Depth depth = state.equals("gone") ? Depth.CLAIMED : Depth.PRESENT;
      catalogue.recordProof(
          copy.study(), copy.id(), id, new Proof(depth, ProofMeans.ASKED, clock.instant()), state);
    }
    if (state.equals("bad")) {
      catalogue.rememberFact(damagedFact(copy.location()), nameOf(copy.study(), copy.id()));
    }
  }

  private boolean isListedAt(HeldVersion copy, String location) {
    return listed.getOrDefault(nameOf(copy.study(), copy.id()), List.of()).stream()
        .anyMatch(other -> other.location().equals(location));
  }
}
