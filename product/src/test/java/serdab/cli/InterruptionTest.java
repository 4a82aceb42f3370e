package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Share;
import serdab.testing.world.TinyDicom;

/// Real processes, really killed.
class InterruptionTest {

  private static final int KILLS = 200;
  private static final int STUDIES = 24;
  private static final int IMAGES = 4;
  private static final int LONGEST_LIFE_MILLIS = 2500;
  private static final int KILLS_PER_DESTINATION = 5;
  private static final int TRIES_MAX = 10;

  @TempDir private Path folder;

  private CommandLineRun serdab() {
    return new CommandLineRun(folder.resolve("home"));
  }

  @Test
  @Tag("prove")
  @Tag("prove-interruption")
  void afterAnyKillTheNextRunEndsWithEveryStudyProvenAndCopiesNothingTwice() throws Exception {
    Path library = makeLibrary(folder.resolve("library"));
    long first = Share.firstOf(KILLS);
    long end = Share.endOf(KILLS);
    // Some meet a program at work, however fast the machine is, else this shows nothing.
    long wanted = (end - first + 3) / 4;
    long alive = 0;
    for (long kill = first; kill < end || alive < wanted; kill++) {
      assertThat(kill - first)
          .as("kills, of which %s met one at work", alive)
          .isLessThan(TRIES_MAX * (end - first) + KILLS_PER_DESTINATION);
      RandomGenerator random = new SplittableRandom(Long.getLong("firstSeed", 1_000_000L) + kill);
      Path destination = folder.resolve("zips-" + kill / KILLS_PER_DESTINATION);

      Process process = serdab().start(drawn(random, library, destination, folder));
      if (!process.waitFor(1 + random.nextInt(LONGEST_LIFE_MILLIS), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        alive++;
      }
      process.waitFor();

      List<String> visible = zips(destination);
      if (kill % KILLS_PER_DESTINATION == KILLS_PER_DESTINATION - 1 || kill >= end - 1) {
        CommandLineRun.Result next =
            serdab().run("backup", "--from", "folder:" + library, "--to", "zip:" + destination);
        assertThat(next.exitCode()).as("kill %s: %s%s", kill, next.out(), next.err()).isZero();
        // Whatever was visible at the kill is still there, and no study has a second copy.
        assertThat(zips(destination)).containsAll(visible).hasSize(STUDIES);
        CommandLineRun.Result verified =
            serdab().run("verify", "zip:" + destination, "--depth", "readable");
        assertThat(verified.exitCode()).as(verified.out()).isZero();
        assertThat(verified.out()).contains(STUDIES + " good, 0 NOT good");
        assertThat(parts(destination)).isEmpty();
        CommandLineRun.Result restored =
            serdab()
                .run(
                    "restore",
                    "--from",
                    "zip:" + destination,
                    "--to",
                    folder.resolve("back").toString(),
                    "--all");
        assertThat(restored.exitCode()).as(restored.out()).isZero();
        assertThat(restored.out()).contains("0 gaps");
      } else {
        // What is visible is whole, at any moment.
        if (!visible.isEmpty() && random.nextBoolean()) {
          CommandLineRun.Result verified =
              serdab().run("verify", "zip:" + destination, "--depth", "intact");
          assertThat(verified.exitCode()).as("kill %s: %s", kill, verified.out()).isZero();
        }
      }
    }
  }

  @Test
  void aRunThatIsAskedToStopEndsWithin10SecondsAndGoesOnNextTime() throws Exception {
    Path library = makeLibrary(folder.resolve("library"));
    Path destination = folder.resolve("zips");
    Process process =
        serdab()
            .start(
                "backup",
                "--from",
                "folder:" + library,
                "--to",
                "zip:" + destination,
                "--pause",
                "300ms");
    waitForFirstZip(destination, process);

    long asked = System.nanoTime();
    process.destroy();
    boolean ended = process.waitFor(20, TimeUnit.SECONDS);
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - asked);
    CommandLineRun.Result next =
        serdab().run("backup", "--from", "folder:" + library, "--to", "zip:" + destination);

    assertThat(ended).isTrue();
    assertThat(process.exitValue()).isEqualTo(130);
    assertThat(seconds).isLessThan(10);
    assertThat(next.exitCode()).as(next.out()).isZero();
    assertThat(zips(destination)).hasSize(STUDIES);
  }

  @Test
  void twoRunsAtOnceAreKeptApart() throws Exception {
    Path library = makeLibrary(folder.resolve("library"));
    Path destination = folder.resolve("zips");
    Process process =
        serdab()
            .start(
                "backup",
                "--from",
                "folder:" + library,
                "--to",
                "zip:" + destination,
                "--pause",
                "500ms");
    waitForFirstZip(destination, process);

    CommandLineRun.Result second =
        serdab().run("backup", "--from", "folder:" + library, "--to", "zip:" + destination);
    CommandLineRun.Result fromElsewhere =
        new CommandLineRun(folder.resolve("other-home"))
            .run("backup", "--from", "folder:" + library, "--to", "zip:" + destination);
    process.destroyForcibly();
    process.waitFor();

    assertThat(second.exitCode()).isEqualTo(4);
    assertThat(second.err()).contains("Another run");
    assertThat(fromElsewhere.exitCode()).as(fromElsewhere.err() + fromElsewhere.out()).isEqualTo(4);
  }

  // ----

  /// Mostly a backup; once something can be there, also what reads it and what remembers it.
  private static String[] drawn(RandomGenerator random, Path library, Path destination, Path folder)
      throws IOException {
    String place = "zip:" + destination;
    int what = zips(destination).isEmpty() ? 0 : random.nextInt(10);
    return switch (what) {
      case 7 -> new String[] {"verify", place};
      case 8 -> new String[] {"catalogue", "rebuild", place};
      case 9 ->
          new String[] {
            "restore", "--from", place, "--to", folder.resolve("back").toString(), "--all"
          };
      default -> new String[] {"backup", "--from", "folder:" + library, "--to", place};
    };
  }

  private static void waitForFirstZip(Path destination, Process process)
      throws InterruptedException, IOException {
    for (int i = 0; i < 600 && zips(destination).isEmpty() && process.isAlive(); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static Path makeLibrary(Path library) throws IOException {
    RandomGenerator random = new SplittableRandom(3);
    for (int s = 1; s <= STUDIES; s++) {
      String study = "1.2.826.0.1." + s;
      Path place = Files.createDirectories(library.resolve("study" + s));
      for (int i = 1; i <= IMAGES; i++) {
        byte[] pixels = new byte[100_000];
        random.nextBytes(pixels);
        Arrays.fill(pixels, 0, 50_000, (byte) i);
        Files.write(
            place.resolve("image" + i),
            TinyDicom.image()
                .study(study)
                .series(study + ".1")
                .sop(study + ".1." + i)
                .pixels(pixels)
                .bytes());
      }
    }
    return library;
  }

  private static List<String> zips(Path destination) throws IOException {
    // Copies only: what a run leaves for recovery lies in a folder beside the months.
    return names(destination, ".zip").stream()
        .filter(name -> !name.startsWith("_recovery"))
        .toList();
  }

  private static List<String> parts(Path destination) throws IOException {
    return names(destination, ".part");
  }

  private static List<String> names(Path destination, String suffix) throws IOException {
    if (!Files.isDirectory(destination)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(destination)) {
      return files
          .map(file -> destination.relativize(file).toString())
          .filter(name -> name.endsWith(suffix))
          .sorted()
          .toList();
    }
  }
}
