package serdab.dicom.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;
import serdab.dicom.net.NodeSheet.Service;
import serdab.dicom.net.OutgoingInstance.Kind;

/// An association that we asked for, to have things done by a peer.
///
/// Whatever ends it early is a [SerdabException] with a problem that says what to do; the
/// association is closed then, and operations without an answer count as not done. [#close]
/// releases it: some peers take a release for "the study is complete", and an abort for a failure.
/// One thread at a time.
public final class Association implements AutoCloseable {

  private static final int EARLY_REPORTS_MAX = 1000;
  private static final int MESSAGE_ID_MAX = 0xFFFF;

  /// What a peer may still answer after it was told to stop: what was under way by then, or the
  /// rest when it does not know how to stop. A peer that never ends would hold us for ever.
  private static final int MATCHES_AFTER_CANCEL_MAX = 100_000;

  private final NodeAddress node;
  private final Connection connection;
  private final MessageStream messages;
  private final Pdu.AssociateAccept accept;
  private final Map<Integer, PresentationContext> accepted;
  private final Map<Kind, Integer> contextOfKind = new HashMap<>();
  private final int window;
  private final Priority priority;
  private final List<CommitmentReport> early = new ArrayList<>();
  private int lastMessageId;
  private boolean ended;
  private IncomingInstance.@Nullable MoveOriginator originator;

  private Association(
      NodeAddress node,
      Connection connection,
      Pdu.AssociateAccept accept,
      Map<Integer, PresentationContext> accepted,
      AssociationRequest request) {
    this.node = node;
    this.connection = connection;
    this.accept = accept;
    this.accepted = accepted;
    this.messages = new MessageStream(connection, accept.user().pduLengthMax(), Long.MAX_VALUE);
    accepted.forEach((id, context) ->
        contextOfKind.putIfAbsent(
            new Kind(context.abstractSyntax(), context.transferSyntaxes().getFirst()), id));
    // Without an answer about it there is one (PS3.7 section D.3.3.3.2); 0 is any number.
    int granted = accept.user().window().map(Pdu.AsyncWindow::invoked).orElse(1);
    this.window = granted == 0 ? request.window() : Math.min(granted, request.window());
    this.priority = request.priority();
  }

  /// Connects, and negotiates.
  ///
  /// @throws SerdabException when there is no association in the end
  public static Association open(AssociationRequest request) {
    if (request.contexts().isEmpty()) {
      throw new IllegalArgumentException("nothing is proposed");
    }
    NodeAddress node = request.node();
    Transport transport = connect(request);
    Connection connection =
        new Connection(transport, request.timeouts(), true, AssociationRequest.PDU_LENGTH_MAX);
    try {
      Pdu.AssociateRequest pdu = request.pdu();
      Pdu.AssociateAccept accept = connection.request(pdu);
      Map<Integer, PresentationContext> accepted = accepted(pdu, accept);
      Association association = new Association(node, connection, accept, accepted, request);
      if (accepted.isEmpty()) {
        association.close();
        throw NodeProblems.takesNothing(node);
      }
      return association;
    } catch (IOException e) {
      connection.kill();
      throw NodeProblems.of(node, e);
    }
  }

  private static Transport connect(AssociationRequest request) {
    NodeAddress node = request.node();
    Timeouts timeouts = request.timeouts();
    IOException failure = new IOException("no address");
    boolean timedOut = false;
    try {
      for (InetAddress address : InetAddress.getAllByName(node.host())) {
        SocketChannel channel = SocketChannel.open();
        try (Watchdog watchdog = new Watchdog(channel)) {
          try {
            watchdog.arm(timeouts.connect());
            channel.connect(new InetSocketAddress(address, node.port()));
            watchdog.arm(timeouts.negotiation());
            return request.tls().isPresent()
                ? Transport.tlsTo(channel, request.tls().get(), node.host(), node.port())
                : Transport.plain(channel);
          } catch (IOException e) {
            timedOut = watchdog.hasExpired();
            channel.close();
            failure = e;
          }
        }
      }
    } catch (IOException e) {
      failure = e;
    }
    throw NodeProblems.connecting(node, failure, timedOut);
  }

