package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.destination.node.NodeDestination;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.Vr;
import serdab.dicom.net.Dcmqrscp;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// A node that takes no compression, DCMTK's dcmqrscp, and a plan that allows lossless conversion.
@Needs({Peer.DCMTK, Peer.SHARED_DATA})
class DicomNodeConversionTest {

  private static final String RLE = "odd_pydicom/test_files/MR_small_RLE.dcm";
  private static final String LOSSY = "odd_pydicom/test_files/examples_ybr_color.dcm";

  @TempDir Path folder;

  private final List<Dcmqrscp> opened = new ArrayList<>();

  @AfterEach
  void stop() {
    opened.forEach(Dcmqrscp::close);
  }

  private Dcmqrscp node() throws IOException {
    Dcmqrscp node = Dcmqrscp.start(folder.resolve("qr"), 0);
    opened.add(node);
    return node;
  }

  private static DicomFile read(byte[] bytes) throws IOException {
    return DicomFile.read(ByteSource.of(bytes));
  }

  private static Optional<Sha256> canonical(byte[] bytes) throws IOException {
    DigestPass pass = DigestPass.over(read(bytes));
    pass.update(ByteBuffer.wrap(bytes));
    return pass.finish().canonical();
  }

  private static TestStudy studyOf(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(SharedData.dicom().resolve(name));
    return TestStudy.of(read(bytes).facts().study().value()).file(name, bytes);
  }

  private static List<Path> storedFiles(Dcmqrscp node) throws IOException {
    try (Stream<Path> files = Files.list(node.storage())) {
      return files.filter(file -> !file.getFileName().toString().equals("index.dat")).toList();
    }
  }

