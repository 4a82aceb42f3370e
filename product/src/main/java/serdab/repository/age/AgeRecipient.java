package serdab.repository.age;

import java.util.Arrays;

/// A public key that files are sealed to: `age1…`. It opens nothing.
public final class AgeRecipient {

  private static final String PREFIX = "age";

  private final byte[] point;
  private final String text;

  private AgeRecipient(byte[] point, String text) {
    this.point = point;
    this.text = text;
  }

  static AgeRecipient of(byte[] point) {
    return new AgeRecipient(point.clone(), Bech32.encode(PREFIX, point));
  }

  /// Reads `age1…`; blanks around it are ignored.
  ///
  /// @throws serdab.SerdabException.Misconfigured `age-key-malformed`
  public static AgeRecipient parse(String text) {
    String key = text.strip();
    if (key.startsWith("age1pq1")) {
      throw AgeProblems.malformedKey("The recipient is of a kind that this program does not know.");
    }
    byte[] point =
        Bech32.decode(PREFIX, key)
            .filter(bytes -> bytes.length == Crypto.KEY_BYTES)
            .orElseThrow(() ->
                AgeProblems.malformedKey(
                    "A recipient begins with age1 and has 62 characters; this one is"
                        + " misspelt."));
    return new AgeRecipient(point, key);
  }

  /// `age1…`, 62 characters.
  public String text() {
    return text;
  }

  byte[] point() {
    return point;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AgeRecipient that && Arrays.equals(point, that.point);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(point);
  }

  @Override
  public String toString() {
    return text;
  }
}
