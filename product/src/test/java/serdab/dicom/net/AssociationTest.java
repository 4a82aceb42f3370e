package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.OutgoingInstance.Kind;

/// Our side against our side, over a real connection.
class AssociationTest {

  private static final String SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
  private static final String CT = "1.2.840.10008.5.1.4.1.1.2";
  private static final String JPEG_2000 = "1.2.840.10008.1.2.4.90";
  private static final Timeouts IMPATIENT =
      new Timeouts(
          Duration.ofSeconds(5),
          Duration.ofMillis(400),
          Duration.ofMillis(400),
          Duration.ofMillis(400),
          Duration.ofMillis(300),
          1 << 20);

  private final MemorySink sink = new MemorySink();
  private final List<ServerEvent> events = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  // ---- verification and negotiation

  @Test
  void anEchoIsAnswered() {
    StorageServer server = start(settings());

    Association association =
        Association.open(AssociationRequest.to(address(server)).verification());
    DimseStatus status = association.echo();
    association.close();
    server.close();

    assertThat(status).isEqualTo(DimseStatus.SUCCESS);
    assertThat(association.peerVersionName()).isEqualTo("SERDAB");
    assertThat(events)
        .anySatisfy(event ->
            assertThat(event)
                .isInstanceOfSatisfying(
                    ServerEvent.Ended.class, ended -> assertThat(ended.released()).isTrue()));
  }

  @Test
  void aCallerThatIsNotAllowedIsToldWhichTitleToAskFor() {
    StorageServer server = start(settings().allow(AeTitle.ours("FRIEND")));

    assertThatThrownBy(
            () -> Association.open(AssociationRequest.to(address(server)).verification()))
        .isInstanceOf(SerdabException.Refused.class)
        .hasMessageStartingWith("node-unknown-caller")
        .hasMessageContaining("add the AE title SERDAB");
  }

  @Test
  void aCallerIsAllowedByTitleAndAddressTogether() {
    StorageServer server =
        start(settings().allow(AeTitle.ours("SERDAB"), AddressRange.parse("10.0.0.0/8")));

    assertThatThrownBy(
            () -> Association.open(AssociationRequest.to(address(server)).verification()))
        .hasMessageStartingWith("node-unknown-caller");
  }

  @Test
  void aWrongCalledTitleIsToldAsSuch() {
    StorageServer server = start(settings());
    NodeAddress wrong =
        new NodeAddress(
            AeTitle.ours("OTHER"),
            "127.0.0.1",
            server.address().getPort(),
            NodeAddress.DEFAULT_CALLING);

    assertThatThrownBy(() -> Association.open(AssociationRequest.to(wrong).verification()))
        .isInstanceOf(SerdabException.Refused.class)
        .hasMessageStartingWith("node-unknown-called")
        .hasMessageContaining("is not called OTHER");
  }

  @Test
  void oneAssociationTooManyIsToldToComeLater() {
    StorageServer server = start(settings().associationsMax(1));
    open.add(Association.open(AssociationRequest.to(address(server)).verification()));

    assertThatThrownBy(
            () -> Association.open(AssociationRequest.to(address(server)).verification()))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageStartingWith("node-busy");
  }

  @Test
  void aNodeThatTakesNothingOfItIsToldAsSuch() {
    StorageServer server = start(settings());
    AssociationRequest worklist =
        AssociationRequest.to(address(server))
            .propose(
                List.of(
                    new ProposedContext(
                        "1.2.840.10008.5.1.4.31", List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN))));

