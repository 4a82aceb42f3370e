package serdab.cli.service;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// What is run, how often, and as whom.
///
/// @param command the program and its arguments, absolute
/// @param every how often; whole seconds, at least a minute
/// @param user whose rights it has; used where the system runs it without a log-in
/// @param environment what it must find in its environment
/// @param output the file that takes what it prints, absolute
public record Schedule(
    List<String> command,
    Duration every,
    String user,
    Map<String, String> environment,
    Path output) {

  /// The name under which every system knows it.
  public static final String NAME = "serdab-backup";

  /// The same in the reversed form that launchd asks for.
  public static final String LAUNCHD_LABEL = "org.serdab.backup";

  public static final Duration SHORTEST = Duration.ofMinutes(1);

  public Schedule {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
    if (every.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException("a schedule has at least a minute");
    }
  }
}
