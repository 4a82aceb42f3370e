package serdab.destination;

import java.io.IOException;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;

/// What `./dev prove network` runs in slices.
@Tag("prove")
@Tag("prove-network")
class LyingPacsProofTest {

  @TempDir Path folder;

  /// Studies of 20 objects on the average: 10,000 in all.
  @SeededTest(runs = 500)
  void ofTenThousandObjectsNothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random)
      throws IOException {
    LyingPacsDestinationTest.nothingFalseIsProvenAndNothingHarmlessIsRefused(random, folder);
  }
}
