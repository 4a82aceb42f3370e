package serdab.repository;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import serdab.store.ReadableBytes;

/// ZIP files of stored entries without extra fields, comments or ZIP64, so that where an entry's
/// data begins follows from the directory alone. Names are ASCII.
///
/// @spec https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT APPNOTE sections 4.3.7,
///   4.3.12, 4.3.16
final class StoredZip {

  static final int LOCAL_HEADER_BYTES = 30;
  static final int DIRECTORY_HEADER_BYTES = 46;
  static final int END_BYTES = 22;
  static final int ENTRIES_MAX = 65_535;
  static final long LENGTH_MAX = 0xFFFF_FFFEL;

  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int DIRECTORY_SIGNATURE = 0x02014b50;
  private static final int END_SIGNATURE = 0x06054b50;
  private static final short VERSION = 10;
  // The first date that the format knows: no clock takes part.
  private static final short DATE = (1 << 5) | 1;
  private static final long DIRECTORY_BYTES_MAX = 16 << 20;

  private StoredZip() {}

  /// Takes the bytes of a ZIP in order; it must not keep the buffer.
  interface Sink {
    void write(ByteBuffer bytes);
  }

  static int crc(ByteBuffer data) {
    CRC32 crc = new CRC32();
    crc.update(data.duplicate());
    return (int) crc.getValue();
  }

  /// A ZIP of these entries, in their order.
  static byte[] of(Map<String, byte[]> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Writer writer =
        new Writer(bytes -> {
          byte[] copy = new byte[bytes.remaining()];
          bytes.get(copy);
          out.writeBytes(copy);
        });
    entries.forEach((name, data) -> writer.entry(name, ByteBuffer.wrap(data)));
    writer.finish();
    return out.toByteArray();
  }

  /// Writes entries in order. One thread at a time.
  static final class Writer {
    private final Sink sink;
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private long position;
    private int entries;

    Writer(Sink sink) {
      this.sink = sink;
    }

    long position() {
      return position;
    }

    /// How long the file would be if it were finished with one more entry.
    long lengthWith(String name, long dataBytes) {
      return position
          + directory.size()
          + LOCAL_HEADER_BYTES
          + DIRECTORY_HEADER_BYTES
          + 2L * name.length()
          + dataBytes
          + END_BYTES;
    }

    int entries() {
      return entries;
    }

    /// Writes one entry; gives where its data begins.
    long entry(String name, ByteBuffer data) {
      long offset = begin(name, data.remaining(), crc(data));
      data(data.duplicate());
      return offset;
    }

    /// Begins an entry whose data comes through [#data]; gives where it begins.
    long begin(String name, long dataBytes, int crc) {
      if (lengthWith(name, dataBytes) > LENGTH_MAX || entries == ENTRIES_MAX) {
        throw Problems.tooLarge("A file of the repository would be longer than its format allows.");
      }
      byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
      ByteBuffer central = little(DIRECTORY_HEADER_BYTES);
      central.putInt(DIRECTORY_SIGNATURE).putShort(VERSION).putShort(VERSION);
      common(central, crc, dataBytes, ascii.length);
      central.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
      central.putInt((int) position);
      directory.write(central.array(), central.arrayOffset(), central.position());
      directory.writeBytes(ascii);
      ByteBuffer local = little(LOCAL_HEADER_BYTES + ascii.length);
      local.putInt(LOCAL_SIGNATURE).putShort(VERSION);
      common(local, crc, dataBytes, ascii.length);
      local.put(ascii);
      data(local.flip());
      entries++;
      return position;
    }

    private static void common(ByteBuffer header, int crc, long dataBytes, int nameBytes) {
      header.putShort((short) 0).putShort((short) 0).putShort((short) 0).putShort(DATE);
      header.putInt(crc).putInt((int) dataBytes).putInt((int) dataBytes);
      header.putShort((short) nameBytes).putShort((short) 0);
    }

    /// A piece of the data of the entry begun last.
    void data(ByteBuffer bytes) {
      position += bytes.remaining();
      sink.write(bytes);
    }

    void finish() {
      long start = position;
      int directoryBytes = directory.size();
      data(ByteBuffer.wrap(directory.toByteArray()));
      ByteBuffer end = little(END_BYTES);
      end.putInt(END_SIGNATURE).putInt(0).putShort((short) entries).putShort((short) entries);
      end.putInt(directoryBytes).putInt((int) start).putShort((short) 0);
      data(end.flip());
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Where an entry's data lies.
  record Entry(String name, long offset, long lengthBytes, int crc) {}

  /// The entries of a ZIP in order, by name.
  ///
  /// @throws serdab.SerdabException.Damaged when it is none that this class wrote
  static Map<String, Entry> entries(ReadableBytes zip) {
    long length = zip.lengthBytes();
    if (length < END_BYTES) {
      throw broken();
    }
    int tailBytes = (int) Math.min(length, 4096);
    ByteBuffer tail = little(tailBytes);
    zip.readFully(length - tailBytes, tail);
    int end = tailBytes - END_BYTES;
    if (tail.getInt(end) != END_SIGNATURE) {
      throw broken();
    }
    int count = Short.toUnsignedInt(tail.getShort(end + 10));
    long directoryBytes = Integer.toUnsignedLong(tail.getInt(end + 12));
    long start = Integer.toUnsignedLong(tail.getInt(end + 16));
    if (start + directoryBytes + END_BYTES != length || directoryBytes > DIRECTORY_BYTES_MAX) {
      throw broken();
    }
    ByteBuffer directory;
    if (directoryBytes <= end) {
      directory = tail.slice(end - (int) directoryBytes, (int) directoryBytes);
    } else {
      directory = ByteBuffer.allocate((int) directoryBytes);
      zip.readFully(start, directory);
      directory.flip();
    }
    return parse(directory.order(ByteOrder.LITTLE_ENDIAN), count, start);
  }

  private static Map<String, Entry> parse(ByteBuffer directory, int count, long dataEnd) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      if (directory.remaining() < DIRECTORY_HEADER_BYTES
          || directory.getInt(directory.position()) != DIRECTORY_SIGNATURE) {
        throw broken();
      }
      int at = directory.position();
      int crc = directory.getInt(at + 16);
      long stored = Integer.toUnsignedLong(directory.getInt(at + 20));
      int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
      long local = Integer.toUnsignedLong(directory.getInt(at + 42));
      long offset = local + LOCAL_HEADER_BYTES + nameBytes;
      if (directory.remaining() < DIRECTORY_HEADER_BYTES + nameBytes
          || directory.getShort(at + 10) != 0
          || directory.getInt(at + 30) != 0
          || offset + stored > dataEnd) {
        throw broken();
      }
      byte[] name = new byte[nameBytes];
      directory.position(at + DIRECTORY_HEADER_BYTES).get(name);
      String text = new String(name, StandardCharsets.US_ASCII);
      if (entries.put(text, new Entry(text, offset, stored, crc)) != null) {
        throw broken();
      }
    }
    return entries;
  }

  static List<String> names(Map<String, Entry> entries) {
    return new ArrayList<>(entries.keySet());
  }

  private static serdab.SerdabException.Damaged broken() {
    return Problems.damaged("A ZIP file of the repository is not as it was written.");
  }
}
