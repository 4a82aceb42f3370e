package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.FileMeta;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;
import serdab.testing.Reencoding;

/// A PACS that keeps what it is sent in memory, and can be told to lie: verification, storage,
/// query, C-GET, C-MOVE and storage commitment. On the loopback address, on a free port, gone when
/// it is closed. Thread-safe.
///
/// It is made of the wire code that is tested elsewhere against programs of others; what it says is
/// its own.
public final class LyingPacs implements AutoCloseable {

  /// What a PACS does wrong, or in an unusual way.
  public enum Fault {
    // ---- associations
    /// It is too busy for the first two associations.
    REJECTS_TWICE,
    /// It is too busy for each second association.
    REJECTS_EVERY_SECOND,
    ALWAYS_REJECTS,
    KNOWS_NO_CALLER,
    KNOWS_NO_SUCH_TITLE,
    /// One association at a time.
    ONE_ASSOCIATION,
    /// It grants an association without any context.
    TAKES_NOTHING,
    IMPLICIT_ONLY,
    /// It accepts with a syntax that nobody proposed.
    PICKS_ANOTHER_SYNTAX,
    SMALL_PDUS,
    /// It says that PDUs may be of any length.
    ENDLESS_PDUS,
    /// What it says comes byte by byte.
    BYTE_BY_BYTE,
    NAGLES,
    /// It grants a window, and answers in pairs turned around.
    TURNS_ANSWERS_AROUND,
    FAILS_ECHO,
    // ---- storing
    STORES_NOTHING,
    LOSES_EVERY_THIRD,
    /// Another object under a UID that it has: it says it stored it, and keeps the first.
    KEEPS_THE_FIRST,
    /// It refuses what it has, with status 0111.
    REFUSES_DUPLICATES,
    /// It changes the patient's id, and says so: status B000.
    COERCES_PATIENT_ID,
    COERCES_PATIENT_ID_SILENTLY,
    /// It says B007, and changed nothing.
    WARNS_FALSELY,
    STRIPS_PRIVATE_TAGS,
    CHANGES_A_PIXEL,
    /// It writes names in an 8-bit character set, with question marks where that has none.
    REENCODES_TEXT_WITH_LOSS,
    /// It compresses (RLE), and keeps the UID.
    COMPRESSES,
    CUTS_PIXELS_SHORT,
    STORES_UNDER_ANOTHER_UID,
    MOVES_INTO_ANOTHER_STUDY,
    WRITES_IMPLICIT,
    WRITES_UNDEFINED_LENGTHS,
    ADDS_GROUP_LENGTHS,
    ADDS_PADDING,
    MOVES_PRIVATE_TAGS,
    /// It stores, and says that it could not.
    FAILS_FALSELY,
    /// It is out of resources for the first two objects.
    OUT_OF_RESOURCES_TWICE,
    ALWAYS_OUT_OF_RESOURCES,
    /// It does not understand every third object.
    REFUSES_EVERY_THIRD,
    ABORTS_AFTER_TWO,
    RELEASES_AFTER_TWO,
    /// It takes half an object and closes the connection, once.
    BREAKS_OFF_ONCE,
    /// The same for every object.
    ALWAYS_BREAKS_OFF,
    ANSWERS_ANOTHER_MESSAGE,
    ANSWERS_TWICE,
    /// It stores, and answers nothing.
    STORES_IN_SILENCE,
    ANSWERS_WITH_GARBAGE,
    // ---- queries
    NO_FIND,
    PATIENT_ROOT_ONLY,
    COUNTS_ONE_MORE,
    COUNTS_ONE_LESS,
    COUNTS_NOTHING,
    /// It gives two rows at most, or [#capAt], and says that this was all.
    CAPS_QUERIES_SILENTLY,
    /// The same, and it says so.
    CAPS_QUERIES_OPENLY,
    LISTS_A_GHOST,
    HIDES_ONE,
    LISTS_THE_LOST,
    LISTS_TWICE,
    /// It lists everything, whatever is asked.
    IGNORES_KEYS,
    REFUSES_IMAGE_LEVEL,
    ROWS_OF_GARBAGE,
    ROWS_WITHOUT_UIDS,
    ROWS_WITHOUT_END,
    /// More rows come after C-CANCEL.
    IGNORES_CANCEL,
    SAYS_KEYS_UNSUPPORTED,
    SILENT_QUERIES,
    // ---- retrieving
    NO_GET,
    NO_MOVE,
    /// One instance less, and the counts say that all came.
    GIVES_ONE_LESS,
    /// One instance less, named as failed.
    GIVES_ONE_LESS_OPENLY,
    GIVES_NOTHING,
    GIVES_TWICE,
    /// Each instance under the name of the next.
    SWAPS_NAMES,
    GIVES_A_STRANGER,
    FLIPS_A_BIT,
    CUTS_INSTANCES_SHORT,
    BREAKS_OFF_RETRIEVAL,
    REFUSES_RETRIEVAL,
    KNOWS_NO_DESTINATION,
    COUNTS_WRONG,
    SAYS_FAILED,
    NO_PENDING,
    GIVES_IMPLICIT,
    SILENT_RETRIEVAL,
    /// The answer to C-MOVE comes before the objects.
    MOVES_AFTERWARDS,
    // ---- storage commitment
    NO_COMMITMENT,
    REFUSES_COMMITMENT,
    COMMITS_TO_EVERYTHING,
    COMMITS_TO_NOTHING,
    COMMITS_AND_LOSES,
    NEVER_REPORTS,
    REPORTS_TWICE,
    REPORTS_FIRST,
    /// On an association that it opens itself.
    REPORTS_ELSEWHERE,
    REPORTS_FEWER,
    REPORTS_BACKWARDS,
    REPORTS_ANOTHER_TRANSACTION
  }

  private static final String TITLE = "LIAR";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int FEW = 2;
  private static final String UNPROPOSED = "1.2.840.10008.1.2.4.80";
  private static final String QUERY_RETRIEVE = "1.2.840.10008.5.1.4.1.2.";
  private static final DimseStatus NOT_KEPT = new DimseStatus(0x0112);

