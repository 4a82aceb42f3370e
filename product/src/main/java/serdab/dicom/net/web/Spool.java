package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.ByteSource;

/// Instances on their way: a few of them in memory, the others in one scratch file, which is gone
/// when the spool is closed, or when the program ends. Thread-safe; an instance is written by one
/// thread.
public final class Spool implements AutoCloseable {

  /// A longer instance goes into the scratch file.
  public static final int IN_MEMORY_BYTES = 4 << 20;

  /// All instances in memory together are no longer than this.
  static final int IN_MEMORY_BYTES_IN_ALL = 32 << 20;

  private static final int CHUNK_BYTES = 64 << 10;
  private static final int FIRST_BYTES = 16 << 10;

  private final Path folder;
  private @Nullable FileChannel file;
  private long fileEnd;
  private int heldInFile;
  private long bytesInMemory;
  private boolean closed;

  /// @param folder for the scratch file; made when it is needed
  public Spool(Path folder) {
    this.folder = folder;
  }

  /// Takes bytes to their end.
  ///
  /// @throws IOException as `in` threw it
  /// @throws SerdabException.Unavailable `scratch-failed` when the scratch folder fails
  public Held take(InputStream in) throws IOException {
    try (Draft draft = begin()) {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        draft.write(ByteBuffer.wrap(chunk, 0, count));
      }
      return draft.end();
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
    private @Nullable FileChannel own;
    private boolean over;

    private Draft() {}

    /// Takes the bytes from position to limit.
    ///
    /// @throws SerdabException.Unavailable `scratch-failed`
    public void write(ByteBuffer more) {
      int count = more.remaining();
      if (own == null && length + count > IN_MEMORY_BYTES) {
        own = newFile();
        append(own, 0, ByteBuffer.wrap(bytes, 0, (int) length));
        bytes = new byte[0];
      }
      if (own == null) {
        int needed = (int) length + count;
        if (needed > bytes.length) {
          bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
        }
        more.get(bytes, (int) length, count);
      } else {
        append(own, length, more);
      }
      length += count;
    }

    /// What was written, whole.
    public Held end() {
      over = true;
      @Nullable FileChannel written = own;
      return written == null ? shelve(bytes, (int) length) : new Held(written, 0, length, true);
    }

    /// Gives up what was not ended.
    @Override
    public void close() {
      @Nullable FileChannel written = own;
      if (written != null && !over) {
        closeQuietly(written);
      }
    }
  }

  private synchronized Held shelve(byte[] bytes, int length) {
    requireOpen();
    if (bytesInMemory + length <= IN_MEMORY_BYTES_IN_ALL) {
      bytesInMemory += length;
      return new Held(Arrays.copyOf(bytes, length), length);
    }
    @Nullable FileChannel shared = file;
    if (shared == null) {
      shared = newFile();
      file = shared;
    }
    long at = fileEnd;
    append(shared, at, ByteBuffer.wrap(bytes, 0, length));
    fileEnd += length;
    heldInFile++;
    return new Held(shared, at, length, false);
  }

  private synchronized void gaveUp(Held held) {
    bytesInMemory -= held.inMemory;
    if (held.ownFile) {
      closeQuietly(held.channel);
    } else if (held.channel != null && --heldInFile == 0 && !closed) {
      fileEnd = 0; // Nobody needs what is there; the next one begins anew.
    }
  }

  /// How long the shared scratch file may be; for tests.
  synchronized long fileBytes() throws IOException {
    @Nullable FileChannel shared = file;
    return shared == null ? 0 : shared.size();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the spool is closed");
    }
  }

  private void append(FileChannel to, long position, ByteBuffer bytes) {
    try {
      long at = position;
      while (bytes.hasRemaining()) {
        at += to.write(bytes, at);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private FileChannel newFile() {
    try {
      Files.createDirectories(folder);
      // Readable by its owner only, where the system knows owners.
      Path path = Files.createTempFile(folder, "instances", ".part");
      return FileChannel.open(
          path,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private SerdabException.Unavailable failed(IOException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "scratch-failed",
            "A scratch file in " + folder + " could not be written.",
            "Make room on that disk, or let SERDAB_HOME be on another one, and run again."),
        e);
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // A scratch file of ours that goes with the program.
    }
  }

  /// Gives up everything that is held.
  @Override
  public synchronized void close() {
    closed = true;
    closeQuietly(file);
    file = null;
  }

  /// An instance that is held. Reading is thread-safe; closing it gives it up.
  public final class Held implements AutoCloseable {
    private final byte @Nullable [] bytes;
    private final @Nullable FileChannel channel;
    private final long offset;
    private final long length;
    private final long inMemory;
    private final boolean ownFile;
    private boolean over;

    private Held(byte[] bytes, long length) {
      this.bytes = bytes;
      this.channel = null;
      this.offset = 0;
      this.length = length;
      this.inMemory = length;
      this.ownFile = false;
    }

    private Held(FileChannel channel, long offset, long length, boolean ownFile) {
      this.bytes = null;
      this.channel = channel;
      this.offset = offset;
      this.length = length;
      this.inMemory = 0;
      this.ownFile = ownFile;
    }

    public long lengthBytes() {
      return length;
    }

    /// The bytes by position. Closing this closes nothing.
    public ByteSource bytes() {
      return new ByteSource() {
        @Override
        public long lengthBytes() {
          return length;
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
          return Held.this.read(position, target);
        }

        @Override
        public void close() {}
      };
    }

    private int read(long position, ByteBuffer target) throws IOException {
      if (position >= length) {
        return -1;
      }
      int count = (int) Math.min(target.remaining(), length - position);
      byte @Nullable [] memory = bytes;
      if (memory != null) {
        target.put(memory, (int) position, count);
        return count;
      }
      if (channel == null) {
        return -1;
      }
      ByteBuffer part = target.slice(target.position(), count);
      int got = channel.read(part, offset + position);
      target.position(target.position() + Math.max(0, got));
      return got;
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
        public int read(byte[] target, int from, int count) throws IOException {
          if (count == 0) {
            return 0;
          }
          int got = Held.this.read(at, ByteBuffer.wrap(target, from, count));
          at += Math.max(0, got);
          return got;
        }
      };
    }

    @Override
    public void close() {
      if (!over) {
        over = true;
        gaveUp(this);
      }
    }
  }
}
