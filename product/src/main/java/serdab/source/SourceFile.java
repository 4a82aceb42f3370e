package serdab.source;

/// One file that a source lists for a study.
///
/// @param path library-relative, `/` between parts, unique in its study, safe as an entry name: no
///   empty, `.` or `..` part and no leading `/`
/// @param lengthBytes its length when it was listed; -1 when unknown
/// @param modifiedMillis time of last change in milliseconds since 1970-01-01T00:00:00Z; 0 if
///   unknown
/// @param rowCount how many rows that the source's index has for the study point at it; 0 where no
///   index names it
public record SourceFile(String path, long lengthBytes, long modifiedMillis, long rowCount) {

  /// A file that no index names.
  public SourceFile(String path, long lengthBytes, long modifiedMillis) {
    this(path, lengthBytes, modifiedMillis, 0);
  }

  /// The same file, pointed at by this many more rows.
  public SourceFile withMoreRows(long more) {
    return new SourceFile(path, lengthBytes, modifiedMillis, rowCount + more);
  }
}
