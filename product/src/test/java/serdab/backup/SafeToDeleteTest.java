package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.backup.SafeToDelete.Answer;
import serdab.backup.SafeToDelete.Why;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;
import serdab.dicom.StudyKey;
import serdab.testing.world.World;

/// A study is safe to delete only when nothing at all speaks against it.
class SafeToDeleteTest {

  private static final LocalDate DAY = LocalDate.of(2024, 2, 15);

  private final World world = World.withDestinations(2, new SplittableRandom(5));
  private List<Medium> media = List.of(new Medium("disk:wwn-1"), new Medium("disk:wwn-2"));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void provenCopiesOnTwoDisksAreSafe() {
    world.addStudy(2);
    world.backUp();

    assertThat(answer()).isInstanceOf(Answer.Safe.class);
  }

  @Test
  void twoCopiesOnOneDiskAreNotSafe() {
    media = List.of(new Medium("disk:wwn-1"), new Medium("disk:wwn-1"));
    world.addStudy(2);
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.ONE_MEDIUM));
  }

  @Test
  void disksThatNobodyKnowsMayBeOneAndTheSame() {
    media = List.of(new Medium("disk:wwn-1"), Medium.UNKNOWN);
    world.addStudy(2);
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.ONE_MEDIUM));
  }

  @Test
  void aDamagedCopyDoesNotCount() {
    String study = world.addStudy(2);
    world.backUp();
    prove(study, "bad");

    assertThat(answer()).isEqualTo(no(Why.ONE_COPY));
  }

  @Test
  void anOldProofDoesNotCount() {
    world.addStudy(2);
    world.backUp();
    for (int i = 0; i < 46; i++) {
      world.clock().pass(Duration.ofDays(2));
    }
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.PROOF_OLD));
  }

  @Test
  void aStudyThatChangedSinceItWasCopiedIsNotSafe() {
    String first = world.addStudy(1);
    world.addStudy(1);
    world.source().date("1.2.826.0.1.1", "1999-01-01");
    world.source().date("1.2.826.0.1.2", "2024-02-15");
    world.backUp();
    world.putImage(first, 2, world.pixels(), "");
    world.putImage("1.2.826.0.1.2", 2, world.pixels(), "");
    world.batch(1);
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.CHANGED));
  }

  @Test
  void anIncompleteStudyIsNotSafe() {
    String study = world.addStudy(2);
    world.source().loseFile(World.imagePath(study, 1));
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.FILES_MISSING));
  }

  @Test
  void aStudyThatWasNeverCopiedIsNotSafe() {
    String other = world.addStudy(1);
    world.source().date(other, "1999-01-01");
    world.addStudy(1);
    world.batch(1);
    world.backUp();

    assertThat(answer()).isEqualTo(no(Why.NEVER_COPIED));
  }

  @Test
  void aSourceThatWasNotLookedAtLatelyIsNotSafe() {
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(4));

    assertThat(answer()).isEqualTo(no(Why.SOURCE_NOT_LOOKED_AT));
  }

  @Test
  void aRunFromTheFutureSaysNothingOfWhenTheSourceWasLookedAt() {
    world.clock().pass(Duration.ofDays(900));
    world.addStudy(1);
    world.backUp();
    world.clock().pass(Duration.ofDays(-900));

    assertThat(answer()).isEqualTo(no(Why.SOURCE_NOT_LOOKED_AT));
  }

  @Test
  void aStudyThatIsNotThereAnyMoreIsNotListed() {
    String gone = world.addStudy(1);
    for (int i = 0; i < 20; i++) {
      world.source().date(world.addStudy(1), "1999-01-01");
    }
    world.backUp();
    world.source().remove(gone);
    world.backUp();

    assertThat(answer()).isEqualTo(new Answer.NotThere());
  }

  @Test
  void bothEndsOfTheRangeAreIncluded() {
    world.addStudy(1);
    world.backUp();

    try (Stream<Safety.PresentStudy> on = studies(DAY, DAY);
        Stream<Safety.PresentStudy> before = studies(DAY.minusDays(9), DAY.minusDays(1));
        Stream<Safety.PresentStudy> after = studies(DAY.plusDays(1), DAY.plusDays(9))) {
      assertThat(on.count()).isEqualTo(1);
      assertThat(before.count()).isZero();
      assertThat(after.count()).isZero();
    }
  }

  @Test
  void aStudyOnADiskAndOnAShareIsOnTwoMedia() {
    assertThat(Medium.certainlyDifferent(List.of(Medium.LOCAL, Medium.NETWORK))).isEqualTo(2);
    assertThat(Medium.certainlyDifferent(List.of(Medium.LOCAL, Medium.LOCAL))).isEqualTo(1);
    assertThat(Medium.certainlyDifferent(List.of(Medium.NETWORK, Medium.NETWORK))).isEqualTo(1);
    assertThat(Medium.certainlyDifferent(List.of(Medium.LOCAL, new Medium("disk:a"))))
        .as("the local one may be that disk")
        .isEqualTo(1);
    assertThat(Medium.certainlyDifferent(List.of(Medium.UNKNOWN, Medium.UNKNOWN))).isEqualTo(1);
    assertThat(Medium.certainlyDifferent(List.of())).isZero();
  }

  // ----

  private static Answer no(Why why) {
    return new Answer.NotSafe(why);
  }

  private Answer answer() {
    Map<String, SafeToDelete.Place> byId = new HashMap<>();
    for (int i = 0; i < 2; i++) {
      byId.put(
          world.catalogue().destinationsAt("zip:/disk" + i).getFirst(),
          new SafeToDelete.Place(media.get(i), Instant.EPOCH));
    }
    Map<String, RunRow> lastGood = new HashMap<>();
    world
        .catalogue()
        .lastGoodRun("backup", "world:source")
        .ifPresent(run -> lastGood.put("world:source", run));
    SafeToDelete rules =
        new SafeToDelete(world.clock().instant(), Duration.ofDays(90), byId, lastGood, Set.of());
    try (Stream<Safety.PresentStudy> studies = studies(DAY, DAY)) {
      return rules.answer(studies.findFirst().orElseThrow());
    }
  }

  private Stream<Safety.PresentStudy> studies(LocalDate from, LocalDate to) {
    return world.catalogue().safety().presentStudies(from, to);
  }

  private void prove(String study, String state) {
    CopyRow copy = world.catalogue().copies(new StudyKey(study)).getFirst();
    world
        .catalogue()
        .recordProof(
            copy.study(),
            copy.version(),
            copy.destinationId(),
            new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, world.clock().instant()),
            state);
  }
}
