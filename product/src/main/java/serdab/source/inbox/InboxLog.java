package serdab.source.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Appends instances to log files, and returns when they are synced. Thread-safe.
///
/// Whoever comes while a sync is under way waits for the next one, which then serves all that wait:
/// the first of them writes and syncs for the others. A file is never appended to by another
/// process, or after a failure, so that what is torn stands at the end of a file.
final class InboxLog implements AutoCloseable {

  /// No more than this is written before a sync, so that nobody waits for ever.
  private static final long BATCH_BYTES_MAX = 32L << 20;

  private final InboxFolder folder;
  private final long fileBytesMax;
  private final Sync sync;
  private final ConcurrentLinkedQueue<Pending> waiting = new ConcurrentLinkedQueue<>();
  private final ReentrantLock writing = new ReentrantLock();
  private @Nullable FileChannel channel;
  private long number;
  private long lengthBytes;

  /// Makes what was written to a file outlive a power cut.
  interface Sync {
    /// As fdatasync(2) does.
    Sync DATA = file -> file.force(false);

    void sync(FileChannel file) throws IOException;
  }

  /// @param last the highest number that was ever used
  InboxLog(InboxFolder folder, long last, long fileBytesMax, Sync sync) {
    this.folder = folder;
    this.number = last;
    this.fileBytesMax = fileBytesMax;
    this.sync = sync;
  }

  private static final class Pending {
    private final ByteBuffer header;
    private final ByteBuffer body;
    private final long lengthBytes;
    private boolean done;
    private @Nullable IOException failure;

    Pending(ByteBuffer header, ByteBuffer body) {
      this.header = header;
      this.body = body;
      this.lengthBytes = (long) header.remaining() + body.remaining();
    }
  }

  /// Appends one instance.
  ///
  /// @param file all its bytes
  /// @throws IOException when it could not be written; nothing of it is kept then
  void append(LogRecord record, ByteBuffer file) throws IOException {
    Pending mine = new Pending(record.header(), file);
    waiting.add(mine);
    writing.lock();
    try {
      while (!mine.done) {
        writeBatch();
      }
    } finally {
      writing.unlock();
    }
    if (mine.failure != null) {
      throw new IOException("an instance could not be written", mine.failure);
    }
  }

  private void writeBatch() {
    List<Pending> batch = new ArrayList<>();
    long bytes = 0;
    for (Pending next = waiting.peek();
        next != null && (batch.isEmpty() || bytes + next.lengthBytes <= BATCH_BYTES_MAX);
        next = waiting.peek()) {
      waiting.remove();
      batch.add(next);
      bytes += next.lengthBytes;
    }
    long before = lengthBytes;
    @Nullable IOException failure = null;
    try {
      FileChannel out = opened();
      before = lengthBytes;
      ByteBuffer[] buffers = new ByteBuffer[2 * batch.size()];
      for (int i = 0; i < batch.size(); i++) {
        buffers[2 * i] = batch.get(i).header;
        buffers[2 * i + 1] = batch.get(i).body;
      }
      for (long left = bytes; left > 0; ) {
        left -= out.write(buffers);
      }
      sync.sync(out);
      lengthBytes += bytes;
    } catch (IOException e) {
      failure = e;
      giveUp(before);
    }
    for (Pending each : batch) {
      each.failure = failure;
      each.done = true;
    }
    if (failure == null && lengthBytes >= fileBytesMax) {
      finish();
    }
  }

  private FileChannel opened() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      number++;
      lengthBytes = 0;
      open =
          FileChannel.open(
              folder.logFile(number), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      channel = open;
      // The name must outlive a power cut before anything in the file counts as safe.
      InboxFolder.sync(folder.log());
    }
    return open;
  }

  /// After a failure nobody knows what is on the disk: what was not promised is cut off, and
  /// nothing is appended behind it.
  private void giveUp(long before) {
    FileChannel open = channel;
    channel = null;
    if (open == null) {
      return;
    }
    try (open) {
      open.truncate(before);
      open.force(true);
    } catch (IOException e) {
      // What stays behind is complete or torn, and found out when it is read.
    }
  }

  /// Ends the file that is written to, so that it can be brought to its places.
  ///
  /// @return the number of the last file that is ended
  long finish() {
    writing.lock();
    try {
      FileChannel open = channel;
      channel = null;
      if (open != null) {
        try {
          open.close();
        } catch (IOException e) {
          // Everything in it was synced.
        }
      }
      return number;
    } finally {
      writing.unlock();
    }
  }

  /// A file of its own for an instance that is too long to be held in memory.
  final class LongInstance implements AutoCloseable {

    private final Path draft;
    private final FileChannel out;
    private boolean kept;

    private LongInstance(Path draft) throws IOException {
      this.draft = draft;
      this.out = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      out.position(LogRecord.HEADER_BYTES);
    }

    void write(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }

    /// Syncs it and gives it its name.
    void keep(LogRecord record) throws IOException {
      ByteBuffer header = record.header();
      while (header.hasRemaining()) {
        out.write(header, header.position());
      }
      out.force(true);
      writing.lock();
      try {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
          open.close();
        }
        number++;
        Files.move(draft, folder.logFile(number), StandardCopyOption.ATOMIC_MOVE);
        kept = true;
        InboxFolder.sync(folder.log());
      } finally {
        writing.unlock();
      }
    }

    @Override
    public void close() throws IOException {
      try {
        out.close();
      } finally {
        if (!kept) {
          Files.deleteIfExists(draft);
        }
      }
    }
  }

  /// Begins one.
  ///
  /// @param unique a number that no other draft has
  LongInstance begin(long unique) throws IOException {
    return new LongInstance(folder.draft(unique));
  }

  @Override
  public void close() {
    long _ = finish();
  }
}
