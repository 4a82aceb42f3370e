package serdab.source;

/// One file that a source lists for a study.
///
/// @param path library-relative, `/` between parts, unique in its study, safe as an entry name: no
///   empty, `.` or `..` part and no leading `/`
/// @param lengthBytes its length when it was listed; -1 when unknown
/// @param modifiedMillis time of last change in milliseconds since 1970-01-01T00:00:00Z; 0 if
///   unknown
public record SourceFile(String path, long lengthBytes, long modifiedMillis) {}
