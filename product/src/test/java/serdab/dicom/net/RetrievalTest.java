package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

@Needs(Peer.DCMTK)
class RetrievalTest {

  private static final StudyInstanceUid STUDY = new StudyInstanceUid("1.2.840.5");
  private static final SeriesInstanceUid SERIES = new SeriesInstanceUid("1.2.840.5.1");
  private static final int IMAGES = 4;

  @TempDir Path temp;

  private final MemorySink sink = new MemorySink();

  private static List<byte[]> images() {
    List<byte[]> images = new ArrayList<>();
    for (int n = 0; n < IMAGES; n++) {
      images.add(
          TinyDicom.image()
              .study(STUDY.value())
              .series(SERIES.value())
              .sop(SERIES.value() + "." + n)
              .pixels(new byte[] {(byte) n, 2, 3, 4})
              .bytes());
    }
    return images;
  }

  /// Sends the images to a node.
  private static Set<Kind> fill(NodeAddress node) throws IOException {
    Map<OutgoingInstance, Kind> all = new LinkedHashMap<>();
    for (byte[] image : images()) {
      ByteSource source = ByteSource.of(image);
      OutgoingInstance one = OutgoingInstance.of(DicomFile.read(source), source);
      all.put(one, one.kind());
    }
    try (Association association =
        Association.open(
            AssociationRequest.to(node)
                .propose(ProposedContext.forSending(all.values()).getFirst()))) {
      for (OutgoingInstance each : all.keySet()) {
        assertThat(association.store(each))
            .isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
      }
    }
    return Set.copyOf(all.values());
  }

  private static Retrieval retrieval(NodeAddress node, Optional<ServerSettings> moveTo) {
    return new Retrieval(() -> AssociationRequest.to(node), moveTo, Duration.ofSeconds(20));
  }

  private Set<String> arrived() {
    return sink.kept().stream()
        .map(kept -> kept.instance().sop().value())
        .collect(Collectors.toSet());
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static Optional<ServerSettings> inbox(NodeAddress node, int port) {
    return NodeAddress.parse(node + "&listen=" + port).here();
  }

  @Test
  void aNodeThatGivesIsAskedForAStudyAndForInstancesByName() throws IOException {
    try (Dcmqrscp node = Dcmqrscp.start(temp, 0);
        Retrieval retrieval = retrieval(node.address(), Optional.empty())) {
      Set<Kind> kinds = fill(node.address());

      Retrieval.Result study = retrieval.study(STUDY, kinds, sink);

      assertThat(retrieval.way()).contains(Retrieval.Way.GET);
      assertThat(study.status()).isEqualTo(DimseStatus.SUCCESS);
      assertThat(study.arrived()).hasSize(IMAGES);
      assertThat(arrived()).hasSize(IMAGES);
      Retrieval.Result two =
          retrieval.instances(
              STUDY,
              SERIES,
              List.of(
                  new SopInstanceUid(SERIES.value() + ".1"),
                  new SopInstanceUid(SERIES.value() + ".99")),
              kinds,
              sink);
      assertThat(two.arrived()).containsExactly(new SopInstanceUid(SERIES.value() + ".1"));
    }
  }

  @Test
  void kindsThatAreNotKnownAreAllNamed() throws IOException {
    try (Dcmqrscp node = Dcmqrscp.start(temp, 0);
        Retrieval retrieval = retrieval(node.address(), Optional.empty())) {
      List<String> classes = fill(node.address()).stream().map(Kind::sopClassUid).toList();

      retrieval.study(STUDY, Retrieval.kindsOf(classes), sink);

      assertThat(arrived()).hasSize(IMAGES);
    }
  }

  @Test
  void aNodeThatOnlyMovesSendsToOurServer() throws IOException {
    int port = freePort();
    try (Dcmqrscp node = Dcmqrscp.start(temp, port, "--disable-get");
        Retrieval retrieval = retrieval(node.address(), inbox(node.address(), port))) {
      Set<Kind> kinds = fill(node.address());

      Retrieval.Result study = retrieval.study(STUDY, kinds, sink);

      assertThat(retrieval.way()).contains(Retrieval.Way.MOVE);
      assertThat(study.arrived()).hasSize(IMAGES);
      assertThat(arrived()).hasSize(IMAGES);
      retrieval.instances(
          STUDY, SERIES, List.of(new SopInstanceUid(SERIES.value() + ".2")), kinds, sink);
      assertThat(sink.kept().getLast().instance().sop().value()).isEqualTo(SERIES.value() + ".2");
    }
  }

  @Test
  void whoeverCanHaveNothingBackIsToldWhatToSetUp() throws IOException {
    try (Dcmqrscp node = Dcmqrscp.start(temp, 0, "--disable-get");
        Retrieval none = retrieval(node.address(), Optional.empty());
        Retrieval unknown = retrieval(node.address(), inbox(node.address(), freePort()))) {
      Set<Kind> kinds = fill(node.address());

      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> none.study(STUDY, kinds, sink))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-gives-nothing"));
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> unknown.study(STUDY, kinds, sink))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-unknown-destination"));
    }
  }
}
