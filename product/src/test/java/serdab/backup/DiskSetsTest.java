package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.backup.Reach.State;
import serdab.catalogue.TemporaryCatalogue;
import serdab.destination.DestinationId;
import serdab.plan.DiskSet;
import serdab.testing.world.WorldClock;

/// Which disks belong to a set, and when somebody is reminded of one.
class DiskSetsTest {

  private static final DiskSet SAFE = new DiskSet("safe", List.of("zip:/Volumes/Backup"), 7);
  private static final DestinationId A = new DestinationId(new UUID(0, 1));
  private static final DestinationId B = new DestinationId(new UUID(0, 2));

  private final WorldClock clock = new WorldClock(Instant.parse("2026-03-01T12:00:00Z"));
  private final TemporaryCatalogue catalogue =
      TemporaryCatalogue.empty(clock, new SplittableRandom(1));
  private final DiskSets sets = new DiskSets(catalogue.catalogue(), clock);

  @AfterEach
  void closeCatalogue() {
    catalogue.close();
  }

  @Test
  void aSetKnowsItsDisksAndWhenEachWasThereLast() {
    sets.saw(SAFE, A);
    clock.pass(Duration.ofDays(1));
    sets.saw(SAFE, B);
    sets.saw(new DiskSet("safe 2", List.of(), 7), new DestinationId(new UUID(0, 3)));

    assertThat(sets.members(SAFE))
        .containsOnlyKeys(A, B)
        .containsEntry(A, Instant.parse("2026-03-01T12:00:00Z"))
        .containsEntry(B, Instant.parse("2026-03-02T12:00:00Z"));
  }

  @Test
  void whatWasSeenAtTheAddressAndEveryDiskOfTheSetMayBeThere() {
    sets.saw(SAFE, A);

    assertThat(sets.expected(SAFE, Set.of(B))).containsExactlyInAnyOrder(A, B);
  }

  @Test
  void theFirstDiskMayBeMadeAndLaterTheAbsenceOfOneIsNormal() {
    Path place = Path.of("/somewhere/Backup");
    DiskSets.Turn first = sets.turn(SAFE, place, State.ABSENT);
    sets.saw(SAFE, A);

    assertThat(first).isEqualTo(DiskSets.Turn.NEW);
    assertThat(sets.turn(SAFE, place, State.ABSENT)).isEqualTo(DiskSets.Turn.AWAY);
    assertThat(sets.turn(SAFE, place, State.EMPTY)).isEqualTo(DiskSets.Turn.NEW);
    assertThat(sets.turn(SAFE, place, State.FILLED)).isEqualTo(DiskSets.Turn.THERE);
    assertThat(sets.turn(SAFE, place, State.NOT_ANSWERING)).isEqualTo(DiskSets.Turn.THERE);
  }

  /// What is left of a mount point lies on this computer's own disk.
  @Test
  void anEmptyMountPointWithoutItsVolumeIsNoNewDisk() {
    sets.saw(SAFE, A);

    assertThat(sets.turn(SAFE, Path.of("/Volumes/Backup"), State.EMPTY))
        .isEqualTo(DiskSets.Turn.AWAY);
  }

  @Test
  void aCertainDiskThatWasAwayTooLongIsRemindedOf() {
    sets.saw(SAFE, A);
    sets.saw(SAFE, B);
    clock.pass(Duration.ofDays(6));
    sets.saw(SAFE, B);
    List<DiskSets.Reminder> early = sets.reminders(List.of(SAFE));
    clock.pass(Duration.ofDays(1));

    List<DiskSets.Reminder> late = sets.reminders(List.of(SAFE));

    assertThat(early).isEmpty();
    assertThat(late).containsExactly(new DiskSets.Reminder("safe", Optional.of(A), 7));
    assertThat(late.getFirst().problem().text()).contains("00000000", "of the set safe", "7 days");
  }

  @Test
  void whenNoDiskWasThereOneReminderStandsForAll() {
    sets.saw(SAFE, A);
    sets.saw(SAFE, B);
    clock.pass(Duration.ofDays(9));

    List<DiskSets.Reminder> reminders = sets.reminders(List.of(SAFE));

    assertThat(reminders).containsExactly(new DiskSets.Reminder("safe", Optional.empty(), 9));
    assertThat(reminders.getFirst().problem().text()).contains("No disk of the set safe", "9 days");
  }

  @Test
  void aSetThatWasNeverUsedOrWantsNoneRemindsOfNothing() {
    DiskSet quiet = new DiskSet("quiet", List.of(), 0);
    sets.saw(quiet, A);
    clock.pass(Duration.ofDays(900));

    assertThat(sets.reminders(List.of(SAFE, quiet))).isEmpty();
  }
}
