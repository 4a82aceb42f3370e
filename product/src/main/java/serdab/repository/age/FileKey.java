package serdab.repository.age;

import java.util.random.RandomGenerator;

/// The key of one age file, 16 bytes. Who wrote a file reads it back by this, without an identity.
public final class FileKey {

  static final int LENGTH_BYTES = 16;

  private final byte[] bytes;

  private FileKey(byte[] bytes) {
    this.bytes = bytes;
  }

  static FileKey of(byte[] bytes) {
    if (bytes.length != LENGTH_BYTES) {
      throw new IllegalArgumentException("a file key has 16 bytes, not " + bytes.length);
    }
    return new FileKey(bytes);
  }

  static FileKey generate(RandomGenerator secure) {
    byte[] bytes = new byte[LENGTH_BYTES];
    secure.nextBytes(bytes);
    return new FileKey(bytes);
  }

  byte[] bytes() {
    return bytes;
  }

  /// Nothing of the key.
  @Override
  public String toString() {
    return "a file key";
  }
}
