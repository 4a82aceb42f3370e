package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

/// Whatever arrives on the port, the server neither fails nor hangs, and stores nothing of it.
class GarbageTest {

  private static final Timeouts SHORT =
      new Timeouts(
          Duration.ofSeconds(5),
          Duration.ofMillis(500),
          Duration.ofMillis(800),
          Duration.ofMillis(800),
          Duration.ofMillis(200),
          1 << 20);

  /// A hung association would be waited for until the test's own patience ends.
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final MemorySink sink = new MemorySink();
  private final StorageServer server =
      StorageServer.start(
          new ServerSettings(AeTitle.ours("INBOX")).timeouts(SHORT).messageBytesMax(1 << 20),
          sink,
          _ -> {});

  @BeforeEach
  void isThere() {
    assertThat(echo()).isEqualTo(DimseStatus.SUCCESS);
  }

  @AfterEach
  void stillAnswersAndStoredNothing() {
    assertThat(echo()).isEqualTo(DimseStatus.SUCCESS);
    assertThat(sink.kept()).isEmpty();
    server.close();
  }

  private DimseStatus echo() {
    NodeAddress node = NodeAddress.parse("dicom://INBOX@127.0.0.1:" + server.address().getPort());
    try (Association association = Association.open(AssociationRequest.to(node).verification())) {
      return association.echo();
    }
  }

  @Test
  void aBrowserIsAnsweredWithAnAbort() throws Exception {
    byte[] answer = send("GET / HTTP/1.1\r\nHost: pacs\r\n\r\n".getBytes(StandardCharsets.UTF_8));

    assertThat(answer).startsWith(Pdu.ABORT, 0, 0, 0, 0, 4);
  }

  @Test
  void aPduThatIsLongerThanMemoryIsRefusedByItsHeader() throws Exception {
    byte[] answer = send(new byte[] {Pdu.ASSOCIATE_RQ, 0, -1, -1, -1, -1});

    assertThat(answer).startsWith(Pdu.ABORT);
  }

  @Test
  void aRequestThatNeverEndsIsEndedByTheClock() throws Exception {
    long start = System.nanoTime();

    send(new byte[] {Pdu.ASSOCIATE_RQ, 0, 0, 0, 1, 0, 0, 1, 0, 0});

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
  }

  @Test
  void aDripOfBytesGainsNoTime() throws Exception {
    byte[] request = PduCodec.bytes(request());
    long start = System.nanoTime();
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      for (int i = 0; i < request.length; i++) {
        try {
          out.write(request[i]);
        } catch (IOException e) {
          break;
        }
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        if (System.nanoTime() - start > PATIENCE.toNanos()) {
          break;
        }
      }
    }

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  /// A message must not last for ever, however regularly its fragments come.
  @Test
  void aMessageInEndlessSmallPartsIsEndedByTheClock() throws Exception {
    byte[] part = data(1, 0, new byte[2]);
    long start = System.nanoTime();
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(PduCodec.bytes(request()));
      out.write(data(1, 3, store().bytes()));
      while (System.nanoTime() - start < PATIENCE.toNanos()) {
        try {
          out.write(part);
        } catch (IOException e) {
          break;
        }
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void anEndlessCommandIsRefused() throws Exception {
    byte[] part = data(1, 1, new byte[4000]);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(PduCodec.bytes(request()));
    for (int i = 0; i < 40; i++) {
      bytes.writeBytes(part);
    }

    byte[] answer = send(bytes.toByteArray());

    assertThat(answer).endsWith(Pdu.ABORT, 0, 0, 0, 0, 4, 0, 0, 2, 6);
  }

  @Test
  void aDataSetThatBreaksOffIsNotStored() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(PduCodec.bytes(request()));
    bytes.writeBytes(data(1, 3, store().bytes()));
    bytes.writeBytes(data(1, 0, new byte[1000]));

    send(bytes.toByteArray());

    assertThat(sink.kept()).isEmpty();
  }

  /// Dialogues that begin well, with something in them changed, cut, doubled or put elsewhere.
  @SeededTest(runs = 60)
  void aDialogueWithDamageEndsByItself(RandomGenerator random) throws Exception {
    List<byte[]> dialogue =
        List.of(
            PduCodec.bytes(request()),
            data(1, 3, CommandSet.of(Command.C_ECHO_RQ, false).bytes()),
            data(1, 3, store().bytes()),
            data(1, 0, new byte[random.nextInt(2, 3000) & ~1]),
            PduCodec.bytes(new Pdu.ReleaseRequest()));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < dialogue.size(); i++) {
      byte[] pdu = dialogue.get(i).clone();
      switch (random.nextInt(8)) {
        case 0 -> pdu[random.nextInt(pdu.length)] = (byte) random.nextInt();
        case 1 -> pdu = Arrays.copyOf(pdu, random.nextInt(pdu.length));
        case 2 -> bytes.writeBytes(pdu);
        case 3 -> pdu = dialogue.get(random.nextInt(dialogue.size())).clone();
        case 4 -> {
          pdu = new byte[random.nextInt(200)];
          random.nextBytes(pdu);
        }
        default -> {}
      }
      bytes.writeBytes(pdu);
    }

    send(bytes.toByteArray());

    assertThat(sink.kept()).isEmpty();
  }

  // ---- what the tests are written in

  private static Pdu.AssociateRequest request() {
    return new Pdu.AssociateRequest(
        1,
        AeTitle.ours("INBOX"),
        AeTitle.ours("ANY"),
        Pdu.APPLICATION_CONTEXT,
        List.of(
            new PresentationContext(
                1, "1.2.840.10008.5.1.4.1.1.7", List.of("1.2.840.10008.1.2.1"))),
        new Pdu.UserInformation(
            0, "1.2", "", Optional.empty(), List.of(), Optional.empty(), false));
  }

  private static CommandSet store() {
    return CommandSet.of(Command.C_STORE_RQ, true)
        .uid(CommandSet.AFFECTED_SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7")
        .number(CommandSet.MESSAGE_ID, 1)
        .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, "1.2.3");
  }

  private static byte[] data(int context, int control, byte[] fragment) {
    return ByteBuffer.allocate(12 + fragment.length)
        .put((byte) Pdu.DATA_TF)
        .put((byte) 0)
        .putInt(fragment.length + 6)
        .putInt(fragment.length + 2)
        .put((byte) context)
        .put((byte) control)
        .put(fragment)
        .array();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  /// Sends bytes, and reads what comes until the server closes.
  private byte[] send(byte[] bytes) throws IOException {
    try (Socket socket = connect()) {
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      try {
        socket.getOutputStream().write(bytes);
        socket.getInputStream().transferTo(answer);
      } catch (SocketTimeoutException e) {
        throw new AssertionError("the server hangs", e);
      } catch (IOException e) {
        // Reset by the server: an end, too.
        assertThat(e).isNotNull();
      }
      return answer.toByteArray();
    }
  }
}
