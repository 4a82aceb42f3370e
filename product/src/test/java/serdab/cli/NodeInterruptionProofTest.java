package serdab.cli;

import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;

/// What `./dev prove network` runs in slices.
@Tag("prove")
@Tag("prove-network")
class NodeInterruptionProofTest {

  @TempDir Path folder;

  /// Ten kills each: 300 in all.
  @SeededTest(runs = 30)
  void ofThreeHundredKilledSendersNoneLosesOrSendsTwice(RandomGenerator random) throws Exception {
    NodeInterruptionTest.kill(folder, random, 10);
  }
}
