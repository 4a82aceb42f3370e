package serdab.restore;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.store.BlobStore;

/// Proves copies on one destination and records what it found. One thread at a time.
public final class Verification {

  private static final String DRILL = "drill";

  private final Destination destination;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final BlobStore scratch;

  /// Prepares a verification; nothing is read yet.
  ///
  /// @param scratch a folder of ours for drills; what a drill writes there it deletes again
  public Verification(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop,
      BlobStore scratch) {
    this.destination = destination;
    this.catalogue = catalogue;
    this.clock = clock;
    this.progress = progress;
    this.stop = stop;
    this.scratch = scratch;
  }

  /// One copy, as the destination or the catalogue knows it.
  private record Candidate(HeldVersion copy, Instant provenAt, boolean listed) {}

  /// Proves a share of the copies, the ones proven longest ago first.
  ///
  /// Copies that only the catalogue knows are missing and reported; copies that only the
  /// destination knows are proven like all others and recorded.
  ///
  /// @param study only copies of this study; empty means all
  public VerifyReport verify(Depth depth, Share share, Optional<StudyKey> study) {
    List<VerifyReport.BadCopy> bad = new ArrayList<>();
    List<Candidate> candidates = candidates(study, bad);
    long unreadable = bad.size();
    if (candidates.isEmpty() && bad.isEmpty()) {
      bad.add(nothingThere(study)); // Nothing proven must never read as all good.
    }
    candidates.sort(
        Comparator.comparing(Candidate::provenAt)
            .thenComparing(candidate -> candidate.copy().study())
            .thenComparing(candidate -> candidate.copy().id()));
    long turns = Math.min(candidates.size(), share.count(candidates.size()));
    progress.planned(turns);
    long checked = 0;
    long good = 0;
    boolean interrupted = false;
    for (Candidate candidate : candidates) {
      if (checked == turns) {
        break;
      }
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      HeldVersion copy = candidate.copy();
      progress.began(catalogue.label(copy.study()));
      Optional<Problem> problem = check(candidate, depth);
      checked++;
      if (problem.isEmpty()) {
        good++;
      } else {
        bad.add(
            new VerifyReport.BadCopy(
                Optional.of(catalogue.label(copy.study())), copy.location(), problem.get()));
      }
      progress.ended(catalogue.label(copy.study()), problem.isEmpty() ? "good" : "failed");
    }
    return new VerifyReport(
        candidates.size() + unreadable, checked + unreadable, good, bad, interrupted);
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

  private List<Candidate> candidates(Optional<StudyKey> study, List<VerifyReport.BadCopy> bad) {
    List<Candidate> candidates = new ArrayList<>();
    String id = destination.id().toString();
    if (study.isPresent()) {
      for (HeldVersion copy : destination.versions(study.get())) {
        candidates.add(new Candidate(copy, provenAt(copy, id), true));
      }
      for (CopyRow row : catalogue.copies(study.get())) {
        if (row.destinationId().equals(id) && row.shouldBeThere()) {
          addIfUnlisted(row, candidates);
        }
      }
      return candidates;
    }
    try (Stream<Destination.Listed> held = destination.held()) {
      held.forEach(listed -> {
        switch (listed) {
          case Destination.Listed.Copy readable ->
              candidates.add(
                  new Candidate(readable.version(), provenAt(readable.version(), id), true));
          case Destination.Listed.Unreadable unreadable ->
              bad.add(
                  new VerifyReport.BadCopy(
                      Optional.empty(), unreadable.location(), unreadable.problem()));
        }
      });
    }
    java.util.Set<String> listed = new java.util.HashSet<>();
    for (Candidate candidate : candidates) {
      listed.add(nameOf(candidate.copy().study(), candidate.copy().id()));
    }
    try (Stream<CopyRow> rows = catalogue.copiesOn(id)) {
      rows.filter(CopyRow::shouldBeThere)
          .filter(row -> !listed.contains(nameOf(row.study(), row.version())))
          .forEach(row -> candidates.add(unlisted(row)));
    }
    return candidates;
  }

  private static String nameOf(StudyKey study, VersionId version) {
    return study.value() + ' ' + version.hex();
  }

  private static void addIfUnlisted(CopyRow row, List<Candidate> candidates) {
    boolean listed =
        candidates.stream().anyMatch(candidate -> candidate.copy().id().equals(row.version()));
    if (!listed) {
      candidates.add(unlisted(row));
    }
  }

  private static Candidate unlisted(CopyRow row) {
    HeldVersion copy =
        new HeldVersion(
            row.study(),
            row.version(),
            row.location(),
            row.storedBytes(),
            row.fileCount(),
            Optional.empty(),
            Optional.empty());
    return new Candidate(copy, row.proof().at(), false);
  }

  private Instant provenAt(HeldVersion copy, String destinationId) {
    return catalogue.copies(copy.study()).stream()
        .filter(row -> row.destinationId().equals(destinationId))
        .filter(row -> row.version().equals(copy.id()))
        .map(row -> row.proof().at())
        .findFirst()
        .orElse(Instant.EPOCH);
  }

  /// Proves one copy and records it; gives what is wrong with it.
  private Optional<Problem> check(Candidate candidate, Depth depth) {
    HeldVersion copy = candidate.copy();
    String id = destination.id().toString();
    if (!candidate.listed()) {
      Problem gone =
          new Problem(
              "copy-gone",
              "The catalogue remembers a copy that the destination does not hold any more.",
              "Run the backup again: it makes a new copy.");
      catalogue.recordProof(
          copy.study(),
          copy.id(),
          id,
          new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()),
          "gone");
      return Optional.of(gone);
    }
    ProofOutcome outcome = prove(copy, depth);
    return switch (outcome) {
      case ProofOutcome.Proven proven -> {
        remember(copy, proven.proof(), "good");
        yield Optional.empty();
      }
      case ProofOutcome.Bad wrong -> {
        remember(copy, new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant()), "bad");
        yield Optional.of(wrong.problem());
      }
      case ProofOutcome.Gone gone -> {
        remember(copy, new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()), "gone");
        yield Optional.of(gone.problem());
      }
    };
  }

  private ProofOutcome prove(HeldVersion copy, Depth depth) {
    if (depth != Depth.RESTORED) {
      Depth reachable =
          destination.traits().deepestProof().reaches(depth)
              ? depth
              : destination.traits().deepestProof();
      return destination.prove(copy, reachable);
    }
    ProofOutcome before = destination.prove(copy, destination.traits().deepestProof());
    return before instanceof ProofOutcome.Proven ? drill(copy) : before;
  }

  /// Brings the copy back to a scratch folder, compares every file with the manifest, and throws it
  /// away.
  private ProofOutcome drill(HeldVersion copy) {
    try (VersionReader reader = destination.read(copy)) {
      FolderTarget folder = new FolderTarget(scratch);
      for (StoredFile file : reader.version().files()) {
        folder.delete(DRILL, file);
        try {
          folder.write(DRILL, file, reader.open(file), progress);
          folder.compare(DRILL, file);
        } finally {
          folder.delete(DRILL, file);
        }
      }
      return new ProofOutcome.Proven(
          new Proof(Depth.RESTORED, ProofMeans.THROUGH_CACHE, clock.instant()));
    } catch (SerdabException.Damaged e) {
      return new ProofOutcome.Bad(e.problem());
    }
  }

  private void remember(HeldVersion copy, Proof proof, String state) {
    String id = destination.id().toString();
    Optional<CopyRow> known =
        catalogue.copies(copy.study()).stream()
            .filter(row -> row.destinationId().equals(id) && row.version().equals(copy.id()))
            .findFirst();
    if (known.isPresent()) {
      // That it is still listed says less than the proof that it has, and takes nothing from it.
      boolean saysLess =
          state.equals("good")
              && known.get().isProven()
              && !proof.depth().reaches(destination.traits().copiedDepth());
      if (!saysLess) {
        catalogue.recordProof(copy.study(), copy.id(), id, proof, state);
      }
    } else if (state.equals("good")) {
      Rebuild.remember(destination, copy, proof, catalogue);
    }
  }
}
