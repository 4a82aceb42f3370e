package serdab.ziptree;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/// Decompresses a raw deflate stream (RFC 1951) piece by piece, about half as fast again as the
/// JDK's inflater.
///
/// The stream comes in pieces of any size, the output goes into pieces of any size, and nothing is
/// allocated by what the stream says. What the JDK's inflater refuses is refused here: codes that
/// are incomplete or overfull, distances beyond the beginning, symbols that mean nothing.
///
/// One thread at a time; reusable by [#reset].
///
/// It is public for the benchmarks; the rest of the product meets it only inside this package.
///
/// @spec https://www.rfc-editor.org/info/rfc1951 RFC 1951: DEFLATE Compressed Data Format
public final class Inflate {

  /// Why [#inflate] returned.
  public enum Outcome {
    /// It has used the input but for less than a kilobyte; [#consumedTo] says from where on to
    /// offer it again, with more behind it. When there is no more, the stream is cut short.
    NEEDS_INPUT,
    /// The room for output is full and the stream has not ended.
    NEEDS_ROOM,
    /// The stream ended; [#consumedTo] says where.
    FINISHED
  }

  private enum State {
    BLOCK_BEGINS,
    STORED,
    CODED,
    FINISHED
  }

  /// Codes up to this length are found by one look-up, longer ones by two.
  private static final int LITERAL_TABLE_BITS = 11;

  private static final int DISTANCE_TABLE_BITS = 9;
  private static final int LENGTH_CODE_BITS = 7;
  private static final int CODE_LENGTH_MAX = 15;

  /// A second table of `2^b` entries holds at least `b + 1` symbols, so these have room for all.
  private static final int LITERAL_TABLE_LENGTH = (1 << LITERAL_TABLE_BITS) + 1024;

  private static final int DISTANCE_TABLE_LENGTH = (1 << DISTANCE_TABLE_BITS) + 512;

  // An entry of a table: bits 0-5 how many bits to take, extra bits included; 8-12 how many of them
  // are the code, or the width of the second table; 16-31 the literal, the base of the length or
  // distance, or where the second table begins.
  private static final int LITERAL = 1 << 6;
  private static final int SECOND_TABLE = 1 << 7;
  private static final int EXCEPTION = 1 << 13;
  private static final int END_OF_BLOCK = 1 << 14;

  /// What one turn of the fast loop may read: two times eight bytes.
  private static final int FAST_INPUT = 16;

  /// What one turn of the fast loop may write: two literals and a match, rounded up to eight bytes.
  private static final int FAST_ROOM = 2 + 258 + 8;

  private static final int LITERAL_SYMBOLS = 286;
  private static final int DISTANCE_SYMBOLS = 30;

  /// The fixed code has two symbols more of each kind, which may not occur (section 3.2.6).
  private static final int FIXED_LITERAL_SYMBOLS = 288;

  private static final int FIXED_DISTANCE_SYMBOLS = 32;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final int[] literalTable = new int[LITERAL_TABLE_LENGTH];
  private final int[] distanceTable = new int[DISTANCE_TABLE_LENGTH];
  private final int[] lengthCodeTable = new int[1 << LENGTH_CODE_BITS];
  private final byte[] codeLengths = new byte[FIXED_LITERAL_SYMBOLS + FIXED_DISTANCE_SYMBOLS];
  private final int[] lengthCounts = new int[CODE_LENGTH_MAX + 1];
  private final int[] offsets = new int[CODE_LENGTH_MAX + 2];
  private final int[] sorted = new int[FIXED_LITERAL_SYMBOLS];

  private State state = State.BLOCK_BEGINS;
  private boolean lastBlock;

  /// The tables hold the fixed code, so that a stream of many small blocks does not remake them.
  private boolean tablesAreFixed;

  private int storedLeft;
  private int matchLeft;
  private int matchDistance;

  private long bits;
  private int bitCount;
  private int inPos;
  private int outPos;
  private boolean starved;

  public Inflate() {
    reset();
  }

  /// Begins a new stream.
  public void reset() {
    state = State.BLOCK_BEGINS;
    lastBlock = false;
    storedLeft = 0;
    matchLeft = 0;
    bits = 0;
    bitCount = 0;
    inPos = 0;
    outPos = 0;
  }

  /// Where in the last input the next call goes on, or where the stream ended.
  public int consumedTo() {
    return inPos;
  }

  /// The end of what the last call wrote.
  public int producedTo() {
    return outPos;
  }

