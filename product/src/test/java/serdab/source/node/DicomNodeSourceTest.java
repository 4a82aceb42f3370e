package serdab.source.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Finding;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.ProposedContext;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.StoreOutcome;
import serdab.dicom.net.find.Questions;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// Real nodes as sources.
@Needs(Peer.DCMTK)
class DicomNodeSourceTest {

  @TempDir Path temp;

  private final List<AutoCloseable> open = new ArrayList<>();

  /// By SOP Instance UID, the canonical digests of what a node took: some are there twice.
  private final Map<String, Set<String>> sent = new HashMap<>();

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  // ---- what the tests are written in

  private NodeAddress dcmqrscp(int listen, String... options) throws IOException {
    Dcmqrscp node = Dcmqrscp.start(Files.createDirectories(temp.resolve("qr")), listen, options);
    open.add(node);
    return NodeAddress.parse(node.address() + (listen == 0 ? "" : "&listen=" + listen));
  }

  private NodeAddress orthanc(String more) throws IOException {
    int port = freePort();
    open.add(
        OrthancServer.start(
            """
            , "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomAlwaysAllowGet": true, "DicomAlwaysAllowFind": true,
            "UnknownSopClassAccepted": true%s
            """
                .formatted(port, more)));
    return NodeAddress.parse("dicom://ORTHANC@127.0.0.1:" + port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private Source source(NodeAddress node) {
    return source(node, 0);
  }

  private Source source(NodeAddress node, long limit) {
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(node);
    return new DicomNodeSource(
        new DicomNodeSource.Means(
            node,
            requests,
            new Retrieval(requests, node.here(), Duration.ofSeconds(2)),
            temp.resolve("fetched"),
            limit,
            InstantSource.system(),
            new Questions.Patience(3, Duration.ZERO, _ -> {})));
  }

  /// Sends files that are instances; each is remembered when the node says that it took it.
  private void send(NodeAddress node, List<byte[]> files) throws IOException {
    Map<OutgoingInstance, byte[]> all = new LinkedHashMap<>();
    for (byte[] file : files) {
      ByteSource bytes = ByteSource.of(file);
      DicomFile index = DicomFile.read(bytes);
      if (index.isDicom() && !index.isDamaged() && !index.facts().study().isEmpty()) {
        all.put(OutgoingInstance.of(index, bytes), file);
      }
    }
    List<OutgoingInstance> left = new ArrayList<>(all.keySet());
    while (!left.isEmpty()) {
      List<ProposedContext> contexts =
          ProposedContext.forSending(left.stream().map(OutgoingInstance::kind).toList()).getFirst();
      OutgoingInstance last = left.getFirst();
      try (Association association =
          Association.open(AssociationRequest.to(node).propose(contexts))) {
        Set<OutgoingInstance.Kind> proposed =
            contexts.stream()
                .map(c ->
                    new OutgoingInstance.Kind(c.abstractSyntax(), c.transferSyntaxes().getFirst()))
                .collect(Collectors.toSet());
        for (OutgoingInstance each : List.copyOf(left)) {
          last = each;
          if (proposed.contains(each.kind())) {
            left.remove(each);
            if (association.store(each) instanceof StoreOutcome.Answered answered
                && answered.status().isSuccess()) {
              sent.computeIfAbsent(each.sop().value(), _ -> new TreeSet<>())
                  .add(canonical(Objects.requireNonNull(all.get(each))));
            }
          }
        }
      } catch (SerdabException.Unavailable e) {
        left.remove(last); // Broken on purpose: the peer ended the association.
      } catch (SerdabException.Refused e) {
        left.removeIf(
            each -> contexts.stream().anyMatch(c -> c.abstractSyntax().equals(each.sopClassUid())));
      }
    }
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().orElseThrow().toString();
  }

  private static byte[] image(int study, int series, int n) {
    return TinyDicom.image()
        .study("1.2.826." + study)
        .series("1.2.826." + study + "." + series)
        .sop("1.2.826." + study + "." + series + "." + n)
        .patient("Test^" + study, "P" + study)
        .date("2024%02d%02d".formatted(1 + study % 12, 1 + study % 28))
        .pixels(new byte[] {(byte) study, (byte) n, (byte) series, 2})
        .bytes();
  }

  private static List<SourceStudy> studies(Inventory inventory) {
    try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      return studies.toList();
    }
  }

  /// Keeps what it is given.
  private static class Kept implements StudyReceiver {
    final Map<String, byte[]> files = new TreeMap<>();
    final List<String> notGiven = new ArrayList<>();

    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
      while (content.hasRemaining() && bytes.read(content.position(), content) > 0) {
        // Until the end.
      }
      files.put(file.path(), content.array());
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {
      notGiven.add(file.path() + " " + reason);
    }

    /// By SOP Instance UID, canonical digests.
    Map<String, String> digests() {
      Map<String, String> digests = new HashMap<>();
      files
          .values()
          .forEach(file -> {
            try {
              digests.put(
                  DicomFile.read(ByteSource.of(file)).facts().sop().value(), canonical(file));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      return digests;
    }
  }

  private static Kept all(Inventory inventory) {
    Kept kept = new Kept();
    for (SourceStudy study : studies(inventory)) {
      assertThat(inventory.deliver(study, Set.of(), kept)).isInstanceOf(Delivery.Complete.class);
    }
    return kept;
  }

  // ---- all that there is

  @Test
  @Needs({Peer.ORTHANC, Peer.SHARED_DATA})
  void allThatOrthancTookOfRealImagesComesBack() throws Exception {
    Kept kept = realImages(orthanc(""));

    assertThat(kept.notGiven).isEmpty();
    assertThat(kept.digests().keySet()).isEqualTo(sent.keySet());
  }

  /// It offers C-GET for the classes of a list of its own only, and keeps the others to itself.
  @Test
  @Needs(Peer.SHARED_DATA)
  void whatDcmqrscpDoesNotGiveOfRealImagesIsNamed() throws Exception {
    Kept kept = realImages(dcmqrscp(0));

    Set<String> named = new TreeSet<>();
    kept.notGiven.forEach(line -> named.add(line.replaceAll(".*/(.*)\\.dcm MISSING", "$1")));
    named.addAll(kept.digests().keySet());
    assertThat(kept.digests().size()).isGreaterThan(sent.size() * 9 / 10);
    assertThat(named).isEqualTo(sent.keySet());
  }

  /// By C-MOVE it gives what it keeps from C-GET, but for what it proposes nowhere (parametric
  /// maps, microscopy annotations) and one file that it cannot read itself.
  @Test
  @Needs(Peer.SHARED_DATA)
  void whatDcmqrscpDoesNotGiveComesByMovingWhereItReachesUs() throws Exception {
    Kept kept = realImages(dcmqrscp(freePort()));

    assertThat(kept.notGiven).hasSizeLessThanOrEqualTo(4);
    assertThat(kept.digests()).hasSize(sent.size() - kept.notGiven.size());
  }

  /// Puts all into the node that it takes, and has all back: what comes holds what was sent.
  private Kept realImages(NodeAddress node) throws IOException {
    List<byte[]> files = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
        if (Files.size(file) < 4 << 20) {
          files.add(Files.readAllBytes(file));
        }
      }
    }
    send(node, files);
    assertThat(sent.size()).isGreaterThan(400);

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      assertThat(inventory.findings()).extracting(Finding::kind).containsExactly("list-argued");
      Kept kept = all(inventory);
      kept.digests().forEach((sop, digest) -> assertThat(sent.get(sop)).as(sop).contains(digest));
      assertThat(inventory.studyCount()).isGreaterThan(50);
      return kept;
    }
  }

  // ---- finding

  @Test
  @Needs(Peer.ORTHANC)
  void aNodeThatCutsItsListsIsListedWholeAllTheSame() throws Exception {
    NodeAddress node = orthanc(", \"LimitFindResults\": 20, \"DefaultEncoding\": \"Utf8\"");
    List<byte[]> images = new ArrayList<>();
    for (int study = 1; study <= 70; study++) {
      images.add(
          study % 10 == 0
              ? TinyDicom.image()
                  .study("1.2.826." + study)
                  .sop("1.2.826." + study + ".1")
                  .patient("김^희중^" + study, "X" + study)
                  .date("")
                  .bytes()
              : image(study, 1, 1));
    }
    send(node, images);

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      assertThat(inventory.findings()).singleElement().asString().contains("list-argued");
      assertThat(inventory.studyCount()).isEqualTo(70);
      assertThat(
              studies(inventory).stream()
                  .map(study ->
                      study.facts().patientName().reveal(PatientData.Purpose.SHOW_TO_OWNER)))
          .contains("김^희중^30");
    }
  }

