package serdab.dicom;

/// What one copy is about: a study, or a group of files that belong to no study.
///
/// @param value the Study Instance UID as found, or `_other/` and the group's name
public record StudyKey(String value) implements Comparable<StudyKey> {

  private static final String OTHER = "_other/";

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

  @Override
  public int compareTo(StudyKey that) {
    return value.compareTo(that.value);
  }
}
