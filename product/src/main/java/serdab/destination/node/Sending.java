package serdab.destination.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.destination.HeldVersion;
import serdab.destination.StagedVersion;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Outline;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyVersion;
import serdab.dicom.net.CommitmentAsker;
import serdab.dicom.net.web.Spool;
import serdab.plan.Existing;

/// A version on its way to a node. What the node lists already is not sent; everything is compared
/// at the end. One thread at a time.
///
/// What was sent stays at the node, also when the version is given up: instances are complete in
/// themselves, and the next run finds them there.
final class Sending implements StagedVersion {

  private static final int CHUNK_BYTES = 256 << 10;
  private static final int PREAMBLE_BYTES = 128;
  private static final byte[] PREFIX = {'D', 'I', 'C', 'M'};

  private final Node node;
  private final Node.Outbox outbox;
  private final Spool spool;
  private final Proven proven;
  private final Commitment commitment;

  /// Of each study that was asked about, whose it is.
  private final Map<StudyInstanceUid, PatientData<String>> asked = new LinkedHashMap<>();

  private final Set<String> there = new HashSet<>();
  private final Map<String, Expected> expected = new LinkedHashMap<>();
  private final List<NodeProblems.Unheld> unheld = new ArrayList<>();
  private final Map<String, Said> said = new HashMap<>();
  private final List<Node.Outgoing> waiting = new ArrayList<>();
  private Spool.@Nullable Draft draft;
  private String path = "";

  /// Makes the copy of a version whose every instance was compared.
  @FunctionalInterface
  interface Proven {
    /// Remembers it.
    ///
    /// @param exactly whether all came back bit for bit
    /// @param headers what stood in front of their data sets, where the node does not keep that
    /// @param forms in which other form instances are at the node, by SOP Instance UID
    HeldVersion copy(
        StudyVersion version,
        boolean exactly,
        Map<String, FileHeader> headers,
        Map<String, OtherForm> forms);
  }

  /// @param commitment is told what the node says of keeping what was sent
  Sending(Node node, Spool spool, Commitment commitment, Proven proven) {
    this.node = node;
    this.outbox = node.outbox(spool);
    this.spool = spool;
    this.commitment = commitment;
    this.proven = proven;
  }

  @Override
  public void beginFile(String file, long lengthBytes) {
    giveUpDraft();
    path = file;
    draft = spool.begin();
  }

  @Override
  public void write(ByteBuffer bytes) {
    Spool.@Nullable Draft current = draft;
    if (current == null) {
      throw new IllegalStateException("no file was begun");
    }
    current.write(bytes);
  }

  @Override
  public void endFile(StoredFile file) {
    Spool.@Nullable Draft current = draft;
    if (current == null || !path.equals(file.path())) {
      throw new IllegalStateException("another file was begun");
    }
    draft = null;
    Spool.Held held = current.end();
    boolean waits = false;
    try {
      Optional<String> whyNot = whyNot(file, held);
      if (whyNot.isPresent()) {
        unheld.add(new NodeProblems.Unheld(file.path(), whyNot.get()));
        return;
      }
      DicomFile index = index(held);
      Optional<FileHeader> header =
          node.keepsFiles() ? Optional.empty() : FileHeader.of(index, held);
      Expected one = Expected.of(file, outline(held, index), header).orElseThrow();
      @Nullable Expected twin = expected.get(one.sop());
      if (twin != null) {
        if (!twin.isSame(one.instance(), one.digests())) {
          unheld.add(
              new NodeProblems.Unheld(
                  file.path(), "has the SOP Instance UID of " + twin.path() + " and other values"));
        }
        return;
      }
      expected.put(one.sop(), one);
      ask(one.instance().study(), one.instance().patientId());
      Node.Outgoing outgoing = new Node.Outgoing(one, held, index);
      if (there.contains(one.sop())) {
        mayBeInOtherForm(outgoing);
      } else {
        waiting.add(outgoing);
        waits = true;
        if (node.existing() != Existing.COUNT) {
          sendDue(false);
        }
      }
    } finally {
      if (!waits) {
        held.close();
      }
    }
  }

