package serdab.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serdab.PatientData;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;

/// Compares the accession numbers of a list with the images and copies that are known, both ways.
///
/// The list is read once, line by line. Of each known number a fixed few bytes are kept, so memory
/// grows with the studies that are known, and not with the list. One thread at a time.
public final class Reconciliation {

  /// Numbers of the list without images that are remembered, so that each is told once. Those
  /// behind the limit are told as often as they are listed.
  private static final int UNKNOWN_MAX = 500_000;

  private static final byte KNOWN = 1;
  private static final byte UNPROVEN = 2;
  private static final byte LISTED = 4;

  private final Catalogue catalogue;
  private final Predicate<LocalDate> dates;
  private final Consumer<Difference> told;
  private final NumberTable table = new NumberTable();

  private long studies;
  private long numbers;
  private long repeated;
  private long proven;
  private long noImages;
  private long notProven;
  private long notInList;
  private long noNumber;

  /// @param dates study dates that the list covers: studies of others are not missed in it
  /// @param told each difference as it is found, of the first two kinds first
  public Reconciliation(
      Catalogue catalogue, Predicate<LocalDate> dates, Consumer<Difference> told) {
    this.catalogue = catalogue;
    this.dates = dates;
    this.told = told;
  }

  /// In what list and backup differ.
  public sealed interface Difference {

    /// A number of the list of which no images are known.
    record NoImages(long line, PatientData<String> number) implements Difference {}

    /// A number of the list with images, and with a study without a proven copy of all of it.
    record NotProven(long line, PatientData<String> number) implements Difference {}

    /// A study with a copy, whose number the list does not have, or that has none.
    ///
    /// @param number empty text when the study has none
    record NotInList(StudyLabel study, Optional<LocalDate> date, PatientData<String> number)
        implements Difference {}
  }

  /// What came of it.
  ///
  /// @param numbers numbers in the list, each counted once
  /// @param repeated lines whose number was there before
  /// @param withoutNumber lines without a number
  /// @param studies studies that are known
  /// @param proven numbers of which every study has a proven copy
  /// @param noImages numbers without images
  /// @param notProven numbers with a study without a proven copy
  /// @param notInList studies with a copy whose number is not in the list
  /// @param noNumber studies with a copy that have no number
  public record Totals(
      long numbers,
      long repeated,
      long withoutNumber,
      long studies,
      long proven,
      long noImages,
      long notProven,
      long notInList,
      long noNumber) {

    /// Whether everything in the list has images and proven copies.
    public boolean isComplete() {
      return noImages == 0 && notProven == 0;
    }
  }

  /// Compares.
  public Totals with(AccessionList list) throws IOException {
    look();
    compare(list);
    lookForOthers();
    return new Totals(
        numbers,
        repeated,
        list.withoutNumber(),
        studies,
        proven,
        noImages,
        notProven,
        notInList,
        noNumber);
  }

  private void look() {
    try (Stream<Catalogue.StudyWithCopies> all = catalogue.studiesWithCopies()) {
      all.forEach(each -> {
        StudyRow study = each.study();
        String number = number(study);
        if (study.facts().key().isOther() || !hasImages(each)) {
          return;
        }
        studies++;
        if (!number.isEmpty()) {
          table.add(digest(number), isProven(each) ? KNOWN : KNOWN | UNPROVEN);
        }
      });
    }
  }

  private void compare(AccessionList list) throws IOException {
    for (Optional<AccessionList.Line> next = list.next(); next.isPresent(); next = list.next()) {
      AccessionList.Line line = next.get();
      byte[] digest = digest(line.number().reveal(PatientData.Purpose.MATCH_QUERY));
      byte state = table.state(digest);
      if ((state & LISTED) != 0) {
        repeated++;
        continue;
      }
      numbers++;
      if ((state & KNOWN) == 0) {
        noImages++;
        told.accept(new Difference.NoImages(line.line(), line.number()));
        if (noImages <= UNKNOWN_MAX) {
          table.add(digest, LISTED);
        }
        continue;
      }
      table.add(digest, LISTED);
      if ((state & UNPROVEN) != 0) {
        notProven++;
        told.accept(new Difference.NotProven(line.line(), line.number()));
      } else {
        proven++;
      }
    }
  }

  private void lookForOthers() {
    try (Stream<Catalogue.StudyWithCopies> all = catalogue.studiesWithCopies()) {
      all.forEach(each -> {
        StudyRow study = each.study();
        boolean inRange =
            study.facts().studyDate().isEmpty() || dates.test(study.facts().studyDate().get());
        if (study.facts().key().isOther()
            || !inRange
            || each.copies().stream().noneMatch(CopyRow::shouldBeThere)) {
          return;
        }
        String number = number(study);
        if (!number.isEmpty() && (table.state(digest(number)) & LISTED) != 0) {
          return;
        }
        if (number.isEmpty()) {
          noNumber++;
        } else {
          notInList++;
        }
        told.accept(
            new Difference.NotInList(
                catalogue.label(study.facts().key()),
                study.facts().studyDate(),
                PatientData.of(number)));
      });
    }
  }

  private static boolean hasImages(Catalogue.StudyWithCopies study) {
    return study.study().fileCount() > 0
        || study.copies().stream().anyMatch(CopyRow::shouldBeThere);
  }

  private static boolean isProven(Catalogue.StudyWithCopies study) {
    return study.study().missingFiles() == 0
        && study.copies().stream()
            .filter(CopyRow::isProven)
            .anyMatch(copy -> study.study().version().filter(copy.version()::equals).isPresent());
  }

  private static String number(StudyRow study) {
    return study.facts().accessionNumber().reveal(PatientData.Purpose.MATCH_QUERY).strip();
  }

  private static byte[] digest(String number) {
    return Sha256.digest(number.getBytes(StandardCharsets.UTF_8)).bytes();
  }
}
