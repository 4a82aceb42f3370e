package serdab.ziptree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.ReadableBytes;

/// The central directory of a ZIP, read from its end by position and trusted in nothing.
///
/// @param entries in the directory's order
/// @param offset where the directory begins
/// @param endOffset where the end records begin, which is where the directory ends
record ZipDirectory(List<StoredEntry> entries, long offset, long endOffset) {

  /// More entries than this in one study come from an attack.
  static final int ENTRIES_MAX = 4_000_000;

  /// One read usually brings all of the directory of a study.
  private static final int TAIL_BYTES = 64 << 10;

  /// The end record is looked for in as many bytes as its comment can have (4.3.16).
  private static final int END_SEARCH_BYTES = ZipHeaders.END_BYTES + ZipHeaders.MAX_16;

  private static final int WINDOW_BYTES = 1 << 20;

  ZipDirectory {
    entries = List.copyOf(entries);
  }

  Optional<StoredEntry> find(String name) {
    // Ours are the last two, so the search begins at the end.
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (entries.get(i).name().equals(name)) {
        return Optional.of(entries.get(i));
      }
    }
    return Optional.empty();
  }

  /// @throws SerdabException.Damaged `zip-damaged` when there is no directory that holds together
  static ZipDirectory read(ReadableBytes zip) {
    long length = zip.lengthBytes();
    if (length < ZipHeaders.END_BYTES) {
      throw damaged("it is too short to be a ZIP");
    }
    Tail tail = new Tail(zip, Math.min(length, TAIL_BYTES));
    long end = findEnd(tail, length);
    if (end < 0 && length > TAIL_BYTES) {
      tail = new Tail(zip, Math.min(length, END_SEARCH_BYTES));
      end = findEnd(tail, length);
    }
    if (end < 0) {
      throw damaged("it has no end record, as if it were cut off");
    }
    ByteBuffer record = tail.at(end, ZipHeaders.END_BYTES);
    long entries = Short.toUnsignedLong(record.getShort(10));
    long directoryBytes = Integer.toUnsignedLong(record.getInt(12));
    long directoryOffset = Integer.toUnsignedLong(record.getInt(16));
    if (record.getShort(4) != 0
        || record.getShort(6) != 0
        || record.getShort(8) != record.getShort(10)) {
      throw damaged("it says that it is one of several disks");
    }
    long endOffset = end;
    if (entries == ZipHeaders.MAX_16
        || directoryBytes == ZipHeaders.MAX_32
        || directoryOffset == ZipHeaders.MAX_32) {
      Optional<ByteBuffer> zip64 = zip64End(tail, end);
      if (zip64.isPresent()) {
        ByteBuffer big = zip64.get();
        entries = big.getLong(32);
        directoryBytes = big.getLong(40);
        directoryOffset = big.getLong(48);
        endOffset = end - ZipHeaders.ZIP64_LOCATOR_BYTES - ZipHeaders.ZIP64_END_BYTES;
      }
    }
    if (directoryOffset < 0
        || directoryBytes < 0
        || directoryBytes > endOffset
        || directoryOffset != endOffset - directoryBytes) {
      throw damaged("its directory is not where its end record says");
    }
    if (entries < 0
        || entries > ENTRIES_MAX
        || entries > directoryBytes / ZipHeaders.CENTRAL_BYTES) {
      throw damaged("its directory cannot hold as many entries as its end record says");
    }
    Reader reader = new Reader(tail, directoryOffset, endOffset);
    List<StoredEntry> list = new ArrayList<>();
    for (long i = 0; i < entries; i++) {
      list.add(reader.next());
    }
    if (reader.position != endOffset) {
      throw damaged("its directory holds more than its end record says");
    }
    return new ZipDirectory(list, directoryOffset, endOffset);
  }

  /// The last end record whose comment reaches exactly to the end; -1 when there is none.
  private static long findEnd(Tail tail, long length) {
    for (long at = length - ZipHeaders.END_BYTES; at >= tail.start; at--) {
      ByteBuffer record = tail.at(at, ZipHeaders.END_BYTES);
      if (record.getInt(0) == ZipHeaders.END_SIGNATURE
          && Short.toUnsignedLong(record.getShort(20)) == length - at - ZipHeaders.END_BYTES) {
        return at;
      }
    }
    return -1;
  }

  private static Optional<ByteBuffer> zip64End(Tail tail, long end) {
    long locator = end - ZipHeaders.ZIP64_LOCATOR_BYTES;
    long record = locator - ZipHeaders.ZIP64_END_BYTES;
    if (record < 0 || tail.at(locator, 4).getInt(0) != ZipHeaders.ZIP64_LOCATOR_SIGNATURE) {
      return Optional.empty();
    }
    ByteBuffer big = tail.at(record, ZipHeaders.ZIP64_END_BYTES);
    if (tail.at(locator, ZipHeaders.ZIP64_LOCATOR_BYTES).getLong(8) != record
        || big.getInt(0) != ZipHeaders.ZIP64_END_SIGNATURE
        || big.getLong(4) != ZipHeaders.ZIP64_END_BYTES - 12) {
      throw damaged("its Zip64 end record is not where it should be");
    }
    return Optional.of(big);
  }

  static SerdabException.Damaged damaged(String how) {
    return new SerdabException.Damaged(
        new Problem(
            "zip-damaged",
            "A ZIP cannot be trusted: " + how + ".",
            "If it is a copy of a study, the next backup makes a new one beside it."));
  }

  /// The end of the ZIP in memory; everything before it is read when asked for.
  private static final class Tail {
    private final ReadableBytes zip;
    private final long start;
    private final ByteBuffer bytes;

    Tail(ReadableBytes zip, long length) {
      this.zip = zip;
      this.start = zip.lengthBytes() - length;
      this.bytes = ZipHeaders.buffer(Math.toIntExact(length));
      zip.readFully(start, bytes);
      bytes.flip();
    }

    ByteBuffer at(long position, int length) {
      if (position >= start) {
        return bytes
            .slice(Math.toIntExact(position - start), length)
            .order(ByteOrder.LITTLE_ENDIAN);
      }
      ByteBuffer read = ZipHeaders.buffer(length);
      zip.readFully(position, read);
      return read.flip();
    }
  }

  /// Reads directory records one after the other through a window.
  private static final class Reader {
    private final Tail tail;
    private final long end;
    private long position;
    private long windowStart;
    private ByteBuffer window = ByteBuffer.allocate(0);

    Reader(Tail tail, long from, long end) {
      this.tail = tail;
      this.position = from;
      this.windowStart = from;
      this.end = end;
    }

    private ByteBuffer ahead(int length) {
      if (length > end - position) {
        throw damaged("a record of its directory is cut off");
      }
      if (position + length > windowStart + window.limit()) {
        windowStart = position;
        window = tail.at(position, Math.toIntExact(Math.min(WINDOW_BYTES, end - position)));
      }
      return window
          .slice(Math.toIntExact(position - windowStart), length)
          .order(ByteOrder.LITTLE_ENDIAN);
    }

    StoredEntry next() {
      ByteBuffer fixed = ahead(ZipHeaders.CENTRAL_BYTES);
      if (fixed.getInt(0) != ZipHeaders.CENTRAL_SIGNATURE) {
        throw damaged("its directory holds something that is no record");
      }
      int nameLength = Short.toUnsignedInt(fixed.getShort(28));
      int extraLength = Short.toUnsignedInt(fixed.getShort(30));
      int commentLength = Short.toUnsignedInt(fixed.getShort(32));
      ByteBuffer record =
          ahead(ZipHeaders.CENTRAL_BYTES + nameLength + extraLength + commentLength);
      position += record.limit();
      if (record.getShort(34) != 0) {
        throw damaged("an entry is said to lie on another disk");
      }
      int flags = Short.toUnsignedInt(record.getShort(8));
      long stored = Integer.toUnsignedLong(record.getInt(20));
      long length = Integer.toUnsignedLong(record.getInt(24));
      long offset = Integer.toUnsignedLong(record.getInt(42));
      byte[] name = new byte[nameLength];
      record.get(ZipHeaders.CENTRAL_BYTES, name);
      long seconds = StoredEntry.NO_TIME;
      int at = ZipHeaders.CENTRAL_BYTES + nameLength;
      int extraEnd = at + extraLength;
      while (at + 4 <= extraEnd) {
        int kind = Short.toUnsignedInt(record.getShort(at));
        int size = Short.toUnsignedInt(record.getShort(at + 2));
        int from = at + 4;
        at = from + size;
        if (at > extraEnd) {
          throw damaged("an extra field of its directory is cut off");
        }
        if (kind == ZipHeaders.EXTRA_ZIP64) {
          // Section 4.5.3: only those fields are there whose place in the record is all ones.
          if (length == ZipHeaders.MAX_32) {
            length = big(record, from, at);
            from += 8;
          }
          if (stored == ZipHeaders.MAX_32) {
            stored = big(record, from, at);
            from += 8;
          }
          if (offset == ZipHeaders.MAX_32) {
            offset = big(record, from, at);
          }
        } else if (kind == ZipHeaders.EXTRA_TIMESTAMP && size >= 5 && (record.get(from) & 1) != 0) {
          seconds = record.getInt(from + 1);
        }
      }
      // Whether the local header has a Zip64 field is known only there.
      return new StoredEntry(
          decode(name, flags),
          flags,
          Short.toUnsignedInt(record.getShort(10)),
          record.getInt(12),
          seconds,
          record.getInt(16),
          stored,
          length,
          offset,
          false);
    }

    private static long big(ByteBuffer record, int from, int to) {
      if (from + 8 > to || record.getLong(from) < 0) {
        throw damaged("a Zip64 field of its directory is cut off");
      }
      return record.getLong(from);
    }

    private static String decode(byte[] name, int flags) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
      } catch (CharacterCodingException e) {
        if ((flags & ZipHeaders.FLAG_UTF8) != 0) {
          throw damaged("an entry's name is not in the encoding it claims");
        }
        // What ZIPs without the flag are written in (appendix D.1).
        return new String(name, Charset.forName("IBM437"));
      }
    }
  }
}
