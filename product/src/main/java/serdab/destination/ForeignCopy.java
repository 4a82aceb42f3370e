package serdab.destination;

import java.nio.channels.ReadableByteChannel;
import java.util.List;
import serdab.ProofMeans;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.ziptree.ForeignZip;
import serdab.ziptree.StudyZip;

/// What another program left in a tree, read whole: every byte was unpacked and its check sums
/// compared. Nothing of it is ever changed. One thread at a time.
public final class ForeignCopy implements AutoCloseable {

  private final ForeignZip zip;
  private final String location;
  private final long storedBytes;
  private final ProofMeans means;

  ForeignCopy(ForeignZip zip, String location, long storedBytes, ProofMeans means) {
    this.zip = zip;
    this.location = location;
    this.storedBytes = storedBytes;
    this.means = means;
  }

  /// One thing that lies among a tree's copies.
  public sealed interface Found {

    /// The tree's own name for it; never logged.
    String location();

    /// A copy, with a manifest of its own.
    record Copy(HeldVersion version) implements Found {
      @Override
      public String location() {
        return version.location();
      }
    }

    /// What another program made and nobody adopted, as its directory shows it.
    ///
    /// @param modified when the place says it was written
    /// @param names what its name says of whose it is: one or two of what
    ///   [ZipTreeDestination#nameOf] gives
    record Foreign(
        String location,
        long storedBytes,
        java.time.Instant modified,
        long fileCount,
        List<String> names)
        implements Found {}

    /// What can be no copy as it is.
    ///
    /// @param names as in [Foreign]
    record Unusable(String location, List<String> names, serdab.Problem problem) implements Found {}
  }

  /// Its files in its own order: entry names as paths, lengths and digests as they were read.
  public List<StoredFile> files() {
    return zip.files();
  }

  /// One of [#files], parsed as DICOM.
  ///
  /// @throws serdab.SerdabException.Damaged when it does not read as it did
  public StoredFile parsed(StoredFile file) {
    return zip.parsed(file);
  }

  /// It, read as a version made of [#files] in their order. Closed with this.
  public VersionReader as(StudyVersion version) {
    StudyZip read = zip.as(version);
    return new VersionReader() {
      @Override
      public StudyVersion version() {
        return version;
      }

      @Override
      public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
        return read.open(file, fromByte, toByte);
      }

      @Override
      public void close() {
        // The bytes are those of the copy.
      }
    };
  }

  ForeignZip zip() {
    return zip;
  }

  String location() {
    return location;
  }

  long storedBytes() {
    return storedBytes;
  }

  ProofMeans means() {
    return means;
  }

  @Override
  public void close() {
    zip.close();
  }
}
