package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.LocalFolder;

/// A process that makes an index of many blobs out of generated metadata and works with it.
final class LargeIndex {

  private LargeIndex() {}

  /// A blob's name as if it were drawn by chance, in ascending order of the number.
  private static BlobRecord record(long number, long count, int packs) {
    long high = Long.divideUnsigned(-1L, count) * number;
    int pack = (int) (number * 7919 % packs);
    return new BlobRecord(new BlobKey(high, number * 0x9E3779B97F4A7C15L), pack, number, 1000, 2);
  }

  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    long count = Long.parseLong(args[1]);
    int versions = Integer.parseInt(args[2]);
    Kit kit = new Kit(1);
    kit.begin(LocalFolder.openShared(folder, new SplittableRandom(2))).close();
    long start = System.nanoTime();
    try (Repository repository =
        kit.open(LocalFolder.openShared(folder, new SplittableRandom(3)))) {
      make(repository, count, versions);
    }
    long made = System.nanoTime();
    try (Repository repository =
        kit.open(LocalFolder.openShared(folder, new SplittableRandom(4)))) {
      Known known = repository.known();
      long opened = System.nanoTime();
      SplittableRandom random = new SplittableRandom(5);
      for (int i = 0; i < 20_000; i++) {
        BlobRecord record = record(random.nextLong(count), count, versions);
        List<Known.Found> found = known.find(record.key());
        if (found.size() != 1 || found.getFirst().record().offset() != record.offset()) {
          throw new AssertionError("a blob is not found");
        }
        if (!known.find(new BlobKey(record.key().high(), 1 + record.key().low())).isEmpty()) {
          throw new AssertionError("a blob that never was is found");
        }
      }
      long lookedUp = System.nanoTime();
      List<byte[]> blobs = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        blobs.add(kit.bytes(100));
      }
      Kit.write(repository, "another", "v", blobs);
      known.mergeAll();
      long merged = System.nanoTime();
      if (known.indexedBlobs() != count + 100 || known.segmentNames().size() != 1) {
        throw new AssertionError("the index is not whole: " + known.indexedBlobs());
      }
      repository.settle();
      long listed;
      try (var all = repository.snapshots()) {
        listed = all.filter(each -> each.files() > 0).count();
      }
      long listedAt = System.nanoTime();
      int toGo = new Prune(repository).plan(List.of(), Duration.ZERO).packs().size();
      long planned = System.nanoTime();
      List<Snapshot> one = repository.snapshots("another");
      if (listed != versions + 1 || toGo != 0 || one.size() != 1) {
        throw new AssertionError("listed %d, %d packs to go".formatted(listed, toGo));
      }
      System.out.printf(
          "made %d ms, opened %d ms, %d lookups %d ms, merged %d ms, listed %d ms, planned %d ms%n",
          (made - start) / 1_000_000,
          (opened - made) / 1_000_000,
          40_000,
          (lookedUp - opened) / 1_000_000,
          (merged - lookedUp) / 1_000_000,
          (listedAt - merged) / 1_000_000,
          (planned - listedAt) / 1_000_000);
    }
  }

  private static void make(Repository repository, long count, int versions) {
    PackTable packs = new PackTable();
    byte[] name = new byte[Sha256.LENGTH_BYTES];
    for (int i = 0; i < versions; i++) {
      ByteBuffer.wrap(name).putInt(i * 0x9E3779B1).putInt(i);
      packs.intern(new PackRef(Sha256.of(name), 32 << 20, group(i)));
    }
    AgeIdentity index = repository.writerKeys().orElseThrow().index();
    List<AgeRecipient> readers = List.of(index.recipient());
    SegmentWriter writer = new SegmentWriter(packs, readers, repository.secure());
    Numbers covers = new Numbers();
    String session = "0123456789abcdef0123456789abcdef";
    for (int i = 0; i < versions; i++) {
      Layout.At at = new Layout.At(session, i + 1);
      covers.add(at);
      writer.label(
          new LabelLine(
              at,
              group(i),
              "1.2.826.0.1.3680043.8.498." + i * 1_000_003L,
              Sha256.digest(new byte[] {(byte) i, (byte) (i >> 8), (byte) (i >> 16)}).hex(),
              Optional.empty(),
              100,
              1 << 25,
              1 << 24,
              Kit.CLOCK.instant(),
              new int[] {i},
              new BlobAt(0, 1, 1, 1)));
    }
    writer.write(
        () ->
            LongStream.range(0, count)
                .mapToObj(number -> record(number, count, versions))
                .iterator(),
        covers,
        Set.of(),
        repository.trust(),
        repository.shelf());
  }

  private static String group(int i) {
    return String.format(java.util.Locale.ROOT, "%032x", i * 0x9E3779B97F4A7C15L & Long.MAX_VALUE);
  }
}
