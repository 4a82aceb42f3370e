package serdab.cli.log;

import serdab.Problem;
import serdab.StudyLabel;
import serdab.report.Progress;

/// Writes down how a run goes on, and passes it on.
public final class LoggedProgress implements Progress {

  private final Progress shown;
  private final JsonLog log;

  public LoggedProgress(Progress shown, JsonLog log) {
    this.shown = shown;
    this.log = log;
  }

  @Override
  public void planned(long studies) {
    log.add(JsonLog.Level.INFO, "planned", json -> json.writeNumberProperty("studies", studies));
    shown.planned(studies);
  }

  @Override
  public void began(StudyLabel study) {
    shown.began(study);
  }

  @Override
  public void read(long bytes) {
    shown.read(bytes);
  }

  @Override
  public void ended(StudyLabel study, String outcome) {
    boolean bad = outcome.equals("failed") || outcome.equals("incomplete");
    log.add(
        bad ? JsonLog.Level.WARNING : JsonLog.Level.INFO,
        "study",
        json -> {
          json.writeStringProperty("label", study.value());
          json.writeStringProperty("outcome", outcome);
        });
    shown.ended(study, outcome);
  }

  @Override
  public void say(String line) {
    log.add(JsonLog.Level.INFO, "said", json -> json.writeStringProperty("text", line));
    shown.say(line);
  }

  @Override
  public void warn(Problem warning) {
    log.add(
        JsonLog.Level.WARNING,
        "said",
        json -> {
          json.writeStringProperty("code", warning.code());
          json.writeStringProperty("text", "Warning: " + warning.text());
        });
    shown.warn(warning);
  }

  /// The log is in English, whatever is shown.
  @Override
  public void tell(String key, String english, Object... values) {
    log.add(JsonLog.Level.INFO, "said", json -> json.writeStringProperty("text", english));
    shown.tell(key, english, values);
  }
}
