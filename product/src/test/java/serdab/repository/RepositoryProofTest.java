package serdab.repository;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import serdab.testing.SeededTest;

/// What `./dev prove repository` runs in slices.
@Tag("prove")
@Tag("prove-repository")
class RepositoryProofTest {

  /// 200 repositories, 50 bits each.
  @SeededTest(runs = 200)
  void aFlippedBitIsFoundWhereverItIs(RandomGenerator random) {
    CheckTest.flipBits(random, 50);
  }

  @SeededTest(runs = 200)
  void oneLostSectorInEveryPackAndParityFileIsMended(RandomGenerator random) {
    RepairTest.loseASectorEverywhere(random);
  }

  @SeededTest(runs = 40)
  void aRepairThatIsKilledAnywhereCanRunAgain(RandomGenerator random) {
    RepairTest.killAtAnyStep(random, 1 + random.nextInt(7), 7);
  }
}
