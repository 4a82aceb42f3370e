package serdab.catalogue;

import java.time.Instant;
import java.time.LocalDate;
import java.util.Optional;
import serdab.PatientData;
import serdab.dicom.StudyKey;

/// A person's word that some studies must not lose any copy, whatever the rules say. It holds what
/// matches all that it names.
///
/// @param id unique in the catalogue, ascending
/// @param study only this study; empty when it holds by something else
/// @param patientId only studies of this Patient ID (0010,0020); empty when it holds by something
///   else
/// @param dates only studies of these days; empty when it holds by something else
/// @param reason why, as the person gave it
/// @param author who said so
/// @param madeAt when
/// @param release how it ended; empty while it stands
public record HoldRow(
    long id,
    Optional<StudyKey> study,
    Optional<PatientData<String>> patientId,
    Optional<Days> dates,
    String reason,
    String author,
    Instant madeAt,
    Optional<Release> release) {

  /// Days from one to another, both included.
  public record Days(LocalDate from, LocalDate to) {}

  /// The end of a hold.
  public record Release(Instant at, String author, String reason) {}
}
