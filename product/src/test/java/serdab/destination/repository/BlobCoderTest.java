package serdab.destination.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.codec.JpegLsDecoder;
import serdab.repository.Codec;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class BlobCoderTest {

  private final BlobCoder coder = new BlobCoder(2);
  private final BlobCoder another = new BlobCoder(1);

  @AfterEach
  void close() {
    coder.close();
    another.close();
  }

  /// A slope with some noise, as images have.
  private static byte[] cells(FrameShape shape, int lowest, int step, RandomGenerator random) {
    byte[] bytes = new byte[(int) shape.lengthBytes()];
    int cell = shape.cellBytes();
    for (int i = 0; i < bytes.length / cell; i++) {
      int value = lowest + step * (i % shape.columns()) + random.nextInt(4);
      for (int b = 0; b < cell; b++) {
        int shift = 8 * (shape.bigEndian() ? cell - 1 - b : b);
        bytes[i * cell + b] = (byte) (value >> shift);
      }
    }
    return bytes;
  }

  private Encoded requireRoundTrip(Codec codec, byte[] raw, FrameShape shape) {
    Encoded encoded = coder.pixels(codec, raw, raw.length, shape).orElseThrow();
    assertThat(encoded.codec()).isEqualTo(codec);
    assertThat(another.decode(codec.number(), encoded.bytes(), raw.length)).isEqualTo(raw);
    return encoded;
  }

  @SeededTest(runs = 200)
  void everyShapeOfPixelsComesBackFromEveryCodecThatTakesIt(RandomGenerator random) {
    int cell = 1 + random.nextInt(2);
    boolean colour = random.nextBoolean();
    FrameShape shape =
        new FrameShape(
            1 + random.nextInt(40),
            1 + random.nextInt(60),
            colour ? 3 : 1,
            cell,
            cell == 2 && random.nextBoolean(),
            colour && random.nextBoolean(),
            random.nextBoolean());
    byte[] raw =
        switch (random.nextInt(3)) {
          case 0 -> {
            byte[] noise = new byte[(int) shape.lengthBytes()];
            random.nextBytes(noise);
            yield noise;
          }
          case 1 -> new byte[(int) shape.lengthBytes()];
          default -> cells(shape, random.nextInt(70_000) - 35_000, random.nextInt(30), random);
        };

    requireRoundTrip(BlobCoder.JPEG_LS, raw, shape);
    requireRoundTrip(BlobCoder.ZSTD, raw, shape);
    if (!shape.bigEndian()) {
      requireRoundTrip(BlobCoder.FILTERED, raw, shape);
    }
  }

  @Test
  void signedPixelsAndPixelsWithUnusedHighBitsNeedAsManyBitsAsTheirRange() {
    FrameShape signed = new FrameShape(64, 64, 1, 2, false, false, true);
    byte[] below = cells(signed, -1024, 3, new SplittableRandom(1));
    FrameShape high = new FrameShape(64, 64, 1, 2, false, false, false);
    byte[] above = cells(high, 0xF000, 3, new SplittableRandom(1));

    for (byte[] stream :
        List.of(
            requireRoundTrip(BlobCoder.JPEG_LS, below, signed).bytes(),
            requireRoundTrip(BlobCoder.JPEG_LS, above, high).bytes())) {
      assertThat(JpegLsDecoder.info(stream, 0, stream.length).bitsPerSample()).isEqualTo(9);
    }
  }

  @Test
  void aPaddingValueBelowTheRangeOfUnsignedPixelsIsSeenAsSigned() {
    FrameShape shape = new FrameShape(32, 32, 1, 2, false, false, false);
    byte[] raw = cells(shape, 100, 2, new SplittableRandom(1));
    raw[0] = (byte) 0xF0;
    raw[1] = (byte) 0xFF;

    byte[] stream = requireRoundTrip(BlobCoder.JPEG_LS, raw, shape).bytes();

    assertThat(JpegLsDecoder.info(stream, 0, stream.length).bitsPerSample()).isEqualTo(9);
    assertThat(new String(stream, StandardCharsets.ISO_8859_1))
        .contains("sealed-repository cells 2 le offset -16 layout pixel");
  }

  @Test
  void cellsOfFourBytesAreFilteredAsTwoOfTwo() {
    FrameShape shape = new FrameShape(50, 40, 1, 4, false, false, false);
    byte[] raw = cells(shape, 1_000_000, 7, new SplittableRandom(1));

    Encoded filtered = requireRoundTrip(BlobCoder.FILTERED, raw, shape);

    assertThat(coder.pixels(BlobCoder.JPEG_LS, raw, raw.length, shape)).isEmpty();
    assertThat(filtered.lengthBytes()).isLessThan(raw.length / 3);
  }

  @Test
  void whatIsLeftOfGuessesIsSmallerAndOnlyForAReaderThatKnowsOfThem() {
    for (boolean signed : new boolean[] {false, true}) {
      FrameShape shape = new FrameShape(64, 64, 1, 2, false, false, signed);
      byte[] raw = slope(shape, signed ? -200 : 900);
      Encoded median = requireRoundTrip(BlobCoder.FILTERED, raw, shape);
      Encoded delta;
      try (BlobCoder old = new BlobCoder(1)) {
        delta = old.pixels(BlobCoder.FILTERED, raw, raw.length, shape).orElseThrow();
      }

      assertThat(filter(median)).isEqualTo(signed ? 3 : 2);
      assertThat(filter(delta)).isEqualTo(1);
      assertThat(median.lengthBytes()).isLessThan(delta.lengthBytes());
      assertThat(coder.decode(3, delta.bytes(), raw.length)).isEqualTo(raw);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void filteredBlobsOfTheVectorsAreRead(int filter) throws IOException {
    byte[] content = vector("filtered-" + filter);
    byte[] cells = vector("filtered-cells");

    assertThat(coder.decode(3, Zstd.compress(content), cells.length)).isEqualTo(cells);
  }

  private static byte[] vector(String name) throws IOException {
    Path file = SharedData.checkout().resolve("docs/format/repository-vectors.txt");
    return Files.readAllLines(file).stream()
        .filter(line -> line.startsWith(name + ": "))
        .map(line -> HexFormat.of().parseHex(line.substring(name.length() + 2)))
        .findFirst()
        .orElseThrow();
  }

  /// Brighter to the right and downwards, with some noise.
  private static byte[] slope(FrameShape shape, int lowest) {
    RandomGenerator random = new SplittableRandom(1);
    ByteBuffer raw = ByteBuffer.allocate((int) shape.lengthBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int y = 0; y < shape.rows(); y++) {
      for (int x = 0; x < shape.columns(); x++) {
        raw.putShort((short) (lowest + 9 * x + 5 * y + random.nextInt(8)));
      }
    }
    return raw.array();
  }

  /// Byte 0 of section 4.3.
  private static int filter(Encoded filtered) {
    byte[] whole = Zstd.decompress(filtered.bytes(), 1 << 20);
    return whole[0];
  }

  @Test
  void aLengthThatIsNotThatOfTheShapeIsRefused() {
    FrameShape shape = new FrameShape(10, 10, 1, 2, false, false, false);

    assertThat(coder.pixels(BlobCoder.JPEG_LS, new byte[198], 198, shape)).isEmpty();
    assertThat(coder.pixels(BlobCoder.FILTERED, new byte[198], 198, shape)).isEmpty();
  }

  @Test
  void whatDoesNotShrinkIsStoredAsItIs() {
    byte[] noise = new byte[5000];
    new SplittableRandom(1).nextBytes(noise);

    assertThat(coder.plain(noise, noise.length).codec()).isEqualTo(BlobCoder.RAW);
    assertThat(coder.plain(new byte[5000], 5000).codec()).isEqualTo(BlobCoder.ZSTD);
  }

  @SeededTest(runs = 300)
  void aDamagedBlobGivesAClearErrorOrOtherBytesAndNothingElse(RandomGenerator random) {
    FrameShape shape = new FrameShape(20, 30, 1, 2, false, false, false);
    byte[] raw = cells(shape, 900, 5, random);
    Codec codec =
        List.of(BlobCoder.JPEG_LS, BlobCoder.ZSTD, BlobCoder.FILTERED).get(random.nextInt(3));
    byte[] stored = coder.pixels(codec, raw, raw.length, shape).orElseThrow().bytes();
    byte[] damaged = stored.clone();
    for (int n = 1 + random.nextInt(4); n > 0; n--) {
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
    }
    if (random.nextInt(3) == 0) {
      damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
    }

    try {
      assertThat(another.decode(codec.number(), damaged, raw.length)).hasSize(raw.length);
    } catch (SerdabException.Damaged e) {
      assertThat(e.problem().what()).isNotEmpty();
    }
    assertThat(another.decode(codec.number(), stored, raw.length)).isEqualTo(raw);
  }

  @Test
  void anUnknownCodecAndAnotherLengthAreDamage() {
    byte[] raw = new byte[100];
    byte[] stored = coder.plain(raw, 100).bytes();

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> coder.decode(9, stored, 100));
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> coder.decode(BlobCoder.ZSTD.number(), stored, 101));
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> coder.decode(BlobCoder.RAW.number(), raw, 99));
  }

  // ---- which codec a series gets

  @Test
  void aSeriesGetsTheCodecThatMadeItsFirstFramesSmallest() {
    try (Coders coders = new Coders(Runnable::run, 1, Compression.SMALL, 2)) {
      RandomGenerator random = new SplittableRandom(1);
      FrameShape grey = new FrameShape(64, 64, 1, 2, false, false, false);
      SeriesChoice image = new SeriesChoice(Compression.SMALL);
      // Rows that repeat are nothing to JPEG-LS and everything to zstd.
      byte[] row = new byte[128];
      random.nextBytes(row);
      byte[] repeated = new byte[64 * 128];
      for (int i = 0; i < 64; i++) {
        System.arraycopy(row, 0, repeated, i * 128, 128);
      }
      SeriesChoice table = new SeriesChoice(Compression.SMALL);

      for (int i = 0; i < 5; i++) {
        byte[] raw = cells(grey, 1000, 20, random);
        assertThat(codec(image, coders, raw, grey)).contains(BlobCoder.JPEG_LS);
        assertThat(codec(table, coders, repeated, grey)).contains(BlobCoder.ZSTD);
      }
    }
  }

  private static Optional<Codec> codec(
      SeriesChoice choice, Coders coders, byte[] raw, FrameShape shape) {
    return Optional.of(Coders.result(choice.begin(coders, raw, raw.length, shape)).best().codec());
  }
}
