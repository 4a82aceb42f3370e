package serdab.dicom.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/// Codes frames as JPEG-LS without loss (ITU-T T.87 | ISO/IEC 14495-1).
///
/// Each frame becomes a complete stream from SOI to EOI, with default parameters. The same frame in
/// the same format gives the same bytes in every release. One thread at a time; buffers are kept
/// from one frame to the next.
public final class JpegLsEncoder {

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final StuffedOutput output = new StuffedOutput();
  private final LineEncoder lines = new LineEncoder(output);
  private Plane[] planes = new Plane[0];

  /// Codes one frame. Its stream is in [#stream] from index 0 until the next call.
  ///
  /// @param raw holds the frame's cells from index `from` on
  /// @param interleave how components take turns; taken as [Interleave#NONE] for one component
  /// @return the length of the stream in bytes
  /// @throws IllegalArgumentException when a sample is above the maximum of the format
  /// @throws IndexOutOfBoundsException when `raw` does not hold the frame
  public int encode(byte[] raw, int from, FrameFormat format, Interleave interleave) {
    Objects.checkFromIndexSize(from, format.lengthBytes(), raw.length);
    int components = format.samplesPerPixel();
    Interleave turns = components == 1 ? Interleave.NONE : interleave;
    CodingParameters parameters = CodingParameters.defaults(format.maximum(), 0);
    reserve(components, format.columns());
    output.clear();
    head(format, parameters);
    if (turns == Interleave.NONE) {
      for (int j = 0; j < components; j++) {
        scanHead(j, 1, turns);
        scan(raw, from, format, parameters, j, j + 1, turns);
      }
    } else {
      scanHead(0, components, turns);
      scan(raw, from, format, parameters, 0, components, turns);
    }
    output.putShort(Markers.EOI);
    return output.length();
  }

  /// The buffer with the latest stream; it is longer than the stream, and the next call writes over
  /// it.
  public byte[] stream() {
    return output.bytes();
  }

  private void head(FrameFormat format, CodingParameters parameters) {
    output.putShort(Markers.SOI);
    output.putShort(Markers.SOF55);
    output.putShort(8 + 3 * format.samplesPerPixel());
    output.putByte(format.bitsPerSample());
    output.putShort(format.rows());
    output.putShort(format.columns());
    output.putByte(format.samplesPerPixel());
    for (int j = 1; j <= format.samplesPerPixel(); j++) {
      output.putByte(j);
      output.putByte(0x11);
      output.putByte(0);
    }
    if (format.bitsPerSample() > 12) {
      // These are the defaults, but some old decoders take other ones for more than 12 bits.
      output.putShort(Markers.LSE);
      output.putShort(13);
      output.putByte(1);
      output.putShort(parameters.maximum());
      output.putShort(parameters.threshold1());
      output.putShort(parameters.threshold2());
      output.putShort(parameters.threshold3());
      output.putShort(parameters.reset());
    }
  }

  private void scanHead(int first, int components, Interleave turns) {
    output.putShort(Markers.SOS);
    output.putShort(6 + 2 * components);
    output.putByte(components);
    for (int j = first; j < first + components; j++) {
      output.putByte(j + 1);
      output.putByte(0);
    }
    output.putByte(0);
    output.putByte(turns.ordinal());
    output.putByte(0);
  }

  private void scan(
      byte[] raw,
      int from,
      FrameFormat format,
      CodingParameters parameters,
      int first,
      int end,
      Interleave turns) {
    int columns = format.columns();
    int components = end - first;
    int[] runIndexes = new int[components];
    for (int j = first; j < end; j++) {
      planes[j].start();
    }
    lines.start(parameters, columns * components);
    for (int row = 0; row < format.rows(); row++) {
      for (int j = first; j < end; j++) {
        planes[j].nextLine();
        read(raw, from, format, row, j, planes[j].line);
        planes[j].model(parameters, columns);
      }
      if (turns == Interleave.SAMPLE) {
        runIndexes[0] = lines.encodeTogether(planes, columns, runIndexes[0]);
      } else {
        for (int j = 0; j < components; j++) {
          runIndexes[j] = lines.encode(planes[first + j], columns, runIndexes[j]);
        }
      }
      lines.endLine();
    }
    lines.end();
  }

  private void read(byte[] raw, int from, FrameFormat format, int row, int component, int[] to) {
    int columns = format.columns();
    int cell = format.bytesPerSample();
    int step = format.planar() ? cell : cell * format.samplesPerPixel();
    int at =
        from
            + (format.planar()
                ? (component * format.rows() + row) * columns * cell
                : row * columns * step + component * cell);
    int offset = format.offset();
    int mask = cell == 1 ? 0xFF : 0xFFFF;
    int all = 0;
    if (cell == 2) {
      for (int i = 0; i < columns; i++, at += step) {
        int sample = (short) SHORTS.get(raw, at) + offset & 0xFFFF;
        to[i] = sample;
        all |= sample;
      }
    } else {
      for (int i = 0; i < columns; i++, at += step) {
        int sample = raw[at] + offset & mask;
        to[i] = sample;
        all |= sample;
      }
    }
    if (all > format.maximum()) {
      throw new IllegalArgumentException(
          "a sample needs more than " + format.bitsPerSample() + " bits");
    }
  }

  private void reserve(int components, int columns) {
    if (planes.length != components || planes[0].columnsMax() < columns) {
      planes = new Plane[components];
      for (int j = 0; j < components; j++) {
        planes[j] = new Plane(columns);
      }
    }
  }
}
