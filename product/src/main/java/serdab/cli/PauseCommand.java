package serdab.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.NamedPlan;

/// `serdab pause`: what runs rests until somebody resumes it.
@Command(
    name = "pause",
    mixinStandardHelpOptions = true,
    header = "Lets a backup or verification rest, in any process, until serdab resume.",
    description = {
      "",
      "What is under way comes to its end: one file, one image, one question. Then nothing more is",
      "read, sent or asked, and nodes are let go of. Without a PLAN: what runs now. A plan that is",
      "paused is not begun either, until it is resumed."
    },
    footer = {
      "",
      "Examples:",
      "  serdab pause",
      "  serdab pause daily --for 2h",
      "  serdab resume"
    })
final class PauseCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(arity = "0..*", paramLabel = "PLAN", description = "Plans of the configuration.")
  private List<String> plans = List.of();

  @Option(names = "--all", description = "Everything, what is begun later too.")
  private boolean all;

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      description = "For so long: 30m, 2h. Default: until serdab resume.")
  private @Nullable String length;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  PauseCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Instant now = around.clock().instant();
    Optional<Instant> until =
        Optional.ofNullable(length).map(text -> now.plus(Durations.parse("--for", text)));
    Control control = new Control(around.home().make());
    List<Control.UnderWay> runs = control.underWay();
    List<Control.Whom> whom = whom(runs);
    whom.forEach(each -> control.pause(new Control.Pause(each, now, until)));
    List<Control.UnderWay> paused =
        runs.stream().filter(run -> whom.stream().anyMatch(each -> isAbout(each, run))).toList();
    if (json) {
      ControlReport.printJson(around, "pause", paused, control.pauses(now));
      return Main.ExitCodes.GOOD;
    }
    Messages say = around.terminal().messages();
    for (Control.Whom each : whom) {
      around
          .terminal()
          .out()
          .println(
              say.text(
                  "control.paused",
                  ControlReport.words(each, say),
                  paused.stream().anyMatch(run -> isAbout(each, run)) ? 1 : 0,
                  RunControl.resuming(each)));
    }
    return Main.ExitCodes.GOOD;
  }

  /// Whom it is for: without names what runs now, by its plan where it has one.
  private List<Control.Whom> whom(List<Control.UnderWay> runs) {
    if (all) {
      if (!plans.isEmpty()) {
        throw new SerdabException.Misconfigured(
            new Problem("wrong-option", "--all is for no PLAN.", "Run: serdab pause --help"));
      }
      return List.of(new Control.Whom.Everything());
    }
    List<Control.Whom> whom = new ArrayList<>();
    if (!plans.isEmpty()) {
      for (NamedPlan plan : Plans.read(around).called(plans)) {
        whom.add(new Control.Whom.Plan(plan.name()));
      }
      return whom;
    }
    for (Control.UnderWay run : runs) {
      Control.Whom each =
          run.plan().isEmpty() ? new Control.Whom.Run(run.id()) : new Control.Whom.Plan(run.plan());
      if (!whom.contains(each)) {
        whom.add(each);
      }
    }
    if (whom.isEmpty()) {
      throw new SerdabException.Refused(
          new Problem(
              "nothing-under-way",
              "No backup and no verification of this installation runs now.",
              "To keep a plan from being begun: serdab pause PLAN, or serdab pause --all"));
    }
    return whom;
  }

  private static boolean isAbout(Control.Whom whom, Control.UnderWay run) {
    return switch (whom) {
      case Control.Whom.Everything _ -> true;
      case Control.Whom.Plan(String plan) -> plan.equals(run.plan());
      case Control.Whom.Run(String id) -> id.equals(run.id());
    };
  }
}
