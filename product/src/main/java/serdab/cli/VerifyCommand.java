package serdab.cli;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
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
      "  serdab verify zip:/Volumes/Backup --study 1.2.840.1 --depth restored"
    })
final class VerifyCommand implements Callable<Integer> {

  private static final Pattern SHARE = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  private Surroundings around;

  @Parameters(
      paramLabel = "DEST|PLAN",
      description =
          "The destination: zip:PATH. Or the name of a plan: then all its destinations.")
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

  @Option(names = "--study", paramLabel = "UID", description = "Only copies of this study.")
  private @Nullable String study;

  @Option(names = "--json", description = "Prints the report as JSON.")
  private boolean json;

  VerifyCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    return Wiring.isDestination(destination) ? verify() : verifyEach(destination);
  }

  /// Every destination of a plan, one after another.
  private int verifyEach(String plan) {
    Several all = new Several(around, json);
    Surroundings outside = around;
    for (String each : Plans.read(around).called(plan).destinations()) {
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
    Home home = around.home().make();
    Terminal terminal = around.terminal();
    TerminalProgress bar =
        new TerminalProgress(terminal.err(), terminal.interactive(), System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        Destination place = wiring.destinationToRead(destination, catalogue);
        BlobStore scratch = wiring.scratch(home);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      long run =
          catalogue.beginRun(
              "verify", "", "", java.util.List.of(place.id().toString()), Wiring.worker());
      VerifyReport report =
          new Verification(place, catalogue, around.clock(), progress, stop::isRequested, scratch)
              .verify(wanted, part, Optional.ofNullable(study).map(StudyKey::new));
      bar.end();
      RunReport.Outcome outcome = outcome(report);
      catalogue.endRun(
          run,
          outcome.text(),
          new RunTotals(
              report.copies(),
              report.checked(),
              0,
              report.good(),
              0,
              0,
              report.bad().size(),
              0,
              0,
              0));
      print(report, outcome, place, terminal);
      return outcome.exitCode();
    }
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
    for (VerifyReport.BadCopy bad : report.bad()) {
      terminal
          .out()
          .println(
              bad.study().map(label -> label.value()).orElse("unknown study")
                  + " ("
                  + bad.location()
                  + "): "
                  + bad.problem().text());
    }
    terminal
        .out()
        .printf(
            "%d copies, %d checked to %s: %d good, %d NOT good.%n",
            report.copies(),
            report.checked(),
            depth.toUpperCase(Locale.ROOT),
            report.good(),
            report.bad().size());
    if (report.interrupted()) {
      terminal
          .out()
          .println("Interrupted. Run it again to go on with the copies proven longest ago.");
    }
    terminal.out().flush();
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
