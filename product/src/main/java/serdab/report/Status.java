package serdab.report;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;

/// Whether everything is safe, in one sentence first and then plan by plan.
///
/// @param sentence what a person reads first
/// @param safe whether nothing is known that keeps anything from being safe
/// @param reasons why it is not safe, the worst first; empty exactly when it is
/// @param studies studies that plans want, each source counted once
/// @param safeStudies of these: proven wherever they should be
/// @param plans plan by plan
public record Status(
    String sentence,
    boolean safe,
    List<Problem> reasons,
    long studies,
    long safeStudies,
    List<PlanStatus> plans) {

  public Status {
    reasons = List.copyOf(reasons);
    plans = List.copyOf(plans);
  }

  /// Before the first backup.
  public static Status beforeTheFirst() {
    return StatusJudgement.nothing("Nothing was backed up yet.", "Run: serdab backup --help");
  }

  /// One plan over one source.
  ///
  /// @param name its name in the configuration; empty for what was asked for on the command line
  /// @param source the source's identity; its specification when it was never read
  /// @param counts of the studies that the plan wants
  /// @param destinations in the plan's order
  /// @param lastRun the newest run that looked at all of them; empty when there is none
  /// @param lastGood the newest of them that ended well
  /// @param running whether the newest is still under way
  /// @param health how the viewer's library was when looked at last
  /// @param sentConverted studies with instances that a node holds in another transfer syntax
  public record PlanStatus(
      String name,
      String source,
      Safety.Counts counts,
      List<DestinationStatus> destinations,
      Optional<RunRow> lastRun,
      Optional<RunRow> lastGood,
      boolean running,
      Optional<SourceHealthFact> health,
      long sentConverted) {

    public PlanStatus {
      destinations = List.copyOf(destinations);
    }
  }

  /// One destination of a plan.
  ///
  /// @param address where it was used last
  /// @param copies what it holds; its id is empty text when it was never used
  /// @param lastUsedAt when a run used it last
  public record DestinationStatus(
      String address, Safety.OnDestination copies, Optional<Instant> lastUsedAt) {}
}
