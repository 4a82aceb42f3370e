package serdab.destination.node;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import serdab.Gate;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.convert.LosslessConversion;
import serdab.dicom.convert.NotConvertibleException;
import serdab.dicom.net.Association;
import serdab.dicom.net.CommitmentAsker;
import serdab.dicom.net.CommitmentReport;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.IncomingInstance;
import serdab.dicom.net.InstanceSink;
import serdab.dicom.net.NodeSheet;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.dicom.net.ProposedContext;
import serdab.dicom.net.QueryLevel;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Sender;
import serdab.dicom.net.StoreOutcome;
import serdab.dicom.net.find.Questions;
import serdab.dicom.net.find.StudySearch;
import serdab.dicom.net.web.Spool;
import serdab.dicom.net.web.StudyRow;
import serdab.plan.Existing;

/// A node of DICOM's own protocol. It keeps data sets, not files. Thread-safe.
final class DimseNode implements Node {

  private static final int NUMBER_OF_STUDY_RELATED_INSTANCES = 0x00201208;

  /// More matches than this are no answer to one question.
  private static final int MATCHES_MAX = 1_000_000;

  /// Rows that name nothing, or the same again. Some nodes repeat rows; one that does so for ever
  /// would hold us for ever.
  private static final int USELESS_ROWS_MAX = 100_000;

  private static final int BATCH_INSTANCES = 200;
  private static final long BATCH_BYTES = 64L << 20;

  /// To what is converted, the best first: VRs are kept, or not. Every node has to take the second
  /// (PS3.5 section 10.1).
  private static final List<String> TARGETS =
      List.of(TransferSyntax.EXPLICIT_LITTLE_ENDIAN, TransferSyntax.IMPLICIT_LITTLE_ENDIAN);

  /// What is asked again, [serdab.dicom.net.Traffic] says.
  private static final Questions.Patience ONCE = new Questions.Patience(1, Duration.ZERO, _ -> {});

  private static final PatientData<String> NOBODY = PatientData.of("");

  private final DicomNode node;

  /// By study, at a node that is asked by patient; empty until it was asked for all.
  private volatile Optional<Map<String, PatientData<String>>> patients = Optional.empty();

  /// What the node was found not to take while it may be converted, with what is said of it.
  private final Map<Kind, Said> notTaken = new ConcurrentHashMap<>();

  /// What it takes instead, by SOP class.
  private final Map<String, Optional<String>> targets = new ConcurrentHashMap<>();

  DimseNode(DicomNode node) {
    this.node = node;
  }

  @Override
  public String identity() {
    return describe();
  }

  @Override
  public String describe() {
    return node.address().place();
  }

  @Override
  public String kind() {
    return "DICOM node";
  }

  @Override
  public boolean keepsFiles() {
    return false;
  }

  @Override
  public Existing existing() {
    return node.existing();
  }

  @Override
  public boolean isSampled() {
    return node.readBackOf() > 1;
  }

  @Override
  public List<Expected> sample(List<Expected> all) {
    if (!isSampled() || all.isEmpty()) {
      return all;
    }
    List<Expected> some = new ArrayList<>();
    int certain = node.traffic().draw(all.size());
    for (int i = 0; i < all.size(); i++) {
      if (i == certain || node.traffic().draw(node.readBackOf()) == 0) {
        some.add(all.get(i));
      }
    }
    return some;
  }

  // ---- what it lists (PS3.4 section C.4.1)

  @Override
  public Listing studies() {
    try (Questions questions = new Questions(node.requests(), Gate.OPEN, ONCE)) {
      boolean byPatient = node.traffic().doing(questions::isByPatient);
      StudySearch search =
          new StudySearch(
              (level, match) -> node.traffic().doing(() -> questions.ask(level, match)),
              byPatient,
              node.address().limit());
      search.run();
      if (byPatient) {
        Map<String, PatientData<String>> whose = new HashMap<>();
        search.rows().forEach((study, row) -> whose.put(study, row.patientId()));
        patients = Optional.of(Map.copyOf(whose));
      }
      return new Listing(
          search.rows().values().stream().map(StudyRow::study).toList(),
          search.doubt().isEmpty() && search.strange() > 0 ? WITHOUT_UID : search.doubt());
    }
  }

