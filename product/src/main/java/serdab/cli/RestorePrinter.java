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

  RestorePrinter(PrintStream out, boolean json) {
    this.out = out;
    this.json = json;
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
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    out.printf(
        "%d studies: %d files written (%s), %d were there already, %d gaps.%n",
        report.studies(),
        report.filesWritten(),
        TerminalProgress.Sizes.text(report.bytesWritten()),
        report.filesThere(),
        report.gaps().size());
    if (report.studies() == 0 && report.gaps().isEmpty()) {
      out.println("No study matches what was asked for.");
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
          });
      return outcome.exitCode();
    }
    gaps(plan.gaps());
    out.printf(
        "%d studies and groups of other files: %d files, %s.%n",
        plan.studies(), plan.files(), TerminalProgress.Sizes.text(plan.bytes()));
    if (plan.filesThere() > 0) {
      out.printf("%d files are there already and would not be written.%n", plan.filesThere());
    }
    if (plan.filesLeftOut() > 0) {
      out.printf("%d files cannot be brought back this way.%n", plan.filesLeftOut());
    }
    plan.room()
        .ifPresent(room ->
            out.printf(
                "Room there: %s. %s%n",
                TerminalProgress.Sizes.text(room), plan.fits() ? "It fits." : "It does NOT fit."));
    out.println("Nothing was done (--dry-run).");
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
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    leftOut(report.leftOut());
    for (ViewerReport.NotImported study : report.notImported()) {
      out.printf(
          "%s: %d of %d instances are not in the viewer's index yet.%n",
          study.study(), study.missing(), study.instances());
    }
    out.printf(
        "%d studies: %d files dropped into INCOMING (%s), %d waited there already, %d are in the"
            + " library already, %d gaps.%n",
        report.studies(),
        report.filesDropped(),
        TerminalProgress.Sizes.text(report.bytesDropped()),
        report.filesWaiting(),
        report.filesThere(),
        report.gaps().size());
    report.stopped().ifPresent(problem -> out.println("Stopped: " + problem.text()));
    if (report.waited()) {
      out.println(
          report.notImported().isEmpty()
              ? "The viewer's index shows all of them."
              : "The viewer does not show all of them. The copies are still in the backup.");
    } else if (report.stopped().isEmpty() && report.filesDropped() > 0) {
      out.println(
          "The viewer takes them in by itself. To be told when it has, add --wait-until-imported"
              + " 30m. The copies stay in the backup.");
    }
    if (report.studies() == 0 && report.gaps().isEmpty() && report.stopped().isEmpty()) {
      out.println("No study matches what was asked for.");
    }
    end(report.interrupted());
    return outcome.exitCode();
  }

  private void leftOut(List<ViewerReport.LeftOut> files) {
    int shown = 0;
    for (ViewerReport.LeftOut file : files) {
      if (file.ofStudy() && shown < SHOWN_MAX) {
        shown++;
        out.println(
            file.study() + " " + file.path() + ": no DICOM image, which INCOMING does not take.");
      }
    }
    if (!files.isEmpty()) {
      long others = files.stream().filter(file -> !file.ofStudy()).count();
      out.printf(
          "%d files are not DICOM and cannot come back this way (%d of them belong to no study)."
              + " A whole library has them: --to horos-library:…%n",
          files.size(), others);
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
        "Rows of the index whose file is not in the backup",
        report.rowsWithoutFileCount(),
        report.rowsWithoutFile().stream().map(row -> row.study() + " " + row.name()).toList());
    list(
        "Linked files, which are outside the library",
        report.linkedCount(),
        report.linked().stream()
            .map(file ->
                file.study()
                    + " "
                    + file.path()
                    + (file.isThere() ? " (there)" : " (not on this computer)"))
            .toList());
    list(
        "Report documents whose place in the index leads elsewhere",
        report.reports().size(),
        report.reports().stream()
            .map(each -> each.study() + " " + each.url() + ": " + explained(each.state()))
            .toList());
    for (String note : report.notes()) {
      out.println(note);
    }
    out.printf(
        "%d studies and groups: %d files in their places (%s written, %d were there), %d for the"
            + " viewer to take in, %d beside the library, %d gaps.%n",
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
            out.printf(
                "The index is the one of %s: %d studies, %d image rows, %d albums; SQLite finds it"
                    + " sound.%n",
                index.readAt(), index.studies(), index.images(), index.albums()));
    if (!report.interrupted()) {
      out.println("Library: " + report.library());
      out.println("In the viewer choose the folder that holds it: " + report.parent());
      out.println("What to know about it: " + report.beside());
    }
    end(report.interrupted());
    return outcome.exitCode();
  }

  private static String explained(String state) {
    return switch (state) {
      case "web" -> "an address of the web, left as it is";
      case "missing" -> "the document is not in the backup";
      case "absolute-found" -> "the document is in REPORTS; the index names its old place";
      default -> "an absolute path, left as it is";
    };
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
          });
      return outcome.exitCode();
    }
    gaps(report.gaps());
    list(
        "Files that are not on the medium",
        report.leftOut().size(),
        report.leftOut().stream()
            .map(file -> file.study() + " " + file.path() + ": " + file.reason())
            .toList());
    report
        .otherSyntaxes()
        .forEach((syntax, count) ->
            out.printf(
                "%d files are in transfer syntax %s, as they were stored; simple readers of CDs know"
                    + " only Explicit VR Little Endian.%n",
                count, syntax));
    report
        .madeUp()
        .forEach((tag, count) ->
            out.printf(
                "%d times the DICOMDIR needs a value of %s that a file does not have; it has a"
                    + " made-up one, the file was not changed.%n",
                count, Tag.text(tag)));
    out.printf(
        "%d studies: %d files (%s) with their DICOMDIR, %d left out, %d gaps.%n",
        report.studies(),
        report.instances(),
        TerminalProgress.Sizes.text(report.bytesWritten()),
        report.leftOut().size(),
        report.gaps().size());
    if (report.instances() == 0 && report.gaps().isEmpty()) {
      out.println("No study matches what was asked for; nothing was written.");
    }
    if (report.interrupted()) {
      out.println("Interrupted. Nothing was written.");
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

  private void gaps(List<RestoreReport.Gap> gaps) {
    for (RestoreReport.Gap gap : gaps) {
      Optional<String> label = gap.study().map(StudyLabel::value);
      Problem problem = gap.problem();
      out.println(
          label.orElse("unknown study")
              + (gap.path().isEmpty() ? "" : " " + gap.path())
              + ": "
              + problem.text());
    }
  }

  private void list(String title, long count, List<String> lines) {
    if (count == 0) {
      return;
    }
    out.println(title + ": " + count);
    lines.stream().limit(SHOWN_MAX).forEach(line -> out.println("  " + line));
    if (count > SHOWN_MAX) {
      out.println("  … and " + (count - SHOWN_MAX) + " more (--json lists more of them)");
    }
  }

  private void end(boolean interrupted) {
    if (interrupted) {
      out.println("Interrupted. Run the same command again to go on.");
    }
    out.flush();
  }
}
