package serdab.dicom;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;

/// Computes every digest of one file while its bytes go by once, in order. Pixels and other long
/// values pass through two SHA-256 computations and are not kept; what is kept is bounded by
/// [#HELD_BYTES_MAX]. One thread at a time.
///
/// The rules stand in `docs/format/digests.md`.
public final class DigestPass {

  /// Bytes besides long values that are kept until the end, for sorting.
  static final long HELD_BYTES_MAX = 64L << 20;

  /// Hashing twice from the processor's cache beats reading memory twice.
  private static final int STEP_BYTES = 128 << 10;

  private static final int INFLATED_STEP_BYTES = 32 << 10;

  private final MessageDigest file = Sha256.hasher();
  private final long expectedBytes;
  private final @Nullable DataSetPass dataSetPass;
  private final @Nullable Deflated deflated;
  private final long dataSetOffset;
  private String reason;
  private long at;
  private boolean finished;

  private DigestPass(
      long expectedBytes,
      long dataSetOffset,
      @Nullable DataSetPass dataSetPass,
      @Nullable Deflated deflated,
      String reason) {
    this.expectedBytes = expectedBytes;
    this.dataSetOffset = dataSetOffset;
    this.dataSetPass = dataSetPass;
    this.deflated = deflated;
    this.reason = reason;
  }

  /// A pass over a file whose index is known from [DicomFile#read]. The file's source is not read
  /// again; it may be closed.
  public static DigestPass over(DicomFile indexed) {
    Optional<String> whyNot = Understood.whyNot(indexed);
    if (whyNot.isPresent()) {
      return new DigestPass(indexed.lengthBytes(), 0, null, null, whyNot.get());
    }
    boolean isDeflated = indexed.transferSyntax().deflated();
    DataSetPass pass = new DataSetPass(indexed, isDeflated ? 0 : indexed.dataSetOffset());
    if (!pass.isInFileOrder()) {
      return new DigestPass(
          indexed.lengthBytes(), 0, null, null, "its elements overlap in the file");
    }
    if (pass.hasTooManyBulks()) {
      return new DigestPass(
          indexed.lengthBytes(), 0, null, null, "more than 65536 elements are long or fragments");
    }
    if (pass.heldBytesInAll() > HELD_BYTES_MAX) {
      return new DigestPass(
          indexed.lengthBytes(), 0, null, null, "more than 64 MiB are not long values");
    }
    return new DigestPass(
        indexed.lengthBytes(),
        indexed.dataSetOffset(),
        pass,
        isDeflated ? new Deflated(indexed, pass) : null,
        "");
  }

  /// A pass over a file of which nothing is known: it gets its file digest only.
  public static DigestPass ofUnknown() {
    return new DigestPass(-1, 0, null, null, "not read as DICOM");
  }

  /// Takes the next bytes, from the buffer's position to its limit. They are not kept and not
  /// changed.
  public void update(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      ByteBuffer step = bytes.slice(bytes.position(), Math.min(bytes.remaining(), STEP_BYTES));
      bytes.position(bytes.position() + step.remaining());
      long from = at;
      at += step.remaining();
      file.update(step.duplicate());
      if (dataSetPass == null || !reason.isEmpty()) {
        continue;
      }
      if (at > expectedBytes) {
        reason = "the file changed while it was read";
        continue;
      }
      if (at > dataSetOffset) {
        step.position((int) Math.max(0, dataSetOffset - from));
        if (deflated == null) {
          dataSetPass.update(step);
        } else {
          deflated.update(step);
          reason = deflated.failure;
        }
      }
    }
  }

  /// Ends the pass; nothing more can be taken.
  public FileDigests finish() {
    finished = true;
    Sha256 fileDigest = Sha256.finish(file);
    if (deflated != null) {
      deflated.inflater.end();
    }
    if (dataSetPass == null || !reason.isEmpty()) {
      return FileDigests.fileOnly(fileDigest, reason);
    }
    if (at != expectedBytes || (deflated != null && !deflated.isComplete())) {
      return FileDigests.fileOnly(fileDigest, "the file changed while it was read");
    }
    Sha256 dataSet = dataSetPass.finish();
    Optional<Sha256> canonical = dataSetPass.canonical();
    Optional<Sha256> pixel = dataSetPass.pixel();
    List<FileDigests.Absent> absent = new ArrayList<>(0);
    if (canonical.isEmpty()) {
      absent.add(
          new FileDigests.Absent(
              FileDigests.CANONICAL, "more than 64 MiB of values may be sequences"));
    }
    if (pixel.isEmpty()) {
      absent.add(new FileDigests.Absent(FileDigests.PIXEL, "there is not one element with pixels"));
    }
    return new FileDigests(
        fileDigest,
        Optional.of(deflated == null ? dataSet : Sha256.finish(deflated.stored)),
        canonical,
        pixel,
        absent);
  }

  /// What the elements at the top of the data set are; empty where there is no canonical digest.
  ///
  /// @throws IllegalStateException before [#finish]
  public Optional<Outline> outline() {
    if (!finished) {
      throw new IllegalStateException("the pass goes on");
    }
    if (dataSetPass == null || !reason.isEmpty() || at != expectedBytes) {
      return Optional.empty();
    }
    return deflated == null || deflated.isComplete() ? dataSetPass.outline() : Optional.empty();
  }

  /// Inflates a deflated data set on its way.
  private static final class Deflated {

    private final MessageDigest stored = Sha256.hasher();
    private final Inflater inflater;
    private final DataSetPass pass;
    private final long expectedBytes;
    private final ByteBuffer inflated = ByteBuffer.allocate(INFLATED_STEP_BYTES);
    private String failure = "";

    Deflated(DicomFile file, DataSetPass pass) {
      boolean hasZlibHeader =
          file.anomalies().stream().anyMatch(a -> a.kind() == Anomaly.Kind.ZLIB_HEADER);
      this.inflater = new Inflater(!hasZlibHeader);
      this.pass = pass;
      this.expectedBytes = pass.expectedBytes();
    }

    void update(ByteBuffer bytes) {
      stored.update(bytes.duplicate());
      inflater.setInput(bytes);
      try {
        while (!inflater.finished()) {
          int count = inflater.inflate(inflated.clear());
          if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
            break;
          }
          if (inflater.getBytesWritten() > expectedBytes) {
            failure = "the file changed while it was read";
            return;
          }
          pass.update(inflated.flip());
        }
      } catch (DataFormatException e) {
        failure = "the file changed while it was read";
      }
    }

    boolean isComplete() {
      return pass.position() == expectedBytes;
    }
  }
}
