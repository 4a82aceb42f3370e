package serdab.dicom.net.find;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import serdab.dicom.DicomDates;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Found;
import serdab.dicom.net.web.StudyRow;

/// Lists all studies of a node. One thread at a time.
///
/// A node that pages as the standard says is asked once. Of one that does not, an answer may be cut
/// at a limit that nobody names: an answer with as many rows as the longest one so far. Such a one
/// is asked for again in two halves of its dates, down to single days. Studies without a date are
/// in no half; they are only in the answer to the question without dates.
public final class StudyListing {

  private static final LocalDate FIRST = LocalDate.of(1900, 1, 1);
  private static final LocalDate LAST = LocalDate.of(2199, 12, 31);

  /// Twice as many as a node needs that has studies on each day of ten years.
  private static final int QUESTIONS_MAX = 20_000;

  private final DicomWeb node;
  private final Map<String, StudyRow> rows = new LinkedHashMap<>();
  private long longest;
  private long strange;
  private long doubtfulDays;
  private boolean datelessCertain;
  private boolean ignoresDates;
  private int questions;

  public StudyListing(DicomWeb node) {
    this.node = node;
  }

  /// Asks until there is nothing more to ask.
  public void run() {
    Found<StudyRow> all = ask(Map.of());
    strange = all.strange();
    datelessCertain = all.certain();
    if (!all.certain()) {
      halves(FIRST, LAST);
      // An answer that is longer than any other, or in which nothing was missing that came in
      // pieces later, was not cut.
      datelessCertain = all.rows().size() < longest || rows.size() == all.rows().size();
    }
  }

  private Found<StudyRow> ask(Map<String, String> match) {
    Found<StudyRow> found = node.studies(match);
    found.rows().forEach(rows::putIfAbsent);
    longest = Math.max(longest, found.rows().size());
    return found;
  }

  private void halves(LocalDate from, LocalDate to) {
    LocalDate middle = from.plusDays((to.toEpochDay() - from.toEpochDay()) / 2);
    part(from, middle);
    part(middle.plusDays(1), to);
  }

  private void part(LocalDate from, LocalDate to) {
    if (from.isAfter(to) || ignoresDates) {
      return;
    }
    if (questions++ >= QUESTIONS_MAX) {
      doubtfulDays += to.toEpochDay() - from.toEpochDay() + 1;
      return;
    }
    Found<StudyRow> found =
        ask(
            Map.of(
                "StudyDate",
                DateTimeFormatter.BASIC_ISO_DATE.format(from)
                    + "-"
                    + DateTimeFormatter.BASIC_ISO_DATE.format(to)));
    ignoresDates =
        found.all().stream()
            .flatMap(row -> DicomDates.date(row.studyDate()).stream())
            .anyMatch(date -> date.isBefore(from) || date.isAfter(to));
    if (ignoresDates || found.certain() || found.rows().size() < longest) {
      return;
    }
    if (from.equals(to)) {
      doubtfulDays++;
    } else {
      halves(from, to);
    }
  }

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
    if (ignoresDates) {
      return "The node cuts its lists and ignores dates in questions; it may have more studies than"
          + " it lists.";
    }
    if (doubtfulDays > 0) {
      return "The node cuts its lists, also those of a single day: "
          + doubtfulDays
          + (doubtfulDays == 1 ? " day" : " days")
          + " may have more studies than it lists.";
    }
    return datelessCertain
        ? ""
        : "The node cuts its lists; studies without a date may not be among them.";
  }
}
