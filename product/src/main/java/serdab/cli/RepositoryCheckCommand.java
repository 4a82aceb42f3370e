package serdab.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.report.Progress;
import serdab.repository.Repository;
import serdab.repository.Snapshot;

/// `serdab repository check`: is every file of a repository as it was written?
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    header = "Reads every pack of a repository back and compares it with its name; needs no key.",
    description =
        "Damaged or missing packs are named, with how many versions need them. Nothing is changed.",
    footer = {"", "Example:", "  serdab repository check repo:/Volumes/Sealed"})
final class RepositoryCheckCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RepositoryCheckCommand(Surroundings around) {
    this.around = around;
  }

  /// What is wrong.
  ///
  /// @param versions how many need it
  private record Bad(Problem problem, int versions) {}

  @Override
  public Integer call() {
    String address = RepositoryCommand.address(place);
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    around.home().make();
    try (Wiring wiring = new Wiring(around, keys);
        Wiring.OpenRepository open = wiring.openRepository(address);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      Repository repository = open.repository();
      Map<Snapshot.PackName, Integer> packs = new LinkedHashMap<>();
      try (Stream<Snapshot> all = repository.snapshots()) {
        all.forEach(version -> version.packs().forEach(pack -> packs.merge(pack, 1, Integer::sum)));
      }
      List<Bad> bad = new ArrayList<>();
      repository.unreadableSnapshots().values().forEach(why -> bad.add(new Bad(why, 1)));
      long checkedPacks = 0;
      long checkedBytes = 0;
      for (Map.Entry<Snapshot.PackName, Integer> pack : packs.entrySet()) {
        if (stop.isRequested()) {
          break;
        }
        try {
          repository.requireIntact(pack.getKey());
        } catch (SerdabException.Damaged e) {
          bad.add(new Bad(e.problem(), pack.getValue()));
        }
        checkedPacks++;
        checkedBytes += pack.getKey().storedBytes();
        progress.read(pack.getKey().storedBytes());
      }
      bar.end();
      int code =
          stop.isRequested()
              ? Main.ExitCodes.INTERRUPTED
              : bad.isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
      Checked checked =
          new Checked(repository.id().toString(), packs.size(), checkedPacks, checkedBytes, bad);
      if (json) {
        printJson(checked, code);
      } else {
        print(checked);
      }
      return code;
    }
  }

  /// What was found.
  private record Checked(String id, long packs, long checked, long bytes, List<Bad> bad) {}

  private void print(Checked checked) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    for (Bad bad : checked.bad()) {
      out.println(say.text("repository.bad", say.line(bad.problem()), bad.versions()));
    }
    out.println(
        say.text(
            "repository.checked",
            checked.checked(),
            checked.packs(),
            PrunePrinter.size(checked.bytes()),
            checked.bad().size()));
    out.flush();
  }

  private void printJson(Checked checked, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-repositorycheck-v1");
          writer.writeStringProperty("id", checked.id());
          writer.writeNumberProperty("exit_code", code);
          writer.writeNumberProperty("packs", checked.packs());
          writer.writeNumberProperty("checked", checked.checked());
          writer.writeNumberProperty("checked_bytes", checked.bytes());
          writer.writeArrayPropertyStart("bad");
          for (Bad bad : checked.bad()) {
            writer.writeStartObject();
            writer.writeNumberProperty("versions", bad.versions());
            ReportPrinter.problem(writer, bad.problem());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
