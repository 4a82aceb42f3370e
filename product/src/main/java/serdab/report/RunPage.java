package serdab.report;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import serdab.Problem;
import serdab.catalogue.RunTotals;

/// A run's report as one HTML page that needs nothing but a browser.
public final class RunPage {

  private static final DateTimeFormatter MOMENT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private RunPage() {}

  public static String html(RunSummary run) {
    RunReport report = run.report();
    RunTotals totals = report.totals();
    StringBuilder page = new StringBuilder();
    String title = "Backup run " + report.run() + (run.plan().isEmpty() ? "" : " of " + run.plan());
    page.append(head(text(title)));
    page.append("<h1>").append(text(title)).append("</h1>\n");
    page.append("<p class=\"verdict ")
        .append(report.outcome().text())
        .append("\">")
        .append(text(verdict(report)))
        .append("</p>\n");
    page.append("<table>\n");
    row(page, "Began", moment(run.startedAt()));
    row(page, "Ended", moment(run.endedAt()));
    row(page, "Took", duration(Duration.between(run.startedAt(), run.endedAt())));
    page.append("</table>\n<h2>Studies</h2>\n<table>\n");
    number(page, "Found in the source", totals.listed());
    number(page, "Wanted by the plan", totals.selected());
    number(page, "Copied and proven in this run", totals.copied());
    number(page, "Proven copies already there", totals.alreadyThere());
    number(page, "Found at the destination, proven and taken over", totals.adopted());
    number(page, "Incomplete", totals.incomplete());
    number(page, "Failed", totals.failed());
    number(page, "Left for later", totals.waiting());
    number(page, "Oddities noted", totals.findings());
    row(page, "Read and copied", bytes(totals.copiedBytes()));
    if (run.bytesPerSecond() > 0 && totals.copiedBytes() > 0) {
      row(page, "Rate", bytes(run.bytesPerSecond()) + " a second");
    }
    page.append("</table>\n");
    problems(page, report);
    notSafe(page, report);
    places(page, run);
    if (!run.warnings().isEmpty()) {
      page.append("<h2>Worth knowing</h2>\n<ul>\n");
      run.warnings()
          .forEach(line -> page.append("<li>").append(text(line.text())).append("</li>\n"));
      page.append("</ul>\n");
    }
    page.append(
        "<p>Studies are named by label; on the machine that made this page, <code>serdab studies"
            + " --label LABEL</code> says which study it is.</p>\n</body>\n</html>\n");
    return page.toString();
  }

  private static String head(String title) {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>%s</title>
    <style>
    body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
    h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2em }
    .verdict { padding: .6em 1em; border-left: .4em solid; background: #f4f4f4 }
    .good { border-color: #2a7d2a } .incomplete, .interrupted { border-color: #b58900 }
    .failed, .held-back { border-color: #b02a2a }
    table { border-collapse: collapse; width: 100%% } td, th { text-align: left; padding: .25em .8em .25em 0; vertical-align: top; border-bottom: 1px solid #ddd }
    td.n { text-align: right; font-variant-numeric: tabular-nums }
    </style>
    </head>
    <body>
    """
        .formatted(title);
  }

  private static String verdict(RunReport report) {
    return switch (report.outcome()) {
      case GOOD ->
          report.totals().waiting() == 0
              ? "All good: every wanted study has a proven copy at every destination."
              : "Good so far: what was copied is proven, and a later run copies what waits.";
      case INCOMPLETE -> "Not all good: some listed files have no proven copy yet.";
      case FAILED -> "The run failed.";
      case HELD_BACK ->
          "What is there has its copies; a destination could not be used and lacks what is new.";
      case INTERRUPTED -> "Interrupted: the next run goes on where it stopped.";
    };
  }

  private static void problems(StringBuilder page, RunReport report) {
    if (report.problems().isEmpty()) {
      return;
    }
    page.append("<h2>What went wrong</h2>\n<table>\n");
    for (Problem problem : report.problems()) {
      page.append("<tr><td>")
          .append(text(problem.what()))
          .append("</td><td>")
          .append(text(problem.next()))
          .append("</td></tr>\n");
    }
    page.append("</table>\n");
  }

  private static void notSafe(StringBuilder page, RunReport report) {
    if (report.notSafe().isEmpty()) {
      return;
    }
    page.append(
        """
        <h2>Studies that are not safe</h2>
        <table>
        <tr><th>Study</th><th>Why</th><th>What to do</th></tr>
        """);
    for (RunReport.NotSafe study : report.notSafe()) {
      page.append("<tr><td><code>")
          .append(text(study.study().value()))
          .append("</code></td><td>")
          .append(text(study.problem().what()))
          .append("</td><td>")
          .append(text(study.problem().next()))
          .append("</td></tr>\n");
    }
    page.append("</table>\n");
    if (report.notSafe().size() == RunReport.MAX_NAMED) {
      page.append("<p>Only the first ")
          .append(RunReport.MAX_NAMED)
          .append(" are named here.</p>\n");
    }
  }

  private static void places(StringBuilder page, RunSummary run) {
    page.append(
        "<h2>Room</h2>\n<table>\n<tr><th>Destination</th><th>Room left</th><th>Full in about</th></tr>\n");
    for (RunSummary.Place place : run.places()) {
      page.append("<tr><td>")
          .append(text(place.name()))
          .append("</td><td>")
          .append(
              place.usableBytes().isPresent() ? bytes(place.usableBytes().getAsLong()) : "unknown")
          .append("</td><td>")
          .append(
              place.daysLeft().isPresent()
                  ? place.daysLeft().getAsLong() + " days"
                  : "cannot be told yet")
          .append("</td></tr>\n");
    }
    page.append("</table>\n");
  }

  private static void row(StringBuilder page, String name, String value) {
    page.append("<tr><td>")
        .append(text(name))
        .append("</td><td class=\"n\">")
        .append(text(value))
        .append("</td></tr>\n");
  }

  private static void number(StringBuilder page, String name, long value) {
    row(page, name, String.format(Locale.ROOT, "%,d", value));
  }

  private static String moment(Instant time) {
    return MOMENT.format(time);
  }

  private static String duration(Duration time) {
    long seconds = Math.max(0, time.toSeconds());
    return String.format(
        Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  private static String bytes(long count) {
    if (count < 1000) {
      return count + " bytes";
    }
    double value = count;
    String[] units = {"kB", "MB", "GB", "TB"};
    int unit = -1;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }

  /// Text as it stands in HTML.
  private static String text(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
