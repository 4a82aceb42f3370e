package serdab.ziptree;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/// Compresses bytes into a raw deflate stream (RFC 1951) that any inflater reads.
///
/// Made for uncompressed DICOM: a short header, then 16-bit pixels in little-endian order. Where
/// the bytes look like that, matches are only looked for where a pixel begins, which halves the
/// work and costs next to nothing. Everything else is compressed too, at the quality of a fast
/// level.
///
/// The same input gives the same output, whatever was compressed before. One thread at a time;
/// reusable, and meant to be reused: it holds about a megabyte of tables.
///
/// It is public for the benchmarks; the rest of the product meets it only inside this package.
///
/// @spec https://www.rfc-editor.org/info/rfc1951 RFC 1951: DEFLATE Compressed Data Format
public final class Deflate {

  /// How far back a match may lie (RFC 1951 section 2).
  static final int WINDOW_BYTES = 32 * 1024;

  /// A block has codes of its own. It stays below the 65,535 bytes that one stored block can hold,
  /// the last match included.
  static final int BLOCK_BYTES = 60_000;

  /// Whether bytes look like 16-bit pixels is decided anew this often.
  private static final int STRETCH_BYTES = 4 * 1024;

  /// A block with fewer bytes does not earn back its codes, so a change from header to pixels ends
  /// only a block that has as many.
  private static final int SPLIT_BYTES_MIN = 1024;

  /// The least a match must hold to be found at all.
  private static final int MATCH_MIN = 4;

  private static final int MATCH_MAX = 258;

  /// Matches are looked for only where this many bytes follow.
  private static final int LOOK_AHEAD = 8;

  /// Out of the window of every place; see [#forget].
  private static final int NEVER = -2 * WINDOW_BYTES;

  private static final int SAMPLE_STRIDE = 128;

  /// So many samples must be something else than a run, or they are no sign of anything.
  private static final int SAMPLES_MIN = 4;

  private static final int HASH_BITS = 15;
  private static final long LONG_HASH = 0x9E37_79B1_85EB_CA87L;
  private static final int SHORT_HASH = 0x9E37_79B1;

  /// Inside a match, places this near to its ends are remembered; a long run repeats itself.
  private static final int REMEMBERED_IN_MATCH = 32;

  /// After this many bytes without a match the search takes wider and wider steps.
  private static final int HURRY_AFTER_SHIFT = 8;

  /// Bytes past the last one written that the bit writer may touch.
  private static final int SLACK_BYTES = 16;

  static final int END_OF_BLOCK = 256;

  /// Four literals of this length fit the bit buffer beside seven waiting bits.
  private static final int LITERAL_CODE_LIMIT = 14;

