package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;

/// Makes repositories and versions for tests. A version is a list of blobs; its manifest says where
/// they lie, a line each.
final class Kit {

  static final Codec RAW = new Codec(0, "raw");

  private static final AtomicLong TICKS = new AtomicLong();

  /// A second passes whenever somebody looks.
  static final InstantSource CLOCK =
      () -> Instant.parse("2026-03-01T12:00:00Z").plusSeconds(TICKS.incrementAndGet());

  final RandomGenerator random;
  final AgeIdentity person;
  private @Nullable WriterKeys writer;

  Kit(long seed) {
    this(new SplittableRandom(seed));
  }

  Kit(RandomGenerator random) {
    this.random = new Locked(random);
    person = AgeIdentity.generate(random);
  }

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

  Repository begin(BlobStore store) {
    return begin(store, Parity.WITHOUT);
  }

  Repository begin(BlobStore store, String parity) {
    Repository.Begun begun =
        Repository.begin(
            store, List.of(person.recipient()), "test", parity, CLOCK, random, "test 1");
    writer = begun.writer();
    return begun.repository();
  }

  WriterKeys writer() {
    return Objects.requireNonNull(writer);
  }

  Repository open(BlobStore store) {
    return open(store, CLOCK);
  }

  Repository open(BlobStore store, InstantSource clock) {
    return Repository.open(
        store, Optional.of(writer()), List.of(person), clock, random, Known.HELD_BLOBS_MAX);
  }

  Repository openWithoutIdentity(BlobStore store) {
    return Repository.open(
        store, Optional.of(writer()), List.of(), CLOCK, random, Known.HELD_BLOBS_MAX);
  }

  Repository openToRead(BlobStore store) {
    return Repository.open(
        store, Optional.empty(), List.of(person), CLOCK, random, Known.HELD_BLOBS_MAX);
  }

  byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  static VersionWriter.Committed write(
      Repository repository, String group, String version, List<byte[]> blobs) {
    try (VersionWriter writer = repository.begin(group)) {
      return write(writer, version, Optional.empty(), blobs);
    }
  }

  static VersionWriter.Committed write(
      VersionWriter writer, String version, Optional<String> before, List<byte[]> blobs) {
    StringBuilder manifest = new StringBuilder();
    long length = 0;
    for (byte[] blob : blobs) {
      Sha256 digest = Sha256.digest(blob);
      BlobAt at =
          writer
              .find(digest)
              .orElseGet(() -> writer.put(digest, blob.length, RAW, ByteBuffer.wrap(blob)));
      manifest
          .append(at.pack())
          .append(' ')
          .append(at.offset())
          .append(' ')
          .append(at.storedBytes())
          .append(' ')
          .append(at.codec())
          .append('\n');
      length += blob.length;
    }
    byte[] json = manifest.toString().getBytes(StandardCharsets.UTF_8);
    return writer.commit(version, before, blobs.size(), length, json);
  }

  /// The blobs of a version, read back.
  static List<byte[]> read(Repository repository, Snapshot snapshot) {
    try (VersionSource source = repository.read(snapshot)) {
      String manifest = new String(source.manifest(), StandardCharsets.UTF_8);
      List<byte[]> blobs = new ArrayList<>();
      for (String line : manifest.lines().toList()) {
        String[] at = line.split(" ", -1);
        blobs.add(
            source.read(
                new BlobAt(
                    Integer.parseInt(at[0]),
                    Long.parseLong(at[1]),
                    Long.parseLong(at[2]),
                    Integer.parseInt(at[3]))));
      }
      return blobs;
    }
  }

  static Map<String, Snapshot> versions(Repository repository) {
    Map<String, Snapshot> versions = new LinkedHashMap<>();
    try (var all = repository.snapshots()) {
      all.forEach(each -> versions.put(each.groupKey() + '/' + each.version(), each));
    }
    return versions;
  }
}
