package serdab.source.horos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What shows from outside that an index was changed.
///
/// @param lengthBytes of the main file
/// @param modified when the main file was changed last
/// @param inode of the main file; empty text where the system has none
/// @param changeCounter SQLite's own, out of the header; empty when the file has no whole header
/// @param log length and time of change of the write-ahead log, which holds changes that the main
///   file does not show; empty text without one
record IndexState(
    long lengthBytes, Instant modified, String inode, OptionalLong changeCounter, String log) {

  private static final int COUNTER_OFFSET = 24;
  private static final int HEADER_BYTES = 100;

  static IndexState of(Path index) throws IOException {
    BasicFileAttributes seen = Files.readAttributes(index, BasicFileAttributes.class);
    return new IndexState(
        seen.size(),
        seen.lastModifiedTime().toInstant(),
        inode(seen.fileKey()),
        changeCounter(index),
        log(index.resolveSibling(index.getFileName() + "-wal")));
  }

  /// A text that is another one whenever the index was changed, and the same while it was not.
  String fingerprint() {
    return lengthBytes
        + ","
        + modified
        + ","
        + inode
        + ","
        + (changeCounter.isPresent() ? Long.toString(changeCounter.getAsLong()) : "-")
        + ","
        + log;
  }

  /// Without the device number: an external volume gets another at every mount.
  private static String inode(@Nullable Object fileKey) {
    String key = String.valueOf(fileKey);
    int from = key.indexOf("ino=");
    return from < 0 ? "" : key.substring(from + 4).replaceAll("[^0-9].*", "");
  }

  private static OptionalLong changeCounter(Path index) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    try (FileChannel in = FileChannel.open(index, StandardOpenOption.READ)) {
      while (header.hasRemaining() && in.read(header, header.position()) >= 0) {
        // Read on until the header is whole or the file ends.
      }
    }
    return header.hasRemaining()
        ? OptionalLong.empty()
        : OptionalLong.of(header.getInt(COUNTER_OFFSET) & 0xffff_ffffL);
  }

  private static String log(Path wal) throws IOException {
    try {
      BasicFileAttributes seen = Files.readAttributes(wal, BasicFileAttributes.class);
      return seen.size() == 0 ? "" : seen.size() + "@" + seen.lastModifiedTime().toInstant();
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
