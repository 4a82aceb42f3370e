package serdab.dicom.net;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The name of an application on the DICOM network (PS3.8 section 9.3.2; VR AE, PS3.5 section 6.2).
///
/// Case counts. Titles of others are kept as they came: some hold characters that the standard
/// forbids, and [#isValid] says so. Ours are made with [#ours].
///
/// @param value without the spaces around it, at most 16 characters; empty when a peer sent spaces
public record AeTitle(String value) {

  static final int LENGTH_MAX = 16;

  public AeTitle {
    if (value.length() > LENGTH_MAX) {
      throw new IllegalArgumentException("an AE title has at most 16 characters");
    }
    value = value.strip();
  }

  /// A title that is written, rather than received.
  ///
  /// @throws IllegalArgumentException when it breaks a rule; the message says which
  public static AeTitle ours(String value) {
    if (value.length() > LENGTH_MAX) {
      throw new IllegalArgumentException("an AE title has at most 16 characters");
    }
    AeTitle title = new AeTitle(value);
    if (title.value.isEmpty()) {
      throw new IllegalArgumentException("an AE title is not empty");
    }
    if (!title.isValid()) {
      throw new IllegalArgumentException(
          "an AE title has no backslash, no control character, and only ASCII");
    }
    return title;
  }

  /// Whether this is what VR AE allows: something, printable ASCII, no backslash.
  public boolean isValid() {
    return !value.isEmpty() && value.chars().allMatch(c -> c >= ' ' && c < 0x7F && c != '\\');
  }

  /// The 16 bytes of a PDU.
  byte[] padded() {
    byte[] bytes = new byte[LENGTH_MAX];
    Arrays.fill(bytes, (byte) ' ');
    byte[] own = value.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(own, 0, bytes, 0, Math.min(own.length, LENGTH_MAX));
    return bytes;
  }

  /// What stands in a PDU; some pad with NULs.
  static AeTitle received(byte[] bytes) {
    return new AeTitle(new String(bytes, StandardCharsets.ISO_8859_1).replace('\0', ' '));
  }

  /// The title with whatever does not print left out: safe for a terminal or a log.
  @Override
  public String toString() {
    return value.replaceAll("[^ -~]", "?");
  }
}
