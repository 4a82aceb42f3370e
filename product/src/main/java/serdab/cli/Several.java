package serdab.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import serdab.Problem;
import tools.jackson.core.JsonGenerator;

/// Does one thing after another, such as the runs of several plans: one's failure does not stop the
/// next, and the worst exit code is that of all. One thread at a time.
final class Several {

  /// From the worst to the best. What could not begin for wrong configuration did not happen, which
  /// is worse than what happened but for some files.
  private static final List<Integer> WORST_FIRST =
      List.of(
          Main.ExitCodes.INTERRUPTED,
          Main.ExitCodes.FAILED,
          Main.ExitCodes.USAGE,
          Main.ExitCodes.INCOMPLETE,
          Main.ExitCodes.HELD_BACK,
          Main.ExitCodes.GOOD);

  private final Surroundings around;
  private final boolean json;
  private final List<Done> all = new ArrayList<>();

  /// @param json whether each prints a JSON document, to be gathered into one
  Several(Surroundings around, boolean json) {
    this.around = around;
    this.json = json;
  }

  /// One thing that was done.
  ///
  /// @param names writes the properties that say which it was
  /// @param problem why it could not be done
  /// @param document what it printed; empty when it printed nothing, or not to be gathered
  private record Done(
      Consumer<JsonGenerator> names, int exitCode, Optional<Problem> problem, String document) {}

  /// Does one thing.
  ///
  /// @param names writes the properties that say which it is
  /// @param heading a line that says so to a person; empty for none
  /// @param work what to do, with what it finds around it; gives its exit code
  /// @return whether to go on with the next
  boolean next(Consumer<JsonGenerator> names, String heading, ToIntFunction<Surroundings> work) {
    Terminal terminal = around.terminal();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Surroundings inside = around;
    if (json) {
      PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
      inside =
          around.printingTo(
              new Terminal(out, terminal.err(), terminal.interactive())
                  .speaking(terminal.messages()));
    } else if (!heading.isEmpty()) {
      terminal.out().println(heading);
    }
    int exitCode;
    Optional<Problem> problem = Optional.empty();
    try {
      exitCode = work.applyAsInt(inside);
    } catch (RuntimeException e) {
      Main.ExitCodes.Failure failure = Main.ExitCodes.of(e);
      exitCode = failure.exitCode();
      problem = Optional.of(failure.problem());
      Main.tell(terminal, failure.problem());
      if (around.environment().containsKey("SERDAB_TRACE")) {
        Trace.print(e, terminal.err());
      }
    }
    all.add(new Done(names, exitCode, problem, printed.toString(StandardCharsets.UTF_8).strip()));
    return exitCode != Main.ExitCodes.INTERRUPTED;
  }

  /// The worst exit code of all.
  int exitCode() {
    return all.stream().map(Done::exitCode).reduce(Main.ExitCodes.GOOD, Several::worse);
  }

  private static int worse(int a, int b) {
    return rank(a) <= rank(b) ? a : b;
  }

  private static int rank(int exitCode) {
    int rank = WORST_FIRST.indexOf(exitCode);
    // A code that nobody thought of is taken for a failure.
    return rank < 0 ? WORST_FIRST.indexOf(Main.ExitCodes.FAILED) : rank;
  }

  /// How many ended with this exit code.
  long count(int exitCode) {
    return all.stream().filter(done -> done.exitCode == exitCode).count();
  }

  int size() {
    return all.size();
  }

  /// Prints one document that holds those of all.
  ///
  /// @param array the property that they stand in
  void printJson(String schema, String array) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", schema);
          writer.writeNumberProperty("exit_code", exitCode());
          writer.writeArrayPropertyStart(array);
          for (Done done : all) {
            writer.writeStartObject();
            done.names.accept(writer);
            writer.writeNumberProperty("exit_code", done.exitCode);
            done.problem.ifPresent(problem -> {
              writer.writeObjectPropertyStart("problem");
              ReportPrinter.problem(writer, problem);
              writer.writeEndObject();
            });
            if (!done.document.isEmpty()) {
              writer.writeName("report");
              writer.writeRawValue(done.document);
            }
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