  /// An instance that is held.
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  public record Kept(
      String study, String series, String sop, String sopClass, String syntax, byte[] file) {

    static Kept of(byte[] file) {
      try {
        DicomFile read = DicomFile.read(ByteSource.of(file));
        InstanceFacts facts = read.facts();
        return new Kept(
            facts.study().value(),
            facts.series().value(),
            facts.sop().value(),
            facts.sopClassUid(),
            read.transferSyntax().uid(),
            file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    byte[] body() {
      try {
        int offset = (int) DicomFile.scan(ByteSource.of(file)).dataSetOffset();
        return Arrays.copyOfRange(file, offset, file.length);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final ServerSocketChannel listener;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final Set<Fault> faults = ConcurrentHashMap.newKeySet();
  private final Map<String, Kept> kept = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Map<String, Kept> lost = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Map<String, Integer> destinations = new ConcurrentHashMap<>();
  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger arrived = new AtomicInteger();
  private final AtomicInteger associations = new AtomicInteger();
  private final AtomicInteger present = new AtomicInteger();
  private final AtomicInteger brokenOff = new AtomicInteger();
  private volatile boolean closed;
  private volatile int cap = FEW;
  private final Set<String> priorities = ConcurrentHashMap.newKeySet();
  private volatile IntConsumer arrival = _ -> {};
  private volatile @Nullable UserIdentity demanded;
  private volatile boolean wantsPatients;

  private LyingPacs() {
    try {
      listener = ServerSocketChannel.open();
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static LyingPacs start() {
    LyingPacs pacs = new LyingPacs();
    Thread.ofVirtual().name("liar").start(pacs::listen);
    return pacs;
  }

  /// `dicom://LIAR@127.0.0.1:…`
  public String address() {
    return "dicom://" + TITLE + "@127.0.0.1:" + port();
  }

  public int port() {
    try {
      return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public LyingPacs with(Fault... some) {
    faults.addAll(Arrays.asList(some));
    return this;
  }

  public LyingPacs honest() {
    faults.clear();
    return this;
  }

  /// How many rows it gives where it cuts.
  public LyingPacs capAt(int rows) {
    cap = rows;
    return this;
  }

  /// From now on it takes associations of this user alone, each of them.
  public LyingPacs demands(String name, String passcode) {
    demanded =
        passcode.isEmpty()
            ? UserIdentity.ofName(name)
            : UserIdentity.ofNameAndPasscode(name, passcode);
    return this;
  }

  /// From now on it wants to know by one Patient ID whose study it is asked for, as the patient
  /// root has it (PS3.4 section C.6.1).
  public LyingPacs wantsPatients() {
    wantsPatients = true;
    return this;
  }

  /// Lets it know a node: where C-MOVE may go to, and where reports on commitment go.
  public LyingPacs knows(String title, int port) {
    destinations.put(title, port);
    return this;
  }

  /// Puts an instance there, as somebody else did.
  public LyingPacs put(byte[] file) {
    Kept instance = Kept.of(file);
    kept.put(instance.sop(), instance);
    return this;
  }

  /// Takes an instance away, as somebody else did.
  public void lose(String sop) {
    kept.remove(sop);
  }

  /// The file that it has under this UID.
  public byte[] bytes(String sop) {
    return Objects.requireNonNull(kept.get(sop), "it has no such instance").file();
  }

  public Map<String, Kept> kept() {
    synchronized (kept) {
      return new LinkedHashMap<>(kept);
    }
  }

  /// How many objects were sent to it, whatever became of them.
  public int arrived() {
    return arrived.get();
  }

  /// Lets somebody do something before each object that comes is answered, told how many came.
  public LyingPacs onArrival(IntConsumer told) {
    arrival = told;
    return this;
  }

  /// The values of Priority (0000,0700) that came, behind the command field: `0020 2`.
  public Set<String> priorities() {
    return Set.copyOf(priorities);
  }

  /// How many associations are open now.
  public int present() {
    return present.get();
  }

  /// How many associations were asked for.
  public int associations() {
    return associations.get();
  }

  /// What was asked, in its order: `C-STORE`, `C-FIND STUDY`, `C-GET IMAGE` and so on.
  public List<String> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  public void forgetRequests() {
    requests.clear();
  }

  private boolean does(Fault fault) {
    return faults.contains(fault);
  }

  private List<Kept> all() {
    synchronized (kept) {
      return new ArrayList<>(kept.values());
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      listener.close();
      for (SocketChannel each : open) {
        each.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- connections

  private void listen() {
    while (!closed) {
      try {
        SocketChannel channel = listener.accept();
        open.add(channel);
        Thread.ofVirtual().name("liar-association").start(() -> serve(channel));
      } catch (IOException e) {
        if (!listener.isOpen()) {
          return;
        }
      }
    }
  }

  private void serve(SocketChannel channel) {
    try (channel) {
      SocketChannel spoken = does(Fault.BYTE_BY_BYTE) ? byteByByte(channel) : channel;
      Transport transport = Transport.plain(spoken);
      if (does(Fault.NAGLES)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, false);
      }
      Connection connection = new Connection(transport, Timeouts.DEFAULT, false, 128 << 10);
      try {
        new Dialogue(connection).run();
      } finally {
        connection.kill();
      }
    } catch (IOException e) {
      // The other side went, or was driven away: what most faults are about.
      requests.add("ended");
    } finally {
      open.remove(channel);
    }
  }

  /// Stands between the two: what we say goes on in segments of one byte.
  private SocketChannel byteByByte(SocketChannel outside) throws IOException {
    outside.setOption(StandardSocketOptions.TCP_NODELAY, true);
    try (ServerSocketChannel between =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      SocketChannel inside = SocketChannel.open(between.getLocalAddress());
      SocketChannel ours = between.accept();
      open.add(inside);
      open.add(ours);
      Thread.ofVirtual().start(() -> pump(outside, inside, 64 << 10));
      Thread.ofVirtual().start(() -> pump(inside, outside, 1));
      return ours;
    }
  }

  private static void pump(SocketChannel from, SocketChannel to, int atOnce) {
    ByteBuffer part = ByteBuffer.allocate(64 << 10);
    try {
      while (from.read(part.clear()) >= 0) {
        part.flip();
        int end = part.limit();
        while (part.position() < end) {
          part.limit(Math.min(end, part.position() + atOnce));
          to.write(part);
        }
      }
      to.shutdownOutput();
    } catch (IOException e) {
      try {
        from.close();
        to.close();
      } catch (IOException e2) {
        e.addSuppressed(e2);
      }
    }
  }

  /// One association.
  private final class Dialogue {

    private final Connection connection;
    private final Map<Integer, PresentationContext> contexts = new HashMap<>();
    private final Deque<Held> heldBack = new ArrayDeque<>();
    private MessageStream messages;
    private Pdu.AssociateRequest request;
    private int window = 1;
    private int stored;
    private int sentId = 100;
    private boolean isPresent;

    /// An answer that waits for the next one.
    private record Held(int context, CommandSet answer) {}

    Dialogue(Connection connection) throws IOException {
      this.connection = connection;
      this.request = connection.awaitRequest();
      this.messages = new MessageStream(connection, pduLengthMax(), 1L << 30);
    }

    private long pduLengthMax() {
      long theirs = request.user().pduLengthMax();
      return does(Fault.SMALL_PDUS) ? Math.min(4096, theirs == 0 ? 4096 : theirs) : theirs;
    }

    void run() throws IOException {
      int number = associations.incrementAndGet();
      Optional<Pdu.AssociateReject> rejection = rejection(number);
      if (rejection.isPresent()) {
        connection.reject(rejection.get());
        return;
      }
      present.incrementAndGet();
      isPresent = true;
      try {
        connection.accept(accept());
        while (answerOne()) {
          // One message after the other.
        }
      } finally {
        leave();
      }
    }

    /// Before the last word, so that whoever heard it may come again at once.
    private void leave() {
      if (isPresent) {
        isPresent = false;
        present.decrementAndGet();
      }
    }

    private Optional<Pdu.AssociateReject> rejection(int number) {
      boolean busy =
          does(Fault.ALWAYS_REJECTS)
              || (does(Fault.REJECTS_TWICE) && number <= 2)
              || (does(Fault.REJECTS_EVERY_SECOND) && number % 2 == 0);
      if (busy) {
        return Optional.of(new Pdu.AssociateReject(2, 3, 1));
      }
      if (does(Fault.ONE_ASSOCIATION) && present.get() > 0) {
        return Optional.of(new Pdu.AssociateReject(2, 3, 2));
      }
      if (isStranger()) {
        requests.add("stranger");
        return Optional.of(new Pdu.AssociateReject(1, 1, 1));
      }
      if (does(Fault.KNOWS_NO_CALLER)) {
        return Optional.of(new Pdu.AssociateReject(1, 1, 3));
      }
      return does(Fault.KNOWS_NO_SUCH_TITLE)
          ? Optional.of(new Pdu.AssociateReject(1, 1, 7))
          : Optional.empty();
    }

    private boolean isStranger() {
      UserIdentity wanted = demanded;
      return wanted != null
          && request
              .user()
              .identity()
              .filter(who ->
                  who.type() == wanted.type()
                      && Arrays.equals(who.primary(), wanted.primary())
                      && Arrays.equals(who.secondary(), wanted.secondary()))
              .isEmpty();
    }

    private Pdu.AssociateAccept accept() {
      List<Pdu.ContextAnswer> answers = new ArrayList<>();
      for (PresentationContext context : request.contexts()) {
        answers.add(answer(context));
      }
      Optional<Pdu.AsyncWindow> granted =
          does(Fault.TURNS_ANSWERS_AROUND) ? request.user().window() : Optional.empty();
      window = granted.map(Pdu.AsyncWindow::invoked).orElse(1);
      long pduLength = does(Fault.SMALL_PDUS) ? 4096 : does(Fault.ENDLESS_PDUS) ? 0 : 128 << 10;
      return new Pdu.AssociateAccept(
          1,
          request.called(),
          request.calling(),
          Pdu.APPLICATION_CONTEXT,
          answers,
          new Pdu.UserInformation(
              pduLength,
              "1.2.3.9",
              TITLE,
              granted,
              request.user().roles(),
              Optional.empty(),
              demanded != null));
    }

    private Pdu.ContextAnswer answer(PresentationContext context) {
      String about = context.abstractSyntax();
      String first = context.transferSyntaxes().getFirst();
      if (does(Fault.TAKES_NOTHING) || isRefused(about)) {
        return new Pdu.ContextAnswer(
            context.id(), Pdu.ContextAnswer.ABSTRACT_SYNTAX_NOT_SUPPORTED, first);
      }
      boolean isService =
          about.startsWith(QUERY_RETRIEVE)
              || about.equals(CommitmentReport.SOP_CLASS)
              || about.equals(ProposedContext.VERIFICATION);
      String chosen;
      if (isService || does(Fault.IMPLICIT_ONLY)) {
        String implicit = TransferSyntax.IMPLICIT_LITTLE_ENDIAN;
        chosen = context.transferSyntaxes().contains(implicit) ? implicit : "";
      } else {
        chosen = StorageClasses.choose(context.transferSyntaxes());
      }
      if (chosen.isEmpty()) {
        return new Pdu.ContextAnswer(
            context.id(), Pdu.ContextAnswer.TRANSFER_SYNTAXES_NOT_SUPPORTED, first);
      }
      if (!isService && does(Fault.PICKS_ANOTHER_SYNTAX)) {
        return new Pdu.ContextAnswer(context.id(), Pdu.ContextAnswer.ACCEPTED, UNPROPOSED);
      }
      contexts.put(context.id(), new PresentationContext(context.id(), about, List.of(chosen)));
      return new Pdu.ContextAnswer(context.id(), Pdu.ContextAnswer.ACCEPTED, chosen);
    }

    private boolean isRefused(String about) {
      String model = about.startsWith(QUERY_RETRIEVE) ? about.substring(24) : "";
      return (does(Fault.NO_FIND) && model.endsWith(".1"))
          || (does(Fault.NO_MOVE) && model.endsWith(".2"))
          || (does(Fault.NO_GET) && model.endsWith(".3"))
          || (does(Fault.PATIENT_ROOT_ONLY) && model.startsWith("2."))
          || (does(Fault.NO_COMMITMENT) && about.equals(CommitmentReport.SOP_CLASS));
    }

    /// @return whether the association goes on
    private boolean answerOne() throws IOException {
      Optional<Message> next = messages.receive(PATIENCE);
      if (next.isEmpty()) {
        leave();
        connection.answerRelease();
        return false;
      }
      Message message = next.get();
      PresentationContext context = contexts.get(message.contextId());
      if (context == null) {
        throw connection.protocolError("a message on a context that was not accepted");
      }
      message
          .command()
          .number(CommandSet.PRIORITY)
          .ifPresent(priority ->
              priorities.add("%04X %d".formatted(message.command().commandField(), priority)));
      switch (message.command().commandField()) {
        case Command.C_ECHO_RQ -> {
          requests.add("C-ECHO");
          respond(
              message,
              does(Fault.FAILS_ECHO) ? DimseStatus.PROCESSING_FAILURE : DimseStatus.SUCCESS);
        }
        case Command.C_STORE_RQ -> {
          return store(message, context);
        }
        case Command.C_FIND_RQ -> find(message);
        case Command.C_GET_RQ -> retrieve(message, new Here());
        case Command.C_MOVE_RQ -> move(message);
        case Command.N_ACTION_RQ -> commit(message);
        default -> messages.drain();
      }
      return true;
    }

    private void respond(Message message, DimseStatus status) throws IOException {
      messages.drain();
      messages.send(message.contextId(), message.command().response(status, false), null);
    }

    /// Says nothing until the other side has had enough.
    private void stall() throws IOException {
      while (messages.receive(PATIENCE).isPresent()) {
        messages.drain();
      }
      connection.answerRelease();
    }

    // ---- storing

    private boolean store(Message message, PresentationContext context) throws IOException {
      int number = arrived.incrementAndGet();
      requests.add("C-STORE");
      arrival.accept(number);
      boolean breaks =
          does(Fault.ALWAYS_BREAKS_OFF)
              || (does(Fault.BREAKS_OFF_ONCE) && brokenOff.getAndIncrement() == 0);
      if (breaks) {
        messages.body().orElseThrow().read(ByteBuffer.allocate(100));
        throw new IOException("the node breaks off");
      }
      byte[] body = messages.bodyBytes(1 << 30);
      CommandSet command = message.command();
      String sop = command.text(CommandSet.AFFECTED_SOP_INSTANCE_UID);
      byte[] header =
          FileMeta.header(
              command.text(CommandSet.AFFECTED_SOP_CLASS_UID),
              sop,
              context.transferSyntaxes().getFirst(),
              request.calling().value());
      byte[] file = Arrays.copyOf(header, header.length + body.length);
      System.arraycopy(body, 0, file, header.length, body.length);
      DimseStatus status = keep(sop, file, number);
      stored++;
      if (does(Fault.STORES_IN_SILENCE)) {
        stall();
        return false;
      }
      if (does(Fault.ANSWERS_WITH_GARBAGE)) {
        connection
            .transport()
            .write(ByteBuffer.wrap("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        return false;
      }
      CommandSet answer = command.response(status, false);
      if (does(Fault.ANSWERS_ANOTHER_MESSAGE)) {
        answer.number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO, 4711);
      }
      answer(message.contextId(), answer);
      if (does(Fault.ANSWERS_TWICE)) {
        answer(message.contextId(), answer);
      }
      return !ends();
    }

    private void answer(int context, CommandSet answer) throws IOException {
      if (window > 1) {
        heldBack.push(new Held(context, answer));
        if (heldBack.size() < FEW) {
          return;
        }
        while (!heldBack.isEmpty()) {
          Held held = heldBack.pop();
          messages.send(held.context(), held.answer(), null);
        }
        return;
      }
      messages.send(context, answer, null);
    }

    private boolean ends() throws IOException {
      if (stored == FEW && does(Fault.ABORTS_AFTER_TWO)) {
        connection.abort(Pdu.Abort.NOT_SPECIFIED);
        return true;
      }
      if (stored == FEW && does(Fault.RELEASES_AFTER_TWO)) {
        connection.release();
        return true;
      }
      return false;
    }

    // ---- queries

    private void find(Message message) throws IOException {
      Map<Integer, String> keys = PacsRows.keys(messages.bodyBytes(1 << 20));
      QueryLevel level =
          QueryLevel.valueOf(keys.getOrDefault(Identifier.QUERY_RETRIEVE_LEVEL, "STUDY"));
      requests.add("C-FIND " + level);
      if (does(Fault.SILENT_QUERIES)) {
        stall();
        throw new IOException("it is over");
      }
      if (level == QueryLevel.IMAGE && does(Fault.REFUSES_IMAGE_LEVEL)) {
        respond(message, DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
        return;
      }
      if (isNobodys(level.name(), keys)) {
        respond(message, DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
        return;
      }
      List<Map<Integer, String>> rows = listed(level, keys);
      boolean capped =
          rows.size() > cap
              && (does(Fault.CAPS_QUERIES_SILENTLY) || does(Fault.CAPS_QUERIES_OPENLY));
      for (Map<Integer, String> row : capped ? rows.subList(0, cap) : rows) {
        row(message, row);
      }
      while (does(Fault.ROWS_WITHOUT_END) && !rows.isEmpty()) {
        row(message, rows.getFirst());
      }
      if (does(Fault.IGNORES_CANCEL)) {
        for (int n = 0; n < 100 && !rows.isEmpty(); n++) {
          row(message, rows.getFirst());
        }
      }
      respond(
          message,
          capped && does(Fault.CAPS_QUERIES_OPENLY)
              ? DimseStatus.OUT_OF_RESOURCES
              : DimseStatus.SUCCESS);
    }

    private boolean isNobodys(String level, Map<Integer, String> keys) {
      String patient = keys.getOrDefault(Tag.PatientID, "");
      return wantsPatients
          && !level.equals(QueryLevel.PATIENT.name())
          && (patient.isEmpty() || patient.contains("*"));
    }

    private void row(Message message, Map<Integer, String> row) throws IOException {
      Identifier identifier = new Identifier();
      row.forEach((tag, value) -> {
        if (tag != Identifier.SPECIFIC_CHARACTER_SET) {
          identifier.text(tag, value);
        }
      });
      byte[] bytes = identifier.bytes();
      if (does(Fault.ROWS_OF_GARBAGE)) {
        Arrays.fill(bytes, (byte) 0xA5);
      }
      messages.send(
          message.contextId(),
          message
              .command()
              .response(
                  does(Fault.SAYS_KEYS_UNSUPPORTED)
                      ? DimseStatus.PENDING_KEYS_UNSUPPORTED
                      : DimseStatus.PENDING,
                  true),
          Outgoing.of(bytes));
    }

    // ---- retrieving

    /// Where instances are sent to.
    private interface Target {
      boolean send(Kept instance, CommandSet about) throws IOException;
    }

    private void retrieve(Message message, Target target) throws IOException {
      Map<Integer, String> keys = PacsRows.keys(messages.bodyBytes(1 << 20));
      String level = keys.getOrDefault(Identifier.QUERY_RETRIEVE_LEVEL, "STUDY");
      requests.add((target instanceof Here ? "C-GET " : "C-MOVE ") + level);
      if (does(Fault.SILENT_RETRIEVAL)) {
        stall();
        throw new IOException("it is over");
      }
      if (does(Fault.REFUSES_RETRIEVAL)) {
        respond(message, new DimseStatus(0xA701));
        return;
      }
      if (isNobodys(level, keys)) {
        respond(message, DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
        return;
      }
      List<Kept> wanted = PacsRows.matching(all(), keys);
      List<Kept> given = given(wanted);
      boolean afterwards = does(Fault.MOVES_AFTERWARDS) && target instanceof There;
      if (afterwards) {
        respond(message, counted(message, DimseStatus.SUCCESS, 0, wanted.size(), 0));
      }
      List<String> failed = new ArrayList<>();
      if (does(Fault.GIVES_ONE_LESS_OPENLY) && !wanted.isEmpty()) {
        failed.add(wanted.getLast().sop());
      }
      int done = 0;
      for (Kept each : given) {
        if (target.send(each, message.command())) {
          done++;
        } else {
          failed.add(each.sop());
        }
        if (does(Fault.BREAKS_OFF_RETRIEVAL)) {
          throw new IOException("the node breaks off");
        }
        if (!does(Fault.NO_PENDING) && !afterwards) {
          respond(
              message,
              counted(message, DimseStatus.PENDING, given.size() - done, done, failed.size()));
        }
      }
      if (afterwards) {
        return;
      }
      int claimed =
          does(Fault.COUNTS_WRONG) ? done + 7 : does(Fault.GIVES_ONE_LESS) ? wanted.size() : done;
      if (does(Fault.SAYS_FAILED)) {
        respond(message, counted(message, new DimseStatus(0xA702), 0, 0, wanted.size()));
      } else if (failed.isEmpty()) {
        respond(message, counted(message, DimseStatus.SUCCESS, 0, claimed, 0));
      } else {
        messages.send(
            message.contextId(),
            counted(message, DimseStatus.COERCED, 0, done, failed.size())
                .number(CommandSet.COMMAND_DATA_SET_TYPE, 1),
            Outgoing.of(
                new Identifier()
                    .text(Identifier.FAILED_SOP_INSTANCE_UID_LIST, String.join("\\", failed))
                    .bytes()));
      }
    }

    private void respond(Message message, CommandSet answer) throws IOException {
      messages.send(message.contextId(), answer, null);
    }

    private CommandSet counted(Message message, DimseStatus status, int left, int done, int bad) {
      CommandSet answer =
          message
              .command()
              .response(status, false)
              .number(CommandSet.COMPLETED_SUB_OPERATIONS, done)
              .number(CommandSet.FAILED_SUB_OPERATIONS, bad)
              .number(CommandSet.WARNING_SUB_OPERATIONS, 0);
      return left > 0 ? answer.number(CommandSet.REMAINING_SUB_OPERATIONS, left) : answer;
    }

    private void move(Message message) throws IOException {
      String title = message.command().text(CommandSet.MOVE_DESTINATION);
      Integer port = destinations.get(title);
      if (port == null || does(Fault.KNOWS_NO_DESTINATION)) {
        requests.add("C-MOVE to nobody");
        respond(message, DimseStatus.MOVE_DESTINATION_UNKNOWN);
        return;
      }
      try (There there = new There(title, port, request.calling())) {
        retrieve(message, there);
      }
    }

    /// On this association: C-GET.
    private final class Here implements Target {
      @Override
      public boolean send(Kept instance, CommandSet about) throws IOException {
        for (boolean asItIs : new boolean[] {true, false}) {
          for (PresentationContext context : contexts.values()) {
            String syntax = context.transferSyntaxes().getFirst();
            boolean fits =
                asItIs
                    ? syntax.equals(instance.syntax()) && !does(Fault.GIVES_IMPLICIT)
                    : isConvertible(instance, syntax);
            if (fits && context.abstractSyntax().equals(instance.sopClass())) {
              return sub(context, instance);
            }
          }
        }
        return false;
      }

      private boolean sub(PresentationContext context, Kept instance) throws IOException {
        sendInstance(messages, context, instance, ++sentId, Optional.empty(), 0);
        Message answer = messages.receive(PATIENCE).orElseThrow();
        while (answer.command().commandField() == Command.C_CANCEL_RQ) {
          answer = messages.receive(PATIENCE).orElseThrow();
        }
        return answer.command().status().isSuccess();
      }
    }

    // ---- storage commitment

    private void commit(Message message) throws IOException {
      requests.add("N-ACTION");
      DataSet asked = Identifier.read(messages.bodyBytes(16 << 20));
      if (does(Fault.REFUSES_COMMITMENT)) {
        respond(message, DimseStatus.PROCESSING_FAILURE);
        return;
      }
      byte[] report = report(asked);
      if (does(Fault.REPORTS_FIRST)) {
        report(messages, message.contextId(), report);
        messages.receive(PATIENCE);
      }
      respond(message, DimseStatus.SUCCESS);
      if (does(Fault.NEVER_REPORTS) || does(Fault.REPORTS_FIRST)) {
        return;
      }
      Integer port = destinations.get(request.calling().value());
      if (does(Fault.REPORTS_ELSEWHERE) && port != null) {
        reportTo(port, request.calling(), report);
        return;
      }
      report(messages, message.contextId(), report);
      if (does(Fault.REPORTS_TWICE)) {
        report(messages, message.contextId(), report);
      }
    }
  }

  private void report(MessageStream messages, int context, byte[] report) throws IOException {
    messages.send(
        context,
        CommandSet.of(Command.N_EVENT_REPORT_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, CommitmentReport.SOP_CLASS)
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, CommitmentReport.SOP_INSTANCE)
            .number(CommandSet.MESSAGE_ID, 9)
            .number(CommandSet.EVENT_TYPE_ID, 1),
        Outgoing.of(report));
  }

  private byte[] report(DataSet asked) throws IOException {
    List<DataSet> references = new ArrayList<>(asked.sequence(Identifier.REFERENCED_SOP_SEQUENCE));
    if (does(Fault.REPORTS_FEWER) && !references.isEmpty()) {
      references.removeLast();
    }
    if (does(Fault.REPORTS_BACKWARDS)) {
      Collections.reverse(references);
    }
    List<Identifier> yes = new ArrayList<>();
    List<Identifier> no = new ArrayList<>();
    for (DataSet reference : references) {
      String sop = reference.string(Identifier.REFERENCED_SOP_INSTANCE_UID).orElse("");
      Identifier item =
          new Identifier()
              .text(
                  Identifier.REFERENCED_SOP_CLASS_UID,
                  reference.string(Identifier.REFERENCED_SOP_CLASS_UID).orElse(""))
              .text(Identifier.REFERENCED_SOP_INSTANCE_UID, sop);
      boolean commits =
          does(Fault.COMMITS_TO_EVERYTHING)
              || does(Fault.COMMITS_AND_LOSES)
              || (kept.containsKey(sop) && !does(Fault.COMMITS_TO_NOTHING));
      if (commits) {
        yes.add(item);
      } else {
        no.add(
            item.bytes(
                Identifier.FAILURE_REASON, (byte) NOT_KEPT.code(), (byte) (NOT_KEPT.code() >>> 8)));
      }
      if (does(Fault.COMMITS_AND_LOSES)) {
        kept.remove(sop);
      }
    }
    String transaction = asked.string(Identifier.TRANSACTION_UID).orElse("");
    Identifier report =
        new Identifier()
            .text(
                Identifier.TRANSACTION_UID,
                does(Fault.REPORTS_ANOTHER_TRANSACTION) ? transaction + ".9" : transaction);
    if (!yes.isEmpty()) {
      report.sequence(Identifier.REFERENCED_SOP_SEQUENCE, yes);
    }
    if (!no.isEmpty()) {
      report.sequence(Identifier.FAILED_SOP_SEQUENCE, no);
    }
    return report.bytes();
  }

  private void reportTo(int port, AeTitle title, byte[] report) throws IOException {
    Pdu.AssociateRequest request =
        request(
            title,
            title,
            List.of(
                new PresentationContext(
                    1, CommitmentReport.SOP_CLASS, List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN))),
            List.of(new Pdu.RoleSelection(CommitmentReport.SOP_CLASS, false, true)));
    Connection connection = connect(port);
    try {
      connection.request(request);
      MessageStream messages = new MessageStream(connection, 0, 1 << 20);
      report(messages, 1, report);
      messages.receive(PATIENCE);
      connection.release();
    } finally {
      connection.kill();
    }
  }

  private Connection connect(int port) throws IOException {
    SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    open.add(channel);
    return new Connection(Transport.plain(channel), Timeouts.DEFAULT, true, 128 << 10);
  }

  private static Pdu.AssociateRequest request(
      AeTitle called,
      AeTitle calling,
      List<PresentationContext> contexts,
      List<Pdu.RoleSelection> roles) {
    return new Pdu.AssociateRequest(
        1,
        called,
        calling,
        Pdu.APPLICATION_CONTEXT,
        contexts,
        new Pdu.UserInformation(
            128 << 10, "1.2.3.9", TITLE, Optional.empty(), roles, Optional.empty(), false));
  }

  /// At another node: C-MOVE. One association for each kind of instance.
  private final class There implements Dialogue.Target, AutoCloseable {

    private final String title;
    private final int port;
    private final AeTitle originator;
    private int messageId;

    There(String title, int port, AeTitle originator) {
      this.title = title;
      this.port = port;
      this.originator = originator;
    }

    @Override
    public boolean send(Kept instance, CommandSet about) throws IOException {
      String syntax =
          does(Fault.GIVES_IMPLICIT)
                  && isConvertible(instance, TransferSyntax.IMPLICIT_LITTLE_ENDIAN)
              ? TransferSyntax.IMPLICIT_LITTLE_ENDIAN
              : instance.syntax();
      PresentationContext context =
          new PresentationContext(1, instance.sopClass(), List.of(syntax));
      Connection connection = connect(port);
      try {
        Pdu.AssociateAccept accepted =
            connection.request(
                request(AeTitle.ours(title), AeTitle.ours(TITLE), List.of(context), List.of()));
        if (accepted.answers().getFirst().result() != Pdu.ContextAnswer.ACCEPTED) {
          connection.release();
          return false;
        }
        MessageStream messages =
            new MessageStream(connection, accepted.user().pduLengthMax(), 1L << 30);
        sendInstance(
            messages,
            context,
            instance,
            ++messageId,
            Optional.of(originator),
            about.number(CommandSet.MESSAGE_ID).orElse(0));
        boolean done = messages.receive(PATIENCE).orElseThrow().command().status().isSuccess();
        connection.release();
        return done;
      } finally {
        connection.kill();
      }
    }

    @Override
    public void close() {}
  }

  /// The last byte that is one of a value that counts. Data Set Trailing Padding (PS3.10 section
  /// 7.2) behind it is 16 bytes long, and means nothing.
  private static int lastOfValues(byte[] body) {
    byte[] tag = {(byte) 0xFC, (byte) 0xFF, (byte) 0xFC, (byte) 0xFF};
    for (int element : new int[] {8 + 16, 12 + 16}) {
      int at = body.length - element;
      if (at > 0 && Arrays.equals(body, at, at + tag.length, tag, 0, tag.length)) {
        return at - 1;
      }
    }
    return body.length - 1;
  }

  private void sendInstance(
      MessageStream messages,
      PresentationContext context,
      Kept instance,
      int messageId,
      Optional<AeTitle> originator,
      int originatorMessageId)
      throws IOException {
    String syntax = context.transferSyntaxes().getFirst();
    Kept sent = instance;
    if (!syntax.equals(instance.syntax())) {
      Reencoding other = new Reencoding();
      sent =
          Kept.of(
              (syntax.equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN) ? other.implicit() : other)
                  .of(instance.file()));
    }
    byte[] body = sent.body();
    if (does(Fault.FLIPS_A_BIT)) {
      body[lastOfValues(body)] ^= 1;
    }
    if (does(Fault.CUTS_INSTANCES_SHORT)) {
      body = Arrays.copyOf(body, body.length - 4);
    }
    CommandSet command =
        CommandSet.of(Command.C_STORE_RQ, true)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, instance.sopClass())
            .number(CommandSet.MESSAGE_ID, messageId)
            .number(CommandSet.PRIORITY, 0)
            .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, name(instance));
    originator.ifPresent(title ->
        command
            .title(CommandSet.MOVE_ORIGINATOR, title)
            .number(CommandSet.MOVE_ORIGINATOR_MESSAGE_ID, originatorMessageId));
    messages.send(context.id(), command, Outgoing.of(body));
  }

  /// The name that an instance is given under.
  private String name(Kept instance) {
    if (!does(Fault.SWAPS_NAMES)) {
      return instance.sop();
    }
    List<Kept> all = all();
    int place = 0;
    while (!all.get(place).sop().equals(instance.sop())) {
      place++;
    }
    return all.get((place + 1) % all.size()).sop();
  }

  /// Whether an instance may be given in another syntax than it has.
  private static boolean isConvertible(Kept instance, String syntax) {
    TransferSyntax from = TransferSyntax.of(instance.syntax());
    return !from.encapsulated()
        && !from.deflated()
        && (syntax.equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN)
            || syntax.equals(TransferSyntax.EXPLICIT_LITTLE_ENDIAN));
  }

  // ---- what it keeps, lists and gives

  /// @param number how many objects came so far, this one counted
  /// @return what is said about it
  private DimseStatus keep(String name, byte[] file, int number) {
    if (does(Fault.ALWAYS_OUT_OF_RESOURCES)
        || (does(Fault.OUT_OF_RESOURCES_TWICE) && number <= FEW)) {
      return DimseStatus.OUT_OF_RESOURCES;
    }
    boolean isThird = Math.floorMod(name.hashCode(), 3) == 0;
    if (does(Fault.REFUSES_EVERY_THIRD) && isThird) {
      return DimseStatus.CANNOT_UNDERSTAND;
    }
    if (does(Fault.REFUSES_DUPLICATES) && kept.containsKey(name)) {
      return DimseStatus.DUPLICATE_SOP_INSTANCE;
    }
    if (does(Fault.STORES_NOTHING) || (does(Fault.LOSES_EVERY_THIRD) && isThird)) {
      Kept one = Kept.of(file);
      lost.put(one.sop(), one);
    } else if (!(does(Fault.KEEPS_THE_FIRST) && kept.containsKey(name))) {
      Kept one = Kept.of(changed(file));
      kept.put(one.sop(), one);
    }
    if (does(Fault.FAILS_FALSELY)) {
      return DimseStatus.CANNOT_UNDERSTAND;
    }
    return does(Fault.COERCES_PATIENT_ID)
        ? DimseStatus.COERCED
        : does(Fault.WARNS_FALSELY) ? DimseStatus.STORED_DESPITE_MISMATCH : DimseStatus.SUCCESS;
  }

  private byte[] changed(byte[] file) {
    boolean encapsulated = TransferSyntax.of(Kept.of(file).syntax()).encapsulated();
    Reencoding other = new Reencoding();
    boolean isOther = false;
    if (does(Fault.COERCES_PATIENT_ID) || does(Fault.COERCES_PATIENT_ID_SILENTLY)) {
      other.with(Tag.PatientID, ascii("COERCED1"));
      isOther = true;
    }
    if (does(Fault.STRIPS_PRIVATE_TAGS)) {
      other.without(Tag::isPrivate);
      isOther = true;
    }
    if (does(Fault.REENCODES_TEXT_WITH_LOSS)) {
      other
          .with(Identifier.SPECIFIC_CHARACTER_SET, ascii("ISO_IR 100"))
          .with(Tag.PatientName, ascii(even(PacsRows.text(file, Tag.PatientName))));
      isOther = true;
    }
    if (does(Fault.STORES_UNDER_ANOTHER_UID)) {
      other.with(Tag.SOPInstanceUID, ascii(even(Kept.of(file).sop() + ".9")));
      isOther = true;
    }
    if (does(Fault.MOVES_INTO_ANOTHER_STUDY)) {
      other.with(Tag.StudyInstanceUID, ascii(even(Kept.of(file).study() + ".9")));
      isOther = true;
    }
    if (does(Fault.WRITES_IMPLICIT) && !encapsulated) {
      other.implicit();
      isOther = true;
    }
    if (does(Fault.WRITES_UNDEFINED_LENGTHS)) {
      other.undefinedLengths();
      isOther = true;
    }
    if (does(Fault.ADDS_GROUP_LENGTHS)) {
      other.groupLengths();
      isOther = true;
    }
    if (does(Fault.ADDS_PADDING)) {
      other.padding();
      isOther = true;
    }
    if (does(Fault.MOVES_PRIVATE_TAGS)) {
      other.privateLast();
      isOther = true;
    }
    byte[] changed = isOther ? other.of(file) : file;
    if (!encapsulated) {
      if (does(Fault.CHANGES_A_PIXEL)) {
        changed =
            withPixels(
                changed,
                pixels -> {
                  pixels[0] ^= 1;
                  return pixels;
                });
      }
      if (does(Fault.CUTS_PIXELS_SHORT)) {
        changed = withPixels(changed, pixels -> Arrays.copyOf(pixels, pixels.length - 2));
      }
      if (does(Fault.COMPRESSES)) {
        changed = compressed(changed);
      }
    }
    return changed;
  }

  private interface Change {
    byte[] of(byte[] pixels);
  }

  private static byte[] withPixels(byte[] file, Change change) {
    boolean implicit = Kept.of(file).syntax().equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN);
    Reencoding other = new Reencoding();
    return (implicit ? other.implicit() : other)
        .with(Tag.PixelData, change.of(pixels(file)))
        .of(file);
  }

  private static byte[] pixels(byte[] file) {
    try {
      DataSet dataSet = DicomFile.read(ByteSource.of(file)).dataSet();
      return dataSet.value(dataSet.indexOf(Tag.PixelData)).orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// RLE Lossless of one 16-bit frame, in literal runs: two segments, of high and of low bytes
  /// (PS3.5 annex G).
  private static byte[] compressed(byte[] file) {
    byte[] pixels = pixels(file);
    byte[] high = segment(pixels, 1);
    byte[] low = segment(pixels, 0);
    ByteBuffer fragment =
        ByteBuffer.allocate(64 + high.length + low.length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    fragment.putInt(2).putInt(64).putInt(64 + high.length).position(64);
    fragment.put(high).put(low);
    byte[] plain = new Reencoding().without(Tag::isPixelData).of(file);
    Kept one = Kept.of(plain);
    ByteBuffer wrapped =
        ByteBuffer.allocate(12 + 8 + 8 + fragment.capacity() + 8)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    wrapped.putShort((short) 0x7FE0).putShort((short) 0x0010).put(ascii("OB"));
    wrapped.putShort((short) 0).putInt(0xFFFF_FFFF);
    wrapped.putInt(0xE000FFFE).putInt(0);
    wrapped.putInt(0xE000FFFE).putInt(fragment.capacity()).put(fragment.array());
    wrapped.putInt(0xE0DDFFFE).putInt(0);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(FileMeta.header(one.sopClass(), one.sop(), TransferSyntax.RLE_LOSSLESS, ""));
    all.writeBytes(one.body());
    all.writeBytes(wrapped.array());
    return all.toByteArray();
  }

  private static byte[] segment(byte[] pixels, int from) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int count = pixels.length / 2;
    for (int start = 0; start < count; start += 128) {
      int run = Math.min(128, count - start);
      out.write(run - 1);
      for (int n = start; n < start + run; n++) {
        out.write(pixels[2 * n + from]);
      }
    }
    if (out.size() % 2 != 0) {
      out.write(0);
    }
    return out.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String even(String text) {
    return text.length() % 2 == 0 ? text : text + (text.matches("[0-9.]*") ? "\0" : " ");
  }

  private List<Map<Integer, String>> listed(QueryLevel level, Map<Integer, String> keys) {
    List<Kept> there = all();
    if (does(Fault.LISTS_THE_LOST)) {
      synchronized (lost) {
        there.addAll(lost.values());
      }
    }
    List<Kept> matching = does(Fault.IGNORES_KEYS) ? there : PacsRows.matching(there, keys);
    List<Map<Integer, String>> rows = PacsRows.rows(level, matching, keys);
    if (does(Fault.HIDES_ONE) && !rows.isEmpty()) {
      rows.removeLast();
    }
    if (does(Fault.LISTS_A_GHOST) && !rows.isEmpty()) {
      Map<Integer, String> ghost = new LinkedHashMap<>(rows.getLast());
      int unique =
          switch (level) {
            case PATIENT -> Tag.PatientID;
            case STUDY -> Tag.StudyInstanceUID;
            case SERIES -> Tag.SeriesInstanceUID;
            case IMAGE -> Tag.SOPInstanceUID;
          };
      ghost.put(unique, ghost.get(unique) + ".666");
      rows.add(ghost);
    }
    if (does(Fault.LISTS_TWICE)) {
      rows.addAll(new ArrayList<>(rows));
    }
    for (Map<Integer, String> row : rows) {
      if (does(Fault.ROWS_WITHOUT_UIDS)) {
        row.replaceAll(
            (tag, value) -> Tag.group(tag) == 0x0020 || tag == Tag.SOPInstanceUID ? "" : value);
      }
      row.replaceAll((tag, value) -> isCount(tag) ? count(value) : value);
    }
    return rows;
  }

  private static boolean isCount(int tag) {
    return tag == PacsRows.STUDY_INSTANCES
        || tag == PacsRows.SERIES_INSTANCES
        || tag == PacsRows.STUDY_SERIES;
  }

  private String count(String value) {
    if (value.isEmpty() || does(Fault.COUNTS_NOTHING)) {
      return "";
    }
    int change = does(Fault.COUNTS_ONE_MORE) ? 1 : does(Fault.COUNTS_ONE_LESS) ? -1 : 0;
    return "" + (Integer.parseInt(value) + change);
  }

  /// What is given of what was asked for.
  private List<Kept> given(List<Kept> wanted) {
    List<Kept> given = new ArrayList<>(wanted);
    boolean less = does(Fault.GIVES_ONE_LESS) || does(Fault.GIVES_ONE_LESS_OPENLY);
    if (less && !given.isEmpty()) {
      given.removeLast();
    }
    if (does(Fault.GIVES_NOTHING)) {
      given.clear();
    }
    if (does(Fault.GIVES_TWICE)) {
      given.addAll(new ArrayList<>(given));
    }
    if (does(Fault.GIVES_A_STRANGER) && !wanted.isEmpty()) {
      Kept first = wanted.getFirst();
      given.add(
          Kept.of(
              new Reencoding()
                  .with(Tag.SOPInstanceUID, ascii(even(first.sop() + ".7")))
                  .with(Tag.StudyInstanceUID, ascii(even(first.study() + ".7")))
                  .of(first.file())));
    }
    return given;
  }
}
