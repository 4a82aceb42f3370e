package serdab.plan;

import java.time.Period;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Which copies a destination must keep. What no rule keeps may be destroyed, by a person, with
/// `serdab prune`; nothing is ever destroyed by itself.
///
/// A version is kept when any rule keeps it, and so is a study. The last proven copy of a study on
/// the destination is kept always.
///
/// @param versions how many versions of a study are kept at least; the newest is always kept
/// @param versionsFor how long a version is kept after the one that follows it was made
/// @param studiesFor how long a study is kept after its study date; empty, without `months` too,
///   means for ever
/// @param months how many months are kept at least with all their studies, the newest of those in
///   which the destination has studies; empty, without `studiesFor` too, means all
/// @param legal longer times by modality and by the patient's age; all that match must have passed
public record RetentionRules(
    OptionalInt versions,
    Optional<Period> versionsFor,
    Optional<Period> studiesFor,
    OptionalInt months,
    List<LegalTime> legal) {

  /// Keeps everything.
  public static final RetentionRules ALL =
      new RetentionRules(
          OptionalInt.empty(), Optional.empty(), Optional.empty(), OptionalInt.empty(), List.of());

  public RetentionRules {
    legal = List.copyOf(legal);
  }

  /// Whether any study is ever over.
  public boolean endStudies() {
    return studiesFor.isPresent() || months.isPresent();
  }

  /// A time that the law asks for.
  ///
  /// @param modalities for studies with a series of one of these, in upper case; empty means all
  /// @param keep how long after the study date
  /// @param untilAge and not before the patient has this age in years, where the birth date is
  ///   known; a study of unknown birth date is kept as long as if the patient was born on its day
  public record LegalTime(Set<String> modalities, Period keep, OptionalInt untilAge) {

    public LegalTime {
      modalities = Set.copyOf(modalities);
    }
  }
}
