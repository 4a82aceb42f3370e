package serdab.repository.age;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// What age takes from cryptography, each by the JDK.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7748 X25519
/// @spec https://www.rfc-editor.org/rfc/rfc5869 HKDF
/// @spec https://www.rfc-editor.org/rfc/rfc8439 ChaCha20-Poly1305
final class Crypto {

  static final int KEY_BYTES = 32;
  static final int TAG_BYTES = 16;

  private static final byte[] BASE_POINT = basePoint();

  private Crypto() {}

  /// The public half of a secret (RFC 7748 section 6.1).
  static byte[] publicKey(byte[] secret) {
    try {
      return x25519(secret, BASE_POINT);
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /// RFC 7748 section 5.
  ///
  /// @throws GeneralSecurityException when the result is zero: the point has a small order
  static byte[] x25519(byte[] scalar, byte[] point) throws GeneralSecurityException {
    byte[] bigEndian = new byte[KEY_BYTES];
    for (int i = 0; i < KEY_BYTES; i++) {
      bigEndian[i] = point[KEY_BYTES - 1 - i];
    }
    // Section 5: the most significant bit of the last byte is masked.
    bigEndian[0] &= 0x7f;
    KeyFactory keys = KeyFactory.getInstance("X25519");
    KeyAgreement agreement = KeyAgreement.getInstance("X25519");
    agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, scalar)));
    agreement.doPhase(
        keys.generatePublic(
            new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, bigEndian))),
        true);
    return agreement.generateSecret();
  }

  /// HKDF-SHA-256, 32 bytes.
  static byte[] hkdf(byte[] secret, byte[] salt, byte[] info) {
    try {
      HKDFParameterSpec.Builder extract = HKDFParameterSpec.ofExtract().addIKM(secret);
      if (salt.length > 0) {
        extract.addSalt(salt);
      }
      return KDF.getInstance("HKDF-SHA256").deriveData(extract.thenExpand(info, KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  static byte[] hmac(byte[] key, byte[] text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /// A file key, sealed under a key that is used once, so that the nonce may be zero.
  static byte[] wrap(byte[] wrapKey, byte[] fileKey) {
    try {
      return zeroNonce(Cipher.ENCRYPT_MODE, wrapKey).doFinal(fileKey);
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /// The file key again.
  ///
  /// @throws GeneralSecurityException when the key is another, or a bit
  static byte[] unwrap(byte[] wrapKey, byte[] body) throws GeneralSecurityException {
    return zeroNonce(Cipher.DECRYPT_MODE, wrapKey).doFinal(body);
  }

  private static Cipher zeroNonce(int mode, byte[] key) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
    cipher.init(mode, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(new byte[12]));
    return cipher;
  }

  private static byte[] basePoint() {
    byte[] point = new byte[KEY_BYTES];
    point[0] = 9;
    return point;
  }

  static IllegalStateException impossible(GeneralSecurityException e) {
    return new IllegalStateException("every Java 25 has what age needs", e);
  }
}
