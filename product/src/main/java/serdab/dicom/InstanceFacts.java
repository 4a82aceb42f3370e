package serdab.dicom;

import serdab.PatientData;

/// What a catalogue wants to know of one instance. Texts are decoded and without padding, and empty
/// where the attribute is missing or has no value; only the first of several values is kept.
///
/// @param study Study Instance UID (0020,000D), as found
/// @param series Series Instance UID (0020,000E), as found
/// @param sop SOP Instance UID (0008,0018), as found; from the File Meta Information where the data
///   set has none
/// @param sopClassUid SOP Class UID (0008,0016); from the File Meta Information where the data set
///   has none
/// @param transferSyntaxUid as declared
/// @param modality Modality (0008,0060)
/// @param studyDate Study Date (0008,0020), as written, most often YYYYMMDD
/// @param studyTime Study Time (0008,0030), as written
/// @param patientName Patient's Name (0010,0010), with its carets and equals signs
/// @param patientId Patient ID (0010,0020)
/// @param issuerOfPatientId Issuer of Patient ID (0010,0021)
/// @param patientBirthDate Patient's Birth Date (0010,0030), as written
/// @param patientSex Patient's Sex (0010,0040)
/// @param accessionNumber Accession Number (0008,0050), which names a visit of a patient
/// @param studyId Study ID (0020,0010)
/// @param studyDescription Study Description (0008,1030)
/// @param seriesDescription Series Description (0008,103E)
/// @param seriesNumber Series Number (0020,0011), as written
/// @param instanceNumber Instance Number (0020,0013), as written
/// @param institutionName Institution Name (0008,0080)
/// @param manufacturer Manufacturer (0008,0070)
/// @param stationName Station Name (0008,1010)
/// @param bodyPartExamined Body Part Examined (0018,0015)
/// @param numberOfFrames Number of Frames (0028,0008), as written
public record InstanceFacts(
    StudyInstanceUid study,
    SeriesInstanceUid series,
    SopInstanceUid sop,
    String sopClassUid,
    String transferSyntaxUid,
    String modality,
    String studyDate,
    String studyTime,
    PatientData<String> patientName,
    PatientData<String> patientId,
    PatientData<String> issuerOfPatientId,
    PatientData<String> patientBirthDate,
    PatientData<String> patientSex,
    PatientData<String> accessionNumber,
    String studyId,
    String studyDescription,
    String seriesDescription,
    String seriesNumber,
    String instanceNumber,
    String institutionName,
    String manufacturer,
    String stationName,
    String bodyPartExamined,
    String numberOfFrames) {

  /// Descriptions and dates can point at a patient, so only the kind of instance is printed.
  @Override
  public String toString() {
    return "an instance of " + sopClassUid + ", modality " + modality;
  }
}
