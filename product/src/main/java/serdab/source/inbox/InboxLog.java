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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Appends instances to log files, and returns when they are synced. Thread-safe.
///
/// Whoever comes while a sync is under way waits for the next one, which then serves all that wait:
/// the first of them writes and syncs for the others. A file is never appended to by another
/// process, or after a failure, so that what is torn stands at the end of a file.
///
/// A file that grows must tell the file system at each sync, which then writes out what others
/// wrote, too. So a log is written over a file that has its length already: one made ready when
/// receiving begins, later those whose instances have their places.
final class InboxLog implements AutoCloseable {

  /// No more than this is written before a sync, so that nobody waits for ever.
  private static final long BATCH_BYTES_MAX = 32L << 20;

  private static final int SPARES_MAX = 4;
  private static final int ZEROS_BYTES = 1 << 20;

  private final InboxFolder folder;
  private final long fileBytesMax;
  private final Sync sync;
  private final ConcurrentLinkedQueue<Pending> waiting = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Path> spares = new ConcurrentLinkedQueue<>();
  private final AtomicLong begun = new AtomicLong();
  private final ReentrantLock writing = new ReentrantLock();
  private @Nullable FileChannel channel;
  private final long firstNumber;
  private int prepared;
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
    this.firstNumber = last;
    this.number = last;
    this.fileBytesMax = fileBytesMax;
    this.sync = sync;
  }

  private static final class Pending {
    private final LogRecord record;
    private final ByteBuffer body;
    private final long lengthBytes;
    private boolean done;
    private @Nullable IOException failure;

    Pending(LogRecord record, ByteBuffer body) {
      this.record = record;
      this.body = body;
      this.lengthBytes = (long) LogRecord.HEADER_BYTES + body.remaining();
    }
  }

  /// Appends one instance.
  ///
  /// @param file all its bytes
  /// @throws IOException when it could not be written; nothing of it is kept then
  void append(LogRecord record, ByteBuffer file) throws IOException {
    Pending mine = new Pending(record, file);
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
        buffers[2 * i] = batch.get(i).record.behind(before).header(number);
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
      begun.incrementAndGet();
      lengthBytes = 0;
      Path file = folder.logFile(number);
      Path spare = spares.poll();
      if (spare == null) {
        open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } else {
        Files.move(spare, file, StandardCopyOption.ATOMIC_MOVE);
        open = FileChannel.open(file, StandardOpenOption.WRITE);
      }
      channel = open;
      // The name must outlive a power cut before anything in the file counts as safe.
      InboxFolder.sync(folder.log());
    }
    return open;
  }

  /// How many files were begun so far.
  long begun() {
    return begun.get();
  }

  /// Makes a file ready to be written over, of the length at which a log is ended.
  ///
  /// @return whether it did: no more than some are kept
  boolean prepare() throws IOException {
    if (prepared >= SPARES_MAX || spares.size() >= SPARES_MAX) {
      return false;
    }
    // No log after the last one has such a number.
    Path spare = folder.spare(firstNumber - prepared);
    prepared++;
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZEROS_BYTES, fileBytesMax));
    try (FileChannel out =
        FileChannel.open(spare, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = fileBytesMax; left > 0; ) {
        zeros.clear().limit((int) Math.min(zeros.capacity(), left));
        left -= out.write(zeros);
      }
      out.force(true);
    }
    spares.add(spare);
    return true;
  }

  /// Takes a log whose instances have their places: it is written over, or removed.
  ///
  /// @param log one that this has written, and will not write to any more
  void release(Path log) throws IOException {
    long length = Files.size(log);
    if (spares.size() < SPARES_MAX && length >= fileBytesMax && length <= 2 * fileBytesMax) {
      Path spare = folder.spare(InboxFolder.number(log));
      Files.move(log, spare, StandardCopyOption.ATOMIC_MOVE);
      spares.add(spare);
    } else {
      Files.delete(log);
    }
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
      end(open, before);
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
      endOpen();
      return number;
    } finally {
      writing.unlock();
    }
  }

  private void endOpen() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      try (open) {
        end(open, lengthBytes);
      } catch (IOException e) {
        // Everything in it was synced. Without its end it will be looked at more closely.
      }
    }
  }

  /// Says where a log ends, for what is behind may be from the one before.
  private void end(FileChannel out, long at) throws IOException {
    writeAt(out, LogRecord.end(at).header(number), at);
    sync.sync(out);
  }

  private static void writeAt(FileChannel out, ByteBuffer bytes, long at) throws IOException {
    for (long position = at; bytes.hasRemaining(); ) {
      position += out.write(bytes, position);
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
      out.force(true);
      writing.lock();
      try {
        endOpen();
        number++;
        begun.incrementAndGet();
        writeAt(out, record.header(number), 0);
        end(out, out.size());
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
    for (Path spare = spares.poll(); spare != null; spare = spares.poll()) {
      try {
        Files.delete(spare);
      } catch (IOException e) {
        // The next receiver removes it.
      }
    }
  }
}
