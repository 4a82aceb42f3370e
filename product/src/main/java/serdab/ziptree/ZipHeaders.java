package serdab.ziptree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/// The headers of a ZIP as this product writes them, byte by byte.
///
/// Section numbers are those of APPNOTE.TXT 6.3. What decides on Zip64 stands in
/// `docs/format/zip-tree.md` section 3.2.
final class ZipHeaders {

  static final int LOCAL_SIGNATURE = 0x04034b50;
  static final int DESCRIPTOR_SIGNATURE = 0x08074b50;
  static final int CENTRAL_SIGNATURE = 0x02014b50;
  static final int END_SIGNATURE = 0x06054b50;
  static final int ZIP64_END_SIGNATURE = 0x06064b50;
  static final int ZIP64_LOCATOR_SIGNATURE = 0x07064b50;

  static final int LOCAL_BYTES = 30;
  static final int CENTRAL_BYTES = 46;
  static final int END_BYTES = 22;
  static final int ZIP64_END_BYTES = 56;
  static final int ZIP64_LOCATOR_BYTES = 20;

  static final int STORED = 0;
  static final int DEFLATED = 8;

  static final int FLAG_ENCRYPTED = 1;
  static final int FLAG_DESCRIPTOR = 1 << 3;
  static final int FLAG_UTF8 = 1 << 11;

  static final int EXTRA_ZIP64 = 0x0001;
  static final int EXTRA_TIMESTAMP = 0x5455;

  static final long MAX_32 = 0xFFFF_FFFFL;
  static final int MAX_16 = 0xFFFF;

  private static final int VERSION_DEFLATE = 20;
  private static final int VERSION_ZIP64 = 45;
  private static final int MADE_BY_UNIX_45 = 3 << 8 | VERSION_ZIP64;

  /// A regular file that its owner alone reads and writes.
  private static final int OWNER_ONLY_FILE = 0100600 << 16;

  static final int TIMESTAMP_BYTES = 9;
  static final int ZIP64_FIELD_BYTES = 20;

  private ZipHeaders() {}

