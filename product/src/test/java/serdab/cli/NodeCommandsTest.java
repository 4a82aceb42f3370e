package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.Dcmqrscp;
import serdab.testing.LyingNode;
import serdab.testing.LyingNode.Fault;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

class NodeCommandsTest {

  @TempDir Path folder;

  private final LyingNode node = LyingNode.start();
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    images = Files.createDirectories(folder.resolve("images"));
    for (int study = 1; study <= 3; study++) {
      for (int n = 1; n <= 2; n++) {
        Files.write(images.resolve("s" + study + "-" + n), image(study, n));
      }
    }
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private static byte[] image(int study, int n) {
    return TinyDicom.image()
        .study("1.2." + study)
        .series("1.2." + study + ".1")
        .sop("1.2." + study + ".1." + n)
        .patient("김^희중", "P" + study)
        .date("2024010" + study)
        .pixels(new byte[] {(byte) study, (byte) n, 3, 4})
        .bytes();
  }

  private String address() {
    return "dicomweb:" + node.url();
  }

  /// The digests of the images below a folder.
  private static List<String> imagesIn(Path tree) throws IOException {
    List<String> images = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(tree)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        if (DicomFile.read(ByteSource.of(bytes)).isDicom()) {
          images.add(Sha256.digest(bytes).hex());
        }
      }
    }
    return images;
  }

  @Test
  void aFolderIsBackedUpToANodeProvenShownVerifiedAndBroughtBack() throws IOException {
    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", address());
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(node.kept()).hasSize(6);

    var again = serdab.run("backup", "--from", "folder:" + images, "--to", address());
    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(node.arrived()).isEqualTo(6);
    assertThat(serdab.run("status").out()).contains("All 3 studies safe", address());
    assertThat(serdab.run("studies", "--json").out()).contains("\"READABLE\"");
    assertThat(serdab.run("verify", address()).exitCode()).isZero();
    assertThat(serdab.run("verify", address(), "--depth", "restored").exitCode()).isZero();

    Path back = folder.resolve("back");
    var restored = serdab.run("restore", "--from", address(), "--all", "--to", back.toString());
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(imagesIn(back)).containsExactlyInAnyOrderElementsOf(imagesIn(images));
  }

  @Test
  void whatANodeLostIsFoundByVerifyAndSentAgainByTheNextBackup() {
    serdab.run("backup", "--from", "folder:" + images, "--to", address());
    node.lose("1.2.2.1.1");

    var verified = serdab.run("verify", address());
    assertThat(verified.exitCode()).as(verified.toString()).isEqualTo(3);
    assertThat(serdab.run("status").exitCode()).isEqualTo(3);
    var again = serdab.run("backup", "--from", "folder:" + images, "--to", address());

    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(node.arrived()).isEqualTo(7);
    assertThat(serdab.run("verify", address()).exitCode()).isZero();
    assertThat(serdab.run("status").exitCode()).isZero();
  }

  @Test
  void aNodeThatLiesDoesNotHoldACopyWhateverItSays() {
    node.with(Fault.STORES_NOTHING);

    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", address(), "--json");

    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(backup.out()).contains("node-not-stored");
    assertThat(serdab.run("status").exitCode()).isEqualTo(3);
  }

  @Test
  void aFileThatIsNoImageIsSaidAndLeftOutOnlyOnPurpose() throws IOException {
    Files.writeString(Files.createDirectories(images.resolve("letters")).resolve("a.txt"), "x");

    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", address());
    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(backup.out() + backup.err()).contains("cannot hold files that belong to no study");
    var images6 =
        serdab.run("backup", "--from", "folder:" + images, "--to", address(), "--dicom-only");
    assertThat(images6.exitCode()).as(images6.toString()).isZero();
  }

  @Test
  void aNodeIsBackedUpIntoZipsAndTheNextRunReadsOnlyWhatChanged() {
    for (int study = 1; study <= 3; study++) {
      node.put(image(study, 1)).put(image(study, 2));
    }
    String zips = "zip:" + folder.resolve("zips");
    var backup = serdab.run("backup", "--from", address(), "--to", zips);
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(serdab.run("status").out()).contains("All 3 studies safe");
    assertThat(serdab.run("verify", zips).exitCode()).isZero();
    node.put(image(2, 3));
    node.forgetRequests();

    var again = serdab.run("backup", "--from", address(), "--to", zips);

    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(
            node.requests().stream().filter(one -> one.matches("GET /dicom-web/studies/[0-9.]+")))
        .isNotEmpty()
        .allMatch(one -> one.endsWith("/1.2.2"));
    assertThat(serdab.run("studies", "--json").out()).contains("\"1.2.2\"");
  }

  @Test
  void aNodeWhoseListsAreCutNeverEndsAsGood() {
    for (int study = 1; study <= 3; study++) {
      for (int more = 0; more < 3; more++) {
        node.put(
            TinyDicom.image()
                .study("1.2." + study + "." + more)
                .series("1.3." + study + "." + more)
                .sop("1.4." + study + "." + more)
                .date("2024010" + study)
                .bytes());
      }
    }
    node.with(Fault.CAPS_PAGES_AND_IGNORES_OFFSETS);

    var backup = serdab.run("backup", "--from", address(), "--to", "zip:" + folder.resolve("zips"));

    assertThat(backup.exitCode()).as(backup.toString()).isEqualTo(3);
    assertThat(backup.out() + backup.err()).contains("could not be looked into");
  }

  @Test
  void studiesOfOthersComeBackFromANodeOfWhichNothingIsRemembered() throws IOException {
    node.put(image(1, 1)).put(image(1, 2));
    Path back = folder.resolve("back");

    var restored =
        serdab.run("restore", "--from", address(), "--study", "1.2.1", "--to", back.toString());

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(imagesIn(back))
        .containsExactlyInAnyOrder(
            Sha256.digest(image(1, 1)).hex(), Sha256.digest(image(1, 2)).hex());
  }

  @Test
  void zipsAreRestoredIntoANode() {
    String zips = "zip:" + folder.resolve("zips");
    serdab.run("backup", "--from", "folder:" + images, "--to", zips);

    var restored = serdab.run("restore", "--from", zips, "--all", "--to", address());

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(node.kept()).hasSize(6);
  }

  @Test
  void secretsAreReadWhereTheAddressSaysAndNeverPrinted() throws IOException {
    Path secret = folder.resolve("token");
    Files.writeString(secret, "very-secret\n");
    node.demand("Bearer very-secret");
    String whole = address() + "?token=file:" + secret;

    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", whole);

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(backup.out() + backup.err()).doesNotContain("very-secret");
    assertThat(serdab.run("status", "--json").out())
        .contains(address())
        .doesNotContain("token=")
        .doesNotContain("very-secret");
    var without = serdab.run("verify", address());
    assertThat(without.exitCode()).isNotZero();
    assertThat(without.err()).contains("does not let this program");
  }

  @Test
  void aWrongAddressSaysWhatIsWrongAndDoesNotRepeatASecret() {
    var wrong =
        serdab.run(
            "backup",
            "--from",
            "folder:" + images,
            "--to",
            "dicomweb:https://pacs.example/x?token=very-secret");

    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("env:NAME").doesNotContain("very-secret");
  }

  @Test
  void aNodeThatIsAwayLeavesTheOtherDestinationTheirCopies() {
    String away = "dicomweb:http://127.0.0.1:1/dicom-web";
    String zips = "zip:" + folder.resolve("zips");

    var backup = serdab.run("backup", "--from", "folder:" + images, "--to", away, "--to", zips);

    assertThat(backup.exitCode()).as(backup.toString()).isEqualTo(1);
    assertThat(backup.out()).contains("nothing answers there");
    assertThat(serdab.run("verify", zips).exitCode()).isZero();
  }

  @Test
  void checkSaysWhetherANodeWillDo() {
    node.put(image(1, 1));

    var good = serdab.run("check", address());
    assertThat(good.exitCode()).as(good.toString()).isZero();
    assertThat(good.out()).contains("It will do.", "1 studies listed", "Storing was not tried");
    assertThat(serdab.run("check", address(), "--json").out())
        .contains("\"kind\":\"dicomweb\"", "\"retrieves\"");
    node.with(Fault.GIVES_ANOTHER);
    assertThat(serdab.run("check", address()).exitCode()).isEqualTo(3);
    assertThat(node.kept()).hasSize(1);
  }

  @Test
  void nothingIsPrunedFromANode() {
    serdab.run("backup", "--from", "folder:" + images, "--to", address());

    var pruned = serdab.run("prune", address(), "--keep-versions", "1");

    assertThat(pruned.exitCode()).isNotZero();
    assertThat(pruned.err()).contains("Nothing is ever removed from a node");
    assertThat(node.kept()).hasSize(6);
  }

  @Test
  @Needs(Peer.ORTHANC)
  void anOrthancIsDestinationAndThenSource() throws IOException {
    try (OrthancServer orthanc = OrthancServer.start()) {
      String pacs = "dicomweb:" + orthanc.url();
      var there = serdab.run("backup", "--from", "folder:" + images, "--to", pacs);
      assertThat(there.exitCode()).as(there.toString()).isZero();
      assertThat(serdab.run("verify", pacs).exitCode()).isZero();
      assertThat(serdab.run("check", pacs).exitCode()).isZero();

      CommandLineRun other = new CommandLineRun(folder.resolve("other"));
      String zips = "zip:" + folder.resolve("zips");
      var back = other.run("backup", "--from", pacs, "--to", zips);
      assertThat(back.exitCode()).as(back.toString()).isZero();
      Path files = folder.resolve("files");
      assertThat(other.run("restore", "--from", zips, "--all", "--to", files.toString()).exitCode())
          .isZero();
      assertThat(imagesIn(files)).containsExactlyInAnyOrderElementsOf(imagesIn(images));
    }
  }

  /// A study of three series.
  private Path threeSeries() throws IOException {
    Path many = Files.createDirectories(folder.resolve("many"));
    for (int n = 0; n < 24; n++) {
      Files.write(
          many.resolve("image-" + n),
          TinyDicom.image()
              .study("1.2.9")
              .series("1.2.9." + n % 3)
              .sop("1.2.9." + n % 3 + "." + n)
              .date("20240109")
              .pixels(new byte[] {(byte) n, 9, 3, 4})
              .bytes());
    }
    return many;
  }

  @Test
  @Needs(Peer.ORTHANC)
  void severalConnectionsToAnOrthancStoreAndBringBackEverything() throws IOException {
    Path many = threeSeries();
    try (OrthancServer orthanc = OrthancServer.start()) {
      String pacs = "dicomweb:" + orthanc.url() + "?connections=4";

      var backup = serdab.run("backup", "--from", "folder:" + many, "--to", pacs);

      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(serdab.run("verify", pacs).exitCode()).isZero();
    }
  }

  @Test
  @Needs(Peer.DCMTK)
  void seriesThatAreFetchedSideBySideFromANodeAllCome() throws IOException {
    Path many = threeSeries();
    try (Dcmqrscp qr = Dcmqrscp.start(folder.resolve("qr"), 0)) {
      String one = qr.address() + "&associations=1";
      assertThat(serdab.run("backup", "--from", "folder:" + many, "--to", one).exitCode()).isZero();
      CommandLineRun other = new CommandLineRun(folder.resolve("other"));
      String zips = "zip:" + folder.resolve("zips");

      var fetched =
          other.run("backup", "--from", qr.address() + "&associations=3&rate=50", "--to", zips);

      assertThat(fetched.exitCode()).as(fetched.toString()).isZero();
      Path files = folder.resolve("files");
      assertThat(other.run("restore", "--from", zips, "--all", "--to", files.toString()).exitCode())
          .isZero();
      assertThat(imagesIn(files)).hasSize(24);
    }
  }

  @Test
  @Needs(Peer.DCMTK)
  void aFolderIsBackedUpToANodeOfDicomsOwnProtocol() throws IOException {
    try (Dcmqrscp qr = Dcmqrscp.start(folder.resolve("qr"), 0)) {
      String pacs = qr.address() + "&associations=1";
      var backup = serdab.run("backup", "--from", "folder:" + images, "--to", pacs);
      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(serdab.run("status").out()).contains("All 3 studies safe", qr.address().place());
      assertThat(serdab.run("studies", "--json").out()).contains("\"READABLE\"");
      assertThat(serdab.run("verify", pacs).exitCode()).isZero();
      assertThat(serdab.run("verify", pacs, "--depth", "restored").exitCode()).isZero();
      assertThat(serdab.run("check", pacs + "&existing=count").exitCode()).isZero();

      Path back = folder.resolve("back");
      var restored = serdab.run("restore", "--from", pacs, "--all", "--to", back.toString());
      assertThat(restored.exitCode()).as(restored.toString()).isZero();
      assertThat(imagesIn(back)).containsExactlyInAnyOrderElementsOf(imagesIn(images));

      try (Stream<Path> stored = Files.list(qr.storage())) {
        Files.delete(
            stored.filter(file -> !file.endsWith("index.dat")).sorted().findFirst().orElseThrow());
      }
      assertThat(serdab.run("verify", pacs).exitCode()).isEqualTo(3);
      assertThat(serdab.run("status").exitCode()).isEqualTo(3);
    }
  }

  @Test
  @Needs(Peer.DCMTK)
  void aSampleIsToldAsOneAndIsNotSafeUntilAllWasRead() throws IOException {
    try (Dcmqrscp qr = Dcmqrscp.start(folder.resolve("qr"), 0)) {
      String whole = qr.address() + "&associations=1";
      String sampled = whole + "&read-back=1/1000";

      var backup = serdab.run("backup", "--from", "folder:" + images, "--to", sampled);

      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(backup.out() + backup.err()).contains("only a sample is read back, one of 1000");
      assertThat(serdab.run("studies", "--json").out()).contains("\"PRESENT\"");
      assertThat(serdab.run("status").exitCode()).isEqualTo(3);
      assertThat(serdab.run("verify", whole).exitCode()).isZero();
      assertThat(serdab.run("status").exitCode()).isZero();
    }
  }

  /// Every command that shows the study says so: the run, status, studies, verify and restore.
  @Test
  @Needs({Peer.DCMTK, Peer.SHARED_DATA})
  void whatWasConvertedForANodeIsSaidByEveryCommand() throws IOException {
    Path real = Files.createDirectories(folder.resolve("real"));
    for (String name : List.of("MR_small_RLE.dcm", "image_dfl.dcm")) {
      Files.copy(SharedData.dicom().resolve("odd_pydicom/test_files/" + name), real.resolve(name));
    }
    try (Dcmqrscp qr = Dcmqrscp.start(folder.resolve("qr"), 0)) {
      String plain = qr.address() + "&associations=1";
      String converting = plain + "&convert=lossless";

      var refused =
          new CommandLineRun(folder.resolve("other"))
              .run("backup", "--from", "folder:" + real, "--to", plain);
      var backup = serdab.run("backup", "--from", "folder:" + real, "--to", converting);
      var again = serdab.run("backup", "--from", "folder:" + real, "--to", converting, "--json");

      assertThat(refused.exitCode()).as(refused.toString()).isEqualTo(3);
      assertThat(refused.out())
          .contains(
              "which the node does not take in RLE Lossless; convert=lossless in the address");
      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(backup.out() + backup.err()).contains("2 studies are at a node");
      assertThat(again.exitCode()).as(again.toString()).isZero();
      var status = serdab.run("status");
      assertThat(status.exitCode()).as(status.toString()).isZero();
      assertThat(status.out()).contains("All 2 studies safe", "2 sent to a node in another");
      assertThat(serdab.run("status", "--json").out()).contains("\"sent_converted\":2");
      assertThat(serdab.run("studies", "--findings").out())
          .contains("sent-converted", "1 of 1 instances");
      var verify = serdab.run("verify", plain);
      assertThat(verify.exitCode()).as(verify.toString()).isZero();
      assertThat(verify.out()).contains("2 of them are at the node");
      Path back = folder.resolve("back");
      var restored = serdab.run("restore", "--from", plain, "--all", "--to", back.toString());
      assertThat(restored.exitCode()).as(restored.toString()).isZero();
      assertThat(restored.out()).contains("1 of 1 files were sent to the node in another");
      assertThat(imagesIn(back)).hasSize(2).doesNotContainAnyElementsOf(imagesIn(real));
    }
  }
}
