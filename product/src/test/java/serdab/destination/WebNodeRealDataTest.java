package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.SerdabException;
import serdab.destination.node.NodeDestination;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.web.WebSettings;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;

/// An Orthanc as destination for every study among the real files.
@Needs({Peer.ORTHANC, Peer.SHARED_DATA})
class WebNodeRealDataTest {

  @TempDir Path folder;

  @Test
  void everyStudyIsCopiedToOrthancBitForBitOrItIsSaidWhyNot() throws IOException {
    Map<String, Integer> outcomes = new TreeMap<>();
    try (OrthancServer orthanc = OrthancServer.start();
        NodeDestination destination = WebNodes.at(orthanc.url(), folder, WebSettings.DEFAULT)) {
      for (TestStudy study : RealStudies.all().values()) {
        try {
          HeldVersion copy = study.copyTo(destination);
          outcomes.merge("copied", 1, Integer::sum);
          assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
          RealStudies.assertComesBack(destination, copy, study);
        } catch (SerdabException e) {
          outcomes.merge(e.problem().code(), 1, Integer::sum);
        }
      }
    }

    // 27 hold files of one UID with several contents, as test files do, or damaged ones; two are
    // refused by Orthanc with status 400.
    assertThat(outcomes)
        .isEqualTo(Map.of("copied", 87, "node-cannot-hold", 27, "node-not-stored", 2));
  }

  @Test
  void everyTransferSyntaxAndEveryScriptOfNamesComesBackFromOrthancBitForBit() throws IOException {
    List<Map.Entry<String, byte[]>> waiting = new ArrayList<>(RealStudies.kinds());
    assertThat(waiting.size()).isGreaterThanOrEqualTo(30);
    List<String> notTaken = new ArrayList<>();
    try (OrthancServer orthanc = OrthancServer.start()) {
      for (int round = 0; !waiting.isEmpty(); round++) {
        // Files of one UID cannot be there at once.
        Set<String> uids = new HashSet<>();
        try (NodeDestination destination =
            WebNodes.at(
                orthanc.url(), folder.resolve(Integer.toString(round)), WebSettings.DEFAULT)) {
          for (Map.Entry<String, byte[]> each : List.copyOf(waiting)) {
            DicomFile file = DicomFile.read(ByteSource.of(each.getValue()));
            if (!uids.add(file.facts().sop().value())) {
              continue;
            }
            waiting.remove(each);
            TestStudy study =
                TestStudy.of(file.facts().study().value()).file(each.getKey(), each.getValue());
            try {
              RealStudies.assertComesBack(destination, study.copyTo(destination), study);
            } catch (SerdabException e) {
              notTaken.add(each.getKey() + " " + e.problem().code());
            }
          }
        }
        orthanc.forgetEverything();
      }
    }

    assertThat(notTaken).isEmpty();
  }
}
