package serdab.source.horos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import serdab.dicom.ByteSource;
import serdab.source.SourceFile;
import serdab.source.StudyReceiver;

/// Keeps what a source hands over.
final class Received implements StudyReceiver {

  final Map<String, byte[]> files = new TreeMap<>();
  final Map<String, NotGiven> notGiven = new TreeMap<>();

  /// What to do after the bytes of a file were read and before the source looks again.
  Runnable afterReading = () -> {};

  /// How reading fails then; empty text when it does not.
  String failure = "";

  @Override
  public void take(SourceFile file, ByteSource bytes) throws IOException {
    ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
    while (content.hasRemaining() && bytes.read(content.position(), content) >= 0) {
      // Read on until the file ends.
    }
    afterReading.run();
    if (!failure.isEmpty()) {
      throw new IOException(failure);
    }
    files.put(file.path(), content.array());
  }

  @Override
  public void notGiven(SourceFile file, NotGiven reason, String detail) {
    notGiven.put(file.path(), reason);
  }
}
