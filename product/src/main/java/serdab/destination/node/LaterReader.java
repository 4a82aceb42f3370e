package serdab.destination.node;

import java.nio.channels.ReadableByteChannel;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;

/// A version whose instances came back bit for bit when it was proven. What it is stands in the
/// ledger; it is retrieved when a file is opened. One thread at a time.
final class LaterReader implements VersionReader {

  private final StudyVersion known;
  private final Supplier<NodeReader> retrieving;
  private @Nullable NodeReader retrieved;

  LaterReader(StudyVersion known, Supplier<NodeReader> retrieving) {
    this.known = known;
    this.retrieving = retrieving;
  }

  @Override
  public StudyVersion version() {
    return known;
  }

  @Override
  public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
    @Nullable NodeReader reader = retrieved;
    if (reader == null) {
      reader = retrieving.get();
      retrieved = reader;
    }
    boolean asItWas =
        reader.version().files().stream()
            .anyMatch(each ->
                each.path().equals(file.path())
                    && each.digests().file().equals(file.digests().file()));
    if (!asItWas) {
      throw new SerdabException.Damaged(
          new Problem(
              "node-not-stored",
              "The node has written an instance anew since it was proven: " + file.path() + ".",
              "Back up the node itself to have the study as it is now, or restore it from another"
                  + " destination."));
    }
    return reader.open(file, fromByte, toByte);
  }

  @Override
  public void close() {
    @Nullable NodeReader reader = retrieved;
    if (reader != null) {
      reader.close();
    }
  }
}
