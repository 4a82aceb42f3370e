package serdab.dicom;

/// What one copy is about: a study, or a group of files that belong to no study.
///
/// @param value the Study Instance UID as found, or `_other/` and the group's name, or `_library/`,
///   the library's name, a slash and the group's name
public record StudyKey(String value) implements Comparable<StudyKey> {

  private static final String OTHER = "_other/";
  private static final String LIBRARY = "_library/";

  /// Files whose headers could not be read, so that nobody knows what study they belong to.
  public static final StudyKey UNREAD_FILES = other("unread");

  /// Folders that could not be listed.
  public static final StudyKey UNREAD_FOLDERS = other("unreadable");

  public static StudyKey of(StudyInstanceUid uid) {
    return new StudyKey(uid.value());
  }

  /// Files that are not DICOM, or name no study, kept whole by group.
  ///
  /// @param group a name that is stable from run to run and free of patient data
  public static StudyKey other(String group) {
    return new StudyKey(OTHER + group);
  }

  /// What a viewer's library keeps beside its studies, by group; each library has its own.
  ///
  /// @param library a short name of the library that is stable from run to run and free of patient
  ///   data, without a slash
  /// @param group as in [#other]
  public static StudyKey library(String library, String group) {
    return new StudyKey(LIBRARY + library + "/" + group);
  }

  /// Whether this is a group of files rather than a study.
  public boolean isOther() {
    return value.startsWith(OTHER) || isLibrary();
  }

  /// Whether this is a group that a viewer's library keeps beside its studies.
  public boolean isLibrary() {
    return value.startsWith(LIBRARY) && value.indexOf('/', LIBRARY.length()) > 0;
  }

  /// The library's name.
  ///
  /// @throws IllegalStateException when this is no group of a library
  public String library() {
    return value.substring(LIBRARY.length(), slash());
  }

  /// The group's name inside its library.
  ///
  /// @throws IllegalStateException when this is no group of a library
  public String libraryGroup() {
    return value.substring(slash() + 1);
  }

  private int slash() {
    if (!isLibrary()) {
      throw new IllegalStateException("no group of a library");
    }
    return value.indexOf('/', LIBRARY.length());
  }

  /// Whether this is what could not be looked into: it may hold files of any study.
  public boolean isUnread() {
    return equals(UNREAD_FILES) || equals(UNREAD_FOLDERS);
  }

  @Override
  public int compareTo(StudyKey that) {
    return value.compareTo(that.value);
  }
}
