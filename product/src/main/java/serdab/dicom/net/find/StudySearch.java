package serdab.dicom.net.find;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import serdab.PatientData;
import serdab.dicom.DicomDates;
import serdab.dicom.Tag;
import serdab.dicom.net.QueryLevel;
import serdab.dicom.net.web.StudyRow;

/// Finds all studies of a node that answers a question with so many at most, and does not say so.
/// One thread at a time.
///
/// A cut answer is as long as the longest that the node gives. So an answer that is shorter than
/// another one of the same node is believed, and one that is not is asked for in parts: by ranges
/// of dates, a day by ranges of times, a second by the beginnings of patient IDs. Studies whose
/// date is missing or none are in no range; where there may be such that were not answered, all of
/// the node is asked for once more by the beginnings of patient IDs.
public final class StudySearch {

  /// Answers shorter than this are believed, unless halves of the first hold more: nodes cut at
  /// hundreds.
  static final int LIMIT_MIN = 10;

  /// What a node answered.
  ///
  /// @param rows in its order; of a question at patient level they name no study
  /// @param complete whether it ended with success, rather than that there were too many
  public record Answer(List<StudyRow> rows, boolean complete) {}

  private static final LocalDate FIRST = LocalDate.of(1900, 1, 1);
  private static final LocalDate LAST = LocalDate.of(2199, 12, 31);
  private static final int DAY_SECONDS = 24 * 60 * 60;

  /// What a patient ID may begin with: the default repertoire (PS3.5 section 6.1) without what has
  /// a meaning in questions (PS3.4 section C.2.2.2.4).
  private static final String CHARACTERS = characters();

  private static final int PATIENT_ID_LENGTH_MAX = 64;

  /// Some hours at a slow node. A node of a million studies that answers 100 needs a third of it.
  private static final int QUESTIONS_MAX = 100_000;

  private final BiFunction<QueryLevel, Map<Integer, String>, Answer> node;
  private final boolean byPatient;
  private final long limitGiven;

  private final Map<String, StudyRow> rows = new LinkedHashMap<>();
  private final Set<String> patients = new LinkedHashSet<>();
  private final Set<Integer> seenInIds = new TreeSet<>();
  private long limitMin = LIMIT_MIN;
  private long longest;
  private long longestBelieved;
  private long firstAnswer;
  private long strange;
  private int questions;
  private boolean hasWrongDates;
  private boolean hasAskedTimes;
  private boolean timesMayLack;

  // What is in doubt in the end.
  private boolean refused;
  private boolean ignoresDates;
  private boolean ignoresBeginnings;
  private boolean datedMayLack;
  private boolean undatedMayLack;
  private boolean namelessMayLack;

  /// @param node asks it: keys that match, the others are its own business
  /// @param byPatient whether the node can be asked for the studies of a patient only
  /// @param limitGiven how many rows the node answers at most, as somebody knows; 0 when nobody
  ///   does
  public StudySearch(
      BiFunction<QueryLevel, Map<Integer, String>, Answer> node,
      boolean byPatient,
      long limitGiven) {
    this.node = node;
    this.byPatient = byPatient;
    this.limitGiven = limitGiven;
  }

  /// Asks until there is nothing more to ask.
  public void run() {
    if (byPatient) {
      patients();
    } else {
      studies();
    }
    if (questions >= QUESTIONS_MAX) {
      datedMayLack = true;
    }
  }

  private void studies() {
    Answer all = ask(QueryLevel.STUDY, Map.of());
    refused = !all.complete();
    if (isBelieved(all) && !isShortened(all)) {
      return;
    }
    datedMayLack = !dates(Map.of(), all.rows());
    boolean undated = hasWrongDates || any(row -> !isDated(row));
    if (!datedMayLack && !undated && !isCutting()) {
      return;
    }
    undatedMayLack = true;
    if (beginnings(QueryLevel.STUDY, Map.of(), all.rows())) {
      // What has a patient ID was found, with a date or without. Where some studies have no ID, and
      // dates do not find them all, there may be more of these.
      namelessMayLack =
          datedMayLack
              || (isCutting()
                  && any(row -> id(row).isEmpty())
                  && (timesMayLack
                      || any(
                          row -> !isDated(row) || (hasAskedTimes && row.studyTime().isEmpty()))));
      datedMayLack = false;
      undatedMayLack = false;
    }
  }

