package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Depth;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// Whatever step fails: what is visible is whole, what was said to be copied is there, and the next
/// run finishes.
class ZipTreeCrashTest {

  /// What a run was told and so relies on.
  private static final class Memory {
    private final Set<DestinationId> ids = new HashSet<>();
    private final Map<String, HeldVersion> copied = new HashMap<>();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepFailsNothingVisibleIsIncompleteAndTheNextRunFinishes(Fault fault) {
    SimulatedDisk whole = new SimulatedDisk(new SplittableRandom(7));
    run(whole, new Memory());
    long steps = whole.steps();
    assertThat(steps).isGreaterThan(50);

    for (long step = 1; step <= steps; step++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(step));
      Memory memory = new Memory();

      runUntil(disk, memory, fault, step);

      finish(disk, memory, fault);
    }
  }

  @SeededTest(runs = 60)
  void afterPowerCutsInARowEverythingSaidToBeCopiedIsThere(RandomGenerator random) {
    SimulatedDisk disk = new SimulatedDisk(random);
    Memory memory = new Memory();

    for (int cut = 0; cut < 3; cut++) {
      runUntil(disk, memory, Fault.POWER_CUT, 1 + random.nextInt(90));
      disk.kill();
    }

    finish(disk, memory, Fault.POWER_CUT);
  }

  private static void runUntil(SimulatedDisk disk, Memory memory, Fault fault, long inSteps) {
    disk.failAt(disk.steps() + inSteps, fault);
    try {
      run(disk, memory);
    } catch (CrashedException e) {
      // The run is over; its memory is what it was told until then.
    } catch (SerdabException e) {
      assertThat(e.problem().code()).startsWith("place-");
    } finally {
      disk.failNoMore();
    }
  }

  private static void finish(SimulatedDisk disk, Memory memory, Fault fault) {
    if (fault == Fault.PULL) {
      disk.remount();
    }
    disk.kill();
    requireWhole(disk, memory);
    run(disk, memory);
    assertThat(memory.copied).hasSize(studies().size());
    requireWhole(disk, memory);
    assertThat(disk.files()).noneMatch(name -> name.endsWith(".part"));
  }

  /// What the backup does with three studies, the last of which changed since it was copied.
  private static void run(SimulatedDisk disk, Memory memory) {
    try (ZipTreeDestination destination = open(disk, memory)) {
      memory.ids.add(destination.id());
      for (TestStudy study : studies()) {
        VersionId id = study.version().id();
        Optional<HeldVersion> found = destination.find(study.key(), id);
        try {
          if (found.isPresent()) {
            assertThat(destination.prove(found.get(), Depth.INTACT))
                .isInstanceOf(ProofOutcome.Proven.class);
            memory.copied.put(id.hex(), found.get());
          } else {
            memory.copied.put(id.hex(), study.copyTo(destination));
          }
        } catch (SerdabException.Unavailable e) {
          destination.note(
              new Destination.Issue("ZIP_FAIL", Optional.of(study.key()), "failed", ""));
        }
      }
      destination.settle(Map.of());
    }
  }

  private static void requireWhole(SimulatedDisk disk, Memory memory) {
    Map<String, HeldVersion> told = Map.copyOf(memory.copied);
    Set<String> known = new HashSet<>();
    studies().forEach(study -> known.add(study.version().id().hex()));
    try (ZipTreeDestination destination = open(disk, memory)) {
      List<Destination.Listed> all = new ArrayList<>();
      try (var listed = destination.held()) {
        listed.forEach(all::add);
      }
      Set<String> there = new HashSet<>();
      for (Destination.Listed one : all) {
        assertThat(one).isInstanceOf(Destination.Listed.Copy.class);
        HeldVersion held = ((Destination.Listed.Copy) one).version();
        assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
        assertThat(known).contains(held.id().hex());
        there.add(held.id().hex());
      }
      assertThat(there).containsAll(told.keySet());
      assertThat(all).hasSize(there.size());
    }
  }

  private static ZipTreeDestination open(SimulatedDisk disk, Memory memory) {
    return ZipTrees.on(
        LocalFolder.on(disk.mount(), "a simulated disk", new SplittableRandom(3)),
        ZipTreeDestination.Access.WRITE,
        memory.ids);
  }

  private static List<TestStudy> studies() {
    SplittableRandom random = new SplittableRandom(21);
    TestStudy changed = TestStudy.drawnFrom(random, "1.2.840.3", 2);
    return List.of(
        TestStudy.drawnFrom(random, "1.2.840.1", 2),
        changed,
        TestStudy.drawnFrom(random, "1.2.840.3", 3).supersedes(changed.version().id()));
  }
}
