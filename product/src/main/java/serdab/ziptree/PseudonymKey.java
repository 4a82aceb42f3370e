package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// The secret that makes pseudonyms: HMAC-SHA-256 (RFC 2104) of a patient or a study
/// (`docs/format/zip-tree.md` section 2.5). It does not print. Thread-safe.
public final class PseudonymKey {

  /// Shorter keys can be guessed.
  public static final int BYTES_MIN = 16;

  /// 48 bits: among 130,000 studies two share a name once in 30,000 trees, and are then told apart
  /// by a number at the end.
  private static final int DIGITS = 12;

  private static final int CHECK_DIGITS = 16;
  private static final String ALGORITHM = "HmacSHA256";

  private final byte[] key;

  private PseudonymKey(byte[] key) {
    this.key = key;
  }

  /// @throws SerdabException.Misconfigured `pseudonym-key-weak` when there are too few bytes
  public static PseudonymKey of(byte[] bytes) {
    if (bytes.length < BYTES_MIN) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "pseudonym-key-weak",
              "The key for pseudonyms has " + bytes.length + " bytes; that can be guessed.",
              "Make one of at least "
                  + BYTES_MIN
                  + " bytes, with: openssl rand -hex 32; keep it where you keep passwords."));
    }
    return new PseudonymKey(bytes.clone());
  }

  /// What stands in a name for a study.
  public String study(StudyKey study) {
    return "S-" + hex("study " + study.value()).substring(0, DIGITS);
  }

  /// What stands in a name for a patient; patients without an id are not told apart.
  String patient(PatientData<String> id) {
    String text = id.reveal(PatientData.Purpose.FILE_NAME);
    return "P-"
        + (text.isEmpty() ? StudyNames.UNKNOWN : hex("patient " + text).substring(0, DIGITS));
  }

  /// The whole name of a study's first version, without `.zip`.
  public String name(StudyFacts facts) {
    return patient(facts.patientId()) + "_" + study(facts.key());
  }

  /// What a destination keeps of the key, to notice another one.
  ///
  /// @param destinationId the destination's id, so that two destinations do not show that they
  ///   share a key
  public String check(String destinationId) {
    return hex("check " + destinationId).substring(0, CHECK_DIGITS);
  }

  private String hex(String text) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  /// Never the key.
  @Override
  public String toString() {
    return "(a key)";
  }
}
