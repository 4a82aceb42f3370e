package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.store.HeldBytes;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// The power fails, or the process is killed, at any step of writing, pruning, repairing and
/// reading, again and again: what was committed is there, and nothing needs repair.
class PowerCutTest {

  private static final int CUTS = 5;

  @SeededTest(runs = 6)
  void whateverIsCutNothingNeedsRepair(RandomGenerator random) {
    new World(random).run();
  }

  /// 500 cuts.
  @SeededTest(runs = 100)
  @Tag("prove")
  @Tag("prove-repository")
  void whateverIsCutAndHoweverOftenNothingNeedsRepair(RandomGenerator random) {
    new World(random).run();
  }

  private static final class World {

    private final RandomGenerator random;
    private final Kit kit;
    private final SimulatedDisk disk;
    private final List<byte[]> shared = new ArrayList<>();
    private final Map<String, List<byte[]>> committed = new HashMap<>();
    private final Map<String, List<byte[]>> tried = new HashMap<>();
    private Map<Sha256, byte[]> whole = Map.of();
    private final List<String> said = new ArrayList<>();
    private int written;

    World(RandomGenerator random) {
      this.random = random;
      kit = new Kit(random);
      disk = new SimulatedDisk(random, Kit.CLOCK);
      for (int i = 0; i < 4; i++) {
        shared.add(kit.bytes(3_000));
      }
    }

    void run() {
      kit.begin(mount(), Parity.WITH).close();
      try (Repository repository = kit.open(mount())) {
        write(repository);
        repository.settle();
        new Parity(repository).cover(Instant.MAX);
      }
      for (int cut = 0; cut < CUTS; cut++) {
        int work = random.nextInt(4);
        if (work == 2) {
          damage();
        }
        Fault fault = random.nextInt(3) == 0 ? Fault.KILL : Fault.POWER_CUT;
        disk.failAt(disk.steps() + 1 + random.nextInt(work == 0 ? 500 : 250), fault);
        boolean crashed = false;
        try {
          work(work);
        } catch (CrashedException e) {
          crashed = true;
        } finally {
          disk.failNoMore();
        }
        said.add((crashed ? "cut " : "whole ") + work);
        disk.kill();
        if (work == 2) {
          repair();
        }
        assertSound();
      }
      // Whoever is not disturbed does the rest.
      try (Repository repository = kit.open(mount())) {
        write(repository);
        repository.settle();
        Prune prune = new Prune(repository);
        prune.carryOut(prune.plan(List.of(), Duration.ofDays(-3650)), "Asked for.");
      }
      assertSound();
      assertThat(disk.files()).as("%s", said).noneMatch(file -> file.endsWith(".part"));
    }

    private void work(int work) {
      switch (work) {
        case 0 -> {
          try (Repository repository = kit.open(mount())) {
            write(repository);
            repository.settle();
            new Parity(repository).cover(random.nextBoolean() ? Instant.MAX : Instant.MIN);
          }
        }
        case 1 -> prune();
        case 2 -> repair();
        default -> {
          try (Repository repository = kit.openToRead(mount())) {
            Kit.versions(repository)
                .forEach((name, snapshot) ->
                    assertThat(Kit.read(repository, snapshot))
                        .containsExactlyElementsOf(tried.get(name)));
          }
        }
      }
    }

    private void write(Repository repository) {
      for (int i = 0; i < 3; i++) {
        String group = "g" + random.nextInt(4);
        String version = "v" + written++;
        List<byte[]> blobs = new ArrayList<>();
        shared.stream().filter(_ -> random.nextBoolean()).forEach(blobs::add);
        blobs.add(kit.bytes(1 + random.nextInt(9_000)));
        tried.put(group + '/' + version, blobs);
        Kit.write(repository, group, version, blobs);
        committed.put(group + '/' + version, blobs);
      }
    }

    private void prune() {
      try (Repository repository = kit.open(mount())) {
        List<Snapshot> go =
            Kit.versions(repository).values().stream().filter(_ -> random.nextInt(3) == 0).toList();
        Prune prune = new Prune(repository);
        Prune.Plan plan = prune.plan(go, Duration.ofDays(-3650));
        // From here on they may be gone or not.
        go.forEach(each -> committed.remove(each.groupKey() + '/' + each.version()));
        prune.carryOut(plan, "Asked for.");
      }
    }

    /// Two packs, parity files, copies or index segments lose a bit or are lost.
    private void damage() {
      Map<Sha256, byte[]> packs = new HashMap<>();
      List<String> files = new ArrayList<>();
      for (String file : disk.files()) {
        Layout.packOf(file).ifPresent(pack -> packs.put(pack, disk.bytes(file)));
        if (Layout.packOf(file).isPresent()
            || ParityGroup.nameOf(file).isPresent()
            || Layout.indexOf(file).isPresent()
            || Layout.copyOf(file).isPresent()) {
          files.add(file);
        }
      }
      whole = packs;
      for (int i = 0; i < 2; i++) {
        String file = files.remove(random.nextInt(files.size()));
        said.add("damaged " + file);
        if (random.nextInt(3) == 0) {
          disk.remove(file);
        } else {
          disk.flipBit(file, random.nextLong(8L * disk.bytes(file).length));
        }
      }
    }

    private void repair() {
      Repair.Result result;
      try (BlobStore store = mount()) {
        List<Check.Finding> findings = Damaged.findings(store);
        findings.forEach(each -> said.add(each.kind() + " " + each.file()));
        result =
            Repair.run(
                store,
                findings,
                pack -> Optional.ofNullable(whole.get(pack)).map(HeldBytes::new),
                Check.Pace.FULL);
      }
      assertThat(result.notMended()).as("%s", said).isEmpty();
      if (result.indexDamaged()) {
        try (Repository repository = kit.openWithoutIdentity(mount())) {
          repository.rebuildIndex();
        }
      }
    }

    private void assertSound() {
      try (BlobStore store = mount()) {
        List<Check.Finding> findings = Damaged.findings(store);
        assertThat(findings).as("%s", said).isEmpty();
      }
      try (Repository repository = kit.open(mount())) {
        Map<String, Snapshot> versions = Kit.versions(repository);
        assertThat(versions.keySet()).as("%s", said).containsAll(committed.keySet());
        Set<String> known = new HashSet<>(tried.keySet());
        assertThat(known).as("%s", said).containsAll(versions.keySet());
        versions.forEach((name, snapshot) ->
            assertThat(Kit.read(repository, snapshot))
                .as("%s: %s", name, said)
                .containsExactlyElementsOf(tried.get(name)));
      } catch (SerdabException e) {
        throw new AssertionError(said.toString(), e);
      }
    }

    private BlobStore mount() {
      return LocalFolder.onShared(disk.mount(), "a disk", random);
    }
  }
}