  /// The first real file of each SOP Instance UID that dcmqrscp takes only converted.
  private static Map<String, byte[]> files() throws IOException {
    Map<String, byte[]> files = new java.util.TreeMap<>();
    Set<String> uids = new HashSet<>();
    Set<String> syntaxes =
        Set.of(
            TransferSyntax.RLE_LOSSLESS,
            TransferSyntax.DEFLATED_EXPLICIT_LITTLE_ENDIAN,
            "1.2.840.10008.1.2.4.57",
            "1.2.840.10008.1.2.4.70",
            "1.2.840.10008.1.2.4.80");
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      for (Path path : walk.filter(Files::isRegularFile).sorted().toList()) {
        byte[] bytes = Files.readAllBytes(path);
        DicomFile file = read(bytes);
        // More than one fragment of a frame, and nothing that tells frames apart; pixels of a bit.
        boolean isInDoubt =
            path.toString().contains("fragmented_no_bot_jpeg")
                || path.toString().contains("nonbyte")
                || path.toString().contains("liver_rle");
        if (file.isDicom()
            && !isInDoubt
            && syntaxes.contains(file.transferSyntaxFound())
            && !file.facts().study().isEmpty()
            // dcmqrscp understands nothing whose UIDs are there without their VR.
            && file.dataSet().find(Tag.SOPInstanceUID).filter(e -> e.vr() == Vr.UI).isPresent()
            && uids.add(file.facts().sop().value())) {
          files.put(SharedData.dicom().relativize(path).toString(), bytes);
        }
      }
    }
    return files;
  }

  @Test
  void realCompressedFilesGoToANodeThatTakesNoneAndAreProvenByReadingBack() throws IOException {
    Dcmqrscp node = node();
    Map<String, byte[]> files = files();
    Set<String> syntaxes = new HashSet<>();
    List<String> notGiven = new ArrayList<>();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        TestStudy study = studyOf(file.getKey());
        HeldVersion copy;
        try {
          copy = study.copyTo(destination);
        } catch (SerdabException e) {
          notGiven.add(file.getKey() + ": " + e.problem().what());
          continue;
        }
        assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
        assertThat(copy.findings())
            .as(file.getKey())
            .singleElement()
            .matches(one -> one.kind().equals("sent-converted"))
            .matches(one -> one.detail().contains("1 of 1"));
        byte[] back =
            Objects.requireNonNull(TestStudy.readAll(destination, copy).get(file.getKey()));
        DicomFile came = read(back);
        assertThat(came.transferSyntax().encapsulated()).as(file.getKey()).isFalse();
        assertThat(came.facts().sop()).isEqualTo(read(file.getValue()).facts().sop());
        assertThat(destination.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
        syntaxes.add(read(file.getValue()).transferSyntaxFound());
      }
    }

    assertThat(notGiven).isEmpty();
    assertThat(syntaxes).hasSize(5);
    assertThat(files.size()).isGreaterThanOrEqualTo(15);
  }

  @Test
  void whatIsReadBackIsWhatDcmtkMakesOfTheFile() throws Exception {
    Dcmqrscp node = node();
    Path theirs = folder.resolve("theirs.dcm");
    Process dcmdrle =
        new ProcessBuilder("dcmdrle", SharedData.dicom().resolve(RLE).toString(), theirs.toString())
            .start();
    assertThat(dcmdrle.waitFor()).isZero();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      HeldVersion copy = studyOf(RLE).copyTo(destination);

      byte[] back = Objects.requireNonNull(TestStudy.readAll(destination, copy).get(RLE));
      assertThat(canonical(back)).isPresent().isEqualTo(canonical(Files.readAllBytes(theirs)));
    }
  }

  @Test
  void withoutTheSettingNothingIsConverted() throws IOException {
    Dcmqrscp node = node();
    try (NodeDestination destination = DicomNodes.at(node.address(), folder)) {
      SerdabException e =
          catchThrowableOfType(SerdabException.class, () -> studyOf(RLE).copyTo(destination));

      assertThat(e.problem().code()).isEqualTo("node-cannot-hold");
      assertThat(e.problem().what()).contains("RLE Lossless");
    }
    assertThat(storedFiles(node)).isEmpty();
  }

  @Test
  void whatIsLossyIsNeverTouched() throws IOException {
    Dcmqrscp node = node();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      SerdabException e =
          catchThrowableOfType(SerdabException.class, () -> studyOf(LOSSY).copyTo(destination));

      assertThat(e.problem().code()).isEqualTo("node-cannot-hold");
      assertThat(e.problem().what()).contains("is not converted").contains("lossy");
    }
    assertThat(storedFiles(node)).isEmpty();
  }

  @Test
  void whatTheNodeTakesIsSentAsItIs() throws IOException {
    Dcmqrscp node = node();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      TestStudy study = studyOf("odd_pydicom/test_files/CT_small.dcm");

      HeldVersion copy = study.copyTo(destination);

      assertThat(copy.findings()).isEmpty();
      assertThat(destination.read(copy).version().files().getFirst().findings())
          .noneMatch(finding -> finding.kind().equals("sent-converted"));
    }
  }

  @Test
  void whenTheLedgerIsLostTheConvertedOnesAreKnownAgainAndNotSent() throws IOException {
    Dcmqrscp node = node();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      studyOf(RLE).copyTo(destination);
    }
    List<Path> before = storedFiles(node);
    try (NodeDestination destination =
        DicomNodes.converting(node.address(), folder.resolve("anew"))) {
      HeldVersion copy = studyOf(RLE).copyTo(destination);

      assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
      assertThat(copy.findings()).hasSize(1);
    }
    assertThat(storedFiles(node)).isEqualTo(before).hasSize(1);
  }

  @Test
  void anotherValueAtTheNodeIsFoundLaterAndNamed() throws Exception {
    Dcmqrscp node = node();
    try (NodeDestination destination = DicomNodes.converting(node.address(), folder)) {
      HeldVersion copy = studyOf(RLE).copyTo(destination);
      Process change =
          new ProcessBuilder(
                  "dcmodify",
                  "-nb",
                  "-i",
                  "(0008,1030)=another",
                  storedFiles(node).getFirst().toString())
              .start();
      assertThat(change.waitFor()).isZero();

      assertThat(destination.prove(copy, Depth.READABLE))
          .isInstanceOfSatisfying(
              ProofOutcome.Bad.class,
              bad -> assertThat(bad.problem().code()).isEqualTo("node-altered"));
    }
    try (NodeDestination destination =
        DicomNodes.converting(node.address(), folder.resolve("anew"))) {
      SerdabException e =
          catchThrowableOfType(SerdabException.class, () -> studyOf(RLE).copyTo(destination));

      assertThat(e.problem().code()).isEqualTo("node-altered");
      assertThat(e.problem().what()).contains("(0008,1030)").doesNotContain("(7FE0,0010)");
    }
  }
}
