package serdab.cli;

import java.time.Instant;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/// Tells what is under way and what is paused, after somebody changed that.
final class ControlReport {

  private ControlReport() {}

  /// Prints it for a program.
  ///
  /// @param action `pause`, `resume` or `stop`
  /// @param runs those that it was about and that are under way
  static void printJson(
      Surroundings around, String action, List<Control.UnderWay> runs, List<Control.Pause> paused) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-control-v1");
          writer.writeStringProperty("action", action);
          writer.writeArrayPropertyStart("runs");
          for (Control.UnderWay run : runs) {
            writer.writeStartObject();
            writer.writeStringProperty("kind", run.kind());
            writer.writeStringProperty("plan", run.plan());
            writer.writeStringProperty("started_at", run.since().toString());
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writePauses(writer, paused);
        });
  }

  /// Writes the pauses, each with whom it is for.
  static void writePauses(JsonGenerator writer, List<Control.Pause> paused) {
    writer.writeArrayPropertyStart("paused");
    for (Control.Pause pause : paused) {
      writer.writeStartObject();
      writer.writeStringProperty(
          "what",
          switch (pause.whom()) {
            case Control.Whom.Everything _ -> "all";
            case Control.Whom.Plan _ -> "plan";
            case Control.Whom.Run _ -> "run";
          });
      writer.writeStringProperty(
          "plan", pause.whom() instanceof Control.Whom.Plan(String plan) ? plan : "");
      writer.writeStringProperty("since", pause.since().toString());
      writer.writeStringProperty("until", pause.until().map(Instant::toString).orElse(""));
      writer.writeEndObject();
    }
    writer.writeEndArray();
  }

  /// What a pause is for, in words.
  static String words(Control.Whom whom, Messages say) {
    return switch (whom) {
      case Control.Whom.Everything _ -> say.text("control.everything");
      case Control.Whom.Plan(String plan) -> plan;
      case Control.Whom.Run _ -> say.text("control.run");
    };
  }

  /// A run, in words: its plan, or what it is.
  static String words(Control.UnderWay run, Messages say) {
    return run.plan().isEmpty() ? say.text("control.kind-" + run.kind()) : run.plan();
  }
}
