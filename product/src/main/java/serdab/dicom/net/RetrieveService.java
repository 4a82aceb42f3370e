package serdab.dicom.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.FindService.Cancelling;
import serdab.dicom.net.Holdings.Item;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.Holdings.Query;
import serdab.dicom.net.Holdings.Retrieval;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;
import serdab.dicom.net.OutgoingInstance.Kind;

/// Answers C-GET and C-MOVE requests out of [Holdings] (PS3.4 sections C.4.2 and C.4.3). One thread
/// at a time.
///
/// Instances go in the transfer syntax that they are held in, whole and proven, or not at all: what
/// cannot go counts as failed and is named.
final class RetrieveService {

  /// A destination that breaks more associations than this takes nothing more.
  private static final int BROKEN_MAX = 3;

  private static final int COUNT_MAX = 0xFFFF;
  private static final int MESSAGE_ID_MAX = 0xFFFF;
  private static final int PRIORITY_MEDIUM = 0;

  /// UIDs of at most 65 bytes each: enough to find out what is missing.
  private static final int FAILED_NAMED_MAX = 10_000;

  private final Connection connection;
  private final MessageStream messages;
  private final Holdings holdings;
  private final AssociationFacts facts;

  /// On which the peer takes instances from us.
  private final Map<Kind, Integer> contexts = new HashMap<>();

  private int lastMessageId;

  /// @param accepted the contexts of this association
  /// @param taken the SOP classes that the peer takes from us
  RetrieveService(
      Connection connection,
      MessageStream messages,
      Holdings holdings,
      AssociationFacts facts,
      Map<Integer, PresentationContext> accepted,
      Set<String> taken) {
    this.connection = connection;
    this.messages = messages;
    this.holdings = holdings;
    this.facts = facts;
    accepted.forEach((id, context) -> {
      if (taken.contains(context.abstractSyntax())) {
        contexts.putIfAbsent(
            new Kind(context.abstractSyntax(), context.transferSyntaxes().getFirst()), id);
      }
    });
  }

  /// Counts the sub-operations of one request, and tells of them.
  private final class Tally {

    private final Message request;
    private final Retrieval retrieval;
    private final Cancelling cancelling;
    private int remaining;
    private int completed;
    private int failed;
    private int warning;
    private final List<SopInstanceUid> failedInstances = new ArrayList<>();

    Tally(Message request, Retrieval retrieval) {
      this.request = request;
      this.retrieval = retrieval;
      this.cancelling = new Cancelling(connection, messages, request);
      this.remaining = retrieval.items().size();
    }

    /// @param status empty when it could not be sent
    void count(int i, Optional<DimseStatus> status) {
      remaining--;
      switch (status.map(DimseStatus::kind).orElse(DimseStatus.Kind.FAILURE)) {
        case SUCCESS -> {
          completed++;
          retrieval.taken(i);
        }
        case WARNING -> {
          warning++;
          retrieval.taken(i);
        }
        case FAILURE, CANCELLED, PENDING -> {
          failed++;
          if (failedInstances.size() < FAILED_NAMED_MAX) {
            failedInstances.add(retrieval.items().get(i).sop());
          }
        }
      }
    }

    void pending() throws IOException {
      messages.send(
          request.contextId(),
          counted(request.command().response(DimseStatus.PENDING, false), true),
          null);
    }

    private CommandSet counted(CommandSet response, boolean withRemaining) {
      if (withRemaining) {
        response.number(CommandSet.REMAINING_SUB_OPERATIONS, Math.min(remaining, COUNT_MAX));
      }
      return response
          .number(CommandSet.COMPLETED_SUB_OPERATIONS, Math.min(completed, COUNT_MAX))
          .number(CommandSet.FAILED_SUB_OPERATIONS, Math.min(failed, COUNT_MAX))
          .number(CommandSet.WARNING_SUB_OPERATIONS, Math.min(warning, COUNT_MAX));
    }

