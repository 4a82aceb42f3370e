package serdab.destination;

import java.nio.channels.ReadableByteChannel;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;

/// One version, opened for reading. One thread at a time.
///
/// Every method throws [serdab.SerdabException] when the copy is damaged or the place fails
public interface VersionReader extends AutoCloseable {

  /// The version as its manifest describes it.
  StudyVersion version();

  /// The bytes of one file in `[fromByte, toByte)`, in order. Reading past what is stored, or bytes
  /// whose stored check sum does not match, throws `Damaged` before the channel ends.
  ReadableByteChannel open(StoredFile file, long fromByte, long toByte);

  default ReadableByteChannel open(StoredFile file) {
    return open(file, 0, file.lengthBytes());
  }

  @Override
  void close();
}
