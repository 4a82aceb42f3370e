package serdab;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// The name of a study in logs, errors and reports that leave the house: a keyed hash of its UID.
///
/// Ten hexadecimal digits (40 bits): among 130,000 studies two share a label with a probability
/// below 1 %. Whoever holds the key, in the catalogue's folder, can find the study again with
/// `serdab studies --label`.
///
/// @param value what is printed, such as `S-3f2a90c1b7`
public record StudyLabel(String value) {

  private static final int HASH_BYTES = 5;

  /// The label of a study under a key of this installation.
  public static StudyLabel of(byte[] key, String studyInstanceUid) {
    return new StudyLabel("S-" + hash(key, studyInstanceUid));
  }

  /// A name such as `P-3f2a90c1b7` for a path, of the same kind: a folder may be named for a
  /// patient.
  public static String ofPath(byte[] key, String path) {
    return "P-" + hash(key, "path\n" + path);
  }

  private static String hash(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      byte[] hash = mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(Arrays.copyOf(hash, HASH_BYTES));
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
