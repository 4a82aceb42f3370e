package serdab.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;

/// `serdab catalogue index`: the lists beside the copies, made anew.
@Command(
    name = "index",
    mixinStandardHelpOptions = true,
    header = "Makes the page and the inventories of destinations anew.",
    description = {
      "Reads the manifest of every copy, and writes index.html and the DICOM Inventories under",
      "_index. Backups keep both up to date by themselves; this is for a destination whose lists",
      "were lost, or were never made."
    },
    footer = {"", "Example:", "  serdab catalogue index zip:/Volumes/Backup"})
final class IndexCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "DEST", arity = "1..*", description = "Destinations: zip:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private List<String> destinations;

  @Option(names = "--no-index-page", description = "Makes the inventories only.")
  private boolean noIndexPage;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  IndexCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      for (String specification : destinations) {
        try (Destination place = wiring.destinationToRead(specification, catalogue)) {
          place.list(new Destination.Listing(!noIndexPage, true, true));
        }
      }
    }
    if (json) {
      Json.object(
          terminal.out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-index-v1");
            writer.writeStringProperty("outcome", "good");
            writer.writeNumberProperty("exit_code", Main.ExitCodes.GOOD);
            writer.writeNumberProperty("destinations", destinations.size());
          });
    } else {
      terminal
          .out()
          .println("The lists of " + destinations.size() + " destinations are made anew.");
      terminal.out().flush();
    }
    return Main.ExitCodes.GOOD;
  }
}