    RetrieveOutcome outcome() {
      DimseStatus status =
          cancelling.isCancelled() && remaining > 0
              ? DimseStatus.CANCEL
              : failed + warning == 0
                  ? DimseStatus.SUCCESS
                  : completed + warning == 0
                      ? DimseStatus.UNABLE_TO_PERFORM_SUB_OPERATIONS
                      : DimseStatus.SUB_OPERATIONS_FAILED;
      return new RetrieveOutcome(status, completed, failed, warning, failedInstances);
    }

    void end(RetrieveOutcome outcome) throws IOException {
      byte[] named =
          failedInstances.isEmpty()
              ? new byte[0]
              : new Identifier()
                  .text(
                      Identifier.FAILED_SOP_INSTANCE_UID_LIST,
                      failedInstances.stream()
                          .map(SopInstanceUid::value)
                          .collect(Collectors.joining("\\")))
                  .bytes();
      messages.send(
          request.contextId(),
          counted(
              request.command().response(outcome.status(), named.length > 0),
              outcome.status().equals(DimseStatus.CANCEL)),
          named.length == 0 ? null : Outgoing.of(named));
    }
  }

  /// What is done with one retrieval.
  @FunctionalInterface
  private interface Sending {
    void run(Retrieval retrieval, Tally tally) throws IOException;
  }

  // ---- C-GET

  void get(Message request, PresentationContext context) throws IOException {
    retrieve(request, context, Optional.empty(), this::sendHere);
  }

  private void sendHere(Retrieval retrieval, Tally tally) throws IOException {
    for (int i = 0; i < retrieval.items().size() && !tally.cancelling.isAsked(); i++) {
      Item item = retrieval.items().get(i);
      OutgoingInstance instance = contexts.containsKey(item.kind()) ? ready(retrieval, i) : null;
      Integer on = instance == null ? null : contexts.get(instance.kind());
      tally.count(
          i,
          on == null || instance == null || instance.isOddForPeers()
              ? Optional.empty()
              : Optional.of(store(instance, on, tally)));
      tally.pending();
    }
  }

