package serdab.repository.age;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.random.RandomGenerator;
import serdab.store.HeldBytes;

/// Small age files, whole in memory.
public final class AgeFile {

  /// How a passphrase is slowed down unless asked otherwise: 2^17 takes 128 MiB of memory.
  public static final int WORK_FACTOR = 17;

  private static final String ARMOR_BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
  private static final String ARMOR_END = "-----END AGE ENCRYPTED FILE-----";

  private AgeFile() {}

  /// Seals to every one of the recipients.
  ///
  /// @param secure a generator that nobody can predict
  public static byte[] seal(
      List<AgeRecipient> recipients, byte[] plaintext, RandomGenerator secure) {
    ByteArrayOutputStream file = new ByteArrayOutputStream(plaintext.length + 512);
    write(new AgeWriter(recipients, secure, into(file)), plaintext);
    return file.toByteArray();
  }

  /// Seals with a passphrase.
  ///
  /// @param workFactor in `[1, 22]`: 2^workFactor KiB of memory are needed now and to open it
  /// @param secure a generator that nobody can predict
  /// @throws serdab.SerdabException.Refused `age-too-costly` when so much memory is not free
  public static byte[] sealWithPassphrase(
      char[] passphrase, int workFactor, byte[] plaintext, RandomGenerator secure) {
    FileKey key = FileKey.generate(secure);
    ByteArrayOutputStream file = new ByteArrayOutputStream(plaintext.length + 512);
    Header.Stanza stanza = Passphrase.seal(passphrase, workFactor, key, secure);
    write(new AgeWriter(List.of(stanza), key, secure, into(file)), plaintext);
    return file.toByteArray();
  }

  /// The plaintext of a file, armored or not.
  ///
  /// @throws serdab.SerdabException.Misconfigured `age-wrong-key`
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  public static byte[] open(byte[] file, List<AgeIdentity> identities) {
    try (AgeReader reader = AgeReader.open(new HeldBytes(withoutArmor(file)), identities)) {
      return reader.readAll();
    }
  }

  /// The plaintext of a file that was sealed with a passphrase, armored or not. It takes as long as
  /// its maker wanted, about half a second.
  ///
  /// @throws serdab.SerdabException.Misconfigured `age-wrong-passphrase`
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  /// @throws serdab.SerdabException.Refused `age-too-costly`
  public static byte[] openWithPassphrase(byte[] file, char[] passphrase) {
    try (AgeReader reader = AgeReader.open(new HeldBytes(withoutArmor(file)), passphrase)) {
      return reader.readAll();
    }
  }

  /// Whether a passphrase is what opens it.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged` when it is no age file
  public static boolean needsPassphrase(byte[] file) {
    return AgeReader.header(new HeldBytes(withoutArmor(file))).stanzas().stream()
        .anyMatch(stanza -> stanza.type().equals(Passphrase.TYPE));
  }

  private static void write(AgeWriter writer, byte[] plaintext) {
    writer.write(ByteBuffer.wrap(plaintext));
    writer.finish();
  }

  private static java.util.function.Consumer<ByteBuffer> into(ByteArrayOutputStream file) {
    return bytes ->
        file.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
  }

  /// The bytes inside armor, which is PEM with lines of 64 characters (RFC 7468 section 3, strict).
  private static byte[] withoutArmor(byte[] file) {
    byte[] begin = ARMOR_BEGIN.getBytes(StandardCharsets.US_ASCII);
    if (file.length < begin.length
        || !Arrays.equals(file, 0, begin.length, begin, 0, begin.length)) {
      return file;
    }
    List<String> lines = new String(file, StandardCharsets.ISO_8859_1).strip().lines().toList();
    if (!lines.getFirst().equals(ARMOR_BEGIN) || !lines.getLast().equals(ARMOR_END)) {
      throw AgeProblems.damaged("its armor has no end");
    }
    List<String> body = lines.subList(1, lines.size() - 1);
    for (int i = 0; i < body.size(); i++) {
      int length = body.get(i).length();
      if (i < body.size() - 1 ? length != 64 : length > 64) {
        throw AgeProblems.damaged("its armor has a line of another length");
      }
    }
    try {
      String text = String.join("", body);
      byte[] bytes = Base64.getDecoder().decode(text);
      if (!Base64.getEncoder().encodeToString(bytes).equals(text)) {
        throw AgeProblems.damaged("its armor is malformed");
      }
      return bytes;
    } catch (IllegalArgumentException e) {
      throw AgeProblems.damaged("its armor is malformed");
    }
  }
}
