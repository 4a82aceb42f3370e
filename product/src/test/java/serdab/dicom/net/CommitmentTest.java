package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;

/// Reports on the association of the request: before its answer, after it, on a later one, never.
class CommitmentTest {

  private static final String TRANSACTION = "1.2.3.4";
  private static final SopInstanceUid KEPT = new SopInstanceUid("1.2.3.1");
  private static final SopInstanceUid LOST = new SopInstanceUid("1.2.3.2");

  @Test
  void aReportBehindTheAnswerIsTaken() throws Exception {
    assertThat(askedOf(Reporting.BEHIND_THE_ANSWER)).contains(expected());
  }

  @Test
  void aReportInFrontOfTheAnswerIsTaken() throws Exception {
    assertThat(askedOf(Reporting.IN_FRONT_OF_THE_ANSWER)).contains(expected());
  }

  @Test
  void aPeerThatReleasesInsteadHasNotReported() throws Exception {
    assertThat(askedOf(Reporting.RELEASE)).isEmpty();
  }

  @Test
  void aPeerThatSaysNothingHasNotReported() throws Exception {
    assertThat(askedOf(Reporting.NEVER)).isEmpty();
  }

  @Test
  void aReportOnALaterAssociationOfOursIsTaken() throws Exception {
    try (ServerSocketChannel listener = listener()) {
      CompletableFuture<Integer> answered =
          CompletableFuture.supplyAsync(() -> serve(listener, Reporting.WITHOUT_REQUEST));
      Optional<CommitmentReport> report;
      try (Association association =
          Association.open(AssociationRequest.to(node(listener)).commitment())) {
        report = association.awaitReport(Duration.ofSeconds(5));
      }

      assertThat(report).contains(expected());
      assertThat(answered.get()).isZero();
    }
  }

  private enum Reporting {
    BEHIND_THE_ANSWER,
    IN_FRONT_OF_THE_ANSWER,
    WITHOUT_REQUEST,
    RELEASE,
    NEVER
  }

  private static Optional<CommitmentReport> askedOf(Reporting reporting) throws Exception {
    try (ServerSocketChannel listener = listener()) {
      CompletableFuture<Integer> answered =
          CompletableFuture.supplyAsync(() -> serve(listener, reporting));
      Optional<CommitmentReport> report;
      try (Association association =
          Association.open(AssociationRequest.to(node(listener)).commitment())) {
        DimseStatus status =
            association.requestCommitment(
                TRANSACTION,
                List.of(
                    new CommitmentReport.Reference("1.2", KEPT),
                    new CommitmentReport.Reference("1.2", LOST)));
        assertThat(status).isEqualTo(DimseStatus.SUCCESS);
        report =
            association.awaitReport(
                reporting == Reporting.NEVER ? Duration.ofMillis(300) : Duration.ofSeconds(5));
      }
      // A report is answered with success whatever it says.
      assertThat(answered.get()).isZero();
      return report;
    }
  }

  private static CommitmentReport expected() {
    return new CommitmentReport(TRANSACTION, List.of(KEPT), Map.of(LOST, 0x0112));
  }

  private static ServerSocketChannel listener() throws IOException {
    return ServerSocketChannel.open()
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static NodeAddress node(ServerSocketChannel listener) throws IOException {
    return NodeAddress.parse(
        "dicom://PEER@127.0.0.1:" + ((InetSocketAddress) listener.getLocalAddress()).getPort());
  }

  /// A node that commits, out of the parts of our own.
  ///
  /// @return the status that its report was answered with; 0 when it did not report
  private static int serve(ServerSocketChannel listener, Reporting reporting) {
    try {
      Connection connection =
          new Connection(Transport.plain(listener.accept()), Timeouts.DEFAULT, false, 1 << 16);
      try {
        Pdu.AssociateRequest request = connection.awaitRequest();
        connection.accept(
            new Pdu.AssociateAccept(
                1,
                request.called(),
                request.calling(),
                Pdu.APPLICATION_CONTEXT,
                List.of(new Pdu.ContextAnswer(1, 0, "1.2.840.10008.1.2")),
                request.user()));
        MessageStream messages = new MessageStream(connection, 0, 1 << 20);
        return dialogue(connection, messages, reporting);
      } finally {
        connection.kill();
      }
    } catch (IOException e) {
      return -1;
    }
  }

  private static int dialogue(Connection connection, MessageStream messages, Reporting reporting)
      throws IOException {
    int answered = 0;
    if (reporting == Reporting.WITHOUT_REQUEST) {
      answered = report(messages);
    } else {
      Message request = messages.receive(Duration.ofSeconds(5)).orElseThrow();
      messages.drain();
      if (reporting == Reporting.IN_FRONT_OF_THE_ANSWER) {
        answered = report(messages);
      }
      messages.send(1, request.command().response(DimseStatus.SUCCESS, false), null);
      switch (reporting) {
        case BEHIND_THE_ANSWER -> answered = report(messages);
        case RELEASE -> {
          connection.release();
          return 0;
        }
        case NEVER -> {
          try {
            messages.receive(Duration.ofSeconds(5));
          } catch (IOException e) {
            assertThat(e).isNotNull();
          }
          return 0;
        }
        default -> {}
      }
    }
    if (messages.receive(Duration.ofSeconds(5)).isEmpty()) {
      connection.answerRelease();
    }
    return answered;
  }

  private static int report(MessageStream messages) throws IOException {
    Identifier kept = new Identifier().text(Identifier.REFERENCED_SOP_INSTANCE_UID, KEPT.value());
    byte[] failed = new byte[] {0x12, 0x01};
    Identifier lost =
        new Identifier()
            .text(Identifier.REFERENCED_SOP_INSTANCE_UID, LOST.value())
            .bytes(Identifier.FAILURE_REASON, failed);
    messages.send(
        1,
        CommandSet.of(Command.N_EVENT_REPORT_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, CommitmentReport.SOP_CLASS)
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, CommitmentReport.SOP_INSTANCE)
            .number(CommandSet.MESSAGE_ID, 9)
            .number(CommandSet.EVENT_TYPE_ID, 2),
        Outgoing.of(
            new Identifier()
                .text(Identifier.TRANSACTION_UID, TRANSACTION)
                .sequence(Identifier.FAILED_SOP_SEQUENCE, List.of(lost))
                .sequence(Identifier.REFERENCED_SOP_SEQUENCE, List.of(kept))
                .bytes()));
    Message answer = messages.receive(Duration.ofSeconds(5)).orElseThrow();
    return answer.command().commandField() == Command.responseTo(Command.N_EVENT_REPORT_RQ)
        ? answer.command().status().code()
        : -1;
  }
}
