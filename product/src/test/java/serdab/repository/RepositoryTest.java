package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.HeldBytes;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

class RepositoryTest {

  private final Kit kit = new Kit(1);
  private final SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(2));
  private final List<Repository> opened = new ArrayList<>();

  private BlobStore place() {
    return LocalFolder.onShared(disk.mount(), "a simulated disk", new SplittableRandom(3));
  }

  private Repository kept(Repository repository) {
    opened.add(repository);
    return repository;
  }

  @AfterEach
  void closeAll() {
    opened.forEach(Repository::close);
  }

  private List<byte[]> blobs(int count) {
    return Stream.generate(() -> kit.bytes(1000 + kit.random.nextInt(100_000)))
        .limit(count)
        .toList();
  }

  @Test
  void aVersionIsReadAsItWasWritten() {
    List<byte[]> blobs = blobs(5);
    Repository repository = kept(kit.begin(place()));

    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();

    Repository again = kept(kit.openToRead(place()));
    Snapshot found = again.find("1.2.3", "v1").orElseThrow();
    assertThat(found).isEqualTo(written);
    assertThat(Kit.read(again, found)).containsExactlyElementsOf(blobs);
    assertThat(Kit.versions(again)).containsOnlyKeys("1.2.3/v1").containsValue(written);
    assertThat(again.snapshots("1.2.3")).containsExactly(written);
    assertThat(again.find("1.2.3", "v2")).isEmpty();
    assertThat(again.snapshots("1.2.4")).isEmpty();
  }

  @Test
  void whatWasNotCommittedIsNotListed() {
    Repository repository = kept(kit.begin(place()));
    try (VersionWriter writer = repository.begin("1.2.3")) {
      byte[] blob = kit.bytes(100);
      writer.put(Sha256.digest(blob), 100, Kit.RAW, ByteBuffer.wrap(blob));
    }
    repository.settle();

    assertThat(Kit.versions(repository)).isEmpty();
    assertThat(Kit.versions(kept(kit.open(place())))).isEmpty();
  }

  @Test
  void aBlobThatIsThereIsNotStoredAgain() {
    List<byte[]> blobs = blobs(20);
    Repository repository = kept(kit.begin(place()));
    Kit.write(repository, "1.2.3", "v1", blobs);
    repository.settle();
    List<byte[]> more = new ArrayList<>(blobs);
    more.add(kit.bytes(5000));

    Repository second = kept(kit.open(place()));
    Snapshot written = Kit.write(second, "1.2.4", "v1", more).snapshot();

    assertThat(written.storedBytes()).isLessThan(10_000);
    assertThat(written.packs()).hasSize(2);
    assertThat(Kit.read(kept(kit.openToRead(place())), written)).containsExactlyElementsOf(more);
  }

  @Test
  void withoutAnIndexEverythingIsAsBefore() {
    List<byte[]> blobs = blobs(20);
    Repository repository = kept(kit.begin(place()));
    Kit.write(repository, "1.2.3", "v1", blobs);
    repository.settle();
    BlobStore place = place();
    List<String> segments = names(place, "index/");
    segments.forEach(place::delete);

    Repository second = kept(kit.open(place));

    assertThat(segments).hasSize(1);
    assertThat(Kit.versions(second)).containsOnlyKeys("1.2.3/v1");
    Snapshot written = Kit.write(second, "1.2.4", "v1", blobs).snapshot();
    assertThat(written.storedBytes()).isLessThan(2_000);
    second.settle();
    assertThat(names(place, "index/")).hasSize(1);
    assertThat(Kit.versions(kept(kit.open(place())))).containsOnlyKeys("1.2.3/v1", "1.2.4/v1");
  }

  @Test
  void packsAreFullAtTheirTarget() {
    Repository repository = kept(kit.begin(place()));
    List<byte[]> blobs = Stream.generate(() -> kit.bytes(7 << 20)).limit(10).toList();

    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();

    assertThat(written.packs()).hasSize(3);
    assertThat(written.packs())
        .allSatisfy(pack -> assertThat(pack.storedBytes()).isLessThan(33 << 20));
    assertThat(Kit.read(repository, written)).containsExactlyElementsOf(blobs);
  }

  /// The next pack fills while one is on its way; whatever stopped that one voids the version.
  @Test
  void aPackThatCannotBeWrittenStopsItsVersion() {
    List<byte[]> blobs = Stream.generate(() -> kit.bytes(20 << 20)).limit(3).toList();
    int failed = 0;
    for (int step = 5; step <= 29; step += 8) {
      SimulatedDisk failing = new SimulatedDisk(new SplittableRandom(2));
      BlobStore store =
          LocalFolder.onShared(failing.mount(), "a simulated disk", new SplittableRandom(3));
      try (Repository repository = kit.begin(store)) {
        Kit.write(repository, "1.2.3", "v1", blobs.subList(0, 1));
        failing.failAt(failing.steps() + step, Fault.IO_ERROR);

        try {
          Kit.write(repository, "1.2.4", "v1", blobs);
        } catch (SerdabException e) {
          failed++;
          assertThat(Kit.versions(repository)).containsOnlyKeys("1.2.3/v1");
          Kit.write(repository, "1.2.4", "v1", blobs);
        }

        failing.failNoMore();
        Snapshot written = repository.find("1.2.4", "v1").orElseThrow();
        assertThat(Kit.read(repository, written)).containsExactlyElementsOf(blobs);
      }
    }
    assertThat(failed).isGreaterThan(1);
  }

  @Test
  void whatThisRunWroteIsReadWithoutAnIdentity() {
    kept(kit.begin(place())).settle();
    Repository repository = kept(kit.openWithoutIdentity(place()));
    List<byte[]> blobs = blobs(3);

    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();

    assertThat(repository.canRead(written)).isTrue();
    assertThat(Kit.read(repository, written)).containsExactlyElementsOf(blobs);
    Repository later = kept(kit.openWithoutIdentity(place()));
    assertThat(later.find("1.2.3", "v1")).contains(written);
    assertThat(later.canRead(written)).isFalse();
    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> later.read(written))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-needs-identity"));
    later.requirePresent(written);
    later.requireIntact(written);
  }

  @Test
  void aDamagedPackIsFound() {
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs(3)).snapshot();
    String pack = Layout.pack(written.packs().getFirst().digest());
    disk.flipBit(pack, 70_000);

    repository.requirePresent(written);
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> repository.requireIntact(written));
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> Kit.read(repository, written));
  }

  @Test
  void aMissingPackIsFoundAndStoredAnew() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    place().delete(Layout.pack(written.packs().getFirst().digest()));

    Repository again = kept(kit.open(place()));
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> again.requirePresent(written));
    Snapshot anew = Kit.write(again, "1.2.3", "v1", blobs).snapshot();

    assertThat(again.find("1.2.3", "v1")).contains(anew);
    assertThat(Kit.read(again, anew)).containsExactlyElementsOf(blobs);
  }

  @Test
  void aRemovedVersionIsNotListed() {
    Repository repository = kept(kit.begin(place()));
    Snapshot first = Kit.write(repository, "1.2.3", "v1", blobs(3)).snapshot();
    Kit.write(repository, "1.2.3", "v2", blobs(3));
    repository.settle();

    repository.remove(first, "Somebody asked for it.");

    assertThat(Kit.versions(repository)).containsOnlyKeys("1.2.3/v2");
    assertThat(Kit.versions(kept(kit.open(place())))).containsOnlyKeys("1.2.3/v2");
  }

  @Test
  void aLostSnapshotIsReadFromItsCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    BlobStore place = place();
    names(place, "index/").forEach(place::delete);
    names(place, "copies/1/").forEach(copy -> disk.flipBit(copy, 3000));
    place.delete("snapshots/" + written.at() + ".zip");

    Repository again = kept(kit.openToRead(place));

    assertThat(again.find("1.2.3", "v1")).contains(written);
    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void theKeysOfAGroupAreReadFromTheirCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    BlobStore place = place();
    disk.flipBit(names(place, "groups/").getFirst(), 300);
    place.delete(Layout.REPOSITORY);

    Repository again = kept(kit.openToRead(place));

    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void keysAndWritersAreReadFromTheirCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    BlobStore place = place();
    place.delete("keys/1.json");
    disk.flipBit("keys/1.age", 8 * 250);
    place.delete(names(place, "writers/").getFirst());

    // What is lost is not in the newest copies, and what is damaged is in them as it is.
    Repository second = kept(kit.openWithoutIdentity(place));
    Kit.write(second, "1.2.4", "v1", blobs);
    Repository again = kept(kit.openToRead(place));

    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
    assertThat(Kit.versions(again)).containsOnlyKeys("1.2.3/v1", "1.2.4/v1");
  }

  @Test
  void aKeyThatWasDamagedBeforeItWasCopiedIsReadFromAnOlderCopy() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    for (String file :
        List.of("keys/1.json", "keys/1.age", names(place(), "writers/").getFirst())) {
      disk.flipBit(file, 8 * 200);
    }
    for (int run = 0; run < 5; run++) {
      Repository each = kept(kit.openWithoutIdentity(place()));
      Kit.write(each, "1.2.4", "v" + run, blobs);
      each.settle();
    }

    Repository again = kept(kit.open(place()));

    assertThat(Kit.versions(again)).hasSize(6);
    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void versionsAreReadAsTheyAreAskedForWhileAnotherRunMergesTheIndex() {
    Repository repository = kept(kit.begin(place()));
    for (int v = 0; v < 50; v++) {
      Kit.write(repository, "g", "v" + v, blobs(1));
    }
    repository.settle();
    try (Stream<Snapshot> all = repository.snapshots()) {
      var versions = all.iterator();
      List<String> seen = new ArrayList<>();
      seen.add(versions.next().version());
      Kit.write(repository, "g", "later", blobs(1));
      repository.settle();

      versions.forEachRemaining(each -> seen.add(each.version()));

      assertThat(seen).hasSize(50).doesNotContain("later").doesNotHaveDuplicates();
    }
  }

  @Test
  void runsOfManyNightsLeaveTheLargeSegmentAloneAndTheListShort() {
    Repository repository = kept(kit.begin(place()));
    Kit.write(repository, "g", "v", Stream.generate(() -> kit.bytes(20)).limit(20_000).toList());
    repository.settle();
    String large = names(place(), "index/").getFirst();
    for (int night = 0; night < 60; night++) {
      Repository each = kept(kit.openWithoutIdentity(place()));
      Kit.write(each, "g", "v" + night, Stream.generate(() -> kit.bytes(20)).limit(100).toList());
      each.settle();
      if (night % 10 == 9) {
        Prune prune = new Prune(each);
        prune.carryOut(prune.plan(List.of(), java.time.Duration.ofDays(1)), "None.");
      }
    }

    Repository later = kept(kit.open(place()));
    assertThat(Kit.versions(later)).hasSize(61);
    assertThat(later.known().indexedBlobs()).isEqualTo(20_000 + 60 * 100);
    List<String> files = names(place(), "index/");
    assertThat(files).contains(large).hasSizeLessThan(8);
    for (String file : files) {
      Segment segment =
          Segment.open(Layout.indexOf(file).orElseThrow(), place().open(file), later.trust());
      assertThat(segment.replaces()).hasSizeLessThan(25);
      segment.close();
    }
  }

  @Test
  void aSnapshotThatIsLostWithItsCopiesIsReadByTheIndex() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    BlobStore place = place();
    names(place, "copies/").forEach(place::delete);
    place.delete("snapshots/" + written.at() + ".zip");

    Repository again = kept(kit.openToRead(place));

    assertThat(again.find("1.2.3", "v1")).contains(written);
    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void tablesAreMadeAnewFromThePacks() {
    List<byte[]> blobs = blobs(30);
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs).snapshot();
    repository.settle();
    BlobStore place = place();
    List<String> before = names(place, "index/");
    String file = "snapshots/" + written.at() + ".zip";
    StoredZip.Entry table =
        StoredZip.entries(new HeldBytes(disk.bytes(file))).get(SnapshotFile.BLOBS);
    disk.flipBit(file, 8 * Objects.requireNonNull(table).offset() + 100);

    Repository again = kept(kit.open(place));
    again.rebuildIndex();
    assertThat(again.known().indexedBlobs()).isZero();
    assertThat(Kit.versions(again)).containsOnlyKeys("1.2.3/v1");
    again.rebuildIndexFromPacks();

    assertThat(again.known().indexedBlobs()).isEqualTo(30);
    assertThat(names(place, "index/")).hasSize(3).containsAll(before);
    Repository later = kept(kit.open(place()));
    assertThat(Kit.versions(later)).containsOnlyKeys("1.2.3/v1");
    Snapshot second = Kit.write(later, "1.2.4", "v1", blobs).snapshot();
    assertThat(second.storedBytes()).isLessThan(2_000);
    assertThat(Kit.read(later, second)).containsExactlyElementsOf(blobs);
  }

  @Test
  void aDamagedIndexCostsRoomAndNothingElse() {
    List<byte[]> blobs = blobs(30);
    Repository repository = kept(kit.begin(place()));
    Kit.write(repository, "1.2.3", "v1", blobs);
    repository.settle();
    BlobStore place = place();
    String segment = names(place, "index/").getFirst();
    StoredZip.Entry table =
        StoredZip.entries(new HeldBytes(disk.bytes(segment))).get(Segment.BLOBS);
    disk.flipBit(segment, 8 * (Objects.requireNonNull(table).offset() + 20) + 1);

    Repository again = kept(kit.open(place));
    Snapshot second = Kit.write(again, "1.2.4", "v1", blobs).snapshot();

    assertThat(Kit.read(again, second)).containsExactlyElementsOf(blobs);
    assertThat(second.storedBytes()).isGreaterThan(second.lengthBytes());
  }

  @Test
  void anIndexOfManySegmentsIsAsOneOfOne() {
    Repository repository = kept(kit.begin(place()));
    repository.settle();
    List<List<byte[]>> all = new ArrayList<>();
    for (int run = 0; run < 12; run++) {
      Repository each =
          kept(
              Repository.open(
                  place(), Optional.of(kit.writer()), List.of(), Kit.CLOCK, kit.random, 64));
      List<byte[]> blobs =
          Stream.generate(() -> kit.bytes(50)).limit(run % 3 == 0 ? 200 : 5).toList();
      all.add(blobs);
      Kit.write(each, "g" + run, "v", blobs);
      each.settle();
    }

    Repository later = kept(kit.open(place()));

    assertThat(later.known().indexedBlobs()).isEqualTo(4 * 200 + 8 * 5);
    assertThat(Kit.versions(later)).hasSize(12);
    for (List<byte[]> blobs : all) {
      for (byte[] blob : blobs) {
        assertThat(later.known().find(later.blobKey(Sha256.digest(blob)))).hasSize(1);
      }
    }
    assertThat(later.known().find(later.blobKey(Sha256.digest(new byte[3])))).isEmpty();
  }

  @Test
  void aSnapshotOfNobodyEnrolledIsNotListed() {
    Repository repository = kept(kit.begin(place()));
    Snapshot written = Kit.write(repository, "1.2.3", "v1", blobs(2)).snapshot();
    Kit stranger = new Kit(77);
    SimulatedDisk elsewhere = new SimulatedDisk(new SplittableRandom(4));
    Repository theirs =
        kept(
            stranger.begin(
                LocalFolder.onShared(elsewhere.mount(), "another disk", new SplittableRandom(5))));
    Snapshot forged = Kit.write(theirs, "1.2.3", "v2", blobs(2)).snapshot();
    String file = "snapshots/" + forged.at() + ".zip";
    disk.put(file, elsewhere.bytes(file));

    Repository again = kept(kit.open(place()));

    assertThat(again.snapshots("1.2.3")).containsExactly(written);
    assertThat(again.unreadableSnapshots()).containsOnlyKeys(forged.at());
  }

  @Test
  void severalVersionsAreWrittenAtOnce() throws Exception {
    Repository repository = kept(kit.begin(place()));
    List<List<byte[]>> each = Stream.generate(() -> blobs(10)).limit(8).toList();

    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < each.size(); i++) {
      int group = i;
      threads.add(
          Thread.ofVirtual().start(() -> Kit.write(repository, "g" + group, "v", each.get(group))));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    repository.settle();

    Repository again = kept(kit.openToRead(place()));
    for (int i = 0; i < each.size(); i++) {
      Optional<Snapshot> found = again.find("g" + i, "v");
      assertThat(Kit.read(again, found.orElseThrow())).containsExactlyElementsOf(each.get(i));
    }
  }

  static List<String> names(BlobStore place, String prefix) {
    try (Stream<BlobInfo> all = place.list(prefix)) {
      return all.map(BlobInfo::name).sorted().toList();
    }
  }
}
