package serdab.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The command line's root.
@Command(
    name = "serdab",
    mixinStandardHelpOptions = true,
    version = "serdab 0.1.0",
    header = "Backup for medical images: every study gets proven, restorable copies.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Example:",
      "  serdab backup --from \"$HOME/Documents/Horos Data\" --to zip:/Volumes/Backup",
      "",
      "Exit codes: 0 all good, 1 the run failed, 2 wrong usage, 3 some listed file could not be",
      "read or proven, 4 a safeguard held the run back, 130 interrupted (run again to go on)."
    })
final class SerdabCommand implements Runnable {

  /// The commands, in the order in which the help shows them.
  private static final List<Named> COMMANDS =
      List.of(
          new Named("init", InitCommand.class),
          new Named("backup", BackupCommand.class),
          new Named("status", StatusCommand.class),
          new Named("pause", PauseCommand.class),
          new Named("resume", ResumeCommand.class),
          new Named("stop", StopCommand.class),
          new Named("studies", StudiesCommand.class),
          new Named("reconcile", ReconcileCommand.class),
          new Named("verify", VerifyCommand.class),
          new Named("restore", RestoreCommand.class),
          new Named("check", CheckCommand.class),
          new Named("receive", ReceiveCommand.class),
          new Named("serve", ServeCommand.class),
          new Named("recover", RecoverCommand.class),
          new Named("prune", PruneCommand.class),
          new Named("hold", HoldCommand.class),
          new Named("catalogue", CatalogueCommand.class),
          new Named("import-tree", ImportTreeCommand.class),
          new Named("report", ReportCommand.class),
          new Named("repository", RepositoryCommand.class),
          new Named("bundle", BundleCommand.class),
          new Named("service", ServiceCommand.class));

  private record Named(String name, Class<?> type) {}

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  SerdabCommand(Surroundings around) {
    this.around = around;
  }

  /// Gives the root its commands: the wanted one alone when there is one of that name, as making
  /// all of them ready takes longer than many a command does; else all.
  ///
  /// @param root of a command line that has none yet
  static void addTo(CommandLine root, String wanted) {
    boolean alone = COMMANDS.stream().anyMatch(command -> command.name().equals(wanted));
    for (Named command : COMMANDS) {
      if (!alone || command.name().equals(wanted)) {
        root.addSubcommand(command.name(), command.type());
      }
    }
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }
}
