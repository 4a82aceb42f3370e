package serdab.plan;

/// In which order studies are copied; ties are broken by Study Instance UID.
public enum Order {
  STUDY_DATE("study-date"),
  DATE_ADDED("date-added"),
  DATE_ADDED_NEWEST("date-added-newest");

  private final String text;

  Order(String text) {
    this.text = text;
  }

  /// As it is written on the command line.
  public String text() {
    return text;
  }
}
