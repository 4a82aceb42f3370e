package serdab.dicom;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The value representations of PS3.5 section 6.2.
public enum Vr {
  AE(Form.SHORT, Content.TEXT, 1),
  AS(Form.SHORT, Content.TEXT, 1),
  AT(Form.SHORT, Content.BINARY, 2),
  CS(Form.SHORT, Content.TEXT, 1),
  DA(Form.SHORT, Content.TEXT, 1),
  DS(Form.SHORT, Content.TEXT, 1),
  DT(Form.SHORT, Content.TEXT, 1),
  FL(Form.SHORT, Content.BINARY, 4),
  FD(Form.SHORT, Content.BINARY, 8),
  IS(Form.SHORT, Content.TEXT, 1),
  LO(Form.SHORT, Content.CODED_TEXT, 1),
  LT(Form.SHORT, Content.CODED_TEXT, 1),
  OB(Form.LONG, Content.BINARY, 1),
  OD(Form.LONG, Content.BINARY, 8),
  OF(Form.LONG, Content.BINARY, 4),
  OL(Form.LONG, Content.BINARY, 4),
  OV(Form.LONG, Content.BINARY, 8),
  OW(Form.LONG, Content.BINARY, 2),
  PN(Form.SHORT, Content.CODED_TEXT, 1),
  SH(Form.SHORT, Content.CODED_TEXT, 1),
  SL(Form.SHORT, Content.BINARY, 4),
  SQ(Form.LONG, Content.BINARY, 1),
  SS(Form.SHORT, Content.BINARY, 2),
  ST(Form.SHORT, Content.CODED_TEXT, 1),
  SV(Form.LONG, Content.BINARY, 8),
  TM(Form.SHORT, Content.TEXT, 1),
  UC(Form.LONG, Content.CODED_TEXT, 1),
  UI(Form.SHORT, Content.TEXT, 1),
  UL(Form.SHORT, Content.BINARY, 4),
  UN(Form.LONG, Content.BINARY, 1),
  UR(Form.LONG, Content.TEXT, 1),
  US(Form.SHORT, Content.BINARY, 2),
  UT(Form.LONG, Content.CODED_TEXT, 1),
  UV(Form.LONG, Content.BINARY, 8),
  /// Items of sequences and fragments of encapsulated pixel data, which have no VR.
  NONE(Form.LONG, Content.BINARY, 1);

  private enum Form {
    SHORT,
    LONG
  }

  private enum Content {
    BINARY,
    TEXT,
    CODED_TEXT
  }

  private static final int LETTERS = 26;
  private static final Vr[] BY_CODE = values();
  private static final byte[] BY_LETTERS = new byte[LETTERS * LETTERS];

  static {
    Arrays.fill(BY_LETTERS, (byte) -1);
    for (Vr vr : BY_CODE) {
      if (vr != NONE) {
        BY_LETTERS[(vr.name().charAt(0) - 'A') * LETTERS + vr.name().charAt(1) - 'A'] =
            (byte) vr.code();
      }
    }
  }

  private final boolean longForm;
  private final Content content;
  private final int unitBytes;

  Vr(Form form, Content content, int unitBytes) {
    this.longForm = form == Form.LONG;
    this.content = content;
    this.unitBytes = unitBytes;
  }

  /// Whether an explicit element has two reserved bytes and a 32-bit length (PS3.5 section 7.1.2).
  public boolean hasLongForm() {
    return longForm;
  }

  /// Whether values are characters.
  public boolean isText() {
    return content != Content.BINARY;
  }

  /// Whether values are characters in the sets that Specific Character Set (0008,0005) names; other
  /// text is ASCII.
  public boolean followsCharacterSet() {
    return content == Content.CODED_TEXT;
  }

  /// Whether a backslash separates values; in ST, LT, UT and UR it is a character like any other.
  public boolean isMultiValuedText() {
    return isText() && this != ST && this != LT && this != UT && this != UR;
  }

  /// The size of what is reversed in big-endian files: 1, 2, 4 or 8 bytes.
  public int unitBytes() {
    return unitBytes;
  }

  /// The byte that pads values to an even length: a space for text, NUL for the rest and for UI.
  public byte padding() {
    return isText() && this != UI ? (byte) ' ' : 0;
  }

  /// The VR that these two characters name, or null.
  static @Nullable Vr ofLetters(int first, int second) {
    int row = first - 'A';
    int column = second - 'A';
    if (row < 0 || row >= LETTERS || column < 0 || column >= LETTERS) {
      return null;
    }
    int code = BY_LETTERS[row * LETTERS + column];
    return code < 0 ? null : BY_CODE[code];
  }

  /// A small number that stands for it in packed arrays, never on disk.
  @SuppressWarnings("EnumOrdinal")
  int code() {
    return ordinal();
  }

  static Vr ofCode(int code) {
    return BY_CODE[code];
  }
}
