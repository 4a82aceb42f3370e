package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomDir;
import serdab.dicom.DicomFile;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// The exam on a CD, as other programs read it.
class RestoreMediaTest {

  private static final String LOADS_ALL =
      """
      import sys
      from pydicom.fileset import FileSet
      files = FileSet(sys.argv[1])
      files.find_values('PatientID')
      count = 0
      for instance in files:
          instance.load()
          count += 1
      print(count)
      """;

  @TempDir private Path folder;

  @Test
  void aPatientGetsAFolderThatSaysWhatItIs() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data").toString());

    CommandLineRun.Result written = restore("cd", "--all", "--checksums");

    assertThat(written.exitCode()).as(written.out() + written.err()).isZero();
    assertThat(written.out())
        .contains("10 studies: 27 files")
        .contains("transfer syntax 1.2.840.10008.1.2,")
        .contains("(0008,0020)");
    assertSound(folder.resolve("cd"), 27);
    assertThat(folder.resolve("cd/README.txt"))
        .content(StandardCharsets.UTF_8)
        .contains("27 files of\r\n10 exams")
        .contains("SUAS IMAGENS MÉDICAS");
    assertThat(Files.readAllLines(folder.resolve("cd/SHA256.TXT"))).hasSize(29);
    assertThat(topLevel(folder.resolve("cd")))
        .containsExactly("DICOM", "DICOMDIR", "README.txt", "SHA256.TXT");
    assertThat(topLevel(folder)).noneMatch(name -> name.contains(".making-"));
  }

  @Test
  @Needs({Peer.DCMTK, Peer.PYDICOM})
  void otherReadersAcceptTheDirectoryOfTheExample() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data").toString());
    restore("cd", "--all");
    String directory = folder.resolve("cd/DICOMDIR").toString();

    assertThat(run("dcmdump", "-q", directory))
        .contains("[SR DOCUMENT]", "[RT DOSE]", "[VALUE MAP]")
        .doesNotContain("E: ", "W: ");
    assertThat(run(Python.withPydicom(), "-W", "ignore", "-c", LOADS_ALL, directory))
        .isEqualTo("27\n");
  }

  @Test
  @Needs({Peer.UNZIP, Peer.SHA256SUM})
  void aZipHoldsTheSame() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data").toString());

    CommandLineRun.Result written = restore("exam.zip", "--all", "--checksums");

    assertThat(written.exitCode()).as(written.out() + written.err()).isZero();
    String unpacked = folder.resolve("unpacked").toString();
    assertThat(run("unzip", "-q", folder.resolve("exam.zip").toString(), "-d", unpacked)).isEmpty();
    assertSound(Path.of(unpacked), 27);
    Process sums =
        new ProcessBuilder("sha256sum", "--quiet", "-c", "SHA256.TXT")
            .directory(Path.of(unpacked).toFile())
            .redirectErrorStream(true)
            .start();
    assertThat(new String(sums.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isEmpty();
    assertThat(sums.waitFor()).isZero();
  }

  @Test
  void whatIsNoDicomIsNamedAndWhatIsThereIsLeftAlone() throws Exception {
    try (HorosLibraryFixture mac = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      mac.importFile(TinyDicom.of(1, 1, 1));
      mac.sql(
          "INSERT INTO ZIMAGE (Z_ENT, Z_OPT, ZSERIES, ZPATHSTRING) SELECT 2, 1, ZSERIES, '7.tif'"
              + " FROM ZIMAGE");
      Files.writeString(mac.fileNumbered(7).resolveSibling("7.tif"), "a picture");
      backUp(mac.folder().toString());
    }
    Files.createDirectories(folder.resolve("full"));
    Files.writeString(folder.resolve("full/mine.txt"), "mine");

    CommandLineRun.Result written = restore("cd", "--study", TinyDicom.studyUid(1));
    CommandLineRun.Result refused = restore("full", "--study", TinyDicom.studyUid(1));

    assertThat(written.exitCode()).isEqualTo(3);
    assertThat(written.out()).contains("7.tif: It is no DICOM file.");
    assertSound(folder.resolve("cd"), 1);
    assertThat(refused.exitCode()).isEqualTo(4);
    assertThat(topLevel(folder.resolve("full"))).containsExactly("mine.txt");
  }

  @Test
  void aStudyThatIsNotThereWritesNothing() throws Exception {
    backUp(SharedData.checkout().resolve("examples/Horos Data").toString());

    CommandLineRun.Result written = restore("cd", "--study", "1.2.3.4.5");
    CommandLineRun.Result planned = restore("cd", "--all", "--dry-run");

    assertThat(written.exitCode()).isEqualTo(3);
    assertThat(planned.exitCode()).isZero();
    assertThat(planned.out()).contains("27 files");
    assertThat(folder.resolve("cd")).doesNotExist();
  }

  // ---- checks

  /// Our own reader finds no oddity and no difference; gives how many files are listed.
  private static int assertSound(Path medium, int expected) throws IOException {
    DicomDir directory =
        DicomDir.read(
            DicomFile.read(ByteSource.of(Files.readAllBytes(medium.resolve("DICOMDIR")))));
    List<String> paths = new ArrayList<>();
    try (Stream<Path> files = Files.walk(medium.resolve("DICOM"))) {
      files
          .filter(Files::isRegularFile)
          .forEach(file -> paths.add(medium.relativize(file).toString()));
    }
    DicomDir.Comparison comparison = directory.compareWith(paths);
    assertThat(directory.oddities()).isEmpty();
    assertThat(comparison.dangling()).isEmpty();
    assertThat(comparison.unlisted()).isEmpty();
    if (expected >= 0) {
      assertThat(comparison.present()).hasSize(expected);
    }
    for (var each : comparison.present().entrySet()) {
      DicomFile file =
          DicomFile.scan(ByteSource.of(Files.readAllBytes(medium.resolve(each.getValue()))));
      assertThat(file.facts().sop()).isEqualTo(each.getKey().sop());
      assertThat(file.facts().transferSyntaxUid()).isEqualTo(each.getKey().transferSyntaxUid());
    }
    return comparison.present().size();
  }

  private static List<String> topLevel(Path top) throws IOException {
    try (Stream<Path> files = Files.list(top)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void backUp(String source) {
    CommandLineRun.Result backup =
        new CommandLineRun(folder.resolve("home"))
            .run("backup", "--from", source, "--to", "zip:" + folder.resolve("copies"));
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
  }

  private CommandLineRun.Result restore(String target, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "restore",
                "--from",
                "zip:" + folder.resolve("copies"),
                "--media",
                folder.resolve(target).toString()));
    args.addAll(List.of(more));
    return new CommandLineRun(folder.resolve("home")).run(args.toArray(new String[0]));
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return printed;
  }
}