  /// Why a node cannot hold a file; empty when it can.
  private Optional<String> whyNot(StoredFile file, Spool.Held held) {
    if (file.instance().isEmpty()) {
      return Optional.of("is not a DICOM file");
    }
    InstanceFacts instance = file.instance().get();
    if (instance.study().value().isEmpty()
        || instance.series().value().isEmpty()
        || instance.sop().isEmpty()
        || instance.sopClassUid().isEmpty()) {
      return Optional.of("lacks a UID that every instance needs");
    }
    if (file.digests().canonical().isEmpty()) {
      return Optional.of("is damaged, so that nobody could tell whether it is the same there");
    }
    return !node.keepsFiles() || isPart10(held)
        ? Optional.empty()
        : Optional.of("has no File Meta Information, without which it cannot be sent as it is");
  }

  private static boolean isPart10(Spool.Held held) {
    ByteBuffer prefix = ByteBuffer.allocate(PREFIX.length);
    try {
      int got = held.bytes().read(PREAMBLE_BYTES, prefix);
      return got == PREFIX.length && java.util.Arrays.equals(prefix.array(), PREFIX);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DicomFile index(Spool.Held held) {
    try {
      return DicomFile.read(held.bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Outline> outline(Spool.Held held, DicomFile index) {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (InputStream in = held.open()) {
      DigestPass pass = DigestPass.over(index);
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        pass.update(ByteBuffer.wrap(chunk, 0, count));
      }
      pass.finish();
      return pass.outline();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void ask(StudyInstanceUid study, PatientData<String> patientId) {
    if (asked.putIfAbsent(study, patientId) != null) {
      return;
    }
    outbox.rest();
    switch (node.existing()) {
      case FULL -> askForInstances(study, patientId);
      case SKIP -> {
        if (node.listed(study, patientId).isPresent()) {
          throw NodeProblems.assumed(node.describe(), "lists this study");
        }
      }
      case COUNT -> {}
    }
  }

  private void askForInstances(StudyInstanceUid study, PatientData<String> patientId) {
    node.instances(study, patientId).forEach(row -> there.add(row.sop().value()));
  }

  /// Only now is it known how many instances there are.
  private void compareCounts() {
    for (Map.Entry<StudyInstanceUid, PatientData<String>> each : asked.entrySet()) {
      StudyInstanceUid study = each.getKey();
      long ours =
          expected.values().stream().filter(one -> one.instance().study().equals(study)).count();
      Optional<OptionalLong> theirs = node.listed(study, each.getValue());
      if (theirs.isPresent() && theirs.get().equals(OptionalLong.of(ours))) {
        throw NodeProblems.assumed(
            node.describe(), "says that it has as many instances of this study: " + ours);
      }
      askForInstances(study, each.getValue());
    }
    waiting.removeIf(each -> {
      boolean isThere = there.contains(each.what().sop());
      if (isThere) {
        mayBeInOtherForm(each);
        each.held().close();
      }
      return isThere;
    });
  }

  private void mayBeInOtherForm(Node.Outgoing instance) {
    outbox.mayBeThereAs(instance).ifPresent(form -> otherForm(instance.what().sop(), form));
  }

  private void otherForm(String sop, OtherForm form) {
    expected.computeIfPresent(sop, (_, one) -> one.with(form));
  }

  // ---- sending

  private void sendDue(boolean last) {
    for (List<Node.Outgoing> batch : outbox.due(List.copyOf(waiting), last)) {
      Map<String, Said> answers = outbox.send(batch);
      for (Node.Outgoing each : batch) {
        Expected what = each.what();
        Said answer = answers.getOrDefault(what.sop(), new Said.NotKept(""));
        said.put(what.sop(), answer);
        outbox.sentAs(what.sop()).ifPresent(form -> otherForm(what.sop(), form));
        if (answer instanceof Said.CannotBeSent(String reason)) {
          expected.remove(what.sop());
          unheld.add(new NodeProblems.Unheld(what.path(), reason));
        }
        each.held().close();
      }
      waiting.removeAll(batch);
    }
  }

  @Override
  public void rest() {
    outbox.rest();
  }

  // ---- proving

  @Override
  public HeldVersion commit(StudyVersion version) {
    if (node.existing() == Existing.COUNT) {
      compareCounts();
    }
    sendDue(true);
    outbox.rest();
    List<Expected> all = List.copyOf(expected.values());
    List<Expected> sent =
        all.stream().filter(each -> said.get(each.sop()) instanceof Said.Kept).toList();
    Optional<CommitmentAsker.Said> promised = sent.isEmpty() ? Optional.empty() : node.commit(sent);
    Map<String, ReadBack.Verdict> verdicts =
        all.isEmpty() ? Map.of() : node.isSampled() ? sampled(all) : compared(all);
    promised.ifPresent(each -> commitment.add(each, verdicts));
    long brokenPromises = promised.map(each -> Commitment.missing(each, verdicts)).orElse(0L);
    Optional<SerdabException> wrong =
        NodeProblems.judge(node.describe(), all, verdicts, there, said, unheld, brokenPromises);
    if (wrong.isPresent()) {
      boolean lost =
          all.stream()
              .anyMatch(each ->
                  verdicts.get(each.sop()) instanceof ReadBack.Verdict.Missing
                      && said.get(each.sop()) instanceof Said.Kept);
      // A copy that reads back wrong is made again at once.
      throw lost && wrong.get() instanceof SerdabException.Unavailable && outbox.lost()
          ? new SerdabException.Damaged(wrong.get().problem())
          : wrong.get();
    }
    boolean exactly =
        verdicts.values().stream()
                .allMatch(
                    verdict -> verdict instanceof ReadBack.Verdict.Same(boolean same, _) && same)
            && version.files().size() == all.size();
    Map<String, FileHeader> headers = new LinkedHashMap<>();
    all.forEach(each -> each.header().ifPresent(header -> headers.put(each.sop(), header)));
    return proven.copy(version, exactly, headers, otherForms(all, verdicts));
  }

  /// Those that are at the node in another form. Of what was not read back nobody knows better than
  /// that it was sent so.
  private Map<String, OtherForm> otherForms(
      List<Expected> all, Map<String, ReadBack.Verdict> verdicts) {
    Map<String, OtherForm> forms = new LinkedHashMap<>();
    for (Expected each : all) {
      boolean isConverted =
          node.isSampled()
              || (verdicts.get(each.sop()) instanceof ReadBack.Verdict.Same(_, boolean converted)
                  && converted);
      // A native one in its other form says the same in any native syntax; that is told, too.
      if (isConverted || outbox.sentAs(each.sop()).isPresent()) {
        each.form().ifPresent(form -> forms.put(each.sop(), form));
      }
    }
    return forms;
  }

  private Map<String, ReadBack.Verdict> compared(List<Expected> all) {
    return new ReadBack(node, spool).compare(all);
  }

  /// Of those that are not read back it is asked whether the node lists them; no more.
  private Map<String, ReadBack.Verdict> sampled(List<Expected> all) {
    List<Expected> some = node.sample(all);
    Map<String, ReadBack.Verdict> verdicts =
        new HashMap<>(new ReadBack(node, spool).compareOnly(some));
    Set<String> listed = new HashSet<>();
    asked.forEach((study, patientId) ->
        node.instances(study, patientId).forEach(row -> listed.add(row.sop().value())));
    for (Expected each : all) {
      verdicts.putIfAbsent(
          each.sop(),
          listed.contains(each.sop())
              ? new ReadBack.Verdict.Same(false)
              : new ReadBack.Verdict.Missing());
    }
    return verdicts;
  }

  private void giveUpDraft() {
    Spool.@Nullable Draft current = draft;
    if (current != null) {
      current.close();
      draft = null;
    }
  }

  @Override
  public void close() {
    giveUpDraft();
    waiting.clear();
    outbox.close();
    spool.close();
  }
}