  /// Whose a study is, at a node that wants to know and has said so when it was asked for all.
  private PatientData<String> patient(StudyInstanceUid study, PatientData<String> known) {
    if (!known.equals(NOBODY)) {
      return known;
    }
    return patients.map(all -> all.getOrDefault(study.value(), NOBODY)).orElse(NOBODY);
  }

  @Override
  public Optional<OptionalLong> listed(StudyInstanceUid study, PatientData<String> patientId) {
    record Counted(String study, String count) {}

    Optional<OptionalLong> listed = Optional.empty();
    for (Counted row :
        find(
            QueryLevel.STUDY,
            Map.of(Tag.StudyInstanceUID, study.value(), NUMBER_OF_STUDY_RELATED_INSTANCES, ""),
            patientId,
            Tag.StudyInstanceUID,
            row ->
                new Counted(
                    text(row, Tag.StudyInstanceUID),
                    text(row, NUMBER_OF_STUDY_RELATED_INSTANCES)))) {
      if (row.study.equals(study.value())) {
        listed =
            Optional.of(
                row.count.matches("[0-9]{1,12}")
                    ? OptionalLong.of(Long.parseLong(row.count))
                    : OptionalLong.empty());
      }
    }
    return listed;
  }

  @Override
  public List<Row> instances(StudyInstanceUid study, PatientData<String> patientId) {
    Map<String, Row> rows = new LinkedHashMap<>();
    List<String> series =
        find(
            QueryLevel.SERIES,
            Map.of(Tag.StudyInstanceUID, study.value(), Tag.SeriesInstanceUID, ""),
            patientId,
            Tag.SeriesInstanceUID,
            row -> text(row, Tag.SeriesInstanceUID));
    for (String each : series) {
      for (Row row :
          find(
              QueryLevel.IMAGE,
              Map.of(
                  Tag.StudyInstanceUID,
                  study.value(),
                  Tag.SeriesInstanceUID,
                  each,
                  Tag.SOPInstanceUID,
                  "",
                  Tag.SOPClassUID,
                  ""),
              patientId,
              Tag.SOPInstanceUID,
              row ->
                  new Row(
                      new SeriesInstanceUid(each),
                      new SopInstanceUid(text(row, Tag.SOPInstanceUID)),
                      text(row, Tag.SOPClassUID)))) {
        rows.putIfAbsent(row.sop().value(), row);
      }
    }
    return List.copyOf(rows.values());
  }

  /// Asks, and keeps of each row what is wanted: an answer may have a million.
  ///
  /// @param patientId whose study it is asked about; asked for first when the node wants to know
  ///   and nobody does
  /// @param unique the tag that names what a row is about; rows without it are left out, and the
  ///   second one of a name
  private <T> List<T> find(
      QueryLevel level,
      Map<Integer, String> keys,
      PatientData<String> patientId,
      int unique,
      Function<DataSet, T> wanted) {
    StudyInstanceUid study = new StudyInstanceUid(keys.getOrDefault(Tag.StudyInstanceUID, ""));
    Optional<List<T>> found = find(level, keys, patient(study, patientId), unique, wanted, true);
    if (found.isEmpty()) {
      studies();
      found = find(level, keys, patient(study, patientId), unique, wanted, false);
    }
    return found.orElseThrow();
  }

  /// @param canAsk whether it may be found out whose study it is
  /// @return empty when that must be
  private <T> Optional<List<T>> find(
      QueryLevel level,
      Map<Integer, String> keys,
      PatientData<String> patientId,
      int unique,
      Function<DataSet, T> wanted,
      boolean canAsk) {
    return node.traffic()
        .doing(() -> {
          Map<String, T> rows = new LinkedHashMap<>();
          Consumer<DataSet> taker =
              new Consumer<>() {
                private int useless;

                @Override
                public void accept(DataSet row) {
                  String name = text(row, unique);
                  boolean isNew =
                      !name.isEmpty() && rows.putIfAbsent(name, wanted.apply(row)) == null;
                  if (!isNew && ++useless > USELESS_ROWS_MAX) {
                    throw withoutEnd();
                  }
                }
              };
          try (Association association = Association.open(node.requests().get().querying())) {
            Map<Integer, String> all = new HashMap<>(keys);
            if (association.isByPatient()) {
              if (canAsk && patientId.equals(NOBODY) && patients.isEmpty()) {
                return Optional.empty();
              }
              // A unique key of every level (PS3.4 section C.6.1).
              all.put(Tag.PatientID, patientId.reveal(PatientData.Purpose.MATCH_QUERY));
            }
            DimseStatus status = association.find(level, all, MATCHES_MAX, taker);
            if (!status.isSuccess()) {
              throw notAnswered(status);
            }
          }
          return Optional.of(List.copyOf(rows.values()));
        });
  }

