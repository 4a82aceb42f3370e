package serdab.dicom;

/// What one copy is about: a study, or a group of files that belong to no study.
///
/// @param value the Study Instance UID as found, or `_other/` and the group's name
public record StudyKey(String value) implements Comparable<StudyKey> {

  private static final String OTHER = "_other/";

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

  public boolean isOther() {
    return value.startsWith(OTHER);
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
