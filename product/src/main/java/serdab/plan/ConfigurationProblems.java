package serdab.plan;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlPosition;

/// Collects what is wrong in a configuration, so that a person hears of all of it at once.
final class ConfigurationProblems {

  /// Nobody reads more; what follows is mostly a consequence.
  static final int SHOWN_MAX = 50;

  private final Set<ConfigurationProblem> all = new TreeSet<>();
  private final Set<ConfigurationProblem> missing = new TreeSet<>();
  private final Set<ConfigurationProblem> syntax = new TreeSet<>();

  void add(@Nullable TomlPosition at, String what) {
    all.add(problem(at, what));
  }

  /// Something that ought to stand there and does not.
  void missing(@Nullable TomlPosition at, String what) {
    ConfigurationProblem problem = problem(at, what);
    all.add(problem);
    missing.add(problem);
  }

  /// A line that is no TOML at all.
  void syntax(@Nullable TomlPosition at, String what) {
    ConfigurationProblem problem = problem(at, what);
    all.add(problem);
    syntax.add(problem);
  }

  private static ConfigurationProblem problem(@Nullable TomlPosition at, String what) {
    return at == null
        ? new ConfigurationProblem(1, 1, what)
        : new ConfigurationProblem(at.line(), at.column(), what);
  }

  /// All problems in the order of the file. A line that could not be read may be the one that seems
  /// to be missing, so then nothing is called missing.
  List<ConfigurationProblem> inOrder() {
    if (syntax.isEmpty()) {
      return List.copyOf(all);
    }
    Set<Integer> broken =
        syntax.stream().map(ConfigurationProblem::line).collect(Collectors.toSet());
    return all.stream()
        .filter(problem -> !missing.contains(problem))
        .filter(problem -> syntax.contains(problem) || !broken.contains(problem.line()))
        .toList();
  }
}
