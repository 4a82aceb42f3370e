package serdab.destination.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.destination.VersionReader;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;

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
        throw notReadable(file, "it could not be read");
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
    if (file.instance().isPresent()) {
      compare(file, file.instance().get(), read);
    }
    FileDigests expected = file.digests();
    if (!found.file().equals(expected.file())
        || differ(expected.dataSet(), found.dataSet())
        || differ(expected.canonical(), found.canonical())
        || differ(expected.pixel(), found.pixel())) {
      throw notReadable(file, "its digests are not those in the manifest");
    }
  }

  private static void readFully(ReadableByteChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        return;
      }
    }
  }

  /// What the manifest does not know says nothing.
  private static boolean differ(Optional<Sha256> expected, Optional<Sha256> found) {
    return expected.isPresent() && !expected.equals(found);
  }

  private static void compare(StoredFile file, InstanceFacts expected, DicomFile read) {
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

  private static SerdabException.Damaged notReadable(StoredFile file, String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-not-readable",
            "The copy of " + file.path() + " does not read as it did: " + how + ".",
            "Compare it with the source or another copy."));
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
