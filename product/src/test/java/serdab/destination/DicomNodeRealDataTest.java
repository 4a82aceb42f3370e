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
import serdab.dicom.net.Dcmqrscp;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;

/// Real archives as destinations, by DICOM's own protocol, for every study among the real files.
@Needs({Peer.ORTHANC, Peer.DCMTK, Peer.SHARED_DATA})
class DicomNodeRealDataTest {

  @TempDir Path folder;

  /// What became of all studies; those that were copied come back bit for bit, or as it is said.
  private Map<String, Integer> copyAll(NodeDestination destination, List<String> why)
      throws IOException {
    Map<String, Integer> outcomes = new TreeMap<>();
    for (TestStudy study : RealStudies.all().values()) {
      try {
        HeldVersion copy = study.copyTo(destination);
        assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
        Map<String, byte[]> back = TestStudy.readAll(destination, copy);
        boolean exactly =
            study.files().entrySet().stream()
                .allMatch(
                    file -> java.util.Arrays.equals(file.getValue(), back.get(file.getKey())));
        outcomes.merge(exactly ? "bit for bit" : "same values", 1, Integer::sum);
        if (!exactly) {
          why.add(study.files().keySet().iterator().next());
        }
      } catch (SerdabException e) {
        outcomes.merge(e.problem().code(), 1, Integer::sum);
        why.add(e.problem().toString());
      }
    }
    return outcomes;
  }

  @Test
  void everyStudyIsCopiedToOrthancOrItIsSaidWhyNot() throws IOException {
    List<String> why = new ArrayList<>();
    try (OrthancServer orthanc = OrthancServer.withDicom("");
        NodeDestination destination = DicomNodes.at(orthanc.dicom(), folder)) {
      Map<String, Integer> outcomes = copyAll(destination, why);

      assertThat(outcomes)
          .as(String.join("\n", why))
          .isEqualTo(
              Map.of(
                  "bit for bit",
                  54,
                  "same values",
                  36,
                  "node-cannot-hold",
                  25,
                  "node-not-stored",
                  1));
    }
  }

  @Test
  void everyStudyIsCopiedToDcmqrscpOrItIsSaidWhyNot() throws IOException {
    List<String> why = new ArrayList<>();
    try (Dcmqrscp node = Dcmqrscp.start(folder.resolve("qr"), 0);
        NodeDestination destination = DicomNodes.at(node.address(), folder)) {
      Map<String, Integer> outcomes = copyAll(destination, why);

      assertThat(outcomes)
          .as(String.join("\n", why))
          .isEqualTo(Map.of("bit for bit", 44, "same values", 19, "node-cannot-hold", 53));
    }
  }

  @Test
  void everyTransferSyntaxAndEveryScriptOfNamesComesBackFromOrthanc() throws IOException {
    List<Map.Entry<String, byte[]>> waiting = new ArrayList<>(RealStudies.kinds());
    assertThat(waiting.size()).isGreaterThanOrEqualTo(30);
    List<String> notTaken = new ArrayList<>();
    try (OrthancServer orthanc = OrthancServer.withDicom("")) {
      for (int round = 0; !waiting.isEmpty(); round++) {
        // Files of one UID cannot be there at once.
        Set<String> uids = new HashSet<>();
        try (NodeDestination destination =
            DicomNodes.at(orthanc.dicom(), folder.resolve(Integer.toString(round)))) {
          for (Map.Entry<String, byte[]> each : List.copyOf(waiting)) {
            DicomFile file = DicomFile.read(ByteSource.of(each.getValue()));
            if (!uids.add(file.facts().sop().value())) {
              continue;
            }
            waiting.remove(each);
            TestStudy study =
                TestStudy.of(file.facts().study().value()).file(each.getKey(), each.getValue());
            try {
              HeldVersion copy = study.copyTo(destination);
              byte[] bytes =
                  java.util.Objects.requireNonNull(
                      TestStudy.readAll(destination, copy).get(each.getKey()));
              DicomFile back = DicomFile.read(ByteSource.of(bytes));
              assertThat(back.facts().patientName()).isEqualTo(file.facts().patientName());
            } catch (SerdabException e) {
              notTaken.add(each.getKey() + " " + e.problem().what());
            }
          }
        }
        orthanc.forgetEverything();
      }
    }

    // Orthanc 1.10 knows neither Deflated Image Frame Compression nor a syntax that nobody does.
    assertThat(notTaken)
        .hasSize(2)
        .anyMatch(file -> file.contains("liver_deflate.dcm") && file.contains("1.2.8.1"))
        .anyMatch(file -> file.contains("ts_unknown.dcm"));
  }
}
