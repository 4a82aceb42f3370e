package serdab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;

/// `serdab report`: what a run did, as a file for people or programs.
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    header = "Shows the written report of a run: a page for the browser, CSV or JSON.",
    description = "Every backup run leaves its report. Studies stand in it by label only.",
    footer = {
      "",
      "Examples:",
      "  serdab report            where the page of the last run is",
      "  serdab report --open     opens it in the browser",
      "  serdab report 12 --csv   prints run 12 as a table"
    })
final class ReportCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(
      arity = "0..1",
      paramLabel = "RUN",
      description = "The run's number, as serdab status shows it. Default: the last.")
  private @Nullable Long run;

  @Option(names = "--csv", description = "Prints it as CSV.")
  private boolean csv;

  @Option(names = "--json", description = "Prints it as JSON.")
  private boolean json;

  @Option(names = "--open", description = "Opens the page in the browser.")
  private boolean open;

  ReportCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    RunFiles files = new RunFiles(around.home().reports());
    try {
      Optional<Long> wanted = run == null ? files.newest() : Optional.of(run);
      RunFiles.Kind kind = csv ? RunFiles.Kind.CSV : json ? RunFiles.Kind.JSON : RunFiles.Kind.HTML;
      Path file = wanted.map(number -> files.file(number, kind)).orElse(Path.of(""));
      if (wanted.isEmpty() || !Files.isRegularFile(file)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "no-such-report",
                wanted.isEmpty()
                    ? "No run has left a report yet."
                    : "There is no report of run " + wanted.get() + ".",
                "Run serdab status to see the runs; the last "
                    + RunFiles.KEPT
                    + " reports are kept."));
      }
      if (csv || json) {
        around.terminal().out().write(Files.readAllBytes(file));
      } else {
        around.terminal().out().println(file);
        if (open) {
          open(file);
        }
      }
      around.terminal().out().flush();
      return Main.ExitCodes.GOOD;
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "home-not-readable",
              "The reports in " + around.home().reports() + " cannot be read.",
              "Check who owns that folder."),
          e);
    }
  }

  private void open(Path file) {
    String os = around.osName().toLowerCase(Locale.ROOT);
    List<String> command =
        os.contains("mac")
            ? List.of("open", file.toString())
            : os.contains("win")
                ? List.of("rundll32", "url.dll,FileProtocolHandler", file.toString())
                : List.of("xdg-open", file.toString());
    try {
      new ProcessBuilder(command)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      around
          .terminal()
          .err()
          .println("serdab: no browser could be started; open the file by hand.");
    }
  }
}
