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
  private final boolean json;
  private final boolean dryRun;
  private final Path tree;
  private final Optional<String> to;

  /// @param to the other destination, when there is one
  ImportPrinter(PrintStream out, boolean json, boolean dryRun, Path tree, Optional<String> to) {
    this.out = out;
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
    out.printf(
        "%d studies in the script's state, %d ZIPs in %s, %d of them unknown to the state.%n",
        report.listed(), report.zips(), tree, report.unlisted());
    for (Map.Entry<Kind, Long> count : report.counts().entrySet()) {
      if (count.getValue() > 0) {
        out.printf("%8d  %s%n", count.getValue(), meaning(count.getKey()));
      }
    }
    if (report.monthsMarkedInVain() > 0 && !dryRun) {
      out.printf(
          "%d of the %d months that the script marked as done are not.%n",
          report.monthsMarkedInVain(), report.monthsMarked());
    }
    report.problems().forEach(problem -> out.println("Ended early: " + problem.text()));
    if (dryRun) {
      out.printf(
          "Nothing was read but directories. A run reads %s of ZIPs and what the library has of"
              + " their studies.%n",
          size(toReadBytes));
    } else {
      printEnd(report);
    }
    out.flush();
  }

  private void printEnd(ImportReport report) {
    switch (report.outcome()) {
      case INTERRUPTED ->
          out.println("Interrupted. Run it again to go on; what was adopted is not read again.");
      case FAILED, HELD_BACK -> out.println("What was adopted stays adopted. Run it again.");
      case GOOD, INCOMPLETE -> {
        if (report.copiedTo() > 0) {
          out.printf("%d studies were copied and proven.%n", report.copiedTo());
        }
        if (report.toCopy() > 0) {
          out.printf(
              "%d studies are in no copy as they are now. The next backup copies them:"
                  + " serdab backup --from … --to %s%n",
              report.toCopy(), to.orElse("zip:" + tree));
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
    text.append(": ").append(line.kind().text()).append(". ");
    switch (line.kind()) {
      case PARTIAL ->
          text.append(line.lacking()).append(" files of the library are not in the ZIP.");
      case DIFFERS ->
          text.append(line.others())
              .append(" of its files are not in the library as they are in the ZIP, and ")
              .append(line.lacking())
              .append(" of the library's are not in the ZIP.");
      case ONLY_COPY -> text.append("The library does not have it; the ZIP is kept as it is.");
      case MISSING -> text.append("Counted as exported, and there is no ZIP of it.");
      case LOST, DAMAGED, WRONG_STUDY, NOT_COMPARED ->
          text.append(line.problem().map(Problem::text).orElse(""));
      case ADOPTED, COPY_ALREADY, WHOLE, TO_CHECK, DUPLICATE -> {}
    }
    return text.toString().strip();
  }

  private String meaning(Kind kind) {
    boolean inPlace = to.isEmpty();
    return switch (kind) {
      case ADOPTED -> "adopted: the ZIP is bit for bit what the library has";
      case COPY_ALREADY -> "copies already; not read again";
      case WHOLE -> "whole: the ZIP is bit for bit what the library has";
      case TO_CHECK -> "to check: has as many files as the library lists, or more";
      case PARTIAL -> "partial: the library has more files; the next backup makes a full copy";
      case DIFFERS ->
          "differ: the library's files changed since"
              + (inPlace && !dryRun ? "; the ZIP was adopted as an earlier version" : "");
      case ONLY_COPY ->
          "only copies: the library has the study no more; whether the ZIP is complete cannot be"
              + " told";
      case DUPLICATE -> "duplicates of another ZIP; left as they are";
      case DAMAGED -> "damaged: left as they are, no copies";
      case WRONG_STUDY -> "with another study inside than the name says; left as they are";
      case NOT_COMPARED -> "not compared: the library's files could not be read; run again";
      case MISSING -> "missing: no ZIP there; the next backup copies them";
      case LOST -> "LOST: no ZIP there, and the library has them no more";
    };
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
