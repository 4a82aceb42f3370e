package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Proofs;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.store.LocalFolder;
import serdab.testing.SeededTest;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.World;

/// A share of 1/30 each night proves everything within 30 nights, whatever happens between.
class SharesTest {

  private static final int ROUND = 30;
  private static final Share SHARE = new Share(1, ROUND);

  @SeededTest(runs = 6)
  void whatIsThereNowIsProvenWithinARoundWhateverHappensBetween(RandomGenerator random) {
    try (World world = World.drawnFrom(random).acceptingFewer()) {
      List<String> studies = new ArrayList<>();
      int many = 31 + random.nextInt(60);
      for (int i = 0; i < many; i++) {
        studies.add(world.addStudy(1));
      }
      world.backUp(); // All at one instant.
      Depth depth = random.nextBoolean() ? Depth.INTACT : Depth.READABLE;
      for (int i = random.nextInt(ROUND); i > 0; i--) {
        verify(world, depth, SHARE, Optional.empty(), () -> false); // The round is under way.
      }
      Map<String, Proofs.Turn> before = turns(world, depth);
      long start = world.catalogue().proofs().count();
      for (int run = 1; run <= ROUND; run++) {
        somethingHappens(world, studies, depth, random);
        VerifyReport report = verify(world, depth, SHARE, Optional.empty(), () -> false);
        assertThat(report.bad()).allMatch(bad -> bad.problem().code().equals("copy-gone"));
      }

      Map<String, Proofs.Turn> after = turns(world, depth);
      assertThat(before).hasSizeGreaterThan(30);
      after.forEach((name, turn) -> {
        if (before.containsKey(name)) {
          assertThat(turn.lastTurn()).as("the last proof of %s", name).isGreaterThan(start);
        }
      });
    }
  }

  private static void somethingHappens(
      World world, List<String> studies, Depth depth, RandomGenerator random) {
    // Clocks are set back, too.
    world.clock().pass(Duration.ofHours(random.nextInt(-30, 60)));
    switch (random.nextInt(8)) {
      case 0 -> {
        int more = 1 + random.nextInt(40);
        for (int i = 0; i < more; i++) {
          studies.add(world.addStudy(1));
        }
        world.backUp();
      }
      case 1 -> {
        world.putImage(studies.get(random.nextInt(studies.size())), 2, world.pixels(), "");
        world.backUp();
      }
      case 2 -> {
        // The copies proven last vanish: a share of those left would be less than was promised.
        List<Proofs.Turn> all = new ArrayList<>(turns(world, depth).values());
        all.sort(java.util.Comparator.comparingLong(Proofs.Turn::lastTurn).reversed());
        all.stream()
            .filter(turn -> world.disk().files().contains(turn.location()))
            .limit(random.nextInt(1 + all.size() / 3))
            .forEach(turn -> world.disk().remove(turn.location()));
      }
      case 3 -> {
        StudyKey study = new StudyKey(studies.get(random.nextInt(studies.size())));
        verify(world, Depth.READABLE, Share.ALL, Optional.of(study), () -> false);
      }
      case 4 -> verify(world, Depth.PRESENT, Share.ALL, Optional.empty(), () -> false);
      case 5 -> {
        int[] asked = {random.nextInt(3)};
        verify(world, depth, SHARE, Optional.empty(), () -> asked[0]-- <= 0);
      }
      case 6 -> restore(world);
      default -> {} // A quiet day.
    }
  }

  private static void restore(World world) {
    SimulatedDisk target = new SimulatedDisk(new SplittableRandom(6), world.clock());
    try (Destination from = world.open(0, Access.READ);
        LocalFolder folder =
            LocalFolder.on(target.mount(), "the target", new SplittableRandom(7))) {
      new Restore(from, world.catalogue(), Progress.SILENT, () -> false)
          .toFolder(folder, Selection.ALL, Optional.empty());
    }
  }

