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
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
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
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Found;
import serdab.dicom.net.web.InstanceRow;
import serdab.dicom.net.web.Spool;
import serdab.dicom.net.web.Stored;

/// A version on its way to a node. What the node lists already is not sent; everything is compared
/// at the end. One thread at a time.
///
/// What was sent stays at the node, also when the version is given up: instances are complete in
/// themselves, and the next run finds them there.
final class Sending implements StagedVersion {

  private static final int CHUNK_BYTES = 256 << 10;
  private static final int PREAMBLE_BYTES = 128;
  private static final byte[] PREFIX = {'D', 'I', 'C', 'M'};

  private final DicomWeb node;
  private final Spool spool;
  private final BiFunction<StudyVersion, Boolean, HeldVersion> proven;

  private final Set<StudyInstanceUid> asked = new HashSet<>();
  private final Set<String> there = new HashSet<>();
  private final Map<String, Expected> expected = new LinkedHashMap<>();
  private final List<NodeProblems.Unheld> unheld = new ArrayList<>();
  private final Map<String, Stored> said = new HashMap<>();
  private final List<DicomWeb.Outgoing> waiting = new ArrayList<>();
  private Spool.@Nullable Draft draft;
  private String path = "";

  /// @param proven makes the copy of a version whose every instance was compared; told whether all
  ///   came back bit for bit
  Sending(DicomWeb node, Spool spool, BiFunction<StudyVersion, Boolean, HeldVersion> proven) {
    this.node = node;
    this.spool = spool;
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
      Expected one = Expected.of(file, outline(held)).orElseThrow();
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
      ask(one.instance().study());
      if (!there.contains(one.sop())) {
        waiting.add(new DicomWeb.Outgoing(one.instance().sop(), held));
        waits = true;
        sendFullBatches();
      }
    } finally {
      if (!waits) {
        held.close();
      }
    }
  }

  /// Why a node cannot hold a file; empty when it can.
  private static Optional<String> whyNot(StoredFile file, Spool.Held held) {
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
    return isPart10(held)
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

  private static Optional<Outline> outline(Spool.Held held) {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (InputStream in = held.open()) {
      DigestPass pass = DigestPass.over(DicomFile.read(held.bytes()));
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        pass.update(ByteBuffer.wrap(chunk, 0, count));
      }
      pass.finish();
      return pass.outline();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void ask(StudyInstanceUid study) {
    if (asked.add(study)) {
      Found<InstanceRow> found = node.instances(study);
      there.addAll(found.rows().keySet());
    }
  }

  // ---- sending

  private void sendFullBatches() {
    List<List<DicomWeb.Outgoing>> batches = node.batches(waiting);
    // The last one may still grow.
    for (List<DicomWeb.Outgoing> batch : batches.subList(0, batches.size() - 1)) {
      send(batch);
    }
  }

  private void sendAll() {
    for (List<DicomWeb.Outgoing> batch : node.batches(waiting)) {
      send(batch);
    }
  }

  private void send(List<DicomWeb.Outgoing> batch) {
    Map<String, Stored> answers = new HashMap<>();
    node.store(batch).forEach((sop, what) -> answers.put(sop.value(), what));
    // One that a node cannot take may make it refuse all that came with it.
    boolean refused =
        answers.values().stream()
            .allMatch(what -> what instanceof Stored.Unaccounted(int status) && status / 100 != 2);
    if (refused && batch.size() > 1) {
      for (DicomWeb.Outgoing each : batch) {
        node.store(List.of(each)).forEach((sop, what) -> answers.put(sop.value(), what));
      }
    }
    said.putAll(answers);
    for (DicomWeb.Outgoing each : batch) {
      each.held().close();
    }
    waiting.removeAll(batch);
  }

  // ---- proving

  @Override
  public HeldVersion commit(StudyVersion version) {
    sendAll();
    List<Expected> all = List.copyOf(expected.values());
    Map<String, ReadBack.Verdict> verdicts =
        all.isEmpty() ? Map.of() : new ReadBack(node, spool).compare(all);
    Optional<SerdabException> wrong =
        NodeProblems.judge(node.describe(), all, verdicts, there, said, unheld);
    if (wrong.isPresent()) {
      throw wrong.get();
    }
    boolean exactly =
        verdicts.values().stream()
                .allMatch(verdict -> verdict instanceof ReadBack.Verdict.Same(boolean same) && same)
            && version.files().size() == all.size();
    return proven.apply(version, exactly);
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
    spool.close();
  }
}
