package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;

class DicomWriterTest {

  private static final String SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
  private static final String INSTANCE = "1.2.3.4.5";
  private static final String LONG_TEXT = "line\r\nä\\ü";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @TempDir Path temp;

  @Test
  void whatWasWrittenIsReadBackWithoutOddities() throws IOException {
    DicomFile file = read(everyKindOfElement());

    assertThat(oddities(file)).isEmpty();
    DataSet meta = file.fileMeta();
    assertThat(meta.number(Tag.FileMetaInformationGroupLength))
        .contains(file.dataSetOffset() - 128 - 4 - 12);
    assertThat(meta.string(Tag.MediaStorageSOPClassUID)).contains(SECONDARY_CAPTURE);
    assertThat(meta.string(Tag.MediaStorageSOPInstanceUID)).contains(INSTANCE);
    assertThat(meta.string(Tag.TransferSyntaxUID)).contains(TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
    assertThat(meta.string(Tag.ImplementationClassUID).orElseThrow())
        .startsWith("2.25.")
        .matches(Uids::isValid);
    assertThat(meta.string(Tag.ImplementationVersionName)).contains("SERDAB");
    DataSet data = file.dataSet();
    assertThat(data.strings(Tag.ImageType)).containsExactly("DERIVED", "SECONDARY");
    assertThat(data.string(Tag.PatientName)).contains("Müller^Ånne=山田");
    assertThat(data.string(Tag.PatientID)).isEmpty();
    assertThat(data.indexOf(Tag.PatientID)).isNotNegative();
    assertThat(data.string(0x00204000)).contains(LONG_TEXT);
    assertThat(data.number(Tag.Rows)).contains(65_535L);
    assertThat(data.value(data.indexOf(Tag.PixelData)))
        .hasValueSatisfying(bytes -> assertThat(bytes).containsExactly(1, 2, 3, 0));
    List<DataSet> items = data.sequence(0x00081115);
    assertThat(items).hasSize(2);
    assertThat(items.getFirst().sequence(0x00081199).getFirst().string(0x00081155))
        .contains("1.2.99");
    assertThat(items.getLast().isEmpty()).isTrue();
  }

  @Test
  void thePositionIsWhereTheNextBytesGo() throws IOException {
    DicomWriter writer = DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE);
    writer.beginSequence(0x00081115);
    long first = writer.positionBytes();
    writer.beginItem().uid(Tag.SeriesInstanceUID, "1.2").endItem();
    // Longer than any buffer, so that some of it went to the stream long ago.
    writer.beginItem().bytes(0x00420011, Vr.OB, new byte[100_001]).endItem();
    long third = writer.positionBytes();
    writer.beginItem().endItem().endSequence().end();

    DicomFile file = read(out.toByteArray());
    List<DataSet> items = file.dataSet().sequence(0x00081115);
    assertThat(items.get(0).position()).isEqualTo(first);
    assertThat(items.get(2).position()).isEqualTo(third);
    assertThat(writer.positionBytes()).isEqualTo(out.size());
    assertThat(oddities(file)).isEmpty();
  }

  @Test
  void tagsThatDoNotAscendAreRefused() throws IOException {
    DicomWriter writer = DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE);
    writer.text(Tag.Modality, Vr.CS, "OT").beginSequence(0x00081115).beginItem();

    // An item starts again from the lowest tag; what stands around it is where it was.
    writer.text(Tag.Modality, Vr.CS, "CT").endItem().endSequence();
    assertThatThrownBy(() -> writer.text(Tag.Modality, Vr.CS, "MR"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(0008,0060)")
        .hasMessageContaining("(0008,1115)");
    assertThatThrownBy(() -> writer.beginSequence(0x00081115))
        .isInstanceOf(IllegalArgumentException.class);
    // 0xFFFC is above 0x7FE0 although it is negative as an int.
    writer.bytes(Tag.PixelData, Vr.OW, new byte[2]);
    writer.bytes(Tag.DataSetTrailingPadding, Vr.OB, new byte[2]).end();
    assertThat(oddities(read(out.toByteArray()))).isEmpty();
  }

  @Test
  void aValueThatItsLengthFieldCannotHoldIsRefused() throws IOException {
    DicomWriter writer = DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE);

    writer.text(0x00081030, Vr.LO, "x".repeat(0xFFFD));
    assertThatThrownBy(() -> writer.text(0x0008103E, Vr.LO, "x".repeat(0xFFFF)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("65536");
    writer.text(0x00081040, Vr.UT, "x".repeat(0x10001)).end();

    DicomFile file = read(out.toByteArray());
    assertThat(oddities(file)).isEmpty();
    DataSet data = file.dataSet();
    assertThat(data.valueLength(data.indexOf(0x00081030))).isEqualTo(0xFFFE);
    assertThat(data.valueLength(data.indexOf(0x00081040))).isEqualTo(0x10002);
  }

  @Test
  void valuesThatTheirVrCannotHoldAreRefusedAndNeverShown() throws IOException {
    DicomWriter writer = DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE);

    assertRefused(() -> writer.text(Tag.PatientID, Vr.LO, "SECRET\\1"), "backslash");
    assertRefused(() -> writer.text(Tag.PatientID, Vr.LO, "SECRET\n1"), "control");
    assertRefused(() -> writer.text(Tag.Modality, Vr.CS, "SECRETÄ"), "ASCII");
    assertRefused(() -> writer.text(0x00204000, Vr.LT, "SECRET", "SECRET"), "one value");
    assertRefused(() -> writer.text(Tag.Rows, Vr.US, "SECRET"), "not one of text");
    assertRefused(() -> writer.numbers(Tag.Rows, Vr.US, 65_536), "does not fit");
    assertRefused(() -> writer.numbers(Tag.Rows, Vr.US, -1), "does not fit");
    assertRefused(() -> writer.numbers(Tag.Rows, Vr.CS, 1), "whole numbers");
    assertRefused(() -> writer.uid(Tag.TransferSyntaxUID, "1.2"), "not for data sets");
    assertRefused(() -> writer.bytes(Tag.Item, Vr.OB, new byte[0]), "not for data sets");
  }

  @Test
  void sequencesAndItemsCloseInTheOrderTheyWereOpened() throws IOException {
    DicomWriter writer = DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE);

    assertThatThrownBy(writer::beginItem).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(writer::endSequence).isInstanceOf(IllegalStateException.class);
    writer.beginSequence(0x00081115);
    assertThatThrownBy(writer::end).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> writer.uid(Tag.SeriesInstanceUID, "1"))
        .isInstanceOf(IllegalArgumentException.class);
    writer.endSequence().end();
    assertThatThrownBy(writer::end).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @Needs(Peer.DCMTK)
  void dcmdumpReadsIt() throws Exception {
    Path file = Files.write(temp.resolve("written.dcm"), everyKindOfElement());

    String printed = run("dcmdump", "+U8", "-q", file.toString());

    assertThat(printed)
        .contains("(0008,0008) CS [DERIVED\\SECONDARY]")
        .contains("(0008,1155) UI [1.2.99]")
        .contains("(0010,0010) PN [Müller^Ånne=山田]")
        .contains("(0028,0009) AT (0018,1063)")
        .contains("(fffe,e0dd) na (SequenceDelimitationItem)")
        .doesNotContain("E: ", "W: ");
    assertThat(run("dcmftest", file.toString())).startsWith("yes:");
  }

