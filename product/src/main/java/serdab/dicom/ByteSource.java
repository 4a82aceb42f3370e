package serdab.dicom;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Bytes that can be read by position. Thread-safe: reads share no position.
///
/// Files are read, never mapped into memory: a volume that goes away must end in an `IOException`,
/// not in the end of the process.
public interface ByteSource extends Closeable {

  /// How many bytes there are. A file that changes while it is read may turn out shorter or longer.
  long lengthBytes() throws IOException;

  /// Reads some bytes into the buffer, as [FileChannel#read(ByteBuffer, long)] does.
  ///
  /// @param position of the first byte wanted, from 0
  /// @return the number of bytes read, or -1 at and behind the end
  int read(long position, ByteBuffer target) throws IOException;

  /// Gives up what is held open; reading afterwards fails.
  @Override
  void close() throws IOException;

  /// Bytes at hand; they are not copied.
  static ByteSource of(byte[] bytes) {
    return new ByteSources.OfArray(bytes);
  }

  /// An open channel, which is closed with the source.
  static ByteSource of(FileChannel channel) {
    return new ByteSources.OfChannel(channel);
  }

  /// Opens a file for reading.
  static ByteSource open(Path file) throws IOException {
    return of(FileChannel.open(file, StandardOpenOption.READ));
  }
}
