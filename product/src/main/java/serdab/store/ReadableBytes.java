package serdab.store;

import java.nio.ByteBuffer;
import serdab.Problem;
import serdab.SerdabException;

/// Bytes of a known length, read by position. Closing releases what the place holds open for it.
public interface ReadableBytes extends AutoCloseable {

  /// The length when it was opened, in bytes.
  long lengthBytes();

  /// Reads at least one byte into the buffer, unless it has no room, and at most what it has room
  /// for; -1 at or past the end.
  ///
  /// @param position bytes from the start, not negative
  /// @throws SerdabException.Damaged `place-unreadable` when the medium cannot give the bytes
  int read(long position, ByteBuffer into);

  /// Fills the buffer.
  ///
  /// @throws SerdabException.Damaged `blob-ends-early` when fewer bytes are there
  default void readFully(long position, ByteBuffer into) {
    long next = position;
    while (into.hasRemaining()) {
      int count = read(next, into);
      if (count < 0) {
        throw new SerdabException.Damaged(
            new Problem(
                "blob-ends-early",
                "A stored file ends " + into.remaining() + " bytes before it should.",
                "Verify this copy; if it is damaged, the next backup makes it again."));
      }
      next += count;
    }
  }

  @Override
  void close();
}
