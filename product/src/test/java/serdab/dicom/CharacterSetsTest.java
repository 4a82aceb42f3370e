package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class CharacterSetsTest {

  /// Bytes are written as Latin-1 characters; `~` in front of a letter stands for ESC.
  static Stream<Arguments> examplesOfTheStandard() {
    return Stream.of(
        // PS3.5 annex H.3.1
        arguments(
            "\\ISO 2022 IR 87",
            "Yamada^Tarou=~$B;3ED~(B^~$BB@O:~(B=~$B$d$^$@~(B^~$B$?$m$&~(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        // H.3.2
        arguments(
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            "\u00D4\u00CF\u00C0\u00DE^\u00C0\u00DB\u00B3=~$B;3ED~(J^~$BB@O:~(J"
                + "=~$B$d$^$@~(J^~$B$?$m$&~(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        // I.2
        arguments(
            "\\ISO 2022 IR 149",
            "Hong^Gildong=~$)C\u00FB\u00F3^~$)C\u00D1\u00CE\u00D4\u00D7"
                + "=~$)C\u00C8\u00AB^~$)C\u00B1\u00E6\u00B5\u00BF",
            "Hong^Gildong=洪^吉洞=홍^길동"),
        // J.1
        arguments(
            "ISO_IR 192",
            "Wang^XiaoDong=\u00E7\u008E\u008B^\u00E5\u00B0\u008F\u00E6\u009D\u00B1=",
            "Wang^XiaoDong=王^小東="),
        // J.3
        arguments(
            "GB18030",
            "Wang^XiaoDong=\u00CD\u00F5^\u00D0\u00A1\u00B6\u00AB=",
            "Wang^XiaoDong=王^小东="),
        // K.2
        arguments(
            "\\ISO 2022 IR 58",
            "Zhang^XiaoDong=~$)A\u00D5\u00C5^~$)A\u00D0\u00A1\u00B6\u00AB=",
            "Zhang^XiaoDong=张^小东="),
        // One of each single-byte set.
        arguments("ISO_IR 100", "Buc^J\u00E9r\u00F4me", "Buc^Jérôme"),
        arguments("ISO_IR 101", "W\u00B3odek", "Włodek"),
        arguments("ISO_IR 109", "\u00DEiko", "Ŝiko"),
        arguments("ISO_IR 110", "\u00D0orl", "Đorl"),
        arguments("ISO_IR 144", "\u00BB\u00EEce", "Люce"),
        arguments("ISO_IR 127", "\u00E2\u00C8\u00C7\u00E6\u00EA", "قباني"),
        arguments("ISO_IR 126", "\u00C4\u00E9\u00EF", "Διο"),
        arguments("ISO_IR 138", "\u00F9\u00F8\u00E5\u00EF", "שרון"),
        arguments("ISO_IR 148", "\u00DEahin", "Şahin"),
        arguments("ISO_IR 203", "\u00A4uro", "€uro"),
        arguments("ISO_IR 166", "\u00CA\u00C1", "สม"),
        arguments("ISO_IR 13", "\u00D4\u00CF", "ﾔﾏ"),
        arguments("ISO 2022 IR 6\\ISO 2022 IR 159", "~$(D0!~(B", "丂"),
        arguments("ISO 2022 IR 100\\ISO 2022 IR 144", "\u00E9^~-L\u00BB\u00EE=\u00E9", "é^Лю=é"),
        arguments("GBK", "\u00CD\u00F5\u0081\\\\x", "王乗\\x"));
  }

  @ParameterizedTest
  @MethodSource("examplesOfTheStandard")
  void namesAreReadAsTheStandardsExamplesSay(String sets, String bytes, String expected) {
    assertThat(decode(sets, bytes, Vr.PN)).isEqualTo(expected);
  }

  @Test
  void theSetOfTheFirstValueHoldsAgainAfterEveryDelimiter() {
    assertThat(decode("ISO_IR 100\\ISO 2022 IR 144", "~-L\u00BB\\\u00E9", Vr.LO)).isEqualTo("Л\\é");
    assertThat(decode("ISO_IR 100\\ISO 2022 IR 144", "~-L\u00BB^\u00E9", Vr.PN)).isEqualTo("Л^é");
    assertThat(decode("ISO_IR 100\\ISO 2022 IR 144", "~-L\u00BB^\u00EE", Vr.LO)).isEqualTo("Л^ю");
    assertThat(decode("ISO_IR 100\\ISO 2022 IR 144", "~-L\u00BB\r\n\u00E9", Vr.LT))
        .isEqualTo("Л\r\né");
  }

  @Test
  void aBackslashInsideACharacterOfTwoBytesSeparatesNothing() {
    assertThat(decode("\\ISO 2022 IR 87", "~$B!\\~(B\\b", Vr.LO)).isEqualTo("＋\\b");
    assertThat(decode("\\ISO 2022 IR 87", "~$B!@~(B\\b", Vr.LO)).isEqualTo("＼\\b");
    assertThat(decode("GB18030", "\u0081\\\\b", Vr.LO)).isEqualTo("乗\\b");
  }

  @Test
  void theByteOfTheBackslashIsAYenSignInJapaneseTextOfOneValue() {
    assertThat(decode("ISO_IR 13", "5\\ ~", Vr.LT)).startsWith("5¥");
    assertThat(decode("ISO_IR 13", "a\\b", Vr.LO)).isEqualTo("a\\b");
  }

  @Test
  void theSwitchBackBeforeADelimiterMayBeMissing() {
    assertThat(decode("\\ISO 2022 IR 87", "~$B;3ED^~$BB@O:~(B", Vr.PN)).isEqualTo("山田^太郎");
  }

  @Test
  void lostEscapesAreGuessedFromTheSetsNamed() {
    assertThat(decode("\\ISO 2022 IR 149", "\u00C8\u00AB^\u00B1\u00E6", Vr.PN)).isEqualTo("홍^길");
  }

  @ParameterizedTest
  @MethodSource("misspelled")
  void misspelledSetsAreRecognised(String sets, String bytes, String expected) {
    assertThat(decode(sets, bytes, Vr.LO)).isEqualTo(expected);
  }

  static Stream<Arguments> misspelled() {
    return Stream.of(
        arguments("ISO-IR 144", "\u00BB", "Л"),
        arguments("ISO_IR_144", "\u00BB", "Л"),
        arguments("iso_ir 144", "\u00BB", "Л"),
        arguments("ISO 2022 IR144", "\u00BB", "Л"),
        arguments("ISO 8859-5", "\u00BB", "Л"),
        arguments("ISO-8859-15", "\u00A4", "€"),
        arguments("UTF-8", "\u00C3\u00A9", "é"),
        arguments("ISO IR 192", "\u00C3\u00A9", "é"));
  }

  @Test
  void whatNoSetExplainsIsReadAsUtf8AndElseAsLatin1() {
    assertThat(decode("", "J\u00C3\u00A9r", Vr.PN)).isEqualTo("Jér");
    assertThat(decode("", "J\u00E9r", Vr.PN)).isEqualTo("Jér");
    assertThat(decode("NONSENSE", "J\u00E9r", Vr.PN)).isEqualTo("Jér");
    assertThat(decode("ISO_IR 192", "J\u00E9r\u00F4me", Vr.PN)).isEqualTo("Jérôme");
  }

  @Test
  void aLastCharacterCutInUtf8CostsOnlyItself() {
    assertThat(decode("ISO_IR 192", "\u00E7\u008E\u008B\u00E5\u00B0", Vr.PN)).isEqualTo("王\uFFFD");
    assertThat(decode("ISO_IR 192", "\u00E7\u008E\u008B\u00E5 ", Vr.PN)).isEqualTo("王\uFFFD");
  }

  @SeededTest(runs = 100)
  void noBytesAndNoSetsMakeItFail(RandomGenerator random) {
    String[] sets = {
      "",
      "ISO 2022 IR 6",
      "ISO 2022 IR 87",
      "ISO 2022 IR 13",
      "ISO 2022 IR 149",
      "ISO_IR 192",
      "GB18030",
      "GBK",
      "ISO 2022 IR 58",
      "ISO 2022 IR 159",
      "x",
      "IR",
      "8859",
      "ISO_IR 99999999999"
    };
    List<String> values = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      values.add(sets[random.nextInt(sets.length)]);
    }
    byte[] bytes = new byte[random.nextInt(60)];
    random.nextBytes(bytes);
    for (int i = 0; i + 3 < bytes.length && random.nextBoolean(); i += 1 + random.nextInt(9)) {
      bytes[i] = 0x1B;
      bytes[i + 1] = (byte) "$()-".charAt(random.nextInt(4));
      bytes[i + 2] = (byte) "B@(JI)ABCL".charAt(random.nextInt(10));
    }

    String text = CharacterSets.of(values).decode(bytes, random.nextBoolean() ? Vr.PN : Vr.UT);

    assertThat(text.length()).isLessThanOrEqualTo(bytes.length);
  }

  @Test
  @Needs({Peer.PYDICOM, Peer.SHARED_DATA})
  void textOfTheCharacterSetFilesIsWhatPydicomReads() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(SharedData.dicom().resolve("odd_pydicom/charset_files"))) {
      files = all.filter(file -> file.toString().endsWith(".dcm")).sorted().toList();
    }
    List<String> ours = new ArrayList<>();
    for (Path file : files) {
      ours.addAll(ourTexts(file));
    }

    assertThat(ours).hasSizeGreaterThan(100).isEqualTo(pydicomTexts(files));
  }

  private static List<String> ourTexts(Path file) throws IOException {
    List<String> texts = new ArrayList<>();
    try (ByteSource source = ByteSource.open(file)) {
      DataSet dataSet = DicomFile.read(source).dataSet();
      for (int i = 0; i < dataSet.size(); i++) {
        // pydicom has dictionaries of private elements, we have not.
        boolean isStandard = (Tag.group(dataSet.tag(i)) & 1) == 0;
        if (isStandard && dataSet.vr(i).followsCharacterSet() && dataSet.valueLength(i) > 0) {
          String text = String.join("\\", dataSet.stringsAt(i));
          // pydicom leaves out empty component groups at the end of a name.
          texts.add(Tag.text(dataSet.tag(i)) + " " + text.replaceFirst("=+$", ""));
        }
      }
    }
    return texts;
  }

  private static List<String> pydicomTexts(List<Path> files) throws IOException {
    String program =
        """
        import sys, pydicom, warnings
        warnings.simplefilter("ignore")
        def walk(ds):
            for e in ds:
                if e.VR == "SQ":
                    for item in e.value: walk(item)
                elif e.tag.group % 2 == 0 and e.VR in ("SH", "LO", "ST", "LT", "PN", "UC", "UT") and e.value:
                    v = [e.value] if isinstance(e.value, (str, pydicom.valuerep.PersonName)) else e.value
                    text = "\\\\".join(str(x).strip(" ") for x in v)
                    sys.stdout.buffer.write(("(%04X,%04X) %s\\0" % (e.tag.group, e.tag.elem, text)).encode("utf-8"))
        for path in sys.argv[1:]: walk(pydicom.dcmread(path))
        """;
    List<String> command = new ArrayList<>(List.of(Python.withPydicom(), "-c", program));
    files.forEach(file -> command.add(file.toString()));
    String printed = DigestsAgainstScriptTest.output(command, "");
    return Stream.of(printed.split("\0", -1)).filter(line -> !line.isEmpty()).toList();
  }

  private static String decode(String sets, String bytes, Vr vr) {
    byte[] raw = bytes.replaceAll("~(?=[$()-])", "\u001B").getBytes(StandardCharsets.ISO_8859_1);
    return CharacterSets.of(sets.isEmpty() ? List.of() : List.of(sets.split("\\\\", -1)))
        .decode(raw, vr);
  }
}
