package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.DigestPass;
import serdab.dicom.SourceRow;
import serdab.dicom.SourceRows;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.testing.Golden;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;

/// What people have on their machines opens what we write.
@Tag("prove-interop")
class ZipTreeInteropTest {

  private static final String TEST_ZIP =
      """
      import sys, zipfile
      z = zipfile.ZipFile(sys.argv[1])
      assert z.testzip() is None
      print(len(z.namelist()))
      """;

  @TempDir Path folder;

  @Test
  @Needs({Peer.UNZIP, Peer.SEVEN_ZIP, Peer.PYTHON, Peer.SHA256SUM})
  void everyUnzipProgramOpensAMixedStudyAndSha256sumChecksIt() throws Exception {
    TestStudy study = mixedStudy();

    Path zip = copied(study);

    checkWithEverything(zip, study.files().size() + 2);
  }

  @Test
  void javaReadsItFromTheEndAndFromTheBeginning() throws Exception {
    TestStudy study = mixedStudy();

    Path zip = copied(study);

    int entries = 0;
    try (ZipFile file = new ZipFile(zip.toFile())) {
      for (Enumeration<? extends ZipEntry> all = file.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        try (InputStream in = file.getInputStream(entry)) {
          in.readAllBytes();
        }
        entries++;
      }
    }
    List<byte[]> contents = List.copyOf(study.files().values());
    int streamed = 0;
    // A long file that does not shrink is stored with a data descriptor; reading from the beginning
    // cannot tell where it ends, which is why it comes last in this study.
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry();
          entry != null && !entry.getName().equals("long-noise.bin");
          entry = nextBeforeLongNoise(in)) {
        assertThat(in.readAllBytes()).isEqualTo(contents.get(streamed));
        streamed++;
      }
    }
    assertThat(entries).isEqualTo(study.files().size() + 2);
    assertThat(streamed).isEqualTo(study.files().size() - 1);
  }

  private static @org.jspecify.annotations.Nullable ZipEntry nextBeforeLongNoise(ZipInputStream in)
      throws IOException {
    try {
      return in.getNextEntry();
    } catch (java.util.zip.ZipException e) {
      return null;
    }
  }

  @Test
  @Needs({Peer.UNZIP, Peer.SEVEN_ZIP, Peer.PYTHON, Peer.SHA256SUM})
  void moreEntriesThanSixteenBitsCanCountAreZip64() throws Exception {
    TestStudy study = TestStudy.of("1.2.3");
    for (int i = 0; i < 65_540; i++) {
      study.file("many/" + i, new byte[] {(byte) i});
    }

    Path zip = copied(study);

    assertThat(
            run(
                folder,
                Python.withPydicom().isEmpty() ? "python3" : Python.withPydicom(),
                "-c",
                TEST_ZIP,
                zip.toString()))
        .contains("65542");
    run(folder, "unzip", "-tqq", zip.toString());
    run(folder, "7z", "t", zip.toString());
  }

  @Test
  @Tag("prove")
  @Needs({Peer.UNZIP, Peer.SEVEN_ZIP, Peer.PYTHON})
  void aFileOfMoreThanFourGibibytesIsZip64() throws Exception {
    for (boolean announced : new boolean[] {true, false}) {
      Path tree = folder.resolve("big-" + announced);
      long length = (4L << 30) + 4321;
      try (ZipTreeDestination destination = ZipTrees.in(tree);
          StagedVersion staged =
              destination.begin(TestStudy.of("1.2.3").on(Optional.empty()).facts())) {
        DigestPass pass = DigestPass.ofUnknown();
        byte[] noise = new byte[1 << 20];
        new SplittableRandom(3).nextBytes(noise);
        staged.beginFile("big", announced ? length : -1, TestStudy.MODIFIED);
        for (long at = 0; at < length; at += noise.length) {
          int count = (int) Math.min(noise.length, length - at);
          staged.write(ByteBuffer.wrap(noise, 0, count));
          pass.update(ByteBuffer.wrap(noise, 0, count));
        }
        StoredFile file =
            new StoredFile(
                "big", length, TestStudy.MODIFIED, pass.finish(), Optional.empty(), List.of());
        staged.endFile(file);
        staged.beginFile("small", 1);
        staged.write(ByteBuffer.wrap(new byte[] {1}));
        StoredFile small = TestStudy.storedFile("small", new byte[] {1});
        staged.endFile(small);
        HeldVersion held =
            staged.commit(
                StudyVersion.of(
                    TestStudy.of("1.2.3").on(Optional.empty()).facts(),
                    List.of(file, small),
                    List.of(),
                    List.of(),
                    Optional.empty(),
                    "a test",
                    TestStudy.READ_AT));
        Path zip = tree.resolve(held.location());
        run(folder, "unzip", "-tqq", zip.toString());
        run(folder, "7z", "t", zip.toString());
        assertThat(run(folder, "python3", "-c", TEST_ZIP, zip.toString())).contains("4");
        assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
        Files.delete(zip);
      }
    }
  }

  @Test
  @Needs({Peer.SHARED_DATA, Peer.DCMTK, Peer.PYDICOM, Peer.UNZIP, Peer.SHA256SUM})
  void whatComesOutOfAZipIsReadByDcmdumpAndPydicom() throws Exception {
    TestStudy study = TestStudy.of("1.2.3");
    Path ct = SharedData.dicom().resolve("ct_dcm_qa_ct");
    try (Stream<Path> files = Files.walk(ct)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().limit(40).toList()) {
        study.file(ct.relativize(file).toString(), Files.readAllBytes(file));
      }
    }

    Path out = unzipped(copied(study));

    List<String> images = new ArrayList<>();
    study
        .files()
        .forEach((path, content) -> {
          if (isDicom(content)) {
            images.add(out.resolve(path).toString());
          }
        });
    assertThat(images.size()).isGreaterThan(20);
    List<String> dcmdump = new ArrayList<>(List.of("dcmdump", "-q", "+P", "0008,0018"));
    dcmdump.addAll(images);
    assertThat(run(out, dcmdump.toArray(String[]::new)).lines().count())
        .isGreaterThanOrEqualTo(images.size());
    List<String> pydicom =
        new ArrayList<>(
            List.of(
                Python.withPydicom(),
                "-c",
                """
                import sys, pydicom
                for f in sys.argv[1:]:
                    print(pydicom.dcmread(f).get('SOPInstanceUID', 'a directory'))
                """));
    pydicom.addAll(images);
    assertThat(run(out, pydicom.toArray(String[]::new)).lines().count()).isEqualTo(images.size());
    run(out, "sha256sum", "--quiet", "-c", "SHA256SUMS");
  }

  @Test
  @Tag("prove")
  @Needs({Peer.SHARED_DATA, Peer.UNZIP, Peer.SEVEN_ZIP, Peer.PYTHON, Peer.SHA256SUM})
  void allRealDataComesOutOfEveryUnzipProgramBitForBit() throws Exception {
    List<Path> groups;
    try (Stream<Path> all = Files.list(SharedData.dicom())) {
      groups = all.filter(Files::isDirectory).sorted().toList();
    }
    assertThat(groups).isNotEmpty();
    for (int i = 0; i < groups.size(); i++) {
      Path group = groups.get(i);
      TestStudy study = TestStudy.of("1.2.840." + i);
      try (Stream<Path> files = Files.walk(group)) {
        for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
          study.file(group.relativize(file).toString(), Files.readAllBytes(file));
        }
      }

      Path zip = copied(study);

      checkWithEverything(zip, study.files().size() + 2);
      Path out = folder.resolve("out");
      for (String path : study.files().keySet()) {
        String entry = path.replace(':', '_');
        assertThat(Files.mismatch(out.resolve(entry), group.resolve(path))).isEqualTo(-1);
      }
      run(folder, "rm", "-r", out.toString());
    }
  }

  @Test
  void whatTheIndexSaidIsReadBackAsItWasWritten() {
    TestStudy study =
        TestStudy.of("1.2.3")
            .file("a", new byte[] {1})
            .file("b", new byte[] {2})
            .rowsOf("a", 12)
            .rows(indexRows());

    try (ZipTreeDestination destination = ZipTrees.in(folder.resolve("tree"));
        VersionReader reader = destination.read(study.copyTo(destination))) {
      assertThat(reader.version().sourceRows()).isEqualTo(indexRows());
      assertThat(reader.version().files())
          .extracting(StoredFile::sourceRowCount)
          .containsExactly(12L, 0L);
    }
  }

  @Test
  void aManifestWithoutRowsIsAsItWasBeforeThereWereAny() throws Exception {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[] {1});
    Path zip = copied(study);

    String manifest;
    try (ZipFile file = new ZipFile(zip.toFile());
        InputStream in = file.getInputStream(file.getEntry("study-manifest.json"))) {
      manifest = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    assertThat(manifest).doesNotContain("sourceRow");
    try (ZipTreeDestination destination = ZipTrees.in(folder.resolve("tree"));
        VersionReader reader = destination.read(destination.versions(study.key()).getFirst())) {
      assertThat(reader.version().sourceRows()).isEqualTo(SourceRows.NONE);
      assertThat(reader.version().files().getFirst().sourceRowCount()).isZero();
    }
  }

  @Test
  void theListingOfATreeIsPinned() throws Exception {
    TestStudy study = mixedStudy();
    Path zip = copied(study);

    StringBuilder listing = new StringBuilder(folder.resolve("tree").relativize(zip) + "\n");
    try (ZipFile file = new ZipFile(zip.toFile())) {
      for (Enumeration<? extends ZipEntry> all = file.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        listing.append(
            String.format(
                "%-32s %8d %s %s%n",
                entry.getName(),
                entry.getSize(),
                entry.getMethod() == ZipEntry.STORED ? "stored " : "deflate",
                entry.getLastModifiedTime()));
      }
      try (InputStream manifest = file.getInputStream(file.getEntry("study-manifest.json"))) {
        listing.append(
            new String(manifest.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                // What depends on the compressor is not part of the format.
                .replaceAll("\"(offset|storedLength)\":\\d+", "\"$1\":…"));
      }
    }

    Golden.assertMatchesGolden(
        "zip-tree/mixed-study.listing",
        listing.toString().replaceAll("(study-manifest.json +)\\d+", "$1       …"));
  }

  // ---- support

  private static TestStudy mixedStudy() {
    SplittableRandom random = new SplittableRandom(11);
    byte[] noise = new byte[9 << 20];
    random.nextBytes(noise);
    return TestStudy.of("1.2.840.99")
        .patient("山田^太郎")
        .file("DATABASE.noindex/10000/1.dcm", TestStudy.image("1.2.840.99", 1, new byte[4000]))
        .file("DATABASE.noindex/10000/2.dcm", TestStudy.image("1.2.840.99", 2, new byte[4000]))
        .file("empty", new byte[0])
        .file("画像/ö ä.dcm", new byte[] {1, 2, 3})
        .file("noise.bin", java.util.Arrays.copyOf(noise, 100_000))
        .file("long.raw", TestStudy.pixels(random, (8 << 20) + 2))
        .file("just-8-MiB.raw", TestStudy.pixels(random, 8 << 20))
        .file("a:b", new byte[] {9})
        .file("long-noise.bin", noise)
        .rowsOf("DATABASE.noindex/10000/1.dcm", 12)
        .rows(indexRows());
  }

  private static SourceRows indexRows() {
    SourceRow.Value comment = new SourceRow.Value.Text(PatientData.of("see \"report\"\n山田"));
    SourceRow.Value blob =
        new SourceRow.Value.Large(3, Optional.of(Sha256.digest(new byte[] {1, 2, 3})));
    SourceRow.Value huge = new SourceRow.Value.Large(9_999_999, Optional.empty());
    return new SourceRows(
        List.of(
            new SourceRow("ZSTUDY", 7, Map.of("ZCOMMENT", comment, "ZWINDOWSSTATE", huge), 2),
            new SourceRow("ZSERIES", -8, Map.of("ZTHUMBNAIL", blob), 0)),
        3);
  }

  private Path copied(TestStudy study) {
    Path tree = folder.resolve("tree");
    try (ZipTreeDestination destination = ZipTrees.in(tree)) {
      HeldVersion held = study.copyTo(destination);
      assertThat(destination.prove(held, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
      return tree.resolve(held.location());
    }
  }

  private void checkWithEverything(Path zip, int entries) throws Exception {
    run(folder, "unzip", "-tqq", zip.toString());
    run(folder, "7z", "t", zip.toString());
    assertThat(run(folder, "python3", "-c", TEST_ZIP, zip.toString())).contains("" + entries);
    Path out = unzipped(zip);
    run(out, "sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS");
    assertThat(run(out, "find", ".", "-type", "f", "-perm", "600").lines().count())
        .isEqualTo(entries);
  }

  private Path unzipped(Path zip) throws Exception {
    Path out = Files.createDirectories(folder.resolve("out"));
    run(out, "unzip", "-qq", zip.toString());
    return out;
  }

  private static boolean isDicom(byte[] content) {
    return content.length > 132 && content[128] == 'D' && content[131] == 'M';
  }

  private String run(Path in, String... command) throws Exception {
    Path output = Files.createTempFile(folder, "output", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(in.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    // Without a UTF-8 locale unzip writes escapes instead of letters.
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    String said = Files.readString(output);
    Files.delete(output);
    assertThat(process.exitValue()).as("%s: %s", command[0], said).isZero();
    return said;
  }
}
