package serdab.destination;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongPredicate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;

/// Makes a lost or damaged copy again from what other destinations hold. Nothing is done to the
/// damaged one: whoever calls this records the new copy first. One thread at a time.
public final class Remake {

  private final CarryOver carry;
  private final Function<StudyKey, StudyLabel> label;
  private final List<Problem> problems = new ArrayList<>();

  /// @param carry copies bytes, and is told when to stop
  /// @param label how messages name a study
  public Remake(CarryOver carry, Function<StudyKey, StudyLabel> label) {
    this.carry = carry;
    this.label = label;
  }

  /// A copy that was made, and proven.
  ///
  /// @param version all that it holds
  /// @param from where it was read
  public record Made(HeldVersion copy, StudyVersion version, Destination from) {}

  /// Why copies on other destinations were no help.
  public List<Problem> problems() {
    return List.copyOf(problems);
  }

  /// Makes a copy of this version again; empty when no other destination holds a good one, or there
  /// is no room.
  ///
  /// @param others the destinations to copy from, the best first
  /// @param to where it was lost, opened for writing
  /// @param hasRoom asked before anything is written, with the length in bytes of all files
  /// @throws SerdabException when the destination that is written to fails, or another while it is
  ///   read
  /// @throws CarryOver.GivenUp when it was asked to stop
  public Optional<Made> make(
      HeldVersion lost, List<Destination> others, Destination to, LongPredicate hasRoom) {
    for (Destination other : others) {
      Optional<HeldVersion> held = find(other, lost);
      if (held.isEmpty()) {
        continue;
      }
      try (VersionReader reader = other.read(held.get())) {
        CarryOver.requireManifest(reader.version());
        if (!hasRoom.test(reader.version().lengthBytes())) {
          return Optional.empty();
        }
        return Optional.of(new Made(carry.copy(reader, to), reader.version(), other));
      } catch (SerdabException.Damaged e) {
        problems.add(
            new Problem(
                "other-copy-damaged",
                "The copy of study "
                    + label.apply(lost.study())
                    + " on "
                    + other.describe()
                    + " is no help: "
                    + e.problem().what(),
                "Prove that destination with: serdab verify"));
      }
    }
    return Optional.empty();
  }

  private Optional<HeldVersion> find(Destination other, HeldVersion lost) {
    try {
      return other.find(lost.study(), lost.id());
    } catch (SerdabException.Unavailable e) {
      if (!problems.contains(e.problem())) {
        problems.add(e.problem());
      }
      return Optional.empty();
    }
  }
}