    assertThatThrownBy(() -> Association.open(worklist))
        .isInstanceOf(SerdabException.Refused.class)
        .hasMessageStartingWith("node-takes-nothing");
  }

  @Test
  void whereNothingListensIsToldAsSuch() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    NodeAddress nowhere = NodeAddress.parse("dicom://PACS@127.0.0.1:" + port);

    assertThatThrownBy(() -> Association.open(AssociationRequest.to(nowhere).verification()))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageStartingWith("node-unreachable");
  }

  @Test
  void moreKindsThanContextsNeedMoreAssociations() {
    List<Kind> kinds =
        IntStream.range(0, 300).mapToObj(i -> new Kind("1.2.3." + i, JPEG_2000)).toList();

    List<List<ProposedContext>> associations = ProposedContext.forSending(kinds);

    assertThat(associations).extracting(Collection::size).containsExactly(128, 128, 44);
  }

  @Test
  void eachSyntaxHasAContextOfItsOwnAndWhatIsUncompressedTheDefaultToo() {
    List<List<ProposedContext>> associations =
        ProposedContext.forSending(
            List.of(new Kind(CT, TransferSyntax.EXPLICIT_LITTLE_ENDIAN), new Kind(CT, JPEG_2000)));

    assertThat(associations)
        .containsExactly(
            List.of(
                new ProposedContext(CT, List.of(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)),
                new ProposedContext(CT, List.of(JPEG_2000)),
                new ProposedContext(CT, List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN))));
  }

  // ---- storage

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 100, 4084, 4090, 4096, 262_000, 262_144, 3_000_000})
  void aDataSetOfAnyLengthArrivesAsItIs(int length) {
    StorageServer server = start(settings().pduLengthMax(4096));
    byte[] body = random(length);

    StoreOutcome outcome = store(server, instance(body));

    assertThat(outcome).isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
    assertThat(sink.kept()).singleElement().extracting(MemorySink.Kept::body).isEqualTo(body);
  }

  @Test
  void aSinkIsToldWhoSendsWhatAndHow() {
    StorageServer server = start(settings());

    store(server, instance(random(10)));

    IncomingInstance instance = sink.kept().getFirst().instance();
    assertThat(instance.sopClassUid()).isEqualTo(SECONDARY_CAPTURE);
    assertThat(instance.sop()).isEqualTo(new SopInstanceUid("1.2.3.4"));
    assertThat(instance.transferSyntaxUid()).isEqualTo(TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
    assertThat(instance.moveOriginator()).isEmpty();
    assertThat(instance.association().calling()).isEqualTo(AeTitle.ours("SERDAB"));
    assertThat(instance.association().called()).isEqualTo(AeTitle.ours("INBOX"));
    assertThat(instance.association().address().isLoopbackAddress()).isTrue();
  }

  @Test
  void theAnswerIsWhatTheSinkSays() {
    StorageServer server = start(settings());
    sink.answer(DimseStatus.OUT_OF_RESOURCES);

    StoreOutcome outcome = store(server, instance(random(10)));

    assertThat(outcome).isEqualTo(new StoreOutcome.Answered(DimseStatus.OUT_OF_RESOURCES));
  }

  @Test
  void aSinkThatReadsNothingDoesNotDisturbTheNextMessage() {
    StorageServer server =
        open(StorageServer.start(settings(), _ -> DimseStatus.CANNOT_UNDERSTAND, events::add));
    OutgoingInstance instance = instance(random(1_000_000));

    try (Association association = Association.open(storing(server, instance))) {
      StoreOutcome first = association.store(instance);
      StoreOutcome second = association.store(instance);

      assertThat(first).isEqualTo(new StoreOutcome.Answered(DimseStatus.CANNOT_UNDERSTAND));
      assertThat(second).isEqualTo(first);
    }
  }

  @Test
  void aSinkThatFailsIsAnsweredAsAFailureAndTheServerGoesOn() {
    StorageServer server =
        open(
            StorageServer.start(
                settings(),
                _ -> {
                  throw new IllegalStateException("a mistake");
                },
                events::add));
    OutgoingInstance instance = instance(random(100));

    assertThat(store(server, instance))
        .isEqualTo(new StoreOutcome.Answered(DimseStatus.PROCESSING_FAILURE));
    assertThat(store(server, instance))
        .isEqualTo(new StoreOutcome.Answered(DimseStatus.PROCESSING_FAILURE));
  }

  @Test
  void whatThePeerDoesNotTakeIsNotSent() {
    StorageServer server = start(settings());
    OutgoingInstance taken = instance(random(10));
    OutgoingInstance compressed = withKind(taken, SECONDARY_CAPTURE, JPEG_2000);
    OutgoingInstance another = withKind(taken, CT, JPEG_2000);

    try (Association association = Association.open(storing(server, taken))) {
      assertThat(association.store(compressed))
          .isEqualTo(new StoreOutcome.NotTransferable(StoreOutcome.Reason.TRANSFER_SYNTAX_REFUSED));
      assertThat(association.store(another))
          .isEqualTo(new StoreOutcome.NotTransferable(StoreOutcome.Reason.SOP_CLASS_REFUSED));
      assertThat(association.store(instance(random(11))))
          .isEqualTo(new StoreOutcome.NotTransferable(StoreOutcome.Reason.ODD_LENGTH));
      assertThat(association.store(withKind(taken, "", JPEG_2000)))
          .isEqualTo(new StoreOutcome.NotTransferable(StoreOutcome.Reason.NOT_NAMED));
    }
    assertThat(sink.kept()).isEmpty();
  }

  @Test
  void anOddDeflatedDataSetIsPadded() {
    StorageServer server = start(settings());
    byte[] body = random(1001);
    OutgoingInstance deflated =
        withKind(instance(body), SECONDARY_CAPTURE, TransferSyntax.DEFLATED_EXPLICIT_LITTLE_ENDIAN);

    store(server, deflated);

    byte[] padded = java.util.Arrays.copyOf(body, 1002);
    assertThat(sink.kept().getFirst().body()).isEqualTo(padded);
  }

  @Test
  void withAWindowSeveralAreUnderWayAndEachIsAnsweredOnce() {
    StorageServer server = start(settings());
    List<OutgoingInstance> instances =
        IntStream.range(0, 100).mapToObj(i -> instance("1.2.3." + i, random(5000))).toList();
    List<String> answered = new ArrayList<>();

    try (Association association =
        Association.open(storing(server, instances.getFirst()).window(8))) {
      association.storeAll(
          instances.iterator(), (instance, _) -> answered.add(instance.sop().value()));

      assertThat(association.window()).isEqualTo(8);
    }

    assertThat(answered)
        .containsExactlyElementsOf(instances.stream().map(i -> i.sop().value()).toList());
    assertThat(sink.kept()).hasSize(100);
  }

  @Test
  void aFileThatBecomesShorterWhileItIsSentIsNotStored() throws Exception {
    StorageServer server = start(settings());
    OutgoingInstance shorter =
        new OutgoingInstance(
            SECONDARY_CAPTURE,
            new SopInstanceUid("1.2.3.4"),
            TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
            ByteSource.of(random(600_000)),
            0,
            700_000);

    assertThatThrownBy(() -> store(server, shorter))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageStartingWith("sent-file-unreadable");
    server.close();

    assertThat(sink.kept()).isEmpty();
  }

  @Test
  void aDataSetLongerThanTheLimitEndsTheAssociation() {
    StorageServer server = start(settings().messageBytesMax(100_000));

    assertThatThrownBy(() -> store(server, instance(random(5_000_000))))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageStartingWith("node-");
    assertThat(sink.kept()).isEmpty();
  }

  // ---- time, and the end

  @Test
  void aPeerThatDoesNotAnswerInTimeEndsTheAssociation() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    StorageServer server =
        open(
            StorageServer.start(
                settings(),
                _ -> {
                  try {
                    never.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return DimseStatus.SUCCESS;
                },
                events::add));
    OutgoingInstance instance = instance(random(10));

    assertThatThrownBy(
            () -> {
              try (Association association =
                  Association.open(storing(server, instance).timeouts(IMPATIENT))) {
                association.store(instance);
              }
            })
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageStartingWith("node-timed-out");
    never.countDown();
  }

  @Test
  void aPeerThatNeverAcceptsEndsInTime() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      NodeAddress node = NodeAddress.parse("dicom://PACS@127.0.0.1:" + silent.getLocalPort());

      assertThatThrownBy(() ->
              Association.open(AssociationRequest.to(node).verification().timeouts(IMPATIENT)))
          .hasMessageStartingWith("node-timed-out");
    }
  }

  @Test
  void anIdleCallerIsLetGo() {
    StorageServer server = start(settings().timeouts(IMPATIENT).associationsMax(1));
    Association idle =
        open(Association.open(AssociationRequest.to(address(server)).verification()));

    eventually(() -> assertThat(events).anyMatch(event -> event instanceof ServerEvent.Ended));

    assertThatThrownBy(idle::echo).hasMessageStartingWith("node-lost");
    Association next =
        open(Association.open(AssociationRequest.to(address(server)).verification()));
    assertThat(next.echo()).isEqualTo(DimseStatus.SUCCESS);
  }

  @Test
  void aServerThatClosesLetsTheMessageUnderWayComeToItsEnd() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    StorageServer server =
        open(
            StorageServer.start(
                settings(),
                instance -> {
                  begun.countDown();
                  try {
                    goOn.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return sink.store(instance);
                },
                events::add));
    List<StoreOutcome> outcomes = new CopyOnWriteArrayList<>();
    Thread sending =
        Thread.ofVirtual().start(() -> outcomes.add(store(server, instance(random(100)))));
    begun.await();

    Thread closing = Thread.ofVirtual().start(server::close);
    goOn.countDown();
    closing.join();
    sending.join();

    assertThat(outcomes).containsExactly(new StoreOutcome.Answered(DimseStatus.SUCCESS));
    assertThat(sink.kept()).hasSize(1);
  }

  // ---- what the tests are written in

  private static ServerSettings settings() {
    return new ServerSettings(AeTitle.ours("INBOX"));
  }

  private StorageServer start(ServerSettings settings) {
    return open(StorageServer.start(settings, sink, events::add));
  }

  private <T extends AutoCloseable> T open(T one) {
    open.add(one);
    return one;
  }

  private static NodeAddress address(StorageServer server) {
    return new NodeAddress(
        AeTitle.ours("INBOX"),
        "127.0.0.1",
        server.address().getPort(),
        NodeAddress.DEFAULT_CALLING);
  }

  private static AssociationRequest storing(StorageServer server, OutgoingInstance instance) {
    return AssociationRequest.to(address(server))
        .propose(ProposedContext.forSending(Set.of(instance.kind())).getFirst());
  }

  private static StoreOutcome store(StorageServer server, OutgoingInstance instance) {
    try (Association association = Association.open(storing(server, instance))) {
      return association.store(instance);
    }
  }

  private static OutgoingInstance instance(byte[] body) {
    return instance("1.2.3.4", body);
  }

  private static OutgoingInstance instance(String sop, byte[] body) {
    return new OutgoingInstance(
        SECONDARY_CAPTURE,
        new SopInstanceUid(sop),
        TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
        ByteSource.of(body),
        0,
        body.length);
  }

  private static OutgoingInstance withKind(
      OutgoingInstance instance, String sopClass, String syntax) {
    return new OutgoingInstance(
        sopClass,
        instance.sop(),
        syntax,
        instance.source(),
        instance.offset(),
        instance.lengthBytes());
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  /// Looks again and again, for ten seconds.
  private static void eventually(Runnable assertion) {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
    }
  }
}
