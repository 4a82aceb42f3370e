package serdab.ziptree;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.Staged;

/// Writes the entries of one ZIP, in the order in which they are begun, while a crew compresses
/// them in parallel. One thread at a time.
///
/// Entries of up to [#JUDGED_SLABS] slabs wait until they are compressed, so their local headers
/// hold lengths and CRC-32; longer ones are written as they come, with a data descriptor. What is
/// written depends on the input alone, not on which thread was faster.
final class ZipWriter implements AutoCloseable {

  /// How much of a long entry is looked at before its method is chosen.
  static final int JUDGED_SLABS = 8;

  /// Deflate must save at least this part of the bytes.
  private static final int WORTH_SAVING = 32;

  /// From this announced length on, an entry that is written as it comes gets 8-byte lengths. It
  /// leaves room for stored blocks, five bytes for each 65,535.
  static final long ZIP64_FROM = 0xFF00_0000L;

  static final long TIME_UNKNOWN = Long.MIN_VALUE;

  private static final int BLOCK_MAX = 65_535;
  private static final int BLOCK_HEADER_BYTES = 5;

  /// What a writer that was closed has in place of a buffer.
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final Staged staged;
  private final Crew crew;
  private final ArrayDeque<Slab> inFlight = new ArrayDeque<>();
  private final List<StoredEntry> written = new ArrayList<>();
  private ByteBuffer output;
  private long position;
  private @Nullable Slab filling;
  private @Nullable Entry current;

  ZipWriter(Staged staged, Crew crew) {
    this.staged = staged;
    this.crew = crew;
    this.output = crew.takeOutput();
  }

  static boolean pays(long deflatedBytes, long lengthBytes) {
    return deflatedBytes <= lengthBytes - Math.ceilDiv(lengthBytes, WORTH_SAVING);
  }

  /// @param announcedBytes the expected length, or -1
  /// @param modifiedMillis the file's time of change, or [#TIME_UNKNOWN]
  void begin(String name, long announcedBytes, long modifiedMillis) {
    if (current != null) {
      throw new IllegalStateException("the entry before is not ended");
    }
    current = new Entry(name, announcedBytes, modifiedMillis);
    // A file that would not fit begins in a slab of its own: it stays whole where it can, and what
    // a
    // long one is judged by does not depend on what came before it.
    if (filling != null
        && (announcedBytes < 0 || announcedBytes > filling.room() || filling.room() == 0)) {
      submitFilling();
    }
    openPiece(current);
  }

  void write(ByteBuffer bytes) {
    Entry entry = openEntry();
    entry.crc.update(bytes.duplicate());
    entry.lengthBytes += bytes.remaining();
    if (!entry.zip64() && entry.lengthBytes > ZIP64_FROM) {
      throw new SerdabException.Damaged(
          new Problem(
              "file-longer-than-announced",
              "A file grew far beyond its listed length while it was read.",
              "It is read again with its new length; nothing needs to be done."));
    }
    while (bytes.hasRemaining()) {
      Slab slab = filling;
      if (slab == null || slab.room() == 0) {
        submitFilling();
        slab = openPiece(entry);
      }
      int count = Math.min(bytes.remaining(), slab.room());
      bytes.get(slab.in, slab.filled, count);
      slab.filled += count;
      slab.pieces.getLast().to = slab.filled;
    }
  }

  /// @param modifiedMillis the file's time of change; too late for an entry that has its header
  void end(long modifiedMillis) {
    Entry entry = openEntry();
    Slab slab = filling;
    if (slab == null) {
      throw new IllegalStateException("an open entry always has a piece");
    }
    slab.pieces.getLast().last = true;
    entry.ended = true;
    if (entry.pieceCount <= JUDGED_SLABS) {
      entry.modifiedMillis = modifiedMillis;
    }
    current = null;
  }

  /// Returns when every ended entry is written, so that [#written] knows them all.
  void drain() {
    submitFilling();
    while (!inFlight.isEmpty()) {
      writeHead();
    }
  }

  /// The entries written so far, in order.
  List<StoredEntry> written() {
    return written;
  }

  /// Where the next byte goes.
  long positionBytes() {
    return position;
  }

  /// Writes the central directory and hands every byte to the staged blob.
  void finish() {
    if (current != null) {
      throw new IllegalStateException("the last entry is not ended");
    }
    drain();
    long directory = position;
    for (StoredEntry entry : written) {
      emit(ZipHeaders.central(entry));
    }
    emit(ZipHeaders.end(written.size(), directory, position - directory));
    flushOutput();
  }

  /// Lets go of its buffers; those a thread may still work on are not used again.
  @Override
  public void close() {
    inFlight.clear();
    filling = null;
    if (output.capacity() > 0) {
      crew.giveBack(output);
      output = NONE;
    }
  }

  private Entry openEntry() {
    if (current == null) {
      throw new IllegalStateException("no entry is begun");
    }
    return current;
  }

  private Slab openPiece(Entry entry) {
    Slab slab = filling;
    if (slab == null) {
      makeRoom();
      slab = crew.take();
      filling = slab;
    }
    Slab.Piece piece = new Slab.Piece(entry, entry.pieceCount == 0, slab.filled);
    slab.pieces.add(piece);
    entry.pieceCount++;
    if (entry.pieceCount <= JUDGED_SLABS) {
      entry.judged.add(piece);
      entry.judgedSlabs.add(slab);
    }
    return slab;
  }

  private void submitFilling() {
    Slab slab = filling;
    if (slab != null) {
      filling = null;
      inFlight.addLast(slab);
      slab.submit();
    }
  }

