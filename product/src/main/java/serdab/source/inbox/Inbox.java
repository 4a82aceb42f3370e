package serdab.source.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Commitments;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.IncomingInstance;
import serdab.dicom.net.InstanceSink;

/// Takes what others send and keeps it safe before they hear that it is. Thread-safe; one at a time
/// for a folder, over all processes.
///
/// - [#store] returns success only when bytes and digest are synced. Senders that wait at the same
///   time share a sync.
/// - What a killed receiver had promised is there after the next start, or the next backup of the
///   inbox, whichever comes first.
/// - Memory is bounded, however many instances come and however long one is.
/// - Nothing that was received is ever removed: that is for people.
public final class Inbox implements InstanceSink, AutoCloseable {

  /// How long nothing may have come for a study before it is offered to a backup.
  public static final Duration QUIET = Duration.ofMinutes(5);

  private static final int FIRST_BYTES = 64 << 10;

  private final InboxFolder folder;
  private final FileChannel lock;
  private final InstantSource clock;
  private final Settings settings;
  private final Consumer<Event> events;
  private final InboxLog log;
  private final Settling settling;
  private final FileStore volume;
  private final AtomicLong drafts = new AtomicLong();
  private final AtomicLong held = new AtomicLong();
  private final AtomicLong lastArrival = new AtomicLong();
  private final AtomicBoolean full = new AtomicBoolean();

  private final ReentrantLock turn = new ReentrantLock();
  private final Condition changed = turn.newCondition();

  /// Held while settling.
  private final ReentrantLock settlingTurn = new ReentrantLock();

  private final Thread settler;
  private long arrivals;
  private boolean closing;

  private Inbox(
      InboxFolder folder,
      FileChannel lock,
      InstantSource clock,
      Settings settings,
      Consumer<Event> events)
      throws IOException {
    this.folder = folder;
    this.lock = lock;
    this.clock = clock;
    this.settings = settings;
    this.events = events;
    this.volume = Files.getFileStore(folder.root());
    this.settling = new Settling(folder, drafts);
    folder.sweep();
    List<Path> left = folder.logs();
    settleLeft(left);
    long last = left.isEmpty() ? 0 : InboxFolder.number(left.getLast());
    this.log =
        new InboxLog(
            folder, Math.max(last, clock.millis()), settings.logBytesMax(), InboxLog.Sync.DATA);
    if (settings.isReadyAhead() && volume.getUsableSpace() > roomForSpare()) {
      log.prepare();
    }
    this.settler = Thread.ofPlatform().name("settle").daemon(true).start(this::settleWhenQuiet);
  }

  private long roomForSpare() {
    long wanted = settings.reserveBytes() + 2 * settings.logBytesMax();
    return wanted < 0 ? Long.MAX_VALUE : wanted;
  }

  /// How an inbox behaves.
  ///
  /// @param heldBytesMax how many bytes of unfinished instances are held in memory, all together
  /// @param wholeBytesMax longer instances are written while they come
  /// @param logBytesMax a log file that is longer is ended
  /// @param settleAfter how long nothing must come before the log is brought to its places; without
  ///   that pause it is done when the log has eight files
  /// @param isReadyAhead whether a log is written over a file that has its length already: quicker,
  ///   and costs up to five times `logBytesMax` on the volume
  /// @param reserveBytes with less room than this on the volume, senders are told to come later
  public record Settings(
      long heldBytesMax,
      int wholeBytesMax,
      long logBytesMax,
      Duration settleAfter,
      boolean isReadyAhead,
      long reserveBytes) {

    public static final Settings DEFAULT =
        new Settings(64 << 20, 4 << 20, 64 << 20, Duration.ofSeconds(1), true, 512L << 20);
  }

  private static final int LOGS_WAITING_MAX = 8;

  /// What happens in an inbox, without a word about patients.
  public sealed interface Event {

    /// Instances have their places.
    record Settled(long instances) implements Event {}

    /// A log file held bytes that are no instance; it is kept under this name.
    record Damaged(String file) implements Event {}

    /// The log could not be brought to its places; it is tried again.
    record NotSettled(Problem problem) implements Event {}

    /// Storage commitment was asked for, and all that is named was read again.
    ///
    /// @param asked how many instances
    /// @param kept how many of them are there as they came
    record Committed(long asked, long kept) implements Event {}

    /// Nobody heard what came of a request for storage commitment.
    ///
    /// @param title who asked
    record NotReported(AeTitle title) implements Event {}