  @Test
  void quietNightsTakeTheShareAndNoMore() {
    try (World world = World.drawnFrom(new SplittableRandom(1))) {
      for (int i = 0; i < 61; i++) {
        world.addStudy(1);
      }
      world.backUp();

      long checked = 0;
      for (int run = 1; run <= ROUND; run++) {
        VerifyReport report = verify(world, Depth.READABLE, SHARE, Optional.empty(), () -> false);
        assertThat(report.checked()).isLessThanOrEqualTo(3);
        checked += report.checked();
      }

      assertThat(checked).isBetween(61L, 90L);
      assertThat(turns(world, Depth.READABLE).values())
          .allMatch(turn -> turn.lastAt().equals(world.clock().instant()));
      assertThat(world.catalogue().copies(new StudyKey("1.2.826.0.1.1")).getFirst().proof().depth())
          .isEqualTo(Depth.READABLE);
    }
  }

  /// A thirtieth of what is left would be less each night than what was promised in the beginning.
  @Test
  void whenTheCopiesProvenFirstVanishTheOthersHaveTheirTurnInTheSameRound() {
    try (World world = World.drawnFrom(new SplittableRandom(1)).acceptingFewer()) {
      for (int i = 0; i < 2 * ROUND; i++) {
        world.addStudy(1);
      }
      world.backUp();
      long start = world.catalogue().proofs().count();
      for (int run = 1; run <= ROUND / 2; run++) {
        verify(world, Depth.READABLE, SHARE, Optional.empty(), () -> false);
      }
      turns(world, Depth.READABLE).values().stream()
          .filter(turn -> turn.lastTurn() > start)
          .forEach(turn -> world.disk().remove(turn.location()));

      for (int run = 1; run <= ROUND / 2; run++) {
        verify(world, Depth.READABLE, SHARE, Optional.empty(), () -> false);
      }

      assertThat(turns(world, Depth.READABLE).values())
          .filteredOn(turn -> world.disk().files().contains(turn.location()))
          .hasSizeBetween(20, 40)
          .allMatch(turn -> turn.lastTurn() > start);
    }
  }

  @Test
  void manyNewCopiesDoNotPushOldOnesOut() {
    try (World world = World.drawnFrom(new SplittableRandom(2))) {
      String old = world.addStudy(1);
      world.backUp();
      for (int run = 1; run <= ROUND; run++) {
        for (int i = 0; i < 10; i++) {
          world.addStudy(1);
        }
        world.clock().pass(Duration.ofDays(1));
        world.backUp();
        verify(world, Depth.READABLE, SHARE, Optional.empty(), () -> false);
      }

      assertThat(depthOf(world, old)).isEqualTo(Depth.READABLE);
    }
  }

  @Test
  void copiesThatNobodyKnewOfBeginToWaitAndPushNobodyOut() {
    try (World world = World.drawnFrom(new SplittableRandom(3))) {
      for (int i = 0; i < 60; i++) {
        world.addStudy(1);
      }
      world.backUp();
      world.loseCatalogue();

      VerifyReport first = verify(world, Depth.INTACT, SHARE, Optional.empty(), () -> false);

      assertThat(first.checked()).isEqualTo(2);
      assertThat(turns(world, Depth.INTACT)).hasSize(60);
    }
  }

  @Test
  void aCopyThatIsGoneIsToldAtOnceWhoseverTurnItIs() {
    try (World world = World.drawnFrom(new SplittableRandom(4))) {
      for (int i = 0; i < 40; i++) {
        world.addStudy(1);
      }
      world.backUp();
      String last = new ArrayList<>(turns(world, Depth.INTACT).values()).getLast().location();
      world.disk().remove(last);

      VerifyReport report = verify(world, Depth.INTACT, SHARE, Optional.empty(), () -> false);

      assertThat(report.bad()).extracting(bad -> bad.problem().code()).containsExactly("copy-gone");
      assertThat(report.checked()).isEqualTo(3);
    }
  }

  @Test
  void aCopyIsOpenedWhenItHasItsTurnAndNotBefore() {
    try (World world = World.drawnFrom(new SplittableRandom(6))) {
      for (int i = 0; i < ROUND; i++) {
        world.addStudy(1);
      }
      world.backUp();
      String last = theLastTurn(world).location();
      long end = world.disk().bytes(last).length - 10L;
      world.disk().flipBit(last, end * 8); // Its end says no more where its directory is.

      List<VerifyReport> night = new ArrayList<>();
      for (int run = 1; run <= ROUND; run++) {
        night.add(verify(world, Depth.INTACT, SHARE, Optional.empty(), () -> false));
      }

      assertThat(night.subList(0, ROUND - 1)).allMatch(report -> report.bad().isEmpty());
      assertThat(night.getLast().bad()).extracting(bad -> bad.location()).containsExactly(last);
    }
  }

