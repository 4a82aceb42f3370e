package serdab.cli;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.cli.service.Launchd;
import serdab.cli.service.Schedule;
import serdab.cli.service.Systemd;
import serdab.cli.service.TaskScheduler;

/// `serdab service`: backups that run by themselves.
@Command(
    name = "service",
    mixinStandardHelpOptions = true,
    header = "Runs backups by themselves: launchd, systemd or the Windows scheduler.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ServiceCommand.InstallCommand.class,
      ServiceCommand.UninstallCommand.class,
      ServiceCommand.ServiceStatusCommand.class
    },
    footer = {"", "Example:", "  serdab service install --every 10m"})
final class ServiceCommand implements Runnable {

  private static final int PROGRAM_SECONDS_MAX = 60;
  private static final int OUTPUT_BYTES_MAX = 1 << 16;

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  ServiceCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }

  /// Where a system keeps what we install, and how it is told of it.
  private enum Kind {
    LAUNCHD,
    SYSTEMD,
    WINDOWS;

    static Kind here(Surroundings around) {
      String os = around.osName().toLowerCase(Locale.ROOT);
      return os.contains("mac") ? LAUNCHD : os.contains("win") ? WINDOWS : SYSTEMD;
    }
  }

  /// Files to write, and programs that take notice of them.
  ///
  /// @param files by path, in the order of their names
  /// @param start what makes the system run them
  /// @param stop what makes it forget them
  /// @param ask what tells whether it knows them
  /// @param byHand what a person must do besides
  record Setup(
      Map<Path, byte[]> files,
      List<List<String>> start,
      List<List<String>> stop,
      List<String> ask,
      List<String> byHand) {}

  private static Setup setup(Surroundings around, Schedule schedule, boolean system) {
    return switch (Kind.here(around)) {
      case LAUNCHD -> launchd(around, schedule, system);
      case SYSTEMD -> systemd(around, schedule, system);
      case WINDOWS -> windows(around, schedule);
    };
  }

  private static Setup launchd(Surroundings around, Schedule schedule, boolean system) {
    String file = Schedule.LAUNCHD_LABEL + ".plist";
    Path path =
        system
            ? Path.of("/Library/LaunchDaemons", file)
            : user(around).resolve("Library/LaunchAgents").resolve(file);
    String domain = system ? "system" : "gui/" + around.environment().getOrDefault("UID", "501");
    String target = domain + "/" + Schedule.LAUNCHD_LABEL;
    List<String> byHand = new ArrayList<>();
    Messages say = around.terminal().messages();
    if (!system) {
      byHand.add(say.text("service.logged-in"));
    }
    byHand.add(say.text("service.full-disk-access", javaProgram()));
    return new Setup(
        Map.of(path, bytes(Launchd.propertyList(schedule, system), StandardCharsets.UTF_8)),
        List.of(List.of("launchctl", "bootstrap", domain, path.toString())),
        List.of(List.of("launchctl", "bootout", target)),
        List.of("launchctl", "print", target),
        byHand);
  }

  private static Setup systemd(Surroundings around, Schedule schedule, boolean system) {
    Path folder =
        system
            ? Path.of("/etc/systemd/system")
            : configuration(around).resolve("systemd").resolve("user");
    Map<Path, byte[]> files = new TreeMap<>();
    files.put(
        folder.resolve(Schedule.NAME + ".service"),
        bytes(Systemd.service(schedule, system, system), StandardCharsets.UTF_8));
    files.put(
        folder.resolve(Schedule.NAME + ".timer"),
        bytes(Systemd.timer(schedule), StandardCharsets.UTF_8));
    String timer = Schedule.NAME + ".timer";
    List<String> control = system ? List.of("systemctl") : List.of("systemctl", "--user");
    List<List<String>> start = new ArrayList<>();
    start.add(with(control, "daemon-reload"));
    start.add(with(control, "enable", "--now", timer));
    if (!system) {
      start.add(List.of("loginctl", "enable-linger"));
    }
    return new Setup(
        files,
        start,
        List.of(with(control, "disable", "--now", timer)),
        with(control, "is-enabled", timer),
        List.of());
  }

  private static Setup windows(Surroundings around, Schedule schedule) {
    Path file = around.home().folder().resolve("service").resolve(Schedule.NAME + ".xml");
    byte[] task = bytes("\uFEFF" + TaskScheduler.task(schedule), StandardCharsets.UTF_16LE);
    return new Setup(
        Map.of(file, task),
        List.of(
            List.of("schtasks", "/Create", "/F", "/TN", Schedule.NAME, "/XML", file.toString())),
        List.of(List.of("schtasks", "/Delete", "/F", "/TN", Schedule.NAME)),
        List.of("schtasks", "/Query", "/TN", Schedule.NAME),
        List.of());
  }

  private static byte[] bytes(String text, Charset charset) {
    return text.getBytes(charset);
  }

  private static List<String> with(List<String> words, String... more) {
    List<String> all = new ArrayList<>(words);
    all.addAll(List.of(more));
    return all;
  }

  private static Path user(Surroundings around) {
    return Home.user(around.environment());
  }

  private static Path configuration(Surroundings around) {
    String named = around.environment().getOrDefault("XDG_CONFIG_HOME", "");
    return named.isEmpty() ? user(around).resolve(".config") : Path.of(named);
  }

  private static Path javaProgram() {
    return Path.of(System.getProperty("java.home", ""), "bin", "java");
  }

  /// What a program said and how it ended.
  ///
  /// @param code its exit code; -1 when it could not be started or did not end in time
  private record Said(int code, String text) {}

  private static Said program(List<String> command, Messages say) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      byte[] output = process.getInputStream().readNBytes(OUTPUT_BYTES_MAX);
      if (!process.waitFor(PROGRAM_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return new Said(-1, say.text("service.not-ended", PROGRAM_SECONDS_MAX));
      }
      return new Said(process.exitValue(), new String(output, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      return new Said(-1, say.text("service.not-started"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Said(-1, say.text("service.broken-off"));
    }
  }

  /// What the subcommands have in common.
  abstract static class Part implements Callable<Integer> {
    final Surroundings around;

    @Option(
        names = "--system",
        description = "For the whole machine, with nobody logged in; needs an administrator.")
    boolean system;

    Part(Surroundings around) {
      this.around = around;
    }

    Setup setup(Duration every, List<String> command) {
      Map<String, String> environment = new TreeMap<>();
      environment.put("SERDAB_HOME", around.home().folder().toString());
      environment.put("HOME", user(around).toString());
      String java = around.environment().getOrDefault("JAVA_HOME", "");
      environment.put("JAVA_HOME", java.isEmpty() ? System.getProperty("java.home", "") : java);
      String user =
          around.environment().getOrDefault("SUDO_USER", System.getProperty("user.name", ""));
      Path output = around.home().folder().resolve("service-output.txt");
      return ServiceCommand.setup(
          around, new Schedule(command, every, user, environment, output), system);
    }
  }

  /// `serdab service install`.
  @Command(
      name = "install",
      mixinStandardHelpOptions = true,
      header = "Lets the system run all enabled plans by itself.",
      description = {
        "Runs in the background with low priority and does not let the machine sleep meanwhile.",
        "A run that is due while another one goes on is left out."
      },
      footer = {
        "",
        "Examples:",
        "  serdab service install --every 10m",
        "  sudo serdab service install --system --every 1h",
        "  serdab service install --dry-run"
      })
  static final class InstallCommand extends Part {

    @Option(
        names = "--every",
        paramLabel = "DURATION",
        defaultValue = "10m",
        description = "How often: 10m, 1h. Default: ${DEFAULT-VALUE}.")
    private String every = "10m";

    @Option(
        names = "--launcher",
        paramLabel = "FILE",
        description = "The serdab program to run. Default: the one that runs now.")
    private @Nullable Path launcher;

    @Option(names = "--dry-run", description = "Prints what would be written and run.")
    private boolean dryRun;

    @Option(names = "--no-start", description = "Writes the files and does not tell the system.")
    private boolean noStart;

    InstallCommand(Surroundings around) {
      super(around);
    }

    @Override
    public Integer call() {
      Duration interval = Durations.parse("--every", every);
      if (interval.compareTo(Schedule.SHORTEST) < 0) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "wrong-option",
                "--every is " + every + "; it must be a minute or more.",
                "Run: serdab service install --help"));
      }
      Setup setup = setup(interval, List.of(launcherToRun().toString(), "backup", "--scheduled"));
      var out = around.terminal().out();
      Messages say = around.terminal().messages();
      if (dryRun) {
        setup
            .files()
            .forEach((path, content) -> {
              out.println("== " + path);
              out.println(readable(content));
            });
        setup.start().forEach(words -> out.println("$ " + String.join(" ", words)));
        setup.byHand().forEach(out::println);
        out.flush();
        return Main.ExitCodes.GOOD;
      }
      around.home().make();
      for (Map.Entry<Path, byte[]> file : setup.files().entrySet()) {
        write(file.getKey(), file.getValue());
        out.println(say.text("service.wrote", file.getKey()));
      }
      int code = Main.ExitCodes.GOOD;
      for (List<String> words : noStart ? List.<List<String>>of() : setup.start()) {
        Said said = ServiceCommand.program(words, say);
        if (said.code() != 0) {
          code = Main.ExitCodes.FAILED;
          around
              .terminal()
              .err()
              .println(
                  say.text(
                      "service.ended-with", String.join(" ", words), said.code(), said.text()));
        }
      }
      setup.byHand().forEach(out::println);
      out.println(say.text(code == Main.ExitCodes.GOOD ? "service.first-run" : "service.by-hand"));
      out.flush();
      return code;
    }

    private static String readable(byte[] content) {
      boolean wide = content.length > 1 && content[0] == (byte) 0xFF && content[1] == (byte) 0xFE;
      return new String(content, wide ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_8);
    }

    private Path launcherToRun() {
      Path program = launcher;
      if (program == null) {
        String running = around.environment().getOrDefault("SERDAB_LAUNCHER", "");
        if (running.isEmpty()) {
          throw new SerdabException.Misconfigured(
              new Problem(
                  "launcher-unknown",
                  "Which program the system should run is not known.",
                  "Name it: --launcher /path/to/serdab"));
        }
        program = Path.of(running);
      }
      program = program.toAbsolutePath().normalize();
      if (!Files.isExecutable(program)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "launcher-not-there",
                "The program " + program + " is not there or cannot be run.",
                "Name the right one with --launcher."));
      }
      return program;
    }
  }

  private static void write(Path path, byte[] content) {
    try {
      Path folder = path.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Path part = path.resolveSibling("." + path.getFileName() + ".part");
      Files.write(part, content);
      Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "service-not-writable",
              "The file " + path + " cannot be written.",
              "Run it as an administrator (sudo), or without --system."),
          e);
    }
  }

  /// `serdab service uninstall`.
  @Command(
      name = "uninstall",
      mixinStandardHelpOptions = true,
      header = "Stops running backups by itself. Deletes no copy and no setting.",
      footer = {"", "Example:", "  serdab service uninstall"})
  static final class UninstallCommand extends Part {

    UninstallCommand(Surroundings around) {
      super(around);
    }

    @Override
    public Integer call() {
      Setup setup = setup(Schedule.SHORTEST, List.of("serdab"));
      var out = around.terminal().out();
      Messages say = around.terminal().messages();
      boolean any = false;
      for (Path path : setup.files().keySet()) {
        any |= Files.exists(path);
      }
      if (!any) {
        out.println(say.text(system ? "service.nothing-system" : "service.nothing"));
        out.flush();
        return Main.ExitCodes.GOOD;
      }
      for (List<String> words : setup.stop()) {
        Said said = ServiceCommand.program(words, say);
        if (said.code() != 0) {
          around
              .terminal()
              .err()
              .println(say.text("service.ended", String.join(" ", words), said.code()));
        }
      }
      for (Path path : setup.files().keySet()) {
        try {
          if (Files.deleteIfExists(path)) {
            out.println(say.text("service.removed", path));
          }
        } catch (IOException e) {
          throw new SerdabException.Misconfigured(
              new Problem(
                  "service-not-writable",
                  "The file " + path + " cannot be removed.",
                  "Run it as an administrator (sudo)."),
              e);
        }
      }
      out.flush();
      return Main.ExitCodes.GOOD;
    }
  }

  /// `serdab service status`.
  @Command(
      name = "status",
      mixinStandardHelpOptions = true,
      header = "Says whether the system runs backups, and whether they may read the library.",
      footer = {"", "Example:", "  serdab service status --json"})
  static final class ServiceStatusCommand extends Part {

    @Option(names = "--json", description = "Prints one JSON document.")
    private boolean json;

    ServiceStatusCommand(Surroundings around) {
      super(around);
    }

    @Override
    public Integer call() {
      Setup setup = setup(Schedule.SHORTEST, List.of("serdab"));
      boolean installed = setup.files().keySet().stream().allMatch(Files::isRegularFile);
      boolean known =
          installed
              && ServiceCommand.program(setup.ask(), around.terminal().messages()).code() == 0;
      Optional<Attempts.Attempt> last = Optional.empty();
      Optional<Attempts.Attempt> read = Optional.empty();
      if (around.home().exists()) {
        try (Wiring wiring = new Wiring(around);
            Catalogue catalogue = wiring.catalogue(around.home())) {
          Attempts attempts = new Attempts(catalogue, around.clock());
          last = attempts.lastScheduled();
          read = attempts.lastScheduledThatRead();
        }
      }
      boolean works = known && read.isPresent();
      if (json) {
        printJson(installed, known, last, read);
      } else {
        printText(setup, installed, known, last, read);
      }
      return works ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
    }

    private void printText(
        Setup setup,
        boolean installed,
        boolean known,
        Optional<Attempts.Attempt> last,
        Optional<Attempts.Attempt> read) {
      var out = around.terminal().out();
      Messages say = around.terminal().messages();
      out.println(
          say.text(
              !installed
                  ? "service.not-installed"
                  : known ? "service.runs" : "service.not-running"));
      setup.files().keySet().stream()
          .filter(Files::isRegularFile)
          .forEach(path -> out.println("  " + path));
      if (last.isEmpty()) {
        out.println(say.text("service.no-run-yet"));
      } else {
        Attempts.Attempt attempt = last.get();
        out.println(
            say.text(
                "service.last-run",
                attempt.at(),
                attempt.exitCode(),
                attempt.problemCode().isEmpty() ? "" : " (" + attempt.problemCode() + ")"));
        out.println(
            read.map(then -> say.text("service.may-read", then.at()))
                .orElseGet(() -> say.text("service.never-read")));
      }
      out.flush();
    }

    private void printJson(
        boolean installed,
        boolean known,
        Optional<Attempts.Attempt> last,
        Optional<Attempts.Attempt> read) {
      Json.object(
          around.terminal().out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-service-v1");
            writer.writeBooleanProperty("installed", installed);
            writer.writeBooleanProperty("running", known);
            writer.writeStringProperty(
                "last_run_at", last.map(attempt -> attempt.at().toString()).orElse(""));
            writer.writeNumberProperty(
                "last_exit_code", last.map(Attempts.Attempt::exitCode).orElse(-1));
            writer.writeStringProperty(
                "last_problem", last.map(Attempts.Attempt::problemCode).orElse(""));
            writer.writeStringProperty(
                "last_read_at", read.map(attempt -> attempt.at().toString()).orElse(""));
          });
    }
  }
}
