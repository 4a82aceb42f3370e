package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.store.Capability;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

class PruneTest {

  private static FaultyStore place(RandomGenerator random) {
    FaultyStore place = new FaultyStore(random, Kit.CLOCK);
    place.shareAmongWriters();
    return place;
  }

  @Test
  void onlyWhatNothingNeedsGoes() {
    Kit kit = new Kit(1);
    FaultyStore place = place(kit.random);
    Repository repository = kit.begin(place);
    List<byte[]> blobs = Stream.generate(() -> kit.bytes(20_000)).limit(4).toList();
    Snapshot first = Kit.write(repository, "1", "v1", blobs).snapshot();
    Snapshot second = Kit.write(repository, "1", "v2", blobs.subList(0, 2)).snapshot();
    Snapshot third = Kit.write(repository, "2", "v1", List.of(kit.bytes(30_000))).snapshot();
    repository.settle();
    Prune prune = new Prune(repository);

    Prune.Plan plan = prune.plan(List.of(first, third), Duration.ofDays(1));
    assertThat(plan.packs()).containsExactlyInAnyOrderElementsOf(third.packs());
    Prune.Done done = prune.carryOut(plan, "Asked for.");

    assertThat(done).isEqualTo(new Prune.Done(1, third.packs().getFirst().storedBytes(), 0));
    Repository again = kit.open(place.connect());
    assertThat(Kit.versions(again)).containsOnlyKeys("1/v2");
    assertThat(Kit.read(again, second)).containsExactlyElementsOf(blobs.subList(0, 2));
    assertThat(RepositoryTest.names(place, "tombstones/")).isEmpty();
    assertThat(new Prune(again).plan(List.of(), Duration.ZERO).packs()).isEmpty();
  }

