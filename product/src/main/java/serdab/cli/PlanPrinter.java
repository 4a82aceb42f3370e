package serdab.cli;

import java.util.EnumMap;
import java.util.Map;
import serdab.Problem;
import serdab.backup.WorkItem;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.plan.BackupPlan;

/// Prints what a run would do (`--dry-run`), for a person or as JSON (`docs/json.md`).
final class PlanPrinter {

  private PlanPrinter() {}

  static void print(
      WorkList work, BackupPlan plan, Catalogue catalogue, Terminal terminal, boolean json) {
    if (json) {
      printJson(work, plan, catalogue, terminal);
      return;
    }
    var out = terminal.out();
    Messages say = terminal.messages();
    Map<WorkItem.Reason, Integer> reasons = new EnumMap<>(WorkItem.Reason.class);
    for (WorkItem item : work.items()) {
      reasons.merge(item.reason(), 1, Integer::sum);
      out.println(
          say.text(
              "plan.item",
              catalogue.label(item.study().key()),
              String.format("%-12s", words(item.reason(), say)),
              item.study().fileCount()));
    }
    out.println(
        say.text(
            "plan.totals",
            work.listed(),
            work.selected(),
            work.items().size(),
            work.alreadyThere(),
            work.notYet().size(),
            work.empty()));
    reasons.forEach((reason, count) -> out.printf("  %s: %d%n", words(reason, say), count));
    for (Problem alarm : work.alarms()) {
      out.println(say.text("any.problem", say.line(alarm)));
    }
    out.println(say.text("any.not-done"));
    out.flush();
  }

  private static String words(WorkItem.Reason reason, Messages say) {
    return say.text("plan.reason." + reason.text().replace(' ', '-'));
  }

  private static void printJson(
      WorkList work, BackupPlan plan, Catalogue catalogue, Terminal terminal) {
    Json.object(
        terminal.out(),
        json -> {
          json.writeStringProperty("schema", "serdab-plan-v1");
          json.writeStringProperty("plan_hash", plan.hash());
          json.writeNumberProperty("listed", work.listed());
          json.writeNumberProperty("selected", work.selected());
          json.writeNumberProperty("already_there", work.alreadyThere());
          json.writeNumberProperty("empty", work.empty());
          json.writeArrayPropertyStart("work");
          for (WorkItem item : work.items()) {
            json.writeStartObject();
            json.writeStringProperty("label", catalogue.label(item.study().key()).value());
            json.writeStringProperty("reason", item.reason().text());
            json.writeNumberProperty("files", item.study().fileCount());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayPropertyStart("not_yet");
          for (WorkList.NotYet study : work.notYet()) {
            json.writeStartObject();
            json.writeStringProperty("label", catalogue.label(study.study()).value());
            json.writeStringProperty("problem", study.problem());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayPropertyStart("problems");
          for (Problem alarm : work.alarms()) {
            json.writeStartObject();
            ReportPrinter.problem(json, alarm);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }
}
