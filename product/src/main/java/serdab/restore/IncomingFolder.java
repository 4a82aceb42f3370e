package serdab.restore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.report.Progress;
import serdab.source.horos.Sleeper;
import serdab.store.Disk;
import serdab.store.DiskFailure;

/// A viewer's INCOMING folder, into which files are dropped while the viewer empties it. One thread
/// at a time.
///
/// - A file is written under a name that begins with a dot, which the viewer leaves alone, synced,
///   read back past the cache and compared, and only then given its name, in one step. So whatever
///   ends this process, no part of a file ever has a name that the viewer takes in.
/// - A file's name is made of its digest. Dropping it again while it still waits changes nothing.
/// - While [Settings#waitingMax] files wait, nothing is dropped.
/// - Below [Settings#reserveBytes] of free space the viewer deletes everything in the folder
///   unread, so nothing is written that would leave less.
final class IncomingFolder {

  /// More waiting files than this slow the viewer's importer down, and it takes in so many at once.
  static final int WAITING_MAX = 10_000;

  /// The viewer empties INCOMING below the smaller of this and [#RESERVE_SHARE] of the volume.
  static final long RESERVE_BYTES = 300L << 20;

  static final int RESERVE_SHARE = 100;

  static final Duration REST = Duration.ofSeconds(2);

  /// A viewer that took nothing in for so long is not running.
  static final Duration VIEWER_IDLE_MAX = Duration.ofMinutes(15);

  static final Duration SAY_EVERY = Duration.ofMinutes(1);

  /// An unfinished file that was not touched for so long has no process any more.
  static final Duration LEFT_BEHIND = Duration.ofHours(1);

  /// Names looked at in one listing; no viewer lives with so many.
  private static final int NAMES_MAX = 1_000_000;

  private static final int CHUNK_BYTES = 1 << 20;
  private static final long LOOK_AT_ROOM_EVERY_BYTES = 16L << 20;
  private static final int COUNT_AGAIN_AFTER = 500;
  private static final int EMPTY_STEPS_MAX = 100;
  private static final int NAME_DIGITS = 32;
  private static final int NAMES_TRIED_MAX = 3;
  private static final String TOP = "";
  private static final Pattern OURS =
      Pattern.compile("\\.serdab-[0-9a-f]+\\.dcm\\.[0-9a-f]+\\.part");

  private final Disk disk;
  private final Settings settings;
  private final InstantSource clock;
  private final Sleeper rest;
  private final RandomGenerator random;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
  private int mayDrop;

  /// How carefully.
  ///
  /// @param waitingMax how many files may wait for the viewer
  /// @param reserveBytes free space that is never used
  record Settings(int waitingMax, long reserveBytes) {

    /// As the viewer needs it on a volume of this size.
    static Settings onVolumeOf(long volumeBytes, int waitingMax) {
      return new Settings(waitingMax, Math.min(RESERVE_BYTES, volumeBytes / RESERVE_SHARE));
    }
  }

  /// What came of dropping one file.
  enum Dropped {
    NEW,
    /// The same bytes wait there already.
    WAITING
  }

  /// @param disk the folder itself is its root
  /// @param random draws the names of unfinished files
  IncomingFolder(
      Disk disk,
      Settings settings,
      InstantSource clock,
      Sleeper rest,
      RandomGenerator random,
      Progress progress,
      BooleanSupplier stop) {
    this.disk = disk;
    this.settings = settings;
    this.clock = clock;
    this.rest = rest;
    this.random = random;
    this.progress = progress;
    this.stop = stop;
  }

  /// Removes unfinished files that earlier runs left behind, and nothing else.
  void sweep() {
    Instant before = clock.instant().minus(LEFT_BEHIND);
    try (Disk.Listing names = disk.list(TOP)) {
      for (int seen = 0; seen < NAMES_MAX; seen++) {
        Optional<String> name = names.next();
        if (name.isEmpty()) {
          return;
        }
        if (OURS.matcher(name.get()).matches()
            && disk.stat(name.get()).filter(file -> isLeftBehind(file, before)).isPresent()) {
          disk.delete(name.get());
        }
      }
    } catch (DiskFailure e) {
      // They are in nobody's way: the viewer itself deletes such after a day.
    }
  }

  private static boolean isLeftBehind(Disk.Entry file, Instant before) {
    return file.kind() == Disk.Kind.FILE && file.lastModified().isBefore(before);
  }

