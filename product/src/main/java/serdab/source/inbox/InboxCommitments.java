package serdab.source.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.CommitmentReport;
import serdab.dicom.net.CommitmentReport.Reference;
import serdab.dicom.net.Commitments;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.Holdings.MoveTarget;

/// Answers requests for storage commitment out of an inbox: an instance is kept when its file was
/// read now, and is what was acknowledged. Where several were sent under one UID, all must be:
/// which of them is meant nobody says. Thread-safe.
final class InboxCommitments implements Commitments {

  private static final int CHUNK_BYTES = 256 << 10;

  private final Register register;
  private final Runnable settle;
  private final Map<AeTitle, MoveTarget> targets;
  private final Consumer<Inbox.Event> events;

  /// @param settle brings what was acknowledged so far to its place
  InboxCommitments(
      Register register,
      Runnable settle,
      Map<AeTitle, MoveTarget> targets,
      Consumer<Inbox.Event> events) {
    this.register = register;
    this.settle = settle;
    this.targets = Map.copyOf(targets);
    this.events = events;
  }

  /// @throws SerdabException.Unavailable when it cannot be looked at
  @Override
  public CommitmentReport check(String transactionUid, List<Reference> references) {
    settle.run();
    CommitmentReport report = CommitmentReport.on(transactionUid, references, this::whyNotKept);
    events.accept(new Inbox.Event.Committed(references.size(), report.kept().size()));
    return report;
  }

  private Optional<DimseStatus> whyNotKept(Reference reference) {
    Map<Sha256, DimseStatus> worst = new LinkedHashMap<>();
    try {
      for (Register.Line line : register.of(Settling.safe(reference.sop().value()))) {
        DimseStatus now = status(line, reference);
        // What was sent again when its file had been harmed lies in another one beside it.
        worst.merge(line.digest(), now, (one, other) -> one.isSuccess() ? one : other);
      }
    } catch (IOException e) {
      return Optional.of(DimseStatus.PROCESSING_FAILURE);
    }
    return worst.isEmpty()
        ? Optional.of(DimseStatus.NO_SUCH_OBJECT_INSTANCE)
        : worst.values().stream().filter(status -> !status.isSuccess()).findFirst();
  }

  private static DimseStatus status(Register.Line line, Reference reference) {
    if (!Files.exists(line.file())) {
      return DimseStatus.NO_SUCH_OBJECT_INSTANCE;
    }
    try {
      if (!digest(line.file()).equals(line.digest())) {
        return DimseStatus.PROCESSING_FAILURE;
      }
      try (ByteSource file = ByteSource.open(line.file())) {
        InstanceFacts facts = DicomFile.scan(file).facts();
        return !facts.sop().equals(reference.sop())
            ? DimseStatus.NO_SUCH_OBJECT_INSTANCE
            : facts.sopClassUid().equals(reference.sopClassUid())
                ? DimseStatus.SUCCESS
                : DimseStatus.CLASS_INSTANCE_CONFLICT;
      }
    } catch (IOException e) {
      return DimseStatus.PROCESSING_FAILURE;
    }
  }

  private static Sha256 digest(Path file) throws IOException {
    MessageDigest hasher = Sha256.hasher();
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      while (in.read(chunk.clear()) >= 0) {
        hasher.update(chunk.flip());
      }
    }
    return Sha256.finish(hasher);
  }

  @Override
  public Optional<MoveTarget> reportTo(AeTitle title) {
    return Optional.ofNullable(targets.get(title));
  }

  @Override
  public void notDelivered(AeTitle title) {
    events.accept(new Inbox.Event.NotReported(title));
  }
}
