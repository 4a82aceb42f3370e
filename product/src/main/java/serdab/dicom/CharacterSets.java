package serdab.dicom;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The character sets of one data set, as its Specific Character Set (0008,0005) names them.
///
/// Decoding is for the few names we show; bytes are kept as they are. It never fails: a set that is
/// missing, misspelled or wrong makes the text look odd and nothing else.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html#sect_6.1 DICOM PS3.5
public final class CharacterSets {

  /// More sets than the standard defines are nobody's choice.
  private static final int VALUES_MAX = 32;

  private static final int ESC = 0x1B;
  private static final int FIRST_GRAPHIC = 0x21;
  private static final int LAST_GRAPHIC = 0x7E;
  private static final char YEN = '\u00A5';
  private static final char OVERLINE = '\u203E';
  private static final char FULLWIDTH_BACKSLASH = '\uFF3C';

  private static final Pattern NUMBERED =
      Pattern.compile("I(?:SO|R)?[^0-9]*(?:2022)?[^0-9]*([0-9]+)");
  private static final Pattern PART_OF_8859 = Pattern.compile("8859[^0-9]*([0-9]+)");

  private static final CharacterSets DEFAULT = new CharacterSets(Coding.ASCII, null, null, null);

  /// A set of characters that codes invoke as G0 (bytes below 80) or G1 (the others), and its
  /// registration number (PS3.3 section C.12.1.1.2).
  private enum Coding {
    ASCII(6, 1, false, "US-ASCII"),
    ROMAJI(14, 1, false, "US-ASCII"),
    JIS_X0208(87, 2, false, "x-JIS0208"),
    JIS_X0212(159, 2, false, "JIS_X0212-1990"),
    LATIN_1(100, 1, true, "ISO-8859-1"),
    LATIN_2(101, 1, true, "ISO-8859-2"),
    LATIN_3(109, 1, true, "ISO-8859-3"),
    LATIN_4(110, 1, true, "ISO-8859-4"),
    CYRILLIC(144, 1, true, "ISO-8859-5"),
    ARABIC(127, 1, true, "ISO-8859-6"),
    GREEK(126, 1, true, "ISO-8859-7"),
    HEBREW(138, 1, true, "ISO-8859-8"),
    LATIN_5(148, 1, true, "ISO-8859-9"),
    LATIN_9(203, 1, true, "ISO-8859-15"),
    THAI(166, 1, true, "TIS-620"),
    KATAKANA(13, 1, true, "JIS_X0201"),
    KOREAN(149, 2, true, "EUC-KR"),
    CHINESE(58, 2, true, "GB2312");

    private final int registration;
    private final int bytesPerCharacter;
    private final boolean isG1;
    private final Charset charset;

    Coding(int registration, int bytesPerCharacter, boolean isG1, String charset) {
      this.registration = registration;
      this.bytesPerCharacter = bytesPerCharacter;
      this.isG1 = isG1;
      this.charset = charsetOr(charset, StandardCharsets.ISO_8859_1);
    }
  }

  /// What holds at the start of a value and after every delimiter (PS3.5 section 6.1.2.5.3).
  private final Coding firstG0;

  private final @Nullable Coding firstG1;

  /// What bytes above 7F most likely are when no escape sequence said so.
  private final @Nullable Coding likelyG1;

  /// The one set for everything, when it is UTF-8, GB18030 or GBK (PS3.5 section 6.1.2.3).
  private final @Nullable Charset whole;

  private CharacterSets(
      Coding firstG0,
      @Nullable Coding firstG1,
      @Nullable Coding likelyG1,
      @Nullable Charset whole) {
    this.firstG0 = firstG0;
    this.firstG1 = firstG1;
    this.likelyG1 = likelyG1;
    this.whole = whole;
  }

  /// The sets that the values of (0008,0005) name.
  ///
  /// @param values of (0008,0005) in order; an empty list where it is missing. Misspelled ones are
  ///   recognised where their number is; others count as missing.
  public static CharacterSets of(List<String> values) {
    if (values.isEmpty()) {
      return DEFAULT;
    }
    String first = plain(values.getFirst());
    Optional<Charset> whole = wholeNamed(first);
    if (whole.isPresent()) {
      return new CharacterSets(Coding.ASCII, null, null, whole.get());
    }
    List<Coding> named = new ArrayList<>();
    for (String value : values.subList(0, Math.min(values.size(), VALUES_MAX))) {
      codingNamed(plain(value)).ifPresent(named::add);
    }
    Optional<Coding> initial = codingNamed(first);
    Coding g0 =
        initial.filter(c -> c == Coding.KATAKANA || c == Coding.ROMAJI).isPresent()
            ? Coding.ROMAJI
            : Coding.ASCII;
    Coding g1 = initial.filter(c -> c.isG1).orElse(null);
    Coding likely = g1 != null ? g1 : named.stream().filter(c -> c.isG1).findFirst().orElse(null);
    return new CharacterSets(g0, g1, likely, null);
  }

