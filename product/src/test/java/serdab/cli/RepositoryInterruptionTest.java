package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Share;
import serdab.testing.world.TinyDicom;

/// Real processes at work on a repository, really killed: a backup, the removal of versions, a
/// prune, a repair, a restore, a verification.
class RepositoryInterruptionTest {

  private static final int KILLS = 500;
  private static final int KILLS_PER_REPOSITORY = 13;
  private static final int TRIES_MAX = 10;
  private static final int STUDIES = 5;
  private static final int IMAGES = 3;
  private static final Duration LONGEST_LIFE = Duration.ofSeconds(60);

  @TempDir private Path folder;

  /// What is killed.
  private enum Work {
    BACKUP,
    REMOVE,
    PRUNE,
    REPAIR,
    RESTORE,
    VERIFY
  }

  private static final List<Work> WORKS =
      List.of(
          Work.BACKUP,
          Work.BACKUP,
          Work.REMOVE,
          Work.REMOVE,
          Work.PRUNE,
          Work.REPAIR,
          Work.RESTORE,
          Work.VERIFY);

  /// How long each takes when nobody kills it, as far as was seen.
  private final Map<Work, Long> millis = new HashMap<>();

  private int alive;

  @Test
  @Tag("prove")
  @Tag("prove-repository")
  @Needs({Peer.AGE, Peer.ZSTD, Peer.PYTHON})
  void afterAnyKillEveryCommittedVersionIsThereAndNothingNeedsRepair() throws Exception {
    long first = Share.firstOf(KILLS);
    long end = Share.endOf(KILLS);
    // Half of them are at work when they are killed, else this shows little; on a machine that is
    // faster than the draws expect it takes more of them.
    long wanted = (end - first + 1) / 2;
    long kill = first;
    while (kill < end || alive < wanted) {
      assertThat(kill - first)
          .as("kills, of which %s met one at work", alive)
          .isLessThan(TRIES_MAX * (end - first));
      long here = Math.max(kill + 1, Math.min(end, kill + KILLS_PER_REPOSITORY));
      Place place = new Place(Long.getLong("firstSeed", 1_000_000L) + kill);
      for (; kill < here; kill++) {
        place.kill();
      }
      place.end();
    }
  }

  private record Version(String study, int files) {}

  /// A repository, what is backed up to it, and what was committed there.
  private final class Place {

    private final long seed;
    private final RandomGenerator random;
    private final Path root;
    private final CommandLineRun serdab;
    private final List<String> said = new ArrayList<>();
    private int images;
    private int number;

    Place(long seed) throws IOException {
      this.seed = seed;
      random = new SplittableRandom(seed);
      root = Files.createDirectory(folder.resolve("place-" + seed));
      serdab = new CommandLineRun(root.resolve("home"));
      AgeIdentity person = AgeIdentity.generate(random);
      Files.writeString(root.resolve("person.txt"), person.text() + "\n");
      good("repository", "init", repo(), "--recipient", person.recipient().text());
      for (int study = 1; study <= STUDIES; study++) {
        for (int i = 0; i < IMAGES; i++) {
          image(study);
        }
      }
      if (random.nextInt(3) > 0) {
        good(backup());
      }
    }

    void kill() throws Exception {
      number++;
      Map<String, Version> before = versions();
      Work work = before.isEmpty() ? Work.BACKUP : WORKS.get(random.nextInt(WORKS.size()));
      Set<String> mayGo = Set.of();
      String[] command;
      switch (work) {
        case BACKUP -> {
          if (random.nextInt(4) > 0) {
            image(1 + random.nextInt(STUDIES));
          }
          command = backup();
        }
        case REMOVE -> {
          // A newer version of two studies, so that something may go; the killed runs may not have
          // come to an older one.
          good(backup());
          image(1);
          image(2);
          good(backup());
          before = versions();
          Matcher confirm = planSomethingToGo();
          mayGo = superseded(before);
          command =
              new String[] {
                "prune",
                repo(),
                "--execute",
                confirm.group(1),
                "--confirm",
                confirm.group(2),
                "--identity",
                person()
              };
        }
        case PRUNE ->
            command = new String[] {"repository", "prune", repo(), "--yes", "--untouched", "0s"};
        case REPAIR -> {
          damage();
          command =
              new String[] {
                "repository", "repair", repo(), "--from", "repo:" + root.resolve("copy")
              };
        }
        case RESTORE -> command = restore("back-" + number);
        case VERIFY ->
            command =
                new String[] {"verify", repo(), "--depth", "readable", "--identity", person()};
        default -> throw new AssertionError(work);
      }
      said.add(work.toString());
      runAndKill(work, command);

      if (work == Work.REPAIR) {
        // What it did not come to is still damaged; the next one goes on.
        good(command);
      }
      assertThat(good("repository", "check", repo())).as("%s", this).contains(": 0 NOT good");
      Map<String, Version> after = versions();
      Set<String> lost = new TreeSet<>(before.keySet());
      lost.removeAll(after.keySet());
      lost.removeAll(mayGo);
      assertThat(lost).as("%s", this).isEmpty();
      if (!after.isEmpty() && random.nextInt(3) == 0) {
        requireReadable(after.size());
      }
      if (work == Work.RESTORE) {
        good(command);
        Set<String> back = digests(root.resolve("back-" + number));
        back.retainAll(digests(root.resolve("library")));
        assertThat(back)
            .as("%s", this)
            .hasSize(newest(after).values().stream().mapToInt(Version::files).sum());
      }
    }

