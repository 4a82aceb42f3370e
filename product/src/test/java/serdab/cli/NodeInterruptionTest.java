package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.net.LyingPacs;
import serdab.testing.RichDicom;
import serdab.testing.SeededTest;

/// `serdab backup --to dicom://…` as a program of its own, killed while it sends.
class NodeInterruptionTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int STUDIES = 3;
  private static final int IMAGES = 80;

  /// Two associations with one instance under way on each.
  private static final int UNDER_WAY_MAX = 2;

  @TempDir Path folder;

  @SeededTest(runs = 1)
  void aBackupThatIsKilledWhileItSendsLosesNothingAndSendsNothingTwice(RandomGenerator random)
      throws Exception {
    kill(folder, random, 3);
  }

  static void kill(Path folder, RandomGenerator random, int kills) throws Exception {
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
    CommandLineRun serdab = new CommandLineRun(folder.resolve("home"));
    Files.createDirectories(folder.resolve("home"));
    try (LyingPacs pacs = LyingPacs.start()) {
      String[] backup = {"backup", "--from", "folder:" + images, "--to", pacs.address()};
      int killed = 0;
      for (int n = 0; n < kills; n++) {
        int until = pacs.arrived() + 1 + random.nextInt(STUDIES * IMAGES / kills);
        Process process = serdab.start(backup);
        await(process, pacs, until);
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
      for (LyingPacs.Kept kept : pacs.kept().values()) {
        there.put(kept.sop(), canonical(kept.file()));
      }
      assertThat(there).isEqualTo(expected);
      assertThat(pacs.arrived())
          .isBetween(expected.size(), expected.size() + killed * UNDER_WAY_MAX);
      assertThat(serdab.run("status").out()).contains("All " + STUDIES + " studies safe");
    }
  }

  private static void await(Process process, LyingPacs pacs, int until) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (process.isAlive() && pacs.arrived() < until && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }
}
