package serdab.cli;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.report.Progress;
import serdab.repository.Check;
import serdab.repository.Repair;
import serdab.repository.Repository;
import serdab.store.BlobStore;

/// `serdab repository repair`: mends what a check finds.
@Command(
    name = "repair",
    mixinStandardHelpOptions = true,
    header = "Mends damaged and lost files of a repository from parity and copies; needs no key.",
    description = {
      "Reads everything first, as serdab repository check. It only adds: what is damaged is set aside"
          + " in quarantine/ when a whole file takes its place.",
      "",
      "What neither parity nor copies can mend, the next backup stores again; or make it again from"
          + " another destination: serdab verify repo:… --repair --from zip:…"
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository repair repo:/Volumes/Sealed",
      "  serdab repository repair repo:/Volumes/Sealed --from repo:/mnt/its-copy"
    })
final class RepositoryRepairCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Option(
      names = "--from",
      paramLabel = "PLACE",
      description = "A copy of the same repository elsewhere: repo:PATH.")
  private @Nullable String from;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RepositoryRepairCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    String address = RepositoryCommand.address(place);
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home);
        BlobStore store = wiring.placeOfRepository(address)) {
      String id = Repository.idAt(store).toString();
      if (from == null) {
        return repair(wiring, catalogue, id, store, Repair.Supply.NONE);
      }
      try (BlobStore other = wiring.placeOfRepository(RepositoryCommand.address(from))) {
        if (!Repository.idAt(other).toString().equals(id)) {
          throw new SerdabException.Misconfigured(
              new Problem(
                  "repository-another-copy",
                  "At " + from + " there is another repository, not a copy of this one.",
                  "To bring studies over from another destination: serdab verify "
                      + address
                      + " --repair --from "
                      + from));
        }
        return repair(
            wiring,
            catalogue,
            id,
            store,
            pack ->
                other
                    .find(Repository.packFile(pack))
                    .map(found -> other.open(Repository.packFile(pack))));
      }
    }
  }

  private int repair(
      Wiring wiring, Catalogue catalogue, String id, BlobStore store, Repair.Supply supply) {
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (StopOnSignal _ = StopOnSignal.of(stop)) {
      RepositoryPace pace =
          new RepositoryPace(
              OptionalLong.empty(), Long.MAX_VALUE, stop::isRequested, progress::read);
      Check check = RepositoryCheckCommand.of(store);
      Set<Check.Finding> findings = new LinkedHashSet<>(check.presence().findings());
      Check.Progress read = check.prove(_ -> Instant.EPOCH, Optional.empty(), pace, findings::add);
      Repair.Result result = Repair.run(store, findings, supply, pace);
      Copies copies =
          noted(
              new CheckedCopies(catalogue, id, around.clock()),
              RepositoryCheckCommand.of(store),
              result,
              read.isComplete());
      boolean rebuilt = false;
      if (result.indexDamaged() && !stop.isRequested()) {
        try (Repository repository = wiring.repositoryAt(store)) {
          repository.rebuildIndex();
          rebuilt = true;
        }
      }
      bar.end();
      int code =
          stop.isRequested()
              ? Main.ExitCodes.INTERRUPTED
              : result.notMended().isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
      if (json) {
        printJson(id, result, copies, rebuilt, code);
      } else {
        print(result, copies, rebuilt);
      }
      return code;
    }
  }

  /// What became of copies that the catalogue of this machine knows.
  private record Copies(long lost, long again) {}

  private static Copies noted(
      CheckedCopies copies, Check mended, Repair.Result result, boolean allWasRead) {
    long lost = copies.lost(mended, result.notMended());
    long again =
        allWasRead && result.isComplete()
            ? copies.mended(
                mended,
                result.mended().stream().map(Repair.Mended::file).toList(),
                result.notMended())
            : 0;
    return new Copies(lost, again);
  }

  private void print(Repair.Result result, Copies copies, boolean rebuilt) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    for (Repair.Mended mended : result.mended()) {
      out.println(
          say.text(
              "repository.mended",
              mended.file(),
              say.text("repository.from-" + mended.from().name().toLowerCase(Locale.ROOT))));
    }
    result.notMended().stream()
        .sorted()
        .forEach(file -> out.println(say.text("repository.not-mended", file)));
    if (rebuilt) {
      out.println(say.text("repository.index-made"));
    }
    out.println(say.text("repository.repaired", result.mended().size(), result.notMended().size()));
    if (copies.again() > 0) {
      out.println(say.text("repository.copies-again", copies.again()));
    }
    if (copies.lost() > 0) {
      out.println(say.text("repository.copies-lost", copies.lost()));
    }
    if (!result.notMended().isEmpty()) {
      out.println(say.text("repository.not-mended-next"));
    }
    out.flush();
  }

  private void printJson(
      String id, Repair.Result result, Copies copies, boolean rebuilt, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-repositoryrepair-v1");
          writer.writeStringProperty("id", id);
          writer.writeNumberProperty("exit_code", code);
          writer.writeArrayPropertyStart("mended");
          for (Repair.Mended mended : result.mended()) {
            writer.writeStartObject();
            writer.writeStringProperty("file", mended.file());
            writer.writeStringProperty("from", mended.from().name().toLowerCase(Locale.ROOT));
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeArrayPropertyStart("not_mended");
          result.notMended().stream().sorted().forEach(writer::writeString);
          writer.writeEndArray();
          writer.writeNumberProperty("copies_lost", copies.lost());
          writer.writeNumberProperty("copies_again", copies.again());
          writer.writeBooleanProperty("index_rebuilt", rebuilt);
        });
  }
}
