package serdab.endurance;

import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;

/// Daily runs over years of whatever happens in a practice: nothing is ever called safe that is
/// not, nothing finished is lost, and at the end every version that was kept comes back bit for
/// bit.
class EnduranceTest {

  private static final int THREE_YEARS = 1_095;
  private static final int SEEDS = 5;

  @TempDir private Path folder;

  @SeededTest(runs = SEEDS)
  @Tag("prove")
  @Tag("prove-endurance")
  void afterThreeYearsEveryVersionThatWasKeptComesBackBitForBit(RandomGenerator random) {
    double factor = Double.parseDouble(System.getProperty("runsFactor", "1"));
    live(random, (int) Math.min(THREE_YEARS, Math.ceil(SEEDS * THREE_YEARS * factor)));
  }

  @SeededTest(runs = 2)
  void afterTwoMonthsEveryVersionThatWasKeptComesBackBitForBit(RandomGenerator random) {
    live(random, 60);
  }

  private void live(RandomGenerator random, int days) {
    try (Clinic clinic = new Clinic(random, folder)) {
      try {
        for (int day = 0; day < days; day++) {
          clinic.day();
        }
        clinic.calmDown();
        clinic.restoreEverything();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            e.getMessage() + "\nWhat happened last:\n" + clinic.lastEvents(), e);
      }
      if (Boolean.getBoolean("endurance.counts")) {
        System.out.println(clinic.counts());
      }
    }
  }
}
