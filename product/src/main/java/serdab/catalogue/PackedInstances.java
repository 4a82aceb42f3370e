package serdab.catalogue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import serdab.Sha256;
import serdab.catalogue.VersionRow.InstanceLine;

/// The instances of one version as few bytes: about 37 for each, of which 32 are its digest.
///
/// The layout stands in `docs/format/catalogue.md`. Reading trusts nothing: a count is believed
/// only when the digests for it are there, so memory stays within a fixed multiple of the bytes
/// given.
final class PackedInstances {

  static final int FORMAT_VERSION = 1;

  /// PS3.5 section 9.1 ends UIDs at 64 characters. Whatever is longer than this names no instance
  /// and is kept as empty text.
  static final int UID_BYTES_MAX = 256;

  private static final int CHECKSUM_BYTES = 4;
  private static final int VARINT_BYTES_MAX = 10;
  private static final int BUFFER_BYTES = 8192;

  private PackedInstances() {}

  /// The bytes are not a packed list, or not a whole one.
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String reason) {
      super(reason);
    }
  }

  static byte[] pack(List<InstanceLine> lines) {
    Bytes packed = new Bytes(lines.size() * 40 + 64);
    packed.write(FORMAT_VERSION);
    packed.varint(lines.size());
    for (InstanceLine line : lines) {
      packed.writeBytes(line.fileDigest().bytes());
    }
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    try {
      deflater.setInput(columns(lines));
      deflater.finish();
      byte[] buffer = new byte[BUFFER_BYTES];
      while (!deflater.finished()) {
        packed.write(buffer, 0, deflater.deflate(buffer));
      }
    } finally {
      deflater.end();
    }
    packed.checksum();
    return packed.toByteArray();
  }

  /// Column by column, because like beside like deflates best.
  static byte[] columns(List<InstanceLine> lines) {
    Bytes shared = new Bytes(lines.size());
    Bytes restLengths = new Bytes(lines.size());
    Bytes rests = new Bytes(lines.size() * 4);
    Bytes lengths = new Bytes(lines.size() * 3);
    byte[] previousUid = {};
    long previousLength = 0;
    for (InstanceLine line : lines) {
      byte[] uid = StoredText.toStored(line.sopInstanceUid()).getBytes(StandardCharsets.UTF_8);
      if (uid.length > UID_BYTES_MAX) {
        uid = new byte[0];
      }
      int common = commonLength(previousUid, uid);
      shared.varint(common);
      restLengths.varint(uid.length - common);
      rests.write(uid, common, uid.length - common);
      long step = line.lengthBytes() - previousLength;
      lengths.varint((step << 1) ^ (step >> 63));
      previousUid = uid;
      previousLength = line.lengthBytes();
    }
    Bytes all = new Bytes(shared.size() + restLengths.size() + rests.size() + lengths.size());
    all.writeBytes(shared.toByteArray());
    all.writeBytes(restLengths.toByteArray());
    all.writeBytes(rests.toByteArray());
    all.writeBytes(lengths.toByteArray());
    return all.toByteArray();
  }

  static List<InstanceLine> unpack(byte[] packed) throws Malformed {
    int end = packed.length - CHECKSUM_BYTES;
    if (end < 2) {
      throw new Malformed("too short");
    }
    if (packed[0] != FORMAT_VERSION) {
      throw new Malformed("of an unknown format version");
    }
    if (checksum(packed, end) != bigEndian(packed, end)) {
      throw new Malformed("checksum differs");
    }
    Head head = head(packed, end);
    try (Columns columns = new Columns(packed, head.columnsAt(), end - head.columnsAt())) {
      return lines(packed, head, columns);
    } catch (DataFormatException e) {
      throw new Malformed("does not inflate");
    }
  }

  private static List<InstanceLine> lines(byte[] packed, Head head, Columns columns)
      throws Malformed, DataFormatException {
    int count = head.count();
    short[] shared = new short[count];
    short[] restLengths = new short[count];
    for (int i = 0; i < count; i++) {
      shared[i] = columns.uidLength();
    }
    for (int i = 0; i < count; i++) {
      restLengths[i] = columns.uidLength();
    }
    String[] uids = new String[count];
    byte[] uid = new byte[UID_BYTES_MAX];
    int uidLength = 0;
    for (int i = 0; i < count; i++) {
      int length = shared[i] + restLengths[i];
      if (shared[i] > uidLength || length > UID_BYTES_MAX) {
        throw new Malformed("a UID is longer than it can be");
      }
      columns.read(uid, shared[i], restLengths[i]);
      uidLength = length;
      uids[i] = StoredText.fromStored(new String(uid, 0, length, StandardCharsets.UTF_8));
    }
    List<InstanceLine> lines = new ArrayList<>(count);
    byte[] digest = new byte[Sha256.LENGTH_BYTES];
    long lengthBytes = 0;
    for (int i = 0; i < count; i++) {
      long step = columns.varint();
      lengthBytes += (step >>> 1) ^ -(step & 1);
      if (lengthBytes < 0) {
        throw new Malformed("a length is negative");
      }
      System.arraycopy(
          packed, head.digestsAt() + i * Sha256.LENGTH_BYTES, digest, 0, Sha256.LENGTH_BYTES);
      lines.add(new InstanceLine(uids[i], lengthBytes, Sha256.of(digest)));
    }
    columns.expectEnd();
    return lines;
  }

  private record Head(int count, int digestsAt, int columnsAt) {}

  private static Head head(byte[] packed, int end) throws Malformed {
    long count = 0;
    int at = 1;
    for (int shift = 0; ; shift += 7) {
      if (at >= end || shift > 28) {
        throw new Malformed("its count does not end");
      }
      byte next = packed[at++];
      count |= (next & 0x7FL) << shift;
      if (next >= 0) {
        break;
      }
    }
    if (count > (end - at) / Sha256.LENGTH_BYTES) {
      throw new Malformed("fewer digests than lines");
    }
    return new Head((int) count, at, at + (int) count * Sha256.LENGTH_BYTES);
  }

  private static int commonLength(byte[] a, byte[] b) {
    int most = Math.min(a.length, b.length);
    int i = 0;
    while (i < most && a[i] == b[i]) {
      i++;
    }
    return i;
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static int bigEndian(byte[] bytes, int at) {
    return (bytes[at] & 0xFF) << 24
        | (bytes[at + 1] & 0xFF) << 16
        | (bytes[at + 2] & 0xFF) << 8
        | (bytes[at + 3] & 0xFF);
  }

  /// A growing run of bytes.
  private static final class Bytes extends ByteArrayOutputStream {

    Bytes(int expected) {
      super(Math.max(expected, 16));
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    void varint(long value) {
      long rest = value;
      while ((rest & ~0x7FL) != 0) {
        write((int) (rest & 0x7F) | 0x80);
        rest >>>= 7;
      }
      write((int) rest);
    }

    void checksum() {
      int crc = PackedInstances.checksum(buf, count);
      write(crc >>> 24);
      write(crc >>> 16);
      write(crc >>> 8);
      write(crc);
    }
  }

  /// The inflated columns, read in order and never held as a whole.
  private static final class Columns implements AutoCloseable {

    private final Inflater inflater = new Inflater(true);
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int at;
    private int filled;

    Columns(byte[] packed, int from, int length) {
      inflater.setInput(packed, from, length);
    }

    private boolean fill() throws DataFormatException {
      at = 0;
      filled = 0;
      while (filled == 0 && !inflater.finished()) {
        filled = inflater.inflate(buffer);
        if (filled == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          return false;
        }
      }
      return filled > 0;
    }

    int next() throws Malformed, DataFormatException {
      if (at == filled && !fill()) {
        throw new Malformed("ends too early");
      }
      return buffer[at++] & 0xFF;
    }

    void read(byte[] into, int from, int length) throws Malformed, DataFormatException {
      int to = from;
      int left = length;
      while (left > 0) {
        if (at == filled && !fill()) {
          throw new Malformed("ends too early");
        }
        int part = Math.min(left, filled - at);
        System.arraycopy(buffer, at, into, to, part);
        at += part;
        to += part;
        left -= part;
      }
    }

    long varint() throws Malformed, DataFormatException {
      long value = 0;
      for (int i = 0; i < VARINT_BYTES_MAX; i++) {
        int next = next();
        value |= (long) (next & 0x7F) << (7 * i);
        if (next < 0x80) {
          return value;
        }
      }
      throw new Malformed("a number does not end");
    }

    short uidLength() throws Malformed, DataFormatException {
      long length = varint();
      if (length < 0 || length > UID_BYTES_MAX) {
        throw new Malformed("a UID is longer than it can be");
      }
      return (short) length;
    }

    void expectEnd() throws Malformed, DataFormatException {
      if (at < filled || fill() || !inflater.finished() || inflater.getRemaining() > 0) {
        throw new Malformed("goes on after its last line");
      }
    }

    @Override
    public void close() {
      inflater.end();
    }
  }
}
