package serdab.report;

import serdab.Problem;

/// A run's report as CSV (RFC 4180): one line for each study that was copied or is not safe.
///
/// Columns: `label`, `outcome` (`copied` or `not-safe`), `destination`, `files`, `source_bytes`,
/// `stored_bytes`, `code`, `what`, `next`.
public final class RunTable {

  private static final String HEADER =
      "label,outcome,destination,files,source_bytes,stored_bytes,code,what,next\r\n";

  private RunTable() {}

  public static String csv(RunReport report) {
    StringBuilder table = new StringBuilder(HEADER);
    for (RunReport.Made made : report.madeAt()) {
      line(
          table,
          made.study().value(),
          "copied",
          made.destination(),
          Long.toString(made.files()),
          Long.toString(made.sourceBytes()),
          Long.toString(made.storedBytes()),
          "",
          "",
          "");
    }
    for (RunReport.NotSafe study : report.notSafe()) {
      Problem problem = study.problem();
      line(
          table,
          study.study().value(),
          "not-safe",
          "",
          "",
          "",
          "",
          problem.code(),
          problem.what(),
          problem.next());
    }
    return table.toString();
  }

  private static void line(StringBuilder table, String... cells) {
    for (int i = 0; i < cells.length; i++) {
      table.append(i == 0 ? "" : ",").append(cell(cells[i]));
    }
    table.append("\r\n");
  }

  /// Quoted where needed; what a spreadsheet could take for a formula gets an apostrophe in front.
  private static String cell(String text) {
    String safe = text.replaceAll("\\p{Cntrl}", " ");
    if (!safe.isEmpty() && "=+-@".indexOf(safe.charAt(0)) >= 0) {
      safe = "'" + safe;
    }
    boolean quote = safe.contains(",") || safe.contains(";") || safe.contains("\"");
    return quote ? '"' + safe.replace("\"", "\"\"") + '"' : safe;
  }
}
