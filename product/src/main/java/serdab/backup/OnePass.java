package serdab.backup;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.SerdabException;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.StagedVersion;
import serdab.dicom.Anomaly;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.InstanceFacts;
import serdab.dicom.RejectionNote;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyVersion;
import serdab.report.Progress;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// Reads a study's files once, computes their digests, and feeds every destination while the bytes
/// go by. One thread at a time; reusable for one study after another.
final class OnePass implements StudyReceiver {

  /// Up to this length a file is held in memory whole, so that its structure is learned and its
  /// bytes are passed on by one reading. Longer files are indexed by small reads first.
  static final int WHOLE_FILE_BYTES = 8 << 20;

  private static final int CHUNK_BYTES = 1 << 20;

  private final StopSignal stop;
  private final Progress progress;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  private final List<Target> targets = new ArrayList<>();
  private final List<StoredFile> files = new ArrayList<>();
  private final List<StudyVersion.Missing> missing = new ArrayList<>();
  private final List<RejectionNote> notes = new ArrayList<>();
  private int unreadableNotes;
  private final InstantSource clock;
  private long bytesRead;
  private boolean mayRest = true;
  private SourceTook sourceTook = SourceTook.NOTHING;

  OnePass(StopSignal stop, Progress progress, InstantSource clock) {
    this.stop = stop;
    this.progress = progress;
    this.clock = clock;
  }

  /// What the source was asked for and how long it took, destinations and computing left out.
  record SourceTook(long files, long bytes, Duration time) {
    static final SourceTook NOTHING = new SourceTook(0, 0, Duration.ZERO);

    private SourceTook plus(long moreFiles, long moreBytes, Duration more) {
      return new SourceTook(files + moreFiles, bytes + moreBytes, time.plus(more));
    }
  }

  /// What all readings since the last call took.
  SourceTook sourceTook() {
    SourceTook took = sourceTook;
    sourceTook = SourceTook.NOTHING;
    return took;
  }

  /// Lets a source deliver, and takes the time that this takes it.
  Delivery deliver(Inventory inventory, SourceStudy study, Set<String> leaveOut) {
    Instant begun = clock.instant();
    mayRest = inventory.mayRest();
    try {
      return inventory.deliver(study, leaveOut, this);
    } finally {
      sourceTook = sourceTook.plus(0, 0, Duration.between(begun, clock.instant()));
    }
  }

  /// One destination's copy in the making.
  static final class Target {
    private final int index;
    private final Destination destination;
    private @Nullable StagedVersion staged;
    private @Nullable SerdabException failure;

    Target(int index, Destination destination) {
      this.index = index;
      this.destination = destination;
    }

    int index() {
      return index;
    }

    Destination destination() {
      return destination;
    }

    /// Why this destination will not get its copy in this pass; empty when all is well.
    Optional<SerdabException> failure() {
      return Optional.ofNullable(failure);
    }

    HeldVersion commit(StudyVersion version) {
      StagedVersion copy = staged;
      if (copy == null) {
        throw new IllegalStateException("nothing was staged");
      }
      return copy.commit(version);
    }

    /// Does one step, unless an earlier one failed; a failure ends this destination's copy only.
    private void step(Step step) {
      if (failure != null) {
        return;
      }
      try {
        StagedVersion copy = staged;
        if (copy != null) {
          step.on(copy);
        }
      } catch (SerdabException e) {
        failure = e;
        discard();
      }
    }

    private void begin(StudyFacts facts) {
      try {
        staged = destination.begin(facts);
      } catch (SerdabException e) {
        failure = e;
      }
    }

    void discard() {
      StagedVersion copy = staged;
      staged = null;
      if (copy != null) {
        try {
          copy.close();
        } catch (SerdabException e) {
          if (failure == null) {
            failure = e;
          }
        }
      }
    }

    @FunctionalInterface
    private interface Step {
      void on(StagedVersion staged);
    }
  }

