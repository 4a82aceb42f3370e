package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;

/// Bytes of a node up to a limit; one more is an `IOException`. One thread at a time.
final class LimitedStream extends InputStream {

  private final InputStream in;
  private long left;

  LimitedStream(InputStream in, long most) {
    this.in = in;
    this.left = most;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int count = in.read(target, offset, length);
    left -= Math.max(0, count);
    if (left < 0) {
      throw new TooLong();
    }
    return count;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /// More came than may come.
  static final class TooLong extends IOException {
    private static final long serialVersionUID = 1L;

    TooLong() {
      super("the answer is longer than it may be");
    }
  }
}
