package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/// Decodes JPEG-LS streams (ITU-T T.87 | ISO/IEC 14495-1), lossless and near-lossless.
///
/// Damaged streams end in [serdab.SerdabException.Damaged]: code `jpeg-ls-damaged`, or
/// `jpeg-ls-not-supported` for what the standard allows and this class does not read: mapping
/// tables, point transforms, sizes above 65535 and a number of lines that is given at the end. The
/// time that a stream takes and the memory are bounded by the format that the caller expects and
/// the length of the stream, never by what the stream claims. One thread at a time; buffers are
/// kept from one frame to the next.
public final class JpegLsDecoder {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final BitSource bits = new BitSource();
  private final LineDecoder lines = new LineDecoder(bits);
  private boolean losslessOnly;
  private int[][] above = new int[0][];
  private int[][] line = new int[0][];

  /// What a stream says of itself before its first scan.
  ///
  /// @param rows 1 to 65535
  /// @param columns 1 to 65535
  /// @param samplesPerPixel 1 to 255
  /// @param bitsPerSample 2 to 16
  /// @param near the largest difference from the original; 0: lossless
  /// @param interleave as in the first scan
  @SuppressWarnings("AvoidCommonTypeNames") // others name it with its class
  public record Info(
      int rows,
      int columns,
      int samplesPerPixel,
      int bitsPerSample,
      int near,
      Interleave interleave) {}

  /// Takes decoded lines; samples stand from index 1 on.
  interface Lines {
    void take(int component, int row, int[] line, int columns);
  }

  /// Reads the head of the stream in `[from, to)` of `stream`.
  ///
  /// @throws serdab.SerdabException.Damaged when it is not JPEG-LS or its head is damaged
  public static Info info(byte[] stream, int from, int to) {
    StreamReader reader = new StreamReader(stream, from, to);
    StreamReader.Scan scan = reader.nextScan();
    if (scan == null) {
      throw Damage.of("it ends before its first scan");
    }
    return new Info(
        reader.rows,
        reader.columns,
        reader.identifiers.length,
        reader.bits,
        scan.parameters().near(),
        scan.interleave());
  }

  /// Decodes one frame into `[at, at + format.lengthBytes())` of `out`.
  ///
  /// @param stream holds the frame's stream in `[from, to)`; what stands behind its end is passed
  ///   over
  /// @param format what the frame must be; planar or not decides only where samples go
  /// @throws serdab.SerdabException.Damaged when the stream is damaged or is of another format;
  ///   `out` is then partly written
  /// @throws IndexOutOfBoundsException when `out` has no room for the frame
  public void decode(byte[] stream, int from, int to, FrameFormat format, byte[] out, int at) {
    Objects.checkFromIndexSize(at, format.lengthBytes(), out.length);
    StreamReader reader = new StreamReader(stream, from, to);
    StreamReader.Scan first = reader.nextScan();
    requireFormat(reader, format);
    scans(
        reader,
        first,
        stream,
        to,
        (component, row, samples, columns) -> write(samples, format, row, component, out, at));
    if (reader.transform == 1) {
      turnBackTransform(format, out, at);
    }
  }

  /// As [#decode], of streams without any loss: one with a scan that is near-lossless is refused.
  ///
  /// @throws serdab.SerdabException.Damaged as [#decode], and `jpeg-ls-not-supported` when a scan
  ///   is near-lossless
  public void decodeLossless(
      byte[] stream, int from, int to, FrameFormat format, byte[] out, int at) {
    losslessOnly = true;
    try {
      decode(stream, from, to, format, out, at);
    } finally {
      losslessOnly = false;
    }
  }

  /// @throws serdab.SerdabException.Damaged when the stream's header says another format
  static void requireFormat(StreamReader reader, FrameFormat format) {
    boolean asExpected =
        reader.rows == format.rows()
            && reader.columns == format.columns()
            && reader.identifiers.length == format.samplesPerPixel()
            && reader.bits == format.bitsPerSample();
    for (int j = 1; j < reader.identifiers.length; j++) {
      asExpected &= reader.horizontal[j] == reader.horizontal[0];
      asExpected &= reader.vertical[j] == reader.vertical[0];
    }
    if (!asExpected) {
      throw Damage.of("it is of another format than its frame");
    }
  }

  /// Decodes all scans of a frame whose format the caller has accepted.
  void scans(
      StreamReader reader,
      StreamReader.@org.jspecify.annotations.Nullable Scan firstScan,
      byte[] stream,
      int to,
      Lines taker) {
    int components = reader.identifiers.length;
    boolean[] seen = new boolean[components];
    int left = components;
    StreamReader.Scan scan = firstScan;
    while (scan != null) {
      if (losslessOnly && scan.parameters().near() != 0) {
        throw Damage.notSupported("near-lossless coding where none is expected");
      }
      for (int component : scan.components()) {
        if (seen[component]) {
          throw Damage.of("it has two scans of one component");
        }
        seen[component] = true;
        left--;
      }
      scan(reader, scan, stream, to, taker);
      scan = reader.nextScan();
    }
    if (left > 0) {
      throw Damage.of("a component is missing");
    }
  }

