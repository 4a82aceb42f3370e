package serdab.dicom;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the items in a value that is a sequence whose VR was lost: implicit little endian, used up
/// exactly (docs/format/digests.md, section 4, "holds items"). Recursion goes as deep as items may
/// nest, which is limited.
final class SequenceInValue {

  /// Longer values stay bytes.
  static final int BYTES_MAX = 1 << 20;

  static final int DEPTH_MAX = 256;

  private static final int HEADER_BYTES = 8;
  private static final int UNDEFINED = -1;
  private static final byte[] ITEM = {(byte) 0xFE, (byte) 0xFF, 0x00, (byte) 0xE0};

  private final byte[] bytes;
  private int at;
  private boolean failed;

  private SequenceInValue(byte[] bytes, int from) {
    this.bytes = bytes;
    this.at = from;
  }

  /// An element in an item: a value as a range of the bytes, or items.
  record Node(int tag, int from, int to, @Nullable List<List<Node>> items) {}

  /// Whether these bytes, perhaps the first of more, begin like an item.
  static boolean begins(byte[] bytes, int from, int length) {
    for (int i = 0; i < Math.min(ITEM.length, length); i++) {
      if (bytes[from + i] != ITEM[i]) {
        return false;
      }
    }
    return true;
  }

  /// Whether the next bytes of a value continue what begins like an item.
  ///
  /// @param before how many bytes of the value went before
  static boolean begins(ByteBuffer next, int before) {
    for (int i = before; i < ITEM.length && i - before < next.remaining(); i++) {
      if (next.get(next.position() + i - before) != ITEM[i]) {
        return false;
      }
    }
    return true;
  }

  /// The items of the value; null when it is no sequence.
  ///
  /// @param depth how many items hold the value
  static @Nullable List<List<Node>> find(byte[] bytes, int from, int length, int depth) {
    if (length < HEADER_BYTES || length > BYTES_MAX || !begins(bytes, from, length)) {
      return null;
    }
    SequenceInValue search = new SequenceInValue(bytes, from);
    List<List<Node>> items = search.items(from + length, depth, false);
    return search.failed || search.at != from + length ? null : items;
  }

  private List<List<Node>> items(int end, int depth, boolean delimited) {
    List<List<Node>> items = new ArrayList<>();
    while (!failed && (at < end || delimited)) {
      if (!hasHeader(end)) {
        return items;
      }
      int tag = Bytes.tag(bytes, at, false);
      int length = (int) Bytes.u32(bytes, at + 4, false);
      at += HEADER_BYTES;
      if (tag == Tag.SequenceDelimitationItem && length == 0 && (delimited || at == end)) {
        return items;
      }
      boolean undefined = length == UNDEFINED;
      if (tag != Tag.Item || depth + 1 > DEPTH_MAX || (!undefined && !fits(length, end))) {
        failed = true;
        return items;
      }
      items.add(elements(undefined ? end : at + length, depth + 1, undefined));
    }
    return items;
  }

  private List<Node> elements(int end, int depth, boolean delimited) {
    List<Node> elements = new ArrayList<>();
    while (!failed && (at < end || delimited)) {
      if (!hasHeader(end)) {
        return elements;
      }
      int tag = Bytes.tag(bytes, at, false);
      int length = (int) Bytes.u32(bytes, at + 4, false);
      at += HEADER_BYTES;
      if (tag == Tag.ItemDelimitationItem && length == 0 && delimited) {
        return elements;
      }
      if (Tag.group(tag) == Tag.group(Tag.Item)) {
        failed = true;
      } else if (length == UNDEFINED) {
        elements.add(new Node(tag, at, at, items(end, depth, true)));
      } else if (fits(length, end)) {
        elements.add(new Node(tag, at, at + length, null));
        at += length;
      } else {
        failed = true;
      }
    }
    return elements;
  }

  private boolean hasHeader(int end) {
    failed |= end - at < HEADER_BYTES;
    return !failed;
  }

  private boolean fits(int length, int end) {
    return length >= 0 && length <= end - at;
  }
}
