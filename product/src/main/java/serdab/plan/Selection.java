package serdab.plan;

import java.time.LocalDate;
import java.util.Optional;
import java.util.Set;
import serdab.dicom.StudyFacts;

/// Which studies are wanted. A study is chosen when any of its series matches; then all its files
/// are taken.
///
/// @param modalities wanted modalities in upper case; empty means all
/// @param from first study date wanted
/// @param to last study date wanted
/// @param studies wanted Study Instance UIDs; empty means all
/// @param patientId wanted Patient ID
public record Selection(
    Set<String> modalities,
    Optional<LocalDate> from,
    Optional<LocalDate> to,
    Set<String> studies,
    Optional<String> patientId) {

  public static final Selection ALL =
      new Selection(Set.of(), Optional.empty(), Optional.empty(), Set.of(), Optional.empty());

  public Selection {
    modalities = Set.copyOf(modalities);
    studies = Set.copyOf(studies);
  }

  public boolean isAll() {
    return equals(ALL);
  }

  /// Whether a study is wanted. Groups of other files are wanted when nothing was asked for, or by
  /// name.
  ///
  /// A study without a date is outside every date range: [#from] and [#to] ask for dates.
  public boolean matches(StudyFacts study) {
    if (study.key().isOther()) {
      return isAll() || studies.contains(study.key().value());
    }
    return (modalities.isEmpty() || study.modalities().stream().anyMatch(modalities::contains))
        && (from.isEmpty()
            || study.studyDate().filter(date -> !date.isBefore(from.get())).isPresent())
        && (to.isEmpty() || study.studyDate().filter(date -> !date.isAfter(to.get())).isPresent())
        && (studies.isEmpty() || studies.contains(study.key().value()))
        && (patientId.isEmpty()
            || patientId
                .get()
                .equals(study.patientId().reveal(serdab.PatientData.Purpose.MATCH_QUERY)));
  }
}
