package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// Whatever step fails, and whatever is lost by it: visible blobs are whole, committed ones are
/// there, and the next run goes on.
class LocalFolderCrashTest {

  /// What a run was told and so relies on.
  private static final class Memory {
    private final Map<String, Sha256> meant = new HashMap<>();
    private final Set<String> committed = new HashSet<>();
    private final Set<String> deleted = new HashSet<>();
    private final Map<String, String> moving = new HashMap<>();
    private final List<byte[]> documents = new ArrayList<>();
    private int documentsTold = -1;
  }

  private static final String DOCUMENT = "state/document.json";

  @SeededTest(runs = 400)
  void afterAPowerCutEveryVisibleBlobIsWholeAndEveryCommittedOneIsThere(RandomGenerator random) {
    crashAndGoOn(random, Fault.POWER_CUT);
  }

  @SeededTest(runs = 100)
  void afterAKillEveryVisibleBlobIsWholeAndEveryCommittedOneIsThere(RandomGenerator random) {
    crashAndGoOn(random, Fault.KILL);
  }

  @SeededTest(runs = 100)
  void afterTheCableWasPulledEveryVisibleBlobIsWholeAndEveryCommittedOneIsThere(
      RandomGenerator random) {
    crashAndGoOn(random, Fault.PULL);
  }

  /// A kill leaves what the system had not written yet; the power cut comes during the next run.
  @SeededTest(runs = 200)
  void whatAKilledRunLeftUnsyncedIsNotReliedOn(RandomGenerator random) {
    SimulatedDisk disk = new SimulatedDisk(random);
    Memory memory = new Memory();
    runUntilFault(disk, memory, random, Fault.KILL, 1 + random.nextInt(60));
    disk.kill();
    runUntilFault(disk, memory, random, Fault.POWER_CUT, 1 + random.nextInt(60));
    disk.powerCut();

    assertSound(disk, memory);
  }

  /// A folder on FAT has no second names; there a move is one renaming, whole or not begun.
  @SeededTest(runs = 60)
  void withoutSecondNamesAKilledMoveLeavesTheBlobUnderOneName(RandomGenerator random) {
    SimulatedDisk disk = new SimulatedDisk(random);
    disk.withoutLinks();
    byte[] content = {1, 2, 3};
    try (BlobStore store = LocalFolder.on(disk.mount(), "a simulated disk", random)) {
      BlobStoreContract.commit(store, "2024_01/a", content);
    }
    disk.failAt(disk.steps() + 1 + random.nextInt(12), Fault.KILL);

    try (BlobStore store = LocalFolder.on(disk.mount(), "a simulated disk", random)) {
      store.move("2024_01/a", "2024_02/b");
    } catch (CrashedException e) {
      disk.kill();
    }
    disk.failNoMore();

    try (BlobStore store = LocalFolder.on(disk.mount(), "a simulated disk", random)) {
      List<String> names = BlobStoreContract.names(store, "2024_0");
      assertThat(names).hasSize(1);
      assertThat(BlobStoreContract.read(store, names.getFirst())).isEqualTo(content);
    }
  }

  private static void crashAndGoOn(RandomGenerator random, Fault fault) {
    SimulatedDisk disk = new SimulatedDisk(random);
    Memory memory = new Memory();
    for (int crash = 0; crash < 3; crash++) {
      runUntilFault(disk, memory, random, fault, 1 + random.nextInt(120));
      if (fault == Fault.PULL) {
        disk.pull();
        disk.remount();
      }
      disk.kill();
      assertSound(disk, memory);
    }
  }

  /// Every step fails once in turn; the steps are those of one fixed run.
  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepFailsTheNextRunFinishes(Fault fault) {
    long steps = stepsOfAWholeRun();
    assertThat(steps).isGreaterThan(60);
    for (long step = 1; step <= steps; step++) {
      RandomGenerator random = new SplittableRandom(step);
      SimulatedDisk disk = new SimulatedDisk(random);
      Memory memory = new Memory();

      runUntilFault(disk, memory, new SplittableRandom(7), fault, step);
      if (fault == Fault.PULL) {
        disk.remount();
      }
      disk.kill();

      assertSound(disk, memory);
    }
  }

