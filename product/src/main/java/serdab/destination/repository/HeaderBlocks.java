package serdab.destination.repository;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The headers of a version's files one after another, in blocks. One thread at a time.
final class HeaderBlocks {

  /// The zstd level of header blocks beside pixels: 5 to 7 % less room than [#QUICK_LEVEL] for a
  /// tenth of what coding the pixels takes.
  static final int LEVEL = 17;

  /// That of headers which are themselves much of what a study has. The higher level would take
  /// half of the time of a backup of many small files.
  private static final int QUICK_LEVEL = 9;

  /// A version has so many times as many bytes outside its headers, or they are compressed quickly.
  private static final int MUCH_ELSE = 16;

  private static final int FIRST_BYTES = 64 << 10;

  private final BlobFeed feed;
  private final List<BlobFeed.Place> blocks = new ArrayList<>();
  private byte[] block = new byte[FIRST_BYTES];
  private int length;
  private long totalBytes;

  HeaderBlocks(BlobFeed feed) {
    this.feed = feed;
  }

  /// Begins the header of a file.
  ///
  /// @param lengthBytes how long it will be at most
  void begin(long lengthBytes) {
    if (length > 0 && length + lengthBytes > CutPlan.HEADER_BYTES_MAX) {
      end();
    }
  }

  /// The number of the block being filled.
  int block() {
    return blocks.size();
  }

  /// How long it is by now, in bytes.
  int length() {
    return length;
  }

  /// Takes bytes of the header that was begun.
  void add(java.nio.ByteBuffer bytes) {
    int count = bytes.remaining();
    if (length + count > block.length) {
      block = Arrays.copyOf(block, Math.max(length + count, 2 * block.length));
    }
    bytes.get(block, length, count);
    length += count;
  }

  /// Ends the block, if there is anything in it.
  void end() {
    if (length > 0) {
      totalBytes += length;
      blocks.add(feed.add(block, length, new BlobFeed.Kind.Header(level())));
      block = new byte[FIRST_BYTES];
      length = 0;
    }
  }

  /// The zstd level for what is said of this version, as far as it was seen.
  int level() {
    return feed.bulkBytes() >= MUCH_ELSE * totalBytes ? LEVEL : QUICK_LEVEL;
  }

  List<BlobFeed.Place> blocks() {
    return blocks;
  }
}
