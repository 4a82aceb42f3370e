package serdab.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import serdab.Problem;
import serdab.destination.Destination;
import serdab.report.RunReport;
import serdab.retention.Line;
import serdab.retention.PlanFile;
import serdab.retention.PruneReport;
import serdab.retention.Reason;
import serdab.retention.RetentionPlan;
import serdab.retention.Verdict;
import tools.jackson.core.JsonGenerator;

/// Shows retention plans and what came of them.
final class PrunePrinter {

  /// On a terminal, more lines than this are not read.
  private static final int LINES_SHOWN = 1000;

  private final Terminal terminal;
  private final boolean json;
  private final boolean showStudies;

  PrunePrinter(Terminal terminal, boolean json, boolean showStudies) {
    this.terminal = terminal;
    this.json = json;
    this.showStudies = showStudies;
  }

  /// @param trial whether the plan is by rules that the configuration does not have
  void plan(
      RetentionPlan plan,
      PlanFile file,
      Path path,
      Destination place,
      String specification,
      boolean trial) {
    if (json) {
      planJson(plan, file, path, trial);
    } else {
      planText(plan, path, place, specification, trial);
    }
  }

  private void planText(
      RetentionPlan plan, Path path, Destination place, String specification, boolean trial) {
    PrintStream out = terminal.out();
    Messages say = terminal.messages();
    List<Line> go = plan.with(Verdict.GO);
    List<Line> last = plan.with(Verdict.GO_AS_LAST);
    out.println(say.text("prune.plan", place.describe(), plan.destinationId()));
    plan.rules().forEach(rule -> out.println(say.text("prune.rule", rule)));
    plan.frozen().ifPresent(problem -> out.println(say.text("prune.frozen", say.line(problem))));
    out.println(say.text("prune.kept", plan.with(Verdict.KEEP).size()));
    counts(plan.byReason(Verdict.KEEP));
    if (plan.unreadable() > 0) {
      out.println(say.text("prune.unreadable", plan.unreadable()));
    }
    out.println(say.text("prune.may-go", go.size(), size(RetentionPlan.bytes(go))));
    counts(plan.byReason(Verdict.GO));
    months(plan.byMonth(Verdict.GO));
    lines(go);
    if (!last.isEmpty()) {
      out.println(
          say.text(
              "prune.last",
              RetentionPlan.studies(last),
              last.size(),
              size(RetentionPlan.bytes(last))));
      months(plan.byMonth(Verdict.GO_AS_LAST));
      lines(last);
    }
    out.println(say.text("prune.plan-written", path));
    if (trial) {
      out.println(say.text("prune.trial"));
      out.flush();
      return;
    }
    if (!go.isEmpty()) {
      out.println(
          say.text(
              "prune.to-destroy",
              "serdab prune \""
                  + specification
                  + "\" --execute \""
                  + path
                  + "\" --confirm "
                  + go.size()));
    }
    if (!last.isEmpty()) {
      out.println(
          say.text(
              "prune.with-last",
              "--confirm "
                  + (go.size() + last.size())
                  + " --last-copies "
                  + RetentionPlan.studies(last)));
    }
    out.flush();
  }

  private void counts(Map<Reason, RetentionPlan.Count> counts) {
    counts.forEach((reason, count) -> count(count, words(reason)));
  }

  private void count(RetentionPlan.Count count, String of) {
    terminal.out().printf("  %,8d  %10s  %s%n", count.copies(), size(count.bytes()), of);
  }

  private String words(Reason reason) {
    Messages say = terminal.messages();
    return say.isEnglish()
        ? reason.text()
        : say.text("prune.reason." + reason.code(), reason.value());
  }

  private void months(Map<String, RetentionPlan.Count> months) {
    Messages say = terminal.messages();
    months.forEach((month, count) ->
        count(
            count,
            say.text(
                "prune.of-month",
                month.equals(RetentionPlan.NO_MONTH) ? say.text("prune.no-month") : month)));
  }

  private void lines(List<Line> lines) {
    lines.stream().limit(LINES_SHOWN).forEach(line -> terminal.out().println("    " + text(line)));
    if (lines.size() > LINES_SHOWN) {
      terminal.out().println(terminal.messages().text("prune.more", lines.size() - LINES_SHOWN));
    }
  }

  private String text(Line line) {
    String shown =
        showStudies
            ? "  " + line.copy().study().value() + "  " + line.copy().location()
            : "  "
                + terminal
                    .messages()
                    .text("prune.version", line.copy().id().hex().substring(0, 12));
    return line.label().value()
        + shown
        + "  "
        + size(line.copy().storedBytes())
        + "  "
        + String.join("; ", line.reasons().stream().map(this::words).toList());
  }

