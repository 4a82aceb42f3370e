package serdab.retention;

import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import serdab.PatientData;
import serdab.catalogue.HoldRow;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// Whether a hold is about a study. What is not known of the study counts as a match.
final class HoldMatch {

  private HoldMatch() {}

  /// The reasons that holds give, one for each that matches.
  static List<Reason> of(StudyKey study, List<StudyFacts> known, List<HoldRow> holds) {
    return holds.stream()
        .filter(hold -> matches(hold, study, known))
        .map(hold -> new Reason("hold", "hold " + hold.id(), Long.toString(hold.id())))
        .toList();
  }

  /// Whether any of these holds asks more than which study it is.
  static boolean needFacts(List<HoldRow> holds) {
    return holds.stream()
        .anyMatch(hold -> hold.patientId().isPresent() || hold.dates().isPresent());
  }

  static boolean matches(HoldRow hold, StudyKey study, List<StudyFacts> known) {
    if (hold.study().isPresent() && !hold.study().get().equals(study)) {
      return false;
    }
    if (hold.patientId().isEmpty() && hold.dates().isEmpty()) {
      return true;
    }
    return known.isEmpty()
        || known.stream().anyMatch(facts -> isPatient(hold, facts) && isInDates(hold, facts));
  }

  private static boolean isPatient(HoldRow hold, StudyFacts facts) {
    if (hold.patientId().isEmpty()) {
      return true;
    }
    String wanted = folded(hold.patientId().get());
    String found = folded(facts.patientId());
    return found.isEmpty() || found.equals(wanted);
  }

  private static String folded(PatientData<String> id) {
    return id.reveal(PatientData.Purpose.MATCH_QUERY).strip().toLowerCase(Locale.ROOT);
  }

  private static boolean isInDates(HoldRow hold, StudyFacts facts) {
    Optional<LocalDate> date = facts.studyDate();
    return hold.dates().isEmpty()
        || date.isEmpty()
        || (!date.get().isBefore(hold.dates().get().from())
            && !date.get().isAfter(hold.dates().get().to()));
  }
}
