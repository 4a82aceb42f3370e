package serdab.cli;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import serdab.Problem;
import serdab.SerdabException;

/// `serdab repository`: the sealed form of destination.
@Command(
    name = "repository",
    mixinStandardHelpOptions = true,
    header = "Repositories: copies that are deduplicated, compressed and sealed.",
    description = {
      "A repository is a destination like a tree of ZIPs: write repo:PATH wherever zip:PATH may"
          + " stand. Everything in it is sealed; docs/repository.md tells how to begin and what works"
          + " without a key."
    },
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RepositoryInitCommand.class,
      RepositoryKeyCommand.class,
      RepositorySnapshotsCommand.class,
      RepositoryCheckCommand.class,
      RepositoryPruneCommand.class,
      RepositoryEraseCommand.class,
      RepositoryRepairCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository init repo:/Volumes/Sealed",
      "  serdab backup --from /data/ct --to repo:/Volumes/Sealed"
    })
final class RepositoryCommand implements Runnable {

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  RepositoryCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }

  /// The address of a repository from what a person wrote: `repo:PATH`, or the path alone.
  static String address(String place) {
    if (place.startsWith("repo:")) {
      return Wiring.address(place);
    }
    if (place.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "unknown-destination",
              place + " is no address of a repository.",
              "Write repo:PATH."));
    }
    return Wiring.address("repo:" + place);
  }

  /// The folder of an address.
  static Path folder(String address) {
    return Wiring.destinationFolder(address);
  }
}