  private void planJson(RetentionPlan plan, PlanFile file, Path path, boolean trial) {
    Json.object(
        terminal.out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-retention-v1");
          writer.writeStringProperty("destination", plan.destinationId());
          writer.writeStringProperty("made_at", plan.madeAt().toString());
          writer.writeStringProperty("plan_file", path.toString());
          writer.writeStringProperty("plan_hash", file.hash().hex());
          writer.writeBooleanProperty("trial", trial);
          writer.writeArrayPropertyStart("rules");
          plan.rules().forEach(writer::writeString);
          writer.writeEndArray();
          writer.writeNumberProperty("unreadable", plan.unreadable());
          writer.writeNumberProperty("missing", plan.missing());
          problems(writer, plan.frozen().stream().toList());
          writer.writeNumberProperty("copies", file.with(Verdict.GO).size());
          writer.writeNumberProperty("bytes", RetentionPlan.bytes(plan.with(Verdict.GO)));
          writer.writeNumberProperty("last_copies", file.with(Verdict.GO_AS_LAST).size());
          writer.writeNumberProperty(
              "last_studies", RetentionPlan.studies(plan.with(Verdict.GO_AS_LAST)));
          writer.writeArrayPropertyStart("kept");
          plan.byReason(Verdict.KEEP)
              .forEach((reason, count) -> {
                writer.writeStartObject();
                writer.writeStringProperty("reason", reason.text());
                writer.writeNumberProperty("copies", count.copies());
                writer.writeNumberProperty("bytes", count.bytes());
                writer.writeEndObject();
              });
          writer.writeEndArray();
          writer.writeArrayPropertyStart("may_go");
          plan.lines().stream()
              .filter(line -> line.verdict() != Verdict.KEEP)
              .forEach(line -> lineJson(writer, line));
          writer.writeEndArray();
        });
  }

  private void lineJson(JsonGenerator writer, Line line) {
    writer.writeStartObject();
    writer.writeStringProperty("label", line.label().value());
    writer.writeStringProperty("version", line.copy().id().hex());
    writer.writeNumberProperty("bytes", line.copy().storedBytes());
    writer.writeStringProperty("month", line.month().map(Object::toString).orElse(""));
    writer.writeBooleanProperty("last_copy", line.verdict() == Verdict.GO_AS_LAST);
    writer.writeBooleanProperty("ends_study", line.endsStudy());
    writer.writeArrayPropertyStart("reasons");
    line.reasons().forEach(reason -> writer.writeString(reason.text()));
    writer.writeEndArray();
    if (showStudies) {
      writer.writeStringProperty("key", line.copy().study().value());
      writer.writeStringProperty("location", line.copy().location());
    }
    writer.writeEndObject();
  }

  private static void problems(JsonGenerator writer, List<Problem> problems) {
    writer.writeArrayPropertyStart("problems");
    for (Problem problem : problems) {
      writer.writeStartObject();
      ReportPrinter.problem(writer, problem);
      writer.writeEndObject();
    }
    writer.writeEndArray();
  }

  void report(PruneReport report, RunReport.Outcome outcome, PlanFile plan) {
    if (json) {
      reportJson(report, outcome, plan);
      return;
    }
    PrintStream out = terminal.out();
    Messages say = terminal.messages();
    report.kept().stream()
        .limit(LINES_SHOWN)
        .forEach(kept ->
            out.println(
                say.text("prune.study-kept", kept.study().value(), say.line(kept.problem()))));
    out.println(
        say.text(
            "prune.removed", report.removed(), size(report.removedBytes()), report.kept().size()));
    report
        .certificates()
        .forEach(written ->
            out.println(say.text("prune.certificate", written.name(), written.digest())));
    if (report.interrupted()) {
      out.println(say.text("prune.interrupted"));
    }
    out.flush();
  }

  private void reportJson(PruneReport report, RunReport.Outcome outcome, PlanFile plan) {
    Json.object(
        terminal.out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-prune-v1");
          writer.writeStringProperty("destination", plan.destinationId());
          writer.writeStringProperty("plan_hash", plan.hash().hex());
          writer.writeStringProperty("outcome", outcome.text());
          writer.writeNumberProperty("exit_code", outcome.exitCode());
          writer.writeNumberProperty("removed", report.removed());
          writer.writeNumberProperty("removed_bytes", report.removedBytes());
          writer.writeArrayPropertyStart("kept");
          for (PruneReport.Kept kept : report.kept()) {
            writer.writeStartObject();
            writer.writeStringProperty("label", kept.study().value());
            ReportPrinter.problem(writer, kept.problem());
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeArrayPropertyStart("certificates");
          for (PruneReport.Written written : report.certificates()) {
            writer.writeStartObject();
            writer.writeStringProperty("name", written.name());
            writer.writeStringProperty("sha256", written.digest());
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }

  static String size(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(java.util.Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
