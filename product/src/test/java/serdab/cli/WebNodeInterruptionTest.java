package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.testing.LyingNode;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.RichDicom;
import serdab.testing.SeededTest;

/// `serdab backup --to dicomweb:…` as a program of its own: killed while it sends, and with a node
/// that is killed while it is sent to and read.
class WebNodeInterruptionTest {

  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int STUDIES = 24;
  private static final int IMAGES = 10;

  /// What a study takes, about: lists, a store, a retrieval.
  private static final int REQUESTS = 4;

  private static final Pattern KEY = Pattern.compile("\"key\" *: *\"([0-9.]+)\"");

  @TempDir Path folder;

  @SeededTest(runs = 1)
  void aBackupThatIsKilledWhileItSendsLosesNothingAndSendsNothingTwice(RandomGenerator random)
      throws Exception {
    killSender(folder, random, 3);
  }

  @SeededTest(runs = 1)
  @Needs(Peer.ORTHANC)
  void whatANodeHeldWhenItWasKilledIsNotLostAndNothingElseCountsAsCopied(RandomGenerator random)
      throws Exception {
    killNode(folder, random, 2);
  }

  /// Makes the images and tells what each must be afterwards.
  private static Map<String, String> images(Path folder, RandomGenerator random)
      throws IOException {
    Path images = Files.createDirectories(folder.resolve("images"));
    Map<String, String> expected = new TreeMap<>();
    for (int study = 0; study < STUDIES; study++) {
      for (int n = 0; n < IMAGES; n++) {
        String uid = "1.2.840." + study;
        byte[] image = RichDicom.image(uid, n, random);
        expected.put(RichDicom.sop(uid, n), canonical(image));
        Files.write(images.resolve(study + "-" + n), image);
      }
    }
    return expected;
  }

  /// Backs up, killing the backup so often, and looks at what became of the images.
  ///
  /// @return how many were killed, and how many instances came that were there already
  static int[] killSender(Path folder, RandomGenerator random, int kills) throws Exception {
    int killed = 0;
    int twice;
    Map<String, String> expected = images(folder, random);
    CommandLineRun serdab = new CommandLineRun(Files.createDirectories(folder.resolve("home")));
    try (LyingNode node = LyingNode.start()) {
      String[] backup = {
        "backup", "--from", "folder:" + folder.resolve("images"), "--to", "dicomweb:" + node.url()
      };
      for (int n = 0; n < kills; n++) {
        // Before it sends, while it sends, and while it reads back.
        int until = node.requests().size() + 2 + random.nextInt(STUDIES * REQUESTS / kills);
        Process process = serdab.start(backup);
        await(process, () -> node.requests().size(), until);
        LockSupport.parkNanos(Duration.ofMillis(random.nextInt(20)).toNanos());
        if (process.isAlive()) {
          killed++;
        }
        process.destroyForcibly();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      }

      CommandLineRun.Result last = serdab.run(backup);

      assertThat(last.exitCode()).as(last.toString()).isZero();
      assertThat(killed).isPositive();
      Map<String, String> there = new TreeMap<>();
      for (LyingNode.Kept kept : node.kept().values()) {
        there.put(kept.sop(), canonical(kept.bytes()));
      }
      assertThat(there).isEqualTo(expected);
      int before = node.arrived();
      twice = before - expected.size();
      // One request is under way at a time, and none is about more than one study.
      assertThat(twice).isBetween(0, killed * IMAGES);
      assertThat(serdab.run(backup).exitCode()).isZero();
      assertThat(node.arrived()).as("what is there is not sent again").isEqualTo(before);
      assertThat(serdab.run("status").out()).contains("All " + STUDIES + " studies safe");
    }
    return new int[] {killed, twice};
  }

  /// Backs up, killing the node so often, and looks at what became of the images.
  ///
  /// @return how many times it was killed
  static int killNode(Path folder, RandomGenerator random, int kills) throws Exception {
    Map<String, String> expected = images(folder, random);
    int killed = 0;
    try (OrthancServer node = OrthancServer.start()) {
      String address = "dicomweb:" + node.url();
      String[] backup = {"backup", "--from", "folder:" + folder.resolve("images"), "--to", address};
      // A backup may be through before the moment has come that was drawn; then another one is
      // made.
      for (int round = 0; killed < kills; round++) {
        assertThat(round).as("backups for " + killed + " kills").isLessThan(20 * kills);
        node.forgetEverything();
        CommandLineRun serdab = new CommandLineRun(Files.createTempDirectory(folder, "home"));
        boolean ended = false;
        for (int run = 0; !ended; run++) {
          assertThat(run).as("runs, each of which a kill ended").isLessThanOrEqualTo(kills + 1);
          Process process = serdab.start(backup);
          while (process.isAlive() && killed < kills) {
            // While it sends, and while all is there and read back.
            int until = Math.min(expected.size(), node.count() + random.nextInt(STUDIES * IMAGES));
            await(process, node::count, until);
            LockSupport.parkNanos(Duration.ofMillis(random.nextInt(200)).toNanos());
            if (process.isAlive()) {
              node.kill();
              killed++;
            }
          }
          assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
          ended = process.exitValue() == 0;
          assertThat(process.exitValue())
              .as(Files.readString(folder.resolve("process-output.txt")))
              .isIn(0, 1, 3); // 1 when it was away at the very beginning
          Map<String, String> there = there(node);
          for (String study : copied(serdab)) {
            assertThat(of(study, there)).as("what counts as copied").isEqualTo(of(study, expected));
          }
        }
        assertThat(there(node)).isEqualTo(expected);
        assertThat(copied(serdab)).hasSize(STUDIES);
        assertThat(serdab.run("verify", address).exitCode()).isZero();
        assertThat(serdab.run("status").out()).contains("All " + STUDIES + " studies safe");
      }
    }
    return killed;
  }

  private static Map<String, String> of(String study, Map<String, String> all) {
    Map<String, String> some = new TreeMap<>(all);
    some.keySet().removeIf(sop -> !sop.startsWith(study + "."));
    return some;
  }

  /// The studies that count as copied.
  private static List<String> copied(CommandLineRun serdab) {
    List<String> copied = new ArrayList<>();
    for (String study : serdab.run("studies", "--json").out().split("\"label\"", -1)) {
      Matcher key = KEY.matcher(study);
      if (key.find() && study.contains("\"READABLE\"") && study.contains("\"good\"")) {
        copied.add(key.group(1));
      }
    }
    return copied;
  }

  private static Map<String, String> there(OrthancServer node) throws IOException {
    Map<String, String> there = new TreeMap<>();
    for (byte[] file : node.files()) {
      there.put(DicomFile.read(ByteSource.of(file)).facts().sop().value(), canonical(file));
    }
    return there;
  }

  private static void await(Process process, IntSupplier reached, int until) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (process.isAlive() && reached.getAsInt() < until && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }
}
