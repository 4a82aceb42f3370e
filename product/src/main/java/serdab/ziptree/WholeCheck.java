package serdab.ziptree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.IntFunction;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// Reads one whole ZIP from its first byte to its last and compares every byte of it with what it
/// should be: each entry unpacks to its length, CRC-32 and SHA-256, and everything between the
/// entries is what `docs/format/zip-tree.md` section 3.2 says it is.
///
/// The file is read in order by the calling thread; a crew unpacks and hashes. Memory is bounded:
/// an entry longer than a span is unpacked as it is read.
final class WholeCheck {

  /// Entries are gathered into spans of at least this many bytes for one job.
  private static final int SPAN_BYTES = 1 << 20;

  /// An entry of more bytes than this is checked while it is read.
  private static final int SPAN_BYTES_MAX = 4 << 20;

  private static final int PIECE_BYTES = 256 << 10;

  private static final int ROOM_BYTES = 128 << 10;

  private final ReadableBytes zip;
  private final ZipDirectory directory;
  private final IntFunction<Sha256> digests;
  private final IntFunction<String> paths;
  private final Crew crew;
  private final ArrayDeque<Job> jobs = new ArrayDeque<>();

  /// @param digests the SHA-256 that each entry must have, by its place in the directory
  /// @param paths what messages call each entry
  WholeCheck(
      ReadableBytes zip,
      ZipDirectory directory,
      IntFunction<Sha256> digests,
      IntFunction<String> paths,
      Crew crew) {
    this.zip = zip;
    this.directory = directory;
    this.digests = digests;
    this.paths = paths;
    this.crew = crew;
  }

  /// @throws SerdabException.Damaged naming the first file, in order, that is not what it should be
  void run() {
    List<StoredEntry> entries = directory.entries();
    requireOrder(entries);
    int next = 0;
    while (next < entries.size()) {
      int from = next;
      long start = entries.get(from).headerOffset();
      do {
        next++;
      } while (next < entries.size() && endOf(next) - start <= SPAN_BYTES);
      long length = endOf(next - 1) - start;
      if (length > SPAN_BYTES_MAX) {
        checkLong(from);
        continue;
      }
      while (jobs.size() >= crew.window()) {
        jobs.removeFirst().await();
      }
      byte[] span = new byte[Math.toIntExact(length)];
      zip.readFully(start, ByteBuffer.wrap(span));
      int to = next;
      Job job = new Job(() -> checkSpan(span, from, to));
      jobs.addLast(job);
      crew.executor().execute(job);
    }
    for (Job job : jobs) {
      job.await();
    }
    checkDirectory();
  }

  private long endOf(int index) {
    return index + 1 < directory.entries().size()
        ? directory.entries().get(index + 1).headerOffset()
        : directory.offset();
  }

