package serdab.ziptree;

import java.time.LocalDate;
import java.util.Locale;
import java.util.Optional;
import serdab.dicom.StudyFacts;

/// One of the folders in which studies lie: `YYYY_MM`, `UNKNOWN_DATE`, `_other`, or
/// `_library/LIBRARY`.
public record MonthFolder(String value) {

  public static final MonthFolder UNKNOWN_DATE = new MonthFolder("UNKNOWN_DATE");

  /// Where groups of files lie that belong to no study; it has no month and is never done.
  public static final MonthFolder OTHER = new MonthFolder("_other");

  private static final String LIBRARIES = "_library/";

  /// The folder name has four digits for the year.
  private static final int YEAR_MAX = 9999;

  public static MonthFolder of(StudyFacts facts) {
    if (facts.key().isLibrary()) {
      return new MonthFolder(LIBRARIES + StudyNames.plain(facts.key().library()));
    }
    return facts.key().isOther() ? OTHER : of(facts.studyDate());
  }

  /// Whether studies lie here, rather than groups of other files, which have no month.
  boolean isMonth() {
    return !equals(OTHER) && !isOneLibrary(value);
  }

  private static boolean isOneLibrary(String folder) {
    return folder.startsWith(LIBRARIES)
        && folder.length() > LIBRARIES.length()
        && folder.indexOf('/', LIBRARIES.length()) < 0;
  }

  public static MonthFolder of(Optional<LocalDate> studyDate) {
    return studyDate
        .filter(date -> date.getYear() > 0 && date.getYear() <= YEAR_MAX)
        .map(date ->
            new MonthFolder(
                String.format(Locale.ROOT, "%04d_%02d", date.getYear(), date.getMonthValue())))
        .orElse(UNKNOWN_DATE);
  }

  /// The folder in which a ZIP of this path in the tree lies.
  public static MonthFolder ofPath(String path) {
    return new MonthFolder(path.substring(0, Math.max(0, path.lastIndexOf('/'))));
  }

  /// Whether a folder name is one of these.
  static boolean isOne(String folder) {
    if (folder.equals(UNKNOWN_DATE.value) || folder.equals(OTHER.value) || isOneLibrary(folder)) {
      return true;
    }
    if (folder.length() != 7 || folder.charAt(4) != '_') {
      return false;
    }
    for (int i = 0; i < 7; i++) {
      char c = folder.charAt(i);
      if (i != 4 && (c < '0' || c > '9')) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return value;
  }
}
