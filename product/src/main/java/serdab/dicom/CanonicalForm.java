package serdab.dicom;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import serdab.Sha256;

/// Writes the canonical form of a data set into a hash (docs/format/digests.md, section 4).
/// Recursion goes as deep as items nest, which the reader limits. One thread at a time.
final class CanonicalForm {

  private static final int VALUE = 1;
  private static final int BULK = 2;
  private static final int SEQUENCE = 3;
  private static final int FRAGMENTS = 4;
  private static final int SEQUENCE_END = 5;
  private static final int ITEM = 6;
  private static final int ITEM_END = 7;

  private static final int EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002;

  private final DataSetPass pass;
  private final DataSet dataSet;
  private final Sink sink = new Sink();

  CanonicalForm(DataSetPass pass) {
    this.pass = pass;
    this.dataSet = pass.dataSet();
  }

  Sha256 digest() {
    level(0, dataSet.size(), 0);
    return sink.finish();
  }

  /// A short hash of each element at the top.
  Outline outline() {
    int[] tags = new int[16];
    long[] hashes = new long[16];
    int count = 0;
    for (int i : inOrder(0, dataSet.size())) {
      if (isLeftOut(dataSet.tag(i)) || dataSet.vr(i) == Vr.NONE) {
        continue;
      }
      if (count == tags.length) {
        tags = Arrays.copyOf(tags, 2 * count);
        hashes = Arrays.copyOf(hashes, 2 * count);
      }
      element(i, 0);
      tags[count] = dataSet.tag(i);
      hashes[count] = ByteBuffer.wrap(sink.finish().bytes()).getLong();
      count++;
    }
    return new Outline(Arrays.copyOf(tags, count), Arrays.copyOf(hashes, count));
  }

  private static boolean isLeftOut(int tag) {
    return Tag.isGroupLength(tag)
        || tag == Tag.DataSetTrailingPadding
        || tag == Frames.EXTENDED_OFFSET_TABLE
        || tag == EXTENDED_OFFSET_TABLE_LENGTHS;
  }

  /// The elements at the top of a range of the index.
  ///
  /// @param depth how many items hold them
  private void level(int from, int to, int depth) {
    for (int i : inOrder(from, to)) {
      element(i, depth);
    }
  }

  /// Where the elements at the top of a range stand, in unsigned order of their tags.
  private int[] inOrder(int from, int to) {
    long[] order = new long[16];
    int count = 0;
    boolean sorted = true;
    for (int i = from; i < to; i = dataSet.next(i)) {
      if (count == order.length) {
        order = Arrays.copyOf(order, 2 * count);
      }
      // The top bit turned over, signed order is the order of unsigned tags.
      order[count] = (long) (dataSet.tag(i) ^ Integer.MIN_VALUE) << Integer.SIZE | i;
      sorted &= count == 0 || order[count - 1] < order[count];
      count++;
    }
    if (!sorted) {
      Arrays.sort(order, 0, count);
    }
    int[] places = new int[count];
    for (int n = 0; n < count; n++) {
      places[n] = (int) order[n];
    }
    return places;
  }

  private void element(int i, int depth) {
    int tag = dataSet.tag(i);
    if (isLeftOut(tag) || dataSet.vr(i) == Vr.NONE) {
      return;
    }
    sink.tag(tag);
    Bulk bulk = pass.bulkOf(i);
    if (bulk != null && bulk.isFragments()) {
      fragments(bulk);
    } else if (bulk != null) {
      bulk(bulk, depth);
    } else if (DataSetPass.isValue(dataSet, i)) {
      small(i, tag, depth);
    } else {
      items(i, depth);
    }
  }

  private void items(int sequence, int depth) {
    int end = dataSet.next(sequence);
    boolean isEmpty = true;
    for (int item = sequence + 1; item < end; item = dataSet.next(item)) {
      if (isEmpty) {
        sink.number8(SEQUENCE);
        isEmpty = false;
      }
      sink.number8(ITEM);
      level(item + 1, dataSet.next(item), depth + 1);
      sink.number8(ITEM_END);
    }
    if (isEmpty) {
      value(new byte[0], 0, 0);
    } else {
      sink.number8(SEQUENCE_END);
    }
  }

  private void fragments(Bulk bulk) {
    sink.number8(FRAGMENTS);
    sink.number32(bulk.frameLengths().length);
    for (long length : bulk.frameLengths()) {
      sink.number64(length);
    }
    sink.bytes(bulk.finish().bytes());
  }

  private void bulk(Bulk bulk, int depth) {
    byte[] held = bulk.held();
    if (held != null && sequenceInValue(held, 0, bulk.heldLength(), depth)) {
      return;
    }
    Sha256 digest = bulk.finish();
    sink.number8(BULK);
    sink.number64(bulk.length());
    sink.bytes(digest.bytes());
  }

  private void small(int i, int tag, int depth) {
    int from = pass.heldOffset(i);
    int length = (int) dataSet.valueLength(i);
    int wordBytes = DataSetPass.wordBytes(dataSet, i, pass.syntax());
    if (wordBytes == 1) {
      value(tag, dataSet.vr(i), pass.held(), from, length, depth);
    } else {
      byte[] swapped = Arrays.copyOfRange(pass.held(), from, from + length);
      Bulk.reverseWords(swapped, 0, length, wordBytes);
      value(tag, dataSet.vr(i), swapped, 0, length, depth);
    }
  }

