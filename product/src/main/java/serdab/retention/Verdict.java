package serdab.retention;

/// What the rules say of a copy.
public enum Verdict {
  /// It stays.
  KEEP,
  /// It may be removed.
  GO,
  /// Its study is over and this is the last destination that holds a proven copy of it: it may be
  /// removed only when a person says so for last copies in particular.
  GO_AS_LAST
}
