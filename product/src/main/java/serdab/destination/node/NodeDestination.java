package serdab.destination.node;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.PatientData;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.VersionId;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.StagedVersion;
import serdab.destination.Traits;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Spool;
import serdab.store.BlobStore;

/// Copies at a node: one that speaks DICOMweb, or DICOM's own protocol. Thread-safe.
///
/// A copy is READABLE when it is committed: every instance was retrieved and has equal bytes or an
/// equal canonical digest. Nothing less counts. Files that are no instances cannot be kept here; a
/// study with one is refused as a whole after its instances were sent and compared.
///
/// Nothing at the node is overwritten or removed.
public final class NodeDestination implements Destination {

  private static final PatientData<String> NOT_KNOWN = PatientData.of("");
  private static final String UNKNOWN_TO_US = "study/";
  private static final String NOT_LISTED = "studies that the node may not list";

  private final Node node;
  private final NodeLedger ledger;
  private final Path scratch;
  private final boolean alsoWhatOthersSent;
  private final InstantSource clock;
  private final Commitment commitment = new Commitment();

  /// @param node closed with it
  /// @param ledger where it is remembered what was proven at this node; closed with it
  /// @param scratch for instances on their way
  /// @param alsoWhatOthersSent whether studies at the node of which nothing is remembered are
  ///   listed as copies too, as they are now: for bringing back what there is
  /// @param writtenBy program and version
  public NodeDestination(
      DicomWeb node,
      BlobStore ledger,
      Path scratch,
      boolean alsoWhatOthersSent,
      String writtenBy,
      InstantSource clock) {
    this(new WebNode(node), ledger, scratch, alsoWhatOthersSent, writtenBy, clock);
  }

  /// The same at a node of DICOM's own protocol.
  public NodeDestination(
      DicomNode node,
      BlobStore ledger,
      Path scratch,
      boolean alsoWhatOthersSent,
      String writtenBy,
      InstantSource clock) {
    this(new DimseNode(node), ledger, scratch, alsoWhatOthersSent, writtenBy, clock);
  }

  private NodeDestination(
      Node node,
      BlobStore ledger,
      Path scratch,
      boolean alsoWhatOthersSent,
      String writtenBy,
      InstantSource clock) {
    this.node = node;
    this.ledger = new NodeLedger(ledger, writtenBy);
    this.scratch = scratch;
    this.alsoWhatOthersSent = alsoWhatOthersSent;
    this.clock = clock;
  }

