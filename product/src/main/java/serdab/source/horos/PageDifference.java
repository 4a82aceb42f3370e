package serdab.source.horos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/// Which rows of a table can differ between two copies of one index, found by comparing their pages
/// instead of their rows.
///
/// The rows of a table lie in the leaf pages of its tree. A leaf page that belongs to the table in
/// both copies and has the same bytes in both holds the same rows in both; so a row that was added,
/// taken away, changed or moved lies, in the copy that has it, in a page that is another one in the
/// other copy or does not belong to the table there. All rows of such pages are told, and with them
/// every row that goes on in overflow pages, which are not compared.
///
/// Which pages belong to a table is read from the inner pages of both trees: a page that was given
/// back keeps its bytes, so bytes alone would not show that its rows are gone.
///
/// Whatever is not as the format says ends the comparison with nothing: all is computed anew then.
///
/// @spec https://www.sqlite.org/fileformat2.html sections 1.3, 1.6 and 2.1
final class PageDifference {

  private static final int HEADER_BYTES = 100;
  private static final int PAGE_SIZE_AT = 16;
  private static final int RESERVED_AT = 20;
  private static final int PAGES_AT = 28;
  private static final int ENCODING_AT = 56;
  private static final int INNER = 0x05;
  private static final int LEAF = 0x0d;
  private static final int INNER_HEADER_BYTES = 12;
  private static final int LEAF_HEADER_BYTES = 8;
  private static final int DEPTH_MAX = 20;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int VARINT_BYTES_MAX = 9;

  /// Where rows of a leaf page may not lie in that page alone: payloads longer than the page's
  /// usable bytes less this.
  private static final int LOCAL_LESS = 35;

  private final int pageSize;
  private final int usable;
  private final int rowsMax;
  private final Tree[] trees;

  /// One table.
  ///
  /// @param before number of its root page in the earlier copy
  /// @param now the same in the present one
  record Roots(long before, long now) {}

  /// What was found of one table.
  static final class Rows {
    private final long[] rowids;
    private final long count;

    private Rows(long[] rowids, long count) {
      this.rowids = rowids;
      this.count = count;
    }

    /// Of the rows that can differ, in no order, some more than once.
    long[] rowids() {
      return rowids.clone();
    }

    /// How many rows the present copy has.
    long count() {
      return count;
    }
  }

  private static final class Tree {
    private final BitSet before = new BitSet();
    private final BitSet now = new BitSet();
    private long[] rowids = new long[1024];
    private int found;
    private long count;
  }

  /// Thrown, and caught here, when the pages are not what was expected.
  private static final class Unusual extends Exception {
    private static final long serialVersionUID = 1;

    Unusual() {
      super(null, null, false, false);
    }
  }

  private PageDifference(int pageSize, int usable, int rowsMax, int tables) {
    this.pageSize = pageSize;
    this.usable = usable;
    this.rowsMax = rowsMax;
    this.trees = new Tree[tables];
    Arrays.setAll(trees, _ -> new Tree());
  }