  /// Bytes that can still be dropped; empty where the volume does not say.
  OptionalLong room() {
    try {
      OptionalLong usable = disk.usableBytes();
      return usable.isEmpty()
          ? usable
          : OptionalLong.of(Math.max(0, usable.getAsLong() - settings.reserveBytes()));
    } catch (DiskFailure e) {
      throw failed(e);
    }
  }

  /// Drops one file, after waiting for the viewer where that is needed.
  ///
  /// @return empty when the user asked to stop while it waited
  /// @throws SerdabException.Damaged when the bytes are not those that were backed up
  /// @throws SerdabException.Unavailable when there is no room, the folder fails, or the viewer
  ///   takes nothing in
  Optional<Dropped> drop(StoredFile file, ReadableByteChannel bytes) {
    try (bytes) {
      String name = TOP;
      for (int tried = 1; name.isEmpty(); tried++) {
        String candidate = nameOf(file, tried);
        Optional<Disk.Entry> there = disk.stat(candidate);
        if (there.isEmpty() || tried >= NAMES_TRIED_MAX) {
          name = candidate;
        } else if (isSame(candidate, there.get(), file)) {
          return Optional.of(Dropped.WAITING);
        }
      }
      if (!waitForTheViewer()) {
        return Optional.empty();
      }
      requireRoomFor(file.lengthBytes());
      write(name, file, bytes);
      mayDrop--;
      return Optional.of(Dropped.NEW);
    } catch (DiskFailure e) {
      throw failed(e);
    } catch (IOException e) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-unreadable",
              "The stored bytes of one of its files cannot be read.",
              "Restore this study from another destination, then run: serdab verify"),
          e);
    }
  }

  /// Makes sure that the names of what was dropped outlive a power cut.
  void settle() {
    try {
      disk.syncFolder(TOP);
    } catch (DiskFailure e) {
      throw failed(e);
    }
  }

  static String nameOf(StoredFile file, int tried) {
    String digits = file.digests().file().hex().substring(0, NAME_DIGITS);
    return "serdab-" + digits + (tried == 1 ? "" : "0" + tried) + ".dcm";
  }

  // ---- one file

  private void write(String name, StoredFile file, ReadableByteChannel bytes) throws IOException {
    String part = "." + name + "." + HexFormat.of().toHexDigits(random.nextInt()) + ".part";
    boolean isNamed = false;
    try {
      try (Disk.Output out = disk.create(part)) {
        copy(out, file, bytes);
        out.sync();
      }
      readBack(part, file);
      disk.renameIfFree(part, name);
      isNamed = true;
    } finally {
      if (!isNamed) {
        discard(part);
      }
    }
  }

  private void copy(Disk.Output out, StoredFile file, ReadableByteChannel bytes)
      throws IOException {
    MessageDigest hasher = Sha256.hasher();
    long length = 0;
    long looked = 0;
    while (true) {
      chunk.clear();
      if (bytes.read(chunk) < 0) {
        break;
      }
      chunk.flip();
      hasher.update(chunk.duplicate());
      progress.read(chunk.remaining());
      length += chunk.remaining();
      writeFully(out);
      if (length - looked >= LOOK_AT_ROOM_EVERY_BYTES) {
        looked = length;
        requireRoomFor(Math.max(0, file.lengthBytes() - length));
      }
    }
    if (length != file.lengthBytes() || !Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of one of its files are not those that were backed up.",
              "Restore this study from another destination, then run: serdab verify"));
    }
  }

  private void writeFully(Disk.Output out) throws DiskFailure {
    int empty = 0;
    while (chunk.hasRemaining()) {
      empty = out.write(chunk) > 0 ? 0 : empty + 1;
      if (empty > EMPTY_STEPS_MAX) {
        throw new DiskFailure(DiskFailure.Kind.BROKEN, "it takes no bytes");
      }
    }
  }

  private void readBack(String part, StoredFile file) throws DiskFailure {
    try (Disk.Input in = disk.openPastCache(part)) {
      if (in.lengthBytes() != file.lengthBytes() || !digest(in).equals(file.digests().file())) {
        throw new SerdabException.Unavailable(
            new Problem(
                "incoming-differs",
                "A file that was written into the viewer's INCOMING folder reads back differently;"
                    + " the viewer was not shown it.",
                "Check the disk of the library before you use it."));
      }
    }
  }

  private boolean isSame(String name, Disk.Entry there, StoredFile file) throws DiskFailure {
    if (there.kind() != Disk.Kind.FILE || there.lengthBytes() != file.lengthBytes()) {
      return false;
    }
    try (Disk.Input in = disk.open(name)) {
      return digest(in).equals(file.digests().file());
    } catch (DiskFailure e) {
      if (e.kind() == DiskFailure.Kind.MISSING) {
        // The viewer took it while we looked.
        return true;
      }
      throw e;
    }
  }

  private Sha256 digest(Disk.Input in) throws DiskFailure {
    MessageDigest hasher = Sha256.hasher();
    ByteBuffer aligned = chunk.clear().alignedSlice(in.alignmentBytes());
    long length = in.lengthBytes();
    for (long position = 0; position < length; position += aligned.limit()) {
      aligned.clear();
      if (in.read(position, aligned) <= 0) {
        break;
      }
      hasher.update(aligned.flip().duplicate());
    }
    return Sha256.finish(hasher);
  }

  private void discard(String part) {
    try {
      disk.delete(part);
    } catch (DiskFailure e) {
      // Left to the next sweep: its name begins with a dot, so the viewer leaves it alone.
    }
  }

  // ---- room and patience

  private void requireRoomFor(long lengthBytes) throws DiskFailure {
    OptionalLong usable = disk.usableBytes();
    if (usable.isPresent() && usable.getAsLong() - lengthBytes < settings.reserveBytes()) {
      throw new SerdabException.Unavailable(
          new Problem(
              "incoming-full",
              "The library's volume is almost full: with less than "
                  + settings.reserveBytes()
                  + " bytes free the viewer would delete what waits in INCOMING.noindex unread.",
              "Make room on the volume of the library, then run the same command again: it goes"
                  + " on."));
    }
  }

  /// Waits until fewer files wait than may.
  ///
  /// @return false when the user asked to stop
  private boolean waitForTheViewer() throws DiskFailure {
    if (mayDrop > 0) {
      return true;
    }
    Instant said = Instant.MIN;
    Instant moved = clock.instant();
    long fewest = Long.MAX_VALUE;
    while (!stop.getAsBoolean()) {
      long waiting = waiting();
      Instant now = clock.instant();
      if (waiting < settings.waitingMax()) {
        mayDrop = (int) Math.min(COUNT_AGAIN_AFTER, settings.waitingMax() - waiting);
        return true;
      }
      if (waiting < fewest) {
        fewest = waiting;
        moved = now;
      }
      if (Duration.between(moved, now).compareTo(VIEWER_IDLE_MAX) > 0) {
        throw new SerdabException.Unavailable(
            new Problem(
                "viewer-not-importing",
                waiting
                    + " files wait in the viewer's INCOMING folder, and for "
                    + VIEWER_IDLE_MAX.toMinutes()
                    + " minutes it took none of them in.",
                "Start the viewer and let it import, then run the same command again: it goes"
                    + " on."));
      }
      if (said.equals(Instant.MIN) || Duration.between(said, now).compareTo(SAY_EVERY) >= 0) {
        progress.tell(
            "progress.viewer-files",
            "waiting for the viewer: " + waiting + " files wait in INCOMING.noindex",
            waiting);
        said = now;
      }
      try {
        rest.sleep(REST);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  /// How many names the viewer will take in, up to the limit.
  private long waiting() throws DiskFailure {
    long count = 0;
    try (Disk.Listing names = disk.list(TOP)) {
      for (int seen = 0; seen < NAMES_MAX; seen++) {
        Optional<String> name = names.next();
        if (name.isEmpty()) {
          break;
        }
        if (!name.get().startsWith(".")) {
          count++;
        }
      }
    }
    return count;
  }

  private static SerdabException failed(DiskFailure e) {
    String what =
        switch (e.kind()) {
          case FULL -> "The library's volume is full; a file could not be dropped into INCOMING.";
          case NOT_PERMITTED -> "The viewer's INCOMING folder may not be written to.";
          case GONE, MISSING -> "The viewer's INCOMING folder is not there any more.";
          case EXISTS, NAME, INTERRUPTED, BROKEN ->
              "Writing into the viewer's INCOMING folder failed (" + e.getMessage() + ").";
        };
    return new SerdabException.Unavailable(
        new Problem(
            "incoming-failed",
            what,
            "Check the library's volume and its permissions, then run the same command again: it"
                + " goes on."),
        e);
  }
}