  /// Ends a reading that serves nobody any more: every destination failed, or the run must stop.
  static final class Abandoned extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Abandoned() {
      super("the reading was abandoned", null, false, false);
    }
  }

  /// Prepares for one study. No destinations means that only digests are wanted.
  void begin(StudyFacts facts, List<Target> wanted) {
    files.clear();
    missing.clear();
    notes.clear();
    unreadableNotes = 0;
    targets.clear();
    bytesRead = 0;
    targets.addAll(wanted);
    for (Target target : targets) {
      target.begin(facts);
    }
    checkWorthwhile();
  }

  List<StoredFile> files() {
    return List.copyOf(files);
  }

  List<StudyVersion.Missing> missing() {
    return List.copyOf(missing);
  }

  /// What the rejection notes among the files reject of them.
  Rejections rejections(StudyFacts facts) {
    return facts.key().isOther()
        ? Rejections.NONE
        : Rejections.of(facts, files, notes, unreadableNotes);
  }

  /// What is rejected of a version, when it is the one that was read last; else nothing is known.
  Rejections rejectionsOf(StudyVersion version) {
    return files.equals(version.files()) ? rejections(version.facts()) : Rejections.NONE;
  }

  long bytesRead() {
    return bytesRead;
  }

  /// The destinations that failed, in the plan's order, when not one is left to read for; empty
  /// when the run must stop.
  List<Target> allFailed() {
    boolean nobodyIsLeft =
        !stop.mustAbandon()
            && !targets.isEmpty()
            && targets.stream().allMatch(target -> target.failure().isPresent());
    return nobodyIsLeft ? List.copyOf(targets) : List.of();
  }

  void discard() {
    for (Target target : targets) {
      target.discard();
    }
  }

  @Override
  public void take(SourceFile file, ByteSource given) throws IOException {
    Instant begun = clock.instant();
    TimedBytes bytes = new TimedBytes(given, clock);
    try {
      restWhilePaused();
      takeTimed(file, bytes);
    } finally {
      Duration ours = Duration.between(begun, clock.instant()).minus(bytes.took());
      sourceTook = sourceTook.plus(1, bytes.got(), ours.negated());
    }
  }

  private void restWhilePaused() {
    if (mayRest && stop.isHeld()) {
      for (Target target : targets) {
        target.step(StagedVersion::rest);
      }
      stop.pass();
      checkWorthwhile();
    }
  }

  private void takeTimed(SourceFile file, ByteSource bytes) throws IOException {
    long length = bytes.lengthBytes();
    for (Target target : targets) {
      target.step(staged -> staged.beginFile(file.path(), length, file.modifiedMillis()));
    }
    StoredFile stored =
        length <= WHOLE_FILE_BYTES
            ? takeWhole(file, bytes, (int) length)
            : takeByChunks(file, bytes);
    for (Target target : targets) {
      target.step(staged -> staged.endFile(stored));
    }
    files.add(stored);
    checkWorthwhile();
  }

  @Override
  public void notGiven(SourceFile file, NotGiven reason, String detail) {
    String word =
        switch (reason) {
          case MISSING -> "missing";
          case OFFLINE -> "offline";
          case UNREADABLE -> "unreadable";
        };
    missing.add(new StudyVersion.Missing(file.path(), word, detail));
  }

  private StoredFile takeWhole(SourceFile file, ByteSource bytes, int length) throws IOException {
    byte[] whole = new byte[length];
    readFully(bytes, 0, ByteBuffer.wrap(whole));
    DicomFile index = DicomFile.read(ByteSource.of(whole));
    tell(index);
    pass(ByteBuffer.wrap(whole));
    DigestPass digests = DigestPass.over(index);
    digests.update(ByteBuffer.wrap(whole));
    return describe(file, length, index, digests);
  }

  private StoredFile takeByChunks(SourceFile file, ByteSource bytes) throws IOException {
    long length = bytes.lengthBytes();
    DicomFile index = DicomFile.read(bytes);
    tell(index);
    DigestPass digests = DigestPass.over(index);
    for (long position = 0; position < length; ) {
      chunk.clear().limit((int) Math.min(CHUNK_BYTES, length - position));
      readFully(bytes, position, chunk);
      chunk.flip();
      position += chunk.remaining();
      pass(chunk.duplicate());
      digests.update(chunk);
      checkWorthwhile();
    }
    return describe(file, length, index, digests);
  }

  private void tell(DicomFile index) {
    for (Target target : targets) {
      target.step(staged -> staged.structure(index));
    }
  }

  private void pass(ByteBuffer bytes) {
    for (Target target : targets) {
      target.step(staged -> staged.write(bytes.duplicate()));
    }
    bytesRead += bytes.remaining();
    progress.read(bytes.remaining());
  }

  private void checkWorthwhile() {
    if (!allFailed().isEmpty() || stop.mustAbandon()) {
      throw new Abandoned();
    }
  }

  /// A rejection note is kept like any file; that it is one is worth knowing.
  private void noteRejections(DicomFile index) throws IOException {
    Optional<RejectionNote> note = RejectionNote.of(index);
    note.ifPresent(notes::add);
    boolean mayBeOne = index.facts().sopClassUid().equals(RejectionNote.SOP_CLASS_UID);
    if (note.isEmpty() && mayBeOne && index.isDamaged()) {
      unreadableNotes++;
    }
  }

  private StoredFile describe(SourceFile file, long length, DicomFile index, DigestPass digests)
      throws IOException {
    List<Finding> findings = new ArrayList<>();
    noteRejections(index);
    for (Anomaly anomaly : index.anomalies()) {
      findings.add(new Finding(kind(anomaly), file.path(), anomaly.position(), anomaly.detail()));
    }
    Optional<InstanceFacts> instance =
        index.isDicom() ? Optional.of(index.facts()) : Optional.empty();
    return new StoredFile(
        file.path(),
        length,
        file.modifiedMillis(),
        digests.finish(),
        instance,
        findings,
        file.rowCount());
  }

  private static String kind(Anomaly anomaly) {
    return anomaly.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// Bytes of the source, and how long it took to give them.
  private static final class TimedBytes implements ByteSource {
    private final ByteSource bytes;
    private final InstantSource clock;
    private Duration took = Duration.ZERO;
    private long got;

    TimedBytes(ByteSource bytes, InstantSource clock) {
      this.bytes = bytes;
      this.clock = clock;
    }

    Duration took() {
      return took;
    }

    long got() {
      return got;
    }

    @Override
    public long lengthBytes() throws IOException {
      return bytes.lengthBytes();
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      Instant begun = clock.instant();
      int count = bytes.read(position, target);
      took = took.plus(Duration.between(begun, clock.instant()));
      got += Math.max(0, count);
      return count;
    }

    @Override
    public void close() {
      // Whoever gave the bytes closes them.
    }
  }

  /// Fills the buffer; a source that ends early changed while it was read, which its second look
  /// will tell better than this exception can.
  private static void readFully(ByteSource bytes, long position, ByteBuffer target)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int got = bytes.read(at, target);
      if (got <= 0) {
        throw new EOFException("the file ended at byte " + at);
      }
      at += got;
    }
  }
}
