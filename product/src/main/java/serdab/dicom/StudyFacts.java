package serdab.dicom;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import serdab.PatientData;

/// What is known of a study, from an index or from its files.
///
/// Values are as found after decoding and trimming; empty text means unknown.
///
/// @param key the study, or the group of other files
/// @param patientName as displayed or as encoded, whichever the source has
/// @param patientId Patient ID (0010,0020)
/// @param birthDate Patient's Birth Date (0010,0030)
/// @param studyDate the date that names the month folder
/// @param modalities distinct series modalities, trimmed, upper case, sorted
/// @param accessionNumber Accession Number (0008,0050)
/// @param description Study Description (0008,1030)
public record StudyFacts(
    StudyKey key,
    PatientData<String> patientName,
    PatientData<String> patientId,
    Optional<PatientData<LocalDate>> birthDate,
    Optional<LocalDate> studyDate,
    List<String> modalities,
    PatientData<String> accessionNumber,
    PatientData<String> description) {

  public StudyFacts {
    modalities = modalities.stream().distinct().sorted().toList();
  }
}