  private boolean any(Predicate<StudyRow> what) {
    return rows.values().stream().anyMatch(what);
  }

  /// Whether a short first answer was cut all the same: then two halves by date hold more.
  private boolean isShortened(Answer all) {
    if (limitGiven > 0 || all.rows().size() < 2) {
      return false;
    }
    LocalDate middle = middle(FIRST, LAST, all.rows());
    ask(QueryLevel.STUDY, Map.of(Tag.StudyDate, "-" + text(middle)));
    ask(QueryLevel.STUDY, Map.of(Tag.StudyDate, text(middle.plusDays(1)) + "-"));
    if (isCutting()) {
      limitMin = 1;
      return true;
    }
    return false;
  }

  /// Whether the node is known not to answer whole.
  private boolean isCutting() {
    return refused || rows.size() > firstAnswer;
  }

  // ---- asking

  private Answer ask(QueryLevel level, Map<Integer, String> match) {
    if (questions >= QUESTIONS_MAX) {
      return new Answer(List.of(), true);
    }
    Answer answer = node.apply(level, match);
    if (questions++ == 0) {
      firstAnswer = answer.rows().size();
    }
    for (StudyRow row : answer.rows()) {
      id(row).chars().forEach(seenInIds::add);
      if (level == QueryLevel.PATIENT) {
        patients.add(id(row));
      } else if (row.study().isEmpty()) {
        strange++;
      } else {
        rows.putIfAbsent(row.study().value(), row);
      }
    }
    longest = Math.max(longest, answer.rows().size());
    return answer;
  }

  private boolean isBelieved(Answer answer) {
    long size = answer.rows().size();
    boolean believed = answer.complete() && size < limit();
    if (believed) {
      longestBelieved = Math.max(longestBelieved, size);
    }
    return believed;
  }

  /// The shortest answer that may have been cut. A longer answer than the limit that was given
  /// shows that this is not the limit.
  private long limit() {
    return limitGiven > 0 && longest <= limitGiven ? limitGiven : Math.max(limitMin, longest);
  }

  private static boolean isDated(StudyRow row) {
    return DicomDates.date(row.studyDate()).isPresent();
  }

  private static String id(StudyRow row) {
    return row.patientId().reveal(PatientData.Purpose.MATCH_QUERY);
  }

  private static Map<Integer, String> with(Map<Integer, String> match, int tag, String value) {
    Map<Integer, String> more = new HashMap<>(match);
    more.put(tag, value);
    return more;
  }

  // ---- by date and time

  /// Asks for everything that has a date.
  ///
  /// @param match what else must match
  /// @param known some of what matches
  /// @return whether everything with a date was found
  private boolean dates(Map<Integer, String> match, List<StudyRow> known) {
    boolean certain = between(match, FIRST, LAST, known);
    for (String unlikely : List.of("-" + text(FIRST.minusDays(1)), text(LAST.plusDays(1)) + "-")) {
      // Dates that nobody means are not asked for in parts, but with those that are none.
      if (!ignoresDates) {
        hasWrongDates |= !isBelieved(ask(QueryLevel.STUDY, with(match, Tag.StudyDate, unlikely)));
      }
    }
    return certain;
  }

  /// Two parts of the days from one to another.
  private boolean between(
      Map<Integer, String> match, LocalDate from, LocalDate to, List<StudyRow> known) {
    LocalDate middle = middle(from, to, known);
    boolean first = part(match, from, middle);
    boolean second = part(match, middle.plusDays(1), to);
    return first && second;
  }

  /// A day, the last at most excepted, that has as many known studies before as after it.
  private static LocalDate middle(LocalDate from, LocalDate to, List<StudyRow> known) {
    List<LocalDate> dates =
        known.stream()
            .flatMap(row -> DicomDates.date(row.studyDate()).stream())
            .filter(date -> !date.isBefore(from) && !date.isAfter(to))
            .sorted()
            .toList();
    LocalDate middle =
        dates.isEmpty()
            ? from.plusDays((to.toEpochDay() - from.toEpochDay()) / 2)
            : dates.get((dates.size() - 1) / 2);
    return middle.isBefore(to) ? middle : to.minusDays(1);
  }

