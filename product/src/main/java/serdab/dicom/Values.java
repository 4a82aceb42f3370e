package serdab.dicom;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns value fields into values (PS3.5 section 6.2).
final class Values {

  /// A value field of 1 MiB can hold half a million separators; nobody asks for more than the
  /// first.
  static final int VALUES_MAX = 10_000;

  private Values() {}

  static List<String> split(String text, Vr vr) {
    int separator = text.indexOf('\\');
    if (separator < 0) {
      return List.of(trim(text, vr));
    }
    List<String> values = new ArrayList<>();
    int from = 0;
    while (separator >= 0 && values.size() < VALUES_MAX) {
      values.add(trim(text.substring(from, separator), vr));
      from = separator + 1;
      separator = text.indexOf('\\', from);
    }
    values.add(trim(text.substring(from), vr));
    return values;
  }

  /// Spaces at the start matter in running text only; at the end they are padding everywhere.
  static String trim(String value, Vr vr) {
    int from = 0;
    int to = value.length();
    while (to > from && isPadding(value.charAt(to - 1))) {
      to--;
    }
    if (vr.isMultiValuedText() && vr != Vr.UC) {
      while (from < to && isPadding(value.charAt(from))) {
        from++;
      }
    }
    return value.substring(from, to);
  }

  static Optional<Long> number(byte[] bytes, Vr vr, boolean bigEndian) {
    if (bytes.length < (vr == Vr.US || vr == Vr.SS ? 2 : 4)) {
      return Optional.empty();
    }
    return Optional.of(
        switch (vr) {
          case US -> (long) Bytes.u16(bytes, 0, bigEndian);
          case SS -> (long) (short) Bytes.u16(bytes, 0, bigEndian);
          case SL -> (long) (int) Bytes.u32(bytes, 0, bigEndian);
          case AT -> ((long) Bytes.u16(bytes, 0, bigEndian) << 16) | Bytes.u16(bytes, 2, bigEndian);
          default -> Bytes.u32(bytes, 0, bigEndian);
        });
  }

  static Optional<Long> integer(String text) {
    try {
      return Optional.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static boolean isPadding(char c) {
    return c == ' ' || c == 0;
  }
}
