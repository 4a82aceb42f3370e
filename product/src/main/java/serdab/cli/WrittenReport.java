package serdab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.cli.log.JsonLog;
import serdab.destination.Destination;
import serdab.report.RunReport;
import serdab.report.RunSummary;

/// Writes down how a run ended: in the log, and as a report in three forms.
final class WrittenReport {

  /// Over how many days the growth is averaged.
  private static final int DAYS = 30;

  /// Runs every ten minutes for thirty days, and some.
  private static final int RUNS_MAX = 5000;

  private final Home home;
  private final Catalogue catalogue;
  private final InstantSource clock;
  private final JsonLog log;

  WrittenReport(Home home, Catalogue catalogue, InstantSource clock, JsonLog log) {
    this.home = home;
    this.catalogue = catalogue;
    this.clock = clock;
    this.log = log;
  }

  /// Writes it all.
  ///
  /// @return the page for people; empty when it could not be written, which the log says
  Optional<Path> write(
      String plan,
      RunReport report,
      Instant startedAt,
      List<Destination> destinations,
      List<Problem> warnings) {
    Instant now = clock.instant();
    log(plan, report, warnings);
    List<Problem> all = new ArrayList<>(warnings);
    all.addAll(report.warnings());
    RunSummary summary =
        new RunSummary(report, plan, startedAt, now, places(destinations, now), all);
    try {
      return Optional.of(new RunFiles(home.reports()).write(summary));
    } catch (IOException e) {
      log.add(JsonLog.Level.WARNING, "report-not-written", _ -> {});
      return Optional.empty();
    }
  }

  private void log(String plan, RunReport report, List<Problem> warnings) {
    for (Problem problem : report.problems()) {
      log.add(
          JsonLog.Level.ERROR,
          "problem",
          json -> {
            json.writeStringProperty("code", problem.code());
            json.writeStringProperty("text", problem.text());
          });
    }
    for (RunReport.NotSafe study : report.notSafe()) {
      log.add(
          JsonLog.Level.WARNING,
          "not-safe",
          json -> {
            json.writeStringProperty("label", study.study().value());
            json.writeStringProperty("code", study.problem().code());
          });
    }
    warnings.forEach(warning ->
        log.add(
            JsonLog.Level.WARNING,
            "warning",
            json -> {
              json.writeStringProperty("code", warning.code());
              json.writeStringProperty("text", warning.text());
            }));
    boolean good = report.outcome() == RunReport.Outcome.GOOD;
    log.add(
        good ? JsonLog.Level.INFO : JsonLog.Level.ERROR,
        "run-ended",
        json -> {
          json.writeNumberProperty("run", report.run());
          json.writeStringProperty("plan", plan);
          json.writeStringProperty("outcome", report.outcome().text());
          json.writeNumberProperty("listed", report.totals().listed());
          json.writeNumberProperty("copied", report.totals().copied());
          json.writeNumberProperty("already_there", report.totals().alreadyThere());
          json.writeNumberProperty("failed", report.totals().failed());
          json.writeNumberProperty("incomplete", report.totals().incomplete());
          json.writeNumberProperty("waiting", report.totals().waiting());
          json.writeNumberProperty("copied_bytes", report.totals().copiedBytes());
        });
  }

  private List<RunSummary.Place> places(List<Destination> destinations, Instant now) {
    long bytesPerDay = bytesPerDay(now);
    List<RunSummary.Place> places = new ArrayList<>();
    for (Destination destination : destinations) {
      OptionalLong usable;
      try {
        usable = destination.usableBytes();
      } catch (SerdabException e) {
        usable = OptionalLong.empty();
      }
      places.add(
          new RunSummary.Place(
              destination.describe(), usable, RunSummary.daysLeft(usable, bytesPerDay)));
    }
    return places;
  }

  /// What was copied on a day, on average; 0 when it cannot be told. A first backup copies years in
  /// days, so nothing is told before a week is over.
  private long bytesPerDay(Instant now) {
    Instant since = now.minus(Duration.ofDays(DAYS));
    long bytes = 0;
    Instant first = now;
    for (RunRow run : catalogue.runs(RUNS_MAX)) {
      if (run.startedAt().isBefore(since)) {
        break;
      }
      bytes += run.totals().copiedBytes();
      first = run.startedAt();
    }
    long days = Duration.between(first, now).toDays();
    return days < 7 ? 0 : bytes / days;
  }
}
