package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.catalogue.VersionRow.InstanceLine;
import serdab.testing.SeededTest;

class PackedInstancesTest {

  private static InstanceLine line(String uid, long lengthBytes) {
    return new InstanceLine(
        uid, lengthBytes, Sha256.digest((uid + lengthBytes).getBytes(StandardCharsets.UTF_8)));
  }

  /// The example of `docs/format/catalogue.md`.
  private static final List<InstanceLine> EXAMPLE =
      List.of(
          line("1.2.840.10008.1.2.99", 526_336),
          line("1.2.840.10008.1.2.100", 526_336),
          line("", 77),
          line("1.2.840.10008.1.2.100", 0));

  @Test
  void anyListComesBackInItsOrder() throws Exception {
    List<InstanceLine> lines =
        List.of(
            line("1.2.3", 0),
            line("1.2.3", Long.MAX_VALUE),
            line("", 1),
            line("not a UID: ü \0 \ud83d", 5),
            line("1".repeat(PackedInstances.UID_BYTES_MAX), 6),
            line("2", 7));

    assertThat(PackedInstances.unpack(PackedInstances.pack(lines))).isEqualTo(lines);
    assertThat(PackedInstances.unpack(PackedInstances.pack(List.of()))).isEmpty();
  }

  @Test
  void aNameThatIsTooLongForAnyUidIsKeptAsNone() throws Exception {
    InstanceLine tooLong = line("1".repeat(PackedInstances.UID_BYTES_MAX + 1), 6);

    List<InstanceLine> back =
        PackedInstances.unpack(PackedInstances.pack(List.of(tooLong, line("1.2", 3))));

    assertThat(back).containsExactly(new InstanceLine("", 6, tooLong.fileDigest()), line("1.2", 3));
  }

  @Test
  void aListPackedByAnEarlierReleaseIsRead() throws Exception {
    assertThat(PackedInstances.unpack(golden("packed-instances-1.hex"))).isEqualTo(EXAMPLE);
  }

  /// What is deflated is pinned, not what it is deflated to: that depends on the zlib of the day.
  @Test
  void theColumnsAreAsTheFormatSays() throws Exception {
    assertThat(HexFormat.of().formatHex(PackedInstances.columns(EXAMPLE)))
        .isEqualTo(HexFormat.of().formatHex(golden("packed-instances-1-columns.hex")));
  }

  private static byte[] golden(String name) throws IOException {
    try (InputStream in = PackedInstancesTest.class.getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }
  }

  @Test
  void numberedInstancesTakeLessThan45BytesEach() {
    List<InstanceLine> lines = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      lines.add(
          line(
              "1.2.840.113619.2.428.3.695552.187.1712040404.17."
                  + (i + 1)
                  + "."
                  + (i * 7919) % 1000,
              500_000 + i % 100));
    }

