package serdab.dicom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/// The kinds of [ByteSource] behind its factory methods.
final class ByteSources {

  private ByteSources() {}

  static final class OfArray implements ByteSource {

    private final byte[] bytes;

    OfArray(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long lengthBytes() {
      return bytes.length;
    }

    @Override
    public int read(long position, ByteBuffer target) {
      if (position >= bytes.length) {
        return -1;
      }
      int count = (int) Math.min(target.remaining(), bytes.length - position);
      target.put(bytes, (int) position, count);
      return count;
    }

    @Override
    public void close() {}
  }

  static final class OfChannel implements ByteSource {

    private final FileChannel channel;

    OfChannel(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public long lengthBytes() throws IOException {
      return channel.size();
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      return channel.read(target, position);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
