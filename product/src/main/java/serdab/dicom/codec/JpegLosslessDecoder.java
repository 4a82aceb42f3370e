package serdab.dicom.codec;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Decodes the lossless process of JPEG with Huffman coding (ITU-T T.81 | ISO/IEC 10918-1, annex H;
/// process 14 with any predictor): DICOM's transfer syntaxes 1.2.840.10008.1.2.4.57 and .70.
///
/// Streams with a point transform have lost bits and are refused; so are components of different
/// sizes, hierarchical streams and arithmetic coding. The time that a stream takes and the memory
/// are bounded by the format that the caller expects and the length of the stream, never by what
/// the stream claims. One thread at a time.
public final class JpegLosslessDecoder {

  private static final int SOF3 = 0xFFC3;
  private static final int DHT = 0xFFC4;
  private static final int TABLES = 4;
  private static final int CODE_BITS_MAX = 16;

  /// SSSS of the difference 32768, which needs no more bits (T.81 table H.2).
  private static final int HALF = 16;

  private byte[] stream = {};
  private int at;
  private int end;

  private int precision;
  private int rows;
  private int columns;
  private int[] identifiers = {};
  private int restartInterval;
  private final @Nullable Huffman[] tables = new Huffman[TABLES];

  /// What a stream says of itself in front of its first scan.
  ///
  /// @param bitsPerSample 2 to 16
  public record Head(int rows, int columns, int samplesPerPixel, int bitsPerSample) {}

  /// A table of codes, decoded one length after the other (T.81 section F.2.2.3).
  private static final class Huffman {
    private final int[] first = new int[CODE_BITS_MAX + 2];
    private final int[] last = new int[CODE_BITS_MAX + 2];
    private final int[] place = new int[CODE_BITS_MAX + 2];
    private final byte[] values;

    Huffman(int[] counts, byte[] values) throws UndecodableException {
      this.values = values;
      int code = 0;
      int index = 0;
      for (int length = 1; length <= CODE_BITS_MAX; length++) {
        first[length] = code;
        place[length] = index;
        code += counts[length];
        index += counts[length];
        last[length] = code - 1;
        if (code > 1 << length) {
          throw new UndecodableException("has a table of codes that contradicts itself");
        }
        code <<= 1;
      }
    }
  }

  /// Reads the head of the stream in `[from, to)`.
  ///
  /// @throws UndecodableException when it is no lossless JPEG, or its head is damaged
  public Head head(byte[] bytes, int from, int to) throws UndecodableException {
    begin(bytes, from, to);
    if (marker() != Markers.SOI) {
      throw new UndecodableException("does not begin like JPEG");
    }
    while (identifiers.length == 0) {
      int marker = marker();
      if (marker == Markers.SOS || marker == Markers.EOI) {
        throw new UndecodableException("has no frame header");
      }
      segment(marker);
    }
    return new Head(rows, columns, identifiers.length, precision);
  }

  /// Decodes one frame into `[at, at + format.lengthBytes())` of `out`.
  ///
  /// @param bytes holds the frame's stream in `[from, to)`; what stands behind its end is passed
  ///   over
  /// @param format what the frame must be; planar or not decides only where samples go
  /// @throws UndecodableException when the stream is damaged or is of another format; `out` is then
  ///   partly written
  /// @throws IndexOutOfBoundsException when `out` has no room for the frame
  public void decode(byte[] bytes, int from, int to, FrameFormat format, byte[] out, int outAt)
      throws UndecodableException {
    Objects.checkFromIndexSize(outAt, format.lengthBytes(), out.length);
    Head head = head(bytes, from, to);
    if (head.rows() != format.rows()
        || head.columns() != format.columns()
        || head.samplesPerPixel() != format.samplesPerPixel()
        || head.bitsPerSample() != format.bitsPerSample()) {
      throw new UndecodableException("is of another format than its frame");
    }
    boolean[] seen = new boolean[identifiers.length];
    while (true) {
      int marker = marker();
      if (marker == Markers.EOI) {
        break;
      }
      if (marker == Markers.SOS) {
        scan(format, seen, out, outAt);
      } else {
        segment(marker);
      }
    }
    for (boolean component : seen) {
      if (!component) {
        throw new UndecodableException("lacks a component");
      }
    }
  }

  private void begin(byte[] bytes, int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    stream = bytes;
    at = from;
    end = to;
    identifiers = new int[0];
    restartInterval = 0;
    Arrays.fill(tables, null);
  }

  // ---- segments (T.81 annex B)

  /// The next marker; in front of it there may be more bytes of ones.
  private int marker() throws UndecodableException {
    if (end - at < 2 || (stream[at] & 0xFF) != 0xFF) {
      throw new UndecodableException("lacks a marker where one must be");
    }
    while (at < end && (stream[at] & 0xFF) == 0xFF) {
      at++;
    }
    return 0xFF00 | unsignedByte();
  }

  private void segment(int marker) throws UndecodableException {
    int from = at;
    int length = unsignedShort();
    if (length < 2 || length > end - from) {
      throw new UndecodableException("has a segment that is cut off");
    }
    int segmentEnd = from + length;
    if (marker == SOF3) {
      frame(segmentEnd);
    } else if (marker == DHT) {
      tables(segmentEnd);
    } else if (marker == Markers.DRI) {
      restartInterval = length == 4 ? unsignedShort() : -1;
    } else if ((marker >= Markers.APP0 && marker <= Markers.APP15) || marker == Markers.COM) {
      at = segmentEnd;
    } else {
      // Every other process of JPEG has a marker of its own, and most of them lose something.
      throw new UndecodableException(
          "is no JPEG of the lossless process, or holds what is not known");
    }
    if (at != segmentEnd || restartInterval < 0) {
      throw new UndecodableException("has a segment that contradicts itself");
    }
  }

  private void frame(int segmentEnd) throws UndecodableException {
    if (identifiers.length > 0 || segmentEnd - at < 6) {
      throw new UndecodableException("has a frame header that contradicts itself");
    }
    precision = unsignedByte();
    rows = unsignedShort();
    columns = unsignedShort();
    int components = unsignedByte();
    if (precision < 2
        || precision > 16
        || rows == 0
        || columns == 0
        || components < 1
        || components > 4
        || segmentEnd - at != 3 * components) {
      throw new UndecodableException("has a frame header that contradicts itself");
    }
    identifiers = new int[components];
    for (int j = 0; j < components; j++) {
      identifiers[j] = unsignedByte();
      for (int other = 0; other < j; other++) {
        if (identifiers[other] == identifiers[j]) {
          throw new UndecodableException("has a frame header that contradicts itself");
        }
      }
      if (unsignedByte() != 0x11 && components > 1) {
        throw new UndecodableException("has components of different sizes");
      }
      at++; // Quantization, which this process has not.
    }
  }

  private void tables(int segmentEnd) throws UndecodableException {
    while (at < segmentEnd) {
      if (segmentEnd - at < 17) {
        throw new UndecodableException("has a table of codes that is cut off");
      }
      int which = unsignedByte();
      int[] counts = new int[CODE_BITS_MAX + 1];
      int all = 0;
      for (int length = 1; length <= CODE_BITS_MAX; length++) {
        counts[length] = unsignedByte();
        all += counts[length];
      }
      if (which >= TABLES || all > 256 || all > segmentEnd - at) {
        throw new UndecodableException("has a table of codes that contradicts itself");
      }
      byte[] values = Arrays.copyOfRange(stream, at, at + all);
      at += all;
      for (byte value : values) {
        if ((value & 0xFF) > HALF) {
          throw new UndecodableException("has a table of codes that contradicts itself");
        }
      }
      tables[which] = new Huffman(counts, values);
    }
  }

  // ---- scans (T.81 annex H)

  private void scan(FrameFormat format, boolean[] seen, byte[] out, int outAt)
      throws UndecodableException {
    int from = at;
    int length = unsignedShort();
    int count = length > 6 && length <= end - from ? unsignedByte() : 0;
    if (count < 1 || count > identifiers.length || length != 6 + 2 * count) {
      throw new UndecodableException("has a scan header that contradicts itself");
    }
    int[] components = new int[count];
    Huffman[] codes = new Huffman[count];
    for (int j = 0; j < count; j++) {
      components[j] = component(unsignedByte());
      int table = unsignedByte() >>> 4;
      @Nullable Huffman code = table < TABLES ? tables[table] : null;
      if (seen[components[j]] || code == null) {
        throw new UndecodableException("has a scan header that contradicts itself");
      }
      seen[components[j]] = true;
      codes[j] = code;
    }
    int predictor = unsignedByte();
    int zero = unsignedByte();
    int approximation = unsignedByte();
    if (predictor < 1 || predictor > 7 || zero != 0) {
      throw new UndecodableException("has a scan header that contradicts itself");
    }
    if (approximation != 0) {
      throw new UndecodableException("has a point transform, by which it has lost bits");
    }
    if (restartInterval % columns != 0) {
      throw new UndecodableException("has restart intervals that are not of whole lines");
    }
    int linesInInterval = restartInterval == 0 ? rows : restartInterval / columns;
    int[][] above = new int[count][columns];
    int[][] line = new int[count][columns];
    for (int row = 0; row < rows; row++) {
      boolean isFirst = row % linesInInterval == 0;
      if (isFirst) {
        if (row > 0) {
          restart((row / linesInInterval - 1) & 7);
        }
        bits = 0;
        loaded = 0;
      }
      line(codes, predictor, isFirst, above, line);
      for (int j = 0; j < count; j++) {
        write(line[j], format, row, components[j], out, outAt);
        int[] done = line[j];
        line[j] = above[j];
        above[j] = done;
      }
    }
    endSegment();
  }

  private void line(Huffman[] codes, int predictor, boolean isFirst, int[][] above, int[][] line)
      throws UndecodableException {
    int most = (1 << precision) - 1;
    for (int x = 0; x < columns; x++) {
      for (int j = 0; j < codes.length; j++) {
        int[] here = line[j];
        int[] before = above[j];
        int prediction;
        if (x == 0) {
          prediction = isFirst ? 1 << (precision - 1) : before[0];
        } else if (isFirst) {
          prediction = here[x - 1];
        } else {
          int a = here[x - 1];
          int b = before[x];
          int c = before[x - 1];
          prediction =
              switch (predictor) {
                case 1 -> a;
                case 2 -> b;
                case 3 -> c;
                case 4 -> a + b - c;
                case 5 -> a + ((b - c) >> 1);
                case 6 -> b + ((a - c) >> 1);
                default -> (a + b) >> 1;
              };
        }
        int sample = (prediction + difference(codes[j])) & 0xFFFF;
        if (sample > most) {
          throw new UndecodableException("has a sample that is larger than its precision");
        }
        here[x] = sample;
      }
    }
  }

  private int component(int identifier) throws UndecodableException {
    for (int j = 0; j < identifiers.length; j++) {
      if (identifiers[j] == identifier) {
        return j;
      }
    }
    throw new UndecodableException("has a scan header that contradicts itself");
  }

  private void restart(int number) throws UndecodableException {
    endSegment();
    if (marker() != Markers.RST0 + number) {
      throw new UndecodableException("lacks a restart marker");
    }
  }

  private static void write(
      int[] line, FrameFormat format, int row, int component, byte[] out, int from) {
    int cell = format.bytesPerSample();
    int step = format.planar() ? cell : cell * format.samplesPerPixel();
    int to =
        from
            + (format.planar()
                ? (component * format.rows() + row) * format.columns() * cell
                : row * format.columns() * step + component * cell);
    for (int x = 0; x < format.columns(); x++, to += step) {
      int sample = line[x] - format.offset();
      out[to] = (byte) sample;
      if (cell == 2) {
        out[to + 1] = (byte) (sample >>> Byte.SIZE);
      }
    }
  }

  // ---- bits

  private int bits;
  private int loaded;

  /// The difference of a sample from its prediction (T.81 section H.1.2.2).
  private int difference(Huffman table) throws UndecodableException {
    int code = 0;
    for (int length = 1; length <= CODE_BITS_MAX; length++) {
      code = (code << 1) | bits(1);
      if (code <= table.last[length] && code >= table.first[length]) {
        int size = table.values[table.place[length] + code - table.first[length]];
        if (size == 0) {
          return 0;
        }
        if (size == HALF) {
          return 1 << 15;
        }
        int value = bits(size);
        return value >>> (size - 1) == 0 ? value - (1 << size) + 1 : value;
      }
    }
    throw new UndecodableException("has a code that its table lacks");
  }

  /// Reads 1 to 16 bits; a byte of ones is followed by a stuffed byte of zeros.
  private int bits(int count) throws UndecodableException {
    while (loaded < count) {
      if (at >= end) {
        throw new UndecodableException("ends in the middle");
      }
      int value = stream[at] & 0xFF;
      if (value == 0xFF) {
        if (at + 1 >= end || stream[at + 1] != 0) {
          throw new UndecodableException("ends in the middle");
        }
        at++;
      }
      at++;
      bits = (bits << Byte.SIZE) | value;
      loaded += Byte.SIZE;
    }
    loaded -= count;
    return (bits >>> loaded) & ((1 << count) - 1);
  }

  /// What is left of the last byte is padding, and then a marker comes.
  private void endSegment() throws UndecodableException {
    if (loaded >= Byte.SIZE) {
      throw new UndecodableException("has more codes than pixels");
    }
    loaded = 0;
  }

  private int unsignedByte() throws UndecodableException {
    if (at >= end) {
      throw new UndecodableException("ends in the middle");
    }
    return stream[at++] & 0xFF;
  }

  private int unsignedShort() throws UndecodableException {
    return (unsignedByte() << Byte.SIZE) | unsignedByte();
  }
}
