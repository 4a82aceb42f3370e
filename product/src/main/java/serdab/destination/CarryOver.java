package serdab.destination;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.security.MessageDigest;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;

/// Makes a copy of one destination's copy at another: the same files, bit for bit, with all that
/// the first one's manifest says of them. One thread at a time; reusable.
///
/// Every file is compared with its digest while it is read, so damage is never carried over, and
/// the new copy is read back before it is visible.
public final class CarryOver {

  private static final int CHUNK_BYTES = 1 << 20;

  private final LongConsumer bytesRead;
  private final BooleanSupplier stop;
  private final Gate gate;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  /// Prepares to copy.
  ///
  /// @param bytesRead told how many bytes were read, piece by piece
  /// @param stop asked between pieces; once true, the copy in the making is given up
  public CarryOver(LongConsumer bytesRead, BooleanSupplier stop) {
    this(bytesRead, stop, Gate.OPEN);
  }

  /// The same, resting between two files where a gate is held.
  public CarryOver(LongConsumer bytesRead, BooleanSupplier stop, Gate gate) {
    this.bytesRead = bytesRead;
    this.stop = stop;
    this.gate = gate;
  }

  /// A copy that was given up because the run must stop; nothing of it is left.
  public static final class GivenUp extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private GivenUp() {
      super("the copy was given up", null, false, false);
    }
  }

  /// Copies one version.
  ///
  /// @param reader the copy to read
  /// @return the new copy, with its proof
  /// @throws SerdabException.Damaged `copy-damaged` or another when the bytes read are not those of
  ///   the version, or the new copy reads back wrong; nothing is visible then
  /// @throws GivenUp when it was asked to stop
  public HeldVersion copy(VersionReader reader, Destination to) {
    StudyVersion version = reader.version();
    try (StagedVersion staged = to.begin(version.facts())) {
      for (StoredFile file : version.files()) {
        if (gate.isHeld()) {
          staged.rest();
          gate.pass();
        }
        staged.beginFile(file.path(), file.lengthBytes(), file.modifiedMillis());
        pass(reader, file, staged);
        staged.endFile(file);
      }
      return staged.commit(version);
    } catch (IOException e) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-unreadable",
              "The stored bytes of one of its files cannot be read.",
              "Check the disk it lies on; another destination may hold a good copy."),
          e);
    }
  }

  /// Refuses a version that was read without its manifest: its files are good, and what was known
  /// of them beside is lost, so it is no whole copy to make others from.
  ///
  /// @throws SerdabException.Damaged when it was
  public static void requireManifest(StudyVersion version) {
    if (version.findings().stream().anyMatch(one -> one.kind().equals("manifest-damaged"))) {
      throw new SerdabException.Damaged(
          new Problem(
              "manifest-damaged",
              "The files of a copy are whole, and its manifest is damaged or missing.",
              "Another destination may hold a good copy; prove it with: serdab verify"));
    }
  }

  private void pass(VersionReader reader, StoredFile file, StagedVersion staged)
      throws IOException {
    MessageDigest hasher = Sha256.hasher();
    long length = 0;
    try (ReadableByteChannel bytes = reader.open(file)) {
      while (true) {
        if (stop.getAsBoolean()) {
          throw new GivenUp();
        }
        chunk.clear();
        if (bytes.read(chunk) < 0) {
          break;
        }
        chunk.flip();
        length += chunk.remaining();
        bytesRead.accept(chunk.remaining());
        hasher.update(chunk.duplicate());
        staged.write(chunk);
      }
    }
    if (length != file.lengthBytes() || !Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of one of its files are not those that were backed up.",
              "Another destination may hold a good copy; prove it with: serdab verify"));
    }
  }
}
