package serdab.cli;

import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.Configuration;
import serdab.plan.NamedPlan;

/// The plans of this installation's configuration, as commands call them.
///
/// @param configuration all of it
record Plans(Configuration configuration) {

  /// Reads the configuration and says what is worth knowing of its file.
  ///
  /// @throws SerdabException.Misconfigured when it is not there or wrong
  static Plans read(Surroundings around) {
    Configuration.Loaded loaded =
        Configuration.load(around.home().configuration(), ZoneId.systemDefault());
    loaded.warnings().forEach(around.terminal()::warn);
    return new Plans(loaded.configuration());
  }

  /// Those that are called by name, in that order, each once; without names those that are enabled.
  ///
  /// @throws SerdabException.Misconfigured when there is none, or none of a name
  List<NamedPlan> called(List<String> names) {
    if (names.isEmpty()) {
      List<NamedPlan> enabled = configuration.plans().stream().filter(NamedPlan::enabled).toList();
      if (enabled.isEmpty()) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "no-plan-enabled",
                "The configuration has no plan that is enabled.",
                configuration.plans().isEmpty()
                    ? "Make one with: serdab init"
                    : "Enable one, or call one by its name: " + known()));
      }
      return enabled;
    }
    List<NamedPlan> called = new ArrayList<>();
    for (String name : new LinkedHashSet<>(names)) {
      called.add(called(name));
    }
    return called;
  }

  /// The plan of this name.
  NamedPlan called(String name) {
    return configuration
        .plan(name)
        .orElseThrow(() ->
            new SerdabException.Misconfigured(
                new Problem(
                    "unknown-plan",
                    "The configuration has no plan of the name " + name + ".",
                    configuration.plans().isEmpty()
                        ? "Make one with: serdab init"
                        : "It has: " + known() + ".")));
  }

  private String known() {
    return configuration.plans().stream().map(NamedPlan::name).collect(Collectors.joining(", "));
  }
}
