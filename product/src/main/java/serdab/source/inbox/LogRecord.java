package serdab.source.inbox;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import serdab.Sha256;

/// What stands in front of each instance in a log: 60 bytes, then the file's bytes.
///
/// | bytes | content |
/// | --- | --- |
/// | 8 | `INBOXREC` |
/// | 8 | how many bytes the file has, big-endian |
/// | 8 | when it came, milliseconds since 1970, big-endian |
/// | 32 | SHA-256 of the file's bytes |
/// | 4 | CRC-32C of the 56 bytes before |
///
/// @param lengthBytes of the file
/// @param arrivedMillis since 1970-01-01T00:00:00Z
/// @param digest of the file
record LogRecord(long lengthBytes, long arrivedMillis, Sha256 digest) {

  static final int HEADER_BYTES = 60;
  private static final int CHECKED_BYTES = 56;
  private static final byte[] MAGIC = {'I', 'N', 'B', 'O', 'X', 'R', 'E', 'C'};

  /// The header, ready to be written.
  ByteBuffer header() {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.put(MAGIC).putLong(lengthBytes).putLong(arrivedMillis).put(digest.bytes());
    header.putInt(checksum(header.array()));
    return header.flip();
  }

  private static int checksum(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CHECKED_BYTES);
    return (int) crc.getValue();
  }

  /// Reads a header.
  ///
  /// @param header 60 bytes
  /// @return empty when it is none
  static Optional<LogRecord> of(byte[] header) {
    ByteBuffer bytes = ByteBuffer.wrap(header);
    if (!Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
        || bytes.getInt(CHECKED_BYTES) != checksum(header)
        || bytes.getLong(8) < 0) {
      return Optional.empty();
    }
    return Optional.of(
        new LogRecord(
            bytes.getLong(8), bytes.getLong(16), Sha256.of(Arrays.copyOfRange(header, 24, 56))));
  }

  /// Where the next header may begin in these bytes; -1 when nowhere.
  static int find(byte[] bytes, int from, int to) {
    for (int i = from; i + MAGIC.length <= to; i++) {
      if (Arrays.equals(bytes, i, i + MAGIC.length, MAGIC, 0, MAGIC.length)) {
        return i;
      }
    }
    return -1;
  }
}
