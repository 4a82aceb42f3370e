package serdab.source.inbox;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;

/// Brings what a log holds to its places: a plain file for each instance, and its digest in the
/// register. Everything is written beside, synced, named and its folder synced before the log goes;
/// whatever kills it in between leaves the log, and doing it again does it right. One thread at a
/// time.
final class Settling implements AutoCloseable {

  /// Files are made safe in parallel: a file system syncs many in little more time than one.
  private static final int AT_ONCE = 8;

  /// Longer ones are copied piece by piece.
  private static final int HELD_BYTES_MAX = 8 << 20;

  private static final int CHUNK_BYTES = 1 << 20;
  private static final int HASH_DIGITS = 12;

  private final InboxFolder folder;
  private final AtomicLong drafts;
  private final Register register;
  private final Object naming = new Object();
  private final ExecutorService workers =
      Executors.newFixedThreadPool(
          AT_ONCE, Thread.ofPlatform().name("settle-", 1).daemon(true).factory());

  /// @param drafts gives numbers that no other draft has
  Settling(InboxFolder folder, AtomicLong drafts) {
    this.folder = folder;
    this.drafts = drafts;
    this.register = new Register(folder);
  }

  /// What came of one log file.
  ///
  /// @param instances how many have their places
  /// @param damaged whether it holds bytes that are no instance in front of others that are, or
  ///   that were promised; then the file is kept
  record Settled(long instances, boolean damaged) {}

  /// What becomes of a log whose instances have their places.
  interface Emptied {
    void take(Path log) throws IOException;
  }

  /// Brings one log file to its places and gives it away.
  ///
  /// @param mayBeTorn whether its end may never have been synced: the last file of a receiver that
  ///   was killed
  /// @param emptied takes the log, unless it is damaged
  Settled settle(Path log, boolean mayBeTorn, Emptied emptied) throws IOException {
    Set<Path> folders = new HashSet<>();
    List<Future<Register.Line>> underWay = new ArrayList<>();
    long torn = Long.MAX_VALUE;
    long promised = 0;
    long instances = 0;
    boolean ended;
    try (FileChannel in = FileChannel.open(log, StandardOpenOption.READ);
        Register.Appender lines = register.append()) {
      long length = in.size();
      LogRecord.Kind kind =
          LogRecord.Kind.of(InboxFolder.number(log), bytes(in, 0, (int) Math.min(8, length)));
      boolean sawEnd = false;
      for (long position = 0; position < length && !sawEnd; ) {
        Optional<LogRecord> record = header(in, kind, position, length);
        if (record.isEmpty() || !isWhole(in, kind, position, record.get())) {
          torn = Math.min(torn, position);
          position = next(in, kind, position + 1, length);
          continue;
        }
        LogRecord good = record.get();
        promised = Math.max(promised, kind.isFirst() ? position : good.syncedBytes());
        sawEnd = good.isEnd();
        if (sawEnd) {
          continue;
        }
        long at = position + kind.headerBytes();
        if (good.lengthBytes() <= HELD_BYTES_MAX) {
          byte[] file = bytes(in, at, (int) good.lengthBytes());
          underWay.add(workers.submit(() -> place(good, ByteSource.of(file))));
          while (underWay.size() > AT_ONCE) {
            folders.add(noted(lines, await(underWay.removeFirst())));
          }
        } else {
          folders.add(noted(lines, place(good, region(in, at, good.lengthBytes()))));
        }
        instances++;
        position = at + good.lengthBytes();
      }
      ended = kind.isFirst() ? torn == Long.MAX_VALUE : sawEnd;
      while (!underWay.isEmpty()) {
        folders.add(noted(lines, await(underWay.removeFirst())));
      }
      for (Path each : folders) {
        InboxFolder.sync(each);
      }
      InboxFolder.sync(folder.received());
      lines.sync();
    } finally {
      underWay.forEach(Settling::finished);
    }
    if (torn < promised || (!ended && !mayBeTorn)) {
      Files.move(
          log, log.resolveSibling(log.getFileName() + ".damaged"), StandardCopyOption.ATOMIC_MOVE);
      return new Settled(instances, true);
    }
    emptied.take(log);
    return new Settled(instances, false);
  }

  /// @return the folder in which it is now
  private static Path noted(Register.Appender lines, Register.Line placed) throws IOException {
    lines.add(placed);
    return placed.file().resolveSibling("");
  }