  static final int[] LENGTH_BASES = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258
  };
  static final int[] LENGTH_EXTRA_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0
  };

  /// The order in which RFC 1951 section 3.2.7 sends the lengths of the code length code.
  static final int[] LENGTH_CODE_ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private static final byte[] LENGTH_SYMBOLS = lengthSymbols();

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /// Where eight, and four, bytes of some hash were last seen, as array index plus [#shift].
  private final int[] longSeen = new int[1 << HASH_BITS];

  private final int[] shortSeen = new int[1 << HASH_BITS];

  /// Added to an array index before it goes into the tables; [#forget] says why.
  private int shift;

  /// No table holds this value or a higher one.
  private int seenEnd;

  /// The matches of a block in order: bits 0-19 the literals before it, 20-31 its length, 32-47 its
  /// distance, 48-52 the symbol of the distance.
  private final long[] matches = new long[BLOCK_BYTES / MATCH_MIN + 1];

  private int matchCount;

  /// Where the literals begin that no match has followed yet.
  private int literalsFrom;

  /// First byte and second byte of a pixel are counted apart, so that counting never waits for the
  /// count before it.
  private final int[] literalCounts = new int[512];

  private final int[] lengthCounts = new int[MATCH_MAX + 1];
  private final int[] distanceCounts = new int[30];
  private final int[] symbolCounts = new int[286];
  private final int[] lengthCodeCounts = new int[19];

  private final PrefixCode literalCode = new PrefixCode(286, LITERAL_CODE_LIMIT);
  private final PrefixCode distanceCode = new PrefixCode(30, PrefixCode.LENGTH_LIMIT);
  private final PrefixCode lengthCode = new PrefixCode(19, 7);

  /// The code lengths of a block, run-length coded: the symbol in bits 0-7, extra bits above.
  private final int[] lengthRuns = new int[286 + 30];

  private int lengthRunCount;
  private final byte[] lengthRow = new byte[286 + 30];
  private int literalSymbols;
  private int distanceSymbols;
  private int lengthCodeSymbols;

  /// What to write for a literal or a match length: bits 0-23 what, bits 24-31 how many.
  private final int[] literalWords = new int[256];

  private final int[] lengthWords = new int[MATCH_MAX + 1];

  /// Bits 0-15 the code, 16-23 its length, 24-31 how many extra bits follow it.
  private final int[] distanceWords = new int[30];

  private long bits;
  private int bitCount;
  private int outPos;

  /// The step of the search: 2 where the bytes look like 16-bit pixels, else 1.
  private int step = 1;

  /// Whether pixels begin at even (0) or odd (1) places of the array.
  private int pixelParity;

  public Deflate() {
    this(0);
  }

  /// As if it had compressed so many bytes before.
  Deflate(int seenEnd) {
    forgetAll();
    this.seenEnd = seenEnd;
  }

  /// The largest number of bytes that [#compressPart] can make of `length` bytes, plus what the
  /// writer needs to itself; an `out` with this much room never turns a part away.
  public static int bound(int length) {
    long blocks = length / SPLIT_BYTES_MIN + 2L;
    return Math.toIntExact(length + 5 * blocks + 5 + SLACK_BYTES);
  }

  /// Compresses `in[from, to)` as one whole stream into `out` from `outFrom`.
  ///
  /// @return the number of bytes written, or -1 when that would not be less than the input or does
  ///   not fit; `out` then holds rubbish from `outFrom` on, and the caller stores the input
  /// @throws IndexOutOfBoundsException when a range does not lie in its array
  public int compress(byte[] in, int from, int to, byte[] out, int outFrom) {
    int written = compressPart(in, from, from, to, true, out, outFrom);
    return written < to - from ? written : -1;
  }

  /// Compresses `in[from, to)` as one part of a longer stream, into `out` from `outFrom`. Parts can
  /// be made at the same time, each by a `Deflate` of its own, and are joined by writing them one
  /// after the other.
  ///
  /// @param dictionaryFrom where the bytes before `from` begin that the part may refer to; at most
  ///   32 KiB of them are used, and they must be what the parts before this one decompress to
  /// @param last whether the stream ends with this part; else it ends with an empty stored block,
  ///   so that the next one begins on a byte
  /// @return the number of bytes written, or -1 when they do not fit; never with [#bound] bytes of
  ///   room. `out` is written up to 16 bytes further, within its length.
  /// @throws IndexOutOfBoundsException when a range does not lie in its array
  public int compressPart(
      byte[] in, int dictionaryFrom, int from, int to, boolean last, byte[] out, int outFrom) {
    Objects.checkFromToIndex(from, to, in.length);
    Objects.checkFromToIndex(dictionaryFrom, from, in.length);
    Objects.checkFromToIndex(outFrom, out.length, out.length);
    int lowest = Math.max(dictionaryFrom, from - WINDOW_BYTES);
    forget(lowest, to);
    step = 1;
    pixelParity = 0;
    rememberDictionary(in, lowest, from, to);
    bits = 0;
    bitCount = 0;
    outPos = outFrom;
    int pos = from;
    while (pos < to) {
      int end = findMatches(in, lowest, pos, to);
      if (!writeBlock(in, pos, end, last && end == to, out)) {
        return -1;
      }
      pos = end;
    }
    if (out.length - outPos < SLACK_BYTES) {
      return -1;
    }
    if (!last) {
      put(0b000, 3, out);
      putStoredLength(0, out);
    } else if (from == to) {
      put(0b011, 10, out); // a last block of the fixed code that holds only its end
    }
    alignToByte(out);
    return outPos - outFrom;
  }

  /// Moves the window past everything the tables hold, so that nothing of an earlier call can be
  /// found and the tables need not be cleared.
  private void forget(int lowest, int to) {
    long next = (long) seenEnd + WINDOW_BYTES + 1;
    long nextEnd = next + to - lowest;
    if (nextEnd > Integer.MAX_VALUE) {
      forgetAll();
      next = 0;
      nextEnd = (long) to - lowest;
    }
    shift = (int) (next - lowest);
    seenEnd = (int) nextEnd;
  }

  private void forgetAll() {
    Arrays.fill(longSeen, NEVER);
    Arrays.fill(shortSeen, NEVER);
  }

  private void rememberDictionary(byte[] in, int lowest, int from, int to) {
    for (int pos = lowest; pos < from; pos += STRETCH_BYTES) {
      int end = Math.min(pos + STRETCH_BYTES, from);
      choosePlaces(in, pos, end);
      remember(in, pos + misalignment(pos), Math.min(end, to - LOOK_AHEAD + 1));
    }
  }

  private void remember(byte[] in, int from, int to) {
    int stride = step;
    for (int pos = from; pos < to; pos += stride) {
      long here = (long) LONG.get(in, pos);
      longSeen[longSlot(here)] = pos + shift;
      shortSeen[shortSlot(here)] = pos + shift;
    }
  }

  private static int longSlot(long here) {
    return (int) ((here * LONG_HASH) >>> (64 - HASH_BITS));
  }

  private static int shortSlot(long here) {
    return ((int) here * SHORT_HASH) >>> (32 - HASH_BITS);
  }

  /// How many bytes to pass by until a pixel begins.
  private int misalignment(int pos) {
    return (pos ^ pixelParity) & (step - 1);
  }

  /// Looks at a sample of `in[from, to)` and sets [#step] and [#pixelParity].
  ///
  /// In 16-bit pixels the high byte mostly equals the high byte before it, and the low byte does
  /// not. Runs of one pixel value say nothing; with nothing else to see, all stays as it was.
  private void choosePlaces(byte[] in, int from, int to) {
    int evenTwins = 0;
    int oddTwins = 0;
    int neighbours = 0;
    int samples = 0;
    for (int pos = from + (from & 1); pos <= to - Long.BYTES; pos += SAMPLE_STRIDE) {
      long here = (long) LONG.get(in, pos);
      long twins = zeroBytes(here ^ (here >>> 16)) & 0x0000_8080_8080_8080L;
      if (twins != 0x0000_8080_8080_8080L) {
        samples++;
        evenTwins += Long.bitCount(twins & 0x0000_0080_0080_0080L);
        oddTwins += Long.bitCount(twins & 0x0000_8000_8000_8000L);
        neighbours += Long.bitCount(zeroBytes(here ^ (here >>> 8)) & 0x0000_8080_8080_8080L);
      }
    }
    if (samples < SAMPLES_MIN) {
      return;
    }
    int high = Math.max(evenTwins, oddTwins);
    int low = Math.min(evenTwins, oddTwins);
    boolean oneSided = high >= samples && high >= 2 * low;
    boolean smooth = high + low > 3 * neighbours + samples;
    step = oneSided || smooth ? 2 : 1;
    pixelParity = oddTwins >= evenTwins ? 0 : 1;
  }

  /// The top bit of each byte that is zero.
  private static long zeroBytes(long x) {
    long low = 0x7f7f_7f7f_7f7f_7f7fL;
    return ~(((x & low) + low) | x | low);
  }

  /// Finds the matches of the block that begins at `from`, counts its symbols, and returns its end.
  private int findMatches(byte[] in, int lowest, int from, int to) {
    Arrays.fill(literalCounts, 0);
    Arrays.fill(lengthCounts, 0);
    Arrays.fill(distanceCounts, 0);
    matchCount = 0;
    literalsFrom = from;
    // Blocks of about the same size, so that none is left with a handful of bytes.
    int blocks = (to - from - 1) / BLOCK_BYTES + 1;
    int end = from + (to - from) / blocks;
    int pos = from;
    while (pos < end) {
      int stretchEnd = Math.min(pos + STRETCH_BYTES, end);
      int stepBefore = step;
      choosePlaces(in, pos, stretchEnd);
      if (step != stepBefore && pos - from >= SPLIT_BYTES_MIN) {
        return pos;
      }
      pos = search(in, lowest, pos, stretchEnd, to);
    }
    return pos;
  }

  /// Searches `in[from, stretchEnd)` and returns where it stopped: `stretchEnd`, or further when a
  /// match leads there.
  private int search(byte[] in, int lowest, int from, int stretchEnd, int to) {
    int[] longSeen = this.longSeen;
    int[] shortSeen = this.shortSeen;
    int[] literalCounts = this.literalCounts;
    int shift = this.shift;
    int stride = this.step;
    int searchEnd = Math.min(stretchEnd, to - LOOK_AHEAD + 1);
    int pos = Math.min(countLiterals(in, from, from + misalignment(from)), stretchEnd);
    while (pos < searchEnd) {
      long here = (long) LONG.get(in, pos);
      int longSlot = longSlot(here);
      int shortSlot = shortSlot(here);
      int at = pos + shift;
      int distance = at - longSeen[longSlot];
      int shortDistance = at - shortSeen[shortSlot];
      longSeen[longSlot] = at;
      shortSeen[shortSlot] = at;
      long difference = -1;
      if ((distance - 1) >>> 15 == 0) {
        difference = (long) LONG.get(in, pos - distance) ^ here;
      }
      if (difference != 0 && (shortDistance - 1) >>> 15 == 0) {
        distance = shortDistance;
        difference = (long) LONG.get(in, pos - distance) ^ here;
      }
      if ((int) difference == 0) {
        pos = take(in, lowest, pos, distance, difference, to);
      } else {
        literalCounts[(int) here & 0xff]++;
        if (stride == 2) {
          literalCounts[256 + (((int) here >>> 8) & 0xff)]++;
        }
        pos += stride;
        int hurry = (pos - literalsFrom) >>> HURRY_AFTER_SHIFT;
        if (hurry > 0) {
          pos = countLiterals(in, pos, Math.min(pos + 2 * hurry, stretchEnd));
        }
      }
    }
    return countLiterals(in, pos, stretchEnd);
  }

  private int countLiterals(byte[] in, int from, int to) {
    int pos = from;
    for (; pos < to; pos++) {
      literalCounts[in[pos] & 0xff]++;
    }
    return pos;
  }

  /// Records the match at `pos`, remembers places inside it, and returns where to search on.
  ///
  /// @param difference the first eight bytes of the match, each exclusive-or its counterpart
  private int take(byte[] in, int lowest, int pos, int distance, long difference, int to) {
    int length = Long.numberOfTrailingZeros(difference) >>> 3;
    if (length == Long.BYTES) {
      length = matchLength(in, pos, distance, Math.min(MATCH_MAX, to - pos));
    }
    int end = pos + length;

    // The byte before a pixel is the high byte of its neighbour and often matches as well. No
    // branch here: it would be mispredicted half the time.
    int candidate = pos - distance;
    int unequal = (in[pos - 1] ^ in[Math.max(candidate - 1, 0)]) & 0xff;
    int back =
        ((unequal - 1) & (literalsFrom - pos) & (lowest - candidate) & (length - MATCH_MAX)) >>> 31;
    literalCounts[256 + (in[pos - 1] & 0xff)] -= back;

    int symbol = distanceSymbol(distance);
    int matched = length + back;
    matches[matchCount++] =
        ((long) symbol << 48)
            | ((long) distance << 32)
            | ((long) matched << 20)
            | (end - matched - literalsFrom);
    lengthCounts[matched]++;
    distanceCounts[symbol]++;
    literalsFrom = end;

    int stride = step;
    int rememberEnd = Math.min(end, to - LOOK_AHEAD + 1);
    int next = pos + stride;
    if (length > 2 * REMEMBERED_IN_MATCH) {
      remember(in, next, Math.min(pos + REMEMBERED_IN_MATCH, rememberEnd));
      next = end - REMEMBERED_IN_MATCH + (length & (stride - 1));
    }
    remember(in, next, rememberEnd);
    return (length & (stride - 1)) == 0 ? end : countLiterals(in, end, Math.min(end + 1, to));
  }

  private static int matchLength(byte[] in, int pos, int distance, int limit) {
    int length = Long.BYTES;
    for (; length <= limit - Long.BYTES; length += Long.BYTES) {
      long difference =
          (long) LONG.get(in, pos + length) ^ (long) LONG.get(in, pos - distance + length);
      if (difference != 0) {
        return length + (Long.numberOfTrailingZeros(difference) >>> 3);
      }
    }
    while (length < limit && in[pos + length] == in[pos - distance + length]) {
      length++;
    }
    return length;
  }

  /// The distance symbol without a table or branch: two symbols for each power of two, and 0 and 1
  /// for the distances 1 and 2 (RFC 1951 section 3.2.5).
  private static int distanceSymbol(int distance) {
    int x = distance - 1;
    int magnitude = 31 - Integer.numberOfLeadingZeros(x | 2);
    return 2 * magnitude + ((x >>> (magnitude - 1)) & 1) - (((x - 2) >>> 31) << 1);
  }

  static int distanceExtraBits(int symbol) {
    return Math.max(0, (symbol >> 1) - 1);
  }

  /// Writes `in[from, to)` as one block, in the form that takes the fewest bytes; false when it
  /// does not fit.
  private boolean writeBlock(byte[] in, int from, int to, boolean last, byte[] out) {
    countSymbols();
    literalCode.build(symbolCounts);
    distanceCode.build(distanceCounts);
    runLengths();
    lengthCode.build(lengthCodeCounts);
    long storedBits = ((5 - bitCount) & 7) + 3L + 32 + 8L * to - 8L * from;
    long codedBits = codedBits();
    long end = outPos + ((bitCount + Math.min(storedBits, codedBits) + 7) >>> 3);
    if (end + SLACK_BYTES > out.length) {
      return false;
    }
    int lastBit = last ? 1 : 0;
    if (storedBits <= codedBits) {
      put(lastBit, 3, out);
      putStoredLength(to - from, out);
      System.arraycopy(in, from, out, outPos, to - from);
      outPos += to - from;
      return true;
    }
    put(0b100 | lastBit, 3, out);
    putCodes(out);
    prepareWords();
    int literals = putMatches(in, from, out);
    putLiterals(in, literals, to, out);
    put(literalCode.codes[END_OF_BLOCK], literalCode.lengths[END_OF_BLOCK], out);
    return true;
  }

  private void countSymbols() {
    for (int i = 0; i < 256; i++) {
      symbolCounts[i] = literalCounts[i] + literalCounts[256 + i];
    }
    Arrays.fill(symbolCounts, 256, 286, 0);
    symbolCounts[END_OF_BLOCK] = 1;
    for (int length = 3; length <= MATCH_MAX; length++) {
      symbolCounts[257 + LENGTH_SYMBOLS[length]] += lengthCounts[length];
    }
  }

  /// Run-length codes the code lengths of both codes as one row (RFC 1951 section 3.2.7).
  private void runLengths() {
    Arrays.fill(lengthCodeCounts, 0);
    literalSymbols = usedSymbols(literalCode.lengths, 257);
    distanceSymbols = usedSymbols(distanceCode.lengths, 1);
    System.arraycopy(literalCode.lengths, 0, lengthRow, 0, literalSymbols);
    System.arraycopy(distanceCode.lengths, 0, lengthRow, literalSymbols, distanceSymbols);
    int rowEnd = literalSymbols + distanceSymbols;
    lengthRunCount = 0;
    int i = 0;
    while (i < rowEnd) {
      int length = lengthRow[i];
      int run = 1;
      while (i + run < rowEnd && lengthRow[i + run] == length) {
        run++;
      }
      i += run;
      if (length != 0) {
        addLengthRun(length, 0);
        run--;
      }
      while (run >= 3) {
        if (length != 0) {
          int part = Math.min(run, 6);
          addLengthRun(16, part - 3);
          run -= part;
        } else if (run <= 10) {
          addLengthRun(17, run - 3);
          run = 0;
        } else {
          int part = Math.min(run, 138);
          addLengthRun(18, part - 11);
          run -= part;
        }
      }
      for (; run > 0; run--) {
        addLengthRun(length, 0);
      }
    }
  }

  private void addLengthRun(int symbol, int extra) {
    lengthRuns[lengthRunCount++] = (extra << 8) | symbol;
    lengthCodeCounts[symbol]++;
  }

  private static int usedSymbols(byte[] lengths, int least) {
    int used = lengths.length;
    while (used > least && lengths[used - 1] == 0) {
      used--;
    }
    return used;
  }

  private static int lengthRunExtraBits(int symbol) {
    return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
  }

  /// How many bits the block takes with codes of its own.
  private long codedBits() {
    lengthCodeSymbols = 19;
    while (lengthCodeSymbols > 4
        && lengthCode.lengths[LENGTH_CODE_ORDER[lengthCodeSymbols - 1]] == 0) {
      lengthCodeSymbols--;
    }
    long total = 3 + 5 + 5 + 4 + 3L * lengthCodeSymbols;
    for (int symbol = 0; symbol < 19; symbol++) {
      total +=
          (long) lengthCodeCounts[symbol]
              * (lengthCode.lengths[symbol] + lengthRunExtraBits(symbol));
    }
    for (int symbol = 0; symbol < 286; symbol++) {
      int extra = symbol < 257 ? 0 : LENGTH_EXTRA_BITS[symbol - 257];
      total += (long) symbolCounts[symbol] * (literalCode.lengths[symbol] + extra);
    }
    for (int symbol = 0; symbol < 30; symbol++) {
      total +=
          (long) distanceCounts[symbol]
              * (distanceCode.lengths[symbol] + distanceExtraBits(symbol));
    }
    return total;
  }

  private void putCodes(byte[] out) {
    put(literalSymbols - 257, 5, out);
    put(distanceSymbols - 1, 5, out);
    put(lengthCodeSymbols - 4, 4, out);
    for (int i = 0; i < lengthCodeSymbols; i++) {
      put(lengthCode.lengths[LENGTH_CODE_ORDER[i]], 3, out);
    }
    for (int i = 0; i < lengthRunCount; i++) {
      int symbol = lengthRuns[i] & 0xff;
      put(lengthCode.codes[symbol], lengthCode.lengths[symbol], out);
      put(lengthRuns[i] >>> 8, lengthRunExtraBits(symbol), out);
    }
  }

  private void prepareWords() {
    for (int i = 0; i < 256; i++) {
      literalWords[i] = (literalCode.lengths[i] << 24) | literalCode.codes[i];
    }
    for (int length = 3; length <= MATCH_MAX; length++) {
      int symbol = LENGTH_SYMBOLS[length];
      int codeLength = literalCode.lengths[257 + symbol];
      int extra = (length - LENGTH_BASES[symbol]) << codeLength;
      lengthWords[length] =
          ((codeLength + LENGTH_EXTRA_BITS[symbol]) << 24)
              | extra
              | literalCode.codes[257 + symbol];
    }
    for (int symbol = 0; symbol < 30; symbol++) {
      distanceWords[symbol] =
          (distanceExtraBits(symbol) << 24)
              | (distanceCode.lengths[symbol] << 16)
              | distanceCode.codes[symbol];
    }
  }

  /// Writes every match of the block with the literals before it; returns where the literals begin
  /// that follow the last one.
  private int putMatches(byte[] in, int from, byte[] out) {
    long[] matches = this.matches;
    int[] literalWords = this.literalWords;
    int[] lengthWords = this.lengthWords;
    int[] distanceWords = this.distanceWords;
    long bits = this.bits;
    int bitCount = this.bitCount;
    int outPos = this.outPos;
    int pos = from;
    int count = matchCount;
    for (int i = 0; i < count; i++) {
      long match = matches[i];
      int literals = (int) match & 0xfffff;
      int next = pos + literals;
      // Four at a time, and those past the end as nothing, because most runs are short and of no
      // predictable length. A match of at least four bytes follows, so reading on is safe.
      int left = literals;
      do {
        int four = (int) INT.get(in, pos);
        int a = literalWords[four & 0xff] & (-left >> 31);
        int b = literalWords[(four >>> 8) & 0xff] & ((1 - left) >> 31);
        int c = literalWords[(four >>> 16) & 0xff] & ((2 - left) >> 31);
        int d = literalWords[four >>> 24] & ((3 - left) >> 31);
        long ab = ((long) (b & 0xffffff) << (a >>> 24)) | (a & 0xffffff);
        long cd = ((long) (d & 0xffffff) << (c >>> 24)) | (c & 0xffffff);
        int abCount = (a >>> 24) + (b >>> 24);
        bits |= ((cd << abCount) | ab) << bitCount;
        bitCount += abCount + (c >>> 24) + (d >>> 24);
        LONG.set(out, outPos, bits);
        outPos += bitCount >>> 3;
        bits >>>= bitCount & 0x38;
        bitCount &= 7;
        pos += 4;
        left -= 4;
      } while (left > 0);

      int length = (int) match >>> 20;
      int lengthWord = lengthWords[length];
      int distanceWord = distanceWords[(int) (match >>> 48)];
      int distance = (int) (match >>> 32) & 0xffff;
      int codeLength = (distanceWord >>> 16) & 0xff;
      int extraBits = distanceWord >>> 24;
      long extra = (distance - 1) & ((1L << extraBits) - 1);
      bits |= (long) (lengthWord & 0xffffff) << bitCount;
      bitCount += lengthWord >>> 24;
      bits |= ((extra << codeLength) | (distanceWord & 0xffff)) << bitCount;
      bitCount += codeLength + extraBits;
      LONG.set(out, outPos, bits);
      outPos += bitCount >>> 3;
      bits >>>= bitCount & 0x38;
      bitCount &= 7;
      pos = next + length;
    }
    this.bits = bits;
    this.bitCount = bitCount;
    this.outPos = outPos;
    return pos;
  }

  private void putLiterals(byte[] in, int from, int to, byte[] out) {
    for (int pos = from; pos < to; pos++) {
      int word = literalWords[in[pos] & 0xff];
      put(word & 0xffffff, word >>> 24, out);
    }
  }

  private void putStoredLength(int length, byte[] out) {
    alignToByte(out);
    put(length, 16, out);
    put(~length & 0xffff, 16, out);
  }

  private void alignToByte(byte[] out) {
    put(0, -bitCount & 7, out);
  }

  /// Writes the low `count` bits of `value`, at most 24; the others are 0.
  private void put(int value, int count, byte[] out) {
    bits |= (long) value << bitCount;
    bitCount += count;
    LONG.set(out, outPos, bits);
    outPos += bitCount >>> 3;
    bits >>>= bitCount & 0x38;
    bitCount &= 7;
  }

  private static byte[] lengthSymbols() {
    byte[] symbols = new byte[MATCH_MAX + 1];
    int symbol = 0;
    for (int length = 3; length <= MATCH_MAX; length++) {
      if (symbol + 1 < LENGTH_BASES.length && length >= LENGTH_BASES[symbol + 1]) {
        symbol++;
      }
      symbols[length] = (byte) symbol;
    }
    return symbols;
  }
}
