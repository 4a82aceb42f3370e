package serdab.retention;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.Depth;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.dicom.StudyKey;

/// Thins the copies of a viewer's index on one destination, as [IndexThinning] says. No copy of a
/// study is ever touched. One thread at a time.
///
/// A copy that no run of this catalogue made, or that is not proven, neither goes nor counts, and a
/// group that a person holds by its name keeps them all. Every removal is written down before it is
/// done, beside those that people asked for.
public final class IndexCopies {

  /// The share of a destination that copies of an index may take.
  static final double BUDGET_SHARE = 0.02;

  private static final String INDEX = "index";
  private static final String DAMAGED = "index-damaged";
  private static final String RULES = "24 hourly, 30 daily, 12 monthly, 2 % of the destination";
  private static final String AUTHOR = "thinning of index copies";

  private static final String ACT = "index-";

  private final Catalogue catalogue;
  private final InstantSource clock;
  private final String worker;

  /// @param worker which machine and process this is
  public IndexCopies(Catalogue catalogue, InstantSource clock, String worker) {
    this.catalogue = catalogue;
    this.clock = clock;
    this.worker = worker;
  }

  /// A copy that would go.
  ///
  /// @param readAt when the index was copied
  public record Leaving(HeldVersion copy, Instant readAt, String reason) {}

  /// Which copies would go; reads only.
  ///
  /// @param library the library's name in keys
  public List<Leaving> plan(Destination destination, String library) {
    OptionalLong total = destination.totalBytes();
    return plan(
        destination,
        library,
        total.isPresent()
            ? OptionalLong.of((long) (total.getAsLong() * BUDGET_SHARE))
            : OptionalLong.empty());
  }

  List<Leaving> plan(Destination destination, String library, OptionalLong budgetBytes) {
    String here = destination.id().toString();
    Map<String, HeldVersion> copies = new HashMap<>();
    List<IndexThinning.Version> versions = new ArrayList<>();
    for (String group : List.of(INDEX, DAMAGED)) {
      StudyKey key = StudyKey.library(library, group);
      if (isHeld(key)) {
        continue;
      }
      List<CopyRow> known = catalogue.copies(key);
      for (HeldVersion held : destination.versions(key)) {
        Optional<Instant> readAt = catalogue.version(key, held.id()).map(VersionRow::readAt);
        boolean proven =
            known.stream()
                .anyMatch(copy ->
                    copy.destinationId().equals(here)
                        && copy.version().equals(held.id())
                        && copy.location().equals(held.location())
                        && copy.isProven()
                        // What no run of ours made may be of a library of this name elsewhere.
                        && copy.runId() > 0);
        // One of a time that has not come yet was read under a clock that was wrong: it may be
        // older
        // than the others, so it neither goes nor takes the place of any.
        boolean dated = readAt.filter(at -> !at.isAfter(clock.instant())).isPresent();
        if (readAt.isPresent() && dated && proven) {
          copies.put(held.location(), held);
          versions.add(
              new IndexThinning.Version(
                  held.location(), readAt.get(), held.storedBytes(), group.equals(INDEX)));
        }
      }
    }
    List<Leaving> leaving = new ArrayList<>();
    for (IndexThinning.Verdict verdict : IndexThinning.judge(versions, budgetBytes)) {
      HeldVersion copy = copies.get(verdict.version().id());
      if (!verdict.keep() && copy != null) {
        leaving.add(new Leaving(copy, verdict.version().at(), verdict.reason()));
      }
    }
    return List.copyOf(leaving);
  }

  private boolean isHeld(StudyKey key) {
    return catalogue.holds().standing().stream()
        .anyMatch(hold -> hold.study().filter(key::equals).isPresent());
  }

  /// Removes what [#plan] says; nothing while retention is frozen.
  ///
  /// @return what was removed
  public List<Leaving> thin(Destination destination, String library) {
    finishBegun(destination);
    return Freeze.of(catalogue, destination.id().toString()).isPresent()
        ? List.of()
        : remove(destination, plan(destination, library));
  }

  /// What a run that was killed had removed and not recorded must not be missed as lost.
  private void finishBegun(Destination destination) {
    Removals removals = catalogue.removals();
    for (Removals.CertificateRow act : removals.certificates(destination.id().toString())) {
      if (act.endedAt().isPresent() || !act.id().startsWith(ACT)) {
        continue;
      }
      for (RemovalRow row : removals.of(act.id())) {
        if (row.state().equals("intended")) {
          if (isThere(destination, row)) {
            removals.kept(act.id(), row, "Not removed: the run that meant to was cut short.");
          } else {
            removals.removed(act.id(), row, "Found gone afterwards: the run was cut short.");
          }
        }
      }
      removals.ended(act.id(), "");
    }
  }

  private static boolean isThere(Destination destination, RemovalRow row) {
    HeldVersion copy =
        new HeldVersion(
            row.study(),
            row.version(),
            row.location(),
            row.storedBytes(),
            row.fileCount(),
            Optional.empty(),
            Optional.empty());
    return !(destination.prove(copy, Depth.PRESENT) instanceof ProofOutcome.Gone);
  }

  List<Leaving> remove(Destination destination, List<Leaving> leaving) {
    if (leaving.isEmpty()) {
      return List.of();
    }
    String here = destination.id().toString();
    Removals removals = catalogue.removals();
    List<RemovalRow> rows = new ArrayList<>();
    for (Leaving each : leaving) {
      rows.add(
          new RemovalRow(
              rows.size(),
              each.copy().study(),
              each.copy().id(),
              here,
              each.copy().location(),
              each.copy().storedBytes(),
              each.copy().fileCount(),
              false,
              List.of(each.reason()),
              "intended",
              ""));
    }
    String act = ACT + removals.nextNumber();
    removals.intend(
        new Removals.CertificateRow(
            act, here, "", RULES, AUTHOR, worker, clock.instant(), Optional.empty(), ""),
        rows);
    List<Leaving> gone = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      try {
        removals.going(rows.get(i));
        if (destination.remove(leaving.get(i).copy())) {
          gone.add(leaving.get(i));
        }
        removals.removed(act, rows.get(i), "");
      } catch (SerdabException.Refused | SerdabException.Damaged e) {
        removals.kept(act, rows.get(i), e.problem().what());
      }
    }
    removals.ended(act, "");
    return List.copyOf(gone);
  }
}
