package serdab.cli;

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
    subcommands = {
      InitCommand.class,
      BackupCommand.class,
      StatusCommand.class,
      StudiesCommand.class,
      VerifyCommand.class,
      RestoreCommand.class,
      CheckCommand.class,
      RecoverCommand.class,
      PruneCommand.class,
      HoldCommand.class,
      CatalogueCommand.class,
      ImportTreeCommand.class,
      ReportCommand.class,
      RepositoryCommand.class,
      BundleCommand.class,
      ServiceCommand.class
    },
    footer = {
      "",
      "Example:",
      "  serdab backup --from \"$HOME/Documents/Horos Data\" --to zip:/Volumes/Backup",
      "",
      "Exit codes: 0 all good, 1 the run failed, 2 wrong usage, 3 some listed file could not be",
      "read or proven, 4 a safeguard held the run back, 130 interrupted (run again to go on)."
    })
final class SerdabCommand implements Runnable {

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  SerdabCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }
}