  private static String text(DataSet row, int tag) {
    try {
      return row.string(tag).orElse("").strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // It is in memory.
    }
  }

  private SerdabException.Refused withoutEnd() {
    return new SerdabException.Refused(
        new Problem(
            "node-query-failed",
            "The node at "
                + describe()
                + " did not answer what it holds: its answer repeats itself without end.",
            "Its own log says why; tell its manufacturer. Nothing is sent to a node that does not say"
                + " what it has."));
  }

  private SerdabException.Unavailable notAnswered(DimseStatus status) {
    return new SerdabException.Unavailable(
        new Problem(
            "node-query-failed",
            "The node at " + describe() + " did not answer what it holds: status " + status + ".",
            "Its own log says why. Run again; nothing is sent to a node that does not say what it"
                + " has.",
            Map.of("status", status.toString())));
  }

  // ---- sending

  @Override
  public Outbox outbox(Spool spool) {
    return new DimseOutbox(new Converting(spool));
  }

  private final class DimseOutbox implements Outbox {
    private final Sender sender = new Sender(node.requests(), node.traffic());
    private final Converting converting;

    private final Map<String, OtherForm> forms = new HashMap<>();

    DimseOutbox(Converting converting) {
      this.converting = converting;
    }

    @Override
    public List<List<Outgoing>> due(List<Outgoing> waiting, boolean last) {
      List<List<Outgoing>> batches = new ArrayList<>();
      List<Outgoing> batch = new ArrayList<>();
      long bytes = 0;
      for (Outgoing each : waiting) {
        batch.add(each);
        bytes += each.held().lengthBytes();
        if (batch.size() >= BATCH_INSTANCES || bytes >= BATCH_BYTES) {
          batches.add(List.copyOf(batch));
          batch.clear();
          bytes = 0;
        }
      }
      if (last && !batch.isEmpty()) {
        batches.add(List.copyOf(batch));
      }
      return batches;
    }

    @Override
    public Map<String, Said> send(List<Outgoing> batch) {
      Map<String, Said> said = new HashMap<>();
      List<Outgoing> others = new ArrayList<>();
      List<OutgoingInstance> asTheyAre = new ArrayList<>();
      Map<String, Outgoing> bySop = new HashMap<>();
      for (Outgoing each : batch) {
        bySop.put(each.what().sop(), each);
        OutgoingInstance instance = outgoing(each);
        if (notTaken.containsKey(instance.kind())) {
          others.add(each);
        } else {
          asTheyAre.add(instance);
        }
      }
      sender
          .send(asTheyAre)
          .forEach((instance, outcome) -> {
            String sop = instance.sop().value();
            if (node.convert() && isOfItsKind(outcome)) {
              notTaken.put(instance.kind(), said(instance, outcome));
              others.add(Objects.requireNonNull(bySop.get(sop)));
            } else {
              said.put(sop, said(instance, outcome));
            }
          });
      if (!others.isEmpty()) {
        sendConverted(others, said);
      }
      return said;
    }

    /// Whether all of its kind are refused for what they are.
    private static boolean isOfItsKind(StoreOutcome outcome) {
      return outcome instanceof StoreOutcome.NotTransferable(StoreOutcome.Reason reason)
          && (reason == StoreOutcome.Reason.SOP_CLASS_REFUSED
              || reason == StoreOutcome.Reason.TRANSFER_SYNTAX_REFUSED);
    }

    // ---- without loss in another transfer syntax

