package serdab.dicom;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serdab.PatientData;
import serdab.Sha256;

/// One row of a source's own index that tells of a study, as the index held it when the study was
/// read: what a viewer's users typed and chose that is in no DICOM file.
///
/// @param table the index's table, such as `ZSTUDY`
/// @param key the row's primary key, which means something in that index only
/// @param values by column, in the order of their names; columns without a value are not there
/// @param columnsLeftOut columns of the table that were not looked at: beyond [#COLUMNS_MAX], or
///   with a name that is not plain
public record SourceRow(String table, long key, Map<String, Value> values, long columnsLeftOut) {

  /// The viewers' widest table has some forty.
  public static final int COLUMNS_MAX = 256;

  /// The longest text that is kept as it is, in UTF-16 code units; comments are typed by people.
  public static final int VALUE_CHARACTERS_MAX = 16 << 10;

  /// The longest name of a table or column.
  public static final int NAME_CHARACTERS_MAX = 64;

  /// @throws IllegalArgumentException when it is larger than the limits allow
  public SourceRow {
    values = Collections.unmodifiableMap(new TreeMap<>(values));
    if (values.size() > COLUMNS_MAX
        || table.length() > NAME_CHARACTERS_MAX
        || values.keySet().stream().anyMatch(name -> name.length() > NAME_CHARACTERS_MAX)) {
      throw new IllegalArgumentException("a row of an index that is too large");
    }
  }

  /// The characters that are kept of it.
  public long characters() {
    long sum = 0;
    for (Map.Entry<String, Value> value : values.entrySet()) {
      sum += value.getKey().length() + value.getValue().characters();
    }
    return sum;
  }

  /// What stands in one column.
  public sealed interface Value {

    /// The characters that are kept of it.
    int characters();

    /// Text, or a number as text: a whole number in decimal, another as the shortest decimal that
    /// gives the same 64-bit floating point number.
    ///
    /// @param text at most [#VALUE_CHARACTERS_MAX] long
    record Text(PatientData<String> text) implements Value {

      /// @throws IllegalArgumentException when it is longer
      public Text {
        if (text.reveal(PatientData.Purpose.BESIDE_THE_DATA).length() > VALUE_CHARACTERS_MAX) {
          throw new IllegalArgumentException("a value of an index that is too long");
        }
      }

      @Override
      public int characters() {
        return text.reveal(PatientData.Purpose.BESIDE_THE_DATA).length();
      }
    }

    /// Bytes, or a text that is too long: not kept, only known again.
    ///
    /// @param lengthBytes of a text, in UTF-8
    /// @param digest over those bytes; empty when they were too many to read
    record Large(long lengthBytes, Optional<Sha256> digest) implements Value {

      @Override
      public int characters() {
        return 0;
      }

      /// Never the digest: that of a few bytes is as good as the bytes.
      @Override
      public String toString() {
        return "(" + lengthBytes + " bytes of patient data)";
      }
    }
  }
}
