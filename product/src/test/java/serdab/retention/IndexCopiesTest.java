package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.testing.world.World;

/// Copies of an index are thinned where they lie.
class IndexCopiesTest {

  private static final String LIBRARY = "horos-1a2b3c4d";
  private static final StudyKey INDEX = StudyKey.library(LIBRARY, "index");
  private static final OptionalLong NO_ROOM = OptionalLong.of(0);

  private World world;
  private IndexCopies copies;

  @BeforeEach
  void threeCopiesOfAnIndex() {
    world = World.withDestinations(1, new Random(7));
    copies = new IndexCopies(world.catalogue(), world.clock(), "test/1");
    for (int i = 1; i <= 3; i++) {
      world.putImage(INDEX.value(), i, world.pixels(), "", world.clock().instant());
      world.clock().pass(Duration.ofDays(1));
      world.backUp();
    }
  }

  @AfterEach
  void closeTheWorld() {
    world.close();
  }

  @Test
  void whatIsOverTheBudgetGoesAndTheNewestStays() {
    List<HeldVersion> before = held();

    List<IndexCopies.Leaving> gone;
    try (Destination destination = world.open(0, Access.WRITE)) {
      gone = copies.remove(destination, copies.plan(destination, LIBRARY, NO_ROOM));
    }

    assertThat(before).hasSize(3);
    assertThat(gone).hasSize(2).allMatch(each -> each.reason().equals("over the budget"));
    assertThat(held()).containsExactly(before.getLast());
    assertThat(world.catalogue().copies(INDEX).stream().map(CopyRow::state))
        .containsExactlyInAnyOrder("removed", "removed", "good");
  }

  @Test
  void planningRemovesNothing() {
    try (Destination destination = world.open(0, Access.READ)) {
      assertThat(copies.plan(destination, LIBRARY, NO_ROOM)).hasSize(2);
      assertThat(copies.plan(destination, LIBRARY)).as("there is room").isEmpty();
      assertThat(copies.plan(destination, "horos-00000000", NO_ROOM)).isEmpty();
    }

    assertThat(held()).hasSize(3);
  }

  @Test
  void theNextRunMissesNothing() {
    try (Destination destination = world.open(0, Access.WRITE)) {
      copies.remove(destination, copies.plan(destination, LIBRARY, NO_ROOM));
    }
    world.clock().pass(Duration.ofDays(1));

    world.backUp();

    assertThat(held()).hasSize(1);
  }

  private List<HeldVersion> held() {
    try (Destination destination = world.open(0, Access.READ)) {
      return destination.versions(INDEX);
    }
  }
}
