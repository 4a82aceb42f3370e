package serdab.restore;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import serdab.Problem;
import serdab.StudyLabel;
import serdab.dicom.RejectionNote;

/// What a restore has to tell of studies that came back as they should: what rejection notes reject
/// of them, and whose they are said to be. None of it is a gap.
///
/// @param rejected files that notes reject, a line for each study and reason
/// @param warnings what a person should look at, by study
public record RestoreNotices(List<Rejected> rejected, List<Warning> warnings) {

  public RestoreNotices {
    rejected = List.copyOf(rejected);
    warnings = List.copyOf(warnings);
  }

  /// Files of one study that notes reject for one reason.
  ///
  /// @param files how many
  /// @param leftOut whether they were left out; else they came with the others
  public record Rejected(
      StudyLabel study, RejectionNote.Reason reason, long files, boolean leftOut) {}

  /// Something to look at.
  public record Warning(StudyLabel study, Problem problem) {}

  /// How many files were left out because notes reject them.
  public long filesLeftOut() {
    return rejected.stream().filter(Rejected::leftOut).mapToLong(Rejected::files).sum();
  }

  /// How many files came although notes reject them.
  public long filesBrought() {
    return rejected.stream().filter(line -> !line.leftOut()).mapToLong(Rejected::files).sum();
  }

  /// Gathers them while studies are opened. Told twice of the same, it tells once. One thread at a
  /// time.
  static final class Gathered {

    private record OfStudy(StudyLabel study, Object what) {}

    private final Map<OfStudy, Rejected> rejected = new LinkedHashMap<>();
    private final Map<OfStudy, Warning> warnings = new LinkedHashMap<>();

    void add(Rejected line) {
      rejected.put(new OfStudy(line.study(), line.reason()), line);
    }

    void warn(StudyLabel study, Problem problem) {
      warnings.put(new OfStudy(study, problem.code()), new Warning(study, problem));
    }

    RestoreNotices all() {
      return new RestoreNotices(
          new ArrayList<>(rejected.values()), new ArrayList<>(warnings.values()));
    }
  }
}
