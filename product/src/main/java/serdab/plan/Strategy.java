package serdab.plan;

/// What a run copies, in the words of backup.
public enum Strategy {
  /// What has no proven copy of its present version. The default.
  INCREMENTAL("incremental"),
  /// What changed since the last full run, whether an incremental run copied it or not.
  DIFFERENTIAL("differential"),
  /// Everything again, also what has a proven copy.
  FULL("full");

  private final String text;

  Strategy(String text) {
    this.text = text;
  }

  /// As it is written on the command line and in the configuration.
  public String text() {
    return text;
  }
}
