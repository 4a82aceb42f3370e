package serdab.ziptree;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// Reads a ZIP that another program made once, from its first byte to its last: what its entries
/// unpack to, and the digest of all of it (`docs/format/zip-tree.md` section 7). One thread at a
/// time.
///
/// How another program writes its headers is not known, so what lies between the entries is not
/// compared with anything; the digest of the whole stands for it.
final class ForeignCheck {

  private static final int PIECE_BYTES = 256 << 10;
  private static final int ROOM_BYTES = 128 << 10;

  private final ReadableBytes zip;
  private final ZipDirectory directory;
  private final LongConsumer told;
  private final MessageDigest whole = Sha256.hasher();
  private final byte[] piece = new byte[PIECE_BYTES];
  private final byte[] out = new byte[ROOM_BYTES];
  private long position;

  /// @param told how many bytes were read, piece by piece; what it throws ends the reading
  ForeignCheck(ReadableBytes zip, ZipDirectory directory, LongConsumer told) {
    this.zip = zip;
    this.directory = directory;
    this.told = told;
  }

  /// What was found, in the order of the directory.
  ///
  /// @param whole SHA-256 of the ZIP
  /// @param digests of what each entry unpacks to
  /// @param offsets where the stored bytes of each begin
  record Found(Sha256 whole, List<Sha256> digests, List<Long> offsets) {}

  /// @throws SerdabException.Damaged `zip-damaged` when an entry is not what the directory says
  Found run() {
    List<StoredEntry> entries = directory.entries();
    Sha256[] digests = new Sha256[entries.size()];
    Long[] offsets = new Long[entries.size()];
    List<Integer> order = new ArrayList<>(IntStream.range(0, entries.size()).boxed().toList());
    order.sort(Comparator.comparingLong(index -> entries.get(index).headerOffset()));
    try (Inflater inflater = new Inflater(true)) {
      for (int index : order) {
        StoredEntry entry = entries.get(index);
        requireUsable(index, entry);
        long offset = dataOffset(index, entry);
        if (offset + entry.storedBytes() > directory.offset()) {
          throw damaged(index, "it reaches into the directory");
        }
        pass(offset);
        offsets[index] = offset;
        digests[index] = unpack(index, entry, inflater);
      }
    }
    pass(zip.lengthBytes());
    return new Found(Sha256.finish(whole), Arrays.asList(digests), Arrays.asList(offsets));
  }

  static void requireUsable(int index, StoredEntry entry) {
    if (entry.isEncrypted()) {
      throw damaged(index, "it is encrypted");
    }
    if (entry.method() != ZipHeaders.STORED && entry.method() != ZipHeaders.DEFLATED) {
      throw damaged(index, "it is packed in a way that is not used here");
    }
    if (entry.method() == ZipHeaders.STORED && entry.storedBytes() != entry.lengthBytes()) {
      throw damaged(index, "its two lengths differ though it is not packed");
    }
  }

  private long dataOffset(int index, StoredEntry entry) {
    if (entry.headerOffset() < position
        || entry.headerOffset() > directory.offset() - ZipHeaders.LOCAL_BYTES) {
      throw damaged(index, "it does not lie where the directory says");
    }
    ByteBuffer header = ZipHeaders.buffer(ZipHeaders.LOCAL_BYTES);
    zip.readFully(entry.headerOffset(), header);
    if (header.getInt(0) != ZipHeaders.LOCAL_SIGNATURE
        || Short.toUnsignedInt(header.getShort(8)) != entry.method()) {
      throw damaged(index, "its header and the directory do not agree");
    }
    return entry.headerOffset()
        + ZipHeaders.LOCAL_BYTES
        + Short.toUnsignedInt(header.getShort(26))
        + Short.toUnsignedInt(header.getShort(28));
  }

  /// Hashes what lies before a position and belongs to no entry's data.
  private void pass(long to) {
    while (position < to) {
      read(to);
    }
  }

  private int read(long to) {
    int length = (int) Math.min(PIECE_BYTES, to - position);
    zip.readFully(position, ByteBuffer.wrap(piece, 0, length));
    position += length;
    whole.update(piece, 0, length);
    told.accept(length);
    return length;
  }

  private Sha256 unpack(int index, StoredEntry entry, Inflater inflater) {
    MessageDigest sha256 = Sha256.hasher();
    CRC32 crc = new CRC32();
    long end = position + entry.storedBytes();
    long unpacked = 0;
    inflater.reset();
    while (position < end) {
      int length = read(end);
      if (entry.method() == ZipHeaders.STORED) {
        sha256.update(piece, 0, length);
        crc.update(piece, 0, length);
        unpacked += length;
        continue;
      }
      inflater.setInput(piece, 0, length);
      try {
        while (!inflater.finished()) {
          int count = inflater.inflate(out);
          unpacked += count;
          if (unpacked > entry.lengthBytes()) {
            throw damaged(index, "it unpacks to more bytes than it should");
          }
          sha256.update(out, 0, count);
          crc.update(out, 0, count);
          if (count == 0 && !inflater.finished()) {
            if (inflater.needsDictionary()) {
              throw damaged(index, "its packed data is no deflate stream");
            }
            break;
          }
        }
      } catch (DataFormatException e) {
        throw damaged(index, "its packed data is no deflate stream");
      }
      if (inflater.finished() && (position < end || inflater.getRemaining() > 0)) {
        throw damaged(index, "its packed data ends too early");
      }
    }
    if (entry.method() == ZipHeaders.DEFLATED && !inflater.finished()) {
      throw damaged(index, "its packed data is cut off");
    }
    if (unpacked != entry.lengthBytes()) {
      throw damaged(index, "it unpacks to another number of bytes");
    }
    if ((int) crc.getValue() != entry.crc()) {
      throw damaged(index, "its CRC-32 is another");
    }
    return Sha256.finish(sha256);
  }

  /// Entries of such a ZIP may be called anything, so they are named by their place.
  private static SerdabException.Damaged damaged(int index, String how) {
    return ZipDirectory.damaged("of its entry number " + (index + 1) + ", " + how);
  }
}
