package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.YearMonth;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Depth;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.store.LocalFolder;
import serdab.testing.world.CrashedException;
import serdab.testing.world.FaultyStore;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// Removing a copy takes exactly that copy, or nothing.
class ZipTreeRemovalTest {

  private final FaultyStore place = new FaultyStore(new SplittableRandom(1), ZipTrees.CLOCK);
  private final ZipTreeDestination destination = ZipTrees.on(place.connect());
  private final TestStudy before = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 2);
  private final TestStudy after = TestStudy.drawnFrom(new SplittableRandom(6), "1.2.840.1", 3);

  @AfterEach
  void close() {
    destination.close();
  }

  @Test
  void anOlderVersionIsRemovedAndTheNewerStays() {
    HeldVersion first = before.copyTo(destination);
    HeldVersion second = after.copyTo(destination);

    boolean removed = destination.remove(first);

    assertThat(removed).isTrue();
    assertThat(destination.versions(before.key()))
        .extracting(HeldVersion::id)
        .containsExactly(second.id());
    assertThat(destination.find(before.key(), first.id())).isEmpty();
    assertThat(destination.prove(second, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    assertThat(destination.remove(first)).isFalse();
  }

  @Test
  void theLastReadableCopyOfAStudyIsNotRemoved() {
    HeldVersion first = before.copyTo(destination);
    HeldVersion second = after.copyTo(destination);
    place.put(second.location(), new byte[] {1, 2, 3});

    assertThatThrownBy(() -> destination.remove(first))
        .isInstanceOfSatisfying(
            SerdabException.Refused.class,
            e -> assertThat(e.problem().code()).isEqualTo("last-copy"));

    assertThat(destination.prove(first, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void aCopyInWhosePlaceAnotherLiesByNowIsNotRemoved() {
    HeldVersion first = before.copyTo(destination);
    HeldVersion second = after.copyTo(destination);
    HeldVersion wrong =
        new HeldVersion(
            first.study(),
            first.id(),
            second.location(),
            second.storedBytes(),
            second.fileCount(),
            Optional.empty(),
            Optional.empty());

    assertThatThrownBy(() -> destination.remove(wrong))
        .isInstanceOfSatisfying(
            SerdabException.Refused.class,
            e -> assertThat(e.problem().code()).isEqualTo("copy-is-another"));

    assertThat(destination.versions(before.key())).hasSize(2);
  }

  @Test
  void aCopyThatHasAnotherLengthByNowIsNotRemoved() {
    HeldVersion first = before.copyTo(destination);
    after.copyTo(destination);
    HeldVersion longer =
        new HeldVersion(
            first.study(),
            first.id(),
            first.location(),
            first.storedBytes() + 1,
            first.fileCount(),
            Optional.empty(),
            Optional.empty());

    assertThatThrownBy(() -> destination.removeLast(longer))
        .isInstanceOfSatisfying(
            SerdabException.Refused.class,
            e -> assertThat(e.problem().code()).isEqualTo("copy-is-another"));

    assertThat(destination.versions(before.key())).hasSize(2);
  }

  @Test
  void theMonthOfAStudyThatEndsIsNotDoneAnyMore() {
    HeldVersion only = before.copyTo(destination);
    destination.settle(Map.of(Optional.of(YearMonth.of(2021, 1)), true));
    assertThat(place.connect().find("2021_01/.month_done")).isPresent();

    destination.removeLast(only);

    assertThat(place.connect().find("2021_01/.month_done")).isEmpty();
    assertThat(destination.versions(before.key())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepFailsTheCopyIsWholeOrGoneAndTheOtherIsUntouched(Fault fault) {
    for (long step = 1; step <= 12; step++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(step));
      HeldVersion first;
      HeldVersion second;
      Set<DestinationId> ids;
      try (ZipTreeDestination tree = on(disk, Set.of())) {
        first = before.copyTo(tree);
        second = after.copyTo(tree);
        ids = Set.of(tree.id());
      }
      boolean said = false;
      try (ZipTreeDestination tree = on(disk, ids)) {
        disk.failAt(disk.steps() + step, fault);
        said = tree.remove(first);
      } catch (CrashedException | SerdabException e) {
        // What is left is looked at below.
      } finally {
        disk.failNoMore();
      }
      if (fault == Fault.PULL) {
        disk.remount();
      }
      disk.kill();

      try (ZipTreeDestination tree = on(disk, ids)) {
        VersionId id = first.id();
        boolean there = tree.versions(before.key()).stream().anyMatch(v -> v.id().equals(id));
        if (there) {
          assertThat(said).as("said to be removed, at step %d", step).isFalse();
          assertThat(tree.prove(first, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
        }
        assertThat(tree.prove(second, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
      }
    }
  }

  private static ZipTreeDestination on(SimulatedDisk disk, Set<DestinationId> ids) {
    return ZipTrees.on(
        LocalFolder.on(disk.mount(), "a simulated disk", new SplittableRandom(3)),
        ZipTreeDestination.Access.WRITE,
        ids);
  }
}