  private boolean part(Map<Integer, String> match, LocalDate from, LocalDate to) {
    if (ignoresDates) {
      return false;
    }
    String dates = from.equals(to) ? text(from) : text(from) + "-" + text(to);
    Map<Integer, String> asked = with(match, Tag.StudyDate, dates);
    Answer answer = ask(QueryLevel.STUDY, asked);
    ignoresDates =
        answer.rows().stream()
            .flatMap(row -> DicomDates.date(row.studyDate()).stream())
            .anyMatch(date -> date.isBefore(from) || date.isAfter(to));
    if (ignoresDates || isBelieved(answer)) {
      return !ignoresDates;
    }
    return from.equals(to) ? day(asked, answer.rows()) : between(match, from, to, answer.rows());
  }

  private static String text(LocalDate date) {
    return DateTimeFormatter.BASIC_ISO_DATE.format(date);
  }

  private boolean day(Map<Integer, String> match, List<StudyRow> known) {
    hasAskedTimes = true;
    Set<String> found = new HashSet<>();
    boolean certain = times(match, 0, DAY_SECONDS, found);
    // What has no time is in no range of times.
    timesMayLack |= !certain;
    return (certain && known.stream().allMatch(row -> found.contains(row.study().value())))
        || (!match.containsKey(Tag.PatientID) && beginnings(QueryLevel.STUDY, match, known));
  }

  /// Asks for a part of a day.
  ///
  /// @param from its first second
  /// @param to the second after its last
  private boolean times(Map<Integer, String> match, int from, int to, Set<String> found) {
    // The end holds all fractions of its second.
    Map<Integer, String> asked =
        with(match, Tag.StudyTime, time(from) + "-" + time(to - 1) + ".999999");
    Answer answer = ask(QueryLevel.STUDY, asked);
    answer.rows().forEach(row -> found.add(row.study().value()));
    if (isBelieved(answer)) {
      return true;
    }
    boolean ignored =
        answer.rows().stream()
            .map(StudyRow::studyTime)
            .filter(time -> time.matches("[0-9]{6}.*"))
            .map(time -> time.substring(0, 6))
            .anyMatch(time -> time.compareTo(time(from)) < 0 || time.compareTo(time(to - 1)) > 0);
    if (ignored) {
      return false;
    }
    if (to - from == 1) {
      return !match.containsKey(Tag.PatientID)
          && beginnings(QueryLevel.STUDY, asked, answer.rows());
    }
    int middle = from + (to - from) / 2;
    boolean first = times(match, from, middle, found);
    boolean second = times(match, middle, to, found);
    return first && second;
  }

  private static String time(int second) {
    return "%02d%02d%02d".formatted(second / 3600, second / 60 % 60, second % 60);
  }

  // ---- by patient ID

  /// Asks for everything that has a patient ID, by its beginnings.
  ///
  /// @param match what else must match
  /// @param known some of what matches
  /// @return whether everything of that was found
  private boolean beginnings(QueryLevel level, Map<Integer, String> match, List<StudyRow> known) {
    Set<String> found = new HashSet<>();
    return beginnings(level, match, "", known, found);
  }

  /// @param found gets the IDs that are found
  private boolean beginnings(
      QueryLevel level,
      Map<Integer, String> match,
      String beginning,
      List<StudyRow> known,
      Set<String> found) {
    if (beginning.length() >= PATIENT_ID_LENGTH_MAX) {
      return false;
    }
    boolean certain = true;
    for (int character : charactersAfter(beginning)) {
      if (ignoresBeginnings) {
        return false;
      }
      String longer = beginning + (char) character;
      Answer answer = ask(level, with(match, Tag.PatientID, longer + "*"));
      answer.rows().forEach(row -> found.add(id(row)));
      ignoresBeginnings =
          answer.rows().stream()
              .anyMatch(row -> !id(row).regionMatches(true, 0, longer, 0, longer.length()));
      if (!ignoresBeginnings && !isBelieved(answer)) {
        certain &= exactly(level, match, longer);
        certain &= beginnings(level, match, longer, answer.rows(), found);
      }
    }
    // A node that takes an asterisk for a letter finds nothing at all.
    return certain
        && !ignoresBeginnings
        && known.stream()
            .map(StudySearch::id)
            .filter(id -> id.length() > beginning.length() && isPlain(id))
            .allMatch(found::contains);
  }

