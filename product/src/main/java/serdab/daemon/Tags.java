package serdab.daemon;

import java.util.List;
import serdab.dicom.Tag;
import serdab.dicom.net.QueryLevel;

/// Which attributes can be asked for at which level.
final class Tags {

  static final int QUERY_RETRIEVE_LEVEL = 0x00080052;
  static final int RETRIEVE_AE_TITLE = 0x00080054;
  static final int INSTANCE_AVAILABILITY = 0x00080056;
  static final int MODALITIES_IN_STUDY = 0x00080061;
  static final int SOP_CLASSES_IN_STUDY = 0x00080062;
  static final int AVAILABLE_TRANSFER_SYNTAX_UID = 0x00083002;
  static final int PATIENT_STUDIES = 0x00201200;
  static final int PATIENT_SERIES = 0x00201202;
  static final int PATIENT_INSTANCES = 0x00201204;
  static final int STUDY_SERIES = 0x00201206;
  static final int STUDY_INSTANCES = 0x00201208;
  static final int SERIES_INSTANCES = 0x00201209;

  /// What is kept of a patient's header elements (PS3.4 section C.6.1.1.2).
  static final List<Integer> PATIENT =
      List.of(
          Tag.PatientName,
          Tag.PatientID,
          Tag.IssuerOfPatientID,
          Tag.PatientBirthDate,
          0x00100032, // Patient's Birth Time
          Tag.PatientSex,
          0x00101000, // Other Patient IDs
          0x00101001, // Other Patient Names
          0x00102160, // Ethnic Group
          0x00104000); // Patient Comments

  /// What is kept of a study's header elements (PS3.4 sections C.6.1.1.3 and C.6.2.1.2), and
  /// Institution Name, which viewers ask for at this level.
  static final List<Integer> STUDY =
      List.of(
          Tag.StudyDate,
          Tag.StudyTime,
          Tag.AccessionNumber,
          Tag.InstitutionName,
          Tag.ReferringPhysicianName,
          Tag.StudyDescription,
          0x00081048, // Physician(s) of Record
          0x00081060, // Name of Physician(s) Reading Study
          0x00081080, // Admitting Diagnoses Description
          0x00101010, // Patient's Age
          0x00101020, // Patient's Size
          0x00101030, // Patient's Weight
          0x00102180, // Occupation
          0x001021B0, // Additional Patient History
          Tag.StudyID);

  /// What is read of the header of a series' first instance (PS3.4 section C.6.1.1.4).
  static final List<Integer> SERIES =
      List.of(
          Tag.SeriesDate,
          Tag.SeriesTime,
          Tag.Modality,
          Tag.Manufacturer,
          Tag.InstitutionName,
          Tag.StationName,
          Tag.SeriesDescription,
          0x00081040, // Institutional Department Name
          0x00081050, // Performing Physician's Name
          0x00081070, // Operators' Name
          0x00081090, // Manufacturer's Model Name
          Tag.BodyPartExamined,
          0x00181030, // Protocol Name
          0x00185100, // Patient Position
          Tag.SeriesNumber,
          0x00200052, // Frame of Reference UID
          0x00200060, // Laterality
          0x00400244, // Performed Procedure Step Start Date
          0x00400245, // Performed Procedure Step Start Time
          0x00400253, // Performed Procedure Step ID
          0x00400254); // Performed Procedure Step Description

  private Tags() {}

  /// The unique keys of a level and of those above it.
  static List<Integer> uniqueOf(QueryLevel level, boolean byPatient) {
    return switch (level) {
      case PATIENT -> List.of(Tag.PatientID);
      case STUDY -> withPatient(byPatient, Tag.StudyInstanceUID);
      case SERIES -> withPatient(byPatient, Tag.StudyInstanceUID, Tag.SeriesInstanceUID);
      case IMAGE ->
          withPatient(byPatient, Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID);
    };
  }

  private static List<Integer> withPatient(boolean byPatient, Integer... tags) {
    return byPatient
        ? java.util.stream.Stream.concat(
                java.util.stream.Stream.of(Tag.PatientID), java.util.Arrays.stream(tags))
            .toList()
        : List.of(tags);
  }
}
