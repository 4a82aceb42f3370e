package serdab.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;

/// Where the program starts.
public final class Main {

  /// What fits the examples in the help texts.
  private static final int HELP_WIDTH = 100;

  private Main() {}

  @SuppressWarnings("SystemConsoleNull") // the default console is null again without a terminal
  public static void main(String[] args) {
    // Numbers in SQL, file names and reports have the digits 0 to 9 wherever this runs.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    // The terminal's encoding may be older than the names it shows; bytes out are always UTF-8.
    WatchedOutput out = new WatchedOutput(new FileOutputStream(FileDescriptor.out));
    PrintStream err = utf8(FileDescriptor.err);
    Console console = System.console();
    boolean interactive = console != null && console.isTerminal();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    Messages messages = Messages.of(System.getenv(), Locale.getDefault());
    Terminal terminal = new Terminal(out.printing(), err, interactive, in, messages);
    int code = runWatched(args, System.getenv(), out, terminal);
    err.flush();
    System.exit(code);
  }

  /// Runs one command line whose results must all be written.
  static int runWatched(
      String[] args, Map<String, String> environment, WatchedOutput out, Terminal terminal) {
    int code;
    try {
      code = run(args, new Surroundings(terminal, environment, InstantSource.system()));
      terminal.out().flush();
    } catch (Error e) {
      return toldOf(e, terminal);
    }
    if (out.isCutShort()) {
      tell(
          terminal,
          new Problem(
              "output-not-written",
              "The output could not be written whole.",
              "Check where it goes to: the disk may be full. Then run the command again."));
      return code == ExitCodes.GOOD ? ExitCodes.FAILED : code;
    }
    return code;
  }

  /// The last word when not even an exception can be handled.
  private static int toldOf(Error e, Terminal terminal) {
    try {
      String what =
          e instanceof OutOfMemoryError
              ? "serdab: There is not enough memory. Nothing that was copied is lost.\n"
                  + "        Close other programs, or give it more: JAVA_TOOL_OPTIONS=-Xmx512m"
              : "serdab: Something went wrong that should not ("
                  + e.getClass().getSimpleName()
                  + "). Nothing that was copied is lost.";
      terminal.err().println(what);
    } catch (OutOfMemoryError again) {
      // Then the exit code has to say it all.
    }
    return ExitCodes.FAILED;
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /// Runs one command line and gives its exit code; never throws.
  static int run(String[] args, Surroundings around) {
    Terminal terminal = around.terminal();
    CommandLine line = commandLine(around, args.length == 0 ? "" : args[0]);
    line.setOut(new java.io.PrintWriter(terminal.out(), true, StandardCharsets.UTF_8));
    line.setErr(new java.io.PrintWriter(terminal.err(), true, StandardCharsets.UTF_8));
    line.setUsageHelpWidth(HELP_WIDTH);
    line.setUsageHelpAutoWidth(terminal.interactive());
    line.setExecutionExceptionHandler((exception, command, parsed) -> {
      ExitCodes.Failure failure = ExitCodes.of(exception);
      tell(terminal, failure.problem());
      if (around.environment().containsKey("SERDAB_TRACE")) {
        Trace.print(exception, terminal.err());
      }
      return failure.exitCode();
    });
    line.setParameterExceptionHandler((exception, arguments) -> {
      Messages say = terminal.messages();
      String command = exception.getCommandLine().getCommandSpec().qualifiedName();
      terminal
          .err()
          .println(
              "serdab: "
                  + say.text(
                      "any.wrong-command-line",
                      java.util.Objects.requireNonNullElse(exception.getMessage(), "")));
      terminal.err().println(say.text("any.see-help", command));
      return ExitCodes.USAGE;
    });
    around
        .homeWarning()
        .ifPresent(text -> terminal.err().println(terminal.messages().text("any.warning", text)));
    return line.execute(args);
  }

  /// All commands with their options.
  static CommandLine commandLine(Surroundings around) {
    return commandLine(around, "");
  }

  /// @param wanted the first word; when it is a command, that one is made ready alone
  private static CommandLine commandLine(Surroundings around, String wanted) {
    CommandLine line = new CommandLine(new SerdabCommand(around), new Factory(around));
    SerdabCommand.addTo(line, wanted);
    line.registerConverter(LocalDate.class, Main::date);
    HelpTexts.use(line, around.terminal().messages());
    return line;
  }

  private static LocalDate date(String text) {
    try {
      return LocalDate.parse(text);
    } catch (DateTimeParseException e) {
      throw new CommandLine.TypeConversionException(
          "'" + text + "' is no date; write it as 2024-01-31");
    }
  }

  /// Tells a person what went wrong and what to do next.
  static void tell(Terminal terminal, Problem problem) {
    List<String> told = terminal.messages().told(problem);
    terminal.err().println("serdab: " + told.getFirst());
    told.stream().skip(1).forEach(line -> terminal.err().println("        " + line));
    problem
        .details()
        .forEach((name, value) -> terminal.err().println("        " + name + ": " + value));
  }

  /// Gives each command its surroundings.
  private record Factory(Surroundings around) implements CommandLine.IFactory {

    @Override
    public <K> K create(Class<K> type) throws Exception {
      try {
        return type.getDeclaredConstructor(Surroundings.class).newInstance(around);
      } catch (NoSuchMethodException e) {
        return CommandLine.defaultFactory().create(type);
      }
    }
  }

  /// Which exit code a failure has, by the table in the command line's documentation.
  static final class ExitCodes {
    static final int GOOD = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int INCOMPLETE = 3;
    static final int HELD_BACK = 4;
    static final int INTERRUPTED = 130;

    private ExitCodes() {}

    record Failure(Problem problem, int exitCode) {}

    static Failure of(Exception exception) {
      return switch (exception) {
        case SerdabException.Misconfigured e -> new Failure(e.problem(), USAGE);
        case SerdabException.HeldBack e when StopSignal.isStop(e.problem()) ->
            new Failure(e.problem(), INTERRUPTED);
        case SerdabException.HeldBack e -> new Failure(e.problem(), HELD_BACK);
        case SerdabException.Damaged e -> new Failure(e.problem(), FAILED);
        case SerdabException.Unavailable e -> new Failure(e.problem(), FAILED);
        case SerdabException.Refused e -> new Failure(e.problem(), FAILED);
        case InvalidPathException _ ->
            new Failure(
                new Problem(
                    "path-not-spelled",
                    "A path has letters that cannot be spelled in this system's language.",
                    "Set the environment variable LC_ALL to C.UTF-8 or another UTF-8 locale, also"
                        + " where a schedule starts serdab; else correct the path."),
                USAGE);
        default ->
            new Failure(
                new Problem(
                    "unexpected",
                    "Something went wrong that should not ("
                        + exception.getClass().getSimpleName()
                        + "). Nothing that was copied is lost.",
                    "Run again with SERDAB_TRACE=1 in the environment and report what it prints."),
                FAILED);
      };
    }
  }
}
