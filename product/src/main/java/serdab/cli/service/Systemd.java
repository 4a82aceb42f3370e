package serdab.cli.service;

import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The two units of a systemd timer on Linux.
///
/// As units of the system they name the user and run without a log-in; as a user's own they do so
/// once lingering is enabled for the user.
public final class Systemd {

  /// Keeps the machine awake while it runs, as far as the user may ask for that.
  private static final List<String> AWAKE =
      List.of(
          "/usr/bin/systemd-inhibit",
          "--what=sleep:idle",
          "--who=Serdab",
          "--why=A backup is running",
          "--mode=block");

  private Systemd() {}

  /// The unit that runs once.
  ///
  /// @param system whether it is for `/etc/systemd/system`, which names the user
  /// @param inhibit whether to ask that the machine stays awake; refused without a log-in on many
  ///   systems, where a user's own units then would not run at all
  public static String service(Schedule schedule, boolean system, boolean inhibit) {
    StringBuilder unit = new StringBuilder();
    unit.append("[Unit]\n")
        .append("Description=Backup of medical images\n")
        .append("Documentation=man:systemd.timer(5)\n")
        .append("\n[Service]\n")
        .append("Type=oneshot\n");
    if (system) {
      unit.append("User=").append(schedule.user()).append('\n');
    }
    new TreeMap<>(schedule.environment())
        .forEach((name, value) ->
            unit.append("Environment=").append(assignment(name + "=" + value)).append('\n'));
    String command =
        schedule.command().stream().map(Systemd::quoted).collect(Collectors.joining(" "));
    String awake = AWAKE.stream().map(Systemd::quoted).collect(Collectors.joining(" "));
    unit.append("ExecStart=").append(inhibit ? awake + " " + command : command).append('\n');
    unit.append("StandardOutput=append:").append(path(schedule.output().toString())).append('\n');
    unit.append("StandardError=inherit\n")
        .append("Nice=10\n")
        .append("IOSchedulingClass=idle\n")
        .append("CPUSchedulingPolicy=batch\n")
        // Exit codes that mean "not now" or "not everything": the run has told so itself.
        .append("SuccessExitStatus=3 4 130 143\n")
        // A run that is stopped ends the study at hand first.
        .append("TimeoutStopSec=300\n");
    return unit.toString();
  }

  /// The unit that says when.
  public static String timer(Schedule schedule) {
    return """
    [Unit]
    Description=When medical images are backed up

    [Timer]
    OnBootSec=2min
    OnUnitInactiveSec=%ds
    AccuracySec=30s
    Unit=%s.service

    [Install]
    WantedBy=timers.target
    """
        .formatted(schedule.every().toSeconds(), Schedule.NAME);
  }

  /// One word of a command line (systemd.service(5), Command lines): there a dollar sign begins a
  /// variable.
  private static String quoted(String word) {
    return assignment(word).replace("$", "$$");
  }

  /// One quoted word (systemd.syntax(7), Quoting), specifiers standing for nothing.
  private static String assignment(String word) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '%' -> quoted.append("%%");
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  /// A path after `append:`, which is taken as it is but for specifiers.
  private static String path(String path) {
    return path.replace("%", "%%");
  }
}
