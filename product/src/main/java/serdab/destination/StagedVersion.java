package serdab.destination;

import java.nio.ByteBuffer;
import serdab.dicom.DicomFile;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;

/// A version on its way into a destination. One thread at a time.
///
/// Call [#beginFile], [#write] any number of times and [#endFile] for each file, then [#commit].
/// Whatever was not committed leaves nothing visible behind.
///
/// Every method may wait while the destination is slower than the source: buffers are bounded.
///
/// Every method throws [serdab.SerdabException] when the place fails; the version is then void
public interface StagedVersion extends AutoCloseable {

  /// Begins the next file.
  ///
  /// @param path the file's library-relative path
  /// @param lengthBytes its expected length
  void beginFile(String path, long lengthBytes);

  /// The same, with what is known of the file before it is read. A form whose headers hold a time
  /// of change, and are written before long files have ended, takes it from here.
  ///
  /// @param modifiedMillis time of last change in milliseconds since 1970-01-01T00:00:00Z
  default void beginFile(String path, long lengthBytes, long modifiedMillis) {
    beginFile(path, lengthBytes);
  }

  /// Told at most once for each file, after [#beginFile] and before its first byte: how the file is
  /// built, so that a form that stores files by their parts need not find it out again. It may be
  /// wrong; the bytes that come are what is kept. Values can be read from it until this returns.
  ///
  /// @param index of the whole file
  default void structure(DicomFile index) {}

  /// Takes the next bytes of the file, from position to limit. The caller may reuse the buffer as
  /// soon as this returns.
  void write(ByteBuffer bytes);

  /// Ends the file that was begun.
  ///
  /// @param file what the source side found out while reading; its digests are what the read-back
  ///   is compared with
  void endFile(StoredFile file);

  /// Told between two files that nothing will come for as long as a person likes: what others would
  /// take for dead meanwhile, such as an open association, is ended in good order.
  default void rest() {}

  /// Syncs, reads everything back, compares, and only then makes the version visible.
  ///
  /// @return the copy with the proof it reached
  HeldVersion commit(StudyVersion version);

  /// Discards what was not committed; after a commit it does nothing.
  @Override
  void close();
}
