package serdab.destination.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import serdab.SerdabException;
import serdab.destination.VersionReader;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.ziptree.ReadAgain;

/// Parses every file of a version as DICOM again and compares what comes out with its manifest.
final class ReadableCheck {

  private static final int WHOLE_FILE_BYTES = 8 << 20;
  private static final int STEP_BYTES = 1 << 20;

  private ReadableCheck() {}

  /// @throws SerdabException.Damaged `copy-not-readable` when a file does not read as it did
  static void run(VersionReader reader) {
    for (StoredFile file : reader.version().files()) {
      try {
        check(reader, file);
      } catch (IOException e) {
        throw ReadAgain.notReadable(file, "it could not be read");
      }
    }
  }

  private static void check(VersionReader reader, StoredFile file) throws IOException {
    DicomFile read;
    FileDigests found;
    if (file.lengthBytes() <= WHOLE_FILE_BYTES) {
      byte[] whole = new byte[(int) file.lengthBytes()];
      try (ReadableByteChannel channel = reader.open(file)) {
        readFully(channel, ByteBuffer.wrap(whole));
      }
      read = DicomFile.read(ByteSource.of(whole));
      DigestPass pass = DigestPass.over(read);
      pass.update(ByteBuffer.wrap(whole));
      found = pass.finish();
    } else {
      read = DicomFile.read(new Ranges(reader, file));
      DigestPass pass = DigestPass.over(read);
      ByteBuffer step = ByteBuffer.allocate(STEP_BYTES);
      try (ReadableByteChannel channel = reader.open(file)) {
        while (channel.read(step.clear()) >= 0) {
          pass.update(step.flip());
        }
      }
      found = pass.finish();
    }
    ReadAgain.require(file, read, found);
  }

  private static void readFully(ReadableByteChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        return;
      }
    }
  }

  /// A file read by position.
  private record Ranges(VersionReader reader, StoredFile file) implements ByteSource {

    @Override
    public long lengthBytes() {
      return file.lengthBytes();
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      if (position >= file.lengthBytes()) {
        return -1;
      }
      long to = Math.min(file.lengthBytes(), position + target.remaining());
      try (ReadableByteChannel channel = reader.open(file, position, to)) {
        int before = target.position();
        readFully(channel, target.slice(before, (int) (to - position)));
        target.position(before + (int) (to - position));
        return (int) (to - position);
      }
    }

    @Override
    public void close() {}
  }
}
