package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.testing.SeededTest;

class RoundTripTest {

  private final JpegLsEncoder encoder = new JpegLsEncoder();
  private final JpegLsDecoder decoder = new JpegLsDecoder();

  @SeededTest(runs = 1500)
  void everyImageComesBack(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    Interleave interleave = Interleave.values()[random.nextInt(3)];

    int length = encoder.encode(image.raw(), image.from(), image.format(), interleave);

    assertThat(decoded(length, image)).isEqualTo(image.cells());
  }

  @SeededTest(runs = 20)
  void oneCodecServesManyFramesOneAfterTheOther(RandomGenerator random) {
    for (int i = 0; i < 10; i++) {
      TestImage image = TestImage.drawnFrom(random);

      int length = encoder.encode(image.raw(), image.from(), image.format(), Interleave.LINE);

      JpegLsEncoder fresh = new JpegLsEncoder();
      int freshLength = fresh.encode(image.raw(), image.from(), image.format(), Interleave.LINE);
      assertThat(encoder.stream()).startsWith(Arrays.copyOf(fresh.stream(), freshLength));
      assertThat(length).isEqualTo(freshLength);
      assertThat(decoded(length, image)).isEqualTo(image.cells());
    }
  }

  /// Streams stay the same from release to release: stored ones are named by their digest.
  @Test
  void theSameImagesGiveTheSameStreamsForever() throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (int seed = 0; seed < 200; seed++) {
      TestImage image = TestImage.drawnFrom(new SplittableRandom(seed));
      for (Interleave interleave : Interleave.values()) {
        int length = encoder.encode(image.raw(), image.from(), image.format(), interleave);
        digest.update(encoder.stream(), 0, length);
      }
    }

    assertThat(HexFormat.of().formatHex(digest.digest()))
        .isEqualTo("235956e269d9f52b6ccb0598814ba256b1f4669b7e204cacadd164210d26b4f6");
  }

  @Test
  void anImageOfOneValueTakesAlmostNothing() {
    FrameFormat format = new FrameFormat(1000, 1000, 1, 16, false);

    int length = encoder.encode(new byte[format.lengthBytes()], 0, format, Interleave.NONE);

    assertThat(length).isLessThan(200);
  }

  @Test
  void signedSamplesAreCodedInFewerBitsWithAnOffset() {
    byte[] raw = new byte[2 * 64 * 64];
    for (int i = 0; i < 64 * 64; i++) {
      int value = (i * 2654435 >>> 7 & 1023) - 512;
      raw[2 * i] = (byte) value;
      raw[2 * i + 1] = (byte) (value >> 8);
    }
    SampleRange range = SampleRange.of(raw, 0, raw.length, 2, true);
    FrameFormat format = new FrameFormat(64, 64, 1, range.bitsWithOffset(), false, -range.lowest());

    int length = encoder.encode(raw, 0, format, Interleave.NONE);

    assertThat(range.bitsWithOffset()).isEqualTo(10);
    byte[] out = new byte[raw.length];
    decoder.decode(encoder.stream(), 0, length, format, out, 0);
    assertThat(out).isEqualTo(raw);
  }

  @ParameterizedTest
  @CsvSource({"2, 4", "7, 128", "10, 1024", "12, 4096", "15, 32768"})
  void aSampleThatNeedsMoreBitsIsRefused(int bits, int sample) {
    FrameFormat format = new FrameFormat(3, 3, 1, bits, false);
    byte[] raw = new byte[format.lengthBytes()];
    raw[raw.length - format.bytesPerSample()] = (byte) sample;
    if (format.bytesPerSample() == 2) {
      raw[raw.length - 1] = (byte) (sample >> 8);
    }

    assertThatThrownBy(() -> encoder.encode(raw, 0, format, Interleave.NONE))
        .isInstanceOf(IllegalArgumentException.class);

    FrameFormat wider = new FrameFormat(3, 3, 1, bits + 1, false);
    byte[] cells = wider.bytesPerSample() == format.bytesPerSample() ? raw : new byte[18];
    int length = encoder.encode(cells, 0, wider, Interleave.NONE);
    byte[] out = new byte[cells.length];
    decoder.decode(encoder.stream(), 0, length, wider, out, 0);
    assertThat(out).isEqualTo(cells);
  }

  @Test
  void theRangeOfSamplesIsFound() {
    byte[] raw = {(byte) 0x80, 0x7F, 0x10, (byte) 0xFF};

    assertThat(SampleRange.of(raw, 0, 4, 1, false)).isEqualTo(new SampleRange(0x10, 0xFF));
    assertThat(SampleRange.of(raw, 0, 4, 1, true)).isEqualTo(new SampleRange(-128, 127));
    assertThat(SampleRange.of(raw, 0, 4, 2, false)).isEqualTo(new SampleRange(0x7F80, 0xFF10));
    assertThat(SampleRange.of(raw, 0, 4, 2, true)).isEqualTo(new SampleRange(-0xF0, 0x7F80));
  }

  private byte[] decoded(int length, TestImage image) {
    byte[] out = new byte[image.format().lengthBytes()];
    decoder.decode(encoder.stream(), 0, length, image.format(), out, 0);
    return out;
  }
}
