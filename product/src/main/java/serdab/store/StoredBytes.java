package serdab.store;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.function.Function;
import serdab.SerdabException;

/// A file read in large aligned pieces, as reading past the cache demands. One thread at a time.
///
/// A read that goes on where the last piece ended takes twice as much as the last, up to
/// [#PIECE_BYTES_MAX]; a jump starts small again, so that looking up an index costs little.
final class StoredBytes implements ReadBack {

  static final int PIECE_BYTES_MIN = 64 << 10;
  static final int PIECE_BYTES_MAX = 4 << 20;

  private final Disk.Input input;
  private final long lengthBytes;
  private final Function<DiskFailure, SerdabException> explain;
  private final int alignmentBytes;
  // Freed at close: buffers left to the garbage collector pile up faster than it runs.
  private final Arena arena = Arena.ofShared();
  private ByteBuffer piece = ByteBuffer.allocate(0);
  private long pieceStart;
  private int pieceLength;
  private int pieceBytes;
  private boolean closed;

  StoredBytes(Disk.Input input, Function<DiskFailure, SerdabException> explain) throws DiskFailure {
    this.input = input;
    this.lengthBytes = input.lengthBytes();
    this.alignmentBytes = Math.max(1, input.alignmentBytes());
    this.explain = explain;
  }

  @Override
  public Means means() {
    return input.means();
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public int read(long position, ByteBuffer into) {
    if (position < 0) {
      throw new IllegalArgumentException("a position is not negative");
    }
    if (closed) {
      throw new IllegalStateException("these bytes were closed");
    }
    if (!into.hasRemaining()) {
      return 0;
    }
    if (position >= lengthBytes) {
      return -1;
    }
    if (position < pieceStart || position >= pieceStart + pieceLength) {
      fill(position);
    }
    int offset = Math.toIntExact(position - pieceStart);
    if (offset >= pieceLength) {
      return -1;
    }
    int count = Math.min(into.remaining(), pieceLength - offset);
    into.put(into.position(), piece, offset, count);
    into.position(into.position() + count);
    return count;
  }

  private void fill(long position) {
    boolean onward = pieceLength > 0 && position == pieceStart + pieceLength;
    int wanted = onward ? Math.min(pieceBytes * 2, PIECE_BYTES_MAX) : PIECE_BYTES_MIN;
    pieceBytes = Math.max(wanted, alignmentBytes);
    pieceStart = position - position % alignmentBytes;
    pieceLength = 0;
    if (piece.capacity() < pieceBytes) {
      // The smaller pieces before it stay until close; together they are smaller than this one.
      piece = arena.allocate(pieceBytes, alignmentBytes).asByteBuffer();
    }
    piece.clear().limit(pieceBytes);
    try {
      while (piece.hasRemaining()) {
        int count = input.read(pieceStart + piece.position(), piece);
        // A short count is the end of the file, or else the next position would not be aligned.
        if (count <= 0 || piece.position() % alignmentBytes != 0) {
          break;
        }
      }
    } catch (DiskFailure e) {
      throw explain.apply(e);
    }
    pieceLength =
        Math.toIntExact(Math.min(piece.position(), Math.max(0, lengthBytes - pieceStart)));
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      input.close();
      arena.close();
    }
  }
}
