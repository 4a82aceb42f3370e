package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.ByteSource;

/// Instances on their way: small ones in memory, others in a scratch file that is gone when it is
/// closed, or when the program ends. Thread-safe.
public final class Spool {

  /// Up to this length an instance stays in memory.
  public static final int IN_MEMORY_BYTES = 4 << 20;

  private static final int CHUNK_BYTES = 64 << 10;
  private static final int FIRST_BYTES = 16 << 10;

  private final Path folder;

  /// @param folder for scratch files; made when the first one is needed, readable by its owner only
  public Spool(Path folder) {
    this.folder = folder;
  }

  /// Takes bytes to their end.
  ///
  /// @throws IOException as `in` threw it
  /// @throws SerdabException.Unavailable `scratch-failed` when the scratch folder fails
  public Held take(InputStream in) throws IOException {
    Draft draft = begin();
    try {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        draft.write(ByteBuffer.wrap(chunk, 0, count));
      }
      return draft.end();
    } catch (IOException | RuntimeException e) {
      draft.close();
      throw e;
    }
  }

  /// Begins an instance.
  public Draft begin() {
    return new Draft();
  }

  /// An instance being written. One thread at a time.
  public final class Draft implements AutoCloseable {
    private byte[] bytes = new byte[FIRST_BYTES];
    private long length;
    private @Nullable FileChannel file;
    private boolean over;

    private Draft() {}

    /// Takes the bytes from position to limit.
    ///
    /// @throws SerdabException.Unavailable `scratch-failed`
    public void write(ByteBuffer more) {
      int count = more.remaining();
      try {
        if (file == null && length + count > IN_MEMORY_BYTES) {
          file = newFile();
          append(file, ByteBuffer.wrap(bytes, 0, (int) length));
          bytes = new byte[0];
        }
        if (file == null) {
          int needed = (int) length + count;
          if (needed > bytes.length) {
            bytes = java.util.Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
          }
          more.get(bytes, (int) length, count);
        } else {
          append(file, more);
        }
        length += count;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    /// What was written, whole.
    public Held end() {
      over = true;
      @Nullable FileChannel written = file;
      return written == null
          ? new Held(ByteSource.of(java.util.Arrays.copyOf(bytes, (int) length)), length)
          : new Held(ByteSource.of(written), length);
    }

    /// Gives up what was not ended.
    @Override
    public void close() {
      @Nullable FileChannel written = file;
      if (written != null && !over) {
        try {
          written.close();
        } catch (IOException e) {
          // A scratch file of ours that goes with the program.
        }
      }
    }
  }

  private static void append(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  private FileChannel newFile() throws IOException {
    Files.createDirectories(folder);
    // Readable by its owner only, where the system knows owners.
    Path path = Files.createTempFile(folder, "instance", ".part");
    return FileChannel.open(
        path,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        StandardOpenOption.DELETE_ON_CLOSE);
  }

  private SerdabException.Unavailable failed(IOException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "scratch-failed",
            "A scratch file in " + folder + " could not be written.",
            "Make room on that disk, or let SERDAB_HOME be on another one, and run again."),
        e);
  }

  /// An instance that is held. Reading is thread-safe; closing it gives it up.
  public static final class Held implements AutoCloseable {
    private final ByteSource bytes;
    private final long length;

    private Held(ByteSource bytes, long length) {
      this.bytes = bytes;
      this.length = length;
    }

    public ByteSource bytes() {
      return bytes;
    }

    public long lengthBytes() {
      return length;
    }

    /// The bytes from their beginning.
    public InputStream open() {
      return new InputStream() {
        private long at;

        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int count) throws IOException {
          if (count == 0) {
            return 0;
          }
          int got = bytes.read(at, ByteBuffer.wrap(target, offset, count));
          at += Math.max(0, got);
          return got;
        }
      };
    }

    @Override
    public void close() {
      try {
        bytes.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
