package serdab.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.Prune;
import serdab.repository.Repository;

/// `serdab repository prune`: frees the room of packs that no version needs.
@Command(
    name = "prune",
    mixinStandardHelpOptions = true,
    header = "Removes packs that no version needs any more; no version goes.",
    description = {
      "Which versions may go is decided by serdab prune. This frees what those that went have left"
          + " behind, and what interrupted runs wrote. Other machines may write meanwhile.",
      "",
      "Without --yes it asks on a terminal, and elsewhere only says what would go."
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository prune repo:/Volumes/Sealed --plan",
      "  serdab repository prune repo:/Volumes/Sealed --yes"
    })
final class RepositoryPruneCommand implements Callable<Integer> {

  private static final Duration UNTOUCHED = Duration.ofDays(2);

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--plan", description = "Only says what would go.")
  private boolean planOnly;

  @Option(names = "--yes", description = "Removes it without asking.")
  private boolean yes;

  @Option(
      names = "--untouched",
      paramLabel = "DURATION",
      description =
          "Leaves packs alone that no version ever named and that are younger than this: a run that"
              + " is under way may have written them. Default: 48h.")
  private @Nullable String untouched;

  @Option(
      names = "--give-up",
      paramLabel = "SNAPSHOT",
      description =
          "Gives up a snapshot that is lost with all its copies and so stops every prune, by the name"
              + " that the prune said. May be given more than once. Removes no pack.")
  private List<String> giveUp = List.of();

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      description = "With --give-up: why, in one sentence without patient data. It is kept.")
  private @Nullable String reason;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  RepositoryPruneCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (planOnly && yes) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "--plan and --yes exclude each other.",
              "Run: serdab repository prune --help"));
    }
    if (giveUp.isEmpty() != (reason == null) || (!giveUp.isEmpty() && (planOnly || yes || json))) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "wrong-option",
              "--give-up needs --reason, and goes with nothing else.",
              "Run: serdab repository prune --help"));
    }
    String address = RepositoryCommand.address(place);
    Duration young = untouched == null ? UNTOUCHED : Durations.parse("--untouched", untouched);
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around, keys);
        Wiring.OpenRepository open = wiring.openRepository(address)) {
      Prune prune = new Prune(open.repository());
      if (reason != null) {
        giveUp(prune, reason);
        return Main.ExitCodes.GOOD;
      }
      Prune.Plan plan = plan(prune, open.repository(), young);
      boolean leftoversGo = yes && plan.packs().isEmpty() && open.repository().canWrite();
      Optional<Prune.Done> done =
          leftoversGo || isConfirmed(plan)
              ? Optional.of(prune.carryOut(plan, "Packs that no version needs."))
              : Optional.empty();
      if (json) {
        printJson(open.repository().id().toString(), plan, done);
      } else {
        print(plan, done);
      }
    }
    return Main.ExitCodes.GOOD;
  }

  private void giveUp(Prune prune, String why) {
    for (String snapshot : giveUp) {
      prune.giveUp(snapshot, why);
      around
          .terminal()
          .out()
          .println(around.terminal().messages().text("repository.given-up", snapshot));
    }
  }

  private Prune.Plan plan(Prune prune, Repository repository, Duration young) {
    try {
      return prune.plan(List.of(), young);
    } catch (SerdabException.Damaged e) {
      Set<String> lost = repository.unreadableSnapshots().keySet();
      if (lost.isEmpty()) {
        throw e;
      }
      throw new SerdabException.Damaged(
          new Problem(
              "repository-snapshot-lost",
              "Nobody can read snapshot "
                  + String.join(", ", lost)
                  + ", so nobody knows what it needs, and nothing is removed.",
              "Mend it: serdab repository repair "
                  + place
                  + " --from a copy of the whole repository. When there is none, give it up, by name:"
                  + " serdab repository prune "
                  + place
                  + " --give-up SNAPSHOT --reason WHY"),
          e);
    }
  }

  private boolean isConfirmed(Prune.Plan plan) {
    if (planOnly || plan.packs().isEmpty()) {
      return false;
    }
    Terminal terminal = around.terminal();
    if (yes || json || !terminal.interactive()) {
      return yes;
    }
    return new Dialogue(terminal)
        .confirm(
            terminal
                .messages()
                .text(
                    "repository.prune-ask",
                    plan.packs().size(),
                    PrunePrinter.size(plan.storedBytes())),
            false);
  }

  private void print(Prune.Plan plan, Optional<Prune.Done> done) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    if (plan.packs().isEmpty()) {
      out.println(say.text("repository.nothing-to-prune"));
    } else if (done.isPresent()) {
      out.println(
          say.text(
              "repository.pruned",
              done.get().packs(),
              PrunePrinter.size(done.get().storedBytes()),
              done.get().spared()));
    } else {
      out.println(
          say.text(
              "repository.would-prune",
              plan.packs().size(),
              PrunePrinter.size(plan.storedBytes())));
    }
    out.flush();
  }

  private void printJson(String id, Prune.Plan plan, Optional<Prune.Done> done) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-repositoryprune-v1");
          writer.writeStringProperty("id", id);
          writer.writeNumberProperty("planned_packs", plan.packs().size());
          writer.writeNumberProperty("planned_bytes", plan.storedBytes());
          writer.writeBooleanProperty("done", done.isPresent());
          writer.writeNumberProperty("removed_packs", done.map(Prune.Done::packs).orElse(0));
          writer.writeNumberProperty("removed_bytes", done.map(Prune.Done::storedBytes).orElse(0L));
          writer.writeNumberProperty("spared_packs", done.map(Prune.Done::spared).orElse(0));
        });
  }
}