  private static Map<Integer, PresentationContext> accepted(
      Pdu.AssociateRequest request, Pdu.AssociateAccept accept) {
    Map<Integer, PresentationContext> proposed = new HashMap<>();
    request.contexts().forEach(context -> proposed.put(context.id(), context));
    Map<Integer, PresentationContext> accepted = new LinkedHashMap<>();
    for (Pdu.ContextAnswer answer : accept.answers()) {
      PresentationContext context = proposed.get(answer.id());
      // A syntax that was not proposed is not one that was agreed on.
      if (context != null
          && answer.result() == Pdu.ContextAnswer.ACCEPTED
          && context.transferSyntaxes().contains(answer.transferSyntax())) {
        accepted.put(
            answer.id(),
            new PresentationContext(
                answer.id(), context.abstractSyntax(), List.of(answer.transferSyntax())));
      }
    }
    return accepted;
  }

  // ---- what was agreed on

  /// Whether instances of a kind can be sent as they are.
  public boolean accepts(Kind kind) {
    return contextOfKind.containsKey(kind);
  }

  /// What was accepted, in the peer's order: each with the transfer syntax that the peer picked.
  public List<ProposedContext> accepted() {
    List<ProposedContext> all = new ArrayList<>();
    accepted
        .values()
        .forEach(context ->
            all.add(new ProposedContext(context.abstractSyntax(), context.transferSyntaxes())));
    return all;
  }

  /// Whether the peer offers one of the services that it was asked for.
  public boolean offers(Service service) {
    return contextFor(service.sopClassUid()).isPresent();
  }

  /// Whether studies are asked for by patient here, as the peer offers nothing else: then keys name
  /// the patient, too (PS3.4 section C.6.1).
  public boolean isByPatient() {
    return (offers(Service.FIND_PATIENT_ROOT) && !offers(Service.FIND_STUDY_ROOT))
        || (offers(Service.GET_PATIENT_ROOT) && !offers(Service.GET_STUDY_ROOT))
        || (offers(Service.MOVE_PATIENT_ROOT) && !offers(Service.MOVE_STUDY_ROOT));
  }

  /// How many operations the peer lets be under way at once.
  public int window() {
    return window;
  }

  /// Whether the peer said that it took the user identity that it was told (PS3.7 section D.3.3.7).
  /// Peers that do not know such things grant associations all the same.
  public boolean isIdentityTaken() {
    return accept.user().identityAnswered();
  }

  /// Implementation Version Name of the peer; empty when it did not say.
  public String peerVersionName() {
    return accept.user().implementationVersionName();
  }

  /// Implementation Class UID of the peer; empty when it did not say.
  public String peerClassUid() {
    return accept.user().implementationClassUid();
  }

  /// The longest P-DATA-TF that the peer takes, in bytes without its header; 0 when there is no
  /// limit.
  public long peerPduLengthMax() {
    return accept.user().pduLengthMax();
  }

  // ---- verification

  /// Asks whether the peer is there (C-ECHO).
  public DimseStatus echo() {
    int context =
        contextFor(ProposedContext.VERIFICATION).orElseThrow(() -> NodeProblems.takesNothing(node));
    return doing(() -> {
      messages.send(
          context,
          CommandSet.of(Command.C_ECHO_RQ, false)
              .uid(CommandSet.AFFECTED_SOP_CLASS_UID, ProposedContext.VERIFICATION)
              .number(CommandSet.MESSAGE_ID, nextMessageId()),
          null);
      return awaitResponse(Command.C_ECHO_RQ).status();
    });
  }

  private Optional<Integer> contextFor(String abstractSyntax) {
    return accepted.values().stream()
        .filter(context -> context.abstractSyntax().equals(abstractSyntax))
        .map(PresentationContext::id)
        .findFirst();
  }

  // ---- storage

