package serdab.dicom.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.DicomWriter;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.NodeSheet.Service;
import serdab.dicom.net.Pdu.AssociateReject;
import serdab.dicom.net.Pdu.ContextAnswer;

/// Listens, and takes what others send (C-STORE), into an [InstanceSink], or answers what they ask
/// for (C-FIND, C-GET, C-MOVE) out of [Holdings]; answers C-ECHO, and takes reports on storage
/// commitment where somebody waits for them.
///
/// Each association has a virtual thread of its own. Whatever a caller does ends its own
/// association at most; the server goes on. Thread-safe.
public final class StorageServer implements AutoCloseable {

  /// Callers beyond the limit are heard and told so. Beyond this many, they are not even heard.
  private static final int TURNED_AWAY_AT_A_TIME_MAX = 64;

  /// Granted to those who ask: hides the way to and fro. They are worked on in their order.
  private static final int WINDOW_MAX = 16;

  private static final Set<String> FIND =
      Set.of(Service.FIND_STUDY_ROOT.sopClassUid(), Service.FIND_PATIENT_ROOT.sopClassUid());
  private static final Set<String> GET =
      Set.of(Service.GET_STUDY_ROOT.sopClassUid(), Service.GET_PATIENT_ROOT.sopClassUid());
  private static final Set<String> MOVE =
      Set.of(Service.MOVE_STUDY_ROOT.sopClassUid(), Service.MOVE_PATIENT_ROOT.sopClassUid());

  private static final Duration CLOSING = Duration.ofSeconds(10);

  private final ServerSettings settings;
  private final @Nullable InstanceSink sink;
  private final Consumer<ServerEvent> events;
  private final ServerSocketChannel listener;
  private final InetSocketAddress address;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicInteger associations = new AtomicInteger();
  private final Set<Served> served = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;

