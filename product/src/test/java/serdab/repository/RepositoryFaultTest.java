package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// Whatever step of a run fails or is its last, committed versions read back bit for bit, and
/// nothing else is listed.
class RepositoryFaultTest {

  /// What a run was told, and what it tried.
  private static final class Memory {
    private final Map<String, List<byte[]>> committed = new HashMap<>();
    private final Map<String, List<byte[]>> tried = new HashMap<>();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"KILL", "POWER_CUT", "IO_ERROR"})
  void theFirstStepsOfARun(Fault fault) {
    for (int step = 1; step <= 8; step++) {
      runWithFault(new SplittableRandom(step), fault, step);
    }
  }

  @SeededTest(runs = 40)
  void anyStepOfARun(RandomGenerator random) {
    Fault[] faults = Fault.values();
    runWithFault(random, faults[random.nextInt(faults.length)], 1 + random.nextInt(420));
  }

  private static void runWithFault(RandomGenerator random, Fault fault, int step) {
    Kit kit = new Kit(random);
    SimulatedDisk disk = new SimulatedDisk(random);
    kit.begin(LocalFolder.onShared(disk.mount(), "a disk", random)).close();
    Memory memory = new Memory();
    List<byte[]> shared = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      shared.add(kit.bytes(3_000));
    }
    for (int run = 0; run < 2; run++) {
      if (run == 0) {
        disk.failAt(disk.steps() + step, fault);
      }
      try {
        run(kit, disk, random, memory, "run" + run, shared);
      } catch (CrashedException e) {
        // The process is gone; its memory is what it was told until then.
      } finally {
        disk.failNoMore();
      }
      if (fault == Fault.PULL) {
        disk.remount();
      }
      disk.kill();
      assertSound(kit, disk, random, memory);
    }
    assertThat(memory.committed).containsKeys("run1/v0", "run1/v1", "run1/v2");
  }

  private static void run(
      Kit kit,
      SimulatedDisk disk,
      RandomGenerator random,
      Memory memory,
      String group,
      List<byte[]> shared) {
    try (Repository repository = kit.open(LocalFolder.onShared(disk.mount(), "a disk", random))) {
      for (int v = 0; v < 3; v++) {
        List<byte[]> blobs = new ArrayList<>(shared.subList(v, v + 2));
        blobs.add(kit.bytes(100));
        String name = group + "/v" + v;
        memory.tried.put(name, blobs);
        try {
          Kit.write(repository, group, "v" + v, blobs);
          memory.committed.put(name, blobs);
        } catch (SerdabException e) {
          // As the backup does: this version is void, and the run goes on.
        }
      }
      repository.settle();
    } catch (SerdabException e) {
      // The place failed wholly.
    }
  }

  private static void assertSound(
      Kit kit, SimulatedDisk disk, RandomGenerator random, Memory memory) {
    try (Repository repository = kit.open(LocalFolder.onShared(disk.mount(), "a disk", random))) {
      Map<String, Snapshot> versions = Kit.versions(repository);
      assertThat(versions.keySet()).containsAll(memory.committed.keySet());
      // One whose commit was neither confirmed nor refused may be there; then it is whole.
      assertThat(memory.tried.keySet()).containsAll(versions.keySet());
      versions.forEach((name, snapshot) -> {
        assertThat(Kit.read(repository, snapshot))
            .containsExactlyElementsOf(memory.tried.get(name));
        repository.requireIntact(snapshot);
      });
    }
  }
}
