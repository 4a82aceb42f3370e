package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;

class MediaDirectoryTest {

  private static final String CT = "1.2.840.10008.5.1.4.1.1.2";

  @TempDir Path temp;

  private final MediaDirectory directory = new MediaDirectory();
  private int made;

  @Test
  void itsOffsetsAndNamesAreReadBackWithoutOddities() throws IOException {
    List<String> paths = new ArrayList<>();
    for (String study : List.of("1.2.1", "1.2.2", "1.2.1")) {
      paths.add(listed(instance(study, study + ".1", CT)));
      paths.add(listed(instance(study, study + ".2", CT)));
    }

    DicomDir read = written();

    assertThat(read.oddities()).isEmpty();
    DicomDir.Comparison comparison = read.compareWith(paths);
    assertThat(comparison.present()).hasSize(6);
    assertThat(comparison.dangling()).isEmpty();
    assertThat(comparison.unlisted()).isEmpty();
    assertThat(read.records()).hasSize(1 + 2 + 4 + 6);
    assertThat(read.records().getLast().study()).isEqualTo(new StudyInstanceUid("1.2.2"));
    assertThat(paths)
        .startsWith("DICOM/PT000001/ST000001/SE000001/IM000001")
        .allMatch(path -> path.matches("([A-Z0-9_]{1,8}/){0,7}[A-Z0-9_]{1,8}"));
  }

  @ParameterizedTest
  @CsvSource({
    "1.2.840.10008.5.1.4.1.1.2, IMAGE",
    "1.2.840.10008.5.1.4.1.1.66.4, IMAGE",
    "1.2.840.10008.5.1.4.1.1.481.1, IMAGE",
    "1.2.840.10008.5.1.4.1.1.481.2, RT DOSE",
    "1.2.840.10008.5.1.4.1.1.481.3, RT STRUCTURE SET",
    "1.2.840.10008.5.1.4.1.1.481.5, RT PLAN",
    "1.2.840.10008.5.1.4.1.1.481.8, RT PLAN",
    "1.2.840.10008.5.1.4.1.1.481.9, RT TREAT RECORD",
    "1.2.840.10008.5.1.4.1.1.11.1, PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.88.11, SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.88.33, SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.88.59, KEY OBJECT DOC",
    "1.2.840.10008.5.1.4.1.1.104.1, ENCAP DOC",
    "1.2.840.10008.5.1.4.1.1.9.1.1, WAVEFORM",
    "1.2.840.10008.5.1.4.1.1.4.2, SPECTROSCOPY",
    "1.2.840.10008.5.1.4.1.1.66, RAW DATA",
    "1.2.840.10008.5.1.4.1.1.66.1, REGISTRATION",
    "1.2.840.10008.5.1.4.1.1.66.2, FIDUCIAL",
    "1.2.840.10008.5.1.4.1.1.66.5, SURFACE",
    "1.2.840.10008.5.1.4.1.1.67, VALUE MAP"
  })
  void eachSopClassHasTheRecordOfItsKind(String sopClass, String type) throws IOException {
    listed(instance("1.2.3", "1.2.3.4", sopClass));

    DicomDir read = written();

    assertThat(read.records().getLast().type()).isEqualTo(type);
    assertThat(read.records().getLast().sopClassUid()).isEqualTo(sopClass);
    assertThat(read.oddities()).isEmpty();
  }

  @Test
  void aHangingProtocolBelongsToNoPatient() throws IOException {
    listed(instance("1.2.3", "1.2.3.4", "1.2.840.10008.5.1.4.38.1"));

    DicomDir read = written();

    assertThat(read.records()).hasSize(1);
    assertThat(read.records().getFirst().type()).isEqualTo("HANGING PROTOCOL");
  }

  @Test
  void whatARecordHasToHaveAndAFileHasNotIsMadeUpAndToldOf() throws IOException {
    DicomBytes bare = DicomBytes.anInstance(DicomBytes.explicitLittle());

    MediaDirectory.Added added = add(bare.inFile(TransferSyntax.EXPLICIT_LITTLE_ENDIAN));

    assertThat(((MediaDirectory.Added.Listed) added).madeUp())
        .contains(
            Tag.PatientID,
            Tag.StudyDate,
            Tag.StudyTime,
            Tag.StudyID,
            Tag.SeriesNumber,
            Tag.InstanceNumber)
        .doesNotContain(Tag.Modality, Tag.StudyInstanceUID);
    DataSet study = records().get(1);
    assertThat(study.string(Tag.StudyDate)).contains("19000101");
    assertThat(study.string(Tag.StudyID)).contains("1");
    assertThat(study.indexOf(Tag.AccessionNumber)).isNotNegative();
  }