  private void scan(
      StreamReader reader, StreamReader.Scan scan, byte[] stream, int to, Lines taker) {
    int components = scan.components().length;
    int[] rows = new int[components];
    int[] columns = new int[components];
    int[] linesInTurn = new int[components];
    int turns = 0;
    int longest = 0;
    int mostHorizontal = Arrays.stream(reader.horizontal).max().orElse(1);
    int mostVertical = Arrays.stream(reader.vertical).max().orElse(1);
    for (int j = 0; j < components; j++) {
      int component = scan.components()[j];
      rows[j] = -Math.floorDiv(-reader.rows * reader.vertical[component], mostVertical);
      columns[j] = -Math.floorDiv(-reader.columns * reader.horizontal[component], mostHorizontal);
      linesInTurn[j] = scan.interleave() == Interleave.LINE ? reader.vertical[component] : 1;
      turns = Math.max(turns, -Math.floorDiv(-rows[j], linesInTurn[j]));
      longest = Math.max(longest, columns[j]);
      if (scan.interleave() == Interleave.SAMPLE
          && (rows[j] != rows[0] || columns[j] != columns[0])) {
        throw Damage.of("a scan header contradicts itself");
      }
    }
    if (scan.interleave() == Interleave.LINE && sameSampling(reader, scan)) {
      Arrays.fill(linesInTurn, 1);
      turns = rows[0];
    }
    if (line.length != components || line[0].length < longest + 2) {
      line = new int[components][longest + 2];
      above = new int[components][longest + 2];
    }
    boolean together = scan.interleave() == Interleave.SAMPLE;
    int[] runIndexes = new int[components];
    int interval = reader.restartInterval;
    int marker = bits.open(stream, scan.from(), to);
    restart(scan, runIndexes, together);
    for (int turn = 0; turn < turns; turn++) {
      if (interval > 0 && turn > 0 && turn % interval == 0) {
        endSegment();
        reader.moveTo(marker);
        marker = bits.open(stream, reader.restart(turn / interval - 1), to);
        restart(scan, runIndexes, together);
      }
      if (together) {
        for (int j = 0; j < components; j++) {
          prepare(j, columns[j]);
        }
        runIndexes[0] = lines.decodeTogether(above, line, columns[0], runIndexes[0]);
        for (int j = 0; j < components; j++) {
          taker.take(scan.components()[j], turn, line[j], columns[j]);
          swap(j);
        }
      } else {
        for (int j = 0; j < components; j++) {
          for (int v = 0; v < linesInTurn[j]; v++) {
            int row = turn * linesInTurn[j] + v;
            prepare(j, columns[j]);
            runIndexes[j] = lines.decode(above[j], line[j], columns[j], runIndexes[j]);
            if (row < rows[j]) {
              taker.take(scan.components()[j], row, line[j], columns[j]);
            }
            swap(j);
          }
        }
      }
      if (bits.pastEnd()) {
        throw Damage.of("it ends in the middle");
      }
    }
    endSegment();
    reader.moveTo(marker);
  }

  private static boolean sameSampling(StreamReader reader, StreamReader.Scan scan) {
    int first = scan.components()[0];
    for (int component : scan.components()) {
      if (reader.vertical[component] != reader.vertical[first]
          || reader.horizontal[component] != reader.horizontal[first]) {
        return false;
      }
    }
    return true;
  }

  private void restart(StreamReader.Scan scan, int[] runIndexes, boolean together) {
    lines.start(scan.parameters(), together);
    Arrays.fill(runIndexes, 0);
    for (int j = 0; j < runIndexes.length; j++) {
      Arrays.fill(above[j], 0);
      line[j][0] = 0;
    }
  }

  private void endSegment() {
    if (!bits.atEnd()) {
      throw Damage.of("its pixels and its codes do not end together");
    }
  }

  private void prepare(int component, int columns) {
    line[component][0] = above[component][1];
    above[component][columns + 1] = above[component][columns];
  }

  private void swap(int component) {
    int[] done = line[component];
    line[component] = above[component];
    above[component] = done;
  }

  private static void write(
      int[] line, FrameFormat format, int row, int component, byte[] out, int to) {
    int columns = format.columns();
    int cell = format.bytesPerSample();
    int step = format.planar() ? cell : cell * format.samplesPerPixel();
    int at =
        to
            + (format.planar()
                ? (component * format.rows() + row) * columns * cell
                : row * columns * step + component * cell);
    int offset = format.offset();
    if (cell == 2) {
      for (int i = 1; i <= columns; i++, at += step) {
        SHORTS.set(out, at, (short) (line[i] - offset));
      }
    } else {
      for (int i = 1; i <= columns; i++, at += step) {
        out[at] = (byte) (line[i] - offset);
      }
    }
  }

  /// Turns back the transform HP1: red and blue were coded as differences from green.
  private static void turnBackTransform(FrameFormat format, byte[] out, int at) {
    if (format.samplesPerPixel() != 3 || format.bitsPerSample() != 8 || format.offset() != 0) {
      throw Damage.notSupported("a colour transform");
    }
    int pixels = format.rows() * format.columns();
    int step = format.planar() ? 1 : 3;
    int plane = format.planar() ? pixels : 1;
    for (int i = 0, p = at; i < pixels; i++, p += step) {
      int green = out[p + plane];
      out[p] = (byte) (out[p] + green - 128);
      out[p + 2 * plane] = (byte) (out[p + 2 * plane] + green - 128);
    }
  }
}
