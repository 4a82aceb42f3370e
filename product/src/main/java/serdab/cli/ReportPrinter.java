package serdab.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import serdab.Problem;
import serdab.catalogue.RunTotals;
import serdab.report.Forecast;
import serdab.report.RunReport;

/// Prints the report of a backup run, for a person or as JSON (`docs/json.md`).
final class ReportPrinter {

  private ReportPrinter() {}

  static void print(RunReport report, List<Problem> moreWarnings, Terminal terminal, boolean json) {
    List<Problem> warnings = new ArrayList<>(moreWarnings);
    warnings.addAll(report.warnings());
    if (json) {
      printJson(report, warnings, terminal.out(), true);
    } else {
      printText(report, terminal.out(), terminal.messages());
      report.warnings().forEach(terminal::warn);
    }
  }

  private static void printText(RunReport report, PrintStream out, Messages say) {
    RunTotals totals = report.totals();
    if (!report.madeAt().isEmpty()) {
      TreeMap<String, List<RunReport.Made>> byPlace = new TreeMap<>();
      for (RunReport.Made made : report.madeAt()) {
        byPlace.computeIfAbsent(made.destination(), _ -> new ArrayList<>()).add(made);
      }
      byPlace.forEach((place, copies) -> {
        out.println(place);
        copies.sort(java.util.Comparator.comparing(RunReport.Made::location));
        for (RunReport.Made made : copies) {
          out.println(
              say.text(
                  "backup.made",
                  made.location(),
                  made.files(),
                  TerminalProgress.Sizes.text(made.sourceBytes()),
                  TerminalProgress.Sizes.text(made.storedBytes())));
        }
      });
    }
    out.println(
        say.text(
            "backup.totals",
            totals.listed(),
            totals.selected(),
            totals.copied(),
            totals.alreadyThere(),
            totals.adopted(),
            totals.incomplete(),
            totals.failed(),
            totals.waiting(),
            totals.findings()));
    for (RunReport.NotSafe study : report.notSafe()) {
      out.println(say.text("backup.not-safe", study.study(), say.line(study.problem())));
    }
    for (Problem problem : report.problems()) {
      out.println(say.text("any.problem", say.line(problem)));
    }
    Forecast forecast = report.forecast();
    if (forecast.studiesLeft() > 0) {
      String when = TerminalProgress.words(forecast, say);
      out.println(
          say.text(
              "forecast.left",
              say.text(forecast.first() ? "forecast.first" : "forecast.not-done"),
              forecast.studiesLeft(),
              forecast.bytesLeft() > 0
                  ? say.text("forecast.about", TerminalProgress.Sizes.text(forecast.bytesLeft()))
                  : "",
              when.isEmpty() ? "" : say.text("forecast.done", when)));
    }
    out.println(
        say.text(
            switch (report.outcome()) {
              case GOOD -> totals.waiting() == 0 ? "backup.good" : "backup.good-so-far";
              case INCOMPLETE -> "backup.incomplete";
              case FAILED -> "backup.failed";
              case HELD_BACK -> "backup.held-back";
              case INTERRUPTED -> "backup.interrupted";
            }));
    out.flush();
  }

  /// Prints a report as JSON.
  ///
  /// @param locations whether the names of copies stand in it, which are patient data with most
  ///   naming profiles; else they are empty
  static void printJson(
      RunReport report, List<Problem> warnings, PrintStream out, boolean locations) {
    RunTotals totals = report.totals();
    Json.object(
        out,
        json -> {
          json.writeStringProperty("schema", "serdab-backup-v1");
          json.writeNumberProperty("run", report.run());
          json.writeStringProperty("outcome", report.outcome().text());
          json.writeNumberProperty("exit_code", report.outcome().exitCode());
          json.writeObjectPropertyStart("totals");
          json.writeNumberProperty("listed", totals.listed());
          json.writeNumberProperty("selected", totals.selected());
          json.writeNumberProperty("copied", totals.copied());
          json.writeNumberProperty("already_there", totals.alreadyThere());
          json.writeNumberProperty("adopted", totals.adopted());
          json.writeNumberProperty("incomplete", totals.incomplete());
          json.writeNumberProperty("failed", totals.failed());
          json.writeNumberProperty("waiting", totals.waiting());
          json.writeNumberProperty("findings", totals.findings());
          json.writeNumberProperty("copied_bytes", totals.copiedBytes());
          json.writeEndObject();
          json.writeArrayPropertyStart("not_safe");
          for (RunReport.NotSafe study : report.notSafe()) {
            json.writeStartObject();
            json.writeStringProperty("label", study.study().value());
            problem(json, study.problem());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayPropertyStart("problems");
          for (Problem problem : report.problems()) {
            json.writeStartObject();
            problem(json, problem);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayPropertyStart("warnings");
          warnings.forEach(warning -> json.writeString(warning.text()));
          json.writeEndArray();
          Forecast forecast = report.forecast();
          json.writeObjectPropertyStart("forecast");
          json.writeBooleanProperty("first", forecast.first());
          json.writeNumberProperty("studies_left", forecast.studiesLeft());
          json.writeNumberProperty("files_left", forecast.filesLeft());
          json.writeNumberProperty("bytes_left", forecast.bytesLeft());
          json.writeNumberProperty("runs_left", forecast.runsLeft());
          json.writeStringProperty("done_at", forecast.doneAt().map(Object::toString).orElse(""));
          json.writeEndObject();
          json.writeArrayPropertyStart("made");
          for (RunReport.Made made : report.madeAt()) {
            json.writeStartObject();
            json.writeStringProperty("label", made.study().value());
            json.writeStringProperty("destination", made.destination());
            json.writeStringProperty("location", locations ? made.location() : "");
            json.writeNumberProperty("files", made.files());
            json.writeNumberProperty("source_bytes", made.sourceBytes());
            json.writeNumberProperty("stored_bytes", made.storedBytes());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static void problem(tools.jackson.core.JsonGenerator json, Problem problem) {
    json.writeStringProperty("code", problem.code());
    json.writeStringProperty("what", problem.what());
    json.writeStringProperty("next", problem.next());
  }
}
