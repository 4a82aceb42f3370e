package serdab.repository;

import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;

/// Which repository this is and whose signature makes its keys and writers count: the two members
/// of `repository.json` that a machine remembers.
///
/// @param repository its id
/// @param key the owner's Ed25519 public key, 32 bytes
@SuppressWarnings("ArrayRecordComponent") // copied and compared by hand
record OwnerKey(UUID repository, byte[] key) {

  OwnerKey {
    if (key.length != Signatures.KEY_BYTES) {
      throw new IllegalArgumentException("a key has 32 bytes, not " + key.length);
    }
    key = key.clone();
  }

  static OwnerKey of(Signer owner) {
    return new OwnerKey(owner.repository(), owner.publicKey());
  }

  /// Base64, as in `repository.json`.
  String text() {
    return Base64.getEncoder().encodeToString(key);
  }

  boolean signed(String subject, byte[] body, String signature) {
    return Signatures.check(repository, key, subject, body, signature);
  }

  /// Reads a document that only the owner may write.
  ///
  /// @throws serdab.SerdabException.Damaged when it is malformed, or not signed by the owner
  SignedDocument read(String file, byte[] bytes) {
    SignedDocument.Signed signed = SignedDocument.read(file, bytes);
    if (!signed(file, signed.body(), signed.signature())) {
      throw KeyProblems.unsigned(file);
    }
    return signed.document();
  }

  @Override
  public byte[] key() {
    return key.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OwnerKey that
        && repository.equals(that.repository)
        && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return 31 * repository.hashCode() + Arrays.hashCode(key);
  }
}