  private static long stepsOfAWholeRun() {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(7));
    run(disk, new Memory(), new SplittableRandom(7));
    return disk.steps();
  }

  private static void runUntilFault(
      SimulatedDisk disk, Memory memory, RandomGenerator random, Fault fault, long inSteps) {
    disk.failAt(disk.steps() + inSteps, fault);
    try {
      run(disk, memory, random);
    } catch (CrashedException e) {
      // The run is over; its memory is what it was told until then.
    } finally {
      disk.failNoMore();
    }
  }

  /// Does a bit of everything, going on after failures as the backup does.
  private static void run(SimulatedDisk disk, Memory memory, RandomGenerator random) {
    BlobStore store = LocalFolder.on(disk.mount(), "a simulated disk", random);
    attempt(store::sweep);
    for (int i = 0; i < 6; i++) {
      byte[] content = new byte[random.nextInt(4) == 0 ? 300_000 : random.nextInt(20_000)];
      random.nextBytes(content);
      String name = "2024_0" + random.nextInt(1, 4) + "/" + memory.meant.size() + ".zip";
      attempt(() -> commit(store, memory, name, content));
      if (random.nextInt(3) == 0) {
        attempt(() -> document(store, memory, content));
      }
      if (random.nextInt(4) == 0 && !memory.committed.isEmpty()) {
        attempt(() -> move(store, memory, memory.committed.iterator().next()));
      }
      if (random.nextInt(4) == 0 && !memory.committed.isEmpty()) {
        String victim = memory.committed.iterator().next();
        memory.committed.remove(victim);
        attempt(() -> {
          store.delete(victim);
          memory.deleted.add(victim);
        });
      }
    }
    // What a run finds already there, it proves and then relies on.
    attempt(() -> adopt(store, memory));
    store.close();
  }

  private static void attempt(Runnable work) {
    try {
      work.run();
    } catch (SerdabException e) {
      // Nothing else is a fault of the disk.
      assertThat(e.problem().code()).startsWith("place-");
    }
  }

  private static void commit(BlobStore store, Memory memory, String name, byte[] content) {
    memory.meant.put(name, Sha256.digest(content));
    try (Staged staged = store.stage(name)) {
      for (int start = 0; start < content.length; start += 7000) {
        staged.write(ByteBuffer.wrap(content, start, Math.min(7000, content.length - start)));
      }
      staged.sync();
      try (ReadBack stored = staged.readBack()) {
        assertThat(digest(stored)).isEqualTo(Sha256.digest(content));
      }
      staged.commit();
    }
    memory.committed.add(name);
  }

  /// From when it begins, the blob may have either name or both; once it returns, only the new one.
  private static void move(BlobStore store, Memory memory, String from) {
    Sha256 content = Objects.requireNonNull(memory.meant.get(from));
    String to = "2024_09/" + memory.meant.size();
    memory.meant.put(to, content);
    memory.committed.remove(from);
    memory.moving.put(from, to);
    store.move(from, to);
    memory.moving.remove(from);
    memory.committed.add(to);
    memory.deleted.add(from);
  }

  private static void document(BlobStore store, Memory memory, byte[] content) {
    Optional<byte[]> present = store.document(DOCUMENT);
    memory.documents.add(content);
    store.replace(
        DOCUMENT,
        content,
        present.map(bytes -> Expected.content(Sha256.digest(bytes))).orElse(Expected.absent()));
    memory.documentsTold = memory.documents.size() - 1;
  }

  private static void adopt(BlobStore store, Memory memory) {
    List<String> found;
    try (Stream<BlobInfo> blobs = store.list("2024_0")) {
      found = blobs.map(BlobInfo::name).toList();
    }
    for (String name : found) {
      try (ReadBack stored = store.readBack(name)) {
        assertThat(digest(stored)).isEqualTo(memory.meant.get(name));
      }
      memory.committed.add(name);
    }
  }

  private static Sha256 digest(ReadableBytes stored) {
    return Sha256.digest(BlobStoreContract.all(stored));
  }

  private static void assertSound(SimulatedDisk disk, Memory memory) {
    try (BlobStore store =
        LocalFolder.on(disk.mount(), "a simulated disk", new SplittableRandom(11))) {
      Map<String, Sha256> visible = new TreeMap<>();
      try (Stream<BlobInfo> blobs = store.list("2024_0")) {
        blobs.forEach(blob -> {
          try (ReadBack stored = store.readBack(blob.name())) {
            visible.put(blob.name(), digest(stored));
          }
        });
      }
      visible.forEach((name, digest) -> assertThat(digest).isEqualTo(memory.meant.get(name)));
      assertThat(visible.keySet()).containsAll(memory.committed);
      assertThat(memory.deleted).noneMatch(visible::containsKey);
      memory.moving.forEach((from, to) ->
          assertThat(visible.containsKey(from) || visible.containsKey(to))
              .as("a blob that was being moved is there")
              .isTrue());
      assertDocument(store, memory);

      store.sweep();
      assertThat(BlobStoreContract.unfinished(store)).isEmpty();
      assertThat(disk.files()).noneMatch(name -> name.endsWith(".part"));
      assertThat(BlobStoreContract.names(store, "2024_0"))
          .containsExactlyElementsOf(visible.keySet());
      String next = "2024_01/next after " + disk.steps();
      BlobStoreContract.commit(store, next, new byte[] {1, 2, 3});
      memory.meant.put(next, Sha256.digest(new byte[] {1, 2, 3}));
      memory.committed.add(next);
    }
  }

  private static void assertDocument(BlobStore store, Memory memory) {
    Optional<byte[]> present = store.document(DOCUMENT);
    List<Sha256> allowed =
        memory.documents.stream()
            .skip(Math.max(0, memory.documentsTold))
            .map(Sha256::digest)
            .toList();
    if (present.isPresent()) {
      assertThat(allowed).contains(Sha256.digest(present.get()));
    } else {
      assertThat(memory.documentsTold).isEqualTo(-1);
    }
  }
}
