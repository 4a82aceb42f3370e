package serdab.cli;

import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.catalogue.Catalogue;
import serdab.dicom.StudyKey;
import serdab.repository.Snapshot;

/// `serdab repository snapshots`: every version that a repository holds.
@Command(
    name = "snapshots",
    mixinStandardHelpOptions = true,
    header = "Lists every version that a repository holds, by its own word.",
    footer = {"", "Example:", "  serdab repository snapshots repo:/Volumes/Sealed"})
final class RepositorySnapshotsCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(
      names = "--show-studies",
      description = "Shows Study Instance UIDs, by which patients can be found.")
  private boolean showStudies;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  RepositorySnapshotsCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    String address = RepositoryCommand.address(place);
    Home home = around.home().make();
    try (Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home);
        Wiring.OpenRepository open = wiring.openRepository(address);
        Stream<Snapshot> listed = open.repository().snapshots()) {
      List<Snapshot> all =
          listed.sorted(Comparator.comparing(Snapshot::time).thenComparing(Snapshot::at)).toList();
      if (json) {
        printJson(open.repository().id().toString(), all, catalogue);
      } else {
        print(all, catalogue);
      }
    }
    return Main.ExitCodes.GOOD;
  }

  private String study(Snapshot snapshot) {
    return showStudies ? snapshot.groupKey() : "";
  }

  private static String label(Snapshot snapshot, Catalogue catalogue) {
    return catalogue.label(new StudyKey(snapshot.groupKey())).value();
  }

  private void print(List<Snapshot> all, Catalogue catalogue) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    long stored = 0;
    for (Snapshot snapshot : all) {
      stored += snapshot.storedBytes();
      out.println(
          say.text(
                  "repository.version",
                  snapshot.time().truncatedTo(ChronoUnit.SECONDS),
                  label(snapshot, catalogue),
                  snapshot.files(),
                  PrunePrinter.size(snapshot.lengthBytes()),
                  PrunePrinter.size(snapshot.storedBytes()))
              + (showStudies ? "  " + study(snapshot) : ""));
    }
    out.println(
        say.text(
            "repository.versions",
            all.size(),
            all.stream().map(Snapshot::groupKey).distinct().count(),
            PrunePrinter.size(all.stream().mapToLong(Snapshot::lengthBytes).sum()),
            PrunePrinter.size(stored)));
    out.flush();
  }

  private void printJson(String id, List<Snapshot> all, Catalogue catalogue) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-snapshots-v1");
          writer.writeStringProperty("id", id);
          writer.writeArrayPropertyStart("versions");
          for (Snapshot snapshot : all) {
            writer.writeStartObject();
            writer.writeStringProperty("at", snapshot.at());
            writer.writeStringProperty("time", snapshot.time().toString());
            writer.writeStringProperty("label", label(snapshot, catalogue));
            writer.writeStringProperty("study", study(snapshot));
            writer.writeStringProperty("version", snapshot.version());
            writer.writeNumberProperty("files", snapshot.files());
            writer.writeNumberProperty("bytes", snapshot.lengthBytes());
            writer.writeNumberProperty("stored_bytes", snapshot.storedBytes());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