  /// Decodes a whole value field; separators between its values stay backslashes, and in VRs that
  /// have several values nothing else becomes one.
  public String decode(byte[] bytes, Vr vr) {
    if (firstG0 == Coding.ASCII && isPlainAscii(bytes)) {
      return new String(bytes, StandardCharsets.US_ASCII);
    }
    if (whole != null) {
      return decodeWhole(bytes, whole);
    }
    if (firstG1 == null && likelyG1 == null && !contains(bytes, ESC)) {
      // The default repertoire has no such bytes. UTF-8 is hard to hit by chance; what is not UTF-8
      // was most often meant as Latin-1.
      return strictly(bytes, StandardCharsets.UTF_8)
          .orElseGet(() -> new String(bytes, StandardCharsets.ISO_8859_1));
    }
    return new Iso2022(bytes, vr).decode();
  }

  private static boolean isPlainAscii(byte[] bytes) {
    for (byte b : bytes) {
      if (b < 0 || b == ESC) {
        return false;
      }
    }
    return true;
  }

  private static boolean contains(byte[] bytes, int wanted) {
    for (byte b : bytes) {
      if (b == wanted) {
        return true;
      }
    }
    return false;
  }

  private static String decodeWhole(byte[] bytes, Charset charset) {
    if (!charset.equals(StandardCharsets.UTF_8)) {
      return new String(bytes, charset);
    }
    CharsetDecoder decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length + 1);
    CoderResult result = decoder.decode(in, out, true);
    if (!result.isError()) {
      return out.flip().toString();
    }
    // Writers that count bytes cut the last character; everything else is text in another set.
    boolean onlyTheEnd = isCutAtTheEnd(bytes, in.position());
    return onlyTheEnd ? out.flip() + "\uFFFD" : new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static boolean isCutAtTheEnd(byte[] bytes, int from) {
    if ((bytes[from] & 0xC0) != 0xC0) {
      return false;
    }
    int at = from + 1;
    while (at < bytes.length && (bytes[at] & 0xC0) == 0x80) {
      at++;
    }
    while (at < bytes.length && (bytes[at] == ' ' || bytes[at] == 0)) {
      at++;
    }
    return at == bytes.length;
  }