  /// The identity of a node: nothing can be left there that would tell it.
  ///
  /// @param identity what it speaks and where it is, as it is remembered
  public static DestinationId idOf(String identity) {
    MessageDigest hasher = Sha256.hasher();
    hasher.update(identity.getBytes(StandardCharsets.UTF_8));
    ByteBuffer digest = ByteBuffer.wrap(Sha256.finish(hasher).bytes());
    // Version 8 of RFC 9562 is for what is made in a way of one's own.
    long high = (digest.getLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x8000L;
    long low = (digest.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new DestinationId(new UUID(high, low));
  }

  @Override
  public DestinationId id() {
    return idOf(node.identity());
  }

  @Override
  public String describe() {
    return "the " + node.kind() + " " + node.describe();
  }

  @Override
  public Traits traits() {
    return new Traits(
        false,
        false,
        Depth.READABLE,
        node.isSampled() ? Depth.PRESENT : Depth.READABLE,
        false,
        List.of(
            "It holds DICOM instances only; other files need another destination.",
            "It may write instances anew; what comes back is compared by its values."));
  }

  /// A node does not say.
  @Override
  public OptionalLong usableBytes() {
    return OptionalLong.empty();
  }

  // ---- what is held

  /// Every remembered version whose instances the node still lists, and what others sent where that
  /// is wanted: then also that there may be more, where the node's list is not certain.
  @Override
  public Stream<Listed> held(Function<String, Optional<HeldVersion>> known) {
    Set<StudyKey> studies = new LinkedHashSet<>(ledger.studies());
    String doubt = "";
    if (alsoWhatOthersSent) {
      Node.Listing listing = node.studies();
      listing.studies().forEach(study -> studies.add(StudyKey.of(study)));
      doubt = listing.doubt();
    }
    Stream<Listed> copies =
        studies.stream().flatMap(study -> versions(study).stream()).map(Listed.Copy::new);
    // A part is never taken for the whole: what may be missing stands in the list as well.
    return doubt.isEmpty()
        ? copies
        : Stream.concat(
            copies,
            Stream.of(
                new Listed.Unreadable(NOT_LISTED, NodeProblems.listNotCertain(describe(), doubt))));
  }

  @Override
  public Optional<HeldVersion> find(StudyKey study, VersionId version) {
    return versions(study).stream().filter(copy -> copy.id().equals(version)).findFirst();
  }

  /// One whose instances the node does not list all is none any more.
  @Override
  public List<HeldVersion> versions(StudyKey study) {
    List<NodeLedger.Entry> entries = ledger.knows(study) ? ledger.of(study) : List.of();
    List<HeldVersion> whole = new ArrayList<>();
    Map<StudyInstanceUid, Set<String>> listed = new HashMap<>();
    for (NodeLedger.Entry entry : entries) {
      boolean all =
          entry.version().files().stream()
              .flatMap(file -> file.instance().stream())
              .allMatch(instance ->
                  listed
                      .computeIfAbsent(instance.study(), uid -> listed(uid, instance.patientId()))
                      .contains(instance.sop().value()));
      if (all) {
        whole.add(held(entry));
      }
    }
    if (whole.isEmpty() && alsoWhatOthersSent && !study.isOther()) {
      return asItIs(study).stream().toList();
    }
    return whole;
  }

  private Set<String> listed(StudyInstanceUid study, PatientData<String> patientId) {
    Set<String> listed = new HashSet<>();
    node.instances(study, patientId).forEach(row -> listed.add(row.sop().value()));
    return listed;
  }

  private HeldVersion held(NodeLedger.Entry entry) {
    StudyVersion version = entry.version();
    int converted = entry.isConverted() ? ledger.forms(entry.location()).size() : 0;
    return new HeldVersion(
        version.facts().key(),
        version.id(),
        entry.location(),
        version.lengthBytes(),
        version.files().size(),
        version.supersedes(),
        Optional.empty(),
        converted == 0
            ? List.of()
            : List.of(NodeProblems.converted(node.describe(), converted, version.instanceCount())));
  }

  /// A study as the node lists it now. What it is, only retrieving it tells; until then it is named
  /// by the UIDs of its instances.
  private Optional<HeldVersion> asItIs(StudyKey study) {
    Set<String> found = listed(new StudyInstanceUid(study.value()), NOT_KNOWN);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    MessageDigest hasher = Sha256.hasher();
    found.stream()
        .sorted()
        .forEach(uid -> hasher.update((uid + '\n').getBytes(StandardCharsets.UTF_8)));
    return Optional.of(
        new HeldVersion(
            study,
            new VersionId(Sha256.finish(hasher)),
            UNKNOWN_TO_US + study.value().replaceAll("[^0-9A-Za-z.]", "_"),
            0,
            found.size(),
            Optional.empty(),
            Optional.empty()));
  }

  // ---- writing

  @Override
  public StagedVersion begin(StudyFacts facts) {
    if (facts.key().isOther()) {
      throw NodeProblems.cannotHoldGroups(node.describe());
    }
    return new Sending(
        node,
        new Spool(scratch),
        commitment,
        (version, exactly, headers, forms) -> {
          Proof proof =
              node.isSampled()
                  ? new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant())
                  : new Proof(Depth.READABLE, ProofMeans.NETWORK, clock.instant());
          String location = ledger.add(version, exactly, headers, forms);
          return held(new NodeLedger.Entry(location, version)).proven(proof);
        });
  }

  // ---- proving and reading

  /// PRESENT: every instance is listed. READABLE: every instance was retrieved and compared; so for
  /// all depths between, which a node has no other way to reach.
  @Override
  public ProofOutcome prove(HeldVersion copy, Depth depth) {
    if (!Depth.READABLE.reaches(depth)) {
      throw new IllegalArgumentException("a node cannot be proven to " + depth);
    }
    Optional<NodeLedger.Entry> entry = ledger.at(copy.location());
    if (entry.isEmpty() || !entry.get().version().id().equals(copy.id())) {
      return new ProofOutcome.Gone(NodeProblems.gone());
    }
    List<Expected> expected = expected(entry.get());
    return Depth.PRESENT.reaches(depth) ? listed(expected) : compared(expected);
  }

  private List<Expected> expected(NodeLedger.Entry entry) {
    List<Expected> expected = new ArrayList<>();
    Set<String> sops = new HashSet<>();
    Map<String, FileHeader> headers = headers(entry);
    Map<String, OtherForm> forms = ledger.forms(entry.location());
    for (StoredFile file : entry.version().files()) {
      Expected.of(
              file,
              Optional.empty(),
              file.instance().flatMap(one -> Optional.ofNullable(headers.get(one.sop().value()))))
          .filter(each -> sops.add(each.sop()))
          .map(each -> {
            OtherForm form = forms.get(each.sop());
            return form == null ? each : each.with(form);
          })
          .ifPresent(expected::add);
    }
    return expected;
  }

  private Map<String, FileHeader> headers(NodeLedger.Entry entry) {
    return node.keepsFiles() ? Map.of() : ledger.headers(entry.location());
  }

  private ProofOutcome listed(List<Expected> expected) {
    Map<StudyInstanceUid, Set<String>> listed = new HashMap<>();
    List<Expected> missing =
        expected.stream()
            .filter(each ->
                !listed
                    .computeIfAbsent(
                        each.instance().study(),
                        study -> listed(study, each.instance().patientId()))
                    .contains(each.sop()))
            .toList();
    Map<String, ReadBack.Verdict> verdicts = new HashMap<>();
    expected.forEach(each -> verdicts.put(each.sop(), new ReadBack.Verdict.Same(false)));
    missing.forEach(each -> verdicts.put(each.sop(), new ReadBack.Verdict.Missing()));
    return outcome(expected, verdicts, new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant()));
  }

