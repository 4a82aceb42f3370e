package serdab.repository.age;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The chunks of a payload under one key. One thread at a time.
///
/// @spec https://age-encryption.org/v1 section "Payload"
final class Payload {

  static final int CHUNK_BYTES = 64 << 10;
  static final int SEALED_CHUNK_BYTES = CHUNK_BYTES + Crypto.TAG_BYTES;
  static final int NONCE_BYTES = 16;

  private static final byte[] INFO = "payload".getBytes(StandardCharsets.US_ASCII);
  private static final int COUNTER_ENDS = 11;

  private final SecretKeySpec key;
  private final Cipher cipher;
  private final byte[] nonce = new byte[12];

  Payload(FileKey fileKey, byte[] payloadNonce) {
    try {
      key = new SecretKeySpec(Crypto.hkdf(fileKey.bytes(), payloadNonce, INFO), "ChaCha20");
      cipher = Cipher.getInstance("ChaCha20-Poly1305");
    } catch (GeneralSecurityException e) {
      throw Crypto.impossible(e);
    }
  }

  /// Seals a chunk; the bytes written.
  int seal(long chunk, boolean last, byte[] from, int offset, int length, byte[] to) {
    try {
      begin(Cipher.ENCRYPT_MODE, chunk, last);
      return cipher.doFinal(from, offset, length, to, 0);
    } catch (GeneralSecurityException e) {
      throw Crypto.impossible(e);
    }
  }

  /// Opens a chunk; the bytes written.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  int open(long chunk, boolean last, byte[] from, int offset, int length, byte[] to, int toOffset) {
    try {
      begin(Cipher.DECRYPT_MODE, chunk, last);
      return cipher.doFinal(from, offset, length, to, toOffset);
    } catch (GeneralSecurityException e) {
      throw AgeProblems.damaged(
          (last ? "its last chunk, " : "chunk ") + chunk + ", is not what was written");
    }
  }

  private void begin(int mode, long chunk, boolean last) throws GeneralSecurityException {
    long rest = chunk;
    for (int i = COUNTER_ENDS - 1; i >= 0; i--) {
      nonce[i] = (byte) rest;
      rest >>>= 8;
    }
    nonce[COUNTER_ENDS] = (byte) (last ? 1 : 0);
    cipher.init(mode, key, new IvParameterSpec(nonce));
  }
}