  @Test
  void aNodeThatCannotBeListedWithCertaintySaysSo() throws Exception {
    NodeAddress node = dcmqrscp(0);
    List<byte[]> images = new ArrayList<>();
    for (int study = 1; study <= 15; study++) {
      images.add(
          TinyDicom.image()
              .study("1.2.826." + study)
              .sop("1.2.826." + study + ".1")
              .patient("A^B", "SAME")
              .date("")
              .bytes());
    }
    send(node, images);

    try (Source source = source(node);
        Inventory inventory = source.inventory();
        Source known = source(node, 100);
        Inventory certain = known.inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(15);
      assertThat(inventory.findings())
          .extracting(Finding::kind)
          .containsExactly("list-not-certain");
      Kept kept = new Kept();
      inventory.deliver(studies(inventory).getLast(), Set.of(), kept);
      assertThat(kept.notGiven).hasSize(1);
      assertThat(certain.findings()).extracting(Finding::kind).containsExactly("list-argued");
    }
  }

  @Test
  void aNewInstanceChangesTheLookOfItsStudyOnly() throws Exception {
    NodeAddress node = dcmqrscp(0);
    send(node, List.of(image(1, 1, 1), image(2, 1, 1)));
    Map<String, String> before = looks(node);
    assertThat(looks(node)).isEqualTo(before);

    send(node, List.of(image(1, 1, 2)));

    Map<String, String> after = looks(node);
    assertThat(after.get("1.2.826.1")).isNotEqualTo(before.get("1.2.826.1"));
    assertThat(after.get("1.2.826.2")).isEqualTo(before.get("1.2.826.2"));
  }

