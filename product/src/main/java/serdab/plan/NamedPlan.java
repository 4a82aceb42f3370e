package serdab.plan;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A plan of the configuration: one backup plan for each of its sources, alike but for that.
///
/// @param name by which commands call it
/// @param enabled whether it runs when no plan is called by name
/// @param plans one per source, in the order of the configuration, each with this name; at least
///   one
/// @param every how often a schedule shall start it
public record NamedPlan(
    String name, boolean enabled, List<BackupPlan> plans, Optional<Duration> every) {

  public NamedPlan {
    plans = List.copyOf(plans);
  }

  /// A plan with the settings of a backup plan, under its name.
  public static NamedPlan of(BackupPlan plan) {
    return new NamedPlan(plan.name(), true, List.of(plan), Optional.empty());
  }

  public List<String> sources() {
    return plans.stream().map(BackupPlan::source).toList();
  }

  public List<String> destinations() {
    return plans.getFirst().destinations();
  }
}
