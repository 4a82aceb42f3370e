package serdab.report;

import java.io.IOException;
import java.io.InputStream;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;

/// The accession numbers in a list that a RIS wrote, one after another. One thread at a time; keeps
/// one line in memory.
public final class AccessionList {

  /// How the column is called, in letters alone, without case and accents.
  private static final Set<String> NAMES =
      Set.of(
          "accession",
          "accessionnumber",
          "accessionno",
          "accessionnr",
          "accessionid",
          "accno",
          "accnumber",
          "acc",
          "00080050",
          "numerodeacesso",
          "numeroacesso",
          "ndeacesso",
          "acesso",
          "numerodeacceso",
          "numerodaccession",
          "zugangsnummer",
          "anforderungsnummer",
          "auftragsnummer");

  private final CsvRecords records;
  private final int column;
  private Optional<List<String>> first;
  private Optional<Line> ahead;
  private long withoutNumber;

  private AccessionList(CsvRecords records, int column, Optional<List<String>> first)
      throws IOException {
    this.records = records;
    this.column = column;
    this.first = first;
    this.ahead = read();
    if (ahead.isEmpty()) {
      throw empty();
    }
  }

  /// One line of the list.
  ///
  /// @param line where it begins, from 1
  public record Line(long line, PatientData<String> number) {}

  /// Finds the column.
  ///
  /// @param in closed by the caller
  /// @param wanted the column's name as its first line has it, or its number from 1; empty: the one
  ///   whose name says that it holds accession numbers, or the only one
  /// @throws SerdabException.Misconfigured `list-column-unknown`, `list-not-csv` or `list-empty`
  public static AccessionList of(InputStream in, Optional<String> wanted) throws IOException {
    CsvRecords records = CsvRecords.of(in);
    List<String> head = records.next().orElseThrow(AccessionList::empty);
    int named = -1;
    for (int i = 0; i < head.size() && named < 0; i++) {
      String name = letters(head.get(i));
      boolean matches =
          wanted.isPresent()
              ? !name.isEmpty() && name.equals(letters(wanted.get()))
              : NAMES.contains(name);
      named = matches ? i : -1;
    }
    if (named >= 0) {
      return new AccessionList(records, named, Optional.empty());
    }
    int column = wanted.isPresent() ? number(wanted.get(), head.size()) : head.size() == 1 ? 0 : -1;
    if (column < 0) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "list-column-unknown",
              "The list has "
                  + head.size()
                  + " columns, and no name in its first line says which holds the accession"
                  + " numbers.",
              "Say which: --column \"Accession Number\", or by its place: --column 3"));
    }
    // A column given by its place may have a name on top all the same.
    boolean hasNames = column < head.size() && NAMES.contains(letters(head.get(column)));
    return new AccessionList(records, column, hasNames ? Optional.empty() : Optional.of(head));
  }

  private static int number(String wanted, int columns) {
    try {
      int number = Integer.parseInt(wanted.strip());
      if (number >= 1 && number <= columns) {
        return number - 1;
      }
    } catch (NumberFormatException e) {
      // A name that the first line does not have.
    }
    return -1;
  }

  /// The next line that has a number; empty at the end.
  ///
  /// @throws SerdabException.Misconfigured `list-not-csv` when the list cannot be taken apart
  public Optional<Line> next() throws IOException {
    Optional<Line> line = ahead;
    ahead = line.isPresent() ? read() : line;
    return line;
  }

  private Optional<Line> read() throws IOException {
    while (true) {
      Optional<List<String>> record = first.isPresent() ? first : records.next();
      first = Optional.empty();
      if (record.isEmpty()) {
        return Optional.empty();
      }
      String number = column < record.get().size() ? clean(record.get().get(column)) : "";
      if (!number.isEmpty()) {
        return Optional.of(new Line(records.line(), PatientData.of(number)));
      }
      withoutNumber++;
    }
  }

  /// How many lines so far had no number.
  public long withoutNumber() {
    return withoutNumber;
  }

  private static SerdabException.Misconfigured empty() {
    return new SerdabException.Misconfigured(
        new Problem(
            "list-empty",
            "The list holds no accession number at all.",
            "Check that it is the right file, and that the RIS wrote all of it."));
  }

  /// Spreadsheets keep leading zeros by writing a number as a formula.
  private static String clean(String value) {
    String text = value.strip();
    if (text.length() > 3 && text.startsWith("=\"") && text.endsWith("\"")) {
      text = text.substring(2, text.length() - 1);
    }
    return text.strip();
  }

  private static String letters(String name) {
    StringBuilder letters = new StringBuilder();
    Normalizer.normalize(name, Normalizer.Form.NFKD)
        .codePoints()
        .filter(Character::isLetterOrDigit)
        .forEach(letters::appendCodePoint);
    return letters.toString().toLowerCase(Locale.ROOT);
  }
}
