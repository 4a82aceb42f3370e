package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.destination.ZipTreeDestination.Access;
import serdab.testing.world.FaultyStore;

/// Two disks that take turns under one name are never confused, and a volume that is not mounted is
/// never filled.
class DestinationMarkerTest {

  private static final DestinationId ANOTHER =
      new DestinationId(UUID.fromString("00000000-0000-4000-8000-000000000001"));

  private final FaultyStore place = new FaultyStore(new SplittableRandom(1), ZipTrees.CLOCK);

  @Test
  void firstUseMakesAMarkerThatIsThereFromThenOn() {
    DestinationId id = openAndClose(Access.WRITE, Set.of());

    assertThat(openAndClose(Access.WRITE, Set.of(id))).isEqualTo(id);
    assertThat(openAndClose(Access.WRITE, Set.of(ANOTHER, id))).isEqualTo(id);
    assertThat(openAndClose(Access.WRITE, Set.of())).isEqualTo(id);
    assertThat(id.value().version()).isEqualTo(4);
    assertThat(new String(place.document("destination.json").orElseThrow(), StandardCharsets.UTF_8))
        .startsWith("{\"format\":\"study-zip-tree\",\"formatVersion\":1,\"id\":\"" + id);
  }

  @Test
  void aKnownAddressWithoutItsMarkerIsHeldBackAndNothingIsWritten() {
    for (Access access : new Access[] {Access.WRITE, Access.READ, Access.LOOK}) {
      assertHeldBack(access, Set.of(ANOTHER), "destination-marker-missing");
    }
    assertThat(place.digests()).isEmpty();
  }

  @Test
  void anotherDiskAtAKnownAddressIsHeldBackUntilItIsAdopted() {
    DestinationId id = openAndClose(Access.WRITE, Set.of());

    assertHeldBack(Access.WRITE, Set.of(ANOTHER), "destination-is-another");
    assertHeldBack(Access.READ, Set.of(ANOTHER), "destination-is-another");
    assertThat(openAndClose(Access.ADOPT, Set.of(ANOTHER))).isEqualTo(id);
  }

  @Test
  void aNewDiskAtAKnownAddressIsUsedOnceItIsAdopted() {
    DestinationId id = openAndClose(Access.ADOPT, Set.of(ANOTHER));

    assertThat(id).isNotEqualTo(ANOTHER);
    assertThat(openAndClose(Access.WRITE, Set.of(ANOTHER, id))).isEqualTo(id);
  }

  @Test
  void aTreeThatLostItsMarkerIsHeldBackAndStillReadable() {
    HeldVersion held;
    try (ZipTreeDestination destination = ZipTrees.on(place.connect())) {
      held = TestStudy.of("1.2.3").file("a", new byte[] {1}).copyTo(destination);
    }
    place.lose("destination.json");

    assertHeldBack(Access.WRITE, Set.of(), "destination-marker-lost");
    try (ZipTreeDestination reading = ZipTrees.on(place.connect(), Access.READ, Set.of())) {
      assertThat(reading.versions(held.study())).hasSize(1);
    }
    openAndClose(Access.ADOPT, Set.of());
  }

  @Test
  void aFolderWithOtherFilesIsFineForAFirstUse() {
    place.put("2021_01/Old_1.2.zip", new byte[] {1, 2, 3});
    place.put("holiday.jpg", new byte[] {1});

    openAndClose(Access.WRITE, Set.of());

    assertThat(place.document("holiday.jpg")).isPresent();
  }

  @Test
  void lookingAtAPlaceOfAFirstUseWritesNothing() {
    openAndClose(Access.LOOK, Set.of());
    openAndClose(Access.READ, Set.of());

    assertThat(place.digests()).isEmpty();
  }

  @Test
  void aMarkerThatIsNotUnderstoodHoldsTheRunBack() {
    for (String content :
        new String[] {
          "",
          "not json",
          "[]",
          "{}",
          "{\"format\":\"study-zip-tree\",\"formatVersion\":1}",
          "{\"format\":\"repository\",\"formatVersion\":1}",
          "{\"format\":\"study-zip-tree\",\"formatVersion\":2,\"id\":\"x\"}"
        }) {
      place.lose("destination.json");
      place.put("destination.json", content.getBytes(StandardCharsets.UTF_8));

      for (Access access : Access.values()) {
        assertThatThrownBy(() -> openAndClose(access, Set.of()))
            .as(content)
            .isInstanceOf(SerdabException.HeldBack.class);
      }
    }
  }

  private void assertHeldBack(Access access, Set<DestinationId> expected, String code) {
    assertThatThrownBy(() -> openAndClose(access, expected))
        .isInstanceOfSatisfying(
            SerdabException.HeldBack.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(code);
              assertThat(e.problem().next()).contains("--adopt");
            });
  }

  private DestinationId openAndClose(Access access, Set<DestinationId> expected) {
    try (ZipTreeDestination destination = ZipTrees.on(place.connect(), access, expected)) {
      return destination.id();
    }
  }
}
