package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.catalogue.CopyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.restore.Rebuild;
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

  @Test
  void copiesOfATimeThatHasNotComeYetPushNoOtherOneOut() {
    List<HeldVersion> before = held();
    java.time.Instant corrected = world.clock().instant().minus(Duration.ofHours(12));

    try (Destination destination = world.open(0, Access.READ)) {
      List<IndexCopies.Leaving> leaving =
          new IndexCopies(world.catalogue(), () -> corrected, "test/1")
              .plan(destination, LIBRARY, NO_ROOM);

      // The third was made under a clock that was ahead; the second may be the newest of all.
      assertThat(leaving).extracting(IndexCopies.Leaving::copy).containsExactly(before.getFirst());
    }
  }

  @Test
  void copiesThatNoRunOfThisCatalogueMadeNeitherGoNorCount() {
    world.loseCatalogue();
    try (Destination destination = world.open(0, Access.READ)) {
      Rebuild.from(destination, world.catalogue(), world.clock(), Progress.SILENT, () -> false);
      Proof proof = new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, world.clock().instant());
      for (HeldVersion copy : destination.versions(INDEX)) {
        String here = destination.id().toString();
        world.catalogue().recordProof(INDEX, copy.id(), here, proof, "good");
      }

      // They may be those of a library at the same path on another machine.
      assertThat(
              new IndexCopies(world.catalogue(), world.clock(), "test/1")
                  .plan(destination, LIBRARY, NO_ROOM))
          .isEmpty();
    }
  }

  @Test
  void aHeldIndexLosesNoCopy() {
    world
        .catalogue()
        .holds()
        .place(
            java.util.Optional.of(INDEX),
            java.util.Optional.empty(),
            java.util.Optional.empty(),
            "a case at court",
            "Dr. Keeper");

    try (Destination destination = world.open(0, Access.READ)) {
      assertThat(copies.plan(destination, LIBRARY, NO_ROOM)).isEmpty();
    }
  }

  @Test
  void aThinningThatWasKilledIsFinishedByTheNext() {
    HeldVersion oldest = held().getFirst();
    try (Destination destination = world.open(0, Access.WRITE)) {
      IndexCopies.Leaving leaving =
          copies.plan(destination, LIBRARY, NO_ROOM).stream()
              .filter(each -> each.copy().equals(oldest))
              .findFirst()
              .orElseThrow();
      Destination dying =
          (Destination)
              java.lang.reflect.Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {Destination.class},
                  (_, method, arguments) -> {
                    Object result = method.invoke(destination, arguments);
                    if (method.getName().equals("remove")) {
                      throw new IllegalStateException("killed");
                    }
                    return result;
                  });
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> copies.remove(dying, List.of(leaving)))
          .hasMessage("killed");

      copies.thin(destination, LIBRARY);
    }

    assertThat(held()).hasSize(2);
    assertThat(world.catalogue().copies(INDEX).stream().map(CopyRow::state))
        .containsExactlyInAnyOrder("removed", "good", "good");
  }

  private List<HeldVersion> held() {
    try (Destination destination = world.open(0, Access.READ)) {
      return destination.versions(INDEX);
    }
  }
}
