package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import serdab.SerdabException;

/// Says whether a JPEG-LS stream (ITU-T T.87 | ISO/IEC 14495-1) decodes to a frame that is at hand,
/// in less time than decoding takes.
///
/// The answer is the one that [JpegLsDecoder] and a comparison would give, for these reasons. A
/// decoder works out how a sample is coded from samples that it has decoded before: the neighbours
/// that predict it, and the errors that its context has seen. While all of them were as expected,
/// they can be taken from the expected frame; and when one was not, the answer is no, whatever
/// comes behind it. So the model of a whole line is worked out beforehand, where a decoder has to
/// wait for each sample before it can begin with the next. Every code is still read from the
/// stream, at the place where the codes in front of it end, and what it says is compared with what
/// it must say for the expected sample to come out; no two codes say the same where the k of both
/// is the same. So are runs, and the end of the segment, its padding, markers and headers are read
/// by what the decoder reads them with.
///
/// A yes is given on these grounds alone. For everything else the decoder is asked: streams that
/// [JpegLsEncoder] does not make or that mix components, and before each no.
///
/// One thread at a time; buffers are kept from one frame to the next.
public final class JpegLsChecker {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  /// Positions in bits are numbers of 32 bits.
  private static final int LENGTH_MAX = 1 << 27;

  private final BitSource bits = new BitSource();
  private final LineChecker lines = new LineChecker(bits);
  private final JpegLsDecoder decoder = new JpegLsDecoder();
  private int[] line = new int[0];
  private int[] above = new int[0];
  private byte[] decoded = new byte[0];

  /// Whether [JpegLsDecoder#decode] would make the frame in `[at, at + format.lengthBytes())` of
  /// `raw` out of this stream; false, too, when it would find the stream damaged.
  ///
  /// @param stream holds the frame's stream in `[from, to)`; what stands behind its end is passed
  ///   over
  /// @throws IndexOutOfBoundsException when one of the arrays is shorter than that
  public boolean matches(byte[] stream, int from, int to, FrameFormat format, byte[] raw, int at) {
    Objects.checkFromIndexSize(at, format.lengthBytes(), raw.length);
    Objects.checkFromToIndex(from, to, stream.length);
    return follows(stream, from, to, format, raw, at) || decodes(stream, from, to, format, raw, at);
  }

  private boolean decodes(byte[] stream, int from, int to, FrameFormat format, byte[] raw, int at) {
    int length = format.lengthBytes();
    if (decoded.length < length) {
      decoded = new byte[length];
    }
    // What the decoder does not write must not look right by chance.
    for (int i = 0; i < length; i++) {
      decoded[i] = (byte) ~raw[at + i];
    }
    try {
      decoder.decode(stream, from, to, format, decoded, 0);
    } catch (SerdabException.Damaged e) {
      return false;
    }
    return Arrays.equals(decoded, 0, length, raw, at, at + length);
  }

  /// Whether the stream could be followed to its end; false says nothing.
  boolean follows(byte[] stream, int from, int to, FrameFormat format, byte[] raw, int at) {
    if (to - from > LENGTH_MAX) {
      return false;
    }
    try {
      StreamReader reader = new StreamReader(stream, from, to);
      StreamReader.Scan scan = reader.nextScan();
      JpegLsDecoder.requireFormat(reader, format);
      boolean[] seen = new boolean[format.samplesPerPixel()];
      int scans = 0;
      while (scan != null) {
        int component = scan.components()[0];
        if (seen[component]
            || scan.components().length > 1
            || reader.restartInterval > 0
            || !LineDecoder.isPlain(scan.parameters())
            || !follows(reader, scan, stream, to, format, raw, at)) {
          return false;
        }
        seen[component] = true;
        scans++;
        scan = reader.nextScan();
      }
      return scans == seen.length && reader.transform == 0;
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private boolean follows(
      StreamReader reader,
      StreamReader.Scan scan,
      byte[] stream,
      int to,
      FrameFormat format,
      byte[] raw,
      int at) {
    int columns = format.columns();
    if (line.length < columns + 2) {
      line = new int[columns + 2];
      above = new int[columns + 2];
    }
    // Damage is noticed at the end of a line. Until then no sample takes more than 16 bytes: 16
    // bits
    // and 64 for a run of none and the sample behind it.
    int marker = bits.open(stream, scan.from(), to, 16 * (columns + 2));
    lines.start(scan.parameters(), columns);
    Arrays.fill(above, 0);
    line[0] = 0;
    int runIndex = 0;
    for (int row = 0; row < format.rows(); row++) {
      line[0] = above[1];
      above[columns + 1] = above[columns];
      int all = read(raw, at, format, row, scan.components()[0], line);
      if (all > scan.parameters().maximum()) {
        return false;
      }
      runIndex = lines.check(above, line, columns, runIndex);
      if (runIndex < 0 || bits.pastEnd()) {
        return false;
      }
      int[] done = line;
      line = above;
      above = done;
    }
    reader.moveTo(marker);
    return bits.atEnd();
  }

  /// @param to takes the samples from index 1 on
  /// @return the bits that are set in one sample or another
  private static int read(
      byte[] raw, int from, FrameFormat format, int row, int component, int[] to) {
    int columns = format.columns();
    int cell = format.bytesPerSample();
    int step = format.planar() ? cell : cell * format.samplesPerPixel();
    int at =
        from
            + (format.planar()
                ? (component * format.rows() + row) * columns * cell
                : row * columns * step + component * cell);
    int offset = format.offset();
    int all = 0;
    if (cell == 2) {
      for (int i = 1; i <= columns; i++, at += step) {
        int sample = ((short) SHORTS.get(raw, at) + offset) & 0xFFFF;
        to[i] = sample;
        all |= sample;
      }
    } else {
      for (int i = 1; i <= columns; i++, at += step) {
        int sample = (raw[at] + offset) & 0xFF;
        to[i] = sample;
        all |= sample;
      }
    }
    return all;
  }
}
