package serdab.ziptree;

import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.DicomFile;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;

/// What READABLE asks of one file of a copy, in whatever form the copy is: parsed again, it is what
/// its manifest says. Thread-safe.
public final class ReadAgain {

  private ReadAgain() {}

  /// Compares a file that was read again with what its manifest says of it.
  ///
  /// @param file as the manifest has it; what the manifest does not know is not asked
  /// @param read the same file, parsed again
  /// @param found its digests, computed again
  /// @throws SerdabException.Damaged `copy-not-readable` when its UIDs or digests are others
  public static void require(StoredFile file, DicomFile read, FileDigests found) {
    file.instance().ifPresent(expected -> requireSame(file, expected, read));
    FileDigests expected = file.digests();
    if (!found.file().equals(expected.file())
        || differ(expected.dataSet(), found.dataSet())
        || differ(expected.canonical(), found.canonical())
        || differ(expected.pixel(), found.pixel())) {
      throw notReadable(file, "its digests are not those in the manifest");
    }
  }

  private static void requireSame(StoredFile file, InstanceFacts expected, DicomFile read) {
    if (!read.isDicom()) {
      throw notReadable(file, "it is no DICOM file any more");
    }
    InstanceFacts found = read.facts();
    if (!found.sop().equals(expected.sop())
        || !found.study().equals(expected.study())
        || !found.series().equals(expected.series())
        || !found.sopClassUid().equals(expected.sopClassUid())
        || !found.transferSyntaxUid().equals(expected.transferSyntaxUid())) {
      throw notReadable(file, "its UIDs are not those in the manifest");
    }
  }

  private static boolean differ(Optional<Sha256> expected, Optional<Sha256> found) {
    return expected.isPresent() && !expected.equals(found);
  }

  /// A file that does not read as it did.
  ///
  /// @param how the end of a sentence, without patient data
  public static SerdabException.Damaged notReadable(StoredFile file, String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-not-readable",
            "The copy of " + file.path() + " does not read as it did: " + how + ".",
            "Compare it with the source or another copy."));
  }
}