    /// The volume is almost full: senders are told to come later. Told once, until there is room.
    record NoRoom(Problem problem) implements Event {}
  }

  /// Opens an inbox to receive into; made when there is nothing, or an empty folder. What an
  /// earlier receiver left in its log has its place when this returns.
  ///
  /// @param quiet how long nothing may have come for a study before it is offered; empty: as before
  /// @param events is told what happens, by several threads
  /// @throws SerdabException.HeldBack `inbox-in-use` when another process receives into it
  /// @throws SerdabException.Refused `inbox-place-taken` when the folder holds something else
  public static Inbox open(
      Path root,
      Optional<Duration> quiet,
      Settings settings,
      InstantSource clock,
      Consumer<Event> events) {
    try {
      InboxFolder folder = InboxFolder.make(root, quiet);
      FileChannel lock =
          folder
              .lock()
              .orElseThrow(() ->
                  new SerdabException.HeldBack(
                      new Problem(
                          "inbox-in-use",
                          "Another process receives into the inbox " + folder.root() + ".",
                          "Stop that one first, or give this one an inbox of its own.")));
      try {
        return new Inbox(folder, lock, clock, settings, events);
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(notUsable(root, e), e);
    }
  }

  /// Brings to its places what a receiver left when it was killed, unless one is at work, which
  /// does it by itself.
  ///
  /// @param root an inbox
  /// @throws SerdabException.Unavailable `inbox-missing` or `inbox-not-usable`
  public static void settle(Path root, Consumer<Event> events) {
    InboxFolder folder = InboxFolder.at(root);
    try {
      if (folder.logs().isEmpty()) {
        return;
      }
      Optional<FileChannel> lock = folder.lock();
      if (lock.isEmpty()) {
        return;
      }
      try (FileChannel _ = lock.get();
          Settling settling = new Settling(folder, new AtomicLong())) {
        folder.sweep();
        settleLeft(settling, folder.logs(), events);
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(notUsable(root, e), e);
    }
  }

  private static Problem notUsable(Path root, IOException e) {
    return new Problem(
        "inbox-not-usable",
        "The inbox " + root + " cannot be used: " + why(e) + ".",
        "Check its path, the room and the permissions there. What was acknowledged is safe in its"
            + " log.");
  }

  private static String why(IOException e) {
    return switch (e) {
      case AccessDeniedException denied -> "this program may not change " + denied.getFile();
      case NoSuchFileException missing -> missing.getFile() + " is not there, and cannot be made";
      case FileAlreadyExistsException taken -> taken.getFile() + " is a file";
      case FileSystemException other when other.getReason() != null ->
          other.getFile() + ": " + other.getReason();
      default -> "its disk reports an error";
    };
  }

  private void settleLeft(List<Path> left) throws IOException {
    settleLeft(settling, left, events);
  }

  private static void settleLeft(Settling settling, List<Path> left, Consumer<Event> events)
      throws IOException {
    for (Path each : left) {
      // Long instances are files of their own, so that the last two may not have been synced.
      boolean mayBeTorn = left.indexOf(each) >= left.size() - 2;
      tell(settling.settle(each, mayBeTorn, Files::delete), each, events);
    }
  }

  private static void tell(Settling.Settled settled, Path log, Consumer<Event> events) {
    if (settled.instances() > 0) {
      events.accept(new Event.Settled(settled.instances()));
    }
    if (settled.damaged()) {
      events.accept(new Event.Damaged(log.getFileName() + ".damaged"));
    }
  }

  // ---- receiving

  @Override
  public DimseStatus store(IncomingInstance incoming) throws IOException {
    if (volume.getUsableSpace() < settings.reserveBytes()) {
      if (full.compareAndSet(false, true)) {
        events.accept(
            new Event.NoRoom(
                new Problem(
                    "inbox-full",
                    "The volume of the inbox " + folder.root() + " is almost full.",
                    "Make room there. Senders are told to try again later; what was acknowledged is"
                        + " safe.")));
      }
      return DimseStatus.OUT_OF_RESOURCES;
    }
    full.set(false);
    long reserved = 0;
    byte[] head = incoming.fileHeader();
    try {
      ByteBuffer file = ByteBuffer.allocate(Math.max(FIRST_BYTES, 2 * head.length));
      reserved += reserve(file.capacity());
      file.put(head);
      ReadableByteChannel body = incoming.body();
      while (body.read(file) >= 0) {
        if (file.hasRemaining()) {
          continue;
        }
        long more = file.capacity();
        boolean fits =
            2L * file.capacity() <= settings.wholeBytesMax()
                && held.get() + more <= settings.heldBytesMax();
        if (!fits) {
          return storeLong(file, body);
        }
        reserved += reserve(more);
        file =
            ByteBuffer.wrap(Arrays.copyOf(file.array(), 2 * file.capacity()))
                .position(file.position());
      }
      file.flip();
      if (file.limit() == head.length) {
        return DimseStatus.CANNOT_UNDERSTAND;
      }
      MessageDigest hasher = Sha256.hasher();
      hasher.update(file.duplicate());
      log.append(new LogRecord(0, file.limit(), now(), Sha256.finish(hasher)), file);
      arrived();
      return DimseStatus.SUCCESS;
    } finally {
      held.addAndGet(-reserved);
    }
  }

  private long reserve(long bytes) {
    held.addAndGet(bytes);
    return bytes;
  }

  private DimseStatus storeLong(ByteBuffer begun, ReadableByteChannel body) throws IOException {
    MessageDigest hasher = Sha256.hasher();
    ByteBuffer chunk = begun;
    long length = 0;
    try (InboxLog.LongInstance out = log.begin(drafts.incrementAndGet())) {
      do {
        chunk.flip();
        length += chunk.remaining();
        hasher.update(chunk.duplicate());
        out.write(chunk);
        chunk.clear();
      } while (body.read(chunk) >= 0);
      out.keep(new LogRecord(0, length, now(), Sha256.finish(hasher)));
    }
    arrived();
    return DimseStatus.SUCCESS;
  }

  /// Never earlier than what came before, whatever the clock does.
  private long now() {
    long now = clock.millis();
    return lastArrival.accumulateAndGet(now, Math::max);
  }

  private void arrived() {
    turn.lock();
    try {
      arrivals++;
      changed.signalAll();
    } finally {
      turn.unlock();
    }
  }

  /// Answers requests for storage commitment out of this inbox, as long as it is open. Each begins
  /// by bringing to its place what was acknowledged so far.
  ///
  /// @param targets where nodes are told, by title; others hear it on the association of the
  ///   request
  public Commitments commitments(Map<AeTitle, MoveTarget> targets) {
    return new InboxCommitments(settling.register(), this::settleForNow, targets, events);
  }

  /// @throws SerdabException.Unavailable when it could not be done, which was told, too
  private void settleForNow() {
    settleNow()
        .ifPresent(problem -> {
          throw new SerdabException.Unavailable(problem);
        });
  }

  // ---- settling

  private void settleWhenQuiet() {
    long seen = 0;
    long settled = 0;
    while (true) {
      boolean last;
      turn.lock();
      try {
        while (arrivals == seen && !closing) {
          changed.awaitUninterruptibly();
        }
        boolean quiet = false;
        while (!quiet && !closing && log.begun() - settled < LOGS_WAITING_MAX) {
          long before = arrivals;
          quiet = !awaitArrival(before);
        }
        seen = arrivals;
        last = closing;
      } finally {
        turn.unlock();
      }
      settled = log.begun();
      boolean done = settleNow().isEmpty();
      if (last) {
        return;
      }
      if (!done) {
        // Tried again at the next arrival, or when the pause is over.
        seen--;
      }
    }
  }

  /// @return whether something came within the pause
  private boolean awaitArrival(long before) {
    long left = settings.settleAfter().toNanos();
    try {
      while (arrivals == before && !closing && left > 0) {
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      closing = true;
    }
    return arrivals != before;
  }

  /// @return why it could not be done, which was told already; empty when it was
  private Optional<Problem> settleNow() {
    settlingTurn.lock();
    try {
      long last = log.finish();
      for (Path each : folder.logs()) {
        if (InboxFolder.number(each) <= last) {
          tell(settling.settle(each, false, log::release), each, events);
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      Problem problem = notUsable(folder.root(), e);
      events.accept(new Event.NotSettled(problem));
      return Optional.of(problem);
    } finally {
      settlingTurn.unlock();
    }
  }

  /// Ends receiving and brings everything to its place. Nobody may call [#store] any more.
  @Override
  public void close() {
    turn.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      turn.unlock();
    }
    boolean interrupted = false;
    while (settler.isAlive()) {
      try {
        settler.join(TimeUnit.SECONDS.toMillis(1));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    log.close();
    settling.close();
    try {
      lock.close();
    } catch (IOException e) {
      // The lock ends with the process at the latest.
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
