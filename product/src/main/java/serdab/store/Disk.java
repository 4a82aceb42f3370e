package serdab.store;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/// The dozen things [LocalFolder] asks of a file system, below one root folder. Thread-safe.
///
/// It is a seam, so that tests can put a disk below that loses power at any of these steps. Paths
/// are relative to the root with `/` between parts; the empty path is the root. Every failure is a
/// [DiskFailure]; none of them repeats a path.
public interface Disk extends AutoCloseable {

  /// What distinguishes the root folder from another that may be mounted at the same path later:
  /// equal as long as it is the same folder of the same volume.
  Object identity() throws DiskFailure;

  /// What is at a path, links not followed; empty when nothing is.
  Optional<Entry> stat(String path) throws DiskFailure;

  /// Makes a file that must not exist yet, readable and writable by its owner only.
  Output create(String path) throws DiskFailure;

  /// Makes one folder that must not exist yet, for its owner only.
  void makeFolder(String path) throws DiskFailure;

  /// Opens a file for reading, never one that could block, such as a named pipe.
  Input open(String path) throws DiskFailure;

  /// Opens a file for reading from the medium rather than from memory, where that can be had.
  Input openPastCache(String path) throws DiskFailure;

  /// Gives a file a new name, in place of any file there, atomically.
  void rename(String from, String to) throws DiskFailure;

  /// Gives a file a new name in the same folder if that name is free, else fails with
  /// [DiskFailure.Kind#EXISTS].
  void renameIfFree(String from, String to) throws DiskFailure;

  /// Gives a file a second name, in whatever folder, if that name is free, else fails with
  /// [DiskFailure.Kind#EXISTS]; false where this file system knows no second names.
  boolean link(String from, String to) throws DiskFailure;

  /// Removes a file.
  void delete(String path) throws DiskFailure;

  /// Returns when the bytes and length of a file, however it was written, would outlive a power
  /// cut.
  void syncFile(String path) throws DiskFailure;

  /// Returns when the names in a folder would outlive a power cut.
  void syncFolder(String path) throws DiskFailure;

  /// What a folder holds, in no order, read as the iteration goes.
  Listing list(String path) throws DiskFailure;

  /// Tries to become the one process that holds the lock of this file, making the file if need be.
  Lock lock(String path) throws DiskFailure;

  /// Bytes that can still be written; empty where the file system does not say.
  OptionalLong usableBytes() throws DiskFailure;

  /// How large the whole volume is, in bytes; empty when it does not say.
  default OptionalLong totalBytes() throws DiskFailure {
    return OptionalLong.empty();
  }

  /// Whether names can be taken atomically only if free, rather than looked up first.
  boolean takesFreeNamesAtomically();

  /// The means [#openPastCache] is expected to have here.
  ReadBack.Means pastCacheMeans();

  @Override
  void close();

  /// What a name stands for.
  enum Kind {
    FILE,
    FOLDER,
    /// A link, a pipe, a device.
    OTHER
  }

  /// One file or folder.
  ///
  /// @param name its name alone, as the file system spells it
  record Entry(String name, Kind kind, long lengthBytes, Instant lastModified) {}

  /// A file being written; one thread at a time.
  interface Output extends AutoCloseable {
    /// Appends some of the remaining bytes and says how many, as an operating system does.
    int write(ByteBuffer bytes) throws DiskFailure;

    /// Returns when all bytes and the length would outlive a power cut.
    void sync() throws DiskFailure;

    @Override
    void close() throws DiskFailure;
  }

  /// A file being read; thread-safe.
  interface Input extends AutoCloseable {
    long lengthBytes() throws DiskFailure;

    /// Reads some bytes at a position; -1 at or past the end. Where [#alignmentBytes] is above 1,
    /// position, room and buffer address are multiples of it.
    int read(long position, ByteBuffer into) throws DiskFailure;

    int alignmentBytes();

    ReadBack.Means means();

    @Override
    void close();
  }

  /// A folder being listed; one thread at a time.
  interface Listing extends AutoCloseable {
    /// The next name in the folder; empty at the end.
    Optional<String> next() throws DiskFailure;

    @Override
    void close();
  }

  /// What came of trying to lock.
  sealed interface Lock {
    /// This process holds it until the handle is closed or the process ends, however it ends.
    non-sealed interface Held extends Lock, AutoCloseable {
      @Override
      void close();
    }

    /// Another process, or another part of this one, holds it.
    record Busy() implements Lock {}

    /// This file system has no locks, so nobody can tell.
    record Unsupported() implements Lock {}
  }
}
