package serdab.dicom.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

@Needs(Peer.SHARED_DATA)
class LosslessConversionTest {

  private static final String EXPLICIT = TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
  private static final int ICON_IMAGE_SEQUENCE = 0x00880200;

  private static byte[] real(String name) throws IOException {
    return Files.readAllBytes(SharedData.dicom().resolve(name));
  }

  private static byte[] rle() throws IOException {
    return real("odd_pydicom/test_files/MR_small_RLE.dcm");
  }

  /// Bytes written one after the other, little endian.
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes tag(int tag) {
      return number2(Tag.group(tag)).number2(Tag.element(tag));
    }

    Bytes number2(int value) {
      out.write(value);
      out.write(value >> 8);
      return this;
    }

    Bytes number4(int value) {
      return number2(value).number2(value >> 16);
    }

    Bytes text(String text) {
      out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
      return this;
    }

    Bytes us(int tag, int value) {
      return tag(tag).text("US").number2(2).number2(value);
    }

    Bytes all(byte[] bytes) {
      out.writeBytes(bytes);
      return this;
    }
  }

  /// An icon of eight pixels, in RLE like the image.
  private static byte[] icon() {
    byte[] header = new byte[64];
    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(1).putInt(64);
    return new Bytes()
        .tag(ICON_IMAGE_SEQUENCE)
        .text("SQ")
        .number2(0)
        .number4(-1)
        .tag(Tag.Item)
        .number4(-1)
        .us(Tag.SamplesPerPixel, 1)
        .tag(Tag.PhotometricInterpretation)
        .text("CS")
        .number2(12)
        .text("MONOCHROME2 ")
        .us(Tag.Rows, 2)
        .us(Tag.Columns, 4)
        .us(Tag.BitsAllocated, 8)
        .us(Tag.BitsStored, 8)
        .us(Tag.HighBit, 7)
        .us(Tag.PixelRepresentation, 0)
        .tag(Tag.PixelData)
        .text("OB")
        .number2(0)
        .number4(-1)
        .tag(Tag.Item)
        .number4(0)
        .tag(Tag.Item)
        .number4(74)
        .all(header)
        .all(new byte[] {7, 1, 2, 3, 4, 5, 6, 7, 8, 0})
        .tag(Tag.SequenceDelimitationItem)
        .number4(0)
        .tag(Tag.ItemDelimitationItem)
        .number4(0)
        .tag(Tag.SequenceDelimitationItem)
        .number4(0)
        .out
        .toByteArray();
  }

  private static byte[] withIcon(byte[] file) throws IOException {
    DataSet dataSet = ConvertedFiles.read(file).dataSet();
    int at = (int) dataSet.position(dataSet.indexOf(Tag.PixelData));
    return new Bytes()
        .all(Arrays.copyOf(file, at))
        .all(icon())
        .all(Arrays.copyOfRange(file, at, file.length))
        .out
        .toByteArray();
  }

  @Test
  void anIconIsDecodedLikeItsImage() throws Exception {
    byte[] file = withIcon(rle());
    assertThat(ConvertedFiles.read(file).anomalies()).isEmpty();

    DicomFile converted = ConvertedFiles.read(ConvertedFiles.converted(file, EXPLICIT));

    DataSet icon = converted.dataSet().sequence(ICON_IMAGE_SEQUENCE).getFirst();
    assertThat(icon.value(icon.indexOf(Tag.PixelData)).orElseThrow())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void aBitThatIsAnotherOneAfterConvertingIsNoticedWhereverItStands() throws Exception {
    byte[] file = withIcon(rle());
    LosslessConversion conversion = LosslessConversion.of(ConvertedFiles.read(file), EXPLICIT);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    conversion.write(out);
    byte[] written = out.toByteArray();
    DicomFile read = ConvertedFiles.read(written);
    int start = (int) read.dataSetOffset();

    for (int at = start; at < written.length; at += 37) {
      byte[] wrong = written.clone();
      wrong[at] ^= 0x10;

      assertThatExceptionOfType(NotConvertibleException.class)
          .as("byte " + at)
          .isThrownBy(() -> conversion.requireSame(ConvertedFiles.read(wrong)));
    }
    conversion.requireSame(read);
  }

  @Test
  void uidsAndWhatSaysHowLossyAnImageWasStay() throws Exception {
    byte[] file = real("odd_pydicom/test_files/image_dfl.dcm");
    DicomFile before = ConvertedFiles.read(file);

    DicomFile after = ConvertedFiles.read(ConvertedFiles.converted(file, EXPLICIT));

    assertThat(after.facts().sop()).isEqualTo(before.facts().sop());
    assertThat(after.facts().study()).isEqualTo(before.facts().study());
    assertThat(after.dataSet().strings(0x00282110)).isEqualTo(before.dataSet().strings(0x00282110));
  }

  @Test
  void bytesBehindTheDataSetWouldBeLostAndAreAReason() throws Exception {
    byte[] file = real("zz_derived_corrupt/trailing_garbage.dcm");

    assertThatExceptionOfType(NotConvertibleException.class)
        .isThrownBy(() -> ConvertedFiles.converted(file, TransferSyntax.IMPLICIT_LITTLE_ENDIAN))
        .withMessageContaining("bytes behind");
  }

  @Test
  void nothingLossyIsTakenWhateverItsSyntaxIsCalled() throws Exception {
    assertThat(LosslessConversion.takes("1.2.840.10008.1.2.4.50")).isFalse();
    assertThat(LosslessConversion.takes("1.2.840.10008.1.2.4.90")).isFalse();
    byte[] near = real("odd_pydicom/test_files/JPEGLSNearLossless_16.dcm");

    assertThatExceptionOfType(NotConvertibleException.class)
        .isThrownBy(() -> ConvertedFiles.converted(near, EXPLICIT))
        .withMessageContaining("near-lossless");
  }
}
