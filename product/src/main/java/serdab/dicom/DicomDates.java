package serdab.dicom;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Optional;

/// Dates as DICOM files write them.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html PS3.5 section 6.2, DA
public final class DicomDates {

  private DicomDates() {}

  /// Reads `YYYYMMDD` and the older `YYYY.MM.DD`; anything else is no date.
  public static Optional<LocalDate> date(String text) {
    String digits = text.strip();
    if (digits.length() == 10 && digits.charAt(4) == '.' && digits.charAt(7) == '.') {
      digits = digits.substring(0, 4) + digits.substring(5, 7) + digits.substring(8);
    }
    if (digits.length() != 8 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDate.of(
              Integer.parseInt(digits, 0, 4, 10),
              Integer.parseInt(digits, 4, 6, 10),
              Integer.parseInt(digits, 6, 8, 10)));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