  /// Asks for what has this ID and no longer one.
  private boolean exactly(QueryLevel level, Map<Integer, String> match, String id) {
    Map<Integer, String> asked = with(match, Tag.PatientID, id);
    Answer answer = ask(level, asked);
    if (level == QueryLevel.PATIENT || isBelieved(answer)) {
      return true;
    }
    return match.isEmpty()
        && dates(asked, answer.rows())
        && !hasWrongDates
        && answer.rows().stream().allMatch(StudySearch::isDated);
  }

  /// All characters where an ID begins; further on those that IDs of this node are made of.
  private List<Integer> charactersAfter(String beginning) {
    if (beginning.isEmpty()) {
      // Spaces in front of an ID mean nothing (PS3.5 section 6.2, LO).
      return CHARACTERS.strip().chars().boxed().toList();
    }
    Set<Integer> some = new TreeSet<>(seenInIds);
    "0123456789".chars().forEach(some::add);
    return some.stream().filter(character -> CHARACTERS.indexOf(character) >= 0).toList();
  }

  private static boolean isPlain(String id) {
    return id.chars().allMatch(character -> CHARACTERS.indexOf(character) >= 0);
  }

  private static String characters() {
    StringBuilder all = new StringBuilder();
    for (char character = ' '; character <= '~'; character++) {
      if ("*?\\".indexOf(character) < 0) {
        all.append(character);
      }
    }
    return all.toString();
  }

  // ---- where studies are asked for by patient

  private void patients() {
    Answer all = ask(QueryLevel.PATIENT, Map.of());
    if (!isBelieved(all) && !beginnings(QueryLevel.PATIENT, Map.of(), all.rows())) {
      datedMayLack = true;
    }
    namelessMayLack = patients.remove("");
    longest = 0; // A node may cut its lists of studies elsewhere.
    for (String patient : List.copyOf(patients)) {
      Map<Integer, String> asked = Map.of(Tag.PatientID, patient);
      Answer answer = ask(QueryLevel.STUDY, asked);
      if (!isBelieved(answer)) {
        datedMayLack |= !dates(asked, answer.rows());
        undatedMayLack |= !answer.rows().stream().allMatch(StudySearch::isDated);
      }
    }
  }

  // ---- what came of it

  /// What was found, by Study Instance UID.
  public Map<String, StudyRow> rows() {
    return rows;
  }

  /// Rows that name no study.
  public long strange() {
    return strange;
  }

  /// Why there may be studies that are not listed; empty text when there is no reason to believe
  /// it.
  public String doubt() {
    if (questions >= QUESTIONS_MAX) {
      return "The node cuts its lists so short that " + questions + " questions were not enough.";
    }
    if (datedMayLack) {
      return "The node cuts its lists"
          + (ignoresDates ? ", ignores dates in questions," : "")
          + (ignoresBeginnings ? ", ignores beginnings of patient IDs" : "")
          + " and may have more studies than it lists: no question tells them apart.";
    }
    if (undatedMayLack) {
      return "The node may cut its lists; studies without a date may not be among them.";
    }
    return namelessMayLack
        ? "The node may cut its lists; studies without a patient ID whose date or time is missing may"
            + " not be among them."
        : "";
  }

  /// Why the list is believed to be whole, as a sentence.
  public String argument() {
    if (longest < limit()) {
      return "The node named "
          + rows.size()
          + (rows.size() == 1 ? " study" : " studies")
          + (questions > 1 ? ", and no more when it was asked in two halves" : "")
          + "; only answers of "
          + limit()
          + " and more are asked for again in parts.";
    }
    return "The node answered "
        + questions
        + " questions and named "
        + rows.size()
        + " studies. Its longest answer had "
        + longest
        + " rows; those that were not asked for again in parts had "
        + longestBelieved
        + " at most, so they were not cut.";
  }
}
