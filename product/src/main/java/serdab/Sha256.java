package serdab;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/// A SHA-256 digest: 32 bytes, written as 64 lower-case hexadecimal digits.
///
/// @spec https://csrc.nist.gov/pubs/fips/180-4/upd1/final FIPS 180-4
public final class Sha256 implements Comparable<Sha256> {

  public static final int LENGTH_BYTES = 32;

  private final byte[] bytes;

  private Sha256(byte[] bytes) {
    this.bytes = bytes;
  }

  /// Takes a copy of 32 bytes.
  ///
  /// @throws IllegalArgumentException when there are not 32
  public static Sha256 of(byte[] bytes) {
    if (bytes.length != LENGTH_BYTES) {
      throw new IllegalArgumentException("a SHA-256 digest has 32 bytes, not " + bytes.length);
    }
    return new Sha256(bytes.clone());
  }

  /// Reads 64 hexadecimal digits of either case.
  ///
  /// @throws IllegalArgumentException when it is anything else
  public static Sha256 parse(String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  /// The digest of bytes at hand.
  public static Sha256 digest(byte[] content) {
    return of(hasher().digest(content));
  }

  /// Ends a running digest and takes its value.
  public static Sha256 finish(MessageDigest hasher) {
    return of(hasher.digest());
  }

  /// A fresh SHA-256 computation; one thread at a time.
  public static MessageDigest hasher() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public int compareTo(Sha256 other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Sha256 that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return hex();
  }
}