    /// Converts and sends, so many at a time that their room stays small.
    private void sendConverted(List<Outgoing> batch, Map<String, Said> said) {
      learnTargets(batch);
      Map<OutgoingInstance, Spool.Held> made = new LinkedHashMap<>();
      long bytes = 0;
      try {
        for (Outgoing each : batch) {
          OutgoingInstance own = outgoing(each);
          Optional<String> target = targets.getOrDefault(own.sopClassUid(), Optional.empty());
          Said refused = notTaken.getOrDefault(own.kind(), new Said.CannotBeSent("is not taken"));
          if (target.isEmpty() || target.get().equals(own.transferSyntaxUid())) {
            said.put(each.what().sop(), refused);
            continue;
          }
          try {
            Converting.Made one = converting.make(each, target.get());
            forms.put(each.what().sop(), one.form());
            made.put(converted(own, one), one.held());
            bytes += one.held().lengthBytes();
          } catch (NotConvertibleException e) {
            said.put(each.what().sop(), notConverted(refused, e.reason()));
          }
          if (bytes >= BATCH_BYTES) {
            sendMade(made, said);
            bytes = 0;
          }
        }
        sendMade(made, said);
      } finally {
        made.values().forEach(Spool.Held::close);
      }
    }

    private void sendMade(Map<OutgoingInstance, Spool.Held> made, Map<String, Said> said) {
      if (!made.isEmpty()) {
        sender
            .send(made.keySet())
            .forEach(
                (instance, outcome) -> said.put(instance.sop().value(), said(instance, outcome)));
      }
      made.values().forEach(Spool.Held::close);
      made.clear();
    }

    private static OutgoingInstance converted(OutgoingInstance own, Converting.Made made) {
      long offset = made.index().dataSetOffset();
      return new OutgoingInstance(
          own.sopClassUid(),
          own.sop(),
          made.form().transferSyntaxUid(),
          made.held().bytes(),
          offset,
          made.held().lengthBytes() - offset);
    }

    private static Said notConverted(Said refused, String reason) {
      return refused instanceof Said.CannotBeSent(String why)
          ? new Said.CannotBeSent(why + ", and is not converted: it " + reason)
          : refused;
    }

    /// Asks in which native syntax the node takes the SOP classes of these; nothing is converted
    /// for a node that would not take it then.
    private void learnTargets(List<Outgoing> batch) {
      Set<String> unknown = new LinkedHashSet<>();
      batch.forEach(each -> unknown.add(each.what().instance().sopClassUid()));
      unknown.removeAll(targets.keySet());
      if (unknown.isEmpty()) {
        return;
      }
      sender.rest();
      Set<Kind> kinds = new LinkedHashSet<>();
      for (String sopClass : unknown) {
        TARGETS.forEach(target -> kinds.add(new Kind(sopClass, target)));
      }
      Set<Kind> accepted = new HashSet<>();
      for (List<ProposedContext> contexts : ProposedContext.forSending(kinds)) {
        accepted.addAll(node.traffic().doing(() -> accepted(contexts)));
      }
      for (String sopClass : unknown) {
        targets.put(
            sopClass,
            TARGETS.stream()
                .filter(target -> accepted.contains(new Kind(sopClass, target)))
                .findFirst());
      }
    }

    private List<Kind> accepted(List<ProposedContext> contexts) {
      try (Association association = Association.open(node.requests().get().propose(contexts))) {
        return association.accepted().stream()
            .map(c -> new Kind(c.abstractSyntax(), c.transferSyntaxes().getFirst()))
            .toList();
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("node-takes-nothing")) {
          throw e;
        }
        return List.of();
      }
    }

    @Override
    public Optional<OtherForm> sentAs(String sop) {
      return Optional.ofNullable(forms.get(sop));
    }

    /// What is at a node that takes native pixels only may have been sent by us, and forgotten.
    @Override
    public Optional<OtherForm> mayBeThereAs(Outgoing instance) {
      if (!node.convert()
          || !LosslessConversion.isDecoded(instance.index().transferSyntaxFound())) {
        return Optional.empty();
      }
      try {
        Converting.Made made = converting.make(instance, TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
        made.held().close();
        return Optional.of(made.form());
      } catch (NotConvertibleException e) {
        return Optional.empty();
      }
    }

    /// Some nodes lose instances of a study that come on several associations at once.
    @Override
    public boolean lost() {
      return node.traffic().narrow();
    }

    @Override
    public void rest() {
      sender.rest();
    }

    @Override
    public void close() {
      sender.close();
    }
  }