  @Test
  @Needs(Peer.PYDICOM)
  void pydicomReadsIt() throws Exception {
    Path file = Files.write(temp.resolve("written.dcm"), everyKindOfElement());
    String script =
        """
        import sys, warnings, pydicom
        warnings.simplefilter('error')
        ds = pydicom.dcmread(sys.argv[1])
        assert ds.PatientName == 'Müller^Ånne=山田', ds.PatientName
        assert list(ds.ImageType) == ['DERIVED', 'SECONDARY']
        assert ds.Rows == 65535 and ds.PatientID == ''
        assert ds.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == '1.2.99'
        assert ds.FrameIncrementPointer == 0x00181063
        assert ds.ImageComments == 'line\\r\\nä\\\\ü', repr(ds.ImageComments)
        assert ds[0x00091001].value == -9223372036854775808
        for element in ds.iterall():
            str(element)
        print('read')
        """;

    assertThat(run(Python.withPydicom(), "-c", script, file.toString())).isEqualTo("read\n");
  }

  private byte[] everyKindOfElement() throws IOException {
    DicomWriter.begin(out, SECONDARY_CAPTURE, INSTANCE)
        .text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192")
        .text(Tag.ImageType, Vr.CS, "DERIVED", "SECONDARY")
        .uid(Tag.SOPClassUID, SECONDARY_CAPTURE)
        .uid(Tag.SOPInstanceUID, INSTANCE)
        .text(Tag.Modality, Vr.CS, "OT")
        .beginSequence(0x00081115)
        .beginItem()
        .beginSequence(0x00081199)
        .beginItem()
        .uid(0x00081150, SECONDARY_CAPTURE)
        .uid(0x00081155, "1.2.99")
        .endItem()
        .endSequence()
        .uid(Tag.SeriesInstanceUID, "1.2.3.4")
        .endItem()
        .beginItem()
        .endItem()
        .endSequence()
        .text(0x00090010, Vr.LO, "SERDAB TEST")
        .numbers(0x00091001, Vr.SV, Long.MIN_VALUE)
        .numbers(0x00091002, Vr.UV, -1)
        .text(Tag.PatientName, Vr.PN, "Müller^Ånne=山田")
        .text(Tag.PatientID, Vr.LO)
        .text(0x00204000, Vr.LT, LONG_TEXT)
        .numbers(0x00280009, Vr.AT, 0x00181063)
        .numbers(Tag.Rows, Vr.US, 65_535)
        .numbers(0x00280106, Vr.SS, -32_768)
        .numbers(0x00720066, Vr.UL, 0xFFFF_FFFFL, 1)
        .numbers(0x0072007C, Vr.SL, Integer.MIN_VALUE)
        .bytes(Tag.PixelData, Vr.OB, new byte[] {1, 2, 3})
        .end();
    return out.toByteArray();
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String reason) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason)
        .hasMessageNotContaining("SECRET");
  }

  /// That a test's file is no whole instance is no oddity of the writing.
  private static List<Anomaly> oddities(DicomFile file) {
    return file.anomalies().stream()
        .filter(anomaly -> !anomaly.detail().endsWith("is missing or empty"))
        .toList();
  }

  private static DicomFile read(byte[] bytes) throws IOException {
    return DicomFile.read(ByteSource.of(bytes));
  }

  private static String run(String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PYTHONIOENCODING", "utf-8");
    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return printed;
  }
}
