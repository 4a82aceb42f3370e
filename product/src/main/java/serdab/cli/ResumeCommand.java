package serdab.cli;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;

/// `serdab resume`: what was paused goes on.
@Command(
    name = "resume",
    mixinStandardHelpOptions = true,
    header = "Lets what was paused go on, and plans be begun again.",
    description = {"", "Without a PLAN: everything that is paused."},
    footer = {"", "Examples:", "  serdab resume", "  serdab resume daily"})
final class ResumeCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(arity = "0..*", paramLabel = "PLAN", description = "Plans that are paused.")
  private List<String> plans = List.of();

  @Option(names = "--all", description = "Everything that is paused, as without a PLAN.")
  private boolean all;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  ResumeCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (all && !plans.isEmpty()) {
      throw new SerdabException.Misconfigured(
          new Problem("wrong-option", "--all is for no PLAN.", "Run: serdab resume --help"));
    }
    Instant now = around.clock().instant();
    Control control = new Control(around.home().make());
    boolean some = plans.isEmpty() ? resumeEverything(control) : resume(control);
    List<Control.Pause> left = control.pauses(now);
    if (json) {
      ControlReport.printJson(
          around,
          "resume",
          control.underWay().stream()
              .filter(run -> plans.isEmpty() || plans.contains(run.plan()))
              .toList(),
          left);
    } else {
      around
          .terminal()
          .out()
          .println(
              around
                  .terminal()
                  .messages()
                  .text(some ? "control.resumed" : "control.nothing-paused"));
    }
    if (!plans.isEmpty()
        && left.stream().anyMatch(pause -> pause.whom() instanceof Control.Whom.Everything)) {
      throw new SerdabException.HeldBack(
          new Problem(
              "run-paused",
              "Everything is paused, and so are these plans.",
              "To go on: serdab resume --all"));
    }
    return Main.ExitCodes.GOOD;
  }

  /// Names are not looked up: a plan may have left the configuration since it was paused.
  private boolean resume(Control control) {
    boolean some = false;
    for (String plan : plans) {
      boolean was = control.resume(new Control.Whom.Plan(plan));
      if (!was) {
        Plans.read(around).called(plan); // It says so when there is no such plan.
      }
      some |= was;
    }
    return some;
  }

  private static boolean resumeEverything(Control control) {
    return control.resumeEverything() > 0;
  }
}
