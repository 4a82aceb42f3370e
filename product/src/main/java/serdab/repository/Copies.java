package serdab.repository;

import java.util.Map;
import java.util.Optional;
import serdab.SerdabException;
import serdab.store.ReadableBytes;

/// The second and third copies of small files (format section 7.3).
final class Copies {

  static final int COUNT = 2;
  private static final long FILE_BYTES_MAX = 1 << 30;

  private Copies() {}

  /// A small file as a file of copies has it, its checksum compared; empty when it has none that is
  /// whole.
  static Optional<byte[]> read(Shelf shelf, String copies, String file) {
    try (ReadableBytes zip = shelf.store().open(copies)) {
      Map<String, StoredZip.Entry> entries = StoredZip.entries(zip);
      StoredZip.Entry entry = entries.get(file);
      if (entry == null || entry.lengthBytes() > FILE_BYTES_MAX) {
        return Optional.empty();
      }
      byte[] content = new byte[(int) entry.lengthBytes()];
      zip.readFully(entry.offset(), java.nio.ByteBuffer.wrap(content));
      return StoredZip.crc(java.nio.ByteBuffer.wrap(content)) == entry.crc()
          ? Optional.of(content)
          : Optional.empty();
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return Optional.empty();
    }
  }
}