  private DimseStatus store(OutgoingInstance instance, int context, Tally tally)
      throws IOException {
    lastMessageId = lastMessageId == MESSAGE_ID_MAX ? 1 : lastMessageId + 1;
    messages.send(
        context,
        CommandSet.of(Command.C_STORE_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, instance.sopClassUid())
            .number(CommandSet.MESSAGE_ID, lastMessageId)
            .number(CommandSet.PRIORITY, PRIORITY_MEDIUM)
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, instance.sop().value()),
        new Outgoing(
            instance.source(), instance.offset(), instance.lengthBytes(), instance.isOdd()));
    Duration patience =
        connection.timeouts().forBytes(connection.timeouts().response(), messages.sentBytes());
    while (true) {
      Optional<Message> came = messages.receive(patience);
      if (came.isEmpty()
          || came.get().command().commandField() != Command.responseTo(Command.C_STORE_RQ)) {
        tally.cancelling.take(came);
        continue;
      }
      CommandSet response = came.get().command();
      if (response.number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO).orElse(-1) != lastMessageId) {
        throw connection.protocolError("an answer to nothing that was asked");
      }
      return response.status();
    }
  }

  // ---- C-MOVE

  void move(Message request, PresentationContext context) throws IOException {
    String title = request.command().text(CommandSet.MOVE_DESTINATION);
    Optional<MoveTarget> target =
        title.length() > AeTitle.LENGTH_MAX
            ? Optional.empty()
            : holdings.destination(new AeTitle(title));
    if (target.isEmpty()) {
      messages.drain();
      refuse(request, DimseStatus.MOVE_DESTINATION_UNKNOWN);
      return;
    }
    retrieve(
        request,
        context,
        target,
        (retrieval, tally) -> sendThere(request, target.get(), retrieval, tally));
  }

  private void sendThere(Message request, MoveTarget target, Retrieval retrieval, Tally tally)
      throws IOException {
    Set<Kind> kinds = new LinkedHashSet<>();
    retrieval.items().stream()
        .map(Item::kind)
        .filter(kind -> !kind.sopClassUid().isEmpty() && !kind.transferSyntaxUid().isEmpty())
        .forEach(kinds::add);
    boolean[] done = new boolean[retrieval.items().size()];
    for (List<ProposedContext> contextsOfOne : ProposedContext.forSending(kinds)) {
      sendGroup(request, target, contextsOfOne, retrieval, tally, done);
    }
    for (int i = 0; i < done.length && !tally.cancelling.isAsked(); i++) {
      if (!done[i]) {
        tally.count(i, Optional.empty());
        tally.pending();
      }
    }
  }

  /// Sends what fits the contexts of one association; opens it again when it breaks.
  private void sendGroup(
      Message request,
      MoveTarget target,
      List<ProposedContext> proposed,
      Retrieval retrieval,
      Tally tally,
      boolean... done)
      throws IOException {
    Set<Kind> kinds = new HashSet<>();
    proposed.forEach(context ->
        context
            .transferSyntaxes()
            .forEach(syntax -> kinds.add(new Kind(context.abstractSyntax(), syntax))));
    int next = 0;
    for (int broken = 0; broken < BROKEN_MAX && next < done.length; broken++) {
      try (Association association = open(target, proposed)) {
        association.onBehalfOf(
            facts.calling(), request.command().number(CommandSet.MESSAGE_ID).orElse(0));
        while (next < done.length && !tally.cancelling.isAsked()) {
          int i = next++;
          Item item = retrieval.items().get(i);
          if (done[i] || !kinds.contains(item.kind())) {
            continue;
          }
          done[i] = true;
          Optional<DimseStatus> status = Optional.empty();
          try {
            OutgoingInstance instance = ready(retrieval, i);
            status =
                instance != null
                        && association.store(instance) instanceof StoreOutcome.Answered answered
                    ? Optional.of(answered.status())
                    : Optional.empty();
          } finally {
            tally.count(i, status);
          }
          tally.pending();
        }
        if (tally.cancelling.isCancelled()) {
          return;
        }
      } catch (Unreachable e) {
        return;
      } catch (SerdabException e) {
        // The association is over; what was under way counts as failed.
        continue;
      }
    }
  }

  /// Nobody takes the association: another try would end like this one.
  private static final class Unreachable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreachable(SerdabException cause) {
      super(cause);
    }
  }

  private Association open(MoveTarget target, List<ProposedContext> proposed) {
    try {
      AssociationRequest asked =
          AssociationRequest.to(target.node()).timeouts(connection.timeouts()).propose(proposed);
      target.tls().ifPresent(asked::tls);
      return Association.open(asked);
    } catch (SerdabException e) {
      throw new Unreachable(e);
    }
  }

  // ---- both

  private void retrieve(
      Message request, PresentationContext context, Optional<MoveTarget> target, Sending sending)
      throws IOException {
    Optional<Query> query = FindService.query(messages, request, context, facts);
    Optional<Retrieval> chosen;
    try {
      chosen = query.flatMap(asked -> holdings.retrieve(asked, target));
    } catch (RuntimeException e) {
      // A place that fails, or a mistake of ours: neither may look like a success.
      refuse(request, DimseStatus.UNABLE_TO_PROCESS);
      return;
    }
    if (chosen.isEmpty()) {
      refuse(request, DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
      return;
    }
    try (Retrieval retrieval = chosen.get()) {
      Tally tally = new Tally(request, retrieval);
      boolean whole = false;
      try {
        sending.run(retrieval, tally);
        whole = true;
      } finally {
        RetrieveOutcome outcome = tally.outcome();
        retrieval.ended(
            whole
                ? outcome
                : new RetrieveOutcome(
                    DimseStatus.PROCESSING_FAILURE,
                    outcome.completed(),
                    outcome.failed(),
                    outcome.warning(),
                    outcome.failedInstances()));
      }
      tally.end(tally.outcome());
    }
  }

  private static @Nullable OutgoingInstance ready(Retrieval retrieval, int i) {
    try {
      return retrieval.ready(i);
    } catch (RuntimeException e) {
      // What cannot be read, or a mistake of ours: one instance that failed, not the end of all.
      return null;
    }
  }

  private void refuse(Message request, DimseStatus status) throws IOException {
    messages.send(request.contextId(), request.command().response(status, false), null);
  }
}
