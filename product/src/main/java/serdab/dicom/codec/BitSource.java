package serdab.dicom.codec;

import java.lang.invoke.VarHandle;

/// The bits of one entropy-coded segment, without the stuffed ones (T.87 section A.1).
///
/// A segment ends at a marker: a byte of ones and then one whose first bit is set. Behind the last
/// bit come zeros without end as far as a decoder can go: no code is all zeros, so it stops there.
final class BitSource {

  private static final VarHandle LONGS = StuffedOutput.LONGS;

  /// Zeros behind the last bit: a refill and the longest run of zeros that is not an error.
  private static final int PADDING = 48;

  byte[] bytes = new byte[PADDING];

  /// The next byte to load.
  int at;

  /// The next bits, the first one highest; below the [#loaded] ones stand some that are loaded
  /// again.
  long next;

  int loaded;

  private long total;

  /// Takes the segment that begins at `from`.
  ///
  /// @return where the marker behind it stands, or `to` when there is none
  int open(byte[] stream, int from, int to) {
    return open(stream, from, to, 0);
  }

  /// As above, with that many bytes to read behind the end before [#pastEnd] is asked. What stands
  /// in them may be anything.
  int open(byte[] stream, int from, int to, int behind) {
    if (bytes.length < to - from + PADDING + behind) {
      bytes = new byte[to - from + PADDING + behind];
    }
    byte[] out = bytes;
    int length = 0;
    long waiting = 0;
    int shift = 0;
    boolean afterOnes = false;
    int i = from;
    while (i < to) {
      if (!afterOnes && to - i >= Long.BYTES) {
        long word = (long) LONGS.get(stream, i);
        if (((~word - 0x0101_0101_0101_0101L) & word & 0x8080_8080_8080_8080L) == 0) {
          LONGS.set(out, length, (waiting << 1 << (63 - shift)) | (word >>> shift));
          length += Long.BYTES;
          waiting = word & ((1L << shift) - 1);
          i += Long.BYTES;
          continue;
        }
      }
      int value = stream[i] & 0xFF;
      int count = 8;
      if (afterOnes) {
        if (value >= 0x80) {
          break;
        }
        count = 7;
      }
      afterOnes = value == 0xFF;
      waiting = (waiting << count) | value;
      shift += count;
      if (shift >= 8) {
        shift -= 8;
        out[length++] = (byte) (waiting >>> shift);
        waiting &= (1L << shift) - 1;
      }
      i++;
    }
    total = 8L * length + shift;
    int marker = i;
    if (i < to) {
      // The ones belong to the marker.
      total -= 8;
      marker = i - 1;
    }
    out[length] = (byte) (waiting << (8 - shift));
    clearFrom(total);
    at = 0;
    next = 0;
    loaded = 0;
    return marker;
  }

  private void clearFrom(long bit) {
    int index = (int) (bit >>> 3);
    bytes[index] &= (byte) (0xFF00 >>> (bit & 7));
    java.util.Arrays.fill(bytes, index + 1, index + PADDING - 8, (byte) 0);
  }

  /// Makes sure that 56 bits are loaded.
  void refill() {
    next |= (long) LONGS.get(bytes, at) >>> loaded;
    at += (63 - loaded) >> 3;
    loaded |= 56;
  }

  /// Passes over bits that are loaded.
  void skip(int count) {
    next <<= count;
    loaded -= count;
  }

  /// Reads 0 to 32 bits.
  int read(int count) {
    refill();
    int value = (int) (next >>> 1 >>> (63 - count));
    next <<= count;
    loaded -= count;
    return value;
  }

  /// Reads a Golomb code of limited length (section A.5.3).
  ///
  /// @param k at most 31
  /// @return the mapped error value, or -1 when there can be no such code
  int readGolomb(int k, int limit, int errorBits) {
    refill();
    int zeros = Long.numberOfLeadingZeros(next);
    int most = limit - errorBits - 1;
    if (zeros > most || zeros >= loaded) {
      return -1;
    }
    next = next << zeros << 1;
    loaded -= zeros + 1;
    long value = zeros < most ? ((long) zeros << k) + read(k) : read(errorBits) + 1;
    return value >>> errorBits > 1 ? -1 : (int) value;
  }

  /// How many bits were read, of a segment of less than 2^28 bytes.
  int position() {
    return 8 * at - loaded;
  }

  /// Goes on with the bit at this position.
  void moveTo(int position) {
    at = position >>> 3;
    next = 0;
    loaded = 0;
    refill();
    next <<= position & 7;
    loaded -= position & 7;
  }

  /// Whether all bits were read, up to the padding of the last byte.
  boolean atEnd() {
    long left = total - (8L * at - loaded);
    return left >= 0 && left < 8;
  }

  /// Whether more was read than there was.
  boolean pastEnd() {
    return 8L * at - loaded > total;
  }
}