  private static Optional<String> strictly(byte[] bytes, Charset charset) {
    try {
      return Optional.of(
          charset
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes))
              .toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static String plain(String value) {
    return value.strip().toUpperCase(Locale.ROOT);
  }

  private static Optional<Charset> wholeNamed(String value) {
    if (value.contains("UTF") || isNumber(value, 192)) {
      return Optional.of(StandardCharsets.UTF_8);
    }
    if (value.contains("18030")) {
      return Optional.of(charsetOr("GB18030", StandardCharsets.ISO_8859_1));
    }
    if (value.contains("GBK")) {
      return Optional.of(charsetOr("GBK", StandardCharsets.ISO_8859_1));
    }
    return Optional.empty();
  }

  private static Optional<Coding> codingNamed(String value) {
    Matcher part = PART_OF_8859.matcher(value);
    for (Coding coding : Coding.values()) {
      if (part.find(0)
          ? coding.isG1 && coding.charset.name().equals("ISO-8859-" + part.group(1))
          : isNumber(value, coding.registration)) {
        return Optional.of(coding);
      }
    }
    return Optional.empty();
  }

  /// Whether a value such as `ISO_IR 100`, `ISO 2022 IR 100` or `ISO-IR100` has this number.
  private static boolean isNumber(String value, int registration) {
    Matcher matcher = NUMBERED.matcher(value);
    return matcher.lookingAt() && matcher.group(1).equals(Integer.toString(registration));
  }

  private static Charset charsetOr(String name, Charset otherwise) {
    // A runtime image can be made without the module that has the larger sets.
    return Charset.isSupported(name) ? Charset.forName(name) : otherwise;
  }

  /// One value field in the code extension techniques of ISO 2022 (PS3.5 section 6.1.2.5). One
  /// thread at a time.
  private final class Iso2022 {

    private final byte[] bytes;
    private final boolean isName;
    private final boolean hasSeveralValues;
    private final StringBuilder text;
    private Coding g0 = firstG0;
    private @Nullable Coding g1 = firstG1;
    private int at;

    Iso2022(byte[] bytes, Vr vr) {
      this.bytes = bytes;
      this.isName = vr == Vr.PN;
      this.hasSeveralValues = vr.isMultiValuedText();
      this.text = new StringBuilder(bytes.length);
    }

    String decode() {
      while (at < bytes.length) {
        int b = bytes[at] & 0xFF;
        if (b == ESC && invoke()) {
          continue;
        }
        if (b >= 0x80) {
          upper();
        } else if (g0.bytesPerCharacter == 2 && isPair(at)) {
          lowerPairs();
        } else {
          lower(b);
          at++;
        }
      }
      return text.toString();
    }

    /// Follows an escape sequence; false when it is none of DICOM's. Undeclared ones are followed
    /// too: writers forget to declare more often than they write them by chance.
    private boolean invoke() {
      int first = byteAt(at + 1);
      int second = byteAt(at + 2);
      int third = byteAt(at + 3);
      Coding coding = null;
      int length = 3;
      switch (first) {
        case '(' -> coding = second == 'B' ? Coding.ASCII : second == 'J' ? Coding.ROMAJI : null;
        case ')' -> coding = second == 'I' ? Coding.KATAKANA : null;
        case '-' -> coding = singleByteG1(second);
        case '$' -> {
          // The edition of 1978 differs from that of 1983 in a few forms of characters.
          if (second == 'B' || second == '@') {
            coding = Coding.JIS_X0208;
          } else if (second == '(' && third == 'D') {
            coding = Coding.JIS_X0212;
            length = 4;
          } else if (second == ')') {
            coding = third == 'C' ? Coding.KOREAN : third == 'A' ? Coding.CHINESE : null;
            length = 4;
          }
        }
        default -> {}
      }
      if (coding == null) {
        return false;
      }
      if (coding.isG1) {
        g1 = coding;
      } else {
        g0 = coding;
      }
      at += length;
      return true;
    }

    private static @Nullable Coding singleByteG1(int last) {
      return switch (last) {
        case 'A' -> Coding.LATIN_1;
        case 'B' -> Coding.LATIN_2;
        case 'C' -> Coding.LATIN_3;
        case 'D' -> Coding.LATIN_4;
        case 'L' -> Coding.CYRILLIC;
        case 'G' -> Coding.ARABIC;
        case 'F' -> Coding.GREEK;
        case 'H' -> Coding.HEBREW;
        case 'M' -> Coding.LATIN_5;
        case 'b' -> Coding.LATIN_9;
        case 'T' -> Coding.THAI;
        default -> null;
      };
    }

    private int byteAt(int i) {
      return i < bytes.length ? bytes[i] & 0xFF : -1;
    }

    private boolean isPair(int i) {
      return isGraphic(byteAt(i)) && isGraphic(byteAt(i + 1));
    }

    private boolean isGraphic(int b) {
      return b >= FIRST_GRAPHIC && b <= LAST_GRAPHIC;
    }

    private void lowerPairs() {
      int from = at;
      while (isPair(at)) {
        at += 2;
      }
      String decoded = new String(bytes, from, at - from, g0.charset);
      text.append(decoded.replace('\\', FULLWIDTH_BACKSLASH));
    }

    private void upper() {
      Coding coding = g1 != null ? g1 : likelyG1;
      int from = at;
      while (byteAt(at) >= 0x80) {
        at++;
      }
      Charset charset = coding == null ? StandardCharsets.ISO_8859_1 : coding.charset;
      text.append(new String(bytes, from, at - from, charset));
    }

    private void lower(int b) {
      if (isDelimiter(b)) {
        g0 = firstG0;
        g1 = firstG1;
        text.append((char) b);
      } else if (g0 == Coding.ROMAJI && b == '\\') {
        text.append(YEN);
      } else if (g0 == Coding.ROMAJI && b == '~') {
        text.append(OVERLINE);
      } else {
        text.append((char) b);
      }
    }

    private boolean isDelimiter(int b) {
      return switch (b) {
        case '\\' -> hasSeveralValues;
        case '^', '=' -> isName;
        case '\t', '\n', '\f', '\r' -> true;
        default -> false;
      };
    }
  }
}
