package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static serdab.dicom.DicomBytes.UNDEFINED;
import static serdab.dicom.DicomBytes.anInstance;
import static serdab.dicom.DicomBytes.explicitLittle;
import static serdab.dicom.DicomBytes.implicitLittle;
import static serdab.dicom.TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
import static serdab.dicom.TransferSyntax.IMPLICIT_LITTLE_ENDIAN;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Files made to take long: each has a megabyte of what costs most for each byte. All are read in
/// linear time, a fraction of a second; the limit leaves room for a busy machine.
@Timeout(30)
class HostileFilesTest {

  private static final int BYTES = 1 << 20;
  private static final int LATE_SEQUENCE = 0x00400275;

  @Test
  void manyEmptyElementsOfAmbiguousVr() throws IOException {
    DicomBytes data = anInstance(implicitLittle());
    for (int i = 0; i < BYTES / 8; i++) {
      data.tag(0x00280106).u32(0);
    }

    DicomFile file = readAll(data.inFile(IMPLICIT_LITTLE_ENDIAN));

    assertThat(file.dataSet().size()).isGreaterThan(BYTES / 8);
    assertThat(file.anomalies()).hasSize(Limits.ANOMALIES_MAX + 1);
  }

  @Test
  void manyElementsWithoutVrThatPointFarAway() throws IOException {
    DicomBytes data = anInstance(explicitLittle());
    for (int i = 0; i < BYTES / 8; i++) {
      data.tag(0x00291001).u32(BYTES / 2 + 1);
    }

    assertThat(readAll(data.inFile(EXPLICIT_LITTLE_ENDIAN)).isDicom()).isTrue();
  }

  @Test
  void manyElementsWithVrInAnImplicitFileThatPointFarAway() throws IOException {
    DicomBytes data = anInstance(implicitLittle());
    DicomBytes one = explicitLittle().header(0x00291001, Vr.LO, 0).header(0x00291002, Vr.LO, 0);
    for (int i = 0; i < BYTES / 16; i++) {
      data.raw(one);
    }

    assertThat(readAll(data.inFile(IMPLICIT_LITTLE_ENDIAN)).isDicom()).isTrue();
  }

  /// Behind the item its header would go on with the length that means "undefined".
  @Test
  void anElementWithVrWhoseHeaderItsItemCutsOff() throws IOException {
    DicomBytes data =
        anInstance(implicitLittle())
            .sequence(
                LATE_SEQUENCE,
                s ->
                    s.item(e ->
                        e.text(0x00080104, Vr.LO, "Chest")
                            .tag(0x00209113)
                            .raw((byte) 'S', (byte) 'Q', (byte) 0, (byte) 0)))
            .u32(UNDEFINED)
            .u32(0);

    DataSet read = readAll(data.inFile(IMPLICIT_LITTLE_ENDIAN)).dataSet();

    assertThat(IntStream.range(0, read.size()).mapToLong(read::valueLength))
        .hasSizeGreaterThan(7)
        .allMatch(length -> length >= 0);
  }

  @Test
  void manyItemsWithoutCharacterSets() throws IOException {
    DicomBytes data =
        anInstance(explicitLittle())
            .undefinedSequence(
                LATE_SEQUENCE,
                s -> {
                  for (int i = 0; i < BYTES / 32; i++) {
                    s.item(e -> e.text(0x00400254, Vr.LO, "é1"));
                  }
                });

    DicomFile file = readAll(data.inFile(EXPLICIT_LITTLE_ENDIAN));

    assertThat(file.dataSet().sequence(LATE_SEQUENCE)).hasSize(BYTES / 32);
    assertThat(file.anomalies()).isEmpty();
  }

  @Test
  void manyEmptyFragments() throws IOException {
    DicomBytes data = anInstance(explicitLittle()).header(Tag.PixelData, Vr.OB, UNDEFINED);
    for (int i = 0; i < BYTES / 8; i++) {
      data.tag(Tag.Item).u32(0);
    }
    data.endOfSequence();

    DicomFile file = readAll(data.inFile("1.2.840.10008.1.2.4.50"));

    DataSet dataSet = file.dataSet();
    assertThat(dataSet.fragments(dataSet.indexOf(Tag.PixelData))).hasSize(BYTES / 8);
  }

  @Test
  void manyStrayDelimiters() throws IOException {
    DicomBytes data = anInstance(explicitLittle());
    for (int i = 0; i < BYTES / 8; i++) {
      data.endOfItem();
    }

    assertThat(readAll(data.inFile(EXPLICIT_LITTLE_ENDIAN)).anomalies())
        .hasSize(Limits.ANOMALIES_MAX + 1);
  }

  @Test
  void nestingThatOpensAndClosesAtItsDeepest() throws IOException {
    DicomBytes data = anInstance(explicitLittle());
    for (int i = 0; i < Limits.DEPTH_MAX - 1; i++) {
      data.header(LATE_SEQUENCE, Vr.SQ, UNDEFINED).tag(Tag.Item).u32(UNDEFINED);
    }
    for (int i = 0; i < BYTES / 20; i++) {
      data.header(LATE_SEQUENCE, Vr.SQ, UNDEFINED).endOfSequence();
    }

    assertThat(readAll(data.inFile(EXPLICIT_LITTLE_ENDIAN)).isDicom()).isTrue();
  }

  /// Reads, and looks at everything once.
  private static DicomFile readAll(byte[] bytes) throws IOException {
    DicomFile file = DicomFile.read(ByteSource.of(bytes));
    DataSet dataSet = file.dataSet();
    long seen = 0;
    for (int i = 0; i < dataSet.size(); i++) {
      seen += dataSet.element(i).valueLength() + dataSet.stringsAt(i).size();
    }
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      List<DataSet> items = dataSet.items(i);
      for (DataSet item : items) {
        seen += item.size();
      }
    }
    assertThat(seen).isPositive();
    DicomFile.scan(ByteSource.of(bytes));
    return file;
  }
}
