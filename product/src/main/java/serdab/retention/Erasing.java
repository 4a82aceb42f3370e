package serdab.retention;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.destination.repository.RepositoryDestination;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// Erases a study from a repository on a person's word, so that nobody can ever read it there. One
/// thread at a time.
///
/// No rule asks for this and none forbids it; a hold does. Everything is as for a pruning: planned
/// first, confirmed by a person, written into a certificate before anything goes and after.
public final class Erasing {

  private final RepositoryDestination repository;
  private final Catalogue catalogue;

  /// @param repository opened with the identity when others share bytes with the study
  public Erasing(RepositoryDestination repository, Catalogue catalogue) {
    this.repository = repository;
    this.catalogue = catalogue;
  }

  /// What is to be erased.
  ///
  /// @param copies versions of the study that are held; none when an erasure was begun before and
  ///   not ended
  /// @param sharing how many other studies share stored bytes with it; they keep them
  /// @param elsewhere proven copies of the study on other destinations, which stay
  /// @param whenPlaceLetsGo whether it takes effect only when the place lets go of what it locks
  public record Plan(
      StudyKey study,
      List<HeldVersion> copies,
      int sharing,
      List<CopyRow> elsewhere,
      boolean whenPlaceLetsGo) {

    public Plan {
      copies = List.copyOf(copies);
      elsewhere = List.copyOf(elsewhere);
    }

    /// The room that the copies took when they were made; what others share of it stays taken.
    public long storedBytes() {
      return copies.stream().mapToLong(HeldVersion::storedBytes).sum();
    }
  }

  /// Finds out what is to be erased. Only reads.
  ///
  /// @throws SerdabException.HeldBack `erase-held` when a hold stands on the study, `hold-damaged`
  ///   when nobody knows what a hold beside the copies holds
  /// @throws SerdabException.Refused `repository-group-unknown`, `repository-needs-identity`,
  ///   `repository-no-prune`
  public Plan plan(StudyKey study) {
    requireNoHold(study);
    RepositoryDestination.Erasing found = repository.planErasing(study);
    if (found.needsIdentity()) {
      throw new SerdabException.Refused(
          new Problem(
              "repository-needs-identity",
              "Other studies share bytes with this one, and only the identity opens them.",
              "Give it with --identity FILE, or its passphrase. Nothing was changed."));
    }
    String here = repository.id().toString();
    return new Plan(
        study,
        found.versions(),
        found.sharing().size(),
        catalogue.copies(study).stream()
            .filter(copy -> !copy.destinationId().equals(here) && copy.isProven())
            .toList(),
        found.whenPlaceLetsGo());
  }

  /// Erases what was planned. Killed at any step, it is ended by planning and calling it again.
  ///
  /// @param setting whose destination is this repository
  /// @param reason one sentence for people, without patient data; it stands in the repository
  /// @param told is told how many bytes were written for studies that share with it
  /// @throws SerdabException as [#plan]: a hold that came meanwhile counts
  public PruneReport carryOut(
      Plan plan, Prune.Setting setting, String reason, Consumer<Long> told) {
    requireNoHold(plan.study());
    List<String> rules = List.of("erased for good on a person's word: " + reason);
    PruneReport report =
        new Prune(setting)
            .destroy(
                rules, plan.copies(), () -> told.accept(repository.erase(plan.study(), reason)));
    catalogue.removals().erased(plan.study(), repository.id().toString());
    return report;
  }

  private void requireNoHold(StudyKey study) {
    new HoldPapers(catalogue).require(repository);
    List<Reason> holds = HoldMatch.of(study, known(study), catalogue.holds().standing());
    if (!holds.isEmpty()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "erase-held",
              "The study is not erased: "
                  + String.join(", ", holds.stream().map(Reason::text).toList())
                  + " stands on it.",
              "See it with: serdab hold list. Nothing was changed."));
    }
  }

  /// What the catalogue and the copies say of the study; what nobody knows counts as held.
  private List<StudyFacts> known(StudyKey study) {
    List<StudyFacts> facts =
        new ArrayList<>(catalogue.standing().rows(study).stream().map(StudyRow::facts).toList());
    for (HeldVersion copy : repository.versions(study)) {
      try (VersionReader reader = repository.read(copy)) {
        facts.add(reader.version().facts());
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        // It says nothing.
      }
    }
    return facts;
  }

  /// The study that a person named by the label of its copies; empty when nobody knows it.
  public Optional<StudyKey> byLabel(String label) {
    Optional<StudyKey> known = catalogue.byLabel(label).map(row -> row.facts().key());
    if (known.isPresent()) {
      return known;
    }
    try (var held = repository.held()) {
      return held.flatMap(each ->
              each instanceof serdab.destination.Destination.Listed.Copy copy
                  ? java.util.stream.Stream.of(copy.version().study())
                  : java.util.stream.Stream.empty())
          .filter(study -> catalogue.label(study).value().equals(label))
          .findFirst();
    }
  }
}
