package serdab.repository;

import java.util.LinkedHashMap;
import java.util.Map;
import serdab.store.HeldBytes;
import serdab.store.ReadableBytes;

/// The ZIP that a snapshot is (format section 5). One thread at a time.
final class SnapshotFile implements AutoCloseable {

  static final String SNAPSHOT = "snapshot.json";
  static final String BLOBS = "blobs.bin";
  static final String LABEL = "label.age";

  /// A file up to this long is read in one go.
  private static final int WHOLE_BYTES_MAX = 256 << 10;

  private static final long JSON_BYTES_MAX = 64 << 20;
  private static final long TABLE_BYTES_MAX = 1L << 30;

  private final ReadableBytes bytes;
  private final SignedZip zip;
  private final Commit commit;

  private SnapshotFile(ReadableBytes bytes, SignedZip zip, Commit commit) {
    this.bytes = bytes;
    this.zip = zip;
    this.commit = commit;
  }

  static Bulk make(Commit commit, Map<String, byte[]> more, Trust trust) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put(SNAPSHOT, commit.bytes());
    entries.putAll(more);
    return SignedZip.make(entries, trust, commit.at().subject());
  }

  /// Opens a snapshot that an enrolled writer signed; closes the bytes when it throws.
  ///
  /// @param bytes closed with the snapshot
  static SnapshotFile open(ReadableBytes bytes, Layout.At at, Trust trust) {
    try {
      ReadableBytes held = bytes;
      if (bytes.lengthBytes() <= WHOLE_BYTES_MAX) {
        byte[] all = new byte[(int) bytes.lengthBytes()];
        bytes.readFully(0, java.nio.ByteBuffer.wrap(all));
        held = new HeldBytes(all);
      }
      SignedZip zip = SignedZip.open(held, trust, at.subject());
      Commit commit = Commit.parse(zip.read(SNAPSHOT, JSON_BYTES_MAX), at, zip.writer());
      if (!trust.wasEnrolled(commit.writer(), commit.time())) {
        throw Problems.damaged("A snapshot was signed by a writer that had been revoked.");
      }
      return new SnapshotFile(bytes, zip, commit);
    } catch (RuntimeException e) {
      bytes.close();
      throw e;
    }
  }

  Commit commit() {
    return commit;
  }

  /// Reads all of it and compares it with what was signed.
  void requireIntact() {
    zip.requireIntact();
  }

  byte[] label() {
    return zip.read(LABEL, 1 << 20);
  }

  byte[] table() {
    byte[] table = zip.read(BLOBS, TABLE_BYTES_MAX);
    if (table.length % BlobRecord.BYTES != 0) {
      throw Problems.damaged("A table of the repository ends within a line.");
    }
    return table;
  }

  @Override
  public void close() {
    bytes.close();
  }
}
