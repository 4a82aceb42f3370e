package serdab.dicom;

import java.util.ArrayList;
import java.util.List;

/// The rows of a source's index that tell of one study. The rows of its single images are not among
/// them; they are counted by file ([StoredFile#sourceRowCount]).
///
/// @param rows those of the study, then those of its series, by their keys
/// @param leftOut how many more the index has
public record SourceRows(List<SourceRow> rows, long leftOut) {

  /// A source without an index has none.
  public static final SourceRows NONE = new SourceRows(List.of(), 0);

  /// A study has a row and one for each series; hundreds are many.
  public static final int ROWS_MAX = 10_000;

  /// Values of all rows together.
  public static final int VALUES_MAX = 200_000;

  /// Characters of all rows together.
  public static final int CHARACTERS_MAX = 4 << 20;

  /// @throws IllegalArgumentException when less than nothing was left out
  public SourceRows {
    if (leftOut < 0) {
      throw new IllegalArgumentException("fewer than no rows were left out");
    }
    rows = List.copyOf(rows);
  }

  public boolean isEmpty() {
    return rows.isEmpty() && leftOut == 0;
  }

  /// Takes rows as long as they are within the limits. One thread at a time.
  public static final class Gathering {

    private final List<SourceRow> rows = new ArrayList<>();
    private long values;
    private long characters;

    /// Takes a row, or says no when the limits leave no room for it, nor for any row after it.
    public boolean add(SourceRow row) {
      values += row.values().size();
      characters += row.characters();
      if (rows.size() >= ROWS_MAX || values > VALUES_MAX || characters > CHARACTERS_MAX) {
        return false;
      }
      return rows.add(row);
    }

    /// How many were taken.
    public int size() {
      return rows.size();
    }

    /// What was taken.
    ///
    /// @param leftOut how many more rows the index has
    public SourceRows leavingOut(long leftOut) {
      return new SourceRows(rows, leftOut);
    }
  }
}
