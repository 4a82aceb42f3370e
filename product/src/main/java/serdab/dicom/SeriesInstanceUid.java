package serdab.dicom;

/// The Series Instance UID (0020,000E).
///
/// Libraries hold malformed UIDs. They are kept as found, so that nothing is left out of a backup
/// for breaking a rule; [#isValid] says whether it follows PS3.5 section 9.1. Never use one as a
/// file name without escaping it.
///
/// @param value as found, without padding at the end (NUL or space); empty when there is none
public record SeriesInstanceUid(String value) {

  public SeriesInstanceUid {
    value = Uids.withoutPadding(value);
  }

  /// Whether it is written as PS3.5 section 9.1 asks: at most 64 characters, numbers without
  /// leading zeros, separated by dots.
  public boolean isValid() {
    return Uids.isValid(value);
  }

  public boolean isEmpty() {
    return value.isEmpty();
  }

  @Override
  public String toString() {
    return value;
  }
}