  private void requireOrder(List<StoredEntry> entries) {
    long expected = 0;
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      boolean fits = i == 0 ? entry.headerOffset() == 0 : entry.headerOffset() > expected;
      if (!fits || endOf(i) - entry.headerOffset() < entry.storedBytes() + ZipHeaders.LOCAL_BYTES) {
        throw damaged(i, "it does not lie where the directory says");
      }
      expected = entry.headerOffset();
    }
    if (entries.isEmpty() && directory.offset() != 0) {
      throw ZipDirectory.damaged("there are bytes before its directory");
    }
  }

  private void checkSpan(byte[] span, int from, int to) {
    long start = directory.entries().get(from).headerOffset();
    try (Unpacking unpacking = new Unpacking()) {
      for (int i = from; i < to; i++) {
        int at = Math.toIntExact(directory.entries().get(i).headerOffset() - start);
        int end = Math.toIntExact(endOf(i) - start);
        ByteBuffer bytes =
            ByteBuffer.wrap(span, at, end - at).slice().order(ByteOrder.LITTLE_ENDIAN);
        StoredEntry entry = checkLocal(i, bytes);
        int dataEnd = bytes.limit() - ZipHeaders.descriptorBytes(entry);
        unpacking.begin(i, entry);
        unpacking.take(span, at + bytes.position(), at + dataEnd);
        unpacking.end();
        checkDescriptor(i, entry, bytes.position(dataEnd));
      }
    }
  }

  private void checkLong(int index) {
    StoredEntry listed = directory.entries().get(index);
    int nameBytes = SafeNames.utf8Length(listed.name());
    ByteBuffer header = ZipHeaders.buffer(ZipHeaders.LOCAL_BYTES + nameBytes + 64);
    header.limit((int) Math.min(header.capacity(), endOf(index) - listed.headerOffset()));
    zip.readFully(listed.headerOffset(), header);
    StoredEntry entry = checkLocal(index, header.flip());
    long position = listed.headerOffset() + header.position();
    long end = position + entry.storedBytes();
    byte[] array = new byte[PIECE_BYTES];
    ByteBuffer piece = ByteBuffer.wrap(array);
    try (Unpacking unpacking = new Unpacking()) {
      unpacking.begin(index, entry);
      while (position < end) {
        piece.clear().limit((int) Math.min(PIECE_BYTES, end - position));
        zip.readFully(position, piece);
        position += piece.limit();
        unpacking.take(array, 0, piece.limit());
      }
      unpacking.end();
    }
    ByteBuffer descriptor = ZipHeaders.buffer(ZipHeaders.descriptorBytes(entry));
    zip.readFully(end, descriptor);
    checkDescriptor(index, entry, descriptor.flip());
  }

  /// Compares the local header with the one that belongs to the directory's record, and leaves the
  /// buffer at the entry's data.
  private StoredEntry checkLocal(int index, ByteBuffer bytes) {
    StoredEntry listed = directory.entries().get(index);
    if (bytes.limit() < ZipHeaders.LOCAL_BYTES) {
      throw damaged(index, "its header is cut off");
    }
    // Only the local header knows whether it has a Zip64 field; it has one exactly when both of its
    // lengths are all ones.
    boolean zip64 = listed.hasDescriptor() && bytes.getInt(18) == -1 && bytes.getInt(22) == -1;
    StoredEntry entry = listed.withZip64Local(zip64);
    ByteBuffer expected = ZipHeaders.local(entry);
    int dataFrom = expected.remaining();
    long room = endOf(index) - listed.headerOffset();
    if (room != dataFrom + entry.storedBytes() + ZipHeaders.descriptorBytes(entry)) {
      throw damaged(index, "there are bytes beside it that belong to nothing");
    }
    if (!bytes.slice(0, Math.min(dataFrom, bytes.limit())).equals(expected)) {
      throw damaged(index, "its header and the directory do not agree");
    }
    bytes.position(dataFrom);
    return entry;
  }

  private void checkDescriptor(int index, StoredEntry entry, ByteBuffer bytes) {
    if (entry.hasDescriptor() && !ZipHeaders.descriptor(entry).equals(bytes)) {
      throw damaged(index, "its data descriptor and the directory do not agree");
    }
  }

  /// The directory was read leniently; here each of its bytes must be the one we would write.
  private void checkDirectory() {
    long position = directory.offset();
    List<StoredEntry> entries = directory.entries();
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      ByteBuffer expected = ZipHeaders.central(entry.withZip64Local(false));
      ByteBuffer found = ZipHeaders.buffer(expected.remaining());
      zip.readFully(position, found);
      if (!found.flip().equals(expected)
          && !(entry.hasDescriptor()
              && found.equals(ZipHeaders.central(entry.withZip64Local(true))))) {
        throw damaged(i, "its record in the directory is not as it was written");
      }
      position += expected.limit();
    }
    if (position != directory.endOffset()) {
      throw ZipDirectory.damaged("its directory holds bytes that belong to nothing");
    }
    ByteBuffer expected =
        ZipHeaders.end(entries.size(), directory.offset(), position - directory.offset());
    ByteBuffer found = ZipHeaders.buffer(expected.remaining());
    if (zip.lengthBytes() != position + expected.remaining()) {
      throw ZipDirectory.damaged("there are bytes behind its end");
    }
    zip.readFully(position, found);
    if (!found.flip().equals(expected)) {
      throw ZipDirectory.damaged("its end record is not as it was written");
    }
  }

  private SerdabException.Damaged damaged(int index, String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "The copy of " + paths.apply(index) + " is not what it should be: " + how + ".",
            "Keep this ZIP, check the disk it lies on, and run the backup again: it makes a new"
                + " copy beside it."));
  }

  /// Unpacks one entry after another and compares what comes out.
  ///
  /// By the JDK's inflater and not by code of ours: whoever wrote the deflate encoder must not be
  /// the only one to say that its output can be read.
  private final class Unpacking implements AutoCloseable {

    private final Inflater inflater = new Inflater(true);
    private final MessageDigest sha256 = Sha256.hasher();
    private final CRC32 crc = new CRC32();

    /// Room for what comes out; small enough to be hashed from the processor's cache.
    private final byte[] out = new byte[ROOM_BYTES];

    private int index;
    private StoredEntry entry = NONE;
    private long lengthBytes;

    void begin(int newIndex, StoredEntry newEntry) {
      index = newIndex;
      entry = newEntry;
      lengthBytes = 0;
      inflater.reset();
      sha256.reset();
      crc.reset();
      if (entry.method() != ZipHeaders.STORED && entry.method() != ZipHeaders.DEFLATED) {
        throw damaged(index, "it is packed in a way that is not used here");
      }
      if (entry.isEncrypted()) {
        throw damaged(index, "it is said to be encrypted");
      }
    }

    /// Takes the next stored bytes, all of them.
    void take(byte[] in, int from, int to) {
      if (entry.method() == ZipHeaders.STORED) {
        hash(in, from, to);
        return;
      }
      inflater.setInput(in, from, to - from);
      try {
        while (!inflater.finished()) {
          int produced = inflater.inflate(out);
          hash(out, 0, produced);
          if (produced == 0 && !inflater.finished()) {
            if (inflater.needsDictionary()) {
              throw damaged(index, "its packed data is no deflate stream");
            }
            return;
          }
        }
      } catch (DataFormatException e) {
        throw damaged(index, "its packed data is no deflate stream");
      }
      if (inflater.getRemaining() > 0) {
        throw damaged(index, "its packed data ends too early");
      }
    }

    private void hash(byte[] bytes, int from, int to) {
      lengthBytes += to - from;
      if (lengthBytes > entry.lengthBytes()) {
        throw damaged(index, "it unpacks to more bytes than it should");
      }
      crc.update(bytes, from, to - from);
      sha256.update(bytes, from, to - from);
    }

    void end() {
      if (entry.method() == ZipHeaders.DEFLATED && !inflater.finished()) {
        throw damaged(index, "its packed data is cut off");
      }
      if (lengthBytes != entry.lengthBytes()) {
        throw damaged(index, "it unpacks to another number of bytes");
      }
      if ((int) crc.getValue() != entry.crc()) {
        throw damaged(index, "its CRC-32 is another");
      }
      if (!Sha256.finish(sha256).equals(digests.apply(index))) {
        throw damaged(index, "its SHA-256 is another");
      }
    }

    @Override
    public void close() {
      inflater.close();
    }
  }

  private static final StoredEntry NONE =
      new StoredEntry("", 0, ZipHeaders.STORED, 0, 0, 0, 0, 0, 0, false);
}
