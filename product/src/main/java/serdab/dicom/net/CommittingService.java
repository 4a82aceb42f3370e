package serdab.dicom.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.CommitmentReport.Reference;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;

/// Answers requests for storage commitment (N-ACTION) and reports (N-EVENT-REPORT): to a node whose
/// address is known on an association of ours, to others on theirs. One thread at a time.
final class CommittingService {

  /// One request may name so many instances.
  private static final int REFERENCES_MAX = 100_000;

  private static final int DELIVERIES_TRIED = 3;
  private static final Duration BETWEEN_DELIVERIES = Duration.ofSeconds(5);

  private final Timeouts timeouts;
  private final MessageStream messages;
  private final Commitments commitments;
  private final AssociationFacts facts;
  private int unanswered;

  CommittingService(
      Timeouts timeouts, MessageStream messages, Commitments commitments, AssociationFacts facts) {
    this.timeouts = timeouts;
    this.messages = messages;
    this.commitments = commitments;
    this.facts = facts;
  }

  /// Answers a request, and sees to it that the report goes out.
  void answer(Message request) throws IOException {
    CommandSet command = request.command();
    DataSet asked = Identifier.read(messages.bodyBytes(Identifier.BYTES_MAX));
    String transaction = asked.string(Identifier.TRANSACTION_UID).orElse("");
    List<DataSet> items = asked.sequence(Identifier.REFERENCED_SOP_SEQUENCE);
    DimseStatus status = DimseStatus.SUCCESS;
    if (command.number(CommandSet.ACTION_TYPE_ID).orElse(-1) != CommitmentReport.REQUEST_ACTION) {
      status = DimseStatus.NO_SUCH_ACTION_TYPE;
    } else if (!command
        .text(CommandSet.REQUESTED_SOP_INSTANCE_UID)
        .equals(CommitmentReport.SOP_INSTANCE)) {
      status = DimseStatus.NO_SUCH_OBJECT_INSTANCE;
    } else if (transaction.isEmpty() || items.isEmpty() || items.size() > REFERENCES_MAX) {
      status = DimseStatus.INVALID_ARGUMENT_VALUE;
    }
    messages.send(request.contextId(), command.response(status, false), null);
    if (!status.isSuccess()) {
      return;
    }
    List<Reference> references = new ArrayList<>();
    for (DataSet item : items) {
      references.add(
          new Reference(
              item.string(Identifier.REFERENCED_SOP_CLASS_UID).orElse(""),
              new SopInstanceUid(item.string(Identifier.REFERENCED_SOP_INSTANCE_UID).orElse(""))));
    }
    Optional<MoveTarget> target = commitments.reportTo(facts.calling());
    if (target.isPresent()) {
      Thread _ =
          Thread.ofVirtual()
              .name("dicom-report")
              .start(() -> deliver(target.get(), transaction, references));
    } else {
      report(request.contextId(), transaction, references);
    }
  }

  // ---- on the association of the request

  /// Sends the report and does not wait: the peer may have gone on meanwhile, with instances for
  /// example, and then its answer comes behind those.
  private void report(int context, String transaction, List<Reference> references)
      throws IOException {
    CommitmentReport report;
    try {
      report = commitments.check(transaction, references);
    } catch (RuntimeException e) {
      // What cannot be looked at is not committed to, and silence says so.
      commitments.notDelivered(facts.calling());
      return;
    }
    unanswered++;
    messages.send(
        context,
        CommandSet.of(Command.N_EVENT_REPORT_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, CommitmentReport.SOP_CLASS)
            .number(CommandSet.MESSAGE_ID, unanswered)
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, CommitmentReport.SOP_INSTANCE)
            .number(CommandSet.EVENT_TYPE_ID, report.eventType()),
        Outgoing.of(report.bytes(references)));
  }

  /// Takes the answer to a report.
  ///
  /// @return whether one was awaited
  boolean isAwaited(int commandField) {
    if (unanswered == 0 || commandField != Command.responseTo(Command.N_EVENT_REPORT_RQ)) {
      return false;
    }
    unanswered--;
    return true;
  }

  /// The association is over: what was not answered was not heard.
  void ended() {
    for (; unanswered > 0; unanswered--) {
      commitments.notDelivered(facts.calling());
    }
  }

  // ---- on an association of ours

  private void deliver(MoveTarget target, String transaction, List<Reference> references) {
    try {
      CommitmentReport report = commitments.check(transaction, references);
      for (int i = 0; i < DELIVERIES_TRIED; i++) {
        if (i > 0) {
          LockSupport.parkNanos(BETWEEN_DELIVERIES.toNanos());
        }
        if (isDelivered(target, report, references)) {
          return;
        }
      }
    } catch (RuntimeException e) {
      // What cannot be looked at is not committed to, and silence says so.
    }
    commitments.notDelivered(facts.calling());
  }

  private boolean isDelivered(
      MoveTarget target, CommitmentReport report, List<Reference> references) {
    AssociationRequest request =
        AssociationRequest.to(target.node()).timeouts(timeouts).reporting();
    target.tls().ifPresent(request::tls);
    try (Association association = Association.open(request)) {
      return association.report(report, references).isSuccess();
    } catch (SerdabException e) {
      return false;
    }
  }
}
