package serdab.destination;

import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;

/// What `./dev prove network` runs in slices.
@Tag("prove")
@Tag("prove-network")
class LyingNodeProofTest {

  @TempDir Path folder;

  /// Studies of 30 objects on the average: 10,000 in all.
  @SeededTest(runs = 340)
  void ofTenThousandObjectsNothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random) {
    WebNodeDestinationTest.nothingFalseIsProvenAndNothingHarmlessIsRefused(random, folder);
  }
}
