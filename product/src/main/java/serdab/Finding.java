package serdab;

/// An oddity worth telling. Never a reason to skip a study.
///
/// @param kind a stable identifier in kebab case, such as `truncated` or `two-patients-one-study`
/// @param path the library-relative path it is about; empty when it is about a study or a library
/// @param position the byte position in that file, or [#NO_POSITION]
/// @param detail one sentence without patient data
public record Finding(String kind, String path, long position, String detail) {

  public static final long NO_POSITION = -1;

  public static Finding about(String path, String kind, String detail) {
    return new Finding(kind, path, NO_POSITION, detail);
  }
}
