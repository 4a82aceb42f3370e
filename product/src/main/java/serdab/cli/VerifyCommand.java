package serdab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Depth;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunTotals;
import serdab.destination.Destination;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.restore.Repair;
import serdab.restore.Share;
import serdab.restore.Verification;
import serdab.restore.VerifyReport;
import serdab.store.BlobStore;

/// `serdab verify`: are the copies still good?
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    header = "Proves copies again: reads them back and compares them with what was backed up.",
    footer = {
      "",
      "Examples:",
      "  serdab verify zip:/Volumes/Backup",
      "  serdab verify daily                                (every destination of this plan)",
      "  serdab verify zip:/Volumes/Backup --share 1/30      (daily: all within a month)",
      "  serdab verify repo:/Volumes/Sealed --depth intact --share 1/30 --rate 20",
      "  serdab verify zip:/Volumes/Backup --study 1.2.840.1 --depth restored",
      "  serdab verify zip:/Volumes/Backup --repair --from zip:/Volumes/Second",
      "  serdab verify repo:/Volumes/Sealed --identity owner.age",
      "  serdab verify repo:/Volumes/Sealed --depth intact   (needs no identity)",
      "",
      "With --share 1/30 everything that is there now is proven within the next 30 runs that end,",
      "whatever is copied or removed meanwhile. A damaged copy is never deleted: --repair makes a",
      "good one beside it, proves that, and then moves the damaged file to the folder _set-aside."
    })
final class VerifyCommand implements Callable<Integer> {

  private static final Pattern SHARE = Pattern.compile("(\\d{1,7})/(\\d{1,7})");

  private Surroundings around;

  @Parameters(
      paramLabel = "DEST|PLAN",
      description =
          "The destination: zip:PATH, repo:PATH, dicomweb:URL or dicom://CALLED@HOST:PORT. Or the"
              + " name of a plan: then all its destinations.")
  @SuppressWarnings("NullAway.Init") // required
  private String destination;

  @Option(
      names = "--depth",
      paramLabel = "DEPTH",
      defaultValue = "readable",
      description =
          "present, intact, readable (default) or restored (a drill into a scratch folder).")
  private String depth = "readable";

  @Option(
      names = "--share",
      paramLabel = "N/M",
      description = "Only this share of the copies, those proven longest ago first.")
  private @Nullable String share;

  @Option(
      names = "--rate",
      paramLabel = "MB",
      description = "Reads at most so many megabytes a second. Default: as fast as can be.")
  private @Nullable Long rate;

  @Option(names = "--study", paramLabel = "UID", description = "Only copies of this study.")
  private @Nullable String study;

  @Option(
      names = "--repair",
      description =
          "Makes copies that are damaged or gone again from other destinations that hold them, and"
              + " sets the damaged files aside.")
  private boolean repair;

  @Option(
      names = "--from",
      paramLabel = "OTHERDEST",
      description =
          "With --repair: the destination to copy from. Repeatable. Default: all that are known and"
              + " connected.")
  private List<String> others = List.of();

  @Option(
      names = "--scratch",
      paramLabel = "FOLDER",
      description =
          "With --depth restored: where drills restore to, in a folder serdab-drill of their own."
              + " Default: Serdab's own cache.")
  private @Nullable String scratchFolder;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  /// Whose destinations these are; empty text when no plan was named.
  private String plan = "";

  VerifyCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    return Wiring.isDestination(destination) ? verify() : verifyEach(destination);
  }

  /// Every destination of a plan, one after another.
  private int verifyEach(String named) {
    plan = named;
    Several all = new Several(around, json);
    Surroundings outside = around;
    for (String each : Plans.read(around).called(named).destinations()) {
      boolean on =
          all.next(
              writer -> writer.writeStringProperty("address", each),
              each,
              inside -> {
                around = inside;
                destination = each;
                return verify();
              });
      around = outside;
      if (!on) {
        break;
      }
    }
    if (json) {
      all.printJson("serdab-verifications-v1", "destinations");
    }
    return all.exitCode();
  }

  private int verify() {
    Depth wanted = depth();
    Share part = share();
    if (!repair && !others.isEmpty()) {
      throw wrong("--from", "given", "left out, or given with --repair");
    }
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    List<Destination> helpers = new ArrayList<>();
    boolean reads = repair || wanted.reaches(Depth.READABLE);
    OptionalLong atMost = rate();
    try (RunLock _ = RunLock.take(home.lock());
        RunControl control = RunControl.begin(around, home, "verify", plan, stop);
        Wiring wiring =
            new Wiring(around, keys)
                .readingCopies(reads)
                .readingAtMost(atMost)
                .passing(stop.gateOfNodes());
        Catalogue catalogue = wiring.catalogue(home);
        Destination place =
            repair
                ? wiring.destinationToRepair(destination, catalogue)
                : wiring.destinationToRead(destination, catalogue);
        BlobStore scratch = wiring.scratch(home, Optional.ofNullable(scratchFolder));
        StopOnSignal _ = StopOnSignal.of(stop)) {
      control.tellBy(progress);
      if (wanted.reaches(Depth.READABLE)) {
        requireIdentity(wiring);
      }
      Optional<Repair> mender =
          repair
              ? Optional.of(mender(wiring, catalogue, place, helpers, progress, stop))
              : Optional.empty();
      long run =
          catalogue.beginRun("verify", "", "", List.of(place.id().toString()), Wiring.worker());
      VerifyReport report =
          new Verification(
                  place, catalogue, around.clock(), progress, stop::endsHere, scratch, mender)
              .verify(wanted, part, Optional.ofNullable(study).map(StudyKey::new));
      bar.end();
      RunReport.Outcome outcome = outcome(report);
      catalogue.endRun(
          run,
          outcome.text(),
          new RunTotals(
              report.copies(),
              report.checked(),
              report.repaired().size(),
              report.good(),
              0,
              0,
              report.bad().size(),
              0,
              0,
              0));
      mender.ifPresent(m -> m.problems().forEach(terminal::warn));
      print(report, outcome, place, terminal);
      return outcome.exitCode();
    } finally {
      helpers.forEach(Destination::close);
    }
  }

  private void requireIdentity(Wiring wiring) {
    try {
      wiring.requireReadable(destination);
    } catch (SerdabException.Refused e) {
      Problem problem = e.problem();
      throw problem.code().equals("repository-needs-identity")
          ? new SerdabException.Refused(
              new Problem(
                  "repository-needs-identity",
                  problem.what(),
                  problem.next() + " Without it, --depth intact proves that nothing was damaged."))
          : e;
    }
  }

  private Repair mender(
      Wiring wiring,
      Catalogue catalogue,
      Destination place,
      List<Destination> helpers,
      Progress progress,
      StopSignal stop) {
    for (String other : others) {
      Destination helper = wiring.destinationToRead(other, catalogue);
      helpers.add(helper);
      if (helper.id().equals(place.id())) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "destination-twice",
                "The destination to repair and the one to copy from are one and the same.",
                "Name another destination after --from."));
      }
    }
    if (others.isEmpty()) {
      helpers.addAll(wiring.otherDestinations(place.id(), catalogue));
    }
    if (helpers.isEmpty()) {
      progress.tell(
          "progress.no-other",
          "Warning: no other destination is known and connected to copy from.");
    }
    return new Repair(place, helpers, catalogue, progress, stop::mustAbandon);
  }

  private static RunReport.Outcome outcome(VerifyReport report) {
    if (report.interrupted()) {
      return RunReport.Outcome.INTERRUPTED;
    }
    return report.bad().isEmpty() ? RunReport.Outcome.GOOD : RunReport.Outcome.INCOMPLETE;
  }

  private void print(
      VerifyReport report, RunReport.Outcome outcome, Destination place, Terminal terminal) {
    if (json) {
      Json.object(
          terminal.out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-verify-v1");
            writer.writeStringProperty("destination", place.id().toString());
            writer.writeStringProperty("depth", depth.toUpperCase(Locale.ROOT));
            writer.writeStringProperty("outcome", outcome.text());
            writer.writeNumberProperty("exit_code", outcome.exitCode());
            writer.writeNumberProperty("copies", report.copies());
            writer.writeNumberProperty("checked", report.checked());
            writer.writeNumberProperty("good", report.good());
            writer.writeNumberProperty("sent_converted", report.converted());
            writer.writeNumberProperty("repaired", report.repaired().size());
            writer.writeNumberProperty("replaced", report.replaced().size());
            writer.writeNumberProperty("set_aside", report.setAside());
            writer.writeArrayPropertyStart("bad");
            for (VerifyReport.BadCopy bad : report.bad()) {
              writer.writeStartObject();
              writer.writeStringProperty(
                  "label", bad.study().map(label -> label.value()).orElse(""));
              writer.writeStringProperty("location", bad.location());
              ReportPrinter.problem(writer, bad.problem());
              writer.writeEndObject();
            }
            writer.writeEndArray();
          });
      return;
    }
    Messages say = terminal.messages();
    report.bad().forEach(copy -> print("", copy, terminal));
    report.repaired().forEach(copy -> print(say.text("verify.again") + " ", copy, terminal));
    report.replaced().forEach(copy -> print(say.text("verify.beside") + " ", copy, terminal));
    terminal
        .out()
        .println(
            say.text(
                "verify.totals",
                report.copies(),
                report.checked(),
                depth.toUpperCase(Locale.ROOT),
                report.good(),
                report.bad().size()));
    if (report.converted() > 0) {
      terminal.out().println(say.text("verify.converted", report.converted()));
    }
    if (!report.repaired().isEmpty()) {
      terminal.out().println(say.text("verify.made-again", report.repaired().size()));
    }
    if (!report.replaced().isEmpty()) {
      terminal.out().println(say.text("verify.replaced", report.replaced().size()));
    }
    if (report.setAside() > 0) {
      terminal.out().println(say.text("verify.set-aside", report.setAside()));
    }
    if (report.interrupted()) {
      terminal.out().println(say.text("verify.interrupted"));
    }
    terminal.out().flush();
  }

  private static void print(String before, VerifyReport.BadCopy copy, Terminal terminal) {
    Messages say = terminal.messages();
    terminal
        .out()
        .println(
            before
                + copy.study().map(label -> label.value()).orElse(say.text("any.unknown-study"))
                + " ("
                + copy.location()
                + "): "
                + say.line(copy.problem()));
  }

  private static SerdabException.Misconfigured wrong(String option, String value, String wanted) {
    return new SerdabException.Misconfigured(
        new Problem(
            "wrong-option",
            option + " is " + value + "; it must be " + wanted + ".",
            "Run: serdab verify --help"));
  }

  private Depth depth() {
    return switch (depth.toLowerCase(Locale.ROOT)) {
      case "present" -> Depth.PRESENT;
      case "intact" -> Depth.INTACT;
      case "readable" -> Depth.READABLE;
      case "restored" -> Depth.RESTORED;
      default ->
          throw new SerdabException.Misconfigured(
              new Problem(
                  "wrong-option",
                  "--depth is " + depth + "; it must be present, intact, readable or restored.",
                  "Run: serdab verify --help"));
    };
  }

  private OptionalLong rate() {
    if (rate == null) {
      return OptionalLong.empty();
    }
    if (rate < 1 || rate > 1_000_000) {
      throw wrong("--rate", rate.toString(), "megabytes a second, 1 or more");
    }
    return OptionalLong.of(rate * 1_000_000);
  }

  private Share share() {
    if (share == null) {
      return Share.ALL;
    }
    Matcher matcher = SHARE.matcher(share);
    if (matcher.matches()) {
      long part = Long.parseLong(matcher.group(1));
      long of = Long.parseLong(matcher.group(2));
      if (part >= 1 && of >= part) {
        return new Share(part, of);
      }
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "wrong-option",
            "--share is " + share + "; it must be a fraction such as 1/30.",
            "Run: serdab verify --help"));
  }
}