    private Matcher planSomethingToGo() {
      String plan = planned();
      if (plan.contains("May go: 0 copies")) {
        // A killed run left copies that it could not record; the plan says what to do.
        assertThat(plan).as("%s", this).contains("run: serdab catalogue rebuild");
        good("catalogue", "rebuild", repo(), "--identity", person());
        good("verify", repo(), "--identity", person());
        plan = planned();
      }
      Matcher confirm = Pattern.compile("--execute \"(.+)\" --confirm (\\d+)").matcher(plan);
      assertThat(confirm.find()).as("%s: %s", this, plan).isTrue();
      return confirm;
    }

    private String planned() {
      return good("prune", repo(), "--plan", "--keep-versions", "1", "--identity", person());
    }

    /// The next run does what is left, and everything is as if nobody had been killed.
    void end() throws Exception {
      good(backup());
      assertThat(good(backup())).as("%s", this).contains(" 0 copied and proven");
      good("repository", "prune", repo(), "--yes", "--untouched", "0s");
      good("repository", "check", repo());
      Map<String, Version> all = versions();
      requireReadable(all.size());
      List<String> left = new ArrayList<>();
      for (Path file : filesIn(root.resolve("sealed"))) {
        if (file.toString().endsWith(".part")) {
          left.add(file.toString());
        }
      }
      assertThat(left).as("%s", this).isEmpty();
      good(restore("back"));
      assertThat(digests(root.resolve("back")))
          .as("%s", this)
          .containsAll(digests(root.resolve("library")));

      // And as a stranger reads it: every version, each file compared with its digest.
      Process process =
          new ProcessBuilder(
                  "python3",
                  root.resolve("sealed/restore.py").toString(),
                  root.resolve("sealed").toString(),
                  person(),
                  "restore",
                  root.resolve("by-script").toString())
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as("%s: %s", this, text).isZero();
      Set<String> versions = new HashSet<>();
      try (Stream<Path> files = Files.walk(root.resolve("by-script"), 2)) {
        files
            .filter(file -> root.resolve("by-script").relativize(file).getNameCount() == 2)
            .forEach(file -> versions.add(file.toString()));
      }
      assertThat(versions).as("%s", this).hasSize(all.size());
    }

    // ---- the kill

    private void runAndKill(Work work, String... command) throws Exception {
      long begun = System.nanoTime();
      long usual = millis.getOrDefault(work, 700L);
      // By the clock, or when it has changed the place some times: the moments that count most.
      boolean byClock = random.nextBoolean() || work == Work.RESTORE || work == Work.VERIFY;
      long life = byClock ? usual / 3 + random.nextLong(usual) : LONGEST_LIFE.toMillis();
      int changes = byClock ? Integer.MAX_VALUE : 1 + random.nextInt(20);
      Process process = serdab.start(command);
      Set<Path> seen = new HashSet<>(filesIn(root.resolve("sealed")));
      int changed = 0;
      while (process.isAlive() && millisSince(begun) < life && changed < changes) {
        if (byClock) {
          process.waitFor(life - millisSince(begun), TimeUnit.MILLISECONDS);
        } else if (!process.waitFor(4, TimeUnit.MILLISECONDS)) {
          Set<Path> now = new HashSet<>(filesIn(root.resolve("sealed")));
          int both = seen.size() + now.size();
          seen.retainAll(now);
          changed += both - 2 * seen.size();
          seen = now;
        }
      }
      if (process.isAlive()) {
        process.destroyForcibly();
        process.waitFor();
        alive++;
        if (byClock) {
          // Also the last steps must have their turn.
          millis.put(work, Math.max(usual, life * 5 / 4));
        }
      } else {
        String output = Files.readString(root.resolve("process-output.txt"));
        assertThat(process.exitValue()).as("%s: %s", this, output).isZero();
        millis.put(work, millisSince(begun));
      }
    }

