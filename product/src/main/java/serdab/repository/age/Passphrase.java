package serdab.repository.age;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.SCrypt;

/// Sealing and opening by a passphrase.
///
/// @spec https://age-encryption.org/v1 section "The scrypt recipient type"
/// @spec https://www.rfc-editor.org/rfc/rfc7914 scrypt
final class Passphrase {

  static final String TYPE = "scrypt";

  /// 2^22 is 4 GiB of memory; age itself goes no further either.
  static final int WORK_FACTOR_MAX = 22;

  private static final int BLOCK_SIZE = 8;
  private static final int SALT_BYTES = 16;
  private static final byte[] LABEL =
      "age-encryption.org/v1/scrypt".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern DECIMAL = Pattern.compile("[1-9][0-9]{0,5}");

  private Passphrase() {}

  static Header.Stanza seal(
      char[] passphrase, int workFactor, FileKey key, RandomGenerator secure) {
    if (workFactor < 1 || workFactor > WORK_FACTOR_MAX) {
      throw new IllegalArgumentException("a work factor is in [1, 22], not " + workFactor);
    }
    requireAffordable(workFactor, usableBytes(workFactor));
    byte[] salt = new byte[SALT_BYTES];
    secure.nextBytes(salt);
    return new Header.Stanza(
        List.of(TYPE, Header.base64(salt), Integer.toString(workFactor)),
        Crypto.wrap(wrapKey(passphrase, salt, workFactor), key.bytes()));
  }

  /// The file key of an authenticated header.
  static FileKey open(Header header, char[] passphrase) {
    if (header.stanzas().stream().noneMatch(stanza -> stanza.type().equals(TYPE))) {
      throw AgeProblems.wrongPassphrase("The file is sealed to identities, not with a passphrase.");
    }
    // A file that can be opened by a passphrase is opened by nothing else, so that who knows the
    // passphrase knows that its maker knew it.
    if (header.stanzas().size() != 1) {
      throw Header.malformed();
    }
    Header.Stanza stanza = header.stanzas().getFirst();
    if (stanza.arguments().size() != 3
        || !DECIMAL.matcher(stanza.arguments().get(2)).matches()
        || stanza.body().length != FileKey.LENGTH_BYTES + Crypto.TAG_BYTES) {
      throw Header.malformed();
    }
    byte[] salt = Header.fromBase64(stanza.arguments().get(1));
    if (salt.length != SALT_BYTES) {
      throw Header.malformed();
    }
    int workFactor = Integer.parseInt(stanza.arguments().get(2));
    requireAffordable(workFactor, usableBytes(workFactor));
    FileKey key;
    try {
      key = FileKey.of(Crypto.unwrap(wrapKey(passphrase, salt, workFactor), stanza.body()));
    } catch (GeneralSecurityException e) {
      throw AgeProblems.wrongPassphrase("The passphrase does not open the sealed file.");
    }
    header.authenticate(key);
    return key;
  }

  /// Refuses work that would take more memory than there is.
  static void requireAffordable(int workFactor, long usableBytes) {
    if (workFactor > WORK_FACTOR_MAX) {
      throw AgeProblems.tooCostly(
          "The passphrase was given a work factor of "
              + workFactor
              + "; this program opens up to "
              + WORK_FACTOR_MAX
              + ".");
    }
    long needed = neededBytes(workFactor);
    if (needed > usableBytes) {
      throw AgeProblems.tooCostly(
          "The passphrase was given a work factor of "
              + workFactor
              + ", which takes "
              + (needed >> 20)
              + " MiB of memory; "
              + (usableBytes >> 20)
              + " MiB are free.");
    }
  }

  /// What the heap can still take, less something for everything else. When that is too little,
  /// what nobody uses any more, such as the memory of a passphrase before, is given back first.
  private static long usableBytes(int workFactor) {
    long usable = usableBytes();
    if (workFactor <= WORK_FACTOR_MAX && usable < neededBytes(workFactor)) {
      System.gc();
      usable = usableBytes();
    }
    return usable;
  }

  private static long usableBytes() {
    Runtime runtime = Runtime.getRuntime();
    long used = runtime.totalMemory() - runtime.freeMemory();
    return Math.max(0, (runtime.maxMemory() - used) / 8 * 7);
  }

  private static long neededBytes(int workFactor) {
    return (128L * BLOCK_SIZE) << workFactor;
  }

  private static byte[] wrapKey(char[] passphrase, byte[] salt, int workFactor) {
    ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(passphrase));
    byte[] text = new byte[encoded.remaining()];
    encoded.get(text);
    encoded.clear();
    encoded.put(new byte[encoded.capacity()]);
    try {
      return SCrypt.generate(
          text, Header.concat(LABEL, salt), 1 << workFactor, BLOCK_SIZE, 1, Crypto.KEY_BYTES);
    } finally {
      Arrays.fill(text, (byte) 0);
    }
  }
}