  /// A value of less than bulk length, in little endian.
  private void value(int tag, Vr written, byte[] bytes, int from, int length, int depth) {
    ValueClass kind = ValueClass.of(tag);
    switch (kind) {
      case TEXT -> value(bytes, from, withoutPadding(bytes, from, length));
      case BINARY -> even(bytes, from, length, kind.padding(written));
      case UNKNOWN -> {
        if (!sequenceInValue(bytes, from, length, depth)) {
          unknown(bytes, from, length, kind.padding(written));
        }
      }
    }
  }

  private void unknown(byte[] bytes, int from, int length, byte padding) {
    int bare = withoutPadding(bytes, from, length);
    if (bare > 0 && isNumeric(bytes, from, bare)) {
      value(bytes, from, bare);
      return;
    }
    boolean isOdd = (length & 1) != 0;
    if (isOdd && padding != ' ') {
      even(bytes, from, length, padding);
      return;
    }
    int end = length;
    while (end > 0 && bytes[from + end - 1] == ' ') {
      end--;
    }
    value(bytes, from, end);
  }

  private static int withoutPadding(byte[] bytes, int from, int length) {
    int end = length;
    while (end > 0 && (bytes[from + end - 1] == ' ' || bytes[from + end - 1] == 0)) {
      end--;
    }
    return end;
  }

  private static boolean isNumeric(byte[] bytes, int from, int length) {
    for (int i = from; i < from + length; i++) {
      if ((bytes[i] < '0' || bytes[i] > '9') && bytes[i] != '.') {
        return false;
      }
    }
    return true;
  }

  private void even(byte[] bytes, int from, int length, byte padding) {
    boolean isOdd = (length & 1) != 0;
    sink.number8(VALUE);
    sink.number64(isOdd ? length + 1 : length);
    sink.bytes(bytes, from, length);
    if (isOdd) {
      sink.number8(padding);
    }
  }

  private void value(byte[] bytes, int from, int length) {
    sink.number8(VALUE);
    sink.number64(length);
    sink.bytes(bytes, from, length);
  }

  /// Writes the value as the sequence that it holds; false when it holds none.
  private boolean sequenceInValue(byte[] bytes, int from, int length, int depth) {
    List<List<SequenceInValue.Node>> items = SequenceInValue.find(bytes, from, length, depth);
    if (items == null) {
      return false;
    }
    foundItems(items, bytes, depth);
    return true;
  }

  private void foundItems(List<List<SequenceInValue.Node>> items, byte[] bytes, int depth) {
    if (items.isEmpty()) {
      value(bytes, 0, 0);
      return;
    }
    sink.number8(SEQUENCE);
    for (List<SequenceInValue.Node> item : items) {
      sink.number8(ITEM);
      foundElements(item, bytes, depth + 1);
      sink.number8(ITEM_END);
    }
    sink.number8(SEQUENCE_END);
  }

  private void foundElements(List<SequenceInValue.Node> elements, byte[] bytes, int depth) {
    List<SequenceInValue.Node> sorted =
        elements.stream().sorted((a, b) -> Integer.compareUnsigned(a.tag(), b.tag())).toList();
    for (SequenceInValue.Node node : sorted) {
      if (isLeftOut(node.tag())) {
        continue;
      }
      sink.tag(node.tag());
      List<List<SequenceInValue.Node>> items = node.items();
      int length = node.to() - node.from();
      if (items != null) {
        foundItems(items, bytes, depth);
      } else if (length < Bulk.BULK_BYTES_MIN) {
        value(node.tag(), Vr.UN, bytes, node.from(), length, depth);
      } else {
        foundBulk(node.tag(), bytes, node.from(), length, depth);
      }
    }
  }

  private void foundBulk(int tag, byte[] bytes, int from, int length, int depth) {
    ValueClass kind = ValueClass.of(tag);
    if (kind == ValueClass.UNKNOWN && sequenceInValue(bytes, from, length, depth)) {
      return;
    }
    MessageDigest hasher = Sha256.hasher();
    hasher.update(bytes, from, length);
    boolean isOdd = (length & 1) != 0;
    if (isOdd) {
      hasher.update(kind.padding(Vr.UN));
    }
    sink.number8(BULK);
    sink.number64(isOdd ? length + 1 : length);
    sink.bytes(hasher.digest());
  }

  /// Collects small writes for the hash.
  private static final class Sink {

    private final MessageDigest hasher = Sha256.hasher();
    private final byte[] buffer = new byte[8 << 10];
    private int filled;

    void number8(int value) {
      if (filled == buffer.length) {
        flush();
      }
      buffer[filled++] = (byte) value;
    }

    void number16(int value) {
      number8(value);
      number8(value >> 8);
    }

    void number32(int value) {
      number16(value);
      number16(value >> 16);
    }

    void number64(long value) {
      number32((int) value);
      number32((int) (value >> 32));
    }

    void tag(int tag) {
      number16(Tag.group(tag));
      number16(Tag.element(tag));
    }

    void bytes(byte[] bytes) {
      bytes(bytes, 0, bytes.length);
    }

    void bytes(byte[] bytes, int from, int length) {
      if (length > buffer.length - filled) {
        flush();
        if (length > buffer.length) {
          hasher.update(bytes, from, length);
          return;
        }
      }
      System.arraycopy(bytes, from, buffer, filled, length);
      filled += length;
    }

    private void flush() {
      hasher.update(buffer, 0, filled);
      filled = 0;
    }

    Sha256 finish() {
      flush();
      return Sha256.finish(hasher);
    }
  }
}
