package serdab.repository.age;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;

/// Opening by identities.
///
/// @spec https://age-encryption.org/v1 section "The X25519 recipient type"
final class X25519 {

  static final String TYPE = "X25519";
  static final byte[] INFO = "age-encryption.org/v1/X25519".getBytes(StandardCharsets.US_ASCII);

  private X25519() {}

  /// The file key of an authenticated header.
  static FileKey open(Header header, List<AgeIdentity> identities) {
    boolean any = false;
    for (Header.Stanza stanza : header.stanzas()) {
      if (stanza.type().equals(Passphrase.TYPE)) {
        throw AgeProblems.wrongKey("The file is sealed with a passphrase, not to an identity.");
      }
      if (!stanza.type().equals(TYPE)) {
        continue;
      }
      any = true;
      byte[] share =
          stanza.arguments().size() == 2
              ? Header.fromBase64(stanza.arguments().get(1))
              : new byte[0];
      if (share.length != Crypto.KEY_BYTES
          || stanza.body().length != FileKey.LENGTH_BYTES + Crypto.TAG_BYTES) {
        throw Header.malformed();
      }
      for (AgeIdentity identity : identities) {
        Optional<FileKey> key = unwrap(identity, share, stanza.body());
        if (key.isPresent()) {
          header.authenticate(key.get());
          return key.get();
        }
      }
    }
    throw AgeProblems.wrongKey(
        any
            ? "None of the identities at hand opens the sealed file."
            : "The file is sealed in a way that this program does not know.");
  }

  private static Optional<FileKey> unwrap(AgeIdentity identity, byte[] share, byte[] body) {
    try {
      byte[] shared = Crypto.x25519(identity.secret(), share);
      byte[] salt = Header.concat(share, identity.recipient().point());
      return Optional.of(FileKey.of(Crypto.unwrap(Crypto.hkdf(shared, salt, INFO), body)));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }
}
