package serdab.repository;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import serdab.Sha256;

/// Names that say nothing to who lacks the repository's naming secret (format section 3.5).
/// Thread-safe.
final class Naming {

  static final int SECRET_BYTES = 32;

  private static final int NAME_DIGITS = 32;
  private static final int BLOB_NAME_BYTES = 16;

  private final byte[] secret;
  private final ThreadLocal<Mac> macs;

  /// Takes a copy of the 32 bytes.
  Naming(byte[] secret) {
    if (secret.length != SECRET_BYTES) {
      throw new IllegalArgumentException("a naming secret has 32 bytes, not " + secret.length);
    }
    this.secret = secret.clone();
    SecretKeySpec key = new SecretKeySpec(this.secret, "HmacSHA256");
    macs = ThreadLocal.withInitial(() -> mac(key));
  }

  static Naming generate(RandomGenerator secure) {
    byte[] secret = new byte[SECRET_BYTES];
    secure.nextBytes(secret);
    return new Naming(secret);
  }

  /// 32 hexadecimal digits for a group's key.
  String group(String key) {
    return hex(name("group\n", key.getBytes(StandardCharsets.UTF_8)));
  }

  /// 32 hexadecimal digits for a version's own name.
  String version(String name) {
    return hex(name("version\n", name.getBytes(StandardCharsets.UTF_8)));
  }

  /// 16 bytes for a blob.
  ///
  /// @param digest of the blob before it was encoded
  byte[] blob(Sha256 digest) {
    return Arrays.copyOf(name("blob\n", digest.bytes()), BLOB_NAME_BYTES);
  }

  byte[] secret() {
    return secret.clone();
  }

  private byte[] name(String kind, byte[] of) {
    Mac mac = macs.get();
    mac.update(kind.getBytes(StandardCharsets.US_ASCII));
    return mac.doFinal(of);
  }

  private static String hex(byte[] mac) {
    return HexFormat.of().formatHex(mac).substring(0, NAME_DIGITS);
  }

  private static Mac mac(SecretKeySpec key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HMAC with SHA-256", e);
    }
  }

  /// Nothing of the secret.
  @Override
  public String toString() {
    return "the naming of a repository";
  }
}
