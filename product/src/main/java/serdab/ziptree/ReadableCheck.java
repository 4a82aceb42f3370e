package serdab.ziptree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Optional;
import serdab.Finding;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;

/// Parses every file of a ZIP as DICOM again and compares what comes out with the manifest.
final class ReadableCheck {

  private static final int STEP_BYTES = 128 << 10;

  private ReadableCheck() {}

  /// @param zip over bytes that several threads may read
  static void run(StudyZip zip, Crew crew) {
    ArrayDeque<Job> jobs = new ArrayDeque<>();
    for (StoredFile file : zip.version().files()) {
      while (jobs.size() >= crew.window()) {
        jobs.removeFirst().await();
      }
      Job job = new Job(() -> check(zip, file));
      jobs.addLast(job);
      crew.executor().execute(job);
    }
    jobs.forEach(Job::await);
  }

  private static void check(StudyZip zip, StoredFile file) {
    Optional<byte[]> rebuilt = zip.rebuilt(file);
    try (ByteSource source =
        rebuilt.isPresent() ? ByteSource.of(rebuilt.get()) : new EntrySource(zip, file)) {
      DicomFile read = DicomFile.read(source);
      FileDigests found =
          rebuilt.isPresent() ? digests(rebuilt.get(), read) : digests(zip, file, read);
      ReadAgain.require(file, read, found);
    } catch (IOException e) {
      throw ReadAgain.notReadable(file, "it could not be read");
    }
  }

  /// A file of which only the bytes are known, parsed: all digests, what its header says, and its
  /// oddities.
  ///
  /// @throws SerdabException.Damaged when its bytes are others by now
  static StoredFile parsed(StudyZip zip, StoredFile file) throws IOException {
    try (EntrySource source = new EntrySource(zip, file)) {
      DicomFile read = DicomFile.read(source);
      FileDigests digests = digests(zip, file, read);
      if (!digests.file().equals(file.digests().file())) {
        throw ReadAgain.notReadable(file, "its bytes changed while they were read");
      }
      return new StoredFile(
          file.path(),
          file.lengthBytes(),
          file.modifiedMillis(),
          digests,
          read.isDicom() ? Optional.of(read.facts()) : Optional.empty(),
          read.anomalies().stream()
              .map(anomaly ->
                  new Finding(
                      anomaly.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                      file.path(),
                      anomaly.position(),
                      anomaly.detail()))
              .toList());
    }
  }

  private static FileDigests digests(byte[] bytes, DicomFile read) {
    DigestPass pass = DigestPass.over(read);
    pass.update(ByteBuffer.wrap(bytes));
    return pass.finish();
  }

  private static FileDigests digests(StudyZip zip, StoredFile file, DicomFile read)
      throws IOException {
    DigestPass pass = DigestPass.over(read);
    ByteBuffer step = ByteBuffer.allocate(STEP_BYTES);
    try (var channel = zip.open(file, 0, file.lengthBytes())) {
      while (channel.read(step.clear()) >= 0) {
        pass.update(step.flip());
      }
    }
    return pass.finish();
  }

  /// One entry read by position: its beginning is kept, the rest is unpacked forward and begun
  /// again when a reader goes back.
  private static final class EntrySource implements ByteSource {

    private static final int KEPT_BYTES = 256 << 10;

    private final StudyZip zip;
    private final StoredFile file;
    private final byte[] kept;
    private int keptBytes;
    private ReadableByteChannel channel;
    private long channelPosition;

    EntrySource(StudyZip zip, StoredFile file) throws IOException {
      this.zip = zip;
      this.file = file;
      this.kept = new byte[(int) Math.min(KEPT_BYTES, file.lengthBytes())];
      this.channel = zip.open(file, 0, file.lengthBytes());
      ByteBuffer beginning = ByteBuffer.wrap(kept);
      while (beginning.hasRemaining() && channel.read(beginning) >= 0) {
        // Read on.
      }
      this.keptBytes = beginning.position();
      this.channelPosition = keptBytes;
    }

    @Override
    public synchronized long lengthBytes() {
      return file.lengthBytes();
    }

    @Override
    public synchronized int read(long position, ByteBuffer target) throws IOException {
      if (position >= file.lengthBytes()) {
        return -1;
      }
      if (position < keptBytes) {
        int count = (int) Math.min(target.remaining(), keptBytes - position);
        target.put(kept, (int) position, count);
        return count;
      }
      if (position != channelPosition) {
        channel.close();
        channel = zip.open(file, position, file.lengthBytes());
        channelPosition = position;
      }
      int count = channel.read(target);
      channelPosition += Math.max(0, count);
      return count;
    }

    @Override
    public synchronized void close() throws IOException {
      channel.close();
    }
  }
}
