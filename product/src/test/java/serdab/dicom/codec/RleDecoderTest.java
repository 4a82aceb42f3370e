package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The rules of PS3.5 annex G, one by one.
class RleDecoderTest {

  private static byte[] stream(List<byte[]> segments) {
    ByteBuffer header = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(segments.size());
    int at = 64;
    for (byte[] segment : segments) {
      header.putInt(at);
      at += segment.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(header.array());
    segments.forEach(out::writeBytes);
    return out.toByteArray();
  }

  private static byte[] segment(int... bytes) {
    byte[] segment = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      segment[i] = (byte) bytes[i];
    }
    return segment;
  }

  private static byte[] decoded(
      List<byte[]> segments, int pixels, int samples, int bytes, boolean planar)
      throws UndecodableException {
    byte[] stream = stream(segments);
    byte[] out = new byte[pixels * samples * bytes];
    RleDecoder.decode(stream, 0, stream.length, pixels, samples, bytes, planar, out, 0);
    return out;
  }

  @Test
  void literalsRunsNothingsAndPaddingAreRead() throws UndecodableException {
    byte[] out = decoded(List.of(segment(1, 10, 11, 0x80, 0xFE, 7, 0, 9, 0)), 6, 1, 1, false);

    assertThat(out).containsExactly(10, 11, 7, 7, 7, 9);
  }

  @Test
  void theHighestByteComesFirstAndSamplesAreInTheOrderThatIsAskedFor() throws UndecodableException {
    List<byte[]> segments =
        List.of(segment(1, 1, 2), segment(1, 3, 4), segment(1, 5, 6), segment(1, 7, 8));

    assertThat(decoded(segments, 2, 2, 2, true)).containsExactly(3, 1, 4, 2, 7, 5, 8, 6);
    assertThat(decoded(segments, 2, 2, 2, false)).containsExactly(3, 1, 7, 5, 4, 2, 8, 6);
  }

  @Test
  void whatDoesNotFitIsTold() {
    for (byte[] segment :
        List.of(
            segment(1, 10, 11), // too few pixels
            segment(3, 1, 2, 3, 4, 1, 5, 6), // a run over the end
            segment(3, 1, 2, 3, 4, 5, 6), // more than padding behind it
            segment(3, 1, 2), // cut off
            segment(0xFE))) {
      assertThatExceptionOfType(UndecodableException.class)
          .isThrownBy(() -> decoded(List.of(segment), 4, 1, 1, false));
    }
    assertThatExceptionOfType(UndecodableException.class)
        .isThrownBy(() -> decoded(List.of(segment(0, 1), segment(0, 1)), 1, 1, 1, false));
  }

  @Test
  void segmentsOutsideOfTheFrameAreTold() {
    for (int offset : new int[] {0, 63, 1_000, -1}) {
      byte[] stream = stream(List.of(segment(0, 1), segment(0, 2)));
      ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN).putInt(8, offset);

      assertThatExceptionOfType(UndecodableException.class)
          .isThrownBy(
              () -> RleDecoder.decode(stream, 0, stream.length, 1, 2, 1, true, new byte[2], 0));
    }
  }
}
