package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.testing.world.FaultyStore;

/// One study of a repository of 100 GB.
class LargeRepositoryTest {

  private static final int STUDIES = Integer.getInteger("largeStudies", 300);
  private static final long ALL_BYTES = 100L << 30;
  private static final int PACKS = (int) Math.ceilDiv(ALL_BYTES, STUDIES * (32L << 20));
  private static final long PACK_BYTES = Math.ceilDiv(ALL_BYTES, (long) STUDIES * PACKS);
  private static final int IMAGES = 300;

  private final Kit kit = new Kit(61);
  private final FaultyStore real = new FaultyStore(kit.random, Kit.CLOCK);
  private final LargePlace place = new LargePlace(real);

  /// Without any index, and on a machine that has never seen it. `-DlargeStudies=3000` for studies
  /// of the usual size; then it says how long it took.
  @Test
  void aNamedStudyIsReadWithoutTheOthersPacksThoughEveryIndexIsGone() {
    real.shareAmongWriters();
    kit.begin(place).close();
    byte[] image = kit.bytes(600_000);
    byte[] header = kit.bytes(40_000);
    Snapshot wanted;
    try (Repository repository = kit.open(place)) {
      fill(repository, 0, STUDIES / 2);
      wanted = Kit.write(repository, "wanted", "v1", List.of(header, image)).snapshot();
      fill(repository, STUDIES / 2, STUDIES);
    }
    assertThat(place.madeBytes()).isGreaterThanOrEqualTo(ALL_BYTES);
    RepositoryTest.names(real, "index/").forEach(real::lose);
    place.forgetCounts();

    long begun = System.nanoTime();
    long computed = processorNanos();
    try (Repository repository = kit.openToRead(place)) {
      List<Snapshot> versions = repository.snapshots("wanted");
      assertThat(versions).containsExactly(wanted);
      try (VersionSource source = repository.read(versions.getFirst())) {
        String[] first =
            new String(source.manifest(), StandardCharsets.UTF_8)
                .lines()
                .toList()
                .getFirst()
                .split(" ", -1);
        byte[] read =
            source.read(
                new BlobAt(
                    Integer.parseInt(first[0]),
                    Long.parseLong(first[1]),
                    Long.parseLong(first[2]),
                    Integer.parseInt(first[3])));
        assertThat(read).isEqualTo(header);
      }
    }
    computed = processorNanos() - computed;
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);

    if (STUDIES != 300) {
      System.out.printf(
          "%d studies, %d GiB: %d ms (%d of the processor), %d lists of %d, %d finds, %d opens, %d bytes%n",
          STUDIES,
          place.madeBytes() >> 30,
          millis,
          TimeUnit.NANOSECONDS.toMillis(computed),
          place.lists,
          place.listed,
          place.finds,
          place.opens,
          place.bytesRead);
    }
    assertThat(place.opensOfMade).isZero();
    // Each snapshot once, and a few files more; a listing of a folder is one question.
    assertThat(place.opens).isLessThan(STUDIES + 40);
    assertThat(place.finds).isLessThan(20);
    assertThat(place.lists).isLessThan(30);
    // A table has 40 bytes for each image; of the packs only the ends and what was asked for.
    assertThat(place.bytesRead)
        .isLessThan(STUDIES * (2_500L + 100L * PACKS + 40L * IMAGES) + 600_000L);
  }

  private static long processorNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /// Versions whose packs the place makes when asked.
  private void fill(Repository repository, int from, int to) {
    for (int i = from; i < to; i++) {
      String key = "1.2.826.0.1.3680043.8.498." + i;
      String session;
      try (VersionWriter _ = repository.begin(key)) {
        session = repository.session().ensureBegun();
      }
      String group = repository.naming().group(key);
      List<PackRef> packs = new ArrayList<>();
      List<Boolean> isNew = new ArrayList<>();
      for (int p = 0; p < PACKS; p++) {
        Sha256 name = Sha256.of(kit.bytes(Sha256.LENGTH_BYTES));
        packs.add(new PackRef(name, PACK_BYTES, group));
        isNew.add(true);
        place.make(Layout.pack(name), PACK_BYTES);
      }
      BlobTable blobs = new BlobTable();
      for (int b = 0; b < IMAGES; b++) {
        long offset = b * 100_000L;
        BlobKey blob = new BlobKey(kit.random.nextLong(), kit.random.nextLong());
        blobs.add(new BlobRecord(blob, b % packs.size(), offset, 100_000, 2));
      }
      String version = Sha256.digest(key.getBytes(StandardCharsets.UTF_8)).hex();
      repository.commit(
          session,
          new Commit.Version(
              group,
              repository.naming().version(version),
              Optional.empty(),
              IMAGES,
              IMAGES * 200_000L,
              packs,
              isNew,
              new BlobAt(0, 1000, 1000, 1)),
          key,
          version,
          Optional.empty(),
          blobs,
          Kit.CLOCK.instant());
    }
  }
}
