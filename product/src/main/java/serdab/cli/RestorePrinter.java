package serdab.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;
import serdab.dicom.Tag;
import serdab.report.RunReport;
import serdab.restore.LibraryReport;
import serdab.restore.MediaReport;
import serdab.restore.RestoreNotices;
import serdab.restore.RestorePlan;
import serdab.restore.RestoreReport;
import serdab.restore.ViewerReport;
import tools.jackson.core.JsonGenerator;

/// Prints what a restore did, for a person or as JSON (`docs/json.md`), and gives its exit code.
final class RestorePrinter {

  /// Lines of one kind that a person is shown; JSON has all.
  private static final int SHOWN_MAX = 50;

  private final PrintStream out;
  private final boolean json;
  private final Messages say;

  RestorePrinter(PrintStream out, boolean json, Messages say) {
    this.out = out;
    this.json = json;
    this.say = say;
  }

  private void say(String key, Object... values) {
    out.println(say.text(key, values));
  }

  // ---- a folder, or ZIPs

  int print(RestoreReport report) {
    RunReport.Outcome outcome = outcome(report.interrupted(), report.gaps().isEmpty());
    if (json) {
      Json.object(
          out,
          writer -> {
            begin(writer, "serdab-restore-v1", outcome);
            writer.writeNumberProperty("studies", report.studies());
            writer.writeNumberProperty("files_written", report.filesWritten());
            writer.writeNumberProperty("files_there", report.filesThere());
            writer.writeNumberProperty("bytes_written", report.bytesWritten());
            gaps(writer, report.gaps());
            notices(writer, report.notices());
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    notices(report.notices());
    say(
        "restore.totals",
        report.studies(),
        report.filesWritten(),
        TerminalProgress.Sizes.text(report.bytesWritten()),
        report.filesThere(),
        report.gaps().size());
    if (report.studies() == 0 && report.gaps().isEmpty()) {
      say("restore.none");
    }
    end(report.interrupted());
    return outcome.exitCode();
  }

  // ---- a plan

  int print(RestorePlan plan, boolean interrupted) {
    RunReport.Outcome outcome =
        plan.fits() ? outcome(interrupted, plan.gaps().isEmpty()) : RunReport.Outcome.HELD_BACK;
    if (json) {
      Json.object(
          out,
          writer -> {
            begin(writer, "serdab-restoreplan-v1", outcome);
            writer.writeNumberProperty("studies", plan.studies());
            writer.writeNumberProperty("files", plan.files());
            writer.writeNumberProperty("bytes", plan.bytes());
            writer.writeNumberProperty("files_there", plan.filesThere());
            writer.writeNumberProperty("files_left_out", plan.filesLeftOut());
            if (plan.room().isPresent()) {
              writer.writeNumberProperty("room_bytes", plan.room().getAsLong());
            }
            writer.writeBooleanProperty("fits", plan.fits());
            gaps(writer, plan.gaps());
            notices(writer, plan.notices());
          });
      return outcome.exitCode();
    }
    gaps(plan.gaps());
    notices(plan.notices());
    say("restore.plan", plan.studies(), plan.files(), TerminalProgress.Sizes.text(plan.bytes()));
    if (plan.filesThere() > 0) {
      say("restore.plan-there", plan.filesThere());
    }
    if (plan.filesLeftOut() > 0) {
      say("restore.plan-left-out", plan.filesLeftOut());
    }
    plan.room()
        .ifPresent(room ->
            say(
                "restore.room",
                TerminalProgress.Sizes.text(room),
                say.text(plan.fits() ? "restore.fits" : "restore.fits-not")));
    say("any.not-done");
    end(interrupted);
    return outcome.exitCode();
  }

  // ---- a viewer

  int print(ViewerReport report) {
    RunReport.Outcome outcome =
        report.stopped().isPresent()
            ? RunReport.Outcome.FAILED
            : outcome(report.interrupted(), report.isComplete());
    if (json) {
      Json.object(
          out,
          writer -> {
            begin(writer, "serdab-viewer-v1", outcome);
            writer.writeNumberProperty("studies", report.studies());
            writer.writeNumberProperty("files_dropped", report.filesDropped());
            writer.writeNumberProperty("files_waiting", report.filesWaiting());
            writer.writeNumberProperty("files_there", report.filesThere());
            writer.writeNumberProperty("bytes_dropped", report.bytesDropped());
            writer.writeBooleanProperty("waited", report.waited());
            writer.writeArrayPropertyStart("left_out");
            for (ViewerReport.LeftOut file : report.leftOut()) {
              writer.writeStartObject();
              writer.writeStringProperty("label", file.study().value());
              writer.writeBooleanProperty("of_study", file.ofStudy());
              writer.writeStringProperty("path", file.path());
              writer.writeEndObject();
            }
            writer.writeEndArray();
            writer.writeArrayPropertyStart("not_imported");
            for (ViewerReport.NotImported study : report.notImported()) {
              writer.writeStartObject();
              writer.writeStringProperty("label", study.study().value());
              writer.writeNumberProperty("missing", study.missing());
              writer.writeNumberProperty("instances", study.instances());
              writer.writeEndObject();
            }
            writer.writeEndArray();
            writer.writeArrayPropertyStart("problems");
            report
                .stopped()
                .ifPresent(problem -> {
                  writer.writeStartObject();
                  ReportPrinter.problem(writer, problem);
                  writer.writeEndObject();
                });
            writer.writeEndArray();
            gaps(writer, report.gaps());
            notices(writer, report.notices());
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    notices(report.notices());
    leftOut(report.leftOut());
    for (ViewerReport.NotImported study : report.notImported()) {
      say("restore.viewer-waits", study.study(), study.missing(), study.instances());
    }
    say(
        "restore.viewer-totals",
        report.studies(),
        report.filesDropped(),
        TerminalProgress.Sizes.text(report.bytesDropped()),
        report.filesWaiting(),
        report.filesThere(),
        report.gaps().size());
    report.stopped().ifPresent(problem -> say("restore.stopped", say.line(problem)));
    if (report.waited()) {
      say(report.notImported().isEmpty() ? "restore.viewer-all" : "restore.viewer-not-all");
    } else if (report.stopped().isEmpty() && report.filesDropped() > 0) {
      say("restore.viewer-itself");
    }
    if (report.studies() == 0 && report.gaps().isEmpty() && report.stopped().isEmpty()) {
      say("restore.none");
    }
    end(report.interrupted());
    return outcome.exitCode();
  }

  private void leftOut(List<ViewerReport.LeftOut> files) {
    int shown = 0;
    for (ViewerReport.LeftOut file : files) {
      if (file.ofStudy() && shown < SHOWN_MAX) {
        shown++;
        say("restore.not-dicom", file.study(), file.path());
      }
    }
    if (!files.isEmpty()) {
      long others = files.stream().filter(file -> !file.ofStudy()).count();
      say("restore.not-dicom-totals", files.size(), others);
    }
  }

  // ---- a library

  int print(LibraryReport report) {
    RunReport.Outcome outcome = outcome(report.interrupted(), report.isComplete());
    if (json) {
      Json.object(out, writer -> library(writer, report, outcome));
      return outcome.exitCode();
    }
    gaps(report.gaps());
    list(
        "restore.rows-without-file",
        report.rowsWithoutFileCount(),
        report.rowsWithoutFile().stream().map(row -> row.study() + " " + row.name()).toList());
    list(
        "restore.linked",
        report.linkedCount(),
        report.linked().stream()
            .map(file ->
                file.study()
                    + " "
                    + file.path()
                    + " "
                    + say.text(
                        file.isThere() ? "restore.linked-there" : "restore.linked-not-there"))
            .toList());
    list(
        "restore.reports",
        report.reports().size(),
        report.reports().stream()
            .map(each -> each.study() + " " + each.url() + ": " + explained(each.state()))
            .toList());
    for (String note : report.notes()) {
      out.println(note);
    }
    say(
        "restore.library-totals",
        report.studies(),
        report.filesInPlace() + report.filesThere(),
        TerminalProgress.Sizes.text(report.bytesWritten()),
        report.filesThere(),
        report.filesIncoming(),
        report.filesBeside(),
        report.gaps().size());
    report
        .index()
        .ifPresent(index ->
            say(
                "restore.library-index",
                index.readAt(),
                index.studies(),
                index.images(),
                index.albums()));
    if (!report.interrupted()) {
      say("restore.library", report.library());
      say("restore.library-choose", report.parent());
      say("restore.library-beside", report.beside());
    }
    end(report.interrupted());
    return outcome.exitCode();
  }

  private String explained(String state) {
    return say.text(
        switch (state) {
          case "web" -> "restore.report-web";
          case "missing" -> "restore.report-missing";
          case "absolute-found" -> "restore.report-old-place";
          default -> "restore.report-absolute";
        });
  }

  private void library(JsonGenerator writer, LibraryReport report, RunReport.Outcome outcome) {
    begin(writer, "serdab-library-v1", outcome);
    writer.writeStringProperty("library", report.library());
    writer.writeStringProperty("parent", report.parent());
    writer.writeStringProperty("beside", report.beside());
    report
        .index()
        .ifPresent(index -> {
          writer.writeObjectPropertyStart("index");
          writer.writeStringProperty("read_at", index.readAt().toString());
          writer.writeNumberProperty("studies", index.studies());
          writer.writeNumberProperty("image_rows", index.images());
          writer.writeNumberProperty("albums", index.albums());
          writer.writeEndObject();
        });
    writer.writeNumberProperty("folder_size", report.folderSize());
    writer.writeNumberProperty("studies", report.studies());
    writer.writeNumberProperty("files_in_place", report.filesInPlace());
    writer.writeNumberProperty("files_there", report.filesThere());
    writer.writeNumberProperty("files_incoming", report.filesIncoming());
    writer.writeNumberProperty("files_beside", report.filesBeside());
    writer.writeNumberProperty("bytes_written", report.bytesWritten());
    writer.writeNumberProperty("linked_count", report.linkedCount());
    writer.writeArrayPropertyStart("linked");
    for (LibraryReport.Linked file : report.linked()) {
      writer.writeStartObject();
      writer.writeStringProperty("label", file.study().value());
      writer.writeStringProperty("path", file.path());
      writer.writeBooleanProperty("there", file.isThere());
      writer.writeEndObject();
    }
    writer.writeEndArray();
    writer.writeArrayPropertyStart("reports");
    for (LibraryReport.ReportPath each : report.reports()) {
      writer.writeStartObject();
      writer.writeStringProperty("label", each.study().value());
      writer.writeStringProperty("url", each.url());
      writer.writeStringProperty("state", each.state());
      writer.writeEndObject();
    }
    writer.writeEndArray();
    writer.writeNumberProperty("rows_without_file_count", report.rowsWithoutFileCount());
    writer.writeArrayPropertyStart("rows_without_file");
    for (LibraryReport.RowWithoutFile row : report.rowsWithoutFile()) {
      writer.writeStartObject();
      writer.writeStringProperty("label", row.study().value());
      writer.writeStringProperty("name", row.name());
      writer.writeEndObject();
    }
    writer.writeEndArray();
    writer.writeArrayPropertyStart("notes");
    report.notes().forEach(writer::writeString);
    writer.writeEndArray();
    gaps(writer, report.gaps());
  }

  // ---- a medium

  int print(MediaReport report) {
    RunReport.Outcome outcome = outcome(report.interrupted(), report.isComplete());
    if (json) {
      Json.object(
          out,
          writer -> {
            begin(writer, "serdab-media-v1", outcome);
            writer.writeNumberProperty("studies", report.studies());
            writer.writeNumberProperty("instances", report.instances());
            writer.writeNumberProperty("bytes_written", report.bytesWritten());
            writer.writeArrayPropertyStart("left_out");
            for (MediaReport.LeftOut file : report.leftOut()) {
              writer.writeStartObject();
              writer.writeStringProperty("label", file.study().value());
              writer.writeStringProperty("path", file.path());
              writer.writeStringProperty("reason", file.reason());
              writer.writeEndObject();
            }
            writer.writeEndArray();
            writer.writeObjectPropertyStart("other_transfer_syntaxes");
            report.otherSyntaxes().forEach(writer::writeNumberProperty);
            writer.writeEndObject();
            writer.writeObjectPropertyStart("made_up");
            report
                .madeUp()
                .forEach((tag, count) -> writer.writeNumberProperty(Tag.text(tag), count));
            writer.writeEndObject();
            gaps(writer, report.gaps());
            notices(writer, report.notices());
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    notices(report.notices());
    list(
        "restore.media-left-out",
        report.leftOut().size(),
        report.leftOut().stream()
            .map(file -> file.study() + " " + file.path() + ": " + file.reason())
            .toList());
    report.otherSyntaxes().forEach((syntax, count) -> say("restore.media-syntax", count, syntax));
    report.madeUp().forEach((tag, count) -> say("restore.media-made-up", count, Tag.text(tag)));
    say(
        "restore.media-totals",
        report.studies(),
        report.instances(),
        TerminalProgress.Sizes.text(report.bytesWritten()),
        report.leftOut().size(),
        report.gaps().size());
    if (report.instances() == 0 && report.gaps().isEmpty()) {
      say("restore.media-none");
    }
    if (report.interrupted()) {
      say("restore.media-interrupted");
    }
    out.flush();
    return outcome.exitCode();
  }

  // ---- all

  private static RunReport.Outcome outcome(boolean interrupted, boolean complete) {
    if (interrupted) {
      return RunReport.Outcome.INTERRUPTED;
    }
    return complete ? RunReport.Outcome.GOOD : RunReport.Outcome.INCOMPLETE;
  }

  private static void begin(JsonGenerator writer, String schema, RunReport.Outcome outcome) {
    writer.writeStringProperty("schema", schema);
    writer.writeStringProperty("outcome", outcome.text());
    writer.writeNumberProperty("exit_code", outcome.exitCode());
  }

  private static void gaps(JsonGenerator writer, List<RestoreReport.Gap> gaps) {
    writer.writeArrayPropertyStart("gaps");
    for (RestoreReport.Gap gap : gaps) {
      writer.writeStartObject();
      writer.writeStringProperty("label", gap.study().map(StudyLabel::value).orElse(""));
      writer.writeStringProperty("path", gap.path());
      ReportPrinter.problem(writer, gap.problem());
      writer.writeEndObject();
    }
    writer.writeEndArray();
  }

  private static void notices(JsonGenerator writer, RestoreNotices notices) {
    writer.writeArrayPropertyStart("rejected");
    for (RestoreNotices.Rejected line : notices.rejected()) {
      writer.writeStartObject();
      writer.writeStringProperty("label", line.study().value());
      writer.writeStringProperty("reason_code", line.reason().code());
      writer.writeStringProperty("reason", line.reason().meaning());
      writer.writeNumberProperty("files", line.files());
      writer.writeBooleanProperty("left_out", line.leftOut());
      writer.writeEndObject();
    }
    writer.writeEndArray();
    writer.writeArrayPropertyStart("warnings");
    for (RestoreNotices.Warning warning : notices.warnings()) {
      writer.writeStartObject();
      writer.writeStringProperty("label", warning.study().value());
      ReportPrinter.problem(writer, warning.problem());
      writer.writeEndObject();
    }
    writer.writeEndArray();
  }

  private void notices(RestoreNotices notices) {
    for (RestoreNotices.Rejected line : notices.rejected()) {
      say(
          line.leftOut() ? "restore.rejected-left-out" : "restore.rejected-brought",
          line.study(),
          line.files(),
          say.text("rejected." + line.reason().code()));
    }
    for (RestoreNotices.Warning warning : notices.warnings()) {
      out.println(warning.study() + ": " + say.warning(warning.problem()));
    }
    if (notices.filesLeftOut() > 0) {
      say("restore.rejected-totals", notices.filesLeftOut());
    }
  }

  private void gaps(List<RestoreReport.Gap> gaps) {
    for (RestoreReport.Gap gap : gaps) {
      Optional<String> label = gap.study().map(StudyLabel::value);
      Problem problem = gap.problem();
      out.println(
          label.orElse(say.text("any.unknown-study"))
              + (gap.path().isEmpty() ? "" : " " + gap.path())
              + ": "
              + say.line(problem));
    }
  }

  private void list(String titleKey, long count, List<String> lines) {
    if (count == 0) {
      return;
    }
    out.println(say.text(titleKey) + ": " + count);
    lines.stream().limit(SHOWN_MAX).forEach(line -> out.println("  " + line));
    if (count > SHOWN_MAX) {
      say("restore.more", count - SHOWN_MAX);
    }
  }

  private void end(boolean interrupted) {
    if (interrupted) {
      say("restore.interrupted");
    }
    out.flush();
  }
}
