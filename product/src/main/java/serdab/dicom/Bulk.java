package serdab.dicom;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;

/// One bulk value: hashed while it goes by, and not kept. One thread at a time.
final class Bulk {

  /// From here on a value is bulk (docs/format/digests.md, section 2).
  static final long BULK_BYTES_MIN = 65_536;

  private static final int SWAP_BYTES = 8 << 10;

  private final int element;
  private final boolean isFragments;
  private final int wordBytes;
  private final byte[] padding;

  /// Made when the first byte comes and given up with the last: there may be many of us.
  private @Nullable MessageDigest hasher;

  /// Bytes in the other order, waiting for the rest of their word.
  private byte[] swap = {};

  private int swapped;
  private long length;
  private @Nullable Sha256 digest;
  private long[] frameLengths = {};

  /// What may be a sequence without VR is kept, as far as it may be one.
  private byte @Nullable [] held;

  private int heldLength;

  private Bulk(int element, boolean isFragments, int wordBytes, byte[] padding) {
    this.element = element;
    this.isFragments = isFragments;
    this.wordBytes = wordBytes;
    this.padding = padding;
  }

  static Bulk ofValue(int element, int wordBytes, byte[] padding, boolean held) {
    Bulk bulk = new Bulk(element, false, wordBytes, padding);
    if (held) {
      bulk.held = new byte[0];
    }
    return bulk;
  }

  static Bulk ofFragments(int element) {
    return new Bulk(element, true, 1, new byte[1]);
  }

  int element() {
    return element;
  }

  boolean isFragments() {
    return isFragments;
  }

  long[] frameLengths() {
    return frameLengths;
  }

  void setFrameLengths(long[] lengths) {
    frameLengths = lengths;
  }

  /// The bytes, when they begin like an item and are few enough to be searched for more; else null.
  byte @Nullable [] held() {
    return held;
  }

  int heldLength() {
    return heldLength;
  }

  void letGo() {
    held = null;
  }

  /// The length after [#finish], padding included.
  long length() {
    return length;
  }

  void update(ByteBuffer bytes) {
    length += bytes.remaining();
    if (wordBytes == 1) {
      keep(bytes);
      hasher().update(bytes);
      return;
    }
    if (swap.length == 0) {
      swap = new byte[SWAP_BYTES];
    }
    while (bytes.hasRemaining()) {
      int count = Math.min(bytes.remaining(), SWAP_BYTES - swapped);
      bytes.get(swap, swapped, count);
      swapped += count;
      int whole = swapped - swapped % wordBytes;
      takeSwapped(whole);
      System.arraycopy(swap, whole, swap, 0, swapped - whole);
      swapped -= whole;
    }
  }

  private void takeSwapped(int whole) {
    reverseWords(swap, 0, whole, wordBytes);
    keep(ByteBuffer.wrap(swap, 0, whole));
    hasher().update(swap, 0, whole);
  }

  private MessageDigest hasher() {
    MessageDigest known = hasher;
    if (known == null) {
      known = Sha256.hasher();
      hasher = known;
    }
    return known;
  }

  private void keep(ByteBuffer bytes) {
    byte[] kept = held;
    if (kept == null) {
      return;
    }
    int count = bytes.remaining();
    if (!SequenceInValue.begins(bytes, heldLength)) {
      held = null;
      return;
    }
    if (heldLength + count > kept.length) {
      kept = Arrays.copyOf(kept, Math.max(heldLength + count, 2 * kept.length));
      held = kept;
    }
    bytes.get(bytes.position(), kept, heldLength, count);
    heldLength += count;
  }

  /// A frame ends: of odd length, it is made even.
  void endFrame(long frameLength) {
    if ((frameLength & 1) != 0) {
      hasher().update((byte) 0);
    }
  }

  Sha256 finish() {
    Sha256 known = digest;
    if (known != null) {
      return known;
    }
    if (swapped > 0) {
      keep(ByteBuffer.wrap(swap, 0, swapped));
      hasher().update(swap, 0, swapped);
    }
    if (!isFragments && (length & 1) != 0) {
      hasher().update(padding);
      length++;
    }
    Sha256 made = Sha256.finish(hasher());
    digest = made;
    hasher = null;
    swap = new byte[0];
    return made;
  }

  /// Reverses the bytes of every whole word in place.
  static void reverseWords(byte[] bytes, int from, int length, int wordBytes) {
    int end = from + length - length % wordBytes;
    for (int word = from; word < end; word += wordBytes) {
      for (int i = word, j = word + wordBytes - 1; i < j; i++, j--) {
        byte b = bytes[i];
        bytes[i] = bytes[j];
        bytes[j] = b;
      }
    }
  }
}
