package serdab.retention;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.destination.Destination;
import serdab.destination.SideFiles;
import serdab.dicom.StudyKey;

/// Holds as they lie beside the copies: a catalogue can be lost, and what a person said must not be
/// lost with it. Papers are only ever added. One thread at a time.
public final class HoldPapers {

  private static final String PREFIX = "hold-";

  private static final Pattern NAME = Pattern.compile("hold-([0-9a-f]{16})(-released)?\\.json");

  private final Catalogue catalogue;

  public HoldPapers(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  /// What came of looking at a destination's papers.
  ///
  /// @param placed how many holds the catalogue did not know
  /// @param released how many releases it did not know
  /// @param problems papers that nobody can read
  public record Brought(int placed, int released, List<Problem> problems) {

    public Brought {
      problems = List.copyOf(problems);
    }
  }

  /// Leaves every hold and release that a destination lacks beside its copies. A destination that
  /// keeps no files beside its studies gets nothing.
  ///
  /// @return how many papers it got
  /// @throws SerdabException when the destination fails; what was left before stays
  public int leave(Destination destination) {
    List<HoldRow> holds = catalogue.holds().all();
    Optional<SideFiles> beside = destination.beside(Prune.FOLDER);
    if (holds.isEmpty() || beside.isEmpty()) {
      return 0;
    }
    Set<String> there = new HashSet<>(beside.get().names(PREFIX));
    int left = 0;
    for (HoldRow hold : holds) {
      String id = catalogue.holds().paperOf(hold, catalogue.installation());
      left += leave(destination, beside.get(), there, name(id, false), hold, id, false);
      if (hold.release().isPresent()) {
        left += leave(destination, beside.get(), there, name(id, true), hold, id, true);
      }
    }
    return left;
  }

  private int leave(
      Destination destination,
      SideFiles beside,
      Set<String> there,
      String name,
      HoldRow hold,
      String id,
      boolean withRelease) {
    if (there.contains(name)) {
      return 0;
    }
    HoldPaper all = HoldPaper.of(id, hold, withRelease);
    HoldPaper paper = destination.hidesPatients() ? all.hidden(locations(destination, hold)) : all;
    try {
      beside.write(name, out -> out.write(paper.json()));
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("blob-exists")) {
        throw e;
      }
      return 0; // Another process was faster.
    }
    return 1;
  }

  /// What is already said by the names of the copies themselves.
  private List<String> locations(Destination destination, HoldRow hold) {
    String here = destination.id().toString();
    return hold.study().stream()
        .flatMap(study -> catalogue.copies(study).stream())
        .filter(copy -> copy.destinationId().equals(here) && copy.shouldBeThere())
        .map(CopyRow::location)
        .sorted()
        .toList();
  }

  private static String name(String id, boolean released) {
    return PREFIX + id + (released ? "-released" : "") + ".json";
  }

  /// Brings what lies beside the copies into the catalogue, as far as it does not know it: from
  /// then on it counts as if it had been placed here.
  ///
  /// @throws SerdabException when the destination or the catalogue fails
  public Brought bringBack(Destination destination) {
    Optional<SideFiles> beside = destination.beside(Prune.FOLDER);
    if (beside.isEmpty()) {
      return new Brought(0, 0, List.of());
    }
    Map<String, HoldRow> known = new HashMap<>();
    for (HoldRow hold : catalogue.holds().all()) {
      known.put(catalogue.holds().paperOf(hold, catalogue.installation()), hold);
    }
    int placed = 0;
    int released = 0;
    List<Problem> problems = new ArrayList<>();
    // By name: a hold comes before its release.
    for (String name : beside.get().names(PREFIX).stream().sorted(BY_HOLD).toList()) {
      Matcher matcher = NAME.matcher(name);
      if (!matcher.matches()) {
        continue;
      }
      String id = matcher.group(1);
      boolean isRelease = matcher.group(2) != null;
      HoldRow hold = known.get(id);
      if (hold != null && (!isRelease || hold.release().isPresent())) {
        continue;
      }
      try {
        HoldPaper paper = paper(destination, beside.get(), name, id);
        if (hold == null) {
          HoldRow found = paper.hold(study(destination, paper));
          long number = catalogue.holds().bringBack(id, found);
          placed++;
          released += found.release().isPresent() ? 1 : 0;
          known.put(id, withId(found, number));
        } else if (paper.release().isPresent()) {
          catalogue
              .holds()
              .bringBackRelease(hold.id(), paper.hold(Optional.empty()).release().orElseThrow());
          released++;
        }
      } catch (SerdabException.Damaged e) {
        problems.add(e.problem());
      }
    }
    return new Brought(placed, released, problems);
  }

  /// As [#bringBack], before anything is removed there.
  ///
  /// @throws SerdabException.HeldBack when a paper cannot be read: it may hold anything
  public void require(Destination destination) {
    List<Problem> problems = bringBack(destination).problems();
    if (!problems.isEmpty()) {
      throw new SerdabException.HeldBack(problems.getFirst());
    }
  }

  private static final java.util.Comparator<String> BY_HOLD =
      java.util.Comparator.comparing((String name) -> name.replace("-released", "~"));

  private static HoldPaper paper(
      Destination destination, SideFiles beside, String name, String id) {
    String where = destination.describe() + "/" + Prune.FOLDER + "/" + name;
    HoldPaper paper = HoldPaper.read(beside.document(name).orElse(new byte[0]), where);
    // A paper under another's name would hide that one.
    return paper.id().equals(id) ? paper : HoldPaper.read(new byte[0], where);
  }

  private static HoldRow withId(HoldRow hold, long id) {
    return new HoldRow(
        id,
        hold.study(),
        hold.patientId(),
        hold.dates(),
        hold.reason(),
        hold.author(),
        hold.madeAt(),
        hold.release());
  }

  /// The study that a paper names by its copies alone.
  private static Optional<StudyKey> study(Destination destination, HoldPaper paper) {
    if (!paper.isHiddenStudy() || paper.copies().isEmpty()) {
      return Optional.empty();
    }
    Set<String> locations = Set.copyOf(paper.copies());
    try (Stream<Destination.Listed> held = destination.held()) {
      Set<StudyKey> found = new HashSet<>();
      held.forEach(one -> {
        if (one instanceof Destination.Listed.Copy(var copy)
            && locations.contains(copy.location())) {
          found.add(copy.study());
        }
      });
      return found.size() == 1 ? Optional.of(found.iterator().next()) : Optional.empty();
    }
  }
}
