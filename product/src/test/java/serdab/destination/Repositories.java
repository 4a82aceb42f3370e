package serdab.destination;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.destination.repository.Compression;
import serdab.destination.repository.RepositoryDestination;
import serdab.repository.Repository;
import serdab.repository.WriterKeys;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.WorldClock;

/// A repository on a simulated disk, opened anew as often as a test likes. Its threads end with the
/// JVM.
public final class Repositories {

  public static final ExecutorService CREW =
      Executors.newFixedThreadPool(
          2,
          task -> {
            Thread thread = new Thread(task, "crew");
            thread.setDaemon(true);
            return thread;
          });

  public final WorldClock clock = new WorldClock(ZipTrees.CLOCK.instant());
  public final SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1), clock);
  private final RandomGenerator secure = new Locked(new SplittableRandom(3));
  private final AgeIdentity person = AgeIdentity.generate(secure);
  private @Nullable WriterKeys writer;

  /// Chance that several threads may use; nothing is secret in a test.
  private record Locked(RandomGenerator random) implements RandomGenerator {
    @Override
    public synchronized long nextLong() {
      return random.nextLong();
    }

    @Override
    public synchronized void nextBytes(byte[] bytes) {
      random.nextBytes(bytes);
    }
  }

  private BlobStore place() {
    return LocalFolder.onShared(disk.mount(), "the disk", new SplittableRandom(2));
  }

  /// Opens it with the identity, and begins it the first time.
  public RepositoryDestination connect() {
    return connect(Compression.SMALL, true);
  }

  /// Opens it, and begins it the first time.
  ///
  /// @param withIdentity whether what was written by other runs can be read
  public RepositoryDestination connect(Compression compression, boolean withIdentity) {
    Repository repository = open(withIdentity);
    return new RepositoryDestination(
        repository,
        place(),
        new RepositoryDestination.Options(compression, CREW, 2, "Serdab test"),
        clock);
  }

  /// What is beneath the destination, opened with the identity.
  public Repository open() {
    return open(true);
  }

  private Repository open(boolean withIdentity) {
    BlobStore store = place();
    if (writer == null) {
      Repository.Begun begun =
          Repository.begin(
              store, List.of(person.recipient()), "test", "none", clock, secure, "Serdab test");
      writer = begun.writer();
      begun.repository().close();
      store = place();
    }
    return Repository.open(
        store, Optional.of(writer), withIdentity ? List.of(person) : List.of(), clock, secure);
  }

  /// What the place holds, in bytes.
  public long storedBytes() {
    try (BlobStore store = place();
        var all = store.list("")) {
      return all.mapToLong(blob -> blob.lengthBytes()).sum();
    }
  }

  /// Shows every file that lies at the place.
  public void eachFile(java.util.function.BiConsumer<String, byte[]> each) {
    try (BlobStore store = place();
        var all = store.list("")) {
      all.forEach(blob -> {
        try (var bytes = store.open(blob.name())) {
          java.nio.ByteBuffer whole = java.nio.ByteBuffer.allocate((int) blob.lengthBytes());
          bytes.readFully(0, whole);
          each.accept(blob.name(), whole.array());
        }
      });
    }
  }

  /// Flips a bit in the middle of every pack that is there now.
  public void harmEveryPack() {
    List<String> packs;
    try (BlobStore store = place();
        var all = store.list("packs/")) {
      packs = all.map(blob -> blob.name()).toList();
    }
    packs.forEach(pack -> disk.flipBit(pack, 1000 * 8 + 3));
  }
}
