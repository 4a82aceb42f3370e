package serdab.dicom.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.OutgoingInstance.Kind;

/// Brings instances from a node to a sink: by C-GET where the node offers it, else by C-MOVE to a
/// storage server of ours, which the node has to know under our calling title (PS3.4 section C.4).
/// What C-GET leaves out, as nodes offer it for some SOP classes only, is asked for by C-MOVE too.
///
/// What arrived is the truth; what the node counts are hints. An instance may arrive twice, and
/// others than those that were asked for may arrive: whoever has the sink looks at what it gets.
///
/// Thread-safe. By C-GET each retrieval has associations of its own; by C-MOVE there is one
/// retrieval at a time, as everything arrives at one server.
public final class Retrieval implements AutoCloseable {

  /// After so many breaks nothing more is asked for by C-MOVE where C-GET works.
  private static final int REST_BREAKS_MAX = 3;

  /// So many instances are asked for by name in one request.
  private static final int NAMED_AT_ONCE_MAX = 50;

  private static final PatientData<String> NOBODY = PatientData.of("");

  private final Supplier<AssociationRequest> requests;
  private final Optional<ServerSettings> moveTo;
  private final Duration linger;
  private final ReentrantLock moving = new ReentrantLock();
  private volatile @Nullable Way way;

  // What became of asking by C-MOVE for what C-GET left out.
  private final AtomicInteger restBroke = new AtomicInteger();
  private volatile boolean restIsRefused;

  // What arrives at our server; guarded by its lock.
  private final ReentrantLock arriving = new ReentrantLock();
  private final Condition changed = arriving.newCondition();
  private @Nullable StorageServer server;
  private @Nullable Noting movedTo;
  private int open;

  /// How a node gives instances back.
  public enum Way {
    /// On the association on which it is asked (C-GET).
    GET,
    /// On an association of its own, to our storage server (C-MOVE).
    MOVE
  }

  /// What came of a retrieval.
  ///
  /// @param status how the node says that it ended: the first that is no success, where it was
  ///   asked several times
  /// @param arrived the SOP Instance UIDs under which the sink took something, as the node named
  ///   them
  public record Result(DimseStatus status, Set<SopInstanceUid> arrived) {
    public Result {
      arrived = Set.copyOf(arrived);
    }
  }

  /// @param requests gives a new request to the node each time, without contexts
  /// @param moveTo the storage server that the node can reach under our calling title, where it
  ///   does not do C-GET; it listens from the first C-MOVE on. Empty when there is none
  /// @param linger how long arrivals may rest, after the node said that a C-MOVE is over, while
  ///   fewer have arrived than it said
  public Retrieval(
      Supplier<AssociationRequest> requests, Optional<ServerSettings> moveTo, Duration linger) {
    this.requests = requests;
    this.moveTo = moveTo;
    this.linger = linger;
  }

  /// Kinds in which instances of these SOP classes may be held, when that is not known better.
  public static List<Kind> kindsOf(Collection<String> sopClassUids) {
    return sopClassUids.stream()
        .distinct()
        .flatMap(sopClass ->
            NodeSheet.SYNTAXES.keySet().stream().map(syntax -> new Kind(sopClass, syntax)))
        .toList();
  }

  /// How the node gives instances back; empty before it was asked for the first time.
  public Optional<Way> way() {
    return Optional.ofNullable(way);
  }

  /// Retrieves a study.
  ///
  /// @param kinds what may come: C-GET has to name it beforehand. Native instances may come in any
  ///   little endian syntax, whatever is named
  /// @param sink is called by this thread for C-GET, by others for C-MOVE
  /// @throws SerdabException when the node cannot be reached or breaks off; what the sink took by
  ///   then has arrived
  public Result study(StudyInstanceUid study, Collection<Kind> kinds, InstanceSink sink) {
    return study(study, NOBODY, kinds, sink);
  }

  /// The same for a study of a patient: nodes that are asked by patient only want to know whose it
  /// is.
  ///
  /// @param patientId empty when it is not known
  public Result study(
      StudyInstanceUid study,
      PatientData<String> patientId,
      Collection<Kind> kinds,
      InstanceSink sink) {
    return retrieve(QueryLevel.STUDY, List.of(keys(study, patientId)), kinds, sink);
  }

  private static Map<Integer, String> keys(StudyInstanceUid study, PatientData<String> patientId) {
    Map<Integer, String> keys = new HashMap<>();
    keys.put(Tag.StudyInstanceUID, study.value());
    String id = patientId.reveal(PatientData.Purpose.MATCH_QUERY);
    if (!id.isEmpty()) {
      keys.put(Tag.PatientID, id);
    }
    return keys;
  }

