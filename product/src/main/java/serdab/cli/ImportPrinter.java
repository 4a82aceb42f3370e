package serdab.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.backup.ImportReport;
import serdab.backup.ImportReport.Kind;

/// Prints what came of taking over the script's tree, for people and for programs.
final class ImportPrinter {

  private static final Problem NONE = new Problem("", "", "");

  private final PrintStream out;
  private final Messages say;
  private final boolean json;
  private final boolean dryRun;
  private final Path tree;
  private final Optional<String> to;

  /// @param to the other destination, when there is one
  ImportPrinter(Terminal terminal, boolean json, boolean dryRun, Path tree, Optional<String> to) {
    this.out = terminal.out();
    this.say = terminal.messages();
    this.json = json;
    this.dryRun = dryRun;
    this.tree = tree;
    this.to = to;
  }

  /// Prints it all.
  ///
  /// @return the exit code; that of a dry run is 0
  int print(ImportReport report, long toReadBytes) {
    int code = dryRun ? Main.ExitCodes.GOOD : report.outcome().exitCode();
    if (json) {
      printJson(report, toReadBytes, code);
    } else {
      printText(report, toReadBytes);
    }
    return code;
  }

  private void printText(ImportReport report, long toReadBytes) {
    for (ImportReport.Line line : report.lines()) {
      if (isWorthALine(line.kind())) {
        out.println(text(line));
      }
    }
    out.println(say.text("import.totals", report.listed(), report.zips(), tree, report.unlisted()));
    for (Map.Entry<Kind, Long> count : report.counts().entrySet()) {
      if (count.getValue() > 0) {
        out.printf("%8d  %s%n", count.getValue(), meaning(count.getKey()));
      }
    }
    if (report.monthsMarkedInVain() > 0 && !dryRun) {
      out.println(say.text("import.months", report.monthsMarkedInVain(), report.monthsMarked()));
    }
    report
        .problems()
        .forEach(problem -> out.println(say.text("import.ended-early", say.line(problem))));
    if (dryRun) {
      out.println(say.text("import.dry-run", size(toReadBytes)));
    } else {
      printEnd(report);
    }
    out.flush();
  }

  private void printEnd(ImportReport report) {
    switch (report.outcome()) {
      case INTERRUPTED -> out.println(say.text("import.interrupted"));
      case FAILED, HELD_BACK -> out.println(say.text("import.stays"));
      case GOOD, INCOMPLETE -> {
        if (report.copiedTo() > 0) {
          out.println(say.text("import.copied", report.copiedTo()));
        }
        if (report.toCopy() > 0) {
          out.println(say.text("import.to-copy", report.toCopy(), to.orElse("zip:" + tree)));
        }
      }
    }
  }

  private static boolean isWorthALine(Kind kind) {
    return switch (kind) {
      case ADOPTED, COPY_ALREADY, WHOLE, TO_CHECK, DUPLICATE -> false;
      case PARTIAL, DIFFERS, ONLY_COPY, DAMAGED, WRONG_STUDY, NOT_COMPARED, MISSING, LOST -> true;
    };
  }

  private String text(ImportReport.Line line) {
    StringBuilder text = new StringBuilder(line.label().value());
    text.append(' ').append(line.study());
    if (!line.location().isEmpty()) {
      text.append(" (").append(line.location()).append(')');
    }
    text.append(": ").append(say.text("import.kind." + line.kind().text())).append(". ");
    switch (line.kind()) {
      case PARTIAL -> text.append(say.text("import.lacking", line.lacking()));
      case DIFFERS -> text.append(say.text("import.differing", line.others(), line.lacking()));
      case ONLY_COPY -> text.append(say.text("import.kept-as-it-is"));
      case MISSING -> text.append(say.text("import.no-zip"));
      case LOST, DAMAGED, WRONG_STUDY, NOT_COMPARED ->
          text.append(line.problem().map(say::line).orElse(""));
      case ADOPTED, COPY_ALREADY, WHOLE, TO_CHECK, DUPLICATE -> {}
    }
    return text.toString().strip();
  }

  private String meaning(Kind kind) {
    boolean adopted = kind == Kind.DIFFERS && to.isEmpty() && !dryRun;
    return say.text("import.means." + kind.text() + (adopted ? "-adopted" : ""));
  }

  private static String size(long bytes) {
    return bytes < 10_000_000
        ? bytes / 1000 + " kB"
        : bytes < 10_000_000_000L ? bytes / 1_000_000 + " MB" : bytes / 1_000_000_000 + " GB";
  }

  private void printJson(ImportReport report, long toReadBytes, int code) {
    Json.object(
        out,
        writer -> {
          writer.writeStringProperty("schema", "serdab-import-v1");
          writer.writeStringProperty("outcome", dryRun ? "planned" : report.outcome().text());
          writer.writeNumberProperty("exit_code", code);
          writer.writeStringProperty("tree", tree.toString());
          writer.writeStringProperty("to", to.orElse("zip:" + tree));
          writer.writeNumberProperty("listed", report.listed());
          writer.writeNumberProperty("zips", report.zips());
          writer.writeNumberProperty("unlisted", report.unlisted());
          writer.writeNumberProperty("bytes_to_read", toReadBytes);
          writer.writeNumberProperty("to_copy", report.toCopy());
          writer.writeNumberProperty("copied", report.copiedTo());
          writer.writeNumberProperty("months_marked", report.monthsMarked());
          writer.writeNumberProperty("months_marked_in_vain", report.monthsMarkedInVain());
          writer.writeArrayPropertyStart("kinds");
          report
              .counts()
              .forEach((kind, count) -> {
                writer.writeStartObject();
                writer.writeStringProperty("kind", kind.text());
                writer.writeNumberProperty("count", count);
                writer.writeEndObject();
              });
          writer.writeEndArray();
          writer.writeArrayPropertyStart("studies");
          for (ImportReport.Line line : report.lines()) {
            writer.writeStartObject();
            writer.writeStringProperty("kind", line.kind().text());
            writer.writeStringProperty("label", line.label().value());
            writer.writeStringProperty("study", line.study());
            writer.writeStringProperty("location", line.location());
            writer.writeBooleanProperty("listed", line.listed());
            writer.writeNumberProperty("files", line.fileCount());
            writer.writeNumberProperty("lacking", line.lacking());
            writer.writeNumberProperty("others", line.others());
            ReportPrinter.problem(writer, line.problem().orElse(NONE));
            writer.writeEndObject();
          }
          writer.writeEndArray();
          writer.writeArrayPropertyStart("problems");
          for (Problem problem : report.problems()) {
            writer.writeStartObject();
            ReportPrinter.problem(writer, problem);
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
