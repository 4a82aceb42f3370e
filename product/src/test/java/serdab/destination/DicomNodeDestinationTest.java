package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.node.NodeDestination;
import serdab.dicom.StudyKey;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.NodeAddress;
import serdab.plan.Existing;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// A node of DICOM's own protocol as destination: DCMTK's dcmqrscp.
@Needs(Peer.DCMTK)
class DicomNodeDestinationTest {

  private static final String UID = "1.2.840.7";

  @TempDir Path folder;

  private final List<Dcmqrscp> opened = new ArrayList<>();
  private final List<NodeDestination> destinations = new ArrayList<>();

  @AfterEach
  void stop() {
    destinations.forEach(NodeDestination::close);
    opened.forEach(Dcmqrscp::close);
  }

  private Dcmqrscp node(int movePort, String... options) throws IOException {
    Dcmqrscp node = Dcmqrscp.start(folder.resolve("qr"), movePort, options);
    opened.add(node);
    return node;
  }

  /// Ends the run before, and begins the next.
  private NodeDestination connect(NodeAddress node, Existing existing) {
    destinations.forEach(NodeDestination::close);
    destinations.clear();
    NodeDestination destination = DicomNodes.open(node, folder, existing, false);
    destinations.add(destination);
    return destination;
  }

  private NodeDestination connect(Dcmqrscp node) {
    return connect(node.address(), Existing.FULL);
  }

  private static byte[] image(int n, RandomGenerator random) {
    return TinyDicom.image()
        .study(UID)
        .series(UID + "." + (1 + n % 2))
        .sop(UID + ".1." + n)
        .patient("山田^太郎", "ID7")
        .withPrivate("of its maker")
        .pixels(TestStudy.pixels(random, 600))
        .bytes();
  }

  private static TestStudy study(int images) {
    RandomGenerator random = new SplittableRandom(7);
    TestStudy study = TestStudy.of(UID);
    for (int n = 0; n < images; n++) {
      study.file("IM" + n, image(n, random));
    }
    return study;
  }

