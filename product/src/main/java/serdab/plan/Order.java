package serdab.plan;

/// In which order studies are copied; ties are broken by Study Instance UID.
public enum Order {
  STUDY_DATE("study-date"),
  DATE_ADDED("date-added"),
  DATE_ADDED_NEWEST("date-added-newest"),
  /// Never copied before copied, about to be cleaned up before not, recently added before long ago,
  /// then by the plan's rules. A source gives its studies as for [#DATE_ADDED_NEWEST]; the engine
  /// does the rest.
  SMART("smart");

  private final String text;

  Order(String text) {
    this.text = text;
  }

  /// As it is written on the command line.
  public String text() {
    return text;
  }
}
