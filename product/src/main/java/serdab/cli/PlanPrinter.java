package serdab.cli;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import serdab.Problem;
import serdab.backup.WorkItem;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.SizeEstimator;
import serdab.plan.BackupPlan;

/// Prints what a run would do (`--dry-run`), for a person or as JSON (`docs/json.md`).
final class PlanPrinter {

  private final Catalogue catalogue;
  private final Terminal terminal;
  private final boolean json;

  PlanPrinter(Catalogue catalogue, Terminal terminal, boolean json) {
    this.catalogue = catalogue;
    this.terminal = terminal;
    this.json = json;
  }

  /// @param sizes what would be stored, by the place of the destination in the list
  void print(
      WorkList work,
      BackupPlan plan,
      List<Destination> destinations,
      SortedMap<Integer, SizeEstimator.Estimate> sizes) {
    if (json) {
      printJson(work, plan, destinations, sizes);
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
    sizes.forEach((place, size) ->
        out.println(
            say.text(
                "plan.size",
                destinations.get(place).describe(),
                TerminalProgress.Sizes.text(size.lengthBytes()),
                TerminalProgress.Sizes.text(size.storedBytes()),
                size.ratio(),
                TerminalProgress.Sizes.text(size.time()))));
    for (Problem alarm : work.alarms()) {
      out.println(say.text("any.problem", say.line(alarm)));
    }
    out.println(say.text("any.not-done"));
    out.flush();
  }

  private static String words(WorkItem.Reason reason, Messages say) {
    return say.text("plan.reason." + reason.text().replace(' ', '-'));
  }

  private void printJson(
      WorkList work,
      BackupPlan plan,
      List<Destination> destinations,
      SortedMap<Integer, SizeEstimator.Estimate> sizes) {
    Json.object(
        terminal.out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-plan-v1");
          writer.writeStringProperty("plan_hash", plan.hash());
          writer.writeNumberProperty("listed", work.listed());
          writer.writeNumberProperty("selected", work.selected());
          writer.writeNumberProperty("already_there", work.alreadyThere());
          writer.writeNumberProperty("empty", work.empty());
          writer.writeArrayPropertyStart("work");
          for (WorkItem item : work.items()) {
            writer.writeStartObject();
            writer.writeStringProperty("label", catalogue.label(item.study().key()).value());
            writer.writeStringProperty("reason", item.reason().text());
            writer.writeNumberProperty("files", item.study().fileCount());
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeArrayPropertyStart("not_yet");
          for (WorkList.NotYet study : work.notYet()) {
            writer.writeStartObject();
            writer.writeStringProperty("label", catalogue.label(study.study()).value());
            writer.writeStringProperty("problem", study.problem());
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeArrayPropertyStart("estimates");
          sizes.forEach((place, size) -> {
            writer.writeStartObject();
            writer.writeStringProperty("destination", destinations.get(place).describe());
            writer.writeNumberProperty("length_bytes", size.lengthBytes());
            writer.writeNumberProperty("stored_bytes", size.storedBytes());
            writer.writeNumberProperty("ratio", Math.round(size.ratio() * 1000) / 1000.0);
            writer.writeNumberProperty("seconds", size.time().toSeconds());
            writer.writeEndObject();
          });
          writer.writeEndArray();
          writer.writeArrayPropertyStart("problems");
          for (Problem alarm : work.alarms()) {
            writer.writeStartObject();
            ReportPrinter.problem(writer, alarm);
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
