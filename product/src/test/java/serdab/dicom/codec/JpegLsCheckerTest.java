package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.testing.SeededTest;

/// The checker says what decoding and comparing says.
class JpegLsCheckerTest {

  private final JpegLsEncoder encoder = new JpegLsEncoder();
  private final JpegLsDecoder decoder = new JpegLsDecoder();
  private final JpegLsChecker checker = new JpegLsChecker();

  @SeededTest(runs = 1500)
  void everyImageIsFoundInItsStream(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = streamOf(image, Interleave.of(random.nextInt(3)));

    assertThat(matches(stream, image)).isTrue();
  }

  /// Else it would be no faster than decoding.
  @SeededTest(runs = 300)
  void noDecoderIsNeededWhereComponentsDoNotMix(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = streamOf(image, Interleave.NONE);

    assertThat(follows(stream, image)).isTrue();
  }

  @SeededTest(runs = 5000)
  void ofAChangedStreamItSaysWhatDecodingSays(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = Mutation.of(streamOf(image, Interleave.of(random.nextInt(3))), random);

    boolean decodes = decodes(stream, image);

    assertThat(matches(stream, image)).isEqualTo(decodes);
    assertThat(follows(stream, image) && !decodes).as("followed to another frame").isFalse();
  }

  /// One bit somewhere in the codes: the smallest damage, and each code is read.
  @SeededTest(runs = 3000)
  void ofAStreamWithOneOtherBitItSaysWhatDecodingSays(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = streamOf(image, Interleave.NONE);
    stream[random.nextInt(stream.length)] ^= (byte) (1 << random.nextInt(8));

    boolean decodes = decodes(stream, image);

    assertThat(matches(stream, image)).isEqualTo(decodes);
    assertThat(follows(stream, image) && !decodes).as("followed to another frame").isFalse();
  }

  @SeededTest(runs = 3000)
  void anotherFrameIsNotFound(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = streamOf(image, Interleave.of(random.nextInt(3)));
    int changes = random.nextInt(1, 4);
    for (int i = 0; i < changes; i++) {
      int at = image.from() + random.nextInt(image.format().lengthBytes());
      image.raw()[at] += (byte) (random.nextBoolean() ? 1 : 1 << random.nextInt(8));
    }

    boolean decodes = decodes(stream, image);

    assertThat(matches(stream, image)).isEqualTo(decodes);
    assertThat(follows(stream, image) && !decodes).as("followed to another frame").isFalse();
  }

  @SeededTest(runs = 100)
  void everySampleOfASmallFrameCounts(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    byte[] stream = streamOf(image, Interleave.NONE);
    int length = image.format().lengthBytes();
    int step = Math.max(1, length / 200);

    for (int at = image.from(); at < image.from() + length; at += step) {
      image.raw()[at] ^= 1;
      assertThat(matches(stream, image)).as("changed at %s", at).isFalse();
      image.raw()[at] ^= 1;
    }
    assertThat(matches(stream, image)).isTrue();
  }

  /// Any mapped error but 0 may stand in a code of the longest form, too (section A.5.3).
  @Test
  void aCodeThatIsLongerThanItMustBeIsRead() {
    // The second sample is predicted to be 200, from a context with a negative sign, and k is 2.
    TestImage image =
        new TestImage(new FrameFormat(1, 2, 1, 8, false), new byte[] {(byte) 200, (byte) 201}, 0);
    byte[] stream = streamOf(image, Interleave.NONE);
    int head = 2 + 13 + 10;
    StringBuilder codes = new StringBuilder();
    for (int i = head; i < stream.length - 2; i++) {
      codes.append(Integer.toBinaryString(0x100 | (stream[i] & 0xFF)).substring(1));
    }
    codes.setLength(codes.lastIndexOf("1") + 1);
    assertThat(codes).endsWith("1" + "01").doesNotContain("1".repeat(8));

    codes.setLength(codes.length() - 3);
    codes.append("0".repeat(23)).append('1').append("0".repeat(8));
    codes.append("0".repeat(-codes.length() & 7));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(stream, 0, head);
    for (int i = 0; i < codes.length(); i += 8) {
      out.write(Integer.parseInt(codes.substring(i, i + 8), 2));
    }
    out.write(stream, stream.length - 2, 2);

    assertThat(decodes(out.toByteArray(), image)).isTrue();
    assertThat(matches(out.toByteArray(), image)).isTrue();
  }

  @Test
  void thePaddingOfTheLastByteMayBeAnything() {
    FrameFormat format = new FrameFormat(3, 3, 1, 8, false);
    TestImage image = new TestImage(format, new byte[] {9, 9, 9, 9, 9, 1, 9, 9, 9}, 0);
    byte[] stream = streamOf(image, Interleave.NONE);
    int found = 0;
    for (int bit = 0; bit < 8; bit++) {
      stream[stream.length - 3] ^= (byte) (1 << bit);
      boolean decodes = decodes(stream, image);
      assertThat(matches(stream, image)).as("bit %s", bit).isEqualTo(decodes);
      found += decodes ? 1 : 0;
      stream[stream.length - 3] ^= (byte) (1 << bit);
    }
    assertThat(found).isBetween(1, 7);
  }

  @Test
  void aStreamThatIsCutOffAnywhereIsNotFound() {
    FrameFormat format = new FrameFormat(9, 11, 2, 12, true);
    byte[] raw = new byte[format.lengthBytes()];
    for (int i = 0; i < raw.length; i += 2) {
      raw[i] = (byte) (i * i * 7);
    }
    TestImage image = new TestImage(format, raw, 0);
    byte[] stream = streamOf(image, Interleave.NONE);

    for (int length = 0; length < stream.length; length++) {
      assertThat(matches(Arrays.copyOf(stream, length), image)).as("cut at %s", length).isFalse();
    }
    assertThat(matches(Arrays.copyOf(stream, stream.length + 1), image)).isTrue();
  }

  @Test
  void whatIsAskedForMustBeThere() {
    FrameFormat format = new FrameFormat(3, 3, 1, 8, false);

    assertThatThrownBy(() -> checker.matches(new byte[9], 0, 9, format, new byte[8], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> checker.matches(new byte[9], 0, 10, format, new byte[9], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private byte[] streamOf(TestImage image, Interleave interleave) {
    int length = encoder.encode(image.raw(), image.from(), image.format(), interleave);
    return Arrays.copyOf(encoder.stream(), length);
  }

  private boolean matches(byte[] stream, TestImage image) {
    return checker.matches(stream, 0, stream.length, image.format(), image.raw(), image.from());
  }

  private boolean follows(byte[] stream, TestImage image) {
    return checker.follows(stream, 0, stream.length, image.format(), image.raw(), image.from());
  }

  private boolean decodes(byte[] stream, TestImage image) {
    byte[] out = new byte[image.format().lengthBytes()];
    try {
      decoder.decode(stream, 0, stream.length, image.format(), out, 0);
    } catch (SerdabException.Damaged e) {
      return false;
    }
    return Arrays.equals(out, image.cells());
  }
}