  /// Decompresses one whole stream from `in[from, to)` into `out[outFrom, outTo)`.
  ///
  /// @return how many bytes it decompressed to
  /// @throws DataFormatException when the stream breaks a rule, ends before `to` or after it, or
  ///   does not fit
  public int inflateWhole(byte[] in, int from, int to, byte[] out, int outFrom, int outTo)
      throws DataFormatException {
    reset();
    Outcome outcome = inflate(in, from, to, out, outFrom, outFrom, outTo);
    return switch (outcome) {
      case NEEDS_INPUT -> throw new DataFormatException("the stream is cut short");
      case NEEDS_ROOM -> throw new DataFormatException("the stream is longer than it should be");
      case FINISHED -> {
        if (inPos != to) {
          throw new DataFormatException("the stream ends before its place does");
        }
        yield outPos - outFrom;
      }
    };
  }

  /// Goes on with the stream: reads from `in[from, to)` and writes into `out[outFrom, outTo)`.
  ///
  /// @param historyFrom what `out` holds from there to `outFrom` is the end of what the stream has
  ///   given so far: all of it, or its last 32 KiB at least
  /// @return why it stopped; [#consumedTo] and [#producedTo] say where. Within `outTo`, bytes after
  ///   [#producedTo] may have been overwritten.
  /// @throws DataFormatException when the stream breaks a rule; the stream is then at an end
  /// @throws IndexOutOfBoundsException when a range does not lie in its array
  public Outcome inflate(
      byte[] in, int from, int to, byte[] out, int historyFrom, int outFrom, int outTo)
      throws DataFormatException {
    Objects.checkFromToIndex(from, to, in.length);
    Objects.checkFromToIndex(outFrom, outTo, out.length);
    Objects.checkFromToIndex(historyFrom, outFrom, out.length);
    inPos = from;
    outPos = outFrom;
    @Nullable Outcome outcome = null;
    while (outcome == null) {
      outcome =
          switch (state) {
            case BLOCK_BEGINS -> beginBlock(in, to) ? null : Outcome.NEEDS_INPUT;
            case STORED -> copyStored(in, to, out, outTo);
            case CODED -> decode(in, to, out, historyFrom, outTo);
            case FINISHED -> Outcome.FINISHED;
          };
    }
    return outcome;
  }

  /// Reads what a block begins with; false, and nothing consumed, when the input ends before it.
  private boolean beginBlock(byte[] in, int to) throws DataFormatException {
    long bitsBefore = bits;
    int bitCountBefore = bitCount;
    int inPosBefore = inPos;
    starved = false;
    boolean last = take(in, to, 1) == 1;
    int form = take(in, to, 2);
    State next = State.CODED;
    switch (form) {
      case 0 -> {
        take(in, to, bitCount & 7);
        int length = take(in, to, 16);
        int check = take(in, to, 16);
        if (!starved && (length ^ check) != 0xffff) {
          throw new DataFormatException("a stored block contradicts itself about its length");
        }
        storedLeft = length;
        next = State.STORED;
      }
      case 1 -> makeFixedTables();
      case 2 -> readTables(in, to);
      default -> throw new DataFormatException("a block of an unknown form");
    }
    if (starved) {
      bits = bitsBefore;
      bitCount = bitCountBefore;
      inPos = inPosBefore;
      return false;
    }
    lastBlock = last;
    state = next;
    return true;
  }

  private void endBlock() {
    state = lastBlock ? State.FINISHED : State.BLOCK_BEGINS;
  }

  /// The next `count` bits, at most 16; 0 and [#starved] when the input ends before.
  private int take(byte[] in, int to, int count) {
    while (bitCount < count) {
      if (inPos == to) {
        starved = true;
        return 0;
      }
      bits |= (in[inPos++] & 0xffL) << bitCount;
      bitCount += 8;
    }
    int taken = (int) bits & ((1 << count) - 1);
    drop(count);
    return taken;
  }

  private void drop(int count) {
    bits >>>= count;
    bitCount -= count;
  }

  private @Nullable Outcome copyStored(byte[] in, int to, byte[] out, int outTo) {
    int length = Math.min(storedLeft, Math.min(to - inPos, outTo - outPos));
    System.arraycopy(in, inPos, out, outPos, length);
    inPos += length;
    outPos += length;
    storedLeft -= length;
    if (storedLeft == 0) {
      endBlock();
      return null;
    }
    return inPos == to ? Outcome.NEEDS_INPUT : Outcome.NEEDS_ROOM;
  }