  private static long storedFiles(Dcmqrscp node) throws IOException {
    try (Stream<Path> files = Files.list(node.storage())) {
      return files.filter(file -> !file.getFileName().toString().equals("index.dat")).count();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Test
  void aStudyIsCopiedProvenAndComesBackBitForBit() throws IOException {
    Dcmqrscp node = node(0);
    TestStudy study = study(7);

    HeldVersion copy = study.copyTo(connect(node));

    assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
    assertThat(storedFiles(node)).isEqualTo(7);
    RealStudies.assertComesBack(connect(node), copy, study);
    assertThat(connect(node).prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void aNodeThatOnlyMovesIsReadBackByOurOwnServer() throws IOException {
    int port = freePort();
    Dcmqrscp node = node(port, "--disable-get");
    TestStudy study = study(5);

    HeldVersion copy =
        study.copyTo(connect(NodeAddress.parse(node.address() + "&listen=" + port), Existing.FULL));

    assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
  }

  @Test
  void aNodeThatGivesNothingBackHoldsNoCopy() throws IOException {
    Dcmqrscp node = node(0, "--disable-get");

    SerdabException e =
        catchThrowableOfType(SerdabException.class, () -> study(2).copyTo(connect(node)));

    assertThat(e.problem().code()).isEqualTo("node-gives-nothing");
    assertThat(connect(node).versions(new StudyKey(UID))).isEmpty();
  }

  @Test
  void onlyWhatIsMissingIsSent() throws IOException {
    Dcmqrscp node = node(0);
    study(4).copyTo(connect(node));

    study(6).copyTo(connect(node));

    // It gives each arrival a name of its own, so what was sent twice would lie there twice.
    assertThat(storedFiles(node)).isEqualTo(6);
  }

  @Test
  void anotherInstanceUnderOurUidIsAConflictAndIsKept() throws IOException {
    Dcmqrscp node = node(0);
    byte[] others = TinyDicom.image().study(UID).series(UID + ".1").sop(UID + ".1.0").bytes();
    TestStudy.of(UID).file("other", others).copyTo(connect(node));

    SerdabException conflict =
        catchThrowableOfType(SerdabException.class, () -> study(3).copyTo(connect(node)));

    assertThat(conflict).isInstanceOf(SerdabException.Refused.class);
    assertThat(conflict.problem().code()).isEqualTo("node-conflict");
    assertThat(conflict.problem().what()).contains("IM0");
  }

  @Test
  void aSyntaxThatTheNodeRefusesIsSaidAndNothingIsConverted() throws IOException {
    Dcmqrscp node = node(0, "--implicit");

    SerdabException e =
        catchThrowableOfType(SerdabException.class, () -> study(2).copyTo(connect(node)));

    assertThat(e.problem().code()).isEqualTo("node-cannot-hold");
    assertThat(e.problem().what())
        .contains("IM0: it is in Explicit VR Little Endian, which the node does not take");
    assertThat(storedFiles(node)).isZero();
  }

  @Test
  void hoursThatBeginInsideAStudyEndItThereAndTheNextRunGoesOn() throws IOException {
    Dcmqrscp node = node(0);
    TestStudy study = study(12);
    AtomicInteger operations = new AtomicInteger(10);
    try (NodeDestination until =
        DicomNodes.open(
            node.address(),
            folder,
            Existing.FULL,
            false,
            () -> {
              if (operations.getAndDecrement() <= 0) {
                throw new SerdabException.HeldBack(
                    new Problem("outside-window", "The hours are over.", "Run again later."));
              }
            })) {
      SerdabException over = catchThrowableOfType(SerdabException.class, () -> study.copyTo(until));
      assertThat(over.problem().code()).isEqualTo("outside-window");
    }
    long sent = storedFiles(node);
    assertThat(sent).isBetween(1L, 11L);

    HeldVersion copy = study.copyTo(connect(node));

    assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
    assertThat(storedFiles(node)).isEqualTo(12);
  }

  // ---- what is asked before

  @Test
  void aStudyThatIsSkippedIsNoCopy() throws IOException {
    Dcmqrscp node = node(0);
    study(4).copyTo(connect(node));
    Files.move(folder.resolve("ledger"), folder.resolve("elsewhere"));

    SerdabException skipped =
        catchThrowableOfType(
            SerdabException.class, () -> study(6).copyTo(connect(node.address(), Existing.SKIP)));

    assertThat(skipped.problem().code()).isEqualTo("node-assumed");
    assertThat(storedFiles(node)).isEqualTo(4);
    assertThat(connect(node).versions(new StudyKey(UID))).isEmpty();
  }

  @Test
  void aStudyThatTheNodeDoesNotHaveIsSentWhateverIsAskedBefore() throws IOException {
    Dcmqrscp node = node(0);

    assertThat(study(4).copyTo(connect(node.address(), Existing.SKIP)).proof()).isPresent();
    assertThat(storedFiles(node)).isEqualTo(4);
  }

  @Test
  void whereOthersAreMissingEachInstanceIsAskedForAlthoughOnlyCountsAreWanted() throws IOException {
    Dcmqrscp node = node(0);
    study(4).copyTo(connect(node));

    HeldVersion copy = study(6).copyTo(connect(node.address(), Existing.COUNT));

    assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
    assertThat(storedFiles(node)).isEqualTo(6);
  }

  @Test
  @Needs(Peer.ORTHANC)
  void asManyInstancesAsOursAreNoCopy() {
    try (OrthancServer orthanc = OrthancServer.withDicom("")) {
      study(4).copyTo(connect(orthanc.dicom(), Existing.FULL));

      SerdabException counted =
          catchThrowableOfType(
              SerdabException.class,
              () -> study(4).copyTo(connect(orthanc.dicom(), Existing.COUNT)));

      assertThat(counted.problem().code()).isEqualTo("node-assumed");
      assertThat(counted.problem().what()).contains("as many instances of this study: 4");
    }
  }

  // ---- what others sent

  @Test
  void aStudyThatOthersSentIsBroughtBackAsItIsWhenThatIsWanted() throws IOException {
    Dcmqrscp node = node(0);
    study(3).copyTo(connect(node));

    try (NodeDestination all =
        DicomNodes.open(node.address(), folder.resolve("other"), Existing.FULL, true)) {
      List<Destination.Listed> listed;
      try (Stream<Destination.Listed> held = all.held(_ -> Optional.empty())) {
        listed = held.toList();
      }

      assertThat(listed).hasSize(1);
      HeldVersion copy = ((Destination.Listed.Copy) listed.getFirst()).version();
      assertThat(TestStudy.readAll(all, copy)).hasSize(3);
    }
  }

  @Test
  void groupsOfOtherFilesAreRefusedBeforeAnythingIsRead() throws IOException {
    Dcmqrscp node = node(0);
    TestStudy group = TestStudy.of(StudyKey.other("abc").value()).file("a.txt", new byte[] {1});

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> connect(node).begin(group.facts()))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-cannot-hold"));
  }
}
