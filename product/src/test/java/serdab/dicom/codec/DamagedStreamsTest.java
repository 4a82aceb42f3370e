package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.SerdabException;
import serdab.testing.SeededTest;

/// Damage ends in a problem: in no other exception, and in no work or memory beyond what the frame
/// that is expected allows.
class DamagedStreamsTest {

  private static final FrameFormat FORMAT = new FrameFormat(20, 30, 1, 16, false);
  private static final FrameFormat COLOUR = new FrameFormat(20, 30, 3, 8, false);

  private final JpegLsDecoder decoder = new JpegLsDecoder();

  /// Offsets: SOI 0, SOF55 2 (length 4, bits 6, rows 7, columns 9, components 11, id 12, sampling
  /// 13), LSE 15 (length 17, kind 19, MAXVAL 20, T1 22, T2 24, T3 26, RESET 28), SOS 30 (length 32,
  /// components 34, id 35, table 36, NEAR 37, ILV 38, transform 39), codes from 40 on.
  @ParameterizedTest
  @CsvSource({
    "0, 00",
    "1, 00",
    "1, D9",
    "2, 00",
    "2, FE",
    "3, C0",
    "3, C3",
    "3, D9",
    "3, D0",
    "3, 01",
    "4, FF",
    "5, 00",
    "5, 01",
    "5, 0C",
    "6, 00",
    "6, 01",
    "6, 11",
    "6, FF",
    "6, 0C",
    "7, 01",
    "8, 00",
    "8, 13",
    "8, 15",
    "9, FF",
    "10, 00",
    "10, 1D",
    "11, 00",
    "11, 02",
    "11, FF",
    "12, 07",
    "13, 00",
    "13, 50",
    "13, 15",
    "16, F7",
    "16, DC",
    "16, C4",
    "17, FF",
    "18, 01",
    "18, 02",
    "18, 03",
    "19, 00",
    "19, 02",
    "19, 03",
    "19, 04",
    "19, 0A",
    "20, 00",
    "22, FF",
    "25, 01",
    "26, 00",
    "28, FF",
    "29, 02",
    "31, D9",
    "32, FF",
    "33, 07",
    "34, 00",
    "34, 02",
    "34, 05",
    "35, 02",
    "36, 01",
    "37, FF",
    "38, 03",
    "39, 01",
    "40, FFFF",
    "40, FF90",
    "45, FFD0"
  })
  void aChangedByteIsNoticed(int at, String hex) {
    byte[] stream = stream(FORMAT, Interleave.NONE);
    byte[] original = stream.clone();
    for (int i = 0; i < hex.length() / 2; i++) {
      stream[at + i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    }
    assertThat(stream).isNotEqualTo(original);

    assertThatThrownBy(() -> decode(stream, stream.length, FORMAT))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageStartingWith("jpeg-ls-");
  }

  @Test
  void aStreamThatIsCutOffAnywhereIsNoticed() {
    byte[] stream = stream(COLOUR, Interleave.LINE);

    for (int length = 0; length < stream.length; length++) {
      int end = length;
      assertThatThrownBy(() -> decode(stream, end, COLOUR))
          .as("cut at %s", length)
          .isInstanceOf(SerdabException.Damaged.class);
    }
  }

  @Test
  void whatStandsBehindTheEndIsPassedOver() {
    byte[] stream = stream(FORMAT, Interleave.NONE);
    byte[] padded = Arrays.copyOf(stream, stream.length + 1);

    assertThat(decode(padded, padded.length, FORMAT))
        .isEqualTo(decode(stream, stream.length, FORMAT));
  }

  @Test
  void aStreamOfAnotherFormatIsNotDecoded() {
    byte[] stream = stream(FORMAT, Interleave.NONE);

    for (FrameFormat other :
        new FrameFormat[] {
          new FrameFormat(21, 30, 1, 16, false),
          new FrameFormat(20, 29, 1, 16, false),
          new FrameFormat(20, 30, 2, 16, false),
          new FrameFormat(20, 30, 1, 12, false)
        }) {
      assertThatThrownBy(() -> decode(stream, stream.length, other))
          .isInstanceOf(SerdabException.Damaged.class)
          .hasMessageContaining("of another format than its frame");
    }
  }

  @Test
  void aComponentThatComesTwiceOrNeverIsNoticed() {
    byte[] stream = stream(COLOUR, Interleave.NONE);
    int second = indexOf(stream, 0xDA, indexOf(stream, 0xDA, 0) + 1);
    stream[second + 4] = 1;

    assertThatThrownBy(() -> decode(stream, stream.length, COLOUR))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("two scans of one component");

    byte[] cut = Arrays.copyOf(stream(COLOUR, Interleave.NONE), second + 1);
    cut[second] = (byte) 0xD9;
    assertThatThrownBy(() -> decode(cut, cut.length, COLOUR))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("a component is missing");
  }

  @Test
  void aTinyStreamThatClaimsAHugeImageTakesNoMemory() {
    byte[] stream = new byte[64];
    byte[] head = stream(new FrameFormat(1, 1, 1, 8, false), Interleave.NONE);
    System.arraycopy(head, 0, stream, 0, head.length);
    Arrays.fill(stream, 7, 11, (byte) 0xFF);

    JpegLsDecoder.Info info = JpegLsDecoder.info(stream, 0, stream.length);

    assertThat(info.rows()).isEqualTo(65535);
    assertThat(info.columns()).isEqualTo(65535);
    assertThatThrownBy(() -> decode(stream, stream.length, FORMAT))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @SeededTest(runs = 1500)
  void whateverHappensToAStreamItIsDecodedOrDamaged(RandomGenerator random) {
    TestImage image = TestImage.drawnFrom(random);
    JpegLsEncoder encoder = new JpegLsEncoder();
    int length =
        encoder.encode(image.raw(), image.from(), image.format(), Interleave.of(random.nextInt(3)));
    byte[] stream = Mutation.of(Arrays.copyOf(encoder.stream(), length), random);
    byte[] out = new byte[image.format().lengthBytes()];

    boolean decoded;
    try {
      decoder.decode(stream, 0, stream.length, image.format(), out, 0);
      decoded = true;
    } catch (SerdabException.Damaged damaged) {
      decoded = false;
      assertThat(damaged.problem().code()).startsWith("jpeg-ls-");
    }

    // A decoder that met damage decodes the next frame as a new one does.
    length = encoder.encode(image.raw(), image.from(), image.format(), Interleave.LINE);
    byte[] again = new byte[out.length];
    decoder.decode(encoder.stream(), 0, length, image.format(), again, 0);
    assertThat(again).as("after damage, decoded: %s", decoded).isEqualTo(image.cells());
  }

  private static byte[] stream(FrameFormat format, Interleave interleave) {
    byte[] raw = new byte[format.lengthBytes()];
    int state = 1;
    for (int i = 0; i < raw.length; i++) {
      state = state * 1103515245 + 12345;
      raw[i] = (byte) (state >>> 16);
    }
    JpegLsEncoder encoder = new JpegLsEncoder();
    int length = encoder.encode(raw, 0, format, interleave);
    return Arrays.copyOf(encoder.stream(), length);
  }

  private byte[] decode(byte[] stream, int length, FrameFormat format) {
    byte[] out = new byte[format.lengthBytes()];
    decoder.decode(stream, 0, length, format, out, 0);
    return out;
  }

  /// Where the byte stands that comes after a byte of ones.
  private static int indexOf(byte[] stream, int marker, int from) {
    for (int i = Math.max(1, from); i < stream.length; i++) {
      if (stream[i - 1] == (byte) 0xFF && stream[i] == (byte) marker) {
        return i;
      }
    }
    throw new IllegalStateException("no such marker");
  }
}
