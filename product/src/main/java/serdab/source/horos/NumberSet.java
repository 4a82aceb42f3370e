package serdab.source.horos;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// File numbers and how many rows name each, in pages: 30 million numbers in a row, one row each,
/// take 4 MB; a page with a number of several rows takes 32 KiB more.
final class NumberSet {

  static final int PAGE_BITS = 1 << 15;

  /// 64 MB of pages: 500 million numbers in a row, or 16,384 that lie far apart.
  private static final int PAGES_MAX = 1 << 14;

  /// A page that counts more rows than this for a number cannot forget one of them.
  private static final int MORE_MAX = 255;

  /// 64 MB of counts: 64 million numbers in a row of which many have several rows.
  private static final int COUNTED_PAGES_MAX = 1 << 11;

  private final Map<Long, Page> pages = new HashMap<>();
  private int countedPages;
  private boolean overflowed;
  private boolean uncertain;
  private long size;

  /// One page.
  private static final class Page {
    private final long[] bits = new long[PAGE_BITS / Long.SIZE];

    /// For each number how many rows name it beside the first, up to [#MORE_MAX].
    private byte @Nullable [] more;

    boolean has(int bit) {
      return (bits[bit / Long.SIZE] & (1L << bit)) != 0;
    }
  }

  /// A row names the number.
  void add(long number) {
    long key = Math.floorDiv(number, (long) PAGE_BITS);
    Page page = pages.get(key);
    if (page == null) {
      if (pages.size() >= PAGES_MAX) {
        overflowed = true;
        return;
      }
      page = new Page();
      pages.put(key, page);
    }
    int bit = Math.floorMod(number, PAGE_BITS);
    if (!page.has(bit)) {
      page.bits[bit / Long.SIZE] |= 1L << bit;
      size++;
      return;
    }
    byte[] more = page.more;
    if (more == null) {
      if (countedPages >= COUNTED_PAGES_MAX) {
        uncertain = true;
        return;
      }
      countedPages++;
      more = new byte[PAGE_BITS];
      page.more = more;
    }
    if (Byte.toUnsignedInt(more[bit]) < MORE_MAX) {
      more[bit]++;
    }
  }

  /// A row that named the number does not any more. When it cannot be told whether others do, the
  /// number stays and the set is [#uncertain].
  void remove(long number) {
    Page page = pages.get(Math.floorDiv(number, (long) PAGE_BITS));
    int bit = Math.floorMod(number, PAGE_BITS);
    if (page == null || !page.has(bit)) {
      uncertain = true;
      return;
    }
    byte[] more = page.more;
    int others = more == null ? 0 : Byte.toUnsignedInt(more[bit]);
    if (others == MORE_MAX) {
      uncertain = true;
    } else if (others > 0 && more != null) {
      more[bit]--;
    } else {
      page.bits[bit / Long.SIZE] &= ~(1L << bit);
      size--;
    }
  }

  /// How many numbers are in it.
  long size() {
    return size;
  }

  boolean contains(long number) {
    Page page = pages.get(Math.floorDiv(number, (long) PAGE_BITS));
    return page != null && page.has(Math.floorMod(number, PAGE_BITS));
  }

  /// Whether numbers were left out because they lay too far apart; no viewer writes such.
  boolean overflowed() {
    return overflowed;
  }

  /// Whether rows cannot be taken away any more, because they were not all counted.
  boolean uncertain() {
    return uncertain || overflowed;
  }

  // ---- kept in a file

  /// Takes a page of numbers as one text of bytes and one of counts.
  interface PageSink {
    void take(long page, byte[] bits, byte @Nullable [] more) throws SQLException;
  }

  /// Gives all pages, in no order.
  void eachPage(PageSink sink) throws SQLException {
    for (Map.Entry<Long, Page> each : pages.entrySet()) {
      ByteBuffer bytes = ByteBuffer.allocate(PAGE_BITS / Byte.SIZE);
      bytes.asLongBuffer().put(each.getValue().bits);
      sink.take(each.getKey(), bytes.array(), each.getValue().more);
    }
  }

  /// Puts a page back that [#eachPage] gave.
  ///
  /// @return whether it can be one
  boolean putPage(long key, byte[] bits, byte @Nullable [] more) {
    if (bits.length != PAGE_BITS / Byte.SIZE
        || (more != null && more.length != PAGE_BITS)
        || pages.size() >= PAGES_MAX
        || pages.containsKey(key)) {
      return false;
    }
    Page page = new Page();
    ByteBuffer.wrap(bits).asLongBuffer().get(page.bits);
    page.more = more;
    countedPages += more == null ? 0 : 1;
    for (long word : page.bits) {
      size += Long.bitCount(word);
    }
    pages.put(key, page);
    return true;
  }
}
