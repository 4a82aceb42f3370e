package serdab.ziptree;

import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// The bytes of one entry, or of a range of it, in order. One thread at a time.
///
/// When the whole entry is read, its length, CRC-32 and, where it is known, SHA-256 are compared
/// before the channel ends. A range of a packed entry is reached by unpacking what lies before it.
final class EntryChannel implements ReadableByteChannel {

  private static final int PACKED_BYTES = 128 << 10;
  private static final int SKIP_BYTES = 64 << 10;

  private final ReadableBytes zip;
  private final StoredEntry entry;
  private final long fromByte;
  private final long toByte;
  private final Optional<Sha256> expected;
  private final String path;
  private final CRC32 crc = new CRC32();
  private final @Nullable MessageDigest sha256;
  private final @Nullable Inflater inflater;
  private final ByteBuffer packed;
  private long storedPosition;
  private final long storedEnd;

  /// Where the next byte comes from, counted in the unpacked entry.
  private long position;

  private boolean open = true;
  private boolean compared;

  /// @param directoryOffset where the entries end
  /// @param expected the SHA-256 that the whole entry should have
  /// @param path what messages call it
  EntryChannel(
      ReadableBytes zip,
      StoredEntry entry,
      long directoryOffset,
      long fromByte,
      long toByte,
      Optional<Sha256> expected,
      String path) {
    if (fromByte < 0 || fromByte > toByte || toByte > entry.lengthBytes()) {
      throw new IllegalArgumentException("no range of the file: " + fromByte + " to " + toByte);
    }
    this.zip = zip;
    this.entry = entry;
    this.fromByte = fromByte;
    this.toByte = toByte;
    this.expected = expected;
    this.path = path;
    this.storedPosition = dataOffset();
    this.storedEnd = storedPosition + entry.storedBytes();
    if (entry.storedBytes() < 0 || storedEnd > directoryOffset) {
      throw damaged("it reaches into the directory");
    }
    if (entry.isEncrypted()) {
      throw damaged("it is encrypted");
    }
    this.sha256 = isWhole() && expected.isPresent() ? Sha256.hasher() : null;
    switch (entry.method()) {
      case ZipHeaders.STORED -> {
        if (entry.storedBytes() != entry.lengthBytes()) {
          throw damaged("its two lengths differ though it is not packed");
        }
        this.inflater = null;
        this.packed = ByteBuffer.allocate(0);
        this.position = fromByte;
        this.storedPosition += fromByte;
      }
      case ZipHeaders.DEFLATED -> {
        this.inflater = new Inflater(true);
        this.packed = ByteBuffer.allocate(PACKED_BYTES);
      }
      default -> throw damaged("it is packed in a way that is not used here");
    }
  }

  @Override
  public int read(ByteBuffer into) throws ClosedChannelException {
    if (!open) {
      throw new ClosedChannelException();
    }
    if (!into.hasRemaining()) {
      return 0;
    }
    skipTo(fromByte);
    if (position >= toByte) {
      compare();
      return -1;
    }
    int limit = into.limit();
    int start = into.position();
    if (into.remaining() > toByte - position) {
      into.limit(start + (int) (toByte - position));
    }
    try {
      int count = fill(into);
      ByteBuffer read = into.duplicate().limit(start + count).position(start);
      if (isWhole()) {
        crc.update(read.duplicate());
        if (sha256 != null) {
          sha256.update(read);
        }
      }
      return count;
    } finally {
      into.limit(limit);
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    if (open && inflater != null) {
      inflater.end();
    }
    open = false;
  }

  private boolean isWhole() {
    return fromByte == 0 && toByte == entry.lengthBytes();
  }

  private void skipTo(long wanted) {
    if (position >= wanted) {
      return;
    }
    ByteBuffer skipped = ByteBuffer.allocate(SKIP_BYTES);
    while (position < wanted) {
      skipped.clear().limit((int) Math.min(SKIP_BYTES, wanted - position));
      fill(skipped);
    }
  }

  /// At least one byte, unless the entry is damaged.
  private int fill(ByteBuffer into) {
    if (inflater == null) {
      int count = zip.read(storedPosition, into);
      if (count < 0) {
        throw damaged("it is cut off");
      }
      storedPosition += count;
      position += count;
      return count;
    }
    try {
      while (true) {
        int count = inflater.inflate(into);
        if (count > 0) {
          position += count;
          return count;
        }
        if (inflater.finished() || inflater.needsDictionary()) {
          throw damaged("it unpacks to fewer bytes than it should");
        }
        if (storedPosition >= storedEnd) {
          throw damaged("its packed data is cut off");
        }
        packed.clear().limit((int) Math.min(PACKED_BYTES, storedEnd - storedPosition));
        int read = zip.read(storedPosition, packed);
        if (read < 0) {
          throw damaged("it is cut off");
        }
        storedPosition += read;
        inflater.setInput(packed.flip());
      }
    } catch (DataFormatException e) {
      throw damaged("its packed data is no deflate stream");
    }
  }

  private void compare() {
    if (!isWhole() || compared) {
      return;
    }
    if ((int) crc.getValue() != entry.crc()) {
      throw damaged("its CRC-32 is another");
    }
    if (sha256 != null && !Optional.of(Sha256.finish(sha256)).equals(expected)) {
      throw damaged("its SHA-256 is another");
    }
    compared = true;
  }

  /// Behind the local header, which must belong to this entry.
  private long dataOffset() {
    ByteBuffer header = ZipHeaders.buffer(ZipHeaders.LOCAL_BYTES);
    if (entry.headerOffset() < 0
        || entry.headerOffset() > zip.lengthBytes() - ZipHeaders.LOCAL_BYTES) {
      throw damaged("it does not lie where the directory says");
    }
    zip.readFully(entry.headerOffset(), header);
    if (header.getInt(0) != ZipHeaders.LOCAL_SIGNATURE
        || Short.toUnsignedInt(header.getShort(8)) != entry.method()) {
      throw damaged("its header and the directory do not agree");
    }
    return entry.headerOffset()
        + ZipHeaders.LOCAL_BYTES
        + Short.toUnsignedInt(header.getShort(26))
        + Short.toUnsignedInt(header.getShort(28));
  }

  private SerdabException.Damaged damaged(String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "The copy of " + path + " is not what it should be: " + how + ".",
            "Restore it from another copy; verify this one to see what else is damaged."));
  }
}
