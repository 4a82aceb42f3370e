package serdab.store;

import java.nio.ByteBuffer;

/// A blob being written: write, [#sync], [#readBack], [#commit]. Invisible until committed. One
/// thread at a time.
///
/// After any exception the staged bytes are not to be trusted: close it and stage the blob anew. In
/// particular a failed [#sync] is not tried again, because an operating system may report an error
/// once and then forget the bytes it lost.
public interface Staged extends AutoCloseable {

  /// Appends all remaining bytes of the buffer.
  void write(ByteBuffer bytes);

  /// Bytes appended so far, which is where the next one goes.
  long positionBytes();

  /// Returns when everything written so far would outlive a power cut.
  void sync();

  /// The staged bytes as the place holds them, for comparing with what was meant; the caller closes
  /// it. May be called several times, for several threads.
  ///
  /// @throws IllegalStateException when bytes were written since the last [#sync]
  /// @throws UnsupportedOperationException where the place has no [Capability#READ_BEFORE_COMMIT]
  ReadBack readBack();

  /// Gives the blob its name, wholly and for good: it returns when a power cut would not take the
  /// name away. Never replaces a blob. When it throws `Unavailable`, the blob may or may not be
  /// there ([BlobStore#find] tells); if it is there, it is whole.
  ///
  /// @throws IllegalStateException when bytes were written since the last [#sync]
  /// @throws serdab.SerdabException.Refused `blob-exists` when the name is taken
  void commit();

  /// Discards what was not committed. What cannot be removed now is left to [BlobStore#sweep]; this
  /// method does not throw for it.
  @Override
  void close();
}