  private void makeFixedTables() throws DataFormatException {
    if (tablesAreFixed) {
      return;
    }
    Arrays.fill(codeLengths, 0, 144, (byte) 8);
    Arrays.fill(codeLengths, 144, 256, (byte) 9);
    Arrays.fill(codeLengths, 256, 280, (byte) 7);
    Arrays.fill(codeLengths, 280, FIXED_LITERAL_SYMBOLS, (byte) 8);
    Arrays.fill(
        codeLengths,
        FIXED_LITERAL_SYMBOLS,
        FIXED_LITERAL_SYMBOLS + FIXED_DISTANCE_SYMBOLS,
        (byte) 5);
    makeLiteralTable(FIXED_LITERAL_SYMBOLS);
    makeDistanceTable(FIXED_LITERAL_SYMBOLS, FIXED_DISTANCE_SYMBOLS);
    tablesAreFixed = true;
  }

  /// Reads the codes of a block (section 3.2.7); incomplete when [#starved].
  private void readTables(byte[] in, int to) throws DataFormatException {
    tablesAreFixed = false;
    int literals = take(in, to, 5) + 257;
    int distances = take(in, to, 5) + 1;
    int lengthCodes = take(in, to, 4) + 4;
    if (starved) {
      return;
    }
    if (literals > LITERAL_SYMBOLS || distances > DISTANCE_SYMBOLS) {
      throw new DataFormatException("a code with too many symbols");
    }
    Arrays.fill(codeLengths, 0, Deflate.LENGTH_CODE_ORDER.length, (byte) 0);
    for (int i = 0; i < lengthCodes; i++) {
      codeLengths[Deflate.LENGTH_CODE_ORDER[i]] = (byte) take(in, to, 3);
    }
    if (starved) {
      return;
    }
    makeLengthCodeTable();
    readCodeLengths(in, to, literals + distances);
    if (starved) {
      return;
    }
    if (codeLengths[Deflate.END_OF_BLOCK] == 0) {
      throw new DataFormatException("a block that cannot end");
    }
    makeLiteralTable(literals);
    makeDistanceTable(literals, distances);
  }

  private void readCodeLengths(byte[] in, int to, int count) throws DataFormatException {
    int i = 0;
    while (i < count) {
      while (bitCount < LENGTH_CODE_BITS && inPos < to) {
        bits |= (in[inPos++] & 0xffL) << bitCount;
        bitCount += 8;
      }
      int entry = lengthCodeTable[(int) bits & ((1 << LENGTH_CODE_BITS) - 1)];
      if ((entry & 0x3f) > bitCount) {
        starved = true;
        return;
      }
      drop(entry & 0x3f);
      int symbol = entry >>> 16;
      int run = 1;
      byte length = (byte) symbol;
      if (symbol >= 16) {
        run =
            switch (symbol) {
              case 16 -> 3 + take(in, to, 2);
              case 17 -> 3 + take(in, to, 3);
              default -> 11 + take(in, to, 7);
            };
        if (starved) {
          return;
        }
        if (symbol == 16 && i == 0) {
          throw new DataFormatException("a code that begins by repeating nothing");
        }
        length = symbol == 16 ? codeLengths[i - 1] : 0;
      }
      if (run > count - i) {
        throw new DataFormatException("a code with more symbols than it announced");
      }
      Arrays.fill(codeLengths, i, i + run, length);
      i += run;
    }
  }

  private void makeLengthCodeTable() throws DataFormatException {
    int longest = sortByLength(0, Deflate.LENGTH_CODE_ORDER.length);
    if (longest == 0 || freePlaces() != 0) {
      throw new DataFormatException("an incomplete code");
    }
    int code = 0;
    int next = 0;
    for (int length = 1; length <= longest; length++) {
      code <<= 1;
      for (int n = lengthCounts[length]; n > 0; n--) {
        int entry = (sorted[next++] << 16) | length;
        spread(lengthCodeTable, 0, 1 << LENGTH_CODE_BITS, reversed(code++, length), length, entry);
      }
    }
  }

  private void makeLiteralTable(int count) throws DataFormatException {
    makeTable(true, literalTable, LITERAL_TABLE_BITS, 0, count);
  }

  private void makeDistanceTable(int from, int count) throws DataFormatException {
    makeTable(false, distanceTable, DISTANCE_TABLE_BITS, from, count);
  }

