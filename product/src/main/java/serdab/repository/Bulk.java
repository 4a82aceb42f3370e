package serdab.repository;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// Bytes that grow at their end, in pieces so that growing copies nothing, and their SHA-256. One
/// thread at a time.
final class Bulk extends OutputStream {

  private static final int PIECE_BYTES_MIN = 16 << 10;
  private static final int PIECE_BYTES_MAX = 1 << 20;

  private final List<ByteBuffer> full = new ArrayList<>();
  private final MessageDigest hasher = Sha256.hasher();
  private ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES_MIN);
  private long lengthBytes;

  static Bulk of(byte[] content) {
    Bulk bulk = new Bulk();
    bulk.append(ByteBuffer.wrap(content));
    return bulk;
  }

  void append(ByteBuffer bytes) {
    hasher.update(bytes.duplicate());
    lengthBytes += bytes.remaining();
    while (bytes.hasRemaining()) {
      if (!piece.hasRemaining()) {
        full.add(piece.flip());
        piece = ByteBuffer.allocate(Math.min(piece.capacity() * 2, PIECE_BYTES_MAX));
      }
      int count = Math.min(piece.remaining(), bytes.remaining());
      piece.put(piece.position(), bytes, bytes.position(), count);
      piece.position(piece.position() + count);
      bytes.position(bytes.position() + count);
    }
  }

  @Override
  public void write(int single) {
    append(ByteBuffer.wrap(new byte[] {(byte) single}));
  }

  @Override
  public void write(byte[] bytes, int offset, int count) {
    append(ByteBuffer.wrap(bytes, offset, count));
  }

  long lengthBytes() {
    return lengthBytes;
  }

  /// The digest of what was appended; nothing may be appended after it.
  Sha256 digest() {
    return Sha256.finish(hasher);
  }

  List<ByteBuffer> pieces() {
    List<ByteBuffer> pieces = new ArrayList<>(full.size() + 1);
    full.forEach(each -> pieces.add(each.duplicate()));
    pieces.add(piece.duplicate().flip());
    return pieces;
  }

  byte[] bytes() {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(lengthBytes));
    pieces().forEach(all::put);
    return all.array();
  }

  boolean isIn(ReadableBytes stored) {
    if (stored.lengthBytes() != lengthBytes) {
      return false;
    }
    long position = 0;
    ByteBuffer read = ByteBuffer.allocate(Math.clamp(lengthBytes, 1, 256 << 10));
    for (ByteBuffer expected : pieces()) {
      while (expected.hasRemaining()) {
        int count = Math.min(read.capacity(), expected.remaining());
        read.clear().limit(count);
        stored.readFully(position, read);
        read.flip();
        if (read.mismatch(expected.slice(expected.position(), count)) >= 0) {
          return false;
        }
        expected.position(expected.position() + count);
        position += count;
      }
    }
    return true;
  }
}
