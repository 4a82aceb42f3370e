package serdab.repository;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Base64;
import java.util.Map;
import java.util.SequencedMap;
import java.util.UUID;
import serdab.Sha256;

/// What is signed, and whether a signature is good (format section 3.4).
final class Signatures {

  static final int KEY_BYTES = 32;

  private static final int SIGNATURE_BYTES = 64;

  private Signatures() {}

  /// Whether this is the key's signature of the body; a malformed key or signature is none.
  ///
  /// @param publicKey 32 bytes (RFC 8032 section 5.1.2)
  /// @param signature base64
  static boolean check(
      UUID repository, byte[] publicKey, String subject, byte[] body, String signature) {
    if (publicKey.length != KEY_BYTES) {
      return false;
    }
    byte[] bigEndian = new byte[KEY_BYTES];
    for (int i = 0; i < KEY_BYTES; i++) {
      bigEndian[i] = publicKey[KEY_BYTES - 1 - i];
    }
    boolean odd = (bigEndian[0] & 0x80) != 0;
    bigEndian[0] &= 0x7f;
    try {
      byte[] bytes = Base64.getDecoder().decode(signature);
      // The decoder overlooks bits after the last byte.
      if (bytes.length != SIGNATURE_BYTES
          || !Base64.getEncoder().encodeToString(bytes).equals(signature)) {
        return false;
      }
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(
          KeyFactory.getInstance("Ed25519")
              .generatePublic(
                  new EdECPublicKeySpec(
                      NamedParameterSpec.ED25519,
                      new EdECPoint(odd, new BigInteger(1, bigEndian)))));
      verifier.update(message(repository, subject, body));
      return verifier.verify(bytes);
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      return false;
    }
  }

  /// The body of a ZIP: a line for each entry but the signature, in the order of the ZIP.
  static byte[] zipBody(SequencedMap<String, Sha256> entries) {
    StringBuilder body = new StringBuilder();
    for (Map.Entry<String, Sha256> entry : entries.entrySet()) {
      body.append(entry.getKey()).append(' ').append(entry.getValue().hex()).append('\n');
    }
    return body.toString().getBytes(StandardCharsets.UTF_8);
  }

  static byte[] message(UUID repository, String subject, byte[] body) {
    return ("sealed-repository-v1\n"
            + repository
            + '\n'
            + subject
            + '\n'
            + Sha256.digest(body).hex()
            + '\n')
        .getBytes(StandardCharsets.US_ASCII);
  }

  static IllegalStateException impossible(GeneralSecurityException e) {
    return new IllegalStateException("every Java 25 has Ed25519", e);
  }
}