  private void makeTable(boolean forLiterals, int[] table, int tableBits, int from, int count)
      throws DataFormatException {
    int longest = sortByLength(from, count);
    // A code of a single symbol has one bit, of which one value means nothing (section 3.2.7).
    if (freePlaces() > 0 && longest > 1) {
      throw new DataFormatException("an incomplete code");
    }
    if (longest <= 1) {
      Arrays.fill(table, 0, 1 << tableBits, EXCEPTION | 1);
    }
    int code = 0;
    int next = 0;
    int secondsEnd = 1 << tableBits;
    int second = 0;
    int secondBits = 0;
    int prefix = -1;
    for (int length = 1; length <= longest; length++) {
      code <<= 1;
      for (int n = lengthCounts[length]; n > 0; n--) {
        int symbol = sorted[next++];
        int turned = reversed(code++, length);
        if (length <= tableBits) {
          spread(table, 0, 1 << tableBits, turned, length, entry(forLiterals, symbol, length));
          continue;
        }
        if (prefix != (turned & ((1 << tableBits) - 1))) {
          prefix = turned & ((1 << tableBits) - 1);
          second = secondsEnd;
          secondBits = secondTableBits(length, n, tableBits);
          secondsEnd += 1 << secondBits;
          table[prefix] = (second << 16) | EXCEPTION | (secondBits << 8) | SECOND_TABLE | tableBits;
        }
        int left = length - tableBits;
        spread(
            table,
            second,
            1 << secondBits,
            turned >>> tableBits,
            left,
            entry(forLiterals, symbol, left));
      }
    }
  }

  /// The width of a second table whose first code has this length, `atLength` of which are left: as
  /// many bits as it takes until codes have filled it.
  private int secondTableBits(int firstLength, int atLength, int tableBits) {
    int length = firstLength;
    int free = (1 << (length - tableBits)) - atLength;
    while (free > 0 && length < CODE_LENGTH_MAX) {
      length++;
      free = 2 * free - lengthCounts[length];
    }
    return length - tableBits;
  }

  /// Sorts the symbols that have a code by its length, counts them, and returns the longest length.
  private int sortByLength(int from, int count) {
    Arrays.fill(lengthCounts, 0);
    for (int i = 0; i < count; i++) {
      lengthCounts[codeLengths[from + i]]++;
    }
    lengthCounts[0] = 0;
    int longest = 0;
    offsets[1] = 0;
    for (int length = 1; length <= CODE_LENGTH_MAX; length++) {
      offsets[length + 1] = offsets[length] + lengthCounts[length];
      if (lengthCounts[length] > 0) {
        longest = length;
      }
    }
    for (int i = 0; i < count; i++) {
      int length = codeLengths[from + i];
      if (length > 0) {
        sorted[offsets[length]++] = i;
      }
    }
    return longest;
  }

  /// How much of the code space of [#lengthCounts] is free, in codes of the longest length.
  private int freePlaces() throws DataFormatException {
    int free = 1;
    for (int length = 1; length <= CODE_LENGTH_MAX; length++) {
      free = 2 * free - lengthCounts[length];
      if (free < 0) {
        throw new DataFormatException("an overfull code");
      }
    }
    return free;
  }

  private static int reversed(int code, int length) {
    return Integer.reverse(code) >>> (32 - length);
  }

  private static void spread(
      int[] table, int from, int tableLength, int code, int length, int entry) {
    for (int i = code; i < tableLength; i += 1 << length) {
      table[from + i] = entry;
    }
  }

  private static int entry(boolean forLiterals, int symbol, int codeBits) {
    if (forLiterals) {
      if (symbol < Deflate.END_OF_BLOCK) {
        return (symbol << 16) | LITERAL | codeBits;
      }
      if (symbol == Deflate.END_OF_BLOCK) {
        return EXCEPTION | END_OF_BLOCK | codeBits;
      }
      if (symbol >= LITERAL_SYMBOLS) {
        return EXCEPTION | codeBits;
      }
      int length = symbol - Deflate.END_OF_BLOCK - 1;
      return (Deflate.LENGTH_BASES[length] << 16)
          | (codeBits << 8)
          | (codeBits + Deflate.LENGTH_EXTRA_BITS[length]);
    }
    if (symbol >= DISTANCE_SYMBOLS) {
      return EXCEPTION | codeBits;
    }
    int extra = Deflate.distanceExtraBits(symbol);
    int base = symbol < 2 ? symbol + 1 : ((2 | (symbol & 1)) << extra) + 1;
    return (base << 16) | (codeBits << 8) | (codeBits + extra);
  }

