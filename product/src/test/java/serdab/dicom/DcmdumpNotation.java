package serdab.dicom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/// Compares a value with what dcmdump prints of it (`+Qo -Un`, long values cut short with dots).
final class DcmdumpNotation {

  /// More than dcmdump prints of a long value.
  private static final int PART_BYTES = 4096;

  /// dcmdump ends a value within the next number after about so many characters.
  private static final int CUT_LENGTH = 45;

  private DcmdumpNotation() {}

  /// Whether dcmdump printed this value, or its beginning.
  static boolean agrees(DataSet dataSet, int i, String printedVr, String printed)
      throws IOException {
    ByteBuffer part = ByteBuffer.allocate((int) Math.min(PART_BYTES, dataSet.valueLength(i)));
    while (part.hasRemaining()) {
      if (dataSet.read(i, part.position(), part) <= 0) {
        break;
      }
    }
    byte[] bytes = part.array();
    ByteBuffer value =
        part.flip().order(dataSet.isBigEndian(i) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    if (printed.equals("(no value available)") || printed.equals("(empty)")) {
      return bytes.length == 0;
    }
    if (printed.startsWith("[")) {
      String ours = quoted(bytes);
      String theirs = printed.substring(1);
      if (theirs.endsWith("...")) {
        return ours.startsWith(theirs.substring(0, theirs.length() - 3));
      }
      return theirs.equals(ours + "]");
    }
    String theirs = printed.endsWith("...") ? printed.substring(0, printed.length() - 3) : printed;
    // Floating point lists are cut between numbers, and then without dots.
    boolean floating = printedVr.equals("FD") || printedVr.equals("OD");
    boolean cut = printed.endsWith("...") || (floating && printed.length() > CUT_LENGTH);
    StringBuilder ours = new StringBuilder();
    while (value.hasRemaining() && ours.length() <= 8 * theirs.length() + 64) {
      int before = value.position();
      String next = next(value, printedVr);
      if (next.isEmpty()) {
        break;
      }
      if (before > 0) {
        ours.append('\\');
      }
      ours.append(next);
    }
    return cut ? numbersStartWith(ours.toString(), theirs) : numbersEqual(ours.toString(), theirs);
  }

  private static String next(ByteBuffer value, String vr) {
    int left = value.remaining();
    return switch (vr) {
      case "US" -> left < 2 ? "" : Integer.toString(value.getShort() & 0xFFFF);
      case "SS" -> left < 2 ? "" : Short.toString(value.getShort());
      case "UL", "up" -> left < 4 ? "" : Integer.toUnsignedString(value.getInt());
      case "SL" -> left < 4 ? "" : Integer.toString(value.getInt());
      case "OL" -> left < 4 ? "" : Integer.toUnsignedString(value.getInt());
      case "UV" -> left < 8 ? "" : Long.toUnsignedString(value.getLong());
      case "SV" -> left < 8 ? "" : Long.toString(value.getLong());
      case "FL", "OF" -> left < 4 ? "" : "f" + value.getFloat();
      case "FD", "OD" -> left < 8 ? "" : "d" + value.getDouble();
      case "OW", "px", "ox", "lt" ->
          left < 2 ? "" : String.format(Locale.ROOT, "%04x", value.getShort() & 0xFFFF);
      case "AT" ->
          left < 4
              ? ""
              : String.format(
                  Locale.ROOT, "(%04x,%04x)", value.getShort() & 0xFFFF, value.getShort() & 0xFFFF);
      default -> String.format(Locale.ROOT, "%02x", value.get() & 0xFF);
    };
  }

  private static boolean numbersEqual(String ours, String theirs) {
    String[] left = ours.split("\\\\", -1);
    String[] right = theirs.split("\\\\", -1);
    if (left.length != right.length) {
      return false;
    }
    for (int i = 0; i < left.length; i++) {
      if (!numberEquals(left[i], right[i])) {
        return false;
      }
    }
    return true;
  }

  /// The last number may be cut in its middle.
  private static boolean numbersStartWith(String ours, String theirs) {
    String[] left = ours.split("\\\\", -1);
    String[] right = theirs.split("\\\\", -1);
    for (int i = 0; i < right.length - 1; i++) {
      if (i >= left.length || !numberEquals(left[i], right[i])) {
        return false;
      }
    }
    return true;
  }

  private static boolean numberEquals(String ours, String theirs) {
    try {
      if (ours.startsWith("f")) {
        return isClose(parse(ours.substring(1)), (float) parse(theirs), 0x1p-23, Float.MIN_NORMAL);
      }
      if (ours.startsWith("d") && !ours.equals("d")) {
        return isClose(parse(ours.substring(1)), parse(theirs), 1e-14, Double.MIN_NORMAL);
      }
    } catch (NumberFormatException e) {
      return ours.equals(theirs);
    }
    return ours.equals(theirs);
  }

  /// dcmdump prints nine or seventeen digits, the last of which it rounds in its own way, and
  /// prints numbers too small for their exponent as zero. The bytes themselves are compared with
  /// pydicom.
  private static boolean isClose(double ours, double theirs, double relative, double smallest) {
    return Double.compare(ours, theirs) == 0
        || Math.abs(ours - theirs) <= Math.max(Math.abs(theirs) * relative, smallest);
  }

  private static double parse(String text) {
    return switch (text) {
      case "nan", "-nan", "NaN" -> Double.NaN;
      case "inf", "Infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private static String quoted(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      int c = b & 0xFF;
      if (c < 0x20 || c >= 0x7F) {
        text.append(String.format(Locale.ROOT, "\\%03o", c));
      } else {
        text.append((char) c);
      }
    }
    return text.toString();
  }
}
