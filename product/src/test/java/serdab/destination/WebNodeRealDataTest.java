package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.SerdabException;
import serdab.destination.node.WebNodeDestination;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.web.WebSettings;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// An Orthanc as destination for every study among the real files.
@Needs({Peer.ORTHANC, Peer.SHARED_DATA})
class WebNodeRealDataTest {

  @TempDir Path folder;

  /// Every real file, by the study that it names; what is no instance is left out.
  private static Map<String, TestStudy> studies() throws IOException {
    Map<String, TestStudy> studies = new LinkedHashMap<>();
    List<Path> all;
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      all = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path path : all) {
      byte[] bytes = Files.readAllBytes(path);
      DicomFile file = DicomFile.read(ByteSource.of(bytes));
      if (file.isDicom() && !file.isDicomDir() && !file.facts().study().value().isEmpty()) {
        String uid = file.facts().study().value();
        studies
            .computeIfAbsent(uid, TestStudy::of)
            .file(SharedData.dicom().relativize(path).toString(), bytes);
      }
    }
    return studies;
  }

  @Test
  void everyStudyIsCopiedToOrthancBitForBitOrItIsSaidWhyNot() throws IOException {
    Map<String, Integer> outcomes = new TreeMap<>();
    try (OrthancServer orthanc = OrthancServer.start();
        WebNodeDestination destination = WebNodes.at(orthanc.url(), folder, WebSettings.DEFAULT)) {
      for (TestStudy study : studies().values()) {
        try {
          HeldVersion copy = study.copyTo(destination);
          outcomes.merge("copied", 1, Integer::sum);
          assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
          assertComesBack(destination, copy, study);
        } catch (SerdabException e) {
          outcomes.merge(e.problem().code(), 1, Integer::sum);
        }
      }
    }

    // 27 hold files of one UID with several contents, as test files do, or damaged ones; two are
    // refused by Orthanc with status 400.
    assertThat(outcomes)
        .isEqualTo(Map.of("copied", 87, "dicomweb-cannot-hold", 27, "dicomweb-not-stored", 2));
  }

  private static void assertComesBack(Destination from, HeldVersion copy, TestStudy study) {
    Map<String, byte[]> back = TestStudy.readAll(from, copy);
    assertThat(back.keySet()).isEqualTo(study.files().keySet());
    study.files().forEach((path, bytes) -> assertThat(back.get(path)).as(path).isEqualTo(bytes));
  }

  /// The first whole file of each transfer syntax, and every file with names in other scripts.
  private static List<Map.Entry<String, byte[]>> kinds() throws IOException {
    Map<String, Map.Entry<String, byte[]>> kinds = new TreeMap<>();
    for (TestStudy study : studies().values()) {
      for (Map.Entry<String, byte[]> each : study.files().entrySet()) {
        DicomFile file = DicomFile.read(ByteSource.of(each.getValue()));
        boolean whole =
            !file.isDamaged()
                && file.preamble().isPresent()
                && !file.facts().sop().isEmpty()
                && !file.facts().transferSyntaxUid().isEmpty();
        String kind =
            each.getKey().contains("charset_files")
                ? each.getKey()
                : file.facts().transferSyntaxUid();
        if (whole) {
          kinds.putIfAbsent(kind, Map.entry(each.getKey(), each.getValue()));
        }
      }
    }
    return List.copyOf(kinds.values());
  }

  @Test
  void everyTransferSyntaxAndEveryScriptOfNamesComesBackFromOrthancBitForBit() throws IOException {
    List<Map.Entry<String, byte[]>> waiting = new ArrayList<>(kinds());
    assertThat(waiting.size()).isGreaterThanOrEqualTo(30);
    List<String> notTaken = new ArrayList<>();
    try (OrthancServer orthanc = OrthancServer.start()) {
      for (int round = 0; !waiting.isEmpty(); round++) {
        // Files of one UID cannot be there at once.
        Set<String> uids = new HashSet<>();
        try (WebNodeDestination destination =
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
              assertComesBack(destination, study.copyTo(destination), study);
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
