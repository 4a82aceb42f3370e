package serdab.source.horos;

import java.util.HashMap;
import java.util.Map;

/// A set of file numbers, one bit each, in pages: 30 million numbers in a row take 4 MB.
final class NumberSet {

  private static final int PAGE_BITS = 1 << 15;

  /// 64 MB of pages: 500 million numbers in a row, or 16,384 that lie far apart.
  private static final int PAGES_MAX = 1 << 14;

  private final Map<Long, long[]> pages = new HashMap<>();
  private boolean overflowed;
  private long size;

  void add(long number) {
    long page = Math.floorDiv(number, (long) PAGE_BITS);
    long[] bits = pages.get(page);
    if (bits == null) {
      if (pages.size() >= PAGES_MAX) {
        overflowed = true;
        return;
      }
      bits = new long[PAGE_BITS / Long.SIZE];
      pages.put(page, bits);
    }
    int bit = Math.floorMod(number, PAGE_BITS);
    long before = bits[bit / Long.SIZE];
    bits[bit / Long.SIZE] = before | 1L << bit;
    size += before == bits[bit / Long.SIZE] ? 0 : 1;
  }

  /// How many numbers are in it.
  long size() {
    return size;
  }

  boolean contains(long number) {
    long[] bits = pages.get(Math.floorDiv(number, (long) PAGE_BITS));
    int bit = Math.floorMod(number, PAGE_BITS);
    return bits != null && (bits[bit / Long.SIZE] & (1L << bit)) != 0;
  }

  /// Whether numbers were left out because they lay too far apart; no viewer writes such.
  boolean overflowed() {
    return overflowed;
  }
}
