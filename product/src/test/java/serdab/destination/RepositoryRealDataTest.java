package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import serdab.Depth;
import serdab.Sha256;
import serdab.destination.repository.Compression;
import serdab.destination.repository.Estimator;
import serdab.destination.repository.RepositoryDestination;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.StoredFile;
import serdab.dicom.Tag;
import serdab.dicom.Vr;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Real files through a repository and back.
@Needs(Peer.SHARED_DATA)
class RepositoryRealDataTest {

  private static final String CT = "ct_dcm_qa_ct";

  static List<String> sources() throws IOException {
    try (Stream<Path> folders = Files.list(SharedData.dicom())) {
      return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
    }
  }

  private static Map<String, byte[]> files(String source) throws IOException {
    Path folder = SharedData.dicom().resolve(source);
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static TestStudy study(String uid, Map<String, byte[]> files) {
    TestStudy study = TestStudy.of(uid);
    files.forEach(study::file);
    return study;
  }

  private static void assertComesBack(Destination from, HeldVersion copy, Map<String, byte[]> files)
      throws IOException {
    try (VersionReader reader = from.read(copy)) {
      assertThat(reader.version().files()).hasSize(files.size());
      for (StoredFile file : reader.version().files()) {
        byte[] read = TestStudy.read(reader, file, 0, file.lengthBytes());
        assertThat(Sha256.digest(read))
            .as(file.path())
            .isEqualTo(Sha256.digest(Objects.requireNonNull(files.get(file.path()))));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sources")
  void everyFileComesBackBitForBitWhetherItsStructureIsToldOrNot(String source) throws IOException {
    Repositories place = new Repositories();
    Map<String, byte[]> files = files(source);
    HeldVersion copy;
    try (RepositoryDestination destination = place.connect()) {
      copy = study("1.2.3", files).tellingStructure().copyTo(destination);
    }

    try (RepositoryDestination again = place.connect()) {
      assertThat(again.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
      assertComesBack(again, copy, files);

      HeldVersion untold = study("1.2.4", files).copyTo(again);

      assertComesBack(again, untold, files);
      assertThat(untold.storedBytes())
          .as("what nobody told of is cut in the same places, so only manifests are new")
          .isLessThan(copy.storedBytes() / 2);
    }
  }

  @Test
  void aFastRepositoryGivesBackTheSameBytes() throws IOException {
    Repositories place = new Repositories();
    for (String source : List.of("mr_enhanced_dcm_qa_enh", "odd_pydicom", "rt_dicompyler-core")) {
      Map<String, byte[]> files = files(source);
      try (RepositoryDestination destination = place.connect(Compression.FAST, true)) {
        HeldVersion copy = study(source, files).tellingStructure().copyTo(destination);

        assertComesBack(destination, copy, files);
      }
    }
  }

  @Test
  void anyPartOfAnyFileIsReadByItself() throws IOException {
    RandomGenerator random = new SplittableRandom(1);
    Repositories place = new Repositories();
    Map<String, byte[]> files = files("mr_heudiconv");
    files.putAll(files("odd_pydicom-data"));
    try (RepositoryDestination destination = place.connect()) {
      HeldVersion copy = study("1.2.3", files).tellingStructure().copyTo(destination);
      try (VersionReader reader = destination.read(copy)) {
        List<StoredFile> all = new ArrayList<>(reader.version().files());
        for (int i = 0; i < 200; i++) {
          StoredFile file = all.get(random.nextInt(all.size()));
          byte[] whole = Objects.requireNonNull(files.get(file.path()));
          int from = random.nextInt(whole.length + 1);
          int to = from + random.nextInt(whole.length - from + 1);

          assertThat(TestStudy.read(reader, file, from, to))
              .isEqualTo(Arrays.copyOfRange(whole, from, to));
        }
      }
    }
  }

  @Test
  void anEstimateFromASampleIsWithinATenthOfWhatTheDataFolderTakes() throws IOException {
    Map<String, byte[]> all = new TreeMap<>();
    for (String source : sources()) {
      files(source).forEach((path, bytes) -> all.put(source + "/" + path, bytes));
    }
    long total = all.values().stream().mapToLong(bytes -> bytes.length).sum();
    SizeEstimator.Estimate estimate;
    try (Estimator estimator = new Estimator(total, Compression.SMALL, 2, ZipTrees.CLOCK)) {
      for (byte[] file : all.values()) {
        OptionalLong place = estimator.place(file.length);
        if (place.isPresent()) {
          estimator.sample(place.getAsLong(), ByteSource.of(file));
        }
      }
      estimate = estimator.estimate();
    }
    try (RepositoryDestination destination = new Repositories().connect()) {
      HeldVersion copy = study("1.2.3", all).tellingStructure().copyTo(destination);

      assertThat((double) estimate.storedBytes() / copy.storedBytes()).isBetween(0.9, 1.1);
    }
  }

  // ---- what a change of headers costs

  @Test
  void renamingThePatientInEveryFileAddsNextToNothing() throws IOException {
    Repositories place = new Repositories();
    Map<String, byte[]> before = files(CT);
    Map<String, byte[]> after = new TreeMap<>();
    for (Map.Entry<String, byte[]> file : before.entrySet()) {
      after.put(file.getKey(), renamed(file.getValue(), "MARRIED^JANE^CORRECTED"));
    }
    HeldVersion first;
    long once;
    try (RepositoryDestination destination = place.connect()) {
      first = study("1.2.3", before).tellingStructure().copyTo(destination);
      destination.settle(Map.of());
      once = place.storedBytes();
    }
    HeldVersion second;
    try (RepositoryDestination destination = place.connect()) {
      second = study("1.2.3", after).supersedes(first.id()).tellingStructure().copyTo(destination);
      destination.settle(Map.of());
    }

    long added = place.storedBytes() - once;
    long raw = before.values().stream().mapToLong(bytes -> bytes.length).sum();
    assertThat(changed(before, after)).isGreaterThan(before.size() / 2L);
    assertThat(added).as("with what every run writes, whatever it copied").isLessThan(raw / 500);
    try (RepositoryDestination destination = place.connect()) {
      assertComesBack(destination, first, before);
      assertComesBack(destination, second, after);
    }
  }

  @Test
  void aReimportUnderNewUidsAddsLittle() throws IOException {
    Repositories place = new Repositories();
    Map<String, byte[]> before = files(CT);
    Map<String, byte[]> after = new TreeMap<>();
    for (Map.Entry<String, byte[]> file : before.entrySet()) {
      after.put(file.getKey(), underNewUids(file.getValue()));
    }
    long once;
    try (RepositoryDestination destination = place.connect()) {
      study("1.2.3", before).tellingStructure().copyTo(destination);
      destination.settle(Map.of());
      once = place.storedBytes();
    }
    HeldVersion second;
    try (RepositoryDestination destination = place.connect()) {
      second = study("1.2.4", after).tellingStructure().copyTo(destination);
      destination.settle(Map.of());
    }

    long added = place.storedBytes() - once;
    assertThat(changed(before, after)).isGreaterThan(before.size() / 2L);
    assertThat(added).isLessThan(once / 50);
    try (RepositoryDestination destination = place.connect()) {
      assertComesBack(destination, second, after);
    }
  }

  private static long changed(Map<String, byte[]> before, Map<String, byte[]> after) {
    return before.entrySet().stream()
        .filter(file -> !Arrays.equals(file.getValue(), after.get(file.getKey())))
        .count();
  }

  /// The file with another Patient's Name, of another length.
  private static byte[] renamed(byte[] file, String name) {
    DicomFile read = TestStudy.structure(file);
    int i = read.isDicom() ? read.dataSet().indexOf(Tag.PatientName) : -1;
    if (i < 0 || read.transferSyntax().deflated() || read.transferSyntax().bigEndian()) {
      return file;
    }
    DataSet dataSet = read.dataSet();
    byte[] value = name.getBytes(StandardCharsets.US_ASCII);
    int position = (int) dataSet.position(i);
    int end = (int) (dataSet.valueOffset(i) + dataSet.valueLength(i));
    ByteBuffer out = ByteBuffer.allocate(file.length - (end - position) + 8 + value.length);
    out.put(file, 0, position);
    out.put(file, position, 4);
    out.order(java.nio.ByteOrder.LITTLE_ENDIAN);
    if (dataSet.isExplicit(i)) {
      out.put(file, position + 4, 2).putShort((short) value.length);
    } else {
      out.putInt(value.length);
    }
    out.put(value).put(file, end, file.length - end);
    return out.array();
  }

  /// The file with every UID of an instance replaced by another one of its length.
  private static byte[] underNewUids(byte[] file) {
    DicomFile read = TestStudy.structure(file);
    if (!read.isDicom() || read.transferSyntax().deflated()) {
      return file;
    }
    byte[] changed = file.clone();
    Map<String, byte[]> known = new HashMap<>();
    for (DataSet dataSet : List.of(read.fileMeta(), read.dataSet())) {
      for (int i = 0; i < dataSet.size(); i++) {
        boolean names =
            switch (dataSet.tag(i)) {
              case Tag.MediaStorageSOPInstanceUID,
                  Tag.SOPInstanceUID,
                  Tag.StudyInstanceUID,
                  Tag.SeriesInstanceUID,
                  0x00081155,
                  0x00200052 ->
                  true;
              default -> false;
            };
        if (names && dataSet.vr(i) == Vr.UI) {
          int from = (int) dataSet.valueOffset(i);
          int to = from + (int) dataSet.valueLength(i);
          String old = new String(file, from, to - from, StandardCharsets.ISO_8859_1);
          byte[] other = known.computeIfAbsent(old, RepositoryRealDataTest::otherUid);
          System.arraycopy(other, 0, changed, from, other.length);
        }
      }
    }
    return changed;
  }

  private static byte[] otherUid(String uid) {
    RandomGenerator random = new SplittableRandom(uid.hashCode());
    byte[] other = uid.getBytes(StandardCharsets.ISO_8859_1);
    for (int i = uid.length() / 3; i < other.length; i++) {
      if (other[i] >= '1' && other[i] <= '9') {
        other[i] = (byte) ('1' + random.nextInt(9));
      }
    }
    return other;
  }
}
