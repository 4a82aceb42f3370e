package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.VersionId;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.World;

/// Which version of a study is the newest, where disks take turns and clocks are wrong.
class VersionOrderTest {

  private final World world = World.withDestinations(2, new SplittableRandom(41));
  private final String study = world.addStudy(1);

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void aVersionNeverFollowsItself() {
    world.backUp();
    VersionId first = newest(0).id();
    change();
    world.backUpTo(0);
    world.backUpTo(1);

    HeldVersion late = newest(1);

    assertThat(late.supersedes()).contains(first);
    assertThat(supersedes(late.id())).contains(first);
  }

  @Test
  void aClockSetBackDoesNotMakeALaterVersionTheOlderOneOnAnyDisk() {
    world.backUp();
    world.clock().pass(Duration.ofDays(-400));
    change();
    world.backUpTo(0);
    world.backUpTo(1);

    assertNewestIsPresent(0);
    assertNewestIsPresent(1);
  }

  @Test
  void aDiskThatMissedAVersionKnowsWhichOfItsOwnANewerOneFollows() {
    world.backUp();
    change();
    world.backUpTo(0);
    world.clock().pass(Duration.ofDays(-400));
    change();
    world.backUpTo(1);

    assertNewestIsPresent(1);
  }

  @Test
  void whatFollowsTheNewestIsTheNewestWhateverTheClockSaidBefore() {
    world.backUpTo(0);
    world.loseCatalogue(); // So that the second version follows none.
    change();
    world.backUpTo(1);
    change();
    world.backUpTo(1);
    world.loseCatalogue();
    change();
    world.backUpTo(1);
    world.clock().pass(Duration.ofDays(-400));
    change();
    world.backUpTo(1);

    assertNewestIsPresent(1);
  }

  @Test
  void aNewerVersionFollowsOneThatAKilledRunLeftAndNobodyRemembers() {
    world.backUp();
    VersionId first = newest(1).id();
    change();
    for (int step = 1; newest(1).id().equals(first); step++) {
      world.disk(1).failAt(world.disk(1).steps() + step, Fault.KILL);
      try {
        world.backUpTo(1);
      } catch (CrashedException e) {
        // As a process that is gone.
      }
      world.disk(1).failNoMore();
      world.disk(1).kill();
    }
    assertThat(world.catalogue().version(new StudyKey(study), newest(1).id())).isEmpty();
    world.clock().pass(Duration.ofDays(-400));
    change();
    world.backUp();

    assertNewestIsPresent(1);
  }

  private void change() {
    world.clock().pass(Duration.ofDays(2));
    Instant now = world.clock().instant();
    world.putImage(study, 1, world.pixels(), "", now);
  }

  private HeldVersion newest(int disk) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.versions(new StudyKey(study)).getLast();
    }
  }

  private Optional<VersionId> supersedes(VersionId version) {
    return world.catalogue().version(new StudyKey(study), version).flatMap(VersionRow::supersedes);
  }

  private void assertNewestIsPresent(int disk) {
    List<VersionId.Part> present =
        world.source().files(study).values().stream()
            .map(file -> new VersionId.Part(Sha256.digest(file), file.length))
            .toList();

    assertThat(newest(disk).id()).as("disk %s", disk).isEqualTo(VersionId.of(present));
  }
}