  /// Retrieves instances of a series by their names: many at once, those that do not come one by
  /// one, and what C-GET leaves out by C-MOVE, where there is a server for that.
  ///
  /// @throws SerdabException as [#study]
  public Result instances(
      StudyInstanceUid study,
      SeriesInstanceUid series,
      Collection<SopInstanceUid> wanted,
      Collection<Kind> kinds,
      InstanceSink sink) {
    return instances(study, NOBODY, series, wanted, kinds, sink);
  }

  /// The same for a study of a patient.
  ///
  /// @param patientId empty when it is not known
  public Result instances(
      StudyInstanceUid study,
      PatientData<String> patientId,
      SeriesInstanceUid series,
      Collection<SopInstanceUid> wanted,
      Collection<Kind> kinds,
      InstanceSink sink) {
    Map<Integer, String> above = keys(study, patientId);
    above.put(Tag.SeriesInstanceUID, series.value());
    List<SopInstanceUid> all = List.copyOf(new LinkedHashSet<>(wanted));
    Result first = named(above, all, NAMED_AT_ONCE_MAX, kinds, sink);
    List<SopInstanceUid> missing =
        all.stream().filter(sop -> !first.arrived().contains(sop)).toList();
    if (missing.isEmpty()) {
      return first;
    }
    // Some nodes do not know lists of UIDs, and some give up at the first they cannot give.
    Result second = all.size() == 1 ? first : named(above, missing, 1, kinds, sink);
    Set<SopInstanceUid> arrived = new LinkedHashSet<>(first.arrived());
    arrived.addAll(second.arrived());
    List<SopInstanceUid> left = all.stream().filter(sop -> !arrived.contains(sop)).toList();
    DimseStatus status = second.status();
    if (!left.isEmpty() && way == Way.GET && moveTo.isPresent() && !restIsRefused) {
      Noting noting = new Noting(sink);
      status = rest(asks(above, left, NAMED_AT_ONCE_MAX), noting).orElse(status);
      arrived.addAll(noting.arrived);
    }
    return new Result(status, arrived);
  }

  /// Asks by C-MOVE for what C-GET left out. Where the node does not want that, nothing changes.
  private Optional<DimseStatus> rest(List<Map<Integer, String>> asks, Noting sink) {
    try {
      return Optional.of(move(QueryLevel.IMAGE, asks, sink));
    } catch (SerdabException.Refused e) {
      restIsRefused = true; // It does not move, or not to us.
    } catch (SerdabException.Unavailable e) {
      if (restBroke.incrementAndGet() < REST_BREAKS_MAX) {
        throw e;
      }
      restIsRefused = true;
    }
    return Optional.empty();
  }

  private Result named(
      Map<Integer, String> above,
      List<SopInstanceUid> wanted,
      int atOnce,
      Collection<Kind> kinds,
      InstanceSink sink) {
    return retrieve(QueryLevel.IMAGE, asks(above, wanted, atOnce), kinds, sink);
  }

