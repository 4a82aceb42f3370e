package serdab.dicom.net.web;

import java.util.Set;
import serdab.PatientData;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;

/// A study as a node lists it. Texts are empty where the node says nothing; counts are hints.
///
/// @param study its Study Instance UID, as the node wrote it
/// @param modalities Modalities in Study (0008,0061), with `\` between them
/// @param instances Number of Study Related Instances (0020,1208), as written
/// @param studyDate Study Date (0008,0020), as written
/// @param studyTime Study Time (0008,0030), as written
/// @param patientName Patient's Name (0010,0010), its groups joined by `=`
/// @param patientId Patient ID (0010,0020)
/// @param patientBirthDate Patient's Birth Date (0010,0030)
/// @param accessionNumber Accession Number (0008,0050)
/// @param description Study Description (0008,1030)
public record StudyRow(
    StudyInstanceUid study,
    String modalities,
    String instances,
    String studyDate,
    String studyTime,
    PatientData<String> patientName,
    PatientData<String> patientId,
    PatientData<String> patientBirthDate,
    PatientData<String> accessionNumber,
    PatientData<String> description) {

  static final int MODALITIES_IN_STUDY = 0x00080061;
  static final int STUDY_INSTANCES = 0x00201208;

  static final Set<Integer> WANTED =
      Set.of(
          Tag.StudyInstanceUID,
          MODALITIES_IN_STUDY,
          STUDY_INSTANCES,
          Tag.StudyDate,
          Tag.StudyTime,
          Tag.PatientName,
          Tag.PatientID,
          Tag.PatientBirthDate,
          Tag.AccessionNumber,
          Tag.StudyDescription);

  static StudyRow of(JsonDataSet row) {
    return new StudyRow(
        new StudyInstanceUid(row.text(Tag.StudyInstanceUID)),
        String.join("\\", row.values().getOrDefault(MODALITIES_IN_STUDY, java.util.List.of())),
        row.text(STUDY_INSTANCES),
        row.text(Tag.StudyDate),
        row.text(Tag.StudyTime),
        PatientData.of(row.text(Tag.PatientName)),
        PatientData.of(row.text(Tag.PatientID)),
        PatientData.of(row.text(Tag.PatientBirthDate)),
        PatientData.of(row.text(Tag.AccessionNumber)),
        PatientData.of(row.text(Tag.StudyDescription)));
  }

  /// Dates can point at a patient, so nothing is printed.
  @Override
  public String toString() {
    return "a study";
  }
}
