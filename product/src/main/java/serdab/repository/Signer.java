package serdab.repository;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Base64;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import serdab.Sha256;

/// Signs for one repository, as its owner or as a writer (format section 3.4). Thread-safe.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8032 section 5.1, Ed25519
final class Signer {

  static final int SEED_BYTES = 32;

  /// Digits of the id that a writer has from its key.
  private static final int ID_DIGITS = 32;

  private final UUID repository;
  private final byte[] seed;
  private final byte[] publicKey = new byte[Signatures.KEY_BYTES];
  private final PrivateKey key;

  /// Takes a copy of the 32 bytes (RFC 8032 section 5.1.5).
  Signer(UUID repository, byte[] seed) {
    if (seed.length != SEED_BYTES) {
      throw new IllegalArgumentException("a seed has 32 bytes, not " + seed.length);
    }
    this.repository = repository;
    this.seed = seed.clone();
    // The JDK signs by a seed and has no way to its public key.
    Ed25519.generatePublicKey(this.seed, 0, publicKey, 0);
    try {
      key =
          KeyFactory.getInstance("Ed25519")
              .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, this.seed));
    } catch (GeneralSecurityException e) {
      throw Signatures.impossible(e);
    }
  }

  static Signer generate(UUID repository, RandomGenerator secure) {
    byte[] seed = new byte[SEED_BYTES];
    secure.nextBytes(seed);
    return new Signer(repository, seed);
  }

  /// The signature of a body under a subject, in base64.
  String sign(String subject, byte[] body) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(Signatures.message(repository, subject, body));
      return Base64.getEncoder().encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw Signatures.impossible(e);
    }
  }

  UUID repository() {
    return repository;
  }

  /// 32 bytes.
  byte[] publicKey() {
    return publicKey.clone();
  }

  /// The name of a writer with this key: 32 hexadecimal digits (format section 3.3).
  String id() {
    return id(publicKey);
  }

  static String id(byte[] publicKey) {
    return Sha256.digest(publicKey).hex().substring(0, ID_DIGITS);
  }

  byte[] seed() {
    return seed.clone();
  }

  /// The name, never the seed.
  @Override
  public String toString() {
    return "signer " + id();
  }
}
