package serdab.dicom;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// The character sets of one data set, as its Specific Character Set (0008,0005) names them.
public final class CharacterSets {

  private static final CharacterSets UTF_8 = new CharacterSets(true);
  private static final CharacterSets LATIN_1 = new CharacterSets(false);

  private final boolean utf8;

  private CharacterSets(boolean utf8) {
    this.utf8 = utf8;
  }

  /// The sets that these values of (0008,0005) name; an empty list where it is missing.
  public static CharacterSets of(List<String> values) {
    return values.contains("ISO_IR 192") ? UTF_8 : LATIN_1;
  }

  /// Decodes a whole value field; separators between its values stay backslashes.
  public String decode(byte[] bytes, Vr vr) {
    return new String(bytes, utf8 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
  }
}
