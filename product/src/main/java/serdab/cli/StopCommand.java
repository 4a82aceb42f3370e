package serdab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.NamedPlan;

/// `serdab stop`: what runs ends soon, in good order.
@Command(
    name = "stop",
    mixinStandardHelpOptions = true,
    header = "Ends a backup or verification, in any process, as Ctrl-C does.",
    description = {
      "",
      "Studies at hand have five seconds to be finished; then what is under way comes to its end:",
      "one file, one image, one question. The next run goes on where this one stopped. Without a",
      "PLAN: what runs now. Plans that the same command would run next are not begun."
    },
    footer = {"", "Examples:", "  serdab stop", "  serdab stop daily"})
final class StopCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(arity = "0..*", paramLabel = "PLAN", description = "Plans of the configuration.")
  private List<String> plans = List.of();

  @Option(names = "--all", description = "Whatever runs now, as without a PLAN.")
  private boolean all;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  StopCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (all && !plans.isEmpty()) {
      throw new SerdabException.Misconfigured(
          new Problem("wrong-option", "--all is for no PLAN.", "Run: serdab stop --help"));
    }
    List<String> names =
        plans.isEmpty()
            ? List.of()
            : Plans.read(around).called(plans).stream().map(NamedPlan::name).toList();
    Control control = new Control(around.home().make());
    List<Control.UnderWay> asked = new ArrayList<>();
    for (Control.UnderWay run : control.underWay()) {
      if (names.isEmpty() || names.contains(run.plan())) {
        control.askToStop(run);
        asked.add(run);
      }
    }
    if (json) {
      ControlReport.printJson(around, "stop", asked, control.pauses(around.clock().instant()));
      return Main.ExitCodes.GOOD;
    }
    Messages say = around.terminal().messages();
    if (asked.isEmpty()) {
      around.terminal().out().println(say.text("control.nothing-runs"));
    }
    for (Control.UnderWay run : asked) {
      around.terminal().out().println(say.text("control.stopping", ControlReport.words(run, say)));
    }
    return Main.ExitCodes.GOOD;
  }
}
