package serdab.source.inbox;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import serdab.Sha256;

/// What stands in front of each instance in a log: 76 bytes, then the file's bytes. Numbers are
/// big-endian.
///
/// | bytes | content |
/// | --- | --- |
/// | 8 | `INBOXRC2` |
/// | 8 | the number of the log |
/// | 8 | how many bytes of the log had been synced before this was written |
/// | 8 | how many bytes the file has; -1: the log ends here |
/// | 8 | when it came, milliseconds since 1970 |
/// | 32 | SHA-256 of the file's bytes |
/// | 4 | CRC-32C of the 72 bytes before |
///
/// A log is written over one that was used before, so that a sync has the instances alone to write.
/// By its number a record is known from what was there. Logs of the first version, whose records
/// begin with `INBOXREC` and have neither number nor synced bytes, are read too.
///
/// @param syncedBytes of the log, from its beginning
/// @param lengthBytes of the file
/// @param arrivedMillis since 1970-01-01T00:00:00Z
/// @param digest of the file
record LogRecord(long syncedBytes, long lengthBytes, long arrivedMillis, Sha256 digest) {

  static final int HEADER_BYTES = 76;
  private static final int CHECKED_BYTES = HEADER_BYTES - Integer.BYTES;
  private static final byte[] MAGIC = "INBOXRC2".getBytes(StandardCharsets.US_ASCII);

  private static final int FIRST_HEADER_BYTES = 60;
  private static final int FIRST_CHECKED_BYTES = FIRST_HEADER_BYTES - Integer.BYTES;
  private static final byte[] FIRST_MAGIC = "INBOXREC".getBytes(StandardCharsets.US_ASCII);

  private static final long END = -1;

  /// How the records of a log are told from anything else in it.
  ///
  /// @param log its number
  /// @param isFirst whether it is of the first version
  record Kind(long log, boolean isFirst) {

    /// @param begin the first eight bytes of the log
    static Kind of(long log, byte[] begin) {
      return new Kind(log, Arrays.equals(begin, FIRST_MAGIC));
    }

    int headerBytes() {
      return isFirst ? FIRST_HEADER_BYTES : HEADER_BYTES;
    }

    private byte[] magic() {
      return isFirst ? FIRST_MAGIC : MAGIC;
    }

    /// Reads a header.
    ///
    /// @param header as many bytes as a header has
    /// @return empty when it is none of this log
    Optional<LogRecord> read(byte[] header) {
      ByteBuffer bytes = ByteBuffer.wrap(header);
      int checked = isFirst ? FIRST_CHECKED_BYTES : CHECKED_BYTES;
      if (find(header, 0, MAGIC.length) != 0
          || bytes.getInt(checked) != checksum(header, checked)
          || (!isFirst && bytes.getLong(8) != log)) {
        return Optional.empty();
      }
      bytes.position(isFirst ? 8 : 16);
      long synced = isFirst ? 0 : bytes.getLong();
      LogRecord record = new LogRecord(synced, bytes.getLong(), bytes.getLong(), digest(bytes));
      return record.lengthBytes < (isFirst ? 0 : END) ? Optional.empty() : Optional.of(record);
    }

    private static Sha256 digest(ByteBuffer bytes) {
      byte[] digest = new byte[Sha256.LENGTH_BYTES];
      bytes.get(digest);
      return Sha256.of(digest);
    }

    /// Where the next header may begin in these bytes; -1 when nowhere.
    int find(byte[] bytes, int from, int to) {
      byte[] magic = magic();
      for (int i = from; i + magic.length <= to; i++) {
        if (Arrays.equals(bytes, i, i + magic.length, magic, 0, magic.length)) {
          return i;
        }
      }
      return -1;
    }
  }

  /// What ends a log, all of which is synced.
  static LogRecord end(long syncedBytes) {
    return new LogRecord(syncedBytes, END, 0, Sha256.digest(new byte[0]));
  }

  boolean isEnd() {
    return lengthBytes == END;
  }

  /// The header, ready to be written.
  ByteBuffer header(long log) {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.put(MAGIC).putLong(log).putLong(syncedBytes);
    header.putLong(lengthBytes).putLong(arrivedMillis).put(digest.bytes());
    header.putInt(checksum(header.array(), CHECKED_BYTES));
    return header.flip();
  }

  /// The same in a log of which this much is synced.
  LogRecord behind(long synced) {
    return new LogRecord(synced, lengthBytes, arrivedMillis, digest);
  }

  private static int checksum(byte[] header, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, bytes);
    return (int) crc.getValue();
  }
}
