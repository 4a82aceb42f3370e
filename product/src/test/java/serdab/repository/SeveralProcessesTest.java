package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.Share;

class SeveralProcessesTest {

  private static final int VERSIONS = 12;

  @TempDir private Path temp;

  private static final int ROUNDS = 200;
  private static final int TRIES_MAX = 10;
  private static final int FAULTY_STARTS = 4;
  private static final int LONGEST_LIFE_MILLIS = 1500;

  private Process start(Path folder, Path keys, String name, int times, long seed)
      throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            WritingProcess.class.getName(),
            folder.toString(),
            keys.toString(),
            name,
            Integer.toString(times),
            Long.toString(seed))
        .redirectErrorStream(true)
        .start();
  }

  @Test
  void twoProcessesWriteIntoOneRepositoryWhileAThirdPrunes() throws Exception {
    Kit kit = new Kit(1);
    Path folder = Files.createDirectory(temp.resolve("repository"));
    Path keys = temp.resolve("writer.json");
    BlobStore place = LocalFolder.openShared(folder, new SplittableRandom(2));
    kit.begin(place).close();
    Files.write(keys, kit.writer().json());
    List<Process> processes = new ArrayList<>();
    processes.add(start(folder, keys, "one", VERSIONS, 0));
    processes.add(start(folder, keys, "two", VERSIONS, 0));
    processes.add(start(folder, keys, "prune", 4, 0));
    for (Process process : processes) {
      assertThat(line(process)).isEqualTo("ready");
    }
    for (Process process : processes) {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
    }
    for (Process process : processes) {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(said).isZero();
    }

    try (Repository repository =
        kit.openToRead(LocalFolder.openShared(folder, new SplittableRandom(3)))) {
      Map<String, Snapshot> versions = Kit.versions(repository);
      assertThat(versions).hasSize(2 * VERSIONS);
      for (String name : List.of("one", "two")) {
        for (int v = 0; v < VERSIONS; v++) {
          Snapshot snapshot = versions.get(name + "/v" + v);
          assertThat(Kit.read(repository, Objects.requireNonNull(snapshot)))
              .containsExactlyElementsOf(WritingProcess.blobs(name, v));
        }
      }
    }
    try (var left = Files.walk(folder)) {
      assertThat(left.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  /// Their place fails at times, at times they end in the middle of asking it for something, and at
  /// times one of them is killed at any moment; then they are started again. What any of them was
  /// told is committed reads as it was written.
  @Test
  @Tag("prove")
  @Tag("prove-repository")
  void whateverFailsTwoProcessesWriteWhileAThirdPrunes() throws Exception {
    long first = Share.firstOf(ROUNDS);
    long end = Share.endOf(ROUNDS);
    long again = 0;
    // Some of them fail or are killed, else this shows nothing; when none was, others are drawn.
    for (long round = first; round < end || (end > first && again == 0); round++) {
      assertThat(round - first).isLessThan(TRIES_MAX * (end - first));
      again += round(Long.getLong("firstSeed", 1_000_000L) + round) - 3;
    }
  }

  private int round(long seed) throws Exception {
    Kit kit = new Kit(seed);
    Path folder = Files.createDirectory(temp.resolve("repository-" + seed));
    Path keys = temp.resolve("writer-" + seed + ".json");
    kit.begin(LocalFolder.openShared(folder, new SplittableRandom(seed))).close();
    Files.write(keys, kit.writer().json());
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, Integer> versions = Map.of("one", 6, "two", 6, "prune", 2);
    Map<String, Process> running = new HashMap<>();
    Map<String, Integer> starts = new HashMap<>();
    Set<String> committed = new TreeSet<>();
    Set<String> left = new TreeSet<>(versions.keySet());
    while (!left.isEmpty()) {
      for (String name : left) {
        int times = starts.merge(name, 1, Integer::sum);
        long faults = times > FAULTY_STARTS ? 0 : seed * 31 + times * 7L + name.hashCode();
        running.put(
            name, start(folder, keys, name, Objects.requireNonNull(versions.get(name)), faults));
      }
      for (Process process : running.values()) {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
      }
      String killed = List.of("one", "two", "prune").get(random.nextInt(3));
      Process victim = running.get(killed);
      if (victim != null
          && starts.getOrDefault(killed, 0) <= FAULTY_STARTS
          && !victim.waitFor(random.nextInt(LONGEST_LIFE_MILLIS), TimeUnit.MILLISECONDS)) {
        // What it said before is read all the same.
        victim.toHandle().destroyForcibly();
      }
      for (Map.Entry<String, Process> each : running.entrySet()) {
        String said =
            new String(each.getValue().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        said.lines()
            .filter(line -> line.startsWith("committed "))
            .forEach(line -> committed.add(line.substring("committed ".length())));
        int code = each.getValue().waitFor();
        assertThat(code).as("seed %s: %s", seed, said).isIn(0, WritingProcess.KILLED);
        if (code == 0) {
          left.remove(each.getKey());
        }
      }
      running.clear();
    }
    try (Repository repository =
        kit.openToRead(LocalFolder.openShared(folder, new SplittableRandom(3)))) {
      Map<String, Snapshot> found = Kit.versions(repository);
      assertThat(found.keySet()).as("seed %s", seed).containsAll(committed).hasSize(12);
      for (String name : List.of("one", "two")) {
        for (int v = 0; v < 6; v++) {
          Snapshot snapshot = Objects.requireNonNull(found.get(name + "/v" + v));
          assertThat(Kit.read(repository, snapshot))
              .as("seed %s", seed)
              .containsExactlyElementsOf(WritingProcess.blobs(name, v));
          repository.requireIntact(snapshot);
        }
      }
    }
    return starts.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static String line(Process process) throws Exception {
    StringBuilder line = new StringBuilder();
    for (int c = process.getInputStream().read(); c >= 0 && c != '\n'; ) {
      line.append((char) c);
      c = process.getInputStream().read();
    }
    return line.toString();
  }
}
