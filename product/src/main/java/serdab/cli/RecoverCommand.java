package serdab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunTotals;
import serdab.catalogue.SqliteLibrary;
import serdab.destination.Destination;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.restore.Recovery;
import serdab.restore.VerifyReport;
import serdab.retention.HoldPapers;

/// `serdab recover`: a new machine from a destination alone.
@Command(
    name = "recover",
    mixinStandardHelpOptions = true,
    header = "Sets up a new machine from a destination, when the old one is lost.",
    description = {
      "Brings back the plans and the catalogue that every run leaves in its destinations, then",
      "remembers what was copied after that. Copies nothing and changes nothing in the destination;",
      "the next backup goes on where the lost machine stopped."
    },
    footer = {
      "",
      "Examples:",
      "  serdab recover --from zip:/Volumes/Backup",
      "  serdab recover --from repo:/Volumes/Sealed --identity owner.age"
    })
final class RecoverCommand implements Callable<Integer> {

  private final Surroundings around;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "DEST",
      description = "The destination to recover from: zip:PATH or repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String from;

  @Option(
      names = "--installation",
      paramLabel = "ID",
      description = "Which machine's plans and catalogue, when several backed up to it.")
  private @Nullable String installation;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RecoverCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Home home = around.home();
    if (home.exists()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "catalogue-there-already",
              "This machine has a catalogue already: " + home.catalogue() + ".",
              "To bring it up to date run: serdab catalogue rebuild "
                  + from
                  + ". To begin anew,"
                  + " move that file away first, or name another folder as SERDAB_HOME."));
    }
    home.make();
    SqliteLibrary.keepIn(home.cache());
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around, keys);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      Brought brought;
      try (Destination place = wiring.destinationToRecoverFrom(from)) {
        brought = bringBack(place, home, progress);
      }
      Recovery.BroughtUpToDate now;
      HoldPapers.Brought holds;
      try (Catalogue catalogue = wiring.catalogue(home);
          Destination place = wiring.destinationToRead(from, catalogue)) {
        catalogue.sawDestination(place.id().toString(), Wiring.address(from));
        long run =
            catalogue.beginRun("recover", "", "", List.of(place.id().toString()), Wiring.worker());
        now = Recovery.bringUpToDate(place, catalogue, around.clock(), progress, stop::isRequested);
        holds = new HoldPapers(catalogue).bringBack(place);
        catalogue.endRun(run, outcome(now, holds, stop).text(), RunTotals.NONE);
      }
      bar.end();
      RunReport.Outcome outcome = outcome(now, holds, stop);
      if (json) {
        printJson(brought, now, holds, outcome);
      } else {
        print(home, brought, now, holds);
      }
      return outcome.exitCode();
    }
  }

  private static RunReport.Outcome outcome(
      Recovery.BroughtUpToDate now, HoldPapers.Brought holds, StopSignal stop) {
    if (stop.isRequested()) {
      return RunReport.Outcome.INTERRUPTED;
    }
    return now.unreadable().isEmpty() && now.gone() == 0 && holds.problems().isEmpty()
        ? RunReport.Outcome.GOOD
        : RunReport.Outcome.INCOMPLETE;
  }

  /// What came back.
  ///
  /// @param plans where the plans were put; empty when there were none
  private record Brought(String installation, Recovery.Taken catalogue, Optional<Path> plans) {}

  private Brought bringBack(Destination place, Home home, Progress progress) {
    List<Recovery.Installation> found = Recovery.installations(place);
    if (found.isEmpty()) {
      progress.say(around.terminal().messages().text("recover.no-catalogue"));
      return new Brought("", new Recovery.Taken(Optional.empty(), 0), Optional.empty());
    }
    String chosen = chosen(found);
    Recovery.Taken taken =
        Recovery.catalogue(place, chosen, home.catalogue(), around.clock(), around.random());
    Optional<Path> plans = Optional.empty();
    Optional<byte[]> text = Recovery.plans(place, chosen);
    if (text.isPresent()) {
      plans = Optional.of(put(home, text.get()));
    }
    return new Brought(chosen, taken, plans);
  }

  private String chosen(List<Recovery.Installation> found) {
    if (installation != null) {
      if (found.stream().noneMatch(one -> one.id().equals(installation))) {
        throw which("No installation " + installation + " left anything there.", found);
      }
      return installation;
    }
    if (found.size() > 1) {
      throw which("Several machines have backed up to it.", found);
    }
    return found.getFirst().id();
  }

  private static SerdabException.Misconfigured which(
      String what, List<Recovery.Installation> found) {
    List<String> all = new ArrayList<>();
    for (Recovery.Installation one : found) {
      all.add(
          "--installation "
              + one.id()
              + one.newest().map(time -> " (last seen " + time + ")").orElse(""));
    }
    return new SerdabException.Misconfigured(
        new Problem(
            "which-installation", what, "Run it again with one of: " + String.join(", ", all)));
  }

  /// Never over a configuration that is there.
  private static Path put(Home home, byte[] text) {
    Path file = home.configuration();
    if (Files.exists(file)) {
      file = home.folder().resolve("serdab.toml.recovered");
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.write(part, text);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return file;
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "home-not-writable",
              "The plans cannot be written to " + file + ".",
              "Make the folder writable, or name another as SERDAB_HOME."),
          e);
    }
  }

  private void print(
      Home home, Brought brought, Recovery.BroughtUpToDate now, HoldPapers.Brought holds) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    for (VerifyReport.BadCopy bad : now.unreadable()) {
      out.println(bad.location() + ": " + say.line(bad.problem()));
    }
    holds.problems().forEach(bad -> out.println(say.line(bad)));
    out.println(
        brought
            .catalogue()
            .used()
            .map(time -> say.text("recover.catalogue-of", time, home.folder()))
            .orElseGet(() -> say.text("recover.catalogue-anew", home.folder())));
    if (brought.catalogue().damaged() > 0) {
      out.println(say.text("recover.damaged", brought.catalogue().damaged()));
    }
    brought.plans().ifPresent(file -> out.println(say.text("recover.plans", file)));
    out.print(say.text("recover.known", now.known(), now.added()));
    if (now.gone() > 0) {
      out.print(say.text("recover.gone", now.gone()));
    }
    if (!now.unreadable().isEmpty()) {
      out.print(say.text("recover.unreadable", now.unreadable().size()));
    }
    out.println(".");
    if (holds.placed() + holds.released() > 0) {
      out.println(say.text("recover.holds-back", holds.placed(), holds.released()));
    }
    out.println(
        brought.plans().isPresent()
            ? say.text("recover.next-plans")
            : say.text("recover.next-backup", "serdab backup --from SOURCE --to " + from));
    out.flush();
  }

  private void printJson(
      Brought brought,
      Recovery.BroughtUpToDate now,
      HoldPapers.Brought holds,
      RunReport.Outcome outcome) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-recover-v1");
          writer.writeStringProperty("outcome", outcome.text());
          writer.writeNumberProperty("exit_code", outcome.exitCode());
          writer.writeStringProperty("installation", brought.installation());
          writer.writeStringProperty(
              "catalogue_of", brought.catalogue().used().map(Instant::toString).orElse(""));
          writer.writeNumberProperty("damaged_catalogues", brought.catalogue().damaged());
          writer.writeStringProperty("plans", brought.plans().map(Path::toString).orElse(""));
          writer.writeNumberProperty("known", now.known());
          writer.writeNumberProperty("added", now.added());
          writer.writeNumberProperty("gone", now.gone());
          writer.writeNumberProperty("holds", holds.placed());
          writer.writeArrayPropertyStart("unreadable");
          for (VerifyReport.BadCopy bad : now.unreadable()) {
            writer.writeStartObject();
            writer.writeStringProperty("location", bad.location());
            ReportPrinter.problem(writer, bad.problem());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