  private Map<String, String> looks(NodeAddress node) {
    Map<String, String> looks = new TreeMap<>();
    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      studies(inventory).forEach(study -> looks.put(study.key().value(), inventory.look(study)));
    }
    return looks;
  }

  // ---- fetching

  @Test
  void aNodeThatOnlyMovesSendsToUs() throws Exception {
    NodeAddress node = dcmqrscp(freePort(), "--disable-get");
    send(node, List.of(image(1, 1, 1), image(1, 2, 1), image(2, 1, 1)));

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      Kept kept = all(inventory);

      assertThat(kept.notGiven).isEmpty();
      assertThat(kept.digests().keySet()).isEqualTo(sent.keySet());
      kept.digests().forEach((sop, digest) -> assertThat(sent.get(sop)).contains(digest));
    }
  }

  @Test
  void aNodeThatGivesNothingBackSaysWhatToSetUp() throws Exception {
    NodeAddress node = dcmqrscp(0, "--disable-get");
    send(node, List.of(image(1, 1, 1)));

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      SourceStudy study = studies(inventory).getFirst();

      assertThatThrownBy(() -> inventory.deliver(study, Set.of(), new Kept()))
          .isInstanceOf(SerdabException.Refused.class)
          .hasMessageContaining("node-gives-nothing");
    }
  }

  @Test
  @Needs(Peer.ORTHANC)
  void anInstanceListThatIsCutHidesNothingThatTheNodeGives() throws Exception {
    NodeAddress node = orthanc(", \"LimitFindInstances\": 10");
    List<byte[]> images = new ArrayList<>();
    for (int n = 1; n <= 35; n++) {
      images.add(image(1, 1, n));
    }
    send(node, images);

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      SourceStudy study = studies(inventory).getFirst();
      assertThat(inventory.files(study)).hasSize(10);

      assertThat(all(inventory).files).hasSize(35);
    }
  }

  @Test
  void whatArrivedBeforeTheNetworkBrokeIsNotFetchedAgain() throws Exception {
    NodeAddress node = dcmqrscp(0);
    List<byte[]> images = new ArrayList<>();
    for (int n = 1; n <= 20; n++) {
      images.add(
          TinyDicom.image()
              .study("1.2.826.1")
              .series("1.2.826.1.1")
              .sop("1.2.826.1.1." + n)
              .pixels(new byte[50_000])
              .bytes());
    }
    send(node, images);
    try (Relay relay = Relay.to(node.port())) {
      NodeAddress behind = NodeAddress.parse("dicom://QRSCP@127.0.0.1:" + relay.port());
      try (Source source = source(behind);
          Inventory inventory = source.inventory()) {
        SourceStudy study = studies(inventory).getFirst();
        relay.breakAfter(300_000);
        assertThatThrownBy(() -> inventory.deliver(study, Set.of(), new Kept()))
            .isInstanceOf(SerdabException.Unavailable.class);
        long first = relay.bytes();

        relay.mend();
        Kept kept = new Kept();
        Delivery delivery = inventory.deliver(study, Set.of(), kept);

        assertThat(delivery).isInstanceOf(Delivery.Complete.class);
        assertThat(kept.files).hasSize(20);
        assertThat(first).isBetween(250_000L, 600_000L);
        assertThat(relay.bytes() - first).isLessThan(1_050_000 - 250_000);
        assertThat(temp.resolve("fetched")).isEmptyDirectory();
      }
    }
  }

  @Test
  @Needs(Peer.ORTHANC)
  void anInstanceListThatIsCutHidesNothingWhenTheNetworkBreaksEither() throws Exception {
    NodeAddress node = orthanc(", \"LimitFindInstances\": 10");
    List<byte[]> images = new ArrayList<>();
    for (int n = 1; n <= 35; n++) {
      images.add(
          TinyDicom.image()
              .study("1.2.826.1")
              .series("1.2.826.1.1")
              .sop("1.2.826.1.1." + n)
              .pixels(new byte[50_000])
              .bytes());
    }
    send(node, images);
    try (Relay relay = Relay.to(node.port())) {
      NodeAddress behind = NodeAddress.parse("dicom://ORTHANC@127.0.0.1:" + relay.port());
      try (Source source = source(behind);
          Inventory inventory = source.inventory()) {
        SourceStudy study = studies(inventory).getFirst();
        relay.breakOnceAfter(600_000);

        Kept kept = new Kept();
        Delivery delivery = inventory.deliver(study, Set.of(), kept);

        assertThat(relay.hasBroken()).isTrue();
        assertThat(delivery).isInstanceOf(Delivery.Complete.class);
        assertThat(kept.files).hasSize(35);
        assertThat(kept.notGiven).isEmpty();
      }
    }
  }

  @Test
  void aNodeThatWentAwayIsNotAskedForOneStudyAfterTheOther() throws Exception {
    NodeAddress node = dcmqrscp(0);
    send(node, List.of(image(1, 1, 1)));

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      SourceStudy study = studies(inventory).getFirst();
      open.removeFirst().close();

      assertThatThrownBy(() -> inventory.deliver(study, Set.of(), new Kept()))
          .isInstanceOf(SerdabException.Unavailable.class)
          .hasMessageContaining("source-node-away");
      assertThatThrownBy(() -> inventory.look(study)).hasMessageContaining("source-node-away");
    }
  }

  @Test
  void whatIsLeftOutIsNamed() throws Exception {
    NodeAddress node = dcmqrscp(0);
    send(node, List.of(image(1, 1, 1), image(1, 1, 2)));

    try (Source source = source(node);
        Inventory inventory = source.inventory()) {
      SourceStudy study = studies(inventory).getFirst();
      String leftOut = inventory.files(study).getFirst().path();
      Kept kept = new Kept();
      inventory.deliver(study, Set.of(leftOut), kept);

      assertThat(kept.files).hasSize(1).doesNotContainKey(leftOut);
      assertThat(kept.notGiven).containsExactly(leftOut + " UNREADABLE");
    }
  }
}
