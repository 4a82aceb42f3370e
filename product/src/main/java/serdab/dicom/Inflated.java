package serdab.dicom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// A deflated data set, inflated into memory up to the limits (PS3.5 section A.5). Thread-safe once
/// made.
final class Inflated implements ByteSource {

  private static final int CHUNK_BYTES = 1 << 16;
  private static final int INPUT_BYTES = 1 << 14;

  /// What a damaged stream costs of the bytes in front of the damage, at most.
  private static final int STEP_BYTES = 1 << 10;

  private static final int ZLIB_HEADER_BYTES = 2;

  private final List<byte[]> chunks = new ArrayList<>();
  private long length;
  private long end;

  private Inflated() {}

  /// Inflates what stands between a position and the end of the source.
  static Inflated from(Window in, long position, Limits limits, Anomalies anomalies)
      throws IOException {
    // The standard has raw deflate here; some writers put the zlib format around it.
    if (in.has(position, ZLIB_HEADER_BYTES) && looksLikeZlib(in, position)) {
      Inflated zlib = new Inflated();
      if (zlib.inflate(in.source(), position, false, limits, new Anomalies(limits.anomaliesMax()))
          || zlib.length > 0) {
        anomalies.add(Anomaly.Kind.ZLIB_HEADER, position, "zlib format instead of raw deflate");
        zlib = new Inflated();
        zlib.inflate(in.source(), position, false, limits, anomalies);
        return zlib;
      }
    }
    Inflated raw = new Inflated();
    raw.inflate(in.source(), position, true, limits, anomalies);
    return raw;
  }

  private static boolean looksLikeZlib(Window in, long position) {
    int header = Bytes.u16(in.bytes(), in.offset(position), true);
    return (header & 0x0F00) == 0x0800 && header % 31 == 0;
  }

  /// Where the compressed bytes end in the source.
  long compressedEnd() {
    return end;
  }

  private boolean inflate(
      ByteSource source, long position, boolean raw, Limits limits, Anomalies anomalies)
      throws IOException {
    end = position;
    byte[] chunk = new byte[CHUNK_BYTES];
    int filled = 0;
    try (Inflater inflater = new Inflater(raw)) {
      ByteBuffer input = ByteBuffer.allocate(INPUT_BYTES);
      long readAt = position;
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          input.clear();
          int read = source.read(readAt, input);
          if (read <= 0) {
            anomalies.add(Anomaly.Kind.TRUNCATED, readAt, "the deflated data set ends too soon");
            break;
          }
          readAt += read;
          inflater.setInput(input.flip());
        }
        filled += inflater.inflate(chunk, filled, Math.min(STEP_BYTES, CHUNK_BYTES - filled));
        end = position + inflater.getBytesRead();
        if (inflater.needsDictionary()) {
          throw new DataFormatException();
        }
        if (filled == CHUNK_BYTES) {
          keep(chunk, filled);
          chunk = new byte[CHUNK_BYTES];
          filled = 0;
          if (isTooLarge(inflater, limits)) {
            anomalies.add(
                Anomaly.Kind.INFLATED_TOO_LARGE,
                length,
                "only the first " + length + " bytes of the data set were inflated");
            break;
          }
        }
      }
      keep(chunk, filled);
      return inflater.finished();
    } catch (DataFormatException e) {
      keep(chunk, filled);
      anomalies.add(Anomaly.Kind.INFLATE_FAILED, end, "the deflated data set is damaged");
      return false;
    }
  }

  private boolean isTooLarge(Inflater inflater, Limits limits) {
    return length >= limits.inflatedBytesMax()
        || (length > limits.inflatedRatioFreeBytes()
            && length / Math.max(1, inflater.getBytesRead()) >= limits.inflatedRatioMax());
  }

  private void keep(byte[] chunk, int filled) {
    if (filled > 0) {
      chunks.add(chunk);
      length += filled;
    }
  }

  @Override
  public long lengthBytes() {
    return length;
  }

  @Override
  public int read(long position, ByteBuffer target) {
    if (position >= length) {
      return -1;
    }
    int total = 0;
    long at = position;
    while (target.hasRemaining() && at < length) {
      byte[] chunk = chunks.get((int) (at / CHUNK_BYTES));
      int offset = (int) (at % CHUNK_BYTES);
      int count = (int) Math.min(Math.min(CHUNK_BYTES - offset, target.remaining()), length - at);
      target.put(chunk, offset, count);
      at += count;
      total += count;
    }
    return total;
  }

  @Override
  public void close() {}
}