  @Test
  void namesAreRepeatedByteForByteInTheirCharacterSet() throws IOException {
    byte[] name = {(byte) 0xC4, (byte) 0xE9, '^', (byte) 0xD0};
    byte[] file =
        writtenFile(writer ->
            writer
                .text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 144")
                .bytes(Tag.PatientName, Vr.PN, name)
                .text(Tag.PatientID, Vr.LO, "4711"));

    add(file);

    DataSet patient = records().getFirst();
    assertThat(patient.value(patient.indexOf(Tag.PatientName)))
        .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(name));
    assertThat(patient.string(Tag.SpecificCharacterSet)).contains("ISO_IR 144");
  }

  @Test
  void datesOfTheOldFormAreWrittenInTheNew() throws IOException {
    add(
        writtenFile(writer ->
            writer
                .text(Tag.StudyDate, Vr.DA, "1997.04.24")
                .text(Tag.StudyTime, Vr.TM, "14:04:38")));

    assertThat(records().get(1).string(Tag.StudyDate)).contains("19970424");
    assertThat(records().get(1).string(Tag.StudyTime)).contains("140438");
  }

  @Test
  void whatCannotBeListedIsRefusedWithAReason() throws IOException {
    byte[] good = instance("1.2.3", "1.2.3.4", CT);
    String first = listed(good);

    assertThat(refused(good)).contains("listed already");
    assertThat(refused("no DICOM at all".getBytes(StandardCharsets.UTF_8))).contains("no DICOM");
    assertThat(refused(DicomBytes.anInstance(DicomBytes.explicitLittle()).bytes()))
        .contains("File Meta Information");
    assertThat(refused(writtenFile("1.2.9x", "1.2.3", CT, writer -> {}))).contains("UIDs");
    assertThat(refused(writtenFile("1.2.10", "", CT, writer -> {}))).contains("no study");
    assertThat(refused(writtenFile("1.2.11", "1.2.3", "1.2.3.999", writer -> {})))
        .contains("no kind of directory record");
    assertThat(refused(bytesOfDirectory())).contains("directory of another file-set");
    assertThat(first).isEqualTo("DICOM/PT000001/ST000001/SE000001/IM000001");
  }

  @Test
  @Needs({Peer.SHARED_DATA, Peer.DCMTK, Peer.PYDICOM})
  void everyRealFileIsListedOrRefusedAndOtherReadersAcceptTheDirectory() throws Exception {
    int files = 0;
    int listed = 0;
    Set<String> reasons = new TreeSet<>();
    try (Stream<Path> all = Files.walk(SharedData.dicom())) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        files++;
        try (FileChannel channel = FileChannel.open(file)) {
          switch (directory.add(DicomFile.scan(ByteSource.of(channel)))) {
            case MediaDirectory.Added.Listed named -> {
              listed++;
              Path link = temp.resolve(named.path());
              Files.createDirectories(link.getParent());
              Files.createSymbolicLink(link, file.toAbsolutePath());
            }
            case MediaDirectory.Added.NotListed not -> reasons.add(not.reason());
          }
        }
      }
    }
    Path written = Files.write(temp.resolve("DICOMDIR"), bytesOfDirectory());

    assertThat(listed).isGreaterThan(500).isLessThan(files);
    assertThat(reasons)
        .containsExactlyInAnyOrder(
            "Another file with its SOP Instance UID is listed already.",
            "It does not say which SOP instance, or of which class, it is.",
            "It has no File Meta Information, which files on media have to have.",
            "It is no DICOM file.",
            "It names no study or no series.",
            "It is the directory of another file-set.",
            "One of its UIDs has characters that no UID has.");
    assertThat(DicomDir.read(DicomFile.read(ByteSource.of(Files.readAllBytes(written)))).oddities())
        .isEmpty();
    assertThat(run("dcmdump", "-q", written.toString())).doesNotContain("E: ");
    assertThat(run(Python.withPydicom(), "-W", "ignore", "-c", LOADS_ALL, written.toString()))
        .isEqualTo(listed + "\n");
  }

  private static final String LOADS_ALL =
      """
      import sys
      from pydicom import fileset
      # A kind of record that is younger than some releases of pydicom.
      fileset._PREFIXES.setdefault('ANNOTATION', 'AN')
      count = 0
      for instance in fileset.FileSet(sys.argv[1]):
          instance.load()
          count += 1
      print(count)
      """;

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    process.waitFor();
    return printed;
  }

  // ---- files

  @FunctionalInterface
  private interface Elements {
    void write(DicomWriter writer) throws IOException;
  }

  private byte[] instance(String study, String series, String sopClass) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String sop = "1.2.7." + ++made;
    DicomWriter.begin(out, sopClass, sop)
        .uid(Tag.SOPClassUID, sopClass)
        .uid(Tag.SOPInstanceUID, sop)
        .text(Tag.Modality, Vr.CS, "OT")
        .text(Tag.PatientName, Vr.PN, "Doe^Jane")
        .text(Tag.PatientID, Vr.LO, "4711")
        .uid(Tag.StudyInstanceUID, study)
        .uid(Tag.SeriesInstanceUID, series)
        .end();
    return out.toByteArray();
  }

  private byte[] writtenFile(Elements patient) throws IOException {
    return writtenFile("1.2.7." + ++made, "1.2.3", CT, patient);
  }

  private static byte[] writtenFile(String sop, String study, String sopClass, Elements elements)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DicomWriter writer = DicomWriter.begin(out, sopClass, sop);
    elements.write(writer);
    if (!study.isEmpty()) {
      writer.uid(Tag.StudyInstanceUID, study).uid(Tag.SeriesInstanceUID, study + ".1");
    }
    writer.end();
    return out.toByteArray();
  }

  private MediaDirectory.Added add(byte[] file) throws IOException {
    return directory.add(DicomFile.scan(ByteSource.of(file)));
  }

  private String listed(byte[] file) throws IOException {
    return ((MediaDirectory.Added.Listed) add(file)).path();
  }

  private String refused(byte[] file) throws IOException {
    return ((MediaDirectory.Added.NotListed) add(file)).reason();
  }

  private byte[] bytesOfDirectory() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    directory.write(out, "TEST", "2.25.1");
    return out.toByteArray();
  }

  private List<DataSet> records() throws IOException {
    return DicomFile.read(ByteSource.of(bytesOfDirectory()))
        .dataSet()
        .sequence(Tag.DirectoryRecordSequence);
  }

  private DicomDir written() throws IOException {
    return DicomDir.read(DicomFile.read(ByteSource.of(bytesOfDirectory())));
  }
}