  static ByteBuffer buffer(int lengthBytes) {
    return ByteBuffer.allocate(lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// The local header (4.3.7). With a descriptor, lengths and CRC-32 are left zero, or all ones
  /// where a Zip64 field holds the zeros.
  static ByteBuffer local(StoredEntry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    boolean timed = entry.modifiedSeconds() != StoredEntry.NO_TIME;
    int extra = (entry.zip64Local() ? 20 : 0) + (timed ? TIMESTAMP_BYTES : 0);
    ByteBuffer out = buffer(LOCAL_BYTES + name.length + extra);
    boolean descriptor = entry.hasDescriptor();
    long stored = descriptor ? 0 : entry.storedBytes();
    long length = descriptor ? 0 : entry.lengthBytes();
    out.putInt(LOCAL_SIGNATURE);
    out.putShort((short) (entry.zip64Local() ? VERSION_ZIP64 : VERSION_DEFLATE));
    out.putShort((short) entry.flags());
    out.putShort((short) entry.method());
    out.putInt(entry.dosTime());
    out.putInt(descriptor ? 0 : entry.crc());
    out.putInt(entry.zip64Local() ? -1 : (int) stored);
    out.putInt(entry.zip64Local() ? -1 : (int) length);
    out.putShort((short) name.length);
    out.putShort((short) extra);
    out.put(name);
    if (entry.zip64Local()) {
      // Section 4.5.3: in a local header both lengths must be there, the original one first.
      out.putShort((short) EXTRA_ZIP64).putShort((short) 16).putLong(length).putLong(stored);
    }
    putTimestamp(out, entry);
    return out.flip();
  }

  /// The data descriptor (4.3.9), with its signature.
  static ByteBuffer descriptor(StoredEntry entry) {
    ByteBuffer out = buffer(entry.zip64Local() ? 24 : 16);
    out.putInt(DESCRIPTOR_SIGNATURE).putInt(entry.crc());
    if (entry.zip64Local()) {
      out.putLong(entry.storedBytes()).putLong(entry.lengthBytes());
    } else {
      out.putInt((int) entry.storedBytes()).putInt((int) entry.lengthBytes());
    }
    return out.flip();
  }

  static int descriptorBytes(StoredEntry entry) {
    return !entry.hasDescriptor() ? 0 : entry.zip64Local() ? 24 : 16;
  }

  /// The entry's record in the central directory (4.3.12).
  static ByteBuffer central(StoredEntry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    boolean bigLength = entry.lengthBytes() >= MAX_32;
    boolean bigStored = entry.storedBytes() >= MAX_32;
    boolean bigOffset = entry.headerOffset() >= MAX_32;
    boolean timed = entry.modifiedSeconds() != StoredEntry.NO_TIME;
    int big = (bigLength ? 8 : 0) + (bigStored ? 8 : 0) + (bigOffset ? 8 : 0);
    int extra = (big > 0 ? 4 + big : 0) + (timed ? TIMESTAMP_BYTES : 0);
    ByteBuffer out = buffer(CENTRAL_BYTES + name.length + extra);
    out.putInt(CENTRAL_SIGNATURE);
    out.putShort((short) MADE_BY_UNIX_45);
    out.putShort((short) (big > 0 || entry.zip64Local() ? VERSION_ZIP64 : VERSION_DEFLATE));
    out.putShort((short) entry.flags());
    out.putShort((short) entry.method());
    out.putInt(entry.dosTime());
    out.putInt(entry.crc());
    out.putInt(bigStored ? -1 : (int) entry.storedBytes());
    out.putInt(bigLength ? -1 : (int) entry.lengthBytes());
    out.putShort((short) name.length);
    out.putShort((short) extra);
    out.putShort((short) 0); // comment
    out.putShort((short) 0); // disk
    out.putShort((short) 0); // internal attributes
    out.putInt(OWNER_ONLY_FILE);
    out.putInt(bigOffset ? -1 : (int) entry.headerOffset());
    out.put(name);
    if (big > 0) {
      // Section 4.5.3: only the fields that do not fit, in this order.
      out.putShort((short) EXTRA_ZIP64).putShort((short) big);
      if (bigLength) {
        out.putLong(entry.lengthBytes());
      }
      if (bigStored) {
        out.putLong(entry.storedBytes());
      }
      if (bigOffset) {
        out.putLong(entry.headerOffset());
      }
    }
    putTimestamp(out, entry);
    return out.flip();
  }

  /// What ends the ZIP: where needed the Zip64 record and its locator (4.3.14, 4.3.15), then the
  /// end record (4.3.16).
  static ByteBuffer end(long entries, long directoryOffset, long directoryBytes) {
    boolean zip64 = entries >= MAX_16 || directoryOffset >= MAX_32 || directoryBytes >= MAX_32;
    ByteBuffer out = buffer((zip64 ? ZIP64_END_BYTES + ZIP64_LOCATOR_BYTES : 0) + END_BYTES);
    if (zip64) {
      out.putInt(ZIP64_END_SIGNATURE);
      out.putLong(ZIP64_END_BYTES - 12); // what follows this field
      out.putShort((short) MADE_BY_UNIX_45);
      out.putShort((short) VERSION_ZIP64);
      out.putInt(0).putInt(0); // this disk, disk of the directory
      out.putLong(entries).putLong(entries);
      out.putLong(directoryBytes).putLong(directoryOffset);
      out.putInt(ZIP64_LOCATOR_SIGNATURE);
      out.putInt(0);
      out.putLong(directoryOffset + directoryBytes);
      out.putInt(1);
    }
    out.putInt(END_SIGNATURE);
    out.putShort((short) 0).putShort((short) 0);
    short shownEntries = (short) Math.min(entries, MAX_16);
    out.putShort(shownEntries).putShort(shownEntries);
    out.putInt((int) Math.min(directoryBytes, MAX_32));
    out.putInt((int) Math.min(directoryOffset, MAX_32));
    out.putShort((short) 0);
    return out.flip();
  }

  private static void putTimestamp(ByteBuffer out, StoredEntry entry) {
    if (entry.modifiedSeconds() != StoredEntry.NO_TIME) {
      out.putShort((short) EXTRA_TIMESTAMP).putShort((short) 5);
      out.put((byte) 1).putInt((int) entry.modifiedSeconds());
    }
  }

  /// Seconds for the extended timestamp, or [StoredEntry#NO_TIME] when its 32 signed bits are too
  /// few.
  static long timestampSeconds(long modifiedMillis) {
    if (modifiedMillis == ZipWriter.TIME_UNKNOWN) {
      return StoredEntry.NO_TIME;
    }
    long seconds = Math.floorDiv(modifiedMillis, 1000L);
    return seconds == (int) seconds ? seconds : StoredEntry.NO_TIME;
  }

  /// What the DOS form of section 4.4.6 says, taken for UTC, in milliseconds since 1970; 0 when it
  /// says nothing that is a time.
  static long millis(int dosTime) {
    try {
      return LocalDateTime.of(
                  1980 + (dosTime >>> 25),
                  dosTime >>> 21 & 15,
                  dosTime >>> 16 & 31,
                  dosTime >>> 11 & 31,
                  dosTime >>> 5 & 63,
                  (dosTime & 31) * 2)
              .toEpochSecond(ZoneOffset.UTC)
          * 1000;
    } catch (DateTimeException e) {
      return 0;
    }
  }

  /// Date and time in UTC, in the DOS form of section 4.4.6, cut to what that can hold.
  static int dosTime(long modifiedMillis) {
    LocalDateTime time;
    try {
      time = LocalDateTime.ofInstant(Instant.ofEpochMilli(modifiedMillis), ZoneOffset.UTC);
    } catch (DateTimeException e) {
      time = LocalDateTime.MIN;
    }
    if (time.getYear() < 1980) {
      return 1 << 21 | 1 << 16;
    }
    if (time.getYear() > 2107) {
      return (2107 - 1980) << 25 | 12 << 21 | 31 << 16 | 23 << 11 | 59 << 5 | 29;
    }
    return (time.getYear() - 1980) << 25
        | time.getMonthValue() << 21
        | time.getDayOfMonth() << 16
        | time.getHour() << 11
        | time.getMinute() << 5
        | time.getSecond() / 2;
  }
}
