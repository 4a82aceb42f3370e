package serdab.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.report.Progress;
import serdab.repository.Check;
import serdab.repository.Repository;
import serdab.store.BlobStore;

/// `serdab repository check`: is every file of a repository there and as it was written?
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    header = "Reads every file of a repository back and proves it; needs no key.",
    description = {
      "Names are digests and everything small is signed, so that neither damage nor a forgery stays"
          + " unnoticed. Nothing is changed; serdab repository repair mends.",
      "",
      "With --share 1/30 each run proves a thirtieth and goes on where the last one ended."
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository check repo:/Volumes/Sealed",
      "  serdab repository check repo:/Volumes/Sealed --share 1/30 --rate 50"
    })
final class RepositoryCheckCommand implements Callable<Integer> {

  private static final String FACT = "repository-check/";

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Option(
      names = "--share",
      paramLabel = "N/M",
      description = "Only this share of the bytes; the next run goes on from there.")
  private @Nullable String share;

  @Option(
      names = "--rate",
      paramLabel = "MB",
      description = "Reads at most so many megabytes a second. Default: as fast as can be.")
  private @Nullable Long rate;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  RepositoryCheckCommand(Surroundings around) {
    this.around = around;
  }

  /// What was found.
  private record Checked(
      String id,
      Check.Presence presence,
      Check.Progress progress,
      List<Check.Finding> findings,
      long copiesLost) {

    long bad() {
      return findings.stream().filter(RepositoryCheckCommand::isBad).count();
    }
  }

  /// What belongs to no format is nobody's damage, and neither is what carries no proof.
  static boolean isBad(Check.Finding finding) {
    return switch (finding.kind()) {
      case UNKNOWN, UNPROVEN -> false;
      case MISSING, WRONG_LENGTH, DAMAGED, UNREADABLE, UNSIGNED, HALF -> true;
    };
  }

  /// A check that knows what Serdab keeps beside the versions.
  static Check of(BlobStore store) {
    return Check.of(store, name -> name.startsWith("_"));
  }

  @Override
  public Integer call() {
    String address = RepositoryCommand.address(place);
    Part part = share == null ? new Part(1, 1) : part(share);
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        BlobStore store = wiring.placeOfRepository(address);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      String id = Repository.idAt(store).toString();
      Check check = of(store);
      Set<Check.Finding> findings = new LinkedHashSet<>();
      Check.Presence presence = check.presence();
      findings.addAll(presence.findings());
      RepositoryPace pace =
          new RepositoryPace(rate(), Long.MAX_VALUE, stop::isRequested, progress::read);
      Check.Progress done =
          share == null
              ? check.prove(_ -> Instant.EPOCH, Optional.empty(), pace, findings::add)
              : prove(check, part, FACT + id, catalogue, pace, findings);
      bar.end();
      List<String> bad =
          findings.stream()
              .filter(RepositoryCheckCommand::isBad)
              .map(Check.Finding::file)
              .distinct()
              .toList();
      long copiesLost = new CheckedCopies(catalogue, id, around.clock()).lost(check, bad);
      Checked checked = new Checked(id, presence, done, new ArrayList<>(findings), copiesLost);
      int code =
          stop.isRequested()
              ? Main.ExitCodes.INTERRUPTED
              : checked.bad() == 0 ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
      if (json) {
        printJson(checked, code);
      } else {
        print(checked);
      }
      return code;
    }
  }

  /// Reads the files that have their turn.
  private static Check.Progress prove(
      Check check,
      Part part,
      String fact,
      Catalogue catalogue,
      RepositoryPace pace,
      Set<Check.Finding> findings) {
    CheckRounds rounds = CheckRounds.parse(catalogue.fact(fact).orElse(""));
    Map<String, Long> there = check.files();
    List<String> due = List.copyOf(rounds.due(there, part.part(), part.of()).keySet());
    Check.Progress done = check.prove(due, pace, findings::add);
    Optional<String> last = done.last().map(Check.Point::file);
    boolean whole = done.isComplete() && due.size() == there.size();
    last.ifPresent(file ->
        catalogue.rememberFact(
            fact, (done.isComplete() ? rounds.after(file, whole) : rounds.stopped(file)).text()));
    return new Check.Progress(done.files(), done.bytes(), done.last(), whole);
  }

  private OptionalLong rate() {
    if (rate == null) {
      return OptionalLong.empty();
    }
    if (rate < 1 || rate > 1_000_000) {
      throw wrong("--rate is " + rate + "; it must be megabytes a second, 1 or more.");
    }
    return OptionalLong.of(rate * 1_000_000);
  }

  private record Part(long part, long of) {}

  private static Part part(String text) {
    if (text.matches("\\d{1,7}/\\d{1,7}")) {
      int slash = text.indexOf('/');
      long of = Long.parseLong(text.substring(slash + 1));
      long part = Long.parseLong(text.substring(0, slash));
      if (part > 0 && part <= of) {
        return new Part(part, of);
      }
    }
    throw wrong("--share is " + text + "; it must be a fraction such as 1/30.");
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Run: serdab repository check --help"));
  }

  /// A kind of finding as JSON and the lines for people name it.
  static String kind(Check.Finding finding) {
    return finding.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void print(Checked checked) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    for (Check.Finding finding : checked.findings()) {
      out.println(say.text("repository.finding-" + kind(finding), finding.file()));
    }
    out.println(
        say.text(
            "repository.checked",
            checked.progress().files(),
            PrunePrinter.size(checked.progress().bytes()),
            checked.presence().versions(),
            checked.presence().packs(),
            checked.bad()));
    if (checked.presence().withoutParity() > 0) {
      out.println(say.text("repository.without-parity", checked.presence().withoutParity()));
    }
    checked
        .presence()
        .unfinished()
        .forEach(file -> out.println(say.text("repository.copy-to-make", file)));
    if (!checked.progress().isComplete()) {
      out.println(say.text("repository.goes-on"));
    }
    if (checked.copiesLost() > 0) {
      out.println(say.text("repository.copies-lost", checked.copiesLost()));
    }
    if (checked.bad() > 0) {
      out.println(say.text("repository.next", "serdab repository repair " + place));
    }
    out.flush();
  }

  private void printJson(Checked checked, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-repositorycheck-v1");
          writer.writeStringProperty("id", checked.id());
          writer.writeNumberProperty("exit_code", code);
          writer.writeNumberProperty("versions", checked.presence().versions());
          writer.writeNumberProperty("packs", checked.presence().packs());
          writer.writeNumberProperty("pack_bytes", checked.presence().packBytes());
          writer.writeNumberProperty("packs_without_parity", checked.presence().withoutParity());
          writer.writeArrayPropertyStart("copies_to_make");
          checked.presence().unfinished().forEach(writer::writeString);
          writer.writeEndArray();
          writer.writeNumberProperty("files", checked.progress().files());
          writer.writeNumberProperty("bytes", checked.progress().bytes());
          writer.writeBooleanProperty("complete", checked.progress().isComplete());
          writer.writeNumberProperty("copies_lost", checked.copiesLost());
          writer.writeArrayPropertyStart("findings");
          for (Check.Finding finding : checked.findings()) {
            writer.writeStartObject();
            writer.writeStringProperty("kind", kind(finding));
            writer.writeStringProperty("file", finding.file());
            writer.writeNumberProperty("bytes", finding.lengthBytes());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
