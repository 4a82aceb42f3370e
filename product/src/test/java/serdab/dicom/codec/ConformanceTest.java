package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// The images of T.87 annex E, and streams that other encoders made.
@Needs(Peer.SHARED_DATA)
class ConformanceTest {

  @ParameterizedTest
  @CsvSource({
    "t8c0e0, test8.ppm, NONE, 0",
    "t8c1e0, test8.ppm, LINE, 0",
    "t8c2e0, test8.ppm, SAMPLE, 0",
    "t8c0e3, test8.ppm, NONE, 3",
    "t8c1e3, test8.ppm, LINE, 3",
    "t8c2e3, test8.ppm, SAMPLE, 3",
    "t16e0, test16.pgm, NONE, 0",
    "t16e3, test16.pgm, NONE, 3",
    "t8nde0, test8bs2.pgm, NONE, 0",
    "t8nde3, test8bs2.pgm, NONE, 3",
    "test16_rm_5, test16.pgm, NONE, 0",
    "test8_ilv_none_rm_7, test8.ppm, NONE, 0",
    "test8_ilv_line_rm_7, test8.ppm, LINE, 0",
    "test8_ilv_sample_rm_7, test8.ppm, SAMPLE, 0",
    "test8_ilv_sample_rm_300, test8.ppm, SAMPLE, 0",
    "banny, banny.ppm, LINE, 0",
    "banny-hp1, banny.ppm, LINE, 0",
    "tulips-gray-8bit-512-512-hp-encoder, tulips-gray-8bit-512-512.pgm, NONE, 0",
  })
  void decodesTheImage(String name, String original, Interleave interleave, int near)
      throws IOException {
    byte[] stream = bytes(name + ".jls");
    Netpbm expected = Netpbm.read(SharedData.jpegLs().resolve(original));

    byte[] out = new byte[expected.raw().length];
    new JpegLsDecoder().decode(stream, 0, stream.length, expected.format(), out, 0);

    assertThat(JpegLsDecoder.info(stream, 0, stream.length))
        .isEqualTo(
            new JpegLsDecoder.Info(
                expected.format().rows(),
                expected.format().columns(),
                expected.format().samplesPerPixel(),
                expected.format().bitsPerSample(),
                near,
                interleave));
    assertThat(largestDifference(out, expected)).isEqualTo(near);
    assertThat(
            new JpegLsChecker()
                .matches(stream, 0, stream.length, expected.format(), expected.raw(), 0))
        .isEqualTo(near == 0);
  }

  @Test
  void decodesNearLosslessExactlyAsTheReferenceDid() throws IOException {
    byte[] stream = bytes("t16e3.jls");
    Netpbm expected = Netpbm.read(SharedData.jpegLs().resolve("t16e3.pgm"));

    byte[] out = new byte[expected.raw().length];
    new JpegLsDecoder().decode(stream, 0, stream.length, expected.format(), out, 0);

    assertThat(out).isEqualTo(expected.raw());
  }

  @ParameterizedTest
  @CsvSource({
    "t8c0e0, test8.ppm, NONE",
    "t8c1e0, test8.ppm, LINE",
    "t8c2e0, test8.ppm, SAMPLE",
    "t16e0, test16.pgm, NONE",
  })
  void encodesToTheBytesOfTheStandard(String name, String original, Interleave interleave)
      throws IOException {
    byte[] expected = bytes(name + ".jls");
    Netpbm picture = Netpbm.read(SharedData.jpegLs().resolve(original));

    JpegLsEncoder encoder = new JpegLsEncoder();
    int length = encoder.encode(picture.raw(), 0, picture.format(), interleave);

    assertThat(Arrays.copyOf(encoder.stream(), length)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"t8sse0, 0", "t8sse3, 3"})
  void decodesComponentsOfDifferentSize(String name, int near) throws IOException {
    byte[] stream = bytes(name + ".jls");
    Netpbm[] expected = {
      Netpbm.read(SharedData.jpegLs().resolve("test8r.pgm")),
      Netpbm.read(SharedData.jpegLs().resolve("test8gr4.pgm")),
      Netpbm.read(SharedData.jpegLs().resolve("test8bs2.pgm"))
    };
    byte[][] planes = new byte[3][];
    for (int j = 0; j < 3; j++) {
      planes[j] = new byte[expected[j].raw().length];
    }

    StreamReader reader = new StreamReader(stream, 0, stream.length);
    new JpegLsDecoder()
        .scans(
            reader,
            reader.nextScan(),
            stream,
            stream.length,
            (component, row, line, columns) -> {
              for (int i = 0; i < columns; i++) {
                planes[component][row * columns + i] = (byte) line[i + 1];
              }
            });

    for (int j = 0; j < 3; j++) {
      assertThat(largestDifference(planes[j], expected[j])).as("component %s", j).isEqualTo(near);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "16-bit-640-480-many-dots.pgm",
        "2bit_parrot_150x200.pgm",
        "4bit-monochrome.pgm",
        "tulips-gray-8bit-512-512.pgm",
        "test8.ppm"
      })
  void takesAPictureThereAndBack(String name) throws IOException {
    Netpbm picture = Netpbm.read(SharedData.jpegLs().resolve(name));
    JpegLsEncoder encoder = new JpegLsEncoder();

    int length = encoder.encode(picture.raw(), 0, picture.format(), Interleave.LINE);

    byte[] out = new byte[picture.raw().length];
    new JpegLsDecoder().decode(encoder.stream(), 0, length, picture.format(), out, 0);
    assertThat(out).isEqualTo(picture.raw());
    assertThat(length).isLessThan(picture.raw().length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ff_in_entropy_data.jls",
        "fuzzy-input-bad-run-mode-golomb-code.jls",
        "fuzzy-input-no-valid-bits-at-the-end.jls",
        "fuzzy_input_golomb_16.jls",
        "no_start_byte_after_encoded_scan.jls"
      })
  void saysThatADamagedStreamIsDamaged(String name) throws IOException {
    byte[] stream = bytes(name);

    assertThatThrownBy(() -> decodeAsItSays(stream))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageStartingWith("jpeg-ls-");
  }

  private static void decodeAsItSays(byte[] stream) {
    JpegLsDecoder.Info info = JpegLsDecoder.info(stream, 0, stream.length);
    FrameFormat format =
        new FrameFormat(
            info.rows(), info.columns(), info.samplesPerPixel(), info.bitsPerSample(), false);
    new JpegLsDecoder().decode(stream, 0, stream.length, format, new byte[format.lengthBytes()], 0);
  }

  private static byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(SharedData.jpegLs().resolve(name));
  }

  private static int largestDifference(byte[] out, Netpbm expected) {
    int cell = expected.format().bytesPerSample();
    int largest = 0;
    for (int i = 0; i < out.length; i += cell) {
      largest = Math.max(largest, Math.abs(sample(out, i, cell) - sample(expected.raw(), i, cell)));
    }
    return largest;
  }

  private static int sample(byte[] bytes, int at, int cell) {
    return (bytes[at] & 0xFF) | (cell == 1 ? 0 : (bytes[at + 1] & 0xFF) << 8);
  }
}