    assertThat(PackedInstances.pack(lines).length).isLessThan(45 * lines.size());
  }

  @Test
  void instancesWithLongChanceNumbersTakeLessThan45BytesEach() {
    RandomGenerator random = new java.util.SplittableRandom(3);
    List<InstanceLine> lines = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      lines.add(
          line(
              "1.3.6.1.4.1.14519.5.2.1.7009.2403." + random.nextLong(100_000_000_000_000_000L),
              526_336));
    }

    assertThat(PackedInstances.pack(lines).length).isLessThan(45 * lines.size());
  }

  @Test
  void anotherFormatVersionIsNotGuessedAt() {
    byte[] packed = PackedInstances.pack(EXAMPLE);
    packed[0] = 2;

    assertThatThrownBy(() -> PackedInstances.unpack(packed))
        .isInstanceOf(PackedInstances.Malformed.class)
        .hasMessageContaining("version");
  }

  @Test
  void everyCutIsNoticed() {
    byte[] packed = PackedInstances.pack(EXAMPLE);

    for (int length = 0; length < packed.length; length++) {
      byte[] cut = Arrays.copyOf(packed, length);
      assertThatThrownBy(() -> PackedInstances.unpack(cut))
          .isInstanceOf(PackedInstances.Malformed.class);
    }
  }

  @Test
  void everyFlippedBitIsNoticed() {
    byte[] packed = PackedInstances.pack(EXAMPLE);

    for (int bit = 0; bit < packed.length * 8; bit++) {
      byte[] flipped = packed.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> PackedInstances.unpack(flipped))
          .isInstanceOf(PackedInstances.Malformed.class);
    }
  }

  @Test
  void aCountWithoutDigestsAllocatesNothing() {
    for (long count : new long[] {1, 1 << 20, Integer.MAX_VALUE, (1L << 35) - 1}) {
      byte[] forged = forged(count, new byte[0], new byte[100]);

      assertThatThrownBy(() -> PackedInstances.unpack(forged))
          .isInstanceOf(PackedInstances.Malformed.class);
    }
  }

  @Test
  void columnsThatSwellWithoutEndAreLeftEarly() {
    // 64 MiB of zeros after the last line of a list of one.
    byte[] forged = forged(1, new byte[Sha256.LENGTH_BYTES], new byte[64 << 20]);

    assertThatThrownBy(() -> PackedInstances.unpack(forged))
        .isInstanceOf(PackedInstances.Malformed.class)
        .hasMessageContaining("goes on");
  }

  @Test
  void aPrefixLongerThanTheUidBeforeIsMalformed() {
    assertThatThrownBy(() ->
            PackedInstances.unpack(forged(1, new byte[Sha256.LENGTH_BYTES], new byte[] {5, 0, 0})))
        .isInstanceOf(PackedInstances.Malformed.class);
  }

  @Test
  void aNegativeLengthIsMalformed() {
    assertThatThrownBy(() ->
            PackedInstances.unpack(forged(1, new byte[Sha256.LENGTH_BYTES], new byte[] {0, 0, 1})))
        .isInstanceOf(PackedInstances.Malformed.class)
        .hasMessageContaining("negative");
  }

  /// A list with a right checksum, whatever it says.
  private static byte[] forged(long count, byte[] digests, byte[] columns) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(PackedInstances.FORMAT_VERSION);
    long rest = count;
    while (rest > 0x7F) {
      out.write((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
    out.writeBytes(digests);
    try (DeflaterOutputStream deflated =
        new DeflaterOutputStream(out, new Deflater(Deflater.BEST_SPEED, true))) {
      deflated.write(columns);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return withChecksum(out.toByteArray());
  }

  private static byte[] withChecksum(byte[] body) {
    CRC32C crc = new CRC32C();
    crc.update(body);
    return ByteBuffer.allocate(body.length + 4).put(body).putInt((int) crc.getValue()).array();
  }

  @SeededTest(runs = 3000)
  void mutatedListsAreReadOrRefusedAndNothingElse(RandomGenerator random) {
    byte[] packed = PackedInstances.pack(drawn(random));
    byte[] body = Arrays.copyOf(packed, packed.length - 4);
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes; i++) {
      body = mutated(body, random);
    }

    // With a right checksum, so that what lies behind it is reached.
    byte[] hostile = random.nextInt(8) == 0 ? body : withChecksum(body);
    try {
      List<InstanceLine> lines = PackedInstances.unpack(hostile);
      assertThat(lines.size()).isLessThanOrEqualTo(hostile.length / Sha256.LENGTH_BYTES);
      assertThat(lines).allMatch(line -> line.lengthBytes() >= 0);
    } catch (PackedInstances.Malformed expected) {
      assertThat(expected).hasMessageNotContaining("1.2");
    }
  }

  @SeededTest(runs = 500)
  void drawnListsComeBackUnchanged(RandomGenerator random) throws Exception {
    List<InstanceLine> lines = drawn(random);

    assertThat(PackedInstances.unpack(PackedInstances.pack(lines))).isEqualTo(lines);
  }

  private static List<InstanceLine> drawn(RandomGenerator random) {
    List<InstanceLine> lines = new ArrayList<>();
    int count = random.nextInt(40);
    String root = "1.2." + random.nextInt(1000);
    for (int i = 0; i < count; i++) {
      String uid =
          switch (random.nextInt(8)) {
            case 0 -> "";
            case 1 -> "2.25." + random.nextLong(Long.MAX_VALUE);
            case 2 -> "\u00e9\0" + (char) random.nextInt(0x10000);
            default -> root + "." + i;
          };
      long length = random.nextInt(3) == 0 ? random.nextLong(Long.MAX_VALUE) : 526_000 + i % 3;
      lines.add(line(uid, length));
    }
    return lines;
  }

  private static byte[] mutated(byte[] bytes, RandomGenerator random) {
    if (bytes.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(bytes.length);
    return switch (random.nextInt(4)) {
      case 0 -> Arrays.copyOf(bytes, at);
      case 1 -> {
        byte[] longer = new byte[bytes.length + 1 + random.nextInt(40)];
        random.nextBytes(longer);
        System.arraycopy(bytes, 0, longer, 0, at);
        System.arraycopy(bytes, at, longer, at + longer.length - bytes.length, bytes.length - at);
        yield longer;
      }
      case 2 -> {
        byte[] changed = bytes.clone();
        changed[at] = (byte) random.nextInt();
        yield changed;
      }
      default -> {
        byte[] changed = bytes.clone();
        changed[Math.min(at, 8)] ^= (byte) (1 << random.nextInt(8));
        yield changed;
      }
    };
  }
}