  private ProofOutcome compared(List<Expected> expected) {
    try (Spool spool = new Spool(scratch)) {
      return outcome(
          expected,
          new ReadBack(node, spool).compare(expected),
          new Proof(Depth.READABLE, ProofMeans.NETWORK, clock.instant()));
    }
  }

  private ProofOutcome outcome(
      List<Expected> expected, Map<String, ReadBack.Verdict> verdicts, Proof proof) {
    boolean nothing =
        !expected.isEmpty()
            && verdicts.values().stream().allMatch(ReadBack.Verdict.Missing.class::isInstance);
    Optional<Problem> wrong =
        NodeProblems.judge(node.describe(), expected, verdicts, Set.of(), Map.of(), List.of(), 0)
            .map(SerdabException::problem);
    if (wrong.isEmpty()) {
      return new ProofOutcome.Proven(proof);
    }
    return nothing ? new ProofOutcome.Gone(wrong.get()) : new ProofOutcome.Bad(wrong.get());
  }

  @Override
  public VersionReader read(HeldVersion copy) {
    Optional<NodeLedger.Entry> entry = ledger.at(copy.location());
    if (entry.isPresent() && entry.get().version().id().equals(copy.id())) {
      StudyVersion known = entry.get().version();
      NodeLedger.Entry proven = entry.get();
      // Whoever only wants to know what it is need not retrieve it.
      return proven.cameBackExactly()
          ? new LaterReader(
              known, () -> NodeReader.of(node, new Spool(scratch), known, expected(proven)))
          : NodeReader.of(node, new Spool(scratch), known, expected(proven));
    }
    if (!copy.location().startsWith(UNKNOWN_TO_US)) {
      throw new SerdabException.Damaged(NodeProblems.gone());
    }
    StudyInstanceUid study = new StudyInstanceUid(copy.study().value());
    List<Node.Wanted> wanted =
        node.instances(study, NOT_KNOWN).stream()
            .map(row ->
                new Node.Wanted(
                    study,
                    NOT_KNOWN,
                    row.series(),
                    row.sop(),
                    row.sopClassUid(),
                    List.of(),
                    Optional.empty()))
            .toList();
    return NodeReader.ofWhatIsThere(
        node,
        new Spool(scratch),
        study,
        wanted,
        node.listed(study, NOT_KNOWN).orElse(OptionalLong.empty()).orElse(0),
        (files, missing) ->
            StudyVersion.of(
                facts(copy.study(), files),
                files,
                missing,
                List.of(),
                Optional.empty(),
                describe(),
                clock.instant()));
  }

  private static StudyFacts facts(StudyKey study, List<StoredFile> files) {
    return files.stream()
        .flatMap(file -> file.instance().stream())
        .findFirst()
        .map(first ->
            new StudyFacts(
                study,
                first.patientName(),
                first.patientId(),
                date(first.patientBirthDate().reveal(PatientData.Purpose.BESIDE_THE_DATA))
                    .map(PatientData::of),
                date(first.studyDate()),
                files.stream()
                    .flatMap(file -> file.instance().stream())
                    .map(instance -> instance.modality())
                    .filter(modality -> !modality.isEmpty())
                    .toList(),
                first.accessionNumber(),
                PatientData.of(first.studyDescription())))
        .orElseGet(() ->
            new StudyFacts(
                study,
                PatientData.of(""),
                PatientData.of(""),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                PatientData.of(""),
                PatientData.of("")));
  }

  private static Optional<LocalDate> date(String text) {
    try {
      return Optional.of(LocalDate.parse(text, DateTimeFormatter.BASIC_ISO_DATE));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  // ---- what a node does not do

  /// What the node said when it was asked to keep what was sent.
  @Override
  public List<Problem> notices() {
    return commitment.notices(describe());
  }

  /// Only what is remembered of it is put aside; the instances stay where they are.
  @Override
  public Optional<String> setAside(String location) {
    return ledger.setAside(location);
  }

  @Override
  public long setAsideCount() {
    return ledger.asideCount();
  }

  @Override
  public boolean remove(HeldVersion version) {
    throw NodeProblems.keepsEverything();
  }

  @Override
  public boolean removeLast(HeldVersion version) {
    throw NodeProblems.keepsEverything();
  }

  @Override
  public void settle(Map<Optional<YearMonth>, Boolean> months) {}

  @Override
  public void note(Issue issue) {}

  @Override
  public void close() {
    try {
      node.close();
    } finally {
      ledger.close();
    }
  }
}
