package serdab.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// Destinations of a plan that a run goes on without: the others get their copies, and the run does
/// not end well. Nothing is known of what they hold, and nothing on them counts as proven.
///
/// @param heldBack why, for those that a safeguard keeps from being used: not connected, or not the
///   right disk
/// @param failing why, for those that are there and do not answer, or fail
public record Absent(List<Problem> heldBack, List<Problem> failing) {

  /// All destinations are there.
  public static final Absent NONE = new Absent(List.of(), List.of());

  public Absent {
    heldBack = List.copyOf(heldBack);
    failing = List.copyOf(failing);
  }

  public boolean isEmpty() {
    return heldBack.isEmpty() && failing.isEmpty();
  }

  /// All the reasons.
  public List<Problem> problems() {
    List<Problem> all = new ArrayList<>(heldBack);
    all.addAll(failing);
    return all;
  }

  /// Gathers what is wrong with destinations, one after another. One thread at a time.
  public static final class Gathering {
    private final List<Problem> heldBack = new ArrayList<>();
    private final List<Problem> failing = new ArrayList<>();
    private Optional<SerdabException> first = Optional.empty();

    /// Does what needs one destination; when that cannot be used now, this is remembered. What is
    /// wrong for ever, such as a wrong configuration, is thrown.
    public void attempt(Runnable use) {
      try {
        use.run();
      } catch (SerdabException.HeldBack e) {
        first = first.or(() -> Optional.of(e));
        heldBack.add(e.problem());
      } catch (SerdabException.Unavailable e) {
        first = first.or(() -> Optional.of(e));
        failing.add(e.problem());
      }
    }

    /// Throws what was wrong first when nothing is left to copy to.
    public void requireAny(List<?> usable) {
      if (usable.isEmpty() && first.isPresent()) {
        throw first.get();
      }
    }

    public Absent absent() {
      return new Absent(heldBack, failing);
    }
  }
}