  @Test
  void aCopyThatIsListedWithAnotherLengthIsToldAtOnceWhoseverTurnItIs() {
    try (World world = World.drawnFrom(new SplittableRandom(7))) {
      for (int i = 0; i < 40; i++) {
        world.addStudy(1);
      }
      world.backUp();
      String last = theLastTurn(world).location();
      byte[] bytes = world.disk().bytes(last);
      world.disk().put(last, Arrays.copyOf(bytes, bytes.length - 1));

      VerifyReport report = verify(world, Depth.INTACT, SHARE, Optional.empty(), () -> false);

      assertThat(report.bad()).extracting(bad -> bad.location()).containsExactly(last);
    }
  }

  @Test
  void aCopyThatNobodyKnowsIsFoundAmongManyThatAreKnown() {
    try (World world = World.drawnFrom(new SplittableRandom(8))) {
      for (int i = 0; i < 40; i++) {
        world.addStudy(1);
      }
      world.backUp();
      Proofs.Turn moved = theLastTurn(world);
      String now = moved.location().replace(".zip", "_2.zip");
      world.disk().put(now, world.disk().bytes(moved.location()));
      world.disk().remove(moved.location());

      for (int run = 1; run <= ROUND; run++) {
        assertThat(verify(world, Depth.INTACT, SHARE, Optional.empty(), () -> false).bad())
            .isEmpty();
      }

      assertThat(world.catalogue().copies(moved.study()))
          .extracting(CopyRow::location)
          .containsExactly(now);
    }
  }

  private static Proofs.Turn theLastTurn(World world) {
    return turns(world, Depth.INTACT).values().stream()
        .max(
            java.util.Comparator.comparingLong(Proofs.Turn::lastTurn)
                .thenComparing(Proofs.Turn::lastAt)
                .thenComparing(Proofs.Turn::study))
        .orElseThrow();
  }

  @Test
  void aShallowProofAfterADrillTakesNothingFromIt() {
    try (World world = World.drawnFrom(new SplittableRandom(5))) {
      String study = world.addStudy(2);
      world.backUp();
      world.clock().pass(Duration.ofDays(1));
      verify(world, Depth.RESTORED, Share.ALL, Optional.empty(), () -> false);
      java.time.Instant drilled = world.clock().instant();
      world.clock().pass(Duration.ofDays(1));

      verify(world, Depth.INTACT, Share.ALL, Optional.empty(), () -> false);

      CopyRow copy = world.catalogue().copies(new StudyKey(study)).getFirst();
      assertThat(copy.proof().depth()).isEqualTo(Depth.RESTORED);
      assertThat(copy.proof().at()).isEqualTo(drilled);
      assertThat(copy.intactAt()).contains(world.clock().instant());
    }
  }

  private static Depth depthOf(World world, String study) {
    return world.catalogue().copies(new StudyKey(study)).getFirst().proof().depth();
  }

  private static Map<String, Proofs.Turn> turns(World world, Depth depth) {
    try (Destination destination = world.open(0, Access.READ);
        Stream<Proofs.Turn> turns =
            world.catalogue().proofs().turns(destination.id().toString(), depth)) {
      Map<String, Proofs.Turn> found = new HashMap<>();
      turns
          .filter(turn -> turn.state().equals("good"))
          .forEach(turn -> found.put(turn.study().value() + " " + turn.version(), turn));
      return found;
    }
  }

  static VerifyReport verify(
      World world, Depth depth, Share share, Optional<StudyKey> study, BooleanSupplier stop) {
    SimulatedDisk scratch = new SimulatedDisk(new SplittableRandom(8), world.clock());
    try (Destination destination = world.open(0, Access.READ);
        LocalFolder drills = LocalFolder.on(scratch.mount(), "scratch", new SplittableRandom(9))) {
      return new Verification(
              destination, world.catalogue(), world.clock(), Progress.SILENT, stop, drills)
          .verify(depth, share, study);
    }
  }
}