  /// Decodes until the block, the input or the room ends; null when the block does.
  private @Nullable Outcome decode(byte[] in, int to, byte[] out, int historyFrom, int outTo)
      throws DataFormatException {
    boolean blockGoesOn = true;
    @Nullable Outcome outcome = null;
    while (blockGoesOn && outcome == null) {
      if (to - inPos >= FAST_INPUT && outTo - outPos >= FAST_ROOM && matchLeft == 0) {
        blockGoesOn = decodeFast(in, to, out, historyFrom, outTo);
      } else {
        outcome = decodeOne(in, to, out, historyFrom, outTo);
        blockGoesOn = state == State.CODED;
      }
    }
    // Whole bytes that were read ahead go back, so that what follows finds them in the input.
    inPos -= bitCount >>> 3;
    bitCount &= 7;
    bits &= (1L << bitCount) - 1;
    if (state == State.FINISHED) {
      bits = 0;
      bitCount = 0;
    }
    return outcome;
  }

  /// Decodes while input and room are ample; false when the block has ended.
  private boolean decodeFast(byte[] in, int to, byte[] out, int historyFrom, int outTo)
      throws DataFormatException {
    int[] literalTable = this.literalTable;
    int[] distanceTable = this.distanceTable;
    long bits = this.bits;
    int bitCount = this.bitCount;
    int inPos = this.inPos;
    int outPos = this.outPos;
    int inLimit = to - FAST_INPUT;
    int outLimit = outTo - FAST_ROOM;
    int literalMask = (1 << LITERAL_TABLE_BITS) - 1;
    boolean blockGoesOn = true;
    while (inPos <= inLimit && outPos <= outLimit) {
      // At least 56 bits are there after this, and those beyond bitCount are right as well.
      bits |= (long) LONG.get(in, inPos) << bitCount;
      inPos += (63 - bitCount) >>> 3;
      bitCount |= 56;
      int entry = literalTable[(int) bits & literalMask];
      if ((entry & LITERAL) != 0) {
        out[outPos++] = (byte) (entry >>> 16);
        bits >>>= entry;
        bitCount -= entry & 0x3f;
        entry = literalTable[(int) bits & literalMask];
        if ((entry & LITERAL) != 0) {
          out[outPos++] = (byte) (entry >>> 16);
          bits >>>= entry;
          bitCount -= entry & 0x3f;
          entry = literalTable[(int) bits & literalMask];
          if ((entry & LITERAL) != 0) {
            out[outPos++] = (byte) (entry >>> 16);
            bits >>>= entry;
            bitCount -= entry & 0x3f;
            continue;
          }
        }
        bits |= (long) LONG.get(in, inPos) << bitCount;
        inPos += (63 - bitCount) >>> 3;
        bitCount |= 56;
      }
      if ((entry & EXCEPTION) != 0) {
        if ((entry & SECOND_TABLE) != 0) {
          bits >>>= LITERAL_TABLE_BITS;
          bitCount -= LITERAL_TABLE_BITS;
          entry = literalTable[secondIndex(entry, bits)];
        }
        if ((entry & LITERAL) != 0) {
          out[outPos++] = (byte) (entry >>> 16);
          bits >>>= entry;
          bitCount -= entry & 0x3f;
          continue;
        }
        if ((entry & EXCEPTION) != 0) {
          checkEndOfBlock(entry);
          bits >>>= entry;
          bitCount -= entry & 0x3f;
          endBlock();
          blockGoesOn = false;
          break;
        }
      }
      int length = value(entry, bits);
      bits >>>= entry;
      bitCount -= entry & 0x3f;
      entry = distanceTable[(int) bits & ((1 << DISTANCE_TABLE_BITS) - 1)];
      if ((entry & EXCEPTION) != 0) {
        if ((entry & SECOND_TABLE) != 0) {
          bits >>>= DISTANCE_TABLE_BITS;
          bitCount -= DISTANCE_TABLE_BITS;
          entry = distanceTable[secondIndex(entry, bits)];
        }
        checkDistanceSymbol(entry);
      }
      int distance = value(entry, bits);
      bits >>>= entry;
      bitCount -= entry & 0x3f;
      checkDistance(distance, outPos - historyFrom);
      int end = outPos + length;
      if (distance >= Long.BYTES) {
        int fromPos = outPos - distance;
        LONG.set(out, outPos, (long) LONG.get(out, fromPos));
        if (length > Long.BYTES) {
          int pos = outPos + Long.BYTES;
          fromPos += Long.BYTES;
          do {
            LONG.set(out, pos, (long) LONG.get(out, fromPos));
            pos += Long.BYTES;
            fromPos += Long.BYTES;
          } while (pos < end);
        }
      } else {
        copyNear(out, outPos, distance, end);
      }
      outPos = end;
    }
    this.bits = bits & ((1L << bitCount) - 1);
    this.bitCount = bitCount;
    this.inPos = inPos;
    this.outPos = outPos;
    return blockGoesOn;
  }

