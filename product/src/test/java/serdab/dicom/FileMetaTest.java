package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FileMetaTest {

  @Test
  void aHeaderInFrontOfADataSetMakesAFileWithoutOddities() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(
        FileMeta.header("1.2.840.10008.5.1.4.1.1.7", "1.2.3", "1.2.840.10008.1.2.1", "PACS"));
    int headerBytes = file.size();
    file.writeBytes(element(8, 0x16, "1.2.840.10008.5.1.4.1.1.7\0"));
    file.writeBytes(element(8, 0x18, "1.2.3\0"));
    file.writeBytes(element(0x20, 0x0D, "1.2.4\0"));
    file.writeBytes(element(0x20, 0x0E, "1.2.5\0"));

    DicomFile read = DicomFile.read(ByteSource.of(file.toByteArray()));

    assertThat(read.anomalies()).isEmpty();
    assertThat(read.dataSetOffset()).isEqualTo(headerBytes);
    assertThat(read.transferSyntax().uid()).isEqualTo("1.2.840.10008.1.2.1");
    assertThat(read.fileMeta().string(Tag.MediaStorageSOPInstanceUID)).contains("1.2.3");
    assertThat(read.fileMeta().string(Tag.SourceApplicationEntityTitle)).contains("PACS");
    assertThat(read.facts().sop().value()).isEqualTo("1.2.3");
  }

  @Test
  void withoutATitleOfTheSenderThereIsNoSuchElement() throws IOException {
    byte[] header = FileMeta.header("1.2", "1.2.3", "1.2.840.10008.1.2", "");

    DicomFile read = DicomFile.read(ByteSource.of(header));

    assertThat(read.fileMeta().indexOf(Tag.SourceApplicationEntityTitle)).isEqualTo(-1);
  }

  private static byte[] element(int group, int element, String value) {
    byte[] bytes = ("........" + value).getBytes(StandardCharsets.US_ASCII);
    bytes[0] = (byte) group;
    bytes[1] = 0;
    bytes[2] = (byte) element;
    bytes[3] = 0;
    bytes[4] = 'U';
    bytes[5] = 'I';
    bytes[6] = (byte) value.length();
    bytes[7] = 0;
    return bytes;
  }
}