    // ---- commands

    private String repo() {
      return "repo:" + root.resolve("sealed");
    }

    private String person() {
      return root.resolve("person.txt").toString();
    }

    private String[] backup() {
      return new String[] {
        "backup", "--from", root.resolve("library").toString(), "--to", repo(), "--quiet-time", "0s"
      };
    }

    private String[] restore(String to) {
      return new String[] {
        "restore",
        "--from",
        repo(),
        "--all",
        "--to",
        root.resolve(to).toString(),
        "--identity",
        person()
      };
    }

    private String good(String... command) {
      CommandLineRun.Result result = serdab.run(command);
      assertThat(result.exitCode())
          .as("%s: %s: %s%s", this, List.of(command), result.out(), result.err())
          .isZero();
      return result.out();
    }

    private void requireReadable(int count) {
      assertThat(good("verify", repo(), "--depth", "readable", "--identity", person()))
          .as("%s", this)
          .contains(count + " good, 0 NOT good");
    }

    /// Every version that is listed, by name, the latest last.
    private Map<String, Version> versions() {
      String json = good("repository", "snapshots", repo(), "--json", "--show-studies");
      Matcher each =
          Pattern.compile("\"study\":\"([^\"]*)\",\"version\":\"([0-9a-f]+)\",\"files\":(\\d+)")
              .matcher(json);
      Map<String, Version> versions = new LinkedHashMap<>();
      while (each.find()) {
        versions.put(each.group(2), new Version(each.group(1), Integer.parseInt(each.group(3))));
      }
      return versions;
    }

    private static Map<String, Version> newest(Map<String, Version> versions) {
      Map<String, Version> newest = new HashMap<>();
      versions.values().forEach(version -> newest.put(version.study(), version));
      return newest;
    }

    private static Set<String> superseded(Map<String, Version> versions) {
      Set<String> older = new HashSet<>(versions.keySet());
      Set<Version> newest = Set.copyOf(newest(versions).values());
      older.removeIf(version -> newest.contains(versions.get(version)));
      return older;
    }

    // ---- files

    private void image(int study) throws IOException {
      byte[] pixels = new byte[20_000];
      random.nextBytes(pixels);
      Arrays.fill(pixels, 0, 10_000, (byte) images);
      String uid = "1.2.826.0.1." + study;
      Path file = root.resolve("library/study" + study + "/image" + images++);
      Files.createDirectories(file.getParent());
      Files.write(
          file,
          TinyDicom.image()
              .study(uid)
              .series(uid + ".1")
              .sop(uid + ".1." + images)
              .pixels(pixels)
              .bytes());
    }

    /// One or two files lose a bit or are lost, after all was copied elsewhere.
    private void damage() throws IOException {
      Path sealed = root.resolve("sealed");
      Path copy = root.resolve("copy");
      delete(copy);
      for (Path file : filesIn(sealed)) {
        Path to = copy.resolve(sealed.relativize(file).toString());
        Files.createDirectories(to.getParent());
        Files.copy(file, to, StandardCopyOption.REPLACE_EXISTING);
      }
      for (int i = random.nextInt(2); i >= 0; i--) {
        String[] kinds = {"packs", "packs", "index", "parity", "copies"};
        List<Path> files = filesIn(sealed.resolve(kinds[random.nextInt(kinds.length)]));
        if (files.isEmpty()) {
          continue;
        }
        Path file = files.get(random.nextInt(files.size()));
        said.add("damaged " + sealed.relativize(file));
        if (random.nextInt(3) == 0) {
          Files.delete(file);
        } else {
          byte[] bytes = Files.readAllBytes(file);
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
          Files.write(file, bytes);
        }
      }
    }

    @Override
    public String toString() {
      return "seed " + seed + ", " + String.join("; ", said);
    }
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  /// Files of a folder that may change meanwhile.
  private static List<Path> filesIn(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              files.add(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }
          });
    }
    files.sort(null);
    return files;
  }

  private static void delete(Path folder) throws IOException {
    for (Path file : filesIn(folder)) {
      Files.delete(file);
    }
  }

  private static Set<String> digests(Path folder) throws IOException {
    Set<String> digests = new TreeSet<>();
    for (Path file : filesIn(folder)) {
      digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
    }
    return digests;
  }
}