  @Override
  public Optional<CommitmentAsker.Said> commit(List<Expected> sent) {
    List<CommitmentReport.Reference> references =
        sent.stream()
            .map(each ->
                new CommitmentReport.Reference(
                    each.instance().sopClassUid(), each.instance().sop()))
            .toList();
    return node.commitment().map(asker -> node.traffic().doing(() -> asker.ask(references)));
  }

  private static OutgoingInstance outgoing(Outgoing each) {
    DicomFile index = each.index();
    try {
      return new OutgoingInstance(
              each.what().instance().sopClassUid(),
              each.what().instance().sop(),
              index.transferSyntaxFound(),
              each.held().bytes(),
              index.dataSetOffset(),
              each.held().lengthBytes() - index.dataSetOffset())
          .even(index);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// PS3.4 section B.2.3. A warning is a claim like success: what was altered, reading back tells.
  /// So is "I have it", which says nothing of what it has.
  private Said said(OutgoingInstance instance, StoreOutcome outcome) {
    return switch (outcome) {
      case StoreOutcome.Answered(DimseStatus status) ->
          switch (status.kind()) {
            case SUCCESS, WARNING -> new Said.Kept();
            case FAILURE, CANCELLED, PENDING ->
                status.equals(DimseStatus.DUPLICATE_SOP_INSTANCE)
                    ? new Said.Kept()
                    : new Said.NotKept("status " + status);
          };
      case StoreOutcome.Broke(Problem problem) ->
          new Said.NotKept("the association broke each time it was sent, " + problem.code());
      case StoreOutcome.NotTransferable(StoreOutcome.Reason reason) ->
          new Said.CannotBeSent(
              switch (reason) {
                case SOP_CLASS_REFUSED ->
                    "is of the SOP class "
                        + instance.sopClassUid()
                        + ", which the node does not take in "
                        + syntax(instance)
                        + wayOut(instance);
                case TRANSFER_SYNTAX_REFUSED ->
                    "is in "
                        + syntax(instance)
                        + ", which the node does not take for its kind"
                        + wayOut(instance);
                case NOT_NAMED ->
                    "is encoded in no transfer syntax, or not in the one that it names";
                case ODD_LENGTH ->
                    "has a data set of an odd length that no padding of its last value makes even, and"
                        + " at which nodes end the association";
              });
    };
  }

  private String wayOut(OutgoingInstance instance) {
    return !node.convert() && LosslessConversion.takes(instance.transferSyntaxUid())
        ? "; convert=lossless in the address would let it be sent in another, without loss"
        : "";
  }

  private static String syntax(OutgoingInstance instance) {
    return NodeSheet.SYNTAXES.getOrDefault(
        instance.transferSyntaxUid(), "the transfer syntax " + instance.transferSyntaxUid());
  }

  // ---- having it back

  @Override
  public void bring(
      Collection<StudyInstanceUid> studies, Collection<Wanted> wanted, Arrivals arrivals) {
    Bringing bringing = new Bringing(wanted, arrivals);
    for (StudyInstanceUid study : studies) {
      bringing.bring(study);
    }
    bringing.bySeries(wanted.stream().filter(each -> !studies.contains(each.study())).toList());
  }

  private final class Bringing implements InstanceSink {
    private final Collection<Wanted> all;
    private final Arrivals arrivals;
    private final Map<String, Wanted> bySop = new HashMap<>();
    private final Set<String> come = new HashSet<>();
    private @Nullable RuntimeException failure;

    Bringing(Collection<Wanted> all, Arrivals arrivals) {
      this.all = all;
      this.arrivals = arrivals;
      all.forEach(each -> bySop.put(each.sop().value(), each));
    }

    void bring(StudyInstanceUid study) {
      List<Wanted> ofStudy = all.stream().filter(each -> each.study().equals(study)).toList();
      int before = come();
      Set<Kind> kinds = kinds(ofStudy);
      PatientData<String> patient =
          patient(study, ofStudy.isEmpty() ? NOBODY : ofStudy.getFirst().patientId());
      going(() -> node.retrieval().study(study, patient, kinds, this));
      List<Wanted> missing = missing(ofStudy);
      if (come() == before && !missing.isEmpty()) {
        // A node that does not know the study need not be asked for each of its instances.
        named(missing.subList(0, 1));
        missing = come() == before ? List.of() : missing(missing);
      }
      bySeries(missing);
    }

    void bySeries(List<Wanted> wanted) {
      Map<SeriesInstanceUid, List<Wanted>> bySeries = new LinkedHashMap<>();
      wanted.forEach(
          each -> bySeries.computeIfAbsent(each.series(), _ -> new ArrayList<>()).add(each));
      bySeries.values().forEach(this::named);
    }

    /// Asks for instances of one series by name, as long as some come.
    private void named(List<Wanted> wanted) {
      List<Wanted> missing = wanted;
      while (!missing.isEmpty() && !missing.getFirst().series().isEmpty()) {
        Wanted first = missing.getFirst();
        List<SopInstanceUid> sops = missing.stream().map(Wanted::sop).toList();
        Set<Kind> kinds = kinds(missing);
        boolean whole =
            going(() ->
                node.retrieval()
                    .instances(
                        first.study(),
                        patient(first.study(), first.patientId()),
                        first.series(),
                        sops,
                        kinds,
                        this));
        List<Wanted> still = missing(missing);
        if (whole || still.size() == missing.size()) {
          return;
        }
        missing = still;
      }
    }

    /// Retrieves. What broke off after something had come is not begun anew: what is missing is
    /// asked for by name.
    ///
    /// @return whether it came to its end
    private boolean going(Runnable retrieval) {
      boolean whole =
          node.traffic()
              .doing(() -> {
                int before = come();
                try {
                  retrieval.run();
                  return true;
                } catch (SerdabException.Unavailable e) {
                  if (come() > before) {
                    return false;
                  }
                  throw e;
                }
              });
      @Nullable RuntimeException ours = failure();
      if (ours != null) {
        throw ours;
      }
      return whole;
    }

    private synchronized @Nullable RuntimeException failure() {
      return failure;
    }

    private synchronized int come() {
      return come.size();
    }

    private synchronized List<Wanted> missing(List<Wanted> wanted) {
      return wanted.stream().filter(each -> !come.contains(each.sop().value())).toList();
    }

    @Override
    public synchronized DimseStatus store(IncomingInstance instance) throws IOException {
      if (failure != null) {
        return DimseStatus.OUT_OF_RESOURCES;
      }
      CountedStream body = new CountedStream(Channels.newInputStream(instance.body()));
      try {
        arrivals
            .take(new SequenceInputStream(new ByteArrayInputStream(header(instance)), body))
            .ifPresent(come::add);
        return DimseStatus.SUCCESS;
      } catch (RuntimeException e) {
        failure = e;
        return DimseStatus.OUT_OF_RESOURCES;
      } finally {
        node.traffic().took(body.bytes);
      }
    }

    /// What stood in front of this data set when it was sent, as the node keeps no files.
    private byte[] header(IncomingInstance instance) {
      @Nullable Wanted sent = bySop.get(instance.sop().value());
      return sent != null
              && sent.header().isPresent()
              && sent.header().get().sentIn().equals(instance.transferSyntaxUid())
          ? sent.header().get().bytes()
          : instance.fileHeader();
    }
  }

  private static Set<Kind> kinds(Collection<Wanted> wanted) {
    Set<Kind> kinds = new LinkedHashSet<>();
    Set<String> unknownSyntax = new LinkedHashSet<>();
    for (Wanted each : wanted) {
      if (each.sopClassUid().isEmpty()) {
        unknownSyntax.addAll(NodeSheet.CLASSES.keySet());
      } else if (each.transferSyntaxUids().isEmpty()) {
        unknownSyntax.add(each.sopClassUid());
      } else {
        each.transferSyntaxUids()
            .forEach(syntax -> kinds.add(new Kind(each.sopClassUid(), syntax)));
      }
    }
    kinds.addAll(Retrieval.kindsOf(unknownSyntax));
    return kinds;
  }

  private static final class CountedStream extends InputStream {
    private final InputStream in;
    private long bytes;

    CountedStream(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      int one = in.read();
      bytes += one < 0 ? 0 : 1;
      return one;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = in.read(target, offset, length);
      bytes += Math.max(0, count);
      return count;
    }
  }

  @Override
  public void close() {
    node.retrieval().close();
  }
}
