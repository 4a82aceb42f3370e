package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileMeta;
import serdab.testing.SeededTest;

class PaddedSourceTest {

  private static final String EXPLICIT = "1.2.840.10008.1.2.1";

  private static byte[] file(String syntax, byte[]... elements) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(FileMeta.header("1.2.3", "1.2.3.4", syntax, "TEST"));
    Arrays.stream(elements).forEach(out::writeBytes);
    return out.toByteArray();
  }

  private static ByteBuffer header(ByteOrder order, int tag) {
    return ByteBuffer.allocate(64)
        .order(order)
        .putShort((short) (tag >>> 16))
        .putShort((short) tag);
  }

  private static byte[] bytes(ByteBuffer all) {
    byte[] bytes = new byte[all.position()];
    all.flip().get(bytes);
    return bytes;
  }

  private static byte[] shortForm(ByteOrder order, int tag, String vr, String value) {
    return bytes(
        header(order, tag)
            .put(vr.getBytes(StandardCharsets.US_ASCII))
            .putShort((short) value.length())
            .put(value.getBytes(StandardCharsets.US_ASCII)));
  }

  private static byte[] longForm(int tag, String vr, byte[] value) {
    return bytes(
        header(ByteOrder.LITTLE_ENDIAN, tag)
            .put(vr.getBytes(StandardCharsets.US_ASCII))
            .putShort((short) 0)
            .putInt(value.length)
            .put(value));
  }

  private static byte[] implicit(int tag, String value) {
    return bytes(
        header(ByteOrder.LITTLE_ENDIAN, tag)
            .putInt(value.length())
            .put(value.getBytes(StandardCharsets.US_ASCII)));
  }

  /// The whole file as it is sent, read in pieces.
  private static byte[] sent(byte[] file, int piece) throws IOException {
    DicomFile index = DicomFile.read(ByteSource.of(file));
    OutgoingInstance instance = OutgoingInstance.of(index, ByteSource.of(file)).even(index);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(file, 0, (int) instance.offset());
    long at = instance.offset();
    ByteBuffer part = ByteBuffer.allocate(piece);
    while (instance.source().read(at, part.clear()) > 0) {
      out.write(part.array(), 0, part.position());
      at += part.position();
    }
    assertThat(at - instance.offset()).isEqualTo(instance.lengthBytes());
    return out.toByteArray();
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().orElseThrow().hex();
  }

  private static final byte[] ID = shortForm(ByteOrder.LITTLE_ENDIAN, 0x00100020, "LO", "ID");

  @Test
  void theLastValueIsPaddedInEachForm() throws IOException {
    byte[] text = file(EXPLICIT, ID, shortForm(ByteOrder.LITTLE_ENDIAN, 0x00104000, "LT", "odd"));
    byte[] pixels = file(EXPLICIT, ID, longForm(0x7FE00010, "OB", new byte[] {1, 2, 3}));
    byte[] implicit =
        file("1.2.840.10008.1.2", implicit(0x00100020, "ID"), implicit(0x00104000, "odd"));
    byte[] big =
        file(
            "1.2.840.10008.1.2.2",
            shortForm(ByteOrder.BIG_ENDIAN, 0x00100020, "LO", "ID"),
            shortForm(ByteOrder.BIG_ENDIAN, 0x00104000, "LT", "odd"));

    assertThat(sent(text, 100))
        .isEqualTo(
            file(EXPLICIT, ID, shortForm(ByteOrder.LITTLE_ENDIAN, 0x00104000, "LT", "odd ")));
    assertThat(sent(pixels, 100))
        .isEqualTo(file(EXPLICIT, ID, longForm(0x7FE00010, "OB", new byte[] {1, 2, 3, 0})));
    assertThat(sent(implicit, 100))
        .isEqualTo(
            file("1.2.840.10008.1.2", implicit(0x00100020, "ID"), implicit(0x00104000, "odd ")));
    assertThat(sent(big, 100))
        .isEqualTo(
            file(
                "1.2.840.10008.1.2.2",
                shortForm(ByteOrder.BIG_ENDIAN, 0x00100020, "LO", "ID"),
                shortForm(ByteOrder.BIG_ENDIAN, 0x00104000, "LT", "odd ")));
  }

  @Test
  void noValueIsAnotherOneForThat() throws IOException {
    byte[] pixels = file(EXPLICIT, ID, longForm(0x7FE00010, "OB", new byte[] {1, 2, 3}));

    assertThat(canonical(sent(pixels, 100))).isEqualTo(canonical(pixels));
  }

  @SeededTest(runs = 30)
  void itDoesNotMatterInWhichPiecesItIsRead(RandomGenerator random) throws IOException {
    byte[] pixels = file(EXPLICIT, ID, longForm(0x7FE00010, "OB", new byte[] {1, 2, 3}));

    assertThat(sent(pixels, 1 + random.nextInt(40))).isEqualTo(sent(pixels, 1000));
  }

  @Test
  void whatIsEvenOrOddElsewhereStaysAsItIs() throws IOException {
    byte[] even = file(EXPLICIT, ID, longForm(0x7FE00010, "OB", new byte[] {1, 2}));
    byte[] elsewhere =
        file(
            EXPLICIT,
            shortForm(ByteOrder.LITTLE_ENDIAN, 0x00100020, "LO", "odd"),
            longForm(0x7FE00010, "OB", new byte[] {1, 2}));

    assertThat(sent(even, 100)).isEqualTo(even);
    assertThat(sent(elsewhere, 100)).isEqualTo(elsewhere);
  }
}
