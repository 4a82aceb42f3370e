package serdab.cli;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.backup.Reach;

/// Runs the command line in tests: in this process, or as a process of its own that can be killed.
final class CommandLineRun {

  private final Path home;
  private final InstantSource clock;
  private Messages language = Messages.ENGLISH;
  private Map<String, String> environment = Map.of();
  private Optional<String> typed = Optional.empty();

  CommandLineRun(Path home) {
    this(home, InstantSource.system());
  }

  /// With a clock that the test moves; for commands run in this process.
  CommandLineRun(Path home, InstantSource clock) {
    this.home = home;
    this.clock = clock;
  }

  /// For somebody who reads another language; for commands run in this process.
  CommandLineRun speaking(Messages another) {
    CommandLineRun run = same();
    run.language = another;
    return run;
  }

  /// With another variable in the environment; for commands run in this process.
  CommandLineRun with(String variable, String value) {
    CommandLineRun run = same();
    run.environment = new HashMap<>(environment);
    run.environment.put(variable, value);
    return run;
  }

  /// With a person at the terminal, who types this.
  CommandLineRun typing(String lines) {
    CommandLineRun run = same();
    run.typed = Optional.of(lines);
    return run;
  }

  private CommandLineRun same() {
    CommandLineRun run = new CommandLineRun(home, clock);
    run.language = language;
    run.environment = environment;
    run.typed = typed;
    return run;
  }

  /// What a command printed and how it ended.
  record Result(int exitCode, String out, String err) {}

  /// Runs a command in this process.
  Result run(String... args) {
    return runAt(clock, new Reach(), args);
  }

  /// Runs a command in this process at another time, with other volumes around.
  Result runAt(InstantSource at, Reach reach, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        typed
            .map(lines ->
                new Terminal(
                    print(out), print(err), true, new BufferedReader(new StringReader(lines))))
            .orElseGet(() -> new Terminal(print(out), print(err), false))
            .speaking(language);
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("SERDAB_HOME", home.toString());
    variables.put("HOME", home.resolveSibling("user").toString());
    int code =
        Main.run(
            args,
            new Surroundings(terminal, variables, at, System.getProperty("os.name", ""), reach));
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream print(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  /// Starts a command as a process of its own; its output goes to a file beside the home.
  Process start(String... args) throws IOException {
    return start(List.of(), args);
  }

  /// Runs a command as a process whom closed folders stop, also where the tests run as root: then
  /// it is root without the right to pass them.
  Result runWithoutPassingClosedFolders(String... args) throws IOException, InterruptedException {
    List<String> prefix =
        System.getProperty("user.name").equals("root")
            ? List.of("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
            : List.of();
    Process process = start(prefix, args);
    int code = process.waitFor();
    String said = Files.readString(home.resolveSibling("process-output.txt"));
    return new Result(code, said, said);
  }

  private Process start(List<String> prefix, String... args) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:+UseSerialGC");
    command.add("-Xmx512m");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add("serdab.cli.Main");
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SERDAB_HOME", home.toString());
    builder.environment().putIfAbsent("SERDAB_LANG", "en");
    builder.redirectErrorStream(true);
    builder.redirectOutput(home.resolveSibling("process-output.txt").toFile());
    return builder.start();
  }
}