  private static List<Map<Integer, String>> asks(
      Map<Integer, String> above, List<SopInstanceUid> wanted, int atOnce) {
    List<Map<Integer, String>> asks = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i += atOnce) {
      List<String> part =
          wanted.subList(i, Math.min(wanted.size(), i + atOnce)).stream()
              .map(SopInstanceUid::value)
              .toList();
      Map<Integer, String> keys = new HashMap<>(above);
      keys.put(Tag.SOPInstanceUID, String.join("\\", part));
      asks.add(keys);
    }
    return asks;
  }

  private Result retrieve(
      QueryLevel level,
      List<Map<Integer, String>> asks,
      Collection<Kind> kinds,
      InstanceSink sink) {
    Noting noting = new Noting(sink);
    if (way != Way.MOVE) {
      Optional<DimseStatus> got = get(level, asks, kinds, noting);
      boolean useless =
          got.isEmpty() || (way == null && !got.get().isSuccess() && noting.arrived.isEmpty());
      if (!useless || (got.isPresent() && moveTo.isEmpty())) {
        if (!useless) {
          way = Way.GET;
        }
        return new Result(got.get(), noting.arrived);
      }
      if (moveTo.isEmpty()) {
        throw NodeProblems.givesNothing(requests.get().node());
      }
    }
    DimseStatus moved = move(level, asks, noting);
    if (!noting.arrived.isEmpty() || moved.isSuccess()) {
      way = Way.MOVE;
    }
    return new Result(moved, noting.arrived);
  }

  // ---- C-GET

  /// @return empty when the node does not offer it
  private Optional<DimseStatus> get(
      QueryLevel level, List<Map<Integer, String>> asks, Collection<Kind> kinds, Noting sink) {
    DimseStatus status = DimseStatus.SUCCESS;
    for (List<ProposedContext> contexts : ProposedContext.forGetting(kinds)) {
      Association association;
      try {
        association = Association.open(requests.get().getting(contexts));
      } catch (SerdabException.Refused e) {
        if (e.problem().code().equals("node-takes-nothing")) {
          return Optional.empty();
        }
        throw e;
      }
      try (association) {
        boolean offered =
            association.offers(NodeSheet.Service.GET_STUDY_ROOT)
                || association.offers(NodeSheet.Service.GET_PATIENT_ROOT);
        if (!offered) {
          return Optional.empty();
        }
        for (Map<Integer, String> keys : asks) {
          DimseStatus one = association.get(level, keys, sink).status();
          status = status.isSuccess() ? one : status;
        }
      }
    }
    return Optional.of(status);
  }

  // ---- C-MOVE

  private DimseStatus move(QueryLevel level, List<Map<Integer, String>> asks, Noting sink) {
    moving.lock();
    try {
      listen(sink);
      DimseStatus status = DimseStatus.SUCCESS;
      AssociationRequest request = requests.get().moving();
      try (Association association = Association.open(request)) {
        for (Map<Integer, String> keys : asks) {
          int before = sink.count();
          RetrieveOutcome outcome = association.move(level, keys, request.node().calling());
          if (outcome.status().equals(DimseStatus.MOVE_DESTINATION_UNKNOWN)) {
            throw NodeProblems.unknownDestination(request.node());
          }
          awaitArrivals(sink, before, outcome.completed());
          status = status.isSuccess() ? outcome.status() : status;
        }
      } finally {
        listen(null);
      }
      return status;
    } finally {
      moving.unlock();
    }
  }

  private void listen(@Nullable Noting sink) {
    arriving.lock();
    try {
      movedTo = sink;
      if (server == null && sink != null) {
        server = StorageServer.start(moveTo.orElseThrow(), this::arrived, this::happened);
      }
    } finally {
      arriving.unlock();
    }
  }

  private DimseStatus arrived(IncomingInstance instance) throws IOException {
    Noting sink;
    arriving.lock();
    try {
      sink = movedTo;
    } finally {
      arriving.unlock();
    }
    if (sink == null) {
      return DimseStatus.NOT_AUTHORIZED; // Nobody asked for it.
    }
    try {
      return sink.store(instance);
    } finally {
      tell(0);
    }
  }

  private void happened(ServerEvent event) {
    switch (event) {
      case ServerEvent.Opened _ -> tell(1);
      case ServerEvent.Ended _ -> tell(-1);
      case ServerEvent.TurnedAway _ -> {}
    }
  }

  private void tell(int opened) {
    arriving.lock();
    try {
      open += opened;
      changed.signalAll();
    } finally {
      arriving.unlock();
    }
  }

  /// Some nodes say that they are done before the last instance has arrived, or before the first.
  private void awaitArrivals(Noting sink, int before, int claimed) {
    arriving.lock();
    try {
      int seen = sink.count();
      long left = linger.toNanos();
      while (left > 0) {
        boolean enough = claimed >= 0 && sink.count() - before >= claimed;
        boolean over = claimed < 0 && open == 0;
        if (enough || over) {
          return;
        }
        left = changed.awaitNanos(left);
        if (sink.count() > seen) {
          seen = sink.count();
          left = linger.toNanos();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      // What has not arrived by now is asked for again by the next run.
    } finally {
      arriving.unlock();
    }
  }

  /// A sink that remembers what it took.
  private static final class Noting implements InstanceSink {
    private final InstanceSink sink;
    private final Set<SopInstanceUid> arrived = ConcurrentHashMap.newKeySet();
    private final Map<Long, Integer> counts = new ConcurrentHashMap<>();

    Noting(InstanceSink sink) {
      this.sink = sink;
    }

    @Override
    public DimseStatus store(IncomingInstance instance) throws IOException {
      DimseStatus status = sink.store(instance);
      if (status.kind() != DimseStatus.Kind.FAILURE) {
        arrived.add(instance.sop());
      }
      counts.merge(instance.association().number(), 1, Integer::sum);
      return status;
    }

    int count() {
      return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /// Stops listening.
  @Override
  public void close() {
    @Nullable StorageServer last;
    arriving.lock();
    try {
      last = server;
      server = null;
    } finally {
      arriving.unlock();
    }
    if (last != null) {
      last.close();
    }
  }
}
