package serdab.dicom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// The part of a [ByteSource] at hand while headers are walked. One thread at a time.
final class Window {

  /// Most headers fit into one read of this size.
  private static final int FIRST_BYTES = 16 << 10;

  /// After a jump over a long value, little more than the next headers is needed.
  private static final int NEXT_BYTES = 2 << 10;

  private final ByteSource source;
  private final long length;

  /// The first bytes stay at hand, since nearly all values that are shown stand there.
  private final byte[] first;

  private final int firstFilled;
  private byte[] bytes;
  private boolean moved;
  private long base;
  private int filled;

  Window(ByteSource source) throws IOException {
    this.source = source;
    this.length = source.lengthBytes();
    this.first = new byte[(int) Math.min(FIRST_BYTES, length)];
    this.bytes = first;
    fill(0, first.length);
    this.firstFilled = filled;
  }

  ByteSource source() {
    return source;
  }

  /// Where the bytes end. A source that turns out shorter while it is read ends sooner, which
  /// [#has] tells.
  long length() {
    return length;
  }

  /// Whether these bytes are there; brings them to hand. Only headers are asked for: at most
  /// [#NEXT_BYTES].
  boolean has(long position, int count) throws IOException {
    if (position >= base && position + count <= base + filled) {
      return true;
    }
    if (position + count > length) {
      return false;
    }
    if (!moved) {
      moved = true;
      bytes = new byte[NEXT_BYTES];
    }
    return fill(position, count);
  }

  private boolean fill(long position, int count) throws IOException {
    ByteBuffer target = ByteBuffer.wrap(bytes);
    base = position;
    filled = 0;
    while (filled < count) {
      int read = source.read(position + filled, target);
      if (read <= 0) {
        return false;
      }
      filled += read;
    }
    return true;
  }

  /// Where in [#bytes] a position at hand is.
  int offset(long position) {
    return (int) (position - base);
  }

  byte[] bytes() {
    return bytes;
  }

  /// Reads a short value, most often from the first bytes.
  byte[] copy(long position, int count) throws IOException {
    if (position + count <= firstFilled) {
      return Arrays.copyOfRange(first, (int) position, (int) position + count);
    }
    byte[] copy = new byte[count];
    ByteBuffer target = ByteBuffer.wrap(copy);
    while (target.hasRemaining()) {
      if (source.read(position + target.position(), target) <= 0) {
        return Arrays.copyOf(copy, target.position());
      }
    }
    return copy;
  }
}