  /// Compares two copies. Nobody may write to them.
  ///
  /// @param tables by their root pages; each has the number of its row as its key
  /// @param rowsMax when more rows of a table can differ, comparing is not worth it
  /// @return what was found, table by table; empty when anything was unusual
  static Optional<Rows[]> between(Path before, Path now, Roots[] tables, int rowsMax)
      throws IOException {
    try (FileChannel old = FileChannel.open(before, StandardOpenOption.READ);
        FileChannel present = FileChannel.open(now, StandardOpenOption.READ)) {
      ByteBuffer oldHeader = read(old, 0, HEADER_BYTES);
      ByteBuffer header = read(present, 0, HEADER_BYTES);
      int pageSize = header.getShort(PAGE_SIZE_AT) & 0xffff;
      pageSize = pageSize == 1 ? 1 << 16 : pageSize;
      int reserved = header.get(RESERVED_AT) & 0xff;
      boolean alike =
          header.getShort(PAGE_SIZE_AT) == oldHeader.getShort(PAGE_SIZE_AT)
              && header.get(RESERVED_AT) == oldHeader.get(RESERVED_AT)
              && header.getInt(ENCODING_AT) == oldHeader.getInt(ENCODING_AT);
      if (!alike || pageSize < 512 || Integer.bitCount(pageSize) != 1) {
        return Optional.empty();
      }
      PageDifference difference =
          new PageDifference(pageSize, pageSize - reserved, rowsMax, tables.length);
      long oldPages = difference.pages(old, oldHeader);
      long pages = difference.pages(present, header);
      BitSet seenBefore = new BitSet();
      BitSet seenNow = new BitSet();
      for (int i = 0; i < tables.length; i++) {
        difference.gather(
            old, oldPages, tables[i].before(), seenBefore, difference.trees[i].before);
        difference.gather(present, pages, tables[i].now(), seenNow, difference.trees[i].now);
      }
      difference.compare(old, oldPages, present, pages);
      Rows[] rows = new Rows[tables.length];
      for (int i = 0; i < rows.length; i++) {
        Tree tree = difference.trees[i];
        rows[i] = new Rows(Arrays.copyOf(tree.rowids, tree.found), tree.count);
      }
      return Optional.of(rows);
    } catch (Unusual | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  private long pages(FileChannel file, ByteBuffer header) throws IOException, Unusual {
    long pages = file.size() / pageSize;
    require(file.size() % pageSize == 0 && pages <= Integer.MAX_VALUE - 8);
    require((header.getInt(PAGES_AT) & 0xffff_ffffL) == pages);
    return pages;
  }

  private static void require(boolean condition) throws Unusual {
    if (!condition) {
      throw new Unusual();
    }
  }

  private static ByteBuffer read(FileChannel file, long at, int length)
      throws IOException, Unusual {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      require(file.read(bytes, at + bytes.position()) > 0);
    }
    return bytes.flip();
  }

  // ---- which pages are leaves of a table

  private void gather(FileChannel file, long pages, long root, BitSet seen, BitSet leaves)
      throws IOException, Unusual {
    int innerLevels = 0;
    long page = root;
    while (true) {
      ByteBuffer bytes = page(file, pages, page);
      if (bytes.get(headerAt(page)) == LEAF) {
        break;
      }
      page = child(bytes, page, 0);
      require(++innerLevels <= DEPTH_MAX);
    }
    gather(file, pages, root, innerLevels, seen, leaves);
  }

  /// All leaves lie equally deep, so they need not be read to know them.
  private void gather(
      FileChannel file, long pages, long page, int innerLevels, BitSet seen, BitSet leaves)
      throws IOException, Unusual {
    require(page >= 1 && page <= pages && !seen.get((int) page));
    seen.set((int) page);
    if (innerLevels == 0) {
      leaves.set((int) page);
      return;
    }
    ByteBuffer bytes = page(file, pages, page);
    require(bytes.get(headerAt(page)) == INNER);
    int cells = cells(bytes, page);
    for (int i = 0; i <= cells; i++) {
      gather(file, pages, child(bytes, page, i), innerLevels - 1, seen, leaves);
    }
  }

  private ByteBuffer page(FileChannel file, long pages, long page) throws IOException, Unusual {
    require(page >= 1 && page <= pages);
    return read(file, (page - 1) * pageSize, pageSize);
  }

  private static int headerAt(long page) {
    return page == 1 ? HEADER_BYTES : 0;
  }

  private static int cells(ByteBuffer bytes, long page) {
    return bytes.getShort(headerAt(page) + 3) & 0xffff;
  }

  private static long child(ByteBuffer bytes, long page, int index) throws Unusual {
    int at = headerAt(page);
    require(bytes.get(at) == INNER);
    if (index == cells(bytes, page)) {
      return bytes.getInt(at + 8) & 0xffff_ffffL;
    }
    int cell = bytes.getShort(at + INNER_HEADER_BYTES + 2 * index) & 0xffff;
    return bytes.getInt(cell) & 0xffff_ffffL;
  }

  // ---- what is in the leaves

  private void compare(FileChannel old, long oldPages, FileChannel present, long pages)
      throws IOException, Unusual {
    int perChunk = Math.max(1, CHUNK_BYTES / pageSize);
    byte[] before = new byte[perChunk * pageSize];
    byte[] now = new byte[perChunk * pageSize];
    for (long first = 1; first <= Math.max(oldPages, pages); first += perChunk) {
      fill(old, first, oldPages, before);
      fill(present, first, pages, now);
      for (int i = 0; i < perChunk; i++) {
        int page = Math.toIntExact(first + i);
        for (Tree tree : trees) {
          boolean wasThere = tree.before.get(page);
          boolean isThere = tree.now.get(page);
          if (!wasThere && !isThere) {
            continue;
          }
          int from = i * pageSize;
          boolean same =
              wasThere
                  && isThere
                  && Arrays.equals(before, from, from + pageSize, now, from, from + pageSize);
          if (wasThere && !same) {
            readLeaf(tree, before, from, page, true);
          }
          if (isThere) {
            tree.count += readLeaf(tree, now, from, page, !same);
          }
        }
      }
    }
  }

  private void fill(FileChannel file, long first, long pages, byte[] into)
      throws IOException, Unusual {
    long from = (first - 1) * pageSize;
    int length = Math.clamp(pages * pageSize - from, 0, into.length);
    ByteBuffer buffer = ByteBuffer.wrap(into, 0, length);
    while (buffer.hasRemaining()) {
      require(file.read(buffer, from + buffer.position()) > 0);
    }
  }

  /// Takes the rows of a leaf: all, or only those that go on in other pages.
  ///
  /// @return how many rows it has
  private int readLeaf(Tree tree, byte[] bytes, int from, int page, boolean all) throws Unusual {
    int at = from + headerAt(page);
    require(bytes[at] == LEAF);
    int cells = number(bytes, at + 3);
    require(LEAF_HEADER_BYTES + 2 * cells <= usable);
    int end = from + usable;
    for (int i = 0; i < cells; i++) {
      int cell = from + number(bytes, at + LEAF_HEADER_BYTES + 2 * i);
      require(cell >= at + LEAF_HEADER_BYTES + 2 * cells && cell < end);
      long payload = bytes[cell++];
      if (payload < 0) {
        payload &= 0x7f;
        for (int more = 1; ; more++) {
          require(cell < end && more < VARINT_BYTES_MAX);
          byte next = bytes[cell++];
          if (more == VARINT_BYTES_MAX - 1) {
            payload = payload << 8 | (next & 0xff);
            break;
          }
          payload = payload << 7 | (next & 0x7f);
          if (next >= 0) {
            break;
          }
        }
      }
      require(payload >= 0);
      if (all || payload > usable - LOCAL_LESS) {
        take(tree, rowid(bytes, cell, end));
      }
    }
    return cells;
  }

  private static int number(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
  }

  private static long rowid(byte[] bytes, int at, int end) throws Unusual {
    long value = 0;
    for (int i = 0; i < VARINT_BYTES_MAX; i++) {
      require(at + i < end);
      byte next = bytes[at + i];
      if (i == VARINT_BYTES_MAX - 1) {
        return value << 8 | (next & 0xff);
      }
      value = value << 7 | (next & 0x7f);
      if (next >= 0) {
        return value;
      }
    }
    return value;
  }

  private void take(Tree tree, long rowid) throws Unusual {
    require(tree.found < rowsMax);
    if (tree.found == tree.rowids.length) {
      tree.rowids = Arrays.copyOf(tree.rowids, Math.min(rowsMax, 2 * tree.found));
    }
    tree.rowids[tree.found++] = rowid;
  }
}
