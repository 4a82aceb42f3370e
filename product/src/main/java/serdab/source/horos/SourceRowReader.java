package serdab.source.horos;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.SourceRow;
import serdab.dicom.SourceRow.Value;
import serdab.dicom.SourceRows;

/// Reads the rows of a study and its series with all their columns, whatever the model calls them.
///
/// Every value is asked for its type and length first and fetched only when it is small, so that a
/// row takes little memory whatever the index holds. One thread at a time.
final class SourceRowReader {

  /// The longest value that is read at all, if only for its digest.
  static final int READ_BYTES_MAX = 4 << 20;

  /// Core Data makes no others; a name goes into SQL as it is.
  private static final Pattern PLAIN = Pattern.compile("[A-Z0-9_]{1,64}");

  private static final int COLUMNS_PER_VALUE = 3;

  private final Workbook workbook;
  private final IndexSchema schema;

  SourceRowReader(Workbook workbook, IndexSchema schema) {
    this.workbook = workbook;
    this.schema = schema;
  }

  /// The rows of a group of the workbook.
  SourceRows read(long group) throws SQLException {
    SourceRows.Gathering rows = new SourceRows.Gathering();
    String members = "IN (SELECT study FROM member WHERE study_group = ?)";
    long all = gather(IndexSchema.STUDY, "t.Z_PK " + members, "t.Z_PK", group, rows);
    if (schema.has(IndexSchema.SERIES, "ZSTUDY")) {
      all += gather(IndexSchema.SERIES, "t.ZSTUDY " + members, "t.ZSTUDY, t.Z_PK", group, rows);
    }
    return rows.leavingOut(Math.max(0, all - rows.size()));
  }

  /// @return how many rows there are
  private long gather(
      String table, String condition, String order, long group, SourceRows.Gathering rows)
      throws SQLException {
    if (!schema.has(table, "Z_PK")) {
      return 0;
    }
    List<String> all = schema.columnsOf(table);
    List<String> columns =
        all.stream()
            .filter(name -> PLAIN.matcher(name).matches())
            .limit(SourceRow.COLUMNS_MAX)
            .toList();
    PreparedStatement statement = workbook.kept(query(table, columns, condition, order));
    statement.setLong(1, group);
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        if (!rows.add(row(table, columns, row, all.size() - columns.size()))) {
          break;
        }
      }
    }
    return workbook.number("SELECT count(*) FROM lib." + table + " t WHERE " + condition, group);
  }

  private static String query(String table, List<String> columns, String condition, String order) {
    List<String> wanted = new ArrayList<>(List.of("t.Z_PK"));
    for (String name : columns) {
      String column = "t.\"" + name + "\"";
      wanted.add("typeof(" + column + ")");
      wanted.add("octet_length(" + column + ")");
      wanted.add(
          "CASE WHEN octet_length(%s) <= %d THEN %s END".formatted(column, READ_BYTES_MAX, column));
    }
    return "SELECT %s FROM lib.%s t WHERE %s ORDER BY %s LIMIT %d"
        .formatted(String.join(", ", wanted), table, condition, order, SourceRows.ROWS_MAX);
  }

  private static SourceRow row(String table, List<String> columns, ResultSet row, int leftOut)
      throws SQLException {
    Map<String, Value> values = new TreeMap<>();
    for (int i = 0; i < columns.size(); i++) {
      Optional<Value> value = value(row, 2 + i * COLUMNS_PER_VALUE);
      if (value.isPresent()) {
        values.put(columns.get(i), value.get());
      }
    }
    return new SourceRow(table, row.getLong(1), values, leftOut);
  }

  private static Optional<Value> value(ResultSet row, int at) throws SQLException {
    return switch (row.getString(at)) {
      case "null" -> Optional.empty();
      case "integer" -> Optional.of(text(Long.toString(row.getLong(at + 2))));
      case "real" -> Optional.of(text(Double.toString(row.getDouble(at + 2))));
      case "text" -> Optional.of(bytes(row, at, true));
      default -> Optional.of(bytes(row, at, false));
    };
  }

  private static Value bytes(ResultSet row, int at, boolean isText) throws SQLException {
    long length = row.getLong(at + 1);
    if (length > READ_BYTES_MAX) {
      return new Value.Large(length, Optional.empty());
    }
    // An empty value comes as null.
    byte[] found = row.getBytes(at + 2);
    byte[] content = found == null ? new byte[0] : found;
    if (isText) {
      String text = new String(content, StandardCharsets.UTF_8);
      if (text.length() <= SourceRow.VALUE_CHARACTERS_MAX) {
        return text(text);
      }
    }
    return new Value.Large(length, Optional.of(Sha256.digest(content)));
  }

  private static Value text(String text) {
    return new Value.Text(PatientData.of(text));
  }
}
