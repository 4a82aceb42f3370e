package serdab.dicom.net;

/// What is asked for (PS3.4 section C.3): each level's keys come with the unique keys of those
/// above.
public enum QueryLevel {
  /// Only where it is asked by patient.
  PATIENT,
  STUDY,
  SERIES,
  IMAGE
}
