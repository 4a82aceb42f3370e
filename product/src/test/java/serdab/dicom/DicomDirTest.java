package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.PatientData;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

class DicomDirTest {

  @ParameterizedTest
  @ValueSource(strings = {"DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit"})
  @Needs(Peer.SHARED_DATA)
  void aSoundDirectoryListsTheFilesBesideIt(String name) throws IOException {
    DicomDir dir = read(folder().resolve(name));

    assertThat(dir.oddities()).isEmpty();
    DicomDir.Comparison comparison = dir.compareWith(filesIn(folder()));
    assertThat(comparison.present()).hasSize(31);
    assertThat(comparison.dangling()).isEmpty();
    assertThat(comparison.unlisted()).allMatch(path -> path.startsWith("TINY_ALPHA/"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"DICOMDIR", "DICOMDIR-reordered"})
  @Needs(Peer.SHARED_DATA)
  void recordsKnowTheirPatientStudyAndSeriesInAnyOrder(String name) throws IOException {
    for (DicomDir.Entry entry : read(folder().resolve(name)).records()) {
      if (entry.path().isEmpty()) {
        continue;
      }
      DicomFile file = file(folder().resolve(entry.path().get()));
      InstanceFacts facts = file.facts();

      assertThat(entry.sop()).isEqualTo(facts.sop());
      assertThat(entry.study()).isEqualTo(facts.study());
      assertThat(entry.series()).isEqualTo(facts.series());
      assertThat(entry.patientId()).isEqualTo(facts.patientId());
      assertThat(entry.transferSyntaxUid()).isEqualTo(facts.transferSyntaxUid());
    }
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void aDirectoryCutShortKeepsWhatIsThere() throws IOException {
    DicomDir dir = read(folder().resolve("DICOMDIR-nooffset"));

    assertThat(dir.records())
        .filteredOn(entry -> entry.path().isPresent())
        .hasSizeGreaterThan(20)
        .allMatch(entry -> !entry.study().value().isEmpty());
  }

  @Test
  void recordsToWhichNoOffsetLeadsBelongToWhatStandsBeforeThem() throws IOException {
    byte[] study = concat(record("STUDY", ""), element(Tag.StudyInstanceUID, "UI", text("1.2.34")));

    DicomDir dir = read(aDirectory(record("PATIENT", ""), study, record("IMAGE", "A\\B")));

    assertThat(dir.oddities())
        .extracting(DicomDir.Oddity::kind)
        .containsOnly(DicomDir.Oddity.Kind.UNREACHABLE);
    assertThat(dir.records().getLast().study()).isEqualTo(new StudyInstanceUid("1.2.34"));
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyDirectoryOfTheRealDataIsRead() throws IOException {
    try (Stream<Path> files = Files.walk(SharedData.dicom())) {
      List<Path> directories =
          files
              .filter(Files::isRegularFile)
              .filter(f -> f.getFileName().toString().toLowerCase(Locale.ROOT).contains("dicomdir"))
              .toList();

      assertThat(directories).hasSizeGreaterThan(8);
      for (Path directory : directories) {
        boolean isEmpty = directory.toString().endsWith("DICOMDIR-empty.dcm");
        assertThat(read(directory).records().isEmpty()).as(directory.toString()).isEqualTo(isEmpty);
      }
    }
  }

  @Test
  void referencesThatLeadOutOfTheFolderAreToldOfAndNeverFollowed() throws IOException {
    String[] escaping = {
      "..\\..\\ETC\\PASSWD", "\\ETC\\PASSWD", "A\\..\\B", "../../X", "C:\\X", "A\\.\\B", "/ABS"
    };

    for (String reference : escaping) {
      DicomDir dir = read(aDirectory(record("IMAGE", reference)));

      assertThat(dir.records()).singleElement().matches(entry -> entry.path().isEmpty(), reference);
      assertThat(dir.oddities())
          .extracting(DicomDir.Oddity::kind)
          .as(reference)
          .contains(DicomDir.Oddity.Kind.ESCAPING_REFERENCE);
    }
  }

  @Test
  void namesMatchWithoutRegardToCaseVersionsAndDotsAtTheEnd() throws IOException {
    DicomDir dir =
        read(
            aDirectory(
                record("IMAGE", "DICOM\\IM000001"),
                record("IMAGE", "DICOM\\IM000002"),
                record("IMAGE", "DICOM\\IM000003;1"),
                record("IMAGE", "DICOM\\GONE")));

    DicomDir.Comparison comparison =
        dir.compareWith(List.of("dicom/im000001", "DICOM/IM000002.;1", "DICOM/IM000003", "extra"));

    assertThat(comparison.present().values())
        .containsExactlyInAnyOrder("dicom/im000001", "DICOM/IM000002.;1", "DICOM/IM000003");
    assertThat(comparison.dangling())
        .extracting(DicomDir.Entry::path)
        .containsExactly(Optional.of("DICOM/GONE"));
    assertThat(comparison.unlisted()).containsExactly("extra");
  }

  @Test
  void offsetsThatLeadInACircleEnd() throws IOException {
    byte[] bytes = aDirectory(record("PATIENT", ""), record("STUDY", ""));
    long first = read(bytes).records().getFirst().position();
    byte[] circle =
        aDirectoryWithRoot(
            first, record("PATIENT", "", first, first), record("STUDY", "", first, 7));

    DicomDir dir = read(circle);

    assertThat(dir.records()).hasSize(2);
    assertThat(dir.oddities())
        .extracting(DicomDir.Oddity::kind)
        .contains(DicomDir.Oddity.Kind.OFFSET_TWICE, DicomDir.Oddity.Kind.UNREACHABLE);
  }

  @Test
  void patientDataDoesNotPrint() throws IOException {
    DicomDir.Entry entry =
        new DicomDir.Entry(
            "PATIENT",
            true,
            0,
            Optional.empty(),
            "",
            new SopInstanceUid(""),
            "",
            PatientData.of("secret"),
            new StudyInstanceUid(""),
            new SeriesInstanceUid(""));

    assertThat(entry.toString()).doesNotContain("secret");
  }

  private static Path folder() {
    return SharedData.dicom().resolve("odd_pydicom/test_files/dicomdirtests");
  }

  private static List<String> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .filter(path -> !path.startsWith("DICOMDIR"))
          .toList();
    }
  }

  private static DicomDir read(Path path) throws IOException {
    return read(Files.readAllBytes(path));
  }

  private static DicomDir read(byte[] bytes) throws IOException {
    return DicomDir.read(DicomFile.read(ByteSource.of(bytes)));
  }

  private static DicomFile file(Path path) throws IOException {
    return DicomFile.read(ByteSource.of(Files.readAllBytes(path)));
  }

  private static byte[] record(String type, String fileId) {
    return record(type, fileId, 0, 0);
  }

  /// An item in explicit little endian.
  private static byte[] record(String type, String fileId, long next, long lower) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(element(0x00041400, "UL", number(next)));
    out.writeBytes(element(0x00041420, "UL", number(lower)));
    out.writeBytes(element(0x00041430, "CS", text(type)));
    out.writeBytes(element(0x00041500, "CS", text(fileId)));
    return out.toByteArray();
  }

