package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.Depth;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;

/// Real files in a tree of ZIPs that stores images as JPEG-LS, and back.
@Needs(Peer.SHARED_DATA)
class ZipTreeJpegLsTest {

  private static final String GREY = "mr_uih_dcm_qa_uih";

  /// Implicit and explicit, signed and not, one frame and many, colour, and what is left alone.
  private static final List<String> MIXED =
      List.of("odd_pydicom-data", "obj_dcmqi", "rt_rt-utils", "ts_dicomParser", "us_go-dicom");

  @TempDir Path folder;

  static List<String> sources() throws IOException {
    try (Stream<Path> folders = Files.list(SharedData.dicom())) {
      return folders.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static Map<String, byte[]> files(String source) throws IOException {
    Path from = SharedData.dicom().resolve(source);
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(from.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static TestStudy study(String uid, Map<String, byte[]> files) {
    TestStudy study = TestStudy.of(uid);
    files.forEach(study::file);
    return study;
  }

  private Path tree() {
    return folder.resolve("tree");
  }

  private Destination destination() {
    return ZipTrees.withJpegLs(tree());
  }

  private HeldVersion copied(String source) throws IOException {
    try (Destination destination = destination()) {
      return study("1.2.3", files(source)).copyTo(destination);
    }
  }

  // ---- what a copy is good for

  @ParameterizedTest
  @MethodSource("sources")
  void everyFileComesBackBitForBitAndIsProvenSo(String source) throws IOException {
    Map<String, byte[]> files = files(source);
    HeldVersion copy = copied(source);

    try (Destination destination = destination()) {
      for (Depth depth : List.of(Depth.PRESENT, Depth.INTACT, Depth.READABLE)) {
        assertThat(destination.prove(copy, depth)).isInstanceOf(ProofOutcome.Proven.class);
      }
      assertThat(destination.find(copy.study(), copy.id())).isPresent();
      try (VersionReader reader = destination.read(copy)) {
        assertThat(reader.version().files()).hasSize(files.size());
        for (StoredFile file : reader.version().files()) {
          byte[] whole = Objects.requireNonNull(files.get(file.path()));
          assertThat(Sha256.digest(TestStudy.read(reader, file, 0, file.lengthBytes())))
              .as(file.path())
              .isEqualTo(Sha256.digest(whole));
          long half = file.lengthBytes() / 2;
          assertThat(TestStudy.read(reader, file, half / 2, half))
              .isEqualTo(Arrays.copyOfRange(whole, (int) half / 2, (int) half));
        }
      }
    }
  }

  @Test
  void itIsTheVersionThatATreeOfFilesHoldsAndTakesLessRoom() throws IOException {
    HeldVersion small = copied(GREY);
    HeldVersion plain;
    try (Destination other = ZipTrees.in(folder.resolve("plain"))) {
      plain = study("1.2.3", files(GREY)).copyTo(other);
    }

    assertThat(small.id()).isEqualTo(plain.id());
    assertThat(small.storedBytes()).isLessThan(plain.storedBytes() * 9 / 10);
  }

  @Test
  void aTreeHoldsZipsOfBothKinds() throws IOException {
    Map<String, byte[]> files = files(GREY);
    copied(GREY);
    files.remove(files.keySet().iterator().next());
    try (Destination plainly = ZipTrees.in(tree())) {
      HeldVersion second = study("1.2.3", files).copyTo(plainly);

      List<HeldVersion> versions = plainly.versions(second.study());
      assertThat(versions).hasSize(2);
      for (HeldVersion version : versions) {
        assertThat(plainly.prove(version, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
      }
    }
  }

  // ---- damage

  @Test
  void aFlippedBitInAnImageIsFoundByEveryProofThatReadsIt() throws IOException {
    HeldVersion copy = copied(GREY);
    Path zip = tree().resolve(copy.location());
    try (RandomAccessFile bytes = new RandomAccessFile(zip.toFile(), "rw")) {
      bytes.seek(Files.size(zip) / 2);
      int found = bytes.read();
      bytes.seek(Files.size(zip) / 2);
      bytes.write(found ^ 1);
    }

    try (Destination destination = destination()) {
      assertThat(destination.prove(copy, Depth.INTACT)).isInstanceOf(ProofOutcome.Bad.class);
      assertThat(destination.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Bad.class);
      assertThatThrownBy(() -> TestStudy.readAll(destination, copy))
          .isInstanceOf(SerdabException.Damaged.class);
    }
  }

  // ---- what others read

  private static final String COMPARE =
      """
      import subprocess, sys, pydicom
      def plain(data):
          return {e.tag: str(e.value) for e in data if e.tag not in (0x7FE00010, 0x00280006) and e.tag.element}
      coded, original, scratch = sys.argv[1:]
      subprocess.run(["dcmdjpls", coded, scratch], check=True)
      subprocess.run(["dcmdump", "-q", coded], check=True, stdout=subprocess.DEVNULL)
      a, b, c = pydicom.dcmread(original), pydicom.dcmread(scratch), pydicom.dcmread(coded)
      assert c.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"
      assert plain(a) == plain(c), "elements"
      cell, mask, frames = a.BitsAllocated // 8, (1 << a.BitsStored) - 1, int(a.get("NumberOfFrames", 1))
      def samples(data):
          count = data.Rows * data.Columns * data.SamplesPerPixel
          raw = data.PixelData[: count * frames * cell]
          values = [int.from_bytes(raw[i : i + cell], "little") & mask for i in range(0, len(raw), cell)]
          if data.SamplesPerPixel == 1 or data.PlanarConfiguration == 0:
              return values
          size = count // 3
          return [values[f * count + p * size + i] for f in range(frames) for i in range(size) for p in range(3)]
      assert samples(a) == samples(b), "pixels"
      """;

  @ParameterizedTest
  @ValueSource(strings = {GREY, "odd_pydicom-data", "obj_dcmqi", "ts_dicomParser", "us_go-dicom"})
  @Needs({Peer.DCMTK, Peer.PYDICOM})
  void entriesAreDicomWhosePixelsOthersReadAsTheSame(String source) throws Exception {
    HeldVersion copy = copied(source);
    Path script = Files.writeString(folder.resolve("compare.py"), COMPARE);
    int compared = 0;
    try (ZipFile zip = new ZipFile(tree().resolve(copy.location()).toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        Path original = SharedData.dicom().resolve(source).resolve(entry.getName());
        if (!Files.exists(original)) {
          continue;
        }
        byte[] stored;
        try (var in = zip.getInputStream(entry)) {
          stored = in.readAllBytes();
        }
        if (Arrays.equals(stored, Files.readAllBytes(original))) {
          continue;
        }
        Path coded = Files.write(folder.resolve("coded.dcm"), stored);
        Ran ran =
            run(
                Map.of(),
                Python.withPydicom(),
                "-W",
                "ignore",
                script.toString(),
                coded.toString(),
                original.toString(),
                folder.resolve("plain.dcm").toString());
        assertThat(ran.exitCode()).as(entry.getName() + ran.out()).isZero();
        compared++;
      }
    }
    assertThat(compared).isPositive();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Needs({Peer.PYTHON, Peer.DCMTK})
  void theScriptInTheTreeMakesTheFilesAgainWithDcmtkOrWithout(boolean dcmtk) throws Exception {
    List<String> digests = new ArrayList<>();
    List<String> sources = dcmtk ? MIXED : List.of("rt_rt-utils", "obj_highdicom");
    try (Destination destination = destination()) {
      for (String source : sources) {
        Map<String, byte[]> files = files(source);
        study("1.2.3." + sources.indexOf(source), files).copyTo(destination);
        files.values().forEach(bytes -> digests.add(Sha256.digest(bytes).hex()));
      }
    }

    Ran ran =
        run(
            dcmtk ? Map.of() : Map.of("PATH", folder.toString()),
            "/usr/bin/python3",
            tree().resolve("restore-from-zip-tree.py").toString(),
            tree().toString(),
            folder.resolve("back").toString());

    assertThat(ran.exitCode()).as(ran.out()).isZero();
    assertThat(restored()).containsExactlyInAnyOrderElementsOf(digests);
  }

  @Test
  @Needs({Peer.UNZIP, Peer.SHA256SUM})
  void sha256sumAgreesWithWhatUnzipUnpacks() throws Exception {
    Path zip = tree().resolve(copied(GREY).location());
    Path out = folder.resolve("out");
    run(Map.of(), "unzip", "-q", "-d", out.toString(), zip.toString());

    Ran ran = run(Map.of(), "sh", "-c", "cd '" + out + "' && sha256sum --quiet -c SHA256SUMS");

    assertThat(ran.exitCode()).as(ran.out()).isZero();
  }

  @Test
  @Needs(Peer.PYDICOM)
  void inventoriesNameTheEntriesAsTheyAre() throws Exception {
    copied(GREY);
    try (Destination destination = destination()) {
      destination.list(new Destination.Listing(false, true, false));
    }

    Ran ran =
        run(
            Map.of(),
            Python.withPydicom(),
            tree().resolve("_index/restore-from-inventory.py").toString(),
            tree().toString(),
            folder.resolve("back").toString());

    assertThat(ran.out()).contains("17 instances restored, 0 damaged");
    try (Stream<Path> all = Files.walk(folder.resolve("back"))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
            .contains("1.2.840.10008.1.2.4.80");
      }
    }
  }

  @Test
  void bothScriptsDecodeJpegLsBySameLines() throws IOException {
    Path docs = SharedData.checkout().resolve("docs/format");

    assertThat(decoder(docs.resolve("restore-from-zip-tree.py")))
        .isEqualTo(decoder(docs.resolve("restore-from-repository.py")));
  }

  private static String decoder(Path script) throws IOException {
    String text = Files.readString(script);
    int from = text.indexOf("def decode_jls");
    return text.substring(from, text.indexOf("# ----", from));
  }

  private List<String> restored() throws IOException {
    List<String> digests = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder.resolve("back"))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
      }
    }
    return digests;
  }

  private record Ran(int exitCode, String out) {}

  private static Ran run(Map<String, String> with, String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(with);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ran(process.waitFor(), out);
  }
}
