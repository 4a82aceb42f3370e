package serdab.source;

/// In which order studies are copied; ties are broken by Study Instance UID.
public enum Order {
  STUDY_DATE,
  DATE_ADDED,
  DATE_ADDED_NEWEST
}