  /// Copies a match that overlaps itself within eight bytes, up to eight bytes further than `end`.
  private static void copyNear(byte[] out, int from, int distance, int end) {
    // The smallest multiple of the distance that eight bytes at a time can be copied over.
    int reach = (Long.BYTES + distance - 1) / distance * distance;
    int pos = from;
    for (int bytewiseEnd = Math.min(end, from + reach - distance); pos < bytewiseEnd; pos++) {
      out[pos] = out[pos - distance];
    }
    for (; pos < end; pos += Long.BYTES) {
      LONG.set(out, pos, (long) LONG.get(out, pos - reach));
    }
  }

  /// Decodes one symbol, or copies what is left of a match, where input or room may end any time.
  /// Consumes nothing of a symbol that is not wholly there.
  private @Nullable Outcome decodeOne(byte[] in, int to, byte[] out, int historyFrom, int outTo)
      throws DataFormatException {
    if (matchLeft > 0) {
      checkDistance(matchDistance, outPos - historyFrom);
      for (; matchLeft > 0 && outPos < outTo; matchLeft--) {
        out[outPos] = out[outPos - matchDistance];
        outPos++;
      }
      return matchLeft > 0 ? Outcome.NEEDS_ROOM : null;
    }
    while (bitCount <= 48 && inPos < to) {
      bits |= (in[inPos++] & 0xffL) << bitCount;
      bitCount += 8;
    }
    long ahead = bits;
    int left = bitCount;
    int entry = literalTable[(int) ahead & ((1 << LITERAL_TABLE_BITS) - 1)];
    if ((entry & SECOND_TABLE) != 0) {
      ahead >>>= LITERAL_TABLE_BITS;
      left -= LITERAL_TABLE_BITS;
      entry = literalTable[secondIndex(entry, ahead)];
    }
    int length = value(entry, ahead);
    ahead >>>= entry;
    left -= entry & 0x3f;
    if (left < 0) {
      return Outcome.NEEDS_INPUT;
    }
    if ((entry & LITERAL) != 0) {
      if (outPos == outTo) {
        return Outcome.NEEDS_ROOM;
      }
      out[outPos++] = (byte) (entry >>> 16);
    } else if ((entry & EXCEPTION) != 0) {
      checkEndOfBlock(entry);
      endBlock();
    } else {
      entry = distanceTable[(int) ahead & ((1 << DISTANCE_TABLE_BITS) - 1)];
      if ((entry & SECOND_TABLE) != 0) {
        ahead >>>= DISTANCE_TABLE_BITS;
        left -= DISTANCE_TABLE_BITS;
        entry = distanceTable[secondIndex(entry, ahead)];
      }
      int distance = value(entry, ahead);
      ahead >>>= entry;
      left -= entry & 0x3f;
      if (left < 0) {
        return Outcome.NEEDS_INPUT;
      }
      checkDistanceSymbol(entry);
      checkDistance(distance, outPos - historyFrom);
      matchLeft = length;
      matchDistance = distance;
    }
    bits = ahead;
    bitCount = left;
    return null;
  }

  private static int secondIndex(int entry, long bits) {
    return (entry >>> 16) + ((int) bits & ((1 << ((entry >>> 8) & 0x1f)) - 1));
  }

  /// The length or distance: its base and the extra bits that follow its code.
  private static int value(int entry, long bits) {
    return (entry >>> 16) + (int) ((bits & ((1L << entry) - 1)) >>> ((entry >>> 8) & 0x1f));
  }

  private static void checkEndOfBlock(int entry) throws DataFormatException {
    if ((entry & END_OF_BLOCK) == 0) {
      throw new DataFormatException("a symbol without a meaning");
    }
  }

  private static void checkDistanceSymbol(int entry) throws DataFormatException {
    if ((entry & EXCEPTION) != 0) {
      throw new DataFormatException("a distance without a meaning");
    }
  }

  private static void checkDistance(int distance, int history) throws DataFormatException {
    if (distance > history) {
      throw new DataFormatException("a distance beyond the beginning");
    }
  }
}
