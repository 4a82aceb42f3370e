package serdab.repository.age;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.bouncycastle.crypto.generators.SCrypt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.store.ReadableBytes;
import serdab.testing.SeededTest;

class AgeFileTest {

  private static final int CHUNK = 65536;

  private final Random random = new Random(7);
  private final AgeIdentity identity = AgeIdentity.generate(random);

  @Test
  void theAgreementGivesWhatRfc7748Section52Gives() throws Exception {
    assertThat(
            Crypto.x25519(
                hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")))
        .isEqualTo(hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    // The highest bit of this point is set, and must not matter.
    assertThat(
            Crypto.x25519(
                hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")))
        .isEqualTo(hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"));
  }

  @Test
  void keysAreDerivedAsRfc5869AppendixA1Says() {
    byte[] secret = new byte[22];
    Arrays.fill(secret, (byte) 0x0b);

    assertThat(Crypto.hkdf(secret, hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9")))
        .isEqualTo(hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
  }

  @Test
  void passphrasesAreStretchedAsRfc7914Section12Says() {
    assertThat(
            SCrypt.generate(
                "pleaseletmein".getBytes(US_ASCII),
                "SodiumChloride".getBytes(US_ASCII),
                16384,
                8,
                1,
                64))
        .isEqualTo(
            hex(
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                    + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"));
  }

  @Test
  void aPointOfSmallOrderIsRefused() {
    assertThatThrownBy(() -> Crypto.x25519(identity.secret(), new byte[32]))
        .isInstanceOf(java.security.GeneralSecurityException.class);
  }

  @SeededTest(runs = 300)
  void everyFlippedBitIsFound(RandomGenerator random) {
    byte[] plain = bytes(random, random.nextInt(4) == 0 ? 70_000 : random.nextInt(300));
    byte[] file = AgeFile.seal(List.of(identity.recipient()), plain, random);
    int bit = random.nextInt(file.length * 8);

    file[bit / 8] ^= (byte) (1 << (bit % 8));

    assertThatThrownBy(() -> AgeFile.open(file, List.of(identity)))
        .isInstanceOfAny(SerdabException.Damaged.class, SerdabException.Misconfigured.class);
  }

  @SeededTest(runs = 100)
  void everyCutIsFound(RandomGenerator random) {
    byte[] plain = bytes(random, random.nextInt(3 * CHUNK));
    byte[] file = AgeFile.seal(List.of(identity.recipient()), plain, random);
    byte[] cut = Arrays.copyOf(file, random.nextInt(file.length));

    assertDamaged(() -> AgeFile.open(cut, List.of(identity)));
  }

  @Test
  void aFileCutBetweenChunksIsFoundAtItsEnd() {
    byte[] file = AgeFile.seal(List.of(identity.recipient()), new byte[3 * CHUNK], random);
    byte[] cut = Arrays.copyOf(file, file.length - CHUNK - 16);

    AgeReader reader = AgeReader.open(source(cut), List.of(identity));

    assertThat(reader.plainLength()).isEqualTo(2L * CHUNK);
    assertThat(reader.read(0, ByteBuffer.allocate(CHUNK))).isEqualTo(CHUNK);
    assertDamaged(() -> reader.read(2L * CHUNK, ByteBuffer.allocate(1)));
  }

  @Test
  void chunksThatChangedPlacesAreFound() {
    byte[] file = AgeFile.seal(List.of(identity.recipient()), bytes(random, 3 * CHUNK), random);
    int payload = file.length - 3 * (CHUNK + 16);
    byte[] swapped = file.clone();
    System.arraycopy(file, payload, swapped, payload + CHUNK + 16, CHUNK + 16);
    System.arraycopy(file, payload + CHUNK + 16, swapped, payload, CHUNK + 16);

    assertDamaged(() -> AgeFile.open(swapped, List.of(identity)));
  }

  @Test
  void anEmptyLastChunkAfterOthersIsRefused() {
    FileKey key = FileKey.generate(random);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(Header.write(List.of(Header.seal(identity.recipient(), key, random)), key));
    byte[] nonce = bytes(random, 16);
    file.writeBytes(nonce);
    Payload payload = new Payload(key, nonce);
    byte[] sealed = new byte[CHUNK + 16];
    file.write(sealed, 0, payload.seal(0, false, new byte[CHUNK], 0, CHUNK, sealed));
    file.write(sealed, 0, payload.seal(1, true, new byte[0], 0, 0, sealed));

    assertDamaged(() -> AgeFile.open(file.toByteArray(), List.of(identity)));
  }

  @SeededTest(runs = 100)
  void aRangeIsThatPartOfTheWhole(RandomGenerator random) {
    byte[] plain = bytes(random, random.nextInt(40 * CHUNK));
    byte[] file = AgeFile.seal(List.of(identity.recipient()), plain, random);
    AgeReader reader = AgeReader.open(source(file), List.of(identity));

    assertThat(reader.plainLength()).isEqualTo(plain.length);
    for (int i = 0; i < 20; i++) {
      int from = random.nextInt(plain.length + 1);
      int length = random.nextInt(1 + (random.nextBoolean() ? 500 : 20 * CHUNK));
      ByteBuffer into =
          random.nextBoolean() ? ByteBuffer.allocate(length) : ByteBuffer.allocateDirect(length);
      int count = reader.read(from, into);
      int there = Math.min(length, plain.length - from);
      assertThat(count).isEqualTo(from == plain.length ? -1 : there);
      byte[] read = new byte[there];
      into.flip().get(read);
      assertThat(read).isEqualTo(Arrays.copyOfRange(plain, from, from + there));
      assertThat(into.hasRemaining()).isFalse();
    }
  }

  @SeededTest(runs = 50)
  void itMattersNotInWhatPiecesAFileIsWritten(RandomGenerator random) {
    byte[] plain = bytes(random, random.nextInt(5) * CHUNK + random.nextInt(3));
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    AgeWriter writer = new AgeWriter(List.of(identity.recipient()), random, into(file));
    for (int at = 0; at < plain.length; ) {
      int length = Math.min(plain.length - at, 1 + random.nextInt(2 * CHUNK));
      writer.write(ByteBuffer.wrap(plain, at, length));
      at += length;
    }
    writer.finish();

    assertThat(writer.plainBytes()).isEqualTo(plain.length);
    assertThat(writer.sealedBytes()).isEqualTo(file.size());
    assertThat(AgeFile.open(file.toByteArray(), List.of(identity))).isEqualTo(plain);
    assertThat(AgeReader.open(source(file.toByteArray()), writer.fileKey()).readAll())
        .isEqualTo(plain);
  }

  @Test
  void theKeyOfAnotherFileOpensNothing() {
    byte[] file = AgeFile.seal(List.of(identity.recipient()), new byte[10], random);

    assertDamaged(() -> AgeReader.open(source(file), FileKey.generate(random)));
  }

  @Test
  void aWrongIdentityIsToldWithinASecond() {
    byte[] file = AgeFile.seal(List.of(identity.recipient()), new byte[10], random);
    List<AgeIdentity> others = List.of(AgeIdentity.generate(random), AgeIdentity.generate(random));
    // Time of the processor: others may be using it, too.
    ThreadMXBean times = ManagementFactory.getThreadMXBean();
    long began = times.getCurrentThreadCpuTime();

    var failure =
        catchThrowableOfType(SerdabException.Misconfigured.class, () -> AgeFile.open(file, others));

    assertThat(failure.problem().code()).isEqualTo("age-wrong-key");
    assertThat(times.getCurrentThreadCpuTime() - began).isLessThan(1_000_000_000L);
  }

  @Test
  void aWrongPassphraseIsTold() {
    byte[] file = AgeFile.sealWithPassphrase("right".toCharArray(), 10, new byte[10], random);

    assertThat(code(() -> AgeFile.openWithPassphrase(file, "wrong".toCharArray())))
        .isEqualTo("age-wrong-passphrase");
    assertThat(code(() -> AgeFile.open(file, List.of(identity)))).isEqualTo("age-wrong-key");
    assertThat(AgeFile.openWithPassphrase(file, "right".toCharArray())).isEqualTo(new byte[10]);
  }

  @Test
  void aFileForAnIdentityHasNoPassphrase() {
    byte[] file = AgeFile.seal(List.of(identity.recipient()), new byte[10], random);

    assertThat(AgeFile.needsPassphrase(file)).isFalse();
    assertThat(code(() -> AgeFile.openWithPassphrase(file, "any".toCharArray())))
        .isEqualTo("age-wrong-passphrase");
  }

  @ParameterizedTest
  @ValueSource(strings = {"23", "30", "31", "99999"})
  void aPassphraseThatWouldTakeAllMemoryIsRefusedAtOnce(String workFactor) {
    byte[] file = AgeFile.sealWithPassphrase("x".toCharArray(), 10, new byte[10], random);
    String text = new String(file, ISO_8859_1).replaceFirst(" 10\n", " " + workFactor + "\n");

    assertThat(code(() -> AgeFile.openWithPassphrase(text.getBytes(ISO_8859_1), new char[1])))
        .isEqualTo("age-too-costly");
  }

  @Test
  void aPassphraseIsRefusedWhenItsMemoryIsNotFree() {
    assertThat(code(() -> Passphrase.requireAffordable(18, 200 << 20))).isEqualTo("age-too-costly");
    Passphrase.requireAffordable(17, 200 << 20);
  }

  @Test
  void aPassphraseBesideAnotherStanzaIsRefused() {
    FileKey key = FileKey.generate(random);
    List<Header.Stanza> stanzas =
        List.of(
            Passphrase.seal(new char[] {'x'}, 10, key, random),
            Header.seal(identity.recipient(), key, random));
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    new AgeWriter(stanzas, key, random, into(file)).finish();

    assertDamaged(() -> AgeFile.openWithPassphrase(file.toByteArray(), new char[] {'x'}));
  }

  @Test
  void stanzasOfOtherKindsArePassedOver() {
    FileKey key = FileKey.generate(random);
    List<Header.Stanza> stanzas =
        List.of(
            new Header.Stanza(List.of("of-the-future", "a", "b"), new byte[48]),
            new Header.Stanza(List.of("x"), new byte[0]),
            Header.seal(identity.recipient(), key, random));
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    new AgeWriter(stanzas, key, random, into(file)).finish();

    assertThat(AgeFile.open(file.toByteArray(), List.of(identity))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "age",
        "age-encryption.org/v1",
        "age-encryption.org/v1\n",
        "age-encryption.org/v2\n-> X25519 a\n\n--- b\n",
        "age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "age-encryption.org/v1\n-> \n\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "age-encryption.org/v1\n-> X25519\n\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "age-encryption.org/v1\n-> X25519  a\n\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "age-encryption.org/v1\n-> a\nAB=\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "age-encryption.org/v1\n-> a\nAB\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n",
        "age-encryption.org/v1\r\n-> a\r\n\r\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
        "-----BEGIN AGE ENCRYPTED FILE-----\n!\n-----END AGE ENCRYPTED FILE-----\n",
      })
  void aMalformedHeaderIsDamage(String header) {
    assertDamaged(() -> AgeFile.open(header.getBytes(ISO_8859_1), List.of(identity)));
  }

  @Test
  void aHeaderWithoutEndIsRefusedEarly() {
    String endless = "age-encryption.org/v1\n" + "-> x\n\n".repeat(200_000);
    String many =
        "age-encryption.org/v1\n" + "-> x\n\n".repeat(1000) + "--- " + "A".repeat(43) + "\n";

    assertDamaged(() -> AgeFile.open(endless.getBytes(US_ASCII), List.of(identity)));
    assertDamaged(() -> AgeFile.open(many.getBytes(US_ASCII), List.of(identity)));
  }

  @SeededTest(runs = 500)
  void hostileHeadersNeverDoAnythingElse(RandomGenerator random) {
    List<String> lines = new ArrayList<>(List.of("age-encryption.org/v1"));
    List<String> pieces =
        List.of(
            "->", "X25519", "scrypt", "---", " ", "\n", "A".repeat(64), "A".repeat(43), "18", "=");
    for (int i = random.nextInt(30); i > 0; i--) {
      lines.add(pieces.get(random.nextInt(pieces.size())));
    }
    byte[] file = String.join(random.nextBoolean() ? "\n" : " ", lines).getBytes(US_ASCII);

    assertDamaged(() -> AgeFile.open(file, List.of(identity)));
    assertThatThrownBy(() -> AgeFile.openWithPassphrase(file, new char[0]))
        .isInstanceOf(SerdabException.class);
  }

  @SeededTest(runs = 100)
  void keysSurviveBeingText(RandomGenerator random) {
    AgeIdentity made = AgeIdentity.generate(random);

    assertThat(AgeIdentity.parse(made.text()).recipient()).isEqualTo(made.recipient());
    assertThat(
            AgeIdentity.parse(' ' + made.text().toLowerCase(java.util.Locale.ROOT) + '\n').text())
        .isEqualTo(made.text());
    assertThat(AgeRecipient.parse(made.recipient().text())).isEqualTo(made.recipient());
    assertThat(made.text()).hasSize(74).startsWith("AGE-SECRET-KEY-1");
    assertThat(made.recipient().text()).hasSize(62).startsWith("age1");
  }

  @SeededTest(runs = 300)
  void everyMisspeltKeyIsFound(RandomGenerator random) {
    String text = random.nextBoolean() ? identity.text() : identity.recipient().text();
    int at = random.nextInt(text.length());
    char other = (char) ('0' + random.nextInt(75));
    String misspelt = text.substring(0, at) + other + text.substring(at + 1);
    if (other == text.charAt(at)) {
      return;
    }

    var failure =
        catchThrowableOfType(
            SerdabException.Misconfigured.class,
            () -> {
              if (text.startsWith("age1")) {
                AgeRecipient.parse(misspelt);
              } else {
                AgeIdentity.parse(misspelt);
              }
            });

    assertThat(failure).isNotNull();
    assertThat(failure.problem().code()).isEqualTo("age-key-malformed");
    assertThat(failure.getMessage()).doesNotContain(misspelt.substring(20, 40));
  }

  @Test
  void anIdentityDoesNotPrintItself() {
    assertThat(identity.toString())
        .doesNotContain(identity.text())
        .contains(identity.recipient().text());
    assertThat(FileKey.generate(random).toString()).isEqualTo("a file key");
  }

  private static void assertDamaged(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    var failure = catchThrowableOfType(SerdabException.Damaged.class, call);
    assertThat(failure).isNotNull();
    assertThat(failure.problem().code()).isEqualTo("age-damaged");
  }

  private static String code(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return catchThrowableOfType(SerdabException.class, call).problem().code();
  }

  private static ReadableBytes source(byte[] bytes) {
    return new ReadableBytes() {
      @Override
      public long lengthBytes() {
        return bytes.length;
      }

      @Override
      public int read(long position, ByteBuffer into) {
        if (position >= bytes.length) {
          return -1;
        }
        // As places may, it gives less than was asked for.
        int count = (int) Math.min(Math.min(into.remaining(), 50_000), bytes.length - position);
        into.put(bytes, (int) position, count);
        return count;
      }

      @Override
      public void close() {}
    };
  }

  private static Consumer<ByteBuffer> into(ByteArrayOutputStream file) {
    return bytes -> {
      byte[] piece = new byte[bytes.remaining()];
      bytes.get(piece);
      file.writeBytes(piece);
    };
  }

  private static byte[] bytes(RandomGenerator random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}
