package serdab.backup;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.StudyLabel;
import serdab.report.RunReport;

/// What came of taking over the tree of the Horos backup script.
///
/// @param outcome how it counts
/// @param listed how many studies the script's state lists
/// @param zips how many ZIPs lie in the folders of studies
/// @param toCopy how many studies of the library the script knew that are in no copy as they are
///   now; the next backup copies them
/// @param copiedTo how many studies were copied to the other destination
/// @param monthsMarked how many months the script had marked as done
/// @param monthsMarkedInVain of those, how many have something to copy or something damaged
/// @param lines one for each ZIP and for each listed study without one
/// @param problems what ended it early
public record ImportReport(
    RunReport.Outcome outcome,
    long listed,
    long zips,
    long toCopy,
    long copiedTo,
    long monthsMarked,
    long monthsMarkedInVain,
    List<Line> lines,
    List<Problem> problems) {

  public ImportReport {
    lines = List.copyOf(lines);
    problems = List.copyOf(problems);
  }

  /// How many of each kind; kinds without any are there, too.
  public Map<Kind, Long> counts() {
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      counts.put(kind, 0L);
    }
    lines.forEach(line -> counts.merge(line.kind(), 1L, Long::sum));
    return counts;
  }

  /// How many there are of a kind.
  public long count(Kind kind) {
    return lines.stream().filter(line -> line.kind() == kind).count();
  }

  /// How many ZIPs the script's state does not know.
  public long unlisted() {
    return lines.stream().filter(line -> !line.listed() && !line.location().isEmpty()).count();
  }

  /// One ZIP, or one listed study without one.
  ///
  /// @param study the Study Instance UID; empty text when nobody knows it
  /// @param location the tree's name for the ZIP; empty text when there is none. Holds patient data
  /// @param listed whether the script's state knows it
  /// @param fileCount how many files the ZIP holds; 0 when that is not known
  /// @param lacking how many files that the library lists are not in it
  /// @param others how many of its files the library does not have, or not as they are in it
  /// @param problem what is wrong with it
  public record Line(
      Kind kind,
      StudyLabel label,
      String study,
      String location,
      boolean listed,
      long fileCount,
      long lacking,
      long others,
      Optional<Problem> problem) {}

  /// What a ZIP, or a listed study without one, turned out to be.
  public enum Kind {
    /// Bit for bit what the library has: a copy from now on.
    ADOPTED("adopted"),
    /// A copy already: adopted before, or made by this program.
    COPY_ALREADY("copy-already"),
    /// As [#ADOPTED], and left alone because nothing is adopted where it is.
    WHOLE("whole"),
    /// Only looked at, and not read: it may be anything.
    TO_CHECK("to-check"),
    /// The library has more files.
    PARTIAL("partial"),
    /// It holds files that the library has not, or not so.
    DIFFERS("differs"),
    /// The library has no such study.
    ONLY_COPY("only-copy"),
    /// Another ZIP holds the very same.
    DUPLICATE("duplicate"),
    /// It cannot be trusted as it is.
    DAMAGED("damaged"),
    /// Its name is one study's, its content another's.
    WRONG_STUDY("wrong-study"),
    /// The library could not be compared with it.
    NOT_COMPARED("not-compared"),
    /// Listed, and there is no ZIP; the library has it.
    MISSING("missing"),
    /// Listed, and there is neither a ZIP nor a study in the library.
    LOST("lost");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }
}
