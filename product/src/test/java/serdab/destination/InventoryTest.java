package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// DICOM Inventories of a tree, as programs read them that know nothing of Serdab.
class InventoryTest {

  private static final Destination.Listing INVENTORIES =
      new Destination.Listing(false, true, false);

  @TempDir private Path folder;

  private Path tree() {
    return folder.resolve("tree");
  }

  private void copy(TestStudy... studies) {
    try (ZipTreeDestination tree = ZipTrees.in(tree())) {
      for (TestStudy study : studies) {
        study.copyTo(tree);
      }
      tree.list(INVENTORIES);
    }
  }

  private static TestStudy study(String uid, int images) {
    return TestStudy.drawnFrom(new SplittableRandom(images), uid, images)
        .on(Optional.of(LocalDate.of(2021, 1, 10)));
  }

  private record Ran(int exitCode, String out) {}

  private Ran run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ran(process.waitFor(), out);
  }

  /// With the script that lies in the tree.
  private Ran restore() throws IOException, InterruptedException {
    return run(
        "/usr/bin/python3",
        tree().resolve("_index/restore-from-inventory.py").toString(),
        tree().toString(),
        folder.resolve("back").toString());
  }

  private List<String> restored() throws IOException {
    List<String> digests = new ArrayList<>();
    if (Files.exists(folder.resolve("back"))) {
      try (Stream<Path> all = Files.walk(folder.resolve("back"))) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
        }
      }
    }
    return digests;
  }

  private static List<String> digests(TestStudy... studies) {
    List<String> digests = new ArrayList<>();
    for (TestStudy study : studies) {
      study.files().values().forEach(bytes -> digests.add(Sha256.digest(bytes).hex()));
    }
    return digests;
  }

  private List<String> inventories() throws IOException {
    try (Stream<Path> all = Files.list(tree().resolve("_index"))) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".dcm"))
          .sorted()
          .toList();
    }
  }

  @Test
  @Needs(Peer.PYDICOM)
  void everyInstanceOfEveryVersionIsRestoredFromInventoriesAndZipsAlone() throws Exception {
    TestStudy first = study("1.2.3", 3);
    TestStudy second = study("1.2.3", 4).patient("山田^太郎=Yamada^Tarō\\<>");
    TestStudy odd =
        study("1.2.4", 1)
            .file("Bilder/a b%20ü/#1?.dcm", TestStudy.image("1.2.4", 7, new byte[4096]))
            .on(Optional.empty());
    copy(first, second, odd);

    Ran script = restore();

    assertThat(script.exitCode()).as(script.out()).isZero();
    assertThat(script.out()).contains("9 instances restored, 0 damaged");
    assertThat(restored()).containsExactlyInAnyOrderElementsOf(digests(first, second, odd));
  }

  @Test
  @Needs(Peer.PYDICOM)
  void aZipWithoutItsDirectoryIsRestoredByOffsetAndLength() throws Exception {
    TestStudy study = study("1.2.3", 3).file("big", TestStudy.image("1.2.3", 9, new byte[50_000]));
    copy(study);
    Path zip = zip("1.2.3");
    byte[] bytes = Files.readAllBytes(zip);
    Files.write(zip, java.util.Arrays.copyOf(bytes, bytes.length - 40));

    Ran script = restore();

    assertThat(script.exitCode()).as(script.out()).isZero();
    assertThat(restored()).containsExactlyInAnyOrderElementsOf(digests(study));
  }

  @Test
  @Needs(Peer.PYDICOM)
  void aDamagedInstanceIsNamedAndNotWritten() throws Exception {
    copy(study("1.2.3", 3));
    Path zip = zip("1.2.3");
    byte[] bytes = Files.readAllBytes(zip);
    bytes[200] ^= 1;
    Files.write(zip, bytes);

    Ran script = restore();

    assertThat(script.exitCode()).isEqualTo(1);
    assertThat(script.out()).contains("damaged: ", "2 instances restored, 1 damaged");
    assertThat(restored()).hasSize(2);
  }

  private Path zip(String uid) throws IOException {
    try (Stream<Path> all = Files.walk(tree())) {
      return all.filter(path -> path.toString().endsWith("_" + uid + ".zip")).findFirst().get();
    }
  }

  @Test
  @Needs({Peer.DCMTK, Peer.PYDICOM})
  void otherProgramsReadWhatTheStandardAsksFor() throws Exception {
    copy(study("1.2.3", 2).patient("Doe^João"));
    String file = tree().resolve("_index/inventory-2021_01-1.dcm").toString();

    Ran dcmdump = run("dcmdump", "-q", "+U8", file);
    Ran test = run("dcmftest", file);
    Ran root = run("dcmdump", "-q", tree().resolve("_index/inventory.dcm").toString());

    assertThat(test.out()).startsWith("yes:");
    assertThat(dcmdump.exitCode()).as(dcmdump.out()).isZero();
    assertThat(dcmdump.out())
        .contains(
            "1.2.840.10008.5.1.4.1.1.201.1",
            "[INSTANCE]",
            "[./2021_01/Doe_Jo%C3%A3o_1980-05-03_2021-01-10_1.2.3.zip]",
            "[ZIP]",
            "[CT/IM1]",
            "[SHA256]",
            "Doe^João");
    assertThat(root.out()).contains("./_index/inventory-2021_01-1.dcm", "[COMPLETE]");
    String uid =
        dcmdump.out().replaceAll("(?s).*\\(0008,0018\\) UI \\[(2\\.25\\.[0-9]+)\\].*", "$1");
    assertThat(root.out()).contains(uid);
  }

  @Test
  void onlyTheInventoryThatTakesTheStudyIsWrittenAgain() throws Exception {
    copy(study("1.2.3", 1), study("1.2.4", 1).on(Optional.of(LocalDate.of(2020, 2, 3))));
    byte[] untouched = Files.readAllBytes(tree().resolve("_index/inventory-2020_02-1.dcm"));
    byte[] before = Files.readAllBytes(tree().resolve("_index/inventory-2021_01-1.dcm"));

    copy(study("1.2.5", 1));

    assertThat(Files.readAllBytes(tree().resolve("_index/inventory-2020_02-1.dcm")))
        .isEqualTo(untouched);
    assertThat(Files.readAllBytes(tree().resolve("_index/inventory-2021_01-1.dcm")))
        .isNotEqualTo(before);
    assertThat(inventories())
        .containsExactly("inventory-2020_02-1.dcm", "inventory-2021_01-1.dcm", "inventory.dcm");
  }

  @Test
  @Needs(Peer.PYDICOM)
  void aStudyWithMoreInstancesThanAnInventoryHoldsIsDivided() throws Exception {
    TestStudy large = TestStudy.of("1.2.9");
    for (int i = 0; i < 2200; i++) {
      String path = "a".repeat(190) + "/" + "b".repeat(190) + "/" + "c".repeat(190) + "/" + i;
      large.file(path, TestStudy.image("1.2.9", i, new byte[2]));
    }
    copy(study("1.2.3", 1), large);
    copy(study("1.2.7", 1));

    Ran script = restore();

    assertThat(inventories()).hasSizeGreaterThan(2);
    for (String name : inventories()) {
      assertThat(Files.size(tree().resolve("_index").resolve(name))).isLessThan(5 << 20);
    }
    assertThat(script.exitCode()).as(script.out()).isZero();
    assertThat(script.out()).contains("2202 instances restored");
  }

  @Test
  void theScriptHasAtMostSixtyLines() throws IOException {
    assertThat(
            Files.readAllLines(
                SharedData.checkout().resolve("docs/format/restore-from-inventory.py")))
        .hasSizeLessThanOrEqualTo(60);
  }
}