  private StorageServer(
      ServerSettings settings, @Nullable InstanceSink sink, Consumer<ServerEvent> events) {
    this.settings = settings;
    this.sink = sink;
    this.events = events;
    try {
      this.listener = ServerSocketChannel.open();
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      listener.bind(settings.address());
      this.address = (InetSocketAddress) listener.getLocalAddress();
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "cannot-listen",
              "Nothing can listen at "
                  + settings.address().getHostString()
                  + ", port "
                  + settings.address().getPort()
                  + ".",
              "Another program may have this port, or ports below 1024 need more rights: choose"
                  + " another, such as 11112.",
              Map.of("reason", String.valueOf(e.getMessage()))),
          e);
    }
  }

  /// Starts to listen.
  ///
  /// @param events is told what happens, by many threads
  /// @throws SerdabException.Unavailable when it cannot listen there
  public static StorageServer start(
      ServerSettings settings, InstanceSink sink, Consumer<ServerEvent> events) {
    return new StorageServer(settings, sink, events).started();
  }

  /// Starts to listen, and takes no instances.
  ///
  /// @param events is told what happens, by many threads
  /// @throws SerdabException.Unavailable when it cannot listen there
  public static StorageServer start(ServerSettings settings, Consumer<ServerEvent> events) {
    return new StorageServer(settings, null, events).started();
  }

  private StorageServer started() {
    Thread.ofVirtual().name("dicom-listen").start(this::listen);
    return this;
  }

  /// Where it listens, with the port that it got.
  public InetSocketAddress address() {
    return address;
  }

  /// Stops listening, lets the messages under way come to their end, and ends all associations.
  @Override
  public void close() {
    closing = true;
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Served> left = List.copyOf(served);
    left.forEach(Served::endWhenIdle);
    long deadline = System.nanoTime() + CLOSING.toNanos();
    left.forEach(one -> one.awaitEnd(deadline));
  }

  private void listen() {
    while (!closing) {
      try {
        SocketChannel channel = listener.accept();
        if (served.size() >= settings.associationsMax() + TURNED_AWAY_AT_A_TIME_MAX) {
          channel.close();
          continue;
        }
        Served one = new Served(channel);
        served.add(one);
        one.thread.start();
      } catch (IOException e) {
        if (!listener.isOpen()) {
          return;
        }
        // Out of file descriptors, mostly: others may end soon.
        LockSupport.parkNanos(this, Duration.ofMillis(100).toNanos());
      }
    }
  }

  /// One connection.
  private final class Served {

    private final SocketChannel channel;
    private final Thread thread;
    private volatile boolean idle = true;
    private long stored;
    private long notStored;

    Served(SocketChannel channel) {
      this.channel = channel;
      this.thread = Thread.ofVirtual().name("dicom-association").unstarted(this::run);
    }

    void endWhenIdle() {
      if (idle) {
        closeChannel();
      }
    }

    void awaitEnd(long deadlineNanos) {
      try {
        long left = Math.max(1, deadlineNanos - System.nanoTime());
        if (!thread.join(Duration.ofNanos(left))) {
          closeChannel();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        closeChannel();
      }
    }

    private void closeChannel() {
      try {
        channel.close();
      } catch (IOException e) {
        // A socket that cannot be closed is one that is closed.
        idle = true;
      }
    }

    private void run() {
      try {
        InetAddress from = ((InetSocketAddress) channel.getRemoteAddress()).getAddress();
        try {
          Connection connection =
              new Connection(transport(), settings.timeouts(), false, settings.pduLengthMax());
          try {
            serve(connection, from);
          } finally {
            connection.kill();
          }
        } catch (IOException e) {
          events.accept(new ServerEvent.TurnedAway(from, why(e)));
        }
      } catch (IOException e) {
        // Gone before it could be asked where it came from.
        closeChannel();
      } finally {
        closeChannel();
        served.remove(this);
      }
    }

    private String why(IOException e) {
      return e instanceof NetworkException || e instanceof SSLException
          ? String.valueOf(e.getMessage())
          : "the connection broke";
    }

    private Transport transport() throws IOException {
      Optional<SSLContext> tls = settings.tls();
      if (tls.isEmpty()) {
        return Transport.plain(channel);
      }
      try (Watchdog watchdog = new Watchdog(channel)) {
        watchdog.arm(settings.timeouts().negotiation());
        return Transport.tlsFrom(channel, tls.get(), settings.isCertificateNeeded());
      }
    }

    private void serve(Connection connection, InetAddress from) throws IOException {
      Pdu.AssociateRequest request = connection.awaitRequest();
      Optional<Rejection> rejection = rejection(request, from);
      if (rejection.isPresent()) {
        connection.reject(rejection.get().pdu());
        events.accept(new ServerEvent.TurnedAway(from, rejection.get().why()));
        return;
      }
      if (associations.incrementAndGet() > settings.associationsMax()) {
        associations.decrementAndGet();
        connection.reject(
            new AssociateReject(AssociateReject.TRANSIENT, AssociateReject.BY_PRESENTATION, 2));
        events.accept(new ServerEvent.TurnedAway(from, "there are as many as there may be"));
        return;
      }
      try {
        serveAssociation(connection, request, from);
      } finally {
        associations.decrementAndGet();
      }
    }

    private void serveAssociation(
        Connection connection, Pdu.AssociateRequest request, InetAddress from) throws IOException {
      Map<Integer, PresentationContext> contexts = new HashMap<>();
      connection.accept(accept(request, contexts));
      AssociationFacts facts =
          new AssociationFacts(
              numbers.incrementAndGet(),
              request.calling(),
              request.called(),
              from,
              request.user().implementationClassUid(),
              request.user().implementationVersionName(),
              connection.transport().peerCertificate());
      events.accept(new ServerEvent.Opened(facts));
      String trouble = "the server failed";
      boolean released = false;
      try {
        released = answer(connection, request, contexts, facts);
        trouble = released ? "" : "the server stops";
      } catch (IOException e) {
        trouble = why(e);
      } finally {
        connection.abort(Pdu.Abort.NOT_SPECIFIED);
        events.accept(new ServerEvent.Ended(facts, stored, notStored, released, trouble));
      }
    }

    /// Answers one message after the other.
    ///
    /// @return whether the peer released, rather than this server being closed
    private boolean answer(
        Connection connection,
        Pdu.AssociateRequest request,
        Map<Integer, PresentationContext> contexts,
        AssociationFacts facts)
        throws IOException {
      MessageStream messages =
          new MessageStream(connection, request.user().pduLengthMax(), settings.messageBytesMax());
      Services services =
          new Services(
              Optional.ofNullable(sink).map(taking -> new StoreService(taking, facts)),
              settings.holdings().map(held -> new FindService(connection, messages, held, facts)),
              settings
                  .holdings()
                  .map(held ->
                      new RetrieveService(
                          connection, messages, held, facts, contexts, taken(request))),
              settings
                  .commitments()
                  .map(kept -> new CommittingService(settings.timeouts(), messages, kept, facts)));
      try {
        while (true) {
          idle = true;
          if (closing) {
            return false;
          }
          Optional<Message> message = messages.receive(settings.timeouts().idle());
          idle = false;
          if (message.isEmpty()) {
            connection.answerRelease();
            return true;
          }
          PresentationContext context = contexts.get(message.get().contextId());
          if (context == null) {
            throw connection.protocolError("a message on a context that was not accepted");
          }
          answer(connection, messages, services, message.get(), context);
        }
      } finally {
        services.commit().ifPresent(CommittingService::ended);
      }
    }

    /// What is offered on one association.
    private record Services(
        Optional<StoreService> storage,
        Optional<FindService> find,
        Optional<RetrieveService> retrieve,
        Optional<CommittingService> commit) {

      /// @return whether this is offered on this context; else the message was not read
      boolean answer(int commandField, Message message, PresentationContext context)
          throws IOException {
        String about = context.abstractSyntax();
        if (find.isPresent() && commandField == Command.C_FIND_RQ && FIND.contains(about)) {
          find.get().answer(message, context);
          return true;
        }
        if (retrieve.isPresent() && commandField == Command.C_GET_RQ && GET.contains(about)) {
          retrieve.get().get(message, context);
          return true;
        }
        if (retrieve.isPresent() && commandField == Command.C_MOVE_RQ && MOVE.contains(about)) {
          retrieve.get().move(message, context);
          return true;
        }
        return false;
      }
    }

    private void answer(
        Connection connection,
        MessageStream messages,
        Services services,
        Message message,
        PresentationContext context)
        throws IOException {
      CommandSet command = message.command();
      switch (command.commandField()) {
        case Command.C_STORE_RQ -> {
          if (services.storage().isEmpty()) {
            respond(messages, message, DimseStatus.NOT_AUTHORIZED);
          } else if (services.storage().get().answer(messages, message, context).isSuccess()) {
            stored++;
          } else {
            notStored++;
          }
        }
        case Command.C_ECHO_RQ -> respond(messages, message, DimseStatus.SUCCESS);
        case Command.C_CANCEL_RQ -> messages.drain();
        case Command.N_ACTION_RQ -> {
          if (services.commit().isPresent() && isReport(context)) {
            services.commit().get().answer(message);
          } else {
            respond(messages, message, DimseStatus.UNRECOGNIZED_OPERATION);
          }
        }
        case Command.N_EVENT_REPORT_RQ -> {
          if (settings.takesReports() && isReport(context)) {
            settings.reports().accept(CommitmentService.answer(messages, message));
          } else {
            respond(messages, message, DimseStatus.NO_SUCH_EVENT_TYPE);
          }
        }
        case Command.C_FIND_RQ, Command.C_GET_RQ, Command.C_MOVE_RQ -> {
          if (!services.answer(command.commandField(), message, context)) {
            respond(messages, message, DimseStatus.UNRECOGNIZED_OPERATION);
          }
        }
        default -> {
          if (services
              .commit()
              .filter(kept -> kept.isAwaited(command.commandField()))
              .isPresent()) {
            messages.drain();
            return;
          }
          if (Command.isResponse(command.commandField())) {
            throw connection.protocolError("an answer to nothing that was asked");
          }
          respond(messages, message, DimseStatus.UNRECOGNIZED_OPERATION);
        }
      }
    }

    private static boolean isReport(PresentationContext context) {
      return context.abstractSyntax().equals(CommitmentReport.SOP_CLASS);
    }

    private static void respond(MessageStream messages, Message message, DimseStatus status)
        throws IOException {
      messages.drain();
      messages.send(message.contextId(), message.command().response(status, false), null);
    }
  }

  // ---- negotiating

  /// Why an association is not granted.
  private record Rejection(AssociateReject pdu, String why) {

    static Optional<Rejection> byUser(int reason, String why) {
      return Optional.of(
          new Rejection(
              new AssociateReject(AssociateReject.PERMANENT, AssociateReject.BY_USER, reason),
              why));
    }
  }

  /// PS3.8 table 9-21.
  private Optional<Rejection> rejection(Pdu.AssociateRequest request, InetAddress from) {
    if ((request.protocolVersion() & Pdu.PROTOCOL_VERSION) == 0) {
      return Optional.of(
          new Rejection(
              new AssociateReject(AssociateReject.PERMANENT, AssociateReject.BY_ACSE, 2),
              "another version of the protocol"));
    }
    if (!request.applicationContext().equals(Pdu.APPLICATION_CONTEXT)) {
      return Rejection.byUser(2, "another application context");
    }
    if (!settings.answersTo(request.called())) {
      return Rejection.byUser(7, request.calling() + " called " + request.called());
    }
    if (!settings.allows(request.calling(), from)) {
      return Rejection.byUser(3, "the caller " + request.calling() + " is not allowed");
    }
    return Optional.empty();
  }

  private Pdu.AssociateAccept accept(
      Pdu.AssociateRequest request, Map<Integer, PresentationContext> contexts) {
    List<ContextAnswer> answers = new ArrayList<>();
    Set<String> taken = taken(request);
    for (PresentationContext context : request.contexts()) {
      ContextAnswer answer = answer(context, taken);
      if (answer.result() == ContextAnswer.ACCEPTED) {
        contexts.put(
            context.id(),
            new PresentationContext(
                context.id(), context.abstractSyntax(), List.of(answer.transferSyntax())));
      }
      answers.add(answer);
    }
    return new Pdu.AssociateAccept(
        Pdu.PROTOCOL_VERSION,
        request.called(),
        request.calling(),
        Pdu.APPLICATION_CONTEXT,
        answers,
        new Pdu.UserInformation(
            settings.pduLengthMax(),
            DicomWriter.IMPLEMENTATION_CLASS_UID,
            DicomWriter.IMPLEMENTATION_VERSION_NAME,
            request.user().window().map(this::granted),
            roles(request),
            Optional.empty(),
            request.user().identity().map(UserIdentity::isAnswerWanted).orElse(false)));
  }

  /// A node that reports on storage commitment is its SCP although it calls (PS3.4 section J.3.3),
  /// and so is one that is to be sent what it asks for (section C.5.3): it proposes that role, and
  /// needs it granted.
  private List<Pdu.RoleSelection> roles(Pdu.AssociateRequest request) {
    Set<String> taken = taken(request);
    return request.user().roles().stream()
        .filter(role ->
            taken.contains(role.sopClassUid())
                || (settings.takesReports()
                    && role.sopClassUid().equals(CommitmentReport.SOP_CLASS)))
        .map(role ->
            new Pdu.RoleSelection(
                role.sopClassUid(),
                sink != null && role.scu() && StorageClasses.contains(role.sopClassUid()),
                role.scp()))
        .toList();
  }

  /// The SOP classes of which the peer takes instances from us.
  private Set<String> taken(Pdu.AssociateRequest request) {
    return settings.holdings().isEmpty()
        ? Set.of()
        : request.user().roles().stream()
            .filter(role -> role.scp() && StorageClasses.contains(role.sopClassUid()))
            .map(Pdu.RoleSelection::sopClassUid)
            .collect(Collectors.toSet());
  }

  /// Whether what a context is about is offered.
  private boolean isOffered(String abstractSyntax, Set<String> taken) {
    return abstractSyntax.equals(ProposedContext.VERIFICATION)
        || (sink != null && StorageClasses.contains(abstractSyntax))
        || taken.contains(abstractSyntax)
        || (isAboutCommitment() && abstractSyntax.equals(CommitmentReport.SOP_CLASS))
        || (settings.holdings().isPresent() && isAsking(abstractSyntax));
  }

  /// Whether we report, or are reported to.
  private boolean isAboutCommitment() {
    return settings.takesReports() || settings.commitments().isPresent();
  }

  private static boolean isAsking(String abstractSyntax) {
    return FIND.contains(abstractSyntax)
        || GET.contains(abstractSyntax)
        || MOVE.contains(abstractSyntax);
  }

  private ContextAnswer answer(PresentationContext context, Set<String> taken) {
    String proposedFirst =
        context.transferSyntaxes().isEmpty() ? "" : context.transferSyntaxes().getFirst();
    if (!isOffered(context.abstractSyntax(), taken)) {
      return new ContextAnswer(
          context.id(), ContextAnswer.ABSTRACT_SYNTAX_NOT_SUPPORTED, proposedFirst);
    }
    String chosen =
        context.abstractSyntax().equals(CommitmentReport.SOP_CLASS)
                || isAsking(context.abstractSyntax())
            ? commonSyntax(context)
            : preferred(context, taken)
                .orElseGet(() -> StorageClasses.choose(context.transferSyntaxes()));
    return chosen.isEmpty()
        ? new ContextAnswer(
            context.id(), ContextAnswer.TRANSFER_SYNTAXES_NOT_SUPPORTED, proposedFirst)
        : new ContextAnswer(context.id(), ContextAnswer.ACCEPTED, chosen);
  }

  /// What a peer is to be sent is not converted, so the syntax counts that it is held in.
  private Optional<String> preferred(PresentationContext context, Set<String> taken) {
    return taken.contains(context.abstractSyntax())
        ? settings
            .holdings()
            .flatMap(held -> held.preferred(context.abstractSyntax(), context.transferSyntaxes()))
        : Optional.empty();
  }

  /// Reports and questions are read in the syntax that every node must know.
  private static String commonSyntax(PresentationContext context) {
    String common = Identifier.syntaxes().getFirst();
    return context.transferSyntaxes().contains(common) ? common : "";
  }

  /// 0 asks for any number (PS3.7 section D.3.3.3.1).
  private Pdu.AsyncWindow granted(Pdu.AsyncWindow wanted) {
    if (settings.holdings().isPresent()) {
      // While a question is answered, the next word must be about it.
      return new Pdu.AsyncWindow(1, 1);
    }
    return new Pdu.AsyncWindow(
        wanted.invoked() == 0 ? WINDOW_MAX : Math.min(wanted.invoked(), WINDOW_MAX), 1);
  }

  /// For messages of tests and logs.
  @Override
  public String toString() {
    return settings.title() + " at " + address;
  }
}
