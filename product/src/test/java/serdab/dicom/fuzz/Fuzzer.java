package serdab.dicom.fuzz;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// Runs one target on mutated inputs until its time is over or something fails. Time per input is
/// processor time, so that a busy machine does not look like a hang.
final class Fuzzer {

  static final Duration HANG = Duration.ofSeconds(1);

  private static final int SEED_BYTES_MAX = 64 << 10;
  private static final int KEPT_BYTES_MAX = 4 << 10;
  private static final int KEPT_MAX = 2_000;
  private static final Duration WATCH = Duration.ofMillis(200);

  private final FuzzTarget target;
  private final long seed;
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  private volatile byte[] current = {};
  private volatile long startedAtNanos = Long.MAX_VALUE;
  private volatile Optional<Failure> failure = Optional.empty();
  private volatile boolean over;
  private long inputs;
  private int kept;

  /// An input that failed and how.
  record Failure(Path input, Throwable cause) {}

  /// What a run came to.
  record Result(long inputs, int behaviours, Optional<Failure> failure) {}

  Fuzzer(FuzzTarget target, long seed) {
    this.target = target;
    this.seed = seed;
  }

  /// @param keep where small inputs that showed something new are written, if anywhere
  Result run(List<byte[]> seeds, Duration time, Optional<Path> keep) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    Thread worker = Thread.ofPlatform().daemon().start(() -> work(seeds, end, keep));
    while (!over && worker.isAlive()) {
      worker.join(WATCH);
      long started = startedAtNanos;
      if (!over && threads.getThreadCpuTime(worker.threadId()) - started > HANG.toNanos()) {
        Throwable hang = new AssertionError("one input took more than " + HANG);
        hang.setStackTrace(worker.getStackTrace());
        fail(current, hang);
        break;
      }
    }
    return new Result(inputs, kept, failure);
  }

  private void work(List<byte[]> seeds, long end, Optional<Path> keep) {
    Mutator mutator = new Mutator(new SplittableRandom(seed), seeds);
    Set<String> known = new HashSet<>();
    try {
      for (byte[] input : seeds) {
        known.add(behaviour(input));
      }
      while (System.nanoTime() < end && failure.isEmpty()) {
        byte[] input = mutator.next(target);
        String behaviour = behaviour(input);
        if (kept < KEPT_MAX && input.length <= SEED_BYTES_MAX && known.add(behaviour)) {
          kept++;
          mutator.add(input);
          if (input.length <= KEPT_BYTES_MAX) {
            keep.ifPresent(folder -> write(folder.resolve(target.label() + "-" + kept), input));
          }
        }
      }
    } catch (Throwable e) {
      fail(current, e);
    }
    over = true;
  }

  private String behaviour(byte[] input) throws IOException {
    current = input;
    startedAtNanos = threads.getCurrentThreadCpuTime();
    String behaviour = target.behaviour(input);
    long took = threads.getCurrentThreadCpuTime() - startedAtNanos;
    startedAtNanos = Long.MAX_VALUE;
    inputs++;
    if (took > HANG.toNanos()) {
      throw new AssertionError("one input took " + Duration.ofNanos(took));
    }
    return behaviour;
  }

  private void fail(byte[] input, Throwable cause) {
    Path file = Path.of("target", "fuzz", target.label() + "-" + seed + ".bin");
    write(file, input);
    failure = Optional.of(new Failure(file, cause));
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// Real files that fit the target, at most 64 KiB of each; and the kept corpus.
  static List<byte[]> seeds(FuzzTarget target, Stream<Path> files) throws IOException {
    return files
        .filter(Files::isRegularFile)
        .filter(file -> isFor(target, file))
        .sorted()
        .map(Fuzzer::firstBytes)
        .filter(bytes -> bytes.length > 0)
        .toList();
  }

  private static boolean isFor(FuzzTarget target, Path file) {
    String path = file.toString().toLowerCase(java.util.Locale.ROOT);
    if (path.contains("fuzz-corpus")) {
      return file.getFileName().toString().startsWith(target.label());
    }
    return switch (target) {
      case PARSER -> file.toFile().length() <= SEED_BYTES_MAX;
      case CHARACTER_SETS -> path.contains("charset_files");
      case INFLATER -> path.contains("_dfl") || path.contains("deflate");
      case DICOMDIR -> path.contains("dicomdir");
    };
  }

  private static byte[] firstBytes(Path file) {
    try (var in = Files.newInputStream(file)) {
      return in.readNBytes(SEED_BYTES_MAX);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