  private static byte[] concat(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }

  private static byte[] aDirectory(byte[]... records) {
    return aDirectoryWithRoot(0, records);
  }

  private static byte[] aDirectoryWithRoot(long first, byte[]... records) {
    ByteArrayOutputStream items = new ByteArrayOutputStream();
    for (byte[] record : records) {
      items.writeBytes(new byte[] {(byte) 0xFE, (byte) 0xFF, 0, (byte) 0xE0});
      items.writeBytes(number(record.length));
      items.writeBytes(record);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[128]);
    out.writeBytes(text("DICM"));
    out.writeBytes(element(0x00020002, "UI", text("1.2.840.10008.1.3.10")));
    out.writeBytes(element(0x00020010, "UI", text("1.2.840.10008.1.2.1\0")));
    out.writeBytes(element(0x00041200, "UL", number(first)));
    out.writeBytes(element(0x00041220, "SQ", items.toByteArray()));
    return out.toByteArray();
  }

  private static byte[] element(int tag, String vr, byte[] value) {
    boolean longForm = vr.equals("SQ");
    ByteBuffer out = ByteBuffer.allocate((longForm ? 12 : 8) + value.length);
    out.order(ByteOrder.LITTLE_ENDIAN).putShort((short) (tag >> 16)).putShort((short) tag);
    out.put(text(vr));
    if (longForm) {
      out.putShort((short) 0).putInt(value.length);
    } else {
      out.putShort((short) value.length);
    }
    return out.put(value).array();
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) value).array();
  }

  private static byte[] text(String text) {
    String padded = text.length() % 2 == 0 ? text : text + " ";
    return padded.getBytes(StandardCharsets.ISO_8859_1);
  }
}
