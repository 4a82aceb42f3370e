package serdab.repository;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;

/// A process of its own that writes versions into a repository, or prunes it again and again.
final class WritingProcess {

  /// What a process ends with that was killed here.
  static final int KILLED = 137;

  private WritingProcess() {}

  /// A place that fails at times, and ends this process at times. None of it for seed 0.
  private static BlobStore place(Path folder, long seed) {
    BlobStore store = LocalFolder.openShared(folder, new SecureRandom());
    if (seed == 0) {
      return store;
    }
    SplittableRandom random = new SplittableRandom(seed);
    return new SteppedStore(
        store,
        () -> {
          int chance;
          synchronized (random) {
            chance = random.nextInt(1000);
          }
          if (chance < 2) {
            Runtime.getRuntime().halt(KILLED);
          }
          if (chance < 5) {
            throw new SerdabException.Unavailable(
                new Problem("place-failed", "The place failed.", "Try again."));
          }
        });
  }

  static List<byte[]> blobs(String group, int version) {
    SplittableRandom common = new SplittableRandom(1000 + version);
    List<byte[]> blobs = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      byte[] blob = new byte[5_000];
      common.nextBytes(blob);
      blobs.add(blob);
    }
    blobs.add((group + version).getBytes(StandardCharsets.US_ASCII));
    return blobs;
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    WriterKeys keys = WriterKeys.parse(Files.readAllBytes(Path.of(args[1])));
    long seed = Long.parseLong(args[4]);
    String name = args[2];
    int versions = Integer.parseInt(args[3]);
    List<AgeIdentity> none = List.of();
    try (Repository repository =
        Repository.open(
            place(folder, seed),
            Optional.of(keys),
            none,
            InstantSource.system(),
            new SecureRandom())) {
      System.out.println("ready");
      int ignored = System.in.read();
      for (int v = 0; v < versions; v++) {
        if (name.equals("prune")) {
          Prune prune = new Prune(repository);
          prune.carryOut(prune.plan(List.of(), Duration.ofDays(-1)), "None.");
        } else {
          if (repository.find(name, "v" + v).isEmpty()) {
            write(repository, name, v);
          }
          System.out.println("committed " + name + "/v" + v);
          if (v % 4 == 3) {
            repository.settle();
          }
        }
      }
      repository.settle();
    } catch (SerdabException.Unavailable e) {
      if (seed == 0) {
        throw e;
      }
      // As a run that gave up; the next one does what is left.
      System.out.println(e.getMessage());
      System.exit(KILLED);
    }
    System.out.println("done");
  }

  private static void write(Repository repository, String name, int version) {
    for (int tries = 0; ; tries++) {
      try {
        Kit.write(repository, name, "v" + version, blobs(name, version));
        return;
      } catch (SerdabException.Unavailable e) {
        if (tries == 20 || !Shelf.isCode(e, "repository-session-ended")) {
          throw e;
        }
      }
    }
  }
}