  /// Writes what is ready, and waits for the oldest slab when too many are in flight.
  private void makeRoom() {
    while (inFlight.size() >= crew.window()) {
      writeHead();
    }
    while (!inFlight.isEmpty() && inFlight.peekFirst().isDone() && isReady(inFlight.peekFirst())) {
      writeHead();
    }
  }

  private static boolean isReady(Slab slab) {
    for (Slab.Piece piece : slab.pieces) {
      if (piece.first) {
        Entry entry = piece.entry;
        if (!entry.ended && entry.pieceCount <= JUDGED_SLABS) {
          return false;
        }
        for (Slab judged : entry.judgedSlabs) {
          if (!judged.isDone()) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private void writeHead() {
    Slab slab = inFlight.removeFirst();
    slab.await();
    for (Slab.Piece piece : slab.pieces) {
      if (piece.first) {
        beginWriting(piece.entry);
      }
      writePiece(slab, piece);
      if (piece.last) {
        endWriting(piece.entry);
      }
    }
    crew.giveBack(slab);
  }

  private void beginWriting(Entry entry) {
    if (!entry.ended && entry.pieceCount <= JUDGED_SLABS) {
      throw new IllegalStateException("the window is smaller than what an entry is judged by");
    }
    entry.judgedSlabs.forEach(Slab::await);
    long judged = 0;
    long deflated = 0;
    for (Slab.Piece piece : entry.judged) {
      judged += piece.length();
      deflated +=
          piece.deflatedBytes == Slab.Piece.DOES_NOT_PAY
              ? storedBlocksBytes(piece.length())
              : piece.deflatedBytes;
    }
    entry.method = judged > 0 && pays(deflated, judged) ? ZipHeaders.DEFLATED : ZipHeaders.STORED;
    entry.headerOffset = position;
    entry.descriptor = entry.pieceCount > JUDGED_SLABS;
    if (!entry.descriptor) {
      entry.storedBytes = entry.method == ZipHeaders.DEFLATED ? deflated : judged;
    }
    // Their slabs go back to the crew one by one.
    entry.judged.clear();
    entry.judgedSlabs.clear();
    emit(ZipHeaders.local(entry.stored()));
    if (entry.descriptor) {
      entry.storedBytes = 0;
    }
  }

  private void writePiece(Slab slab, Slab.Piece piece) {
    Entry entry = piece.entry;
    long before = position;
    if (entry.method == ZipHeaders.STORED) {
      emit(slab.in, piece.from, piece.length());
    } else if (piece.deflatedBytes != Slab.Piece.DOES_NOT_PAY) {
      emit(slab.out, piece.outFrom, piece.deflatedBytes);
    } else {
      writeStoredBlocks(slab.in, piece.from, piece.to, piece.last);
    }
    if (entry.descriptor) {
      entry.storedBytes += position - before;
    }
  }

  /// Deflate's own way to hold bytes that do not shrink (RFC 1951 section 3.2.4).
  private void writeStoredBlocks(byte[] in, int from, int to, boolean last) {
    int next = from;
    do {
      int length = Math.min(BLOCK_MAX, to - next);
      boolean end = last && next + length == to;
      reserve(BLOCK_HEADER_BYTES);
      output.put((byte) (end ? 1 : 0)).putShort((short) length).putShort((short) ~length);
      position += BLOCK_HEADER_BYTES;
      emit(in, next, length);
      next += length;
    } while (next < to);
  }

  private static long storedBlocksBytes(int length) {
    return length + (long) BLOCK_HEADER_BYTES * Math.max(1, Math.ceilDiv(length, BLOCK_MAX));
  }

  private void endWriting(Entry entry) {
    StoredEntry stored = entry.stored();
    if (entry.descriptor) {
      emit(ZipHeaders.descriptor(stored));
    }
    written.add(stored);
  }

  private void emit(ByteBuffer bytes) {
    position += bytes.remaining();
    while (bytes.hasRemaining()) {
      reserve(1);
      int count = Math.min(bytes.remaining(), output.remaining());
      output.put(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
    }
  }

  private void emit(byte[] bytes, int from, int length) {
    position += length;
    int next = from;
    int left = length;
    while (left > 0) {
      reserve(1);
      int count = Math.min(left, output.remaining());
      output.put(bytes, next, count);
      next += count;
      left -= count;
    }
  }

  private void reserve(int bytes) {
    if (output.remaining() < bytes) {
      flushOutput();
    }
  }

  private void flushOutput() {
    output.flip();
    staged.write(output);
    output.clear();
  }

  /// An entry on its way.
  static final class Entry {

    private final String name;
    private final long announcedBytes;
    private long modifiedMillis;
    private final CRC32 crc = new CRC32();
    private final List<Slab.Piece> judged = new ArrayList<>();
    private final List<Slab> judgedSlabs = new ArrayList<>();
    private int pieceCount;
    private boolean ended;
    private long lengthBytes;
    private int method;
    private boolean descriptor;
    private long headerOffset;
    private long storedBytes;

    private Entry(String name, long announcedBytes, long modifiedMillis) {
      this.name = name;
      this.announcedBytes = announcedBytes;
      this.modifiedMillis = modifiedMillis;
    }

    private boolean zip64() {
      return announcedBytes < 0 || announcedBytes >= ZIP64_FROM;
    }

    private StoredEntry stored() {
      return new StoredEntry(
          name,
          ZipHeaders.FLAG_UTF8 | (descriptor ? ZipHeaders.FLAG_DESCRIPTOR : 0),
          method,
          ZipHeaders.dosTime(modifiedMillis),
          ZipHeaders.timestampSeconds(modifiedMillis),
          (int) crc.getValue(),
          storedBytes,
          lengthBytes,
          headerOffset,
          descriptor && zip64());
    }
  }
}