  @Test
  void aPlaceThatCannotRefuseATakenNameHasNoPrune() {
    Kit kit = new Kit(2);
    FaultyStore place = place(kit.random);
    Repository repository = kit.begin(place);
    place.promiseOnly(Capability.LIST_AFTER_WRITE, Capability.READ_BEFORE_COMMIT);

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> new Prune(repository).plan(List.of(), Duration.ZERO))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-no-prune"));
  }

  @Test
  void aSnapshotThatCannotBeReadStopsAPrune() {
    Kit kit = new Kit(3);
    FaultyStore place = place(kit.random);
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", List.of(kit.bytes(100))).snapshot();
    place.flipBit("snapshots/" + written.at() + ".zip", 500);

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> new Prune(kit.open(place.connect())).plan(List.of(), Duration.ZERO));
  }

  /// Before whoever wrote it has opened it again.
  @Test
  void anIndexSegmentThatAnotherRunMergesAtOnceIsNotMissed() {
    Kit kit = new Kit(4);
    FaultyStore place = place(kit.random);
    try (Repository repository = kit.begin(place.connect())) {
      Kit.write(repository, "1", "v1", List.of(kit.bytes(100)));
      repository.settle();
    }
    int segments = RepositoryTest.names(place, "index/").size();
    List<String> taken = new ArrayList<>();
    Runnable merge =
        () -> {
          if (taken.isEmpty() && RepositoryTest.names(place, "index/").size() > segments) {
            taken.addAll(RepositoryTest.names(place, "index/"));
            try (Repository other = kit.open(place.connect())) {
              Kit.write(other, "2", "v1", List.of(kit.bytes(100)));
              other.settle();
              Prune prune = new Prune(other);
              prune.carryOut(prune.plan(List.of(), Duration.ofDays(1)), "Asked for.");
            }
            taken.removeAll(RepositoryTest.names(place, "index/"));
          }
        };

    try (Repository repository = kit.open(new SteppedStore(place.connect(), merge))) {
      Kit.write(repository, "3", "v1", List.of(kit.bytes(100)));
      repository.settle();
      assertThat(Kit.versions(repository)).containsKeys("1/v1", "3/v1");
    }

    assertThat(taken).hasSize(segments + 1);
    assertThat(Kit.versions(kit.open(place.connect()))).containsOnlyKeys("1/v1", "2/v1", "3/v1");
  }

  /// Writers, prunes and somebody who erases a group take turns at every step of theirs; some sleep
  /// for long, some are killed, and no two clocks agree. Whatever was committed and not removed is
  /// there, and reads as written.
  @SeededTest(runs = 60)
  void noCommittedVersionLosesAPack(RandomGenerator random) {
    runSchedule(random);
  }

  @SeededTest(runs = 4_000)
  @Tag("prove")
  @Tag("prove-repository")
  void whateverTheScheduleNoCommittedVersionLosesAPack(RandomGenerator random) {
    runSchedule(random);
  }

  private static void runSchedule(RandomGenerator random) {
    Kit kit = new Kit(random);
    FaultyStore place = place(random);
    Map<String, List<byte[]>> content = new TreeMap<>();
    List<byte[]> shared = Stream.generate(() -> kit.bytes(300)).limit(6).toList();
    List<String> removed = new ArrayList<>();
    Set<String> erased = new HashSet<>();
    try (Repository repository = kit.begin(place.connect())) {
      for (int i = 0; i < 3; i++) {
        List<byte[]> blobs = some(random, shared);
        content.put("old" + i + "/v", blobs);
        Kit.write(repository, "old" + i, "v", blobs);
      }
      repository.settle();
    }
    Turns turns = new Turns(random);
    List<Turns.Actor> actors = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String name = "w" + i;
      Instant clock = Kit.CLOCK.instant().plusSeconds(random.nextInt(1_000_000) - 500_000);
      actors.add(
          turns.add(actor -> {
            Repository repository =
                kit.open(new SteppedStore(place.connect(), actor::step), () -> clock);
            for (int v = 0; v < 3; v++) {
              List<byte[]> blobs = some(random, shared);
              for (int tries = 0; tries < 5; tries++) {
                try {
                  VersionWriter.Committed committed = Kit.write(repository, name, "v" + v, blobs);
                  content.put(name + "/v" + v, blobs);
                  if (random.nextInt(3) == 0) {
                    // Somebody decides at once that it is not wanted.
                    removed.add(name + "/v" + v);
                    repository.remove(committed.snapshot(), "Asked for.");
                  }
                  break;
                } catch (SerdabException.Unavailable e) {
                  assertThat(e.problem().code()).isEqualTo("repository-session-ended");
                } catch (SerdabException.Refused e) {
                  assertThat(e.problem().code()).isEqualTo("repository-group-erased");
                  assertThat(erased).contains(name);
                  return;
                }
              }
              if (random.nextInt(3) == 0) {
                repository.settle();
              }
            }
            repository.settle();
          }));
    }
    for (int i = 0; i < 2; i++) {
      Instant clock = Kit.CLOCK.instant().plusSeconds(random.nextInt(1_000_000) - 500_000);
      actors.add(
          turns.add(actor -> {
            for (int p = 0; p < 2; p++) {
              Repository repository =
                  kit.open(new SteppedStore(place.connect(), actor::step), () -> clock);
              List<Snapshot> go =
                  Kit.versions(repository).values().stream()
                      .filter(_ -> random.nextInt(3) == 0)
                      .toList();
              go.forEach(each -> removed.add(each.groupKey() + '/' + each.version()));
              Prune prune = new Prune(repository);
              prune.carryOut(prune.plan(go, Duration.ofSeconds(random.nextInt(2))), "Asked for.");
            }
          }));
    }

    if (random.nextInt(2) == 0) {
      actors.add(
          turns.add(actor -> {
            Repository repository = kit.open(new SteppedStore(place.connect(), actor::step));
            String group = random.nextInt(4) == 0 ? "w0" : "old0";
            erased.add(group);
            try {
              repository.erase(group, ErasureTest::move, "Asked for.");
            } catch (SerdabException.Refused e) {
              assertThat(e.problem().code()).isEqualTo("repository-group-unknown");
              erased.remove(group);
            }
          }));
    }

    turns.run(0.02, 0.002);

    for (Turns.Actor actor : actors) {
      if (actor.failure() != null) {
        throw new AssertionError(actor.failure());
      }
    }
    for (String group : erased) {
      try (Repository again = kit.open(place.connect())) {
        String name = again.naming().group(group);
        if (again.snapshots(group).isEmpty()
            && !again.hasKey(name)
            && RepositoryTest.names(place, Erased.file(name)).isEmpty()) {
          continue; // Killed before there was anything to erase.
        }
        again.erase(group, ErasureTest::move, "What was killed is ended.");
        assertThat(RepositoryTest.names(place, Layout.groupFolder(name))).isEmpty();
        assertThat(again.snapshots(group)).isEmpty();
      }
    }
    try (Repository after = kit.open(place.connect())) {
      Map<String, Snapshot> versions = Kit.versions(after);
      for (Snapshot version : versions.values()) {
        after.requirePresent(version);
      }
      for (Map.Entry<String, List<byte[]>> each : content.entrySet()) {
        String group = each.getKey().substring(0, each.getKey().indexOf('/'));
        if (!removed.contains(each.getKey()) && !erased.contains(group)) {
          assertThat(versions).containsKey(each.getKey());
          assertThat(Kit.read(after, Objects.requireNonNull(versions.get(each.getKey()))))
              .containsExactlyElementsOf(each.getValue());
        }
      }
      // A prune that nobody disturbs leaves nothing that is not needed.
      Prune prune = new Prune(after);
      prune.carryOut(prune.plan(List.of(), Duration.ofDays(-3650)), "Asked for.");
      assertThat(RepositoryTest.names(place, "packs/"))
          .containsExactlyInAnyOrderElementsOf(
              versions.values().stream()
                  .flatMap(version -> version.packs().stream())
                  .map(pack -> Layout.pack(pack.digest()))
                  .distinct()
                  .toList());
      for (Snapshot version : versions.values()) {
        after.requireIntact(version);
      }
    }
  }

  private static List<byte[]> some(RandomGenerator random, List<byte[]> shared) {
    List<byte[]> blobs =
        new ArrayList<>(shared.stream().filter(_ -> random.nextInt(3) == 0).toList());
    if (random.nextInt(3) == 0) {
      byte[] own = new byte[200];
      random.nextBytes(own);
      blobs.add(own);
    }
    return blobs;
  }
}