  /// Says with each instance from now on whose C-MOVE it is sent for (PS3.7 section 9.1.1.1).
  void onBehalfOf(AeTitle title, int messageId) {
    originator = new IncomingInstance.MoveOriginator(title, messageId);
  }

  /// Sends one instance and waits for the answer (C-STORE).
  public StoreOutcome store(OutgoingInstance instance) {
    StoreOutcome refused = refused(instance);
    if (refused != null) {
      return refused;
    }
    return doing(() -> {
      sendInstance(instance, nextMessageId());
      return new StoreOutcome.Answered(awaitResponse(Command.C_STORE_RQ).status());
    });
  }

  /// Sends instances one after the other, with as many unanswered as [#window] allows.
  ///
  /// @param answers is told each instance with what became of it, in the order of the answers. What
  ///   it was not told when this throws counts as not sent.
  public void storeAll(
      Iterator<OutgoingInstance> instances, BiConsumer<OutgoingInstance, StoreOutcome> answers) {
    doing(() -> {
      Map<Integer, OutgoingInstance> underWay = new HashMap<>();
      while (instances.hasNext() || !underWay.isEmpty()) {
        if (instances.hasNext() && underWay.size() < window) {
          OutgoingInstance instance = instances.next();
          StoreOutcome refused = refused(instance);
          if (refused != null) {
            answers.accept(instance, refused);
            continue;
          }
          int id = nextMessageId();
          while (underWay.containsKey(id)) {
            id = nextMessageId();
          }
          underWay.put(id, instance);
          sendInstance(instance, id);
        } else {
          CommandSet response = awaitResponse(Command.C_STORE_RQ);
          int id = response.number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO).orElse(-1);
          OutgoingInstance instance = underWay.remove(id);
          if (instance == null) {
            throw connection.protocolError("an answer to nothing that was asked");
          }
          answers.accept(instance, new StoreOutcome.Answered(response.status()));
        }
      }
      return DimseStatus.SUCCESS;
    });
  }

  private @Nullable StoreOutcome refused(OutgoingInstance instance) {
    Kind kind = instance.kind();
    if (kind.sopClassUid().isEmpty()
        || kind.transferSyntaxUid().isEmpty()
        || instance.sop().isEmpty()) {
      return new StoreOutcome.NotTransferable(StoreOutcome.Reason.NOT_NAMED);
    }
    if (!accepts(kind)) {
      return new StoreOutcome.NotTransferable(
          contextFor(kind.sopClassUid()).isPresent()
              ? StoreOutcome.Reason.TRANSFER_SYNTAX_REFUSED
              : StoreOutcome.Reason.SOP_CLASS_REFUSED);
    }
    return instance.isOddForPeers()
        ? new StoreOutcome.NotTransferable(StoreOutcome.Reason.ODD_LENGTH)
        : null;
  }

  private void sendInstance(OutgoingInstance instance, int messageId) throws IOException {
    Integer context = contextOfKind.get(instance.kind());
    if (context == null) {
      throw new IllegalStateException("no context for " + instance.kind());
    }
    CommandSet command =
        CommandSet.of(Command.C_STORE_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, instance.sopClassUid())
            .number(CommandSet.MESSAGE_ID, messageId)
            .number(CommandSet.PRIORITY, priority.code())
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, instance.sop().value());
    if (originator != null) {
      command
          .title(CommandSet.MOVE_ORIGINATOR, originator.aeTitle())
          .number(CommandSet.MOVE_ORIGINATOR_MESSAGE_ID, originator.messageId());
    }
    messages.send(
        context,
        command,
        new Outgoing(
            instance.source(), instance.offset(), instance.lengthBytes(), instance.isOdd()));
  }

  // ---- query

  /// Asks what the peer holds (C-FIND).
  ///
  /// @param keys by tag: a value matches, an empty one is asked for; the level is added
  /// @param matchesMax after this many the rest is cancelled; nodes cut off by themselves, too, and
  ///   say nothing
  /// @param matches is given each match; may be read until this returns
  /// @return success; cancelled when there were more than `matchesMax`; else why not
  public DimseStatus find(
      QueryLevel level, Map<Integer, String> keys, int matchesMax, Consumer<DataSet> matches) {
    Service root = root(Service.FIND_STUDY_ROOT, Service.FIND_PATIENT_ROOT);
    return doing(() -> {
      int id = request(Command.C_FIND_RQ, root, identifier(level, keys), _ -> {});
      int count = 0;
      boolean cancelled = false;
      while (true) {
        Message message = await(retrievePatience());
        CommandSet response = expect(message, Command.C_FIND_RQ);
        byte[] body = messages.bodyBytes(Identifier.BYTES_MAX);
        if (response.status().kind() != DimseStatus.Kind.PENDING) {
          return response.status();
        }
        if (count < matchesMax) {
          matches.accept(Identifier.read(body));
        } else if (!cancelled) {
          cancelled = true;
          cancel(root, id);
        } else if (count - matchesMax > MATCHES_AFTER_CANCEL_MAX) {
          throw connection.protocolError("answers without end to a query that was cancelled");
        }
        count++;
      }
    });
  }

  // ---- retrieval

  /// Asks the peer to send what it holds to a node that it knows (C-MOVE): mostly to ourselves.
  /// What arrives there is the truth.
  ///
  /// @param keys unique keys of the level and those above, the patient's among them, which is left
  ///   out where the peer is asked by study; several UIDs are joined with a backslash
  public RetrieveOutcome move(QueryLevel level, Map<Integer, String> keys, AeTitle destination) {
    Service root = root(Service.MOVE_STUDY_ROOT, Service.MOVE_PATIENT_ROOT);
    return doing(() -> {
      request(
          Command.C_MOVE_RQ,
          root,
          identifier(level, unique(root, keys)),
          command -> command.title(CommandSet.MOVE_DESTINATION, destination));
      while (true) {
        Message message = await(retrievePatience());
        CommandSet response = expect(message, Command.C_MOVE_RQ);
        byte[] body = messages.bodyBytes(Identifier.BYTES_MAX);
        if (response.status().kind() != DimseStatus.Kind.PENDING) {
          return outcome(response, body);
        }
      }
    });
  }

  /// Asks the peer to send what it holds on this association (C-GET).
  ///
  /// @param sink is given what comes, as of an association numbered 0
  public RetrieveOutcome get(QueryLevel level, Map<Integer, String> keys, InstanceSink sink) {
    Service root = root(Service.GET_STUDY_ROOT, Service.GET_PATIENT_ROOT);
    return doing(() -> {
      StoreService storage =
          new StoreService(
              sink,
              new AssociationFacts(
                  0,
                  /* calling= */ node.called(),
                  /* called= */ node.calling(),
                  connection.transport().remote().getAddress(),
                  peerClassUid(),
                  peerVersionName(),
                  connection.transport().peerCertificate()));
      request(Command.C_GET_RQ, root, identifier(level, unique(root, keys)), _ -> {});
      while (true) {
        Message message = await(retrievePatience());
        if (message.command().commandField() == Command.C_STORE_RQ) {
          PresentationContext context = accepted.get(message.contextId());
          if (context == null) {
            throw connection.protocolError("a message on a context that was not accepted");
          }
          storage.answer(messages, message, context);
          continue;
        }
        CommandSet response = expect(message, Command.C_GET_RQ);
        byte[] body = messages.bodyBytes(Identifier.BYTES_MAX);
        if (response.status().kind() != DimseStatus.Kind.PENDING) {
          return outcome(response, body);
        }
      }
    });
  }

  private static RetrieveOutcome outcome(CommandSet response, byte[] body) throws IOException {
    List<SopInstanceUid> failed =
        body.length == 0
            ? List.of()
            : Identifier.read(body).strings(Identifier.FAILED_SOP_INSTANCE_UID_LIST).stream()
                .map(SopInstanceUid::new)
                .toList();
    return new RetrieveOutcome(
        response.status(),
        response.number(CommandSet.COMPLETED_SUB_OPERATIONS).orElse(-1),
        response.number(CommandSet.FAILED_SUB_OPERATIONS).orElse(-1),
        response.number(CommandSet.WARNING_SUB_OPERATIONS).orElse(-1),
        failed);
  }

  /// The patient is named where studies are asked for by patient only.
  private static Map<Integer, String> unique(Service root, Map<Integer, String> keys) {
    Map<Integer, String> unique = new HashMap<>(keys);
    if (root == Service.GET_STUDY_ROOT || root == Service.MOVE_STUDY_ROOT) {
      unique.remove(Tag.PatientID);
    }
    return unique;
  }

  private static byte[] identifier(QueryLevel level, Map<Integer, String> keys) {
    Identifier identifier = new Identifier().text(Identifier.QUERY_RETRIEVE_LEVEL, level.name());
    keys.forEach(identifier::text);
    return identifier.bytes();
  }

  /// The service by study where the peer has it, else the one by patient.
  private Service root(Service study, Service patient) {
    if (contextFor(study.sopClassUid()).isPresent()) {
      return study;
    }
    if (contextFor(patient.sopClassUid()).isPresent()) {
      return patient;
    }
    throw NodeProblems.takesNothing(node);
  }

  /// Peers collect what they were asked for, and move it elsewhere, without a word meanwhile.
  private Duration retrievePatience() {
    return connection.timeouts().response().multipliedBy(5);
  }

  private int request(
      int commandField, Service service, byte[] identifier, Consumer<CommandSet> more)
      throws IOException {
    int id = nextMessageId();
    CommandSet command =
        CommandSet.of(commandField, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, service.sopClassUid())
            .number(CommandSet.MESSAGE_ID, id)
            .number(CommandSet.PRIORITY, priority.code());
    more.accept(command);
    messages.send(contextOf(service), command, Outgoing.of(identifier));
    return id;
  }

  private void cancel(Service service, int id) throws IOException {
    messages.send(
        contextOf(service),
        CommandSet.of(Command.C_CANCEL_RQ, false)
            .number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO, id),
        null);
  }

  private int contextOf(Service service) {
    return contextFor(service.sopClassUid()).orElseThrow(() -> NodeProblems.takesNothing(node));
  }

  // ---- storage commitment

  /// Asks the peer to keep instances (N-ACTION). Its report comes later: on this association, to be
  /// waited for with [#awaitReport], on another that we open, or to our [StorageServer].
  ///
  /// @param transactionUid a UID of ours, by which the report is known
  /// @return whether the peer took the request
  public DimseStatus requestCommitment(
      String transactionUid, List<CommitmentReport.Reference> references) {
    int context = contextOf(Service.STORAGE_COMMITMENT);
    return doing(() -> {
      messages.send(
          context,
          CommandSet.of(Command.N_ACTION_RQ, true)
              .uid(CommandSet.REQUESTED_SOP_CLASS_UID, CommitmentReport.SOP_CLASS)
              .number(CommandSet.MESSAGE_ID, nextMessageId())
              .uid(CommandSet.REQUESTED_SOP_INSTANCE_UID, CommitmentReport.SOP_INSTANCE)
              .number(CommandSet.ACTION_TYPE_ID, CommitmentReport.REQUEST_ACTION),
          Outgoing.of(CommitmentReport.request(transactionUid, references)));
      while (true) {
        Message message = await(connection.timeouts().response());
        if (!isEarlyReport(message)) {
          return expect(message, Command.N_ACTION_RQ).status();
        }
      }
    });
  }

  /// Reports on storage commitment that this peer asked for (N-EVENT-REPORT).
  ///
  /// @param references what it asked for
  DimseStatus report(CommitmentReport report, List<CommitmentReport.Reference> references) {
    int context = contextOf(Service.STORAGE_COMMITMENT);
    return doing(() -> {
      messages.send(
          context,
          CommandSet.of(Command.N_EVENT_REPORT_RQ, true)
              .uid(CommandSet.AFFECTED_SOP_CLASS_UID, CommitmentReport.SOP_CLASS)
              .number(CommandSet.MESSAGE_ID, nextMessageId())
              .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, CommitmentReport.SOP_INSTANCE)
              .number(CommandSet.EVENT_TYPE_ID, report.eventType()),
          Outgoing.of(report.bytes(references)));
      return awaitResponse(Command.N_EVENT_REPORT_RQ).status();
    });
  }

  /// Waits for a report on this association, answers it and gives it back. When none comes in time,
  /// or the peer releases, the association is over, and the report may still come elsewhere.
  ///
  /// @param patience how long
  public Optional<CommitmentReport> awaitReport(Duration patience) {
    if (!early.isEmpty()) {
      return Optional.of(early.removeFirst());
    }
    if (ended) {
      return Optional.empty();
    }
    try {
      Optional<Message> message = messages.receive(patience);
      if (message.isEmpty()) {
        releasedByPeer();
        return Optional.empty();
      }
      if (message.get().command().commandField() != Command.N_EVENT_REPORT_RQ) {
        throw connection.protocolError("a message that answers nothing");
      }
      return Optional.of(CommitmentService.answer(messages, message.get()));
    } catch (NetworkException.TimedOut e) {
      abort();
      return Optional.empty();
    } catch (IOException e) {
      abort();
      throw NodeProblems.of(node, e);
    }
  }

  // ---- the end

  /// Releases the association; what goes wrong with that changes nothing any more.
  @Override
  public void close() {
    if (ended) {
      return;
    }
    ended = true;
    try {
      connection.release();
    } catch (IOException e) {
      connection.kill();
    }
  }

  /// Ends the association at once.
  public void abort() {
    if (!ended) {
      ended = true;
      connection.abort(Pdu.Abort.NOT_SPECIFIED);
    }
  }

  // ---- messages

  private interface Doing<T> {
    T run() throws IOException;
  }

  /// Does something on the network, and ends the association when that fails.
  private <T> T doing(Doing<T> action) {
    if (ended) {
      throw new IllegalStateException("the association is over");
    }
    try {
      return action.run();
    } catch (MessageStream.SourceFailure e) {
      abort();
      throw NodeProblems.sourceFailed(e);
    } catch (IOException e) {
      abort();
      throw NodeProblems.of(node, e);
    } catch (RuntimeException e) {
      abort();
      throw e;
    }
  }

  private int nextMessageId() {
    lastMessageId = lastMessageId == MESSAGE_ID_MAX ? 1 : lastMessageId + 1;
    return lastMessageId;
  }

  private CommandSet awaitResponse(int request) throws IOException {
    Timeouts timeouts = connection.timeouts();
    while (true) {
      Message message = await(timeouts.forBytes(timeouts.response(), messages.sentBytes()));
      if (!isEarlyReport(message)) {
        return expect(message, request);
      }
    }
  }

  /// A report comes when the peer has looked, whatever we do meanwhile.
  private boolean isEarlyReport(Message message) throws IOException {
    if (message.command().commandField() != Command.N_EVENT_REPORT_RQ
        || !offers(Service.STORAGE_COMMITMENT)
        || early.size() >= EARLY_REPORTS_MAX) {
      return false;
    }
    early.add(CommitmentService.answer(messages, message));
    return true;
  }

  private Message await(Duration patience) throws IOException {
    return messages.receive(patience).orElseThrow(this::releasedByPeer);
  }

  private CommandSet expect(Message message, int request) throws IOException {
    if (message.command().commandField() != Command.responseTo(request)) {
      throw connection.protocolError("a message that answers nothing");
    }
    return message.command();
  }

  private IOException releasedByPeer() {
    ended = true;
    try {
      connection.answerRelease();
    } catch (IOException e) {
      connection.kill();
    }
    return new NetworkException.Released();
  }
}
