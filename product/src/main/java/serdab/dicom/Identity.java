package serdab.dicom;

import java.util.Locale;
import serdab.PatientData;

/// Whose a study is said to be, for comparing.
///
/// @param patientId Patient ID (0010,0020); empty text when unknown
/// @param patientName as displayed or as encoded; empty text when unknown
public record Identity(PatientData<String> patientId, PatientData<String> patientName) {

  /// Nobody is named.
  public static final Identity UNKNOWN = new Identity(PatientData.of(""), PatientData.of(""));

  private static final PatientData.Purpose COMPARE = PatientData.Purpose.MATCH_QUERY;

  public static Identity of(StudyFacts facts) {
    return new Identity(facts.patientId(), facts.patientName());
  }

  /// Whether both can mean one person: equal ids, and names of the same letters and digits in the
  /// same order. What one of them does not say is no difference.
  public boolean isLike(Identity other) {
    return isLike(patientId.reveal(COMPARE).strip(), other.patientId.reveal(COMPARE).strip())
        && isLike(letters(patientName), letters(other.patientName));
  }

  private static boolean isLike(String one, String other) {
    return one.isEmpty() || other.isEmpty() || one.equals(other);
  }

  /// Names are written with carets in files and with commas by viewers.
  private static String letters(PatientData<String> name) {
    StringBuilder letters = new StringBuilder();
    name.reveal(COMPARE)
        .codePoints()
        .filter(Character::isLetterOrDigit)
        .forEach(letters::appendCodePoint);
    return letters.toString().toUpperCase(Locale.ROOT);
  }
}
