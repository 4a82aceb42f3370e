package serdab.cli;

import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;

/// What `./dev prove network` runs in slices.
@Tag("prove")
@Tag("prove-network")
class WebNodeInterruptionProofTest {

  @TempDir Path folder;

  /// Ten kills each: 300 in all.
  @SeededTest(runs = 30)
  void ofThreeHundredKilledSendersNoneLosesOrSendsTwice(RandomGenerator random) throws Exception {
    int[] came = WebNodeInterruptionTest.killSender(folder, random, 10);
    report("senders killed " + came[0] + ", sent twice " + came[1]);
  }

  /// Ten kills each: 300 in all.
  @SeededTest(runs = 30)
  @Needs(Peer.ORTHANC)
  void ofThreeHundredKilledNodesNoneMakesACopyOfWhatIsNotThere(RandomGenerator random)
      throws Exception {
    report("nodes killed " + WebNodeInterruptionTest.killNode(folder, random, 10));
  }

  @SuppressWarnings("SystemOut") // what goes into the table of proofs
  private static void report(String figures) {
    System.out.println(figures);
  }
}