  private static Register.Line await(Future<Register.Line> work) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return work.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new IOException("an instance could not be brought to its place", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Nobody may close what others still read.
  private static void finished(Future<Register.Line> work) {
    try {
      Register.Line _ = await(work);
    } catch (IOException e) {
      // The first failure is told.
    }
  }

  // ---- reading a log

  private static Optional<LogRecord> header(
      FileChannel in, LogRecord.Kind kind, long position, long length) throws IOException {
    if (length - position < kind.headerBytes()) {
      return Optional.empty();
    }
    return kind.read(bytes(in, position, kind.headerBytes()))
        .filter(record -> record.lengthBytes() <= length - position - kind.headerBytes());
  }

  private static boolean isWhole(
      FileChannel in, LogRecord.Kind kind, long position, LogRecord record) throws IOException {
    MessageDigest hasher = Sha256.hasher();
    long at = position + kind.headerBytes();
    long left = Math.max(0, record.lengthBytes());
    ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, Math.max(1, left)));
    while (left > 0) {
      chunk.clear().limit((int) Math.min(chunk.capacity(), left));
      int got = in.read(chunk, at);
      if (got < 0) {
        return false;
      }
      hasher.update(chunk.flip());
      at += got;
      left -= got;
    }
    return Sha256.finish(hasher).equals(record.digest());
  }

  /// Where the next header may begin, or the end.
  private static long next(FileChannel in, LogRecord.Kind kind, long from, long length)
      throws IOException {
    byte[] window = new byte[CHUNK_BYTES];
    for (long at = from; at < length; at += window.length - kind.headerBytes()) {
      ByteBuffer buffer = ByteBuffer.wrap(window);
      while (buffer.hasRemaining() && in.read(buffer, at + buffer.position()) > 0) {
        // until the window is full
      }
      int found = kind.find(window, 0, buffer.position());
      if (found >= 0) {
        return at + found;
      }
      if (buffer.hasRemaining()) {
        return length;
      }
    }
    return length;
  }

  private static byte[] bytes(FileChannel in, long at, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (in.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException("the log became shorter");
      }
    }
    return bytes.array();
  }

  private static ByteSource region(FileChannel in, long from, long length) {
    return new ByteSource() {
      @Override
      public long lengthBytes() {
        return length;
      }

      @Override
      public int read(long position, ByteBuffer target) throws IOException {
        if (position >= length) {
          return -1;
        }
        int limit = target.limit();
        target.limit((int) Math.min(limit, target.position() + length - position));
        try {
          return in.read(target, from + position);
        } finally {
          target.limit(limit);
        }
      }

      @Override
      public void close() {
        // The log is closed by whoever reads it.
      }
    };
  }

  // ---- places

  private Register.Line place(LogRecord record, ByteSource file) throws IOException {
    InstanceFacts facts = DicomFile.scan(file).facts();
    String study = facts.study().value();
    Path home = folder.received().resolve(study.isEmpty() ? "_no-study" : safe(study));
    Path draft = folder.draft(drafts.incrementAndGet());
    try {
      write(file, draft);
      Files.setLastModifiedTime(draft, FileTime.fromMillis(record.arrivedMillis()));
      synchronized (naming) {
        Files.createDirectories(home);
        Path place = move(draft, home, safe(facts.sop().value()), record);
        return new Register.Line(place, record.digest());
      }
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  private static void write(ByteSource file, Path to) throws IOException {
    try (FileChannel out =
        FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long length = file.lengthBytes();
      ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, Math.max(1, length)));
      for (long at = 0; at < length; ) {
        chunk.clear();
        int got = file.read(at, chunk);
        if (got < 0) {
          throw new EOFException("the log became shorter");
        }
        at += got;
        chunk.flip();
        while (chunk.hasRemaining()) {
          out.write(chunk);
        }
      }
      out.force(true);
    }
  }

  /// What came twice is there once. Another instance that says it has the same UID gets a name of
  /// its own: both are kept.
  private static Path move(Path draft, Path home, String name, LogRecord record)
      throws IOException {
    Path place = home.resolve(name + ".dcm");
    if (Files.exists(place) && !isSame(place, record)) {
      place = home.resolve(name + "-" + record.digest().hex().substring(0, HASH_DIGITS) + ".dcm");
    }
    if (!Files.exists(place)) {
      Files.move(draft, place, StandardCopyOption.ATOMIC_MOVE);
    }
    return place;
  }

  private static boolean isSame(Path place, LogRecord record) throws IOException {
    if (Files.size(place) != record.lengthBytes()) {
      return false;
    }
    MessageDigest hasher = Sha256.hasher();
    try (FileChannel in = FileChannel.open(place, StandardOpenOption.READ)) {
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      while (in.read(chunk.clear()) >= 0) {
        hasher.update(chunk.flip());
      }
    }
    return Sha256.finish(hasher).equals(record.digest());
  }

  /// A UID as a file name; anything else by its digest, because others chose it.
  static String safe(String uid) {
    boolean plain =
        !uid.isEmpty()
            && uid.length() <= 64
            && uid.charAt(0) != '.'
            && uid.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.');
    return plain
        ? uid
        : "x-"
            + Sha256.digest(uid.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .hex()
                .substring(0, 2 * HASH_DIGITS);
  }

  /// The digests of what has its place.
  Register register() {
    return register;
  }

  @Override
  public void close() {
    workers.shutdownNow();
  }
}
