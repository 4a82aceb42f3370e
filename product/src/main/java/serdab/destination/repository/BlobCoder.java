package serdab.destination.repository;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.codec.DeltaShuffle;
import serdab.dicom.codec.FrameFormat;
import serdab.dicom.codec.Interleave;
import serdab.dicom.codec.JpegLsChecker;
import serdab.dicom.codec.JpegLsDecoder;
import serdab.dicom.codec.JpegLsEncoder;
import serdab.dicom.codec.MedianShuffle;
import serdab.dicom.codec.SampleRange;
import serdab.repository.Codec;

/// Turns blobs into their stored form and back (`docs/format/repository.md` sections 4.1 to 4.3).
/// One thread at a time; buffers are kept from one blob to the next.
///
/// Every stored form was decoded again and compared, JPEG-LS as a [JpegLsChecker] does it; a codec
/// that gives back other bytes, or fails, is passed over for a simpler one.
final class BlobCoder implements AutoCloseable {

  static final Codec RAW = new Codec(0, "raw");
  static final Codec ZSTD = new Codec(1, "zst");
  static final Codec JPEG_LS = new Codec(2, "jls");
  static final Codec FILTERED = new Codec(3, "dsz");

  private static final int BULK_LEVEL = 3;
  private static final int FILTERED_LEVEL = 1;

  /// What is not worth decoding is stored as it is.
  private static final double WORTHWHILE = 0.99;

  private static final byte LEFT_BEHIND = 0x5A;

  private static final int MARKER = 0xFF;
  private static final int SOI = 0xD8;
  private static final int COM = 0xFE;
  private static final int COMMENT_BYTES_MAX = 200;
  private static final Pattern COMMENT =
      Pattern.compile(
          "sealed-repository cells ([12]) (le|be) offset (-?[0-9]{1,5}) layout (pixel|plane)");

  /// Which filter, in its header.
  private static final int DELTA = 1;

  private static final int MEDIAN = 2;
  private static final int MEDIAN_OF_SIGNED = 3;

  /// The first version of the reader stored in a repository that knows [#MEDIAN].
  private static final int READER_OF_MEDIANS = 2;

  private static final int FILTER_HEADER_BYTES = 16;

  private final int reader;
  private final JpegLsEncoder jpegLs = new JpegLsEncoder();
  private final JpegLsDecoder unJpegLs = new JpegLsDecoder();
  private final JpegLsChecker jpegLsChecker = new JpegLsChecker();
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final ZstdDecompressCtx unZstd = new ZstdDecompressCtx();

  /// Kept from blob to blob: what is compressed, what came of it, and what it is compared with.
  private byte[] filtered = {};

  private byte[] packed = {};
  private byte[] again = {};

  /// @param reader which version of the reader stored in the repository has to understand what is
  ///   made here ([serdab.repository.Repository#reader])
  BlobCoder(int reader) {
    this.reader = reader;
  }

  @Override
  public void close() {
    zstd.close();
    unZstd.close();
  }

  // ---- encoding

  /// A header block: zstd, whatever comes of it.
  Encoded header(byte[] raw, int length, int level) {
    return zstd(raw, length, level)
        .filter(encoded -> isSame(encoded, raw, length))
        .orElseThrow(() -> new IllegalStateException("zstd does not give back what it was given"));
  }

  /// Bytes of which nothing is known.
  Encoded plain(byte[] raw, int length) {
    return zstd(raw, length, BULK_LEVEL)
        .filter(encoded -> encoded.lengthBytes() < WORTHWHILE * length)
        .filter(encoded -> isSame(encoded, raw, length))
        .orElseGet(() -> raw(raw, length));
  }

  /// Pixels, by one codec of the three that can be asked for; empty when it cannot take them, or
  /// does not give back what it was given.
  Optional<Encoded> pixels(Codec codec, byte[] raw, int length, FrameShape shape) {
    Optional<Encoded> encoded =
        switch (codec.number()) {
          case 1 -> zstd(raw, length, BULK_LEVEL);
          case 2 -> jpegLs(raw, length, shape);
          case 3 -> filtered(raw, length, shape);
          default -> Optional.empty();
        };
    return encoded.filter(made -> isSame(made, raw, length));
  }

  static Encoded raw(byte[] raw, int length) {
    return new Encoded(RAW, Arrays.copyOf(raw, length));
  }

  private boolean isSame(Encoded encoded, byte[] raw, int length) {
    try {
      if (encoded.codec().equals(JPEG_LS)) {
        JpegLsFrame frame = jpegLsFrame(encoded.bytes(), encoded.lengthBytes(), length);
        if (!frame.bigEndian()) {
          return jpegLsChecker.matches(
              encoded.bytes(), 0, encoded.lengthBytes(), frame.format(), raw, 0);
        }
      }
      return decodesTo(encoded, raw, length);
    } catch (SerdabException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return false;
    }
  }

  private boolean decodesTo(Encoded encoded, byte[] raw, int length) {
    if (again.length < length) {
      again = new byte[length];
    }
    // What is left from before, often the very same bytes, must not stand for what was decoded.
    Arrays.fill(again, 0, length, LEFT_BEHIND);
    decode(encoded.codec().number(), encoded.bytes(), encoded.lengthBytes(), again, length);
    return Arrays.equals(again, 0, length, raw, 0, length);
  }

  private Optional<Encoded> zstd(byte[] raw, int length, int level) {
    int stored = pack(raw, length, level);
    return Optional.of(new Encoded(ZSTD, Arrays.copyOf(packed, stored)));
  }

  /// Compresses into [#packed].
  private int pack(byte[] raw, int length, int level) {
    int bound = Math.toIntExact(Zstd.compressBound(length));
    if (packed.length < bound) {
      packed = new byte[bound];
    }
    zstd.setLevel(level);
    return zstd.compressByteArray(packed, 0, packed.length, raw, 0, length);
  }

  private Optional<Encoded> jpegLs(byte[] raw, int length, FrameShape shape) {
    int cell = shape.cellBytes();
    if (cell > 2 || length != shape.lengthBytes() || shape.rows() > 65_535) {
      return Optional.empty();
    }
    byte[] cells = raw;
    if (shape.bigEndian()) {
      cells = filteredOf(length);
      swapped(raw, cells, length);
    }
    SampleRange range = SampleRange.of(cells, 0, length, cell, shape.signed());
    if (range.bitsWithOffset() == 8 * cell) {
      // Padding below the range, or a sign nobody told of, may make the other view narrower.
      SampleRange other = SampleRange.of(cells, 0, length, cell, !shape.signed());
      range = other.bitsWithOffset() < range.bitsWithOffset() ? other : range;
    }
    // Samples of up to 8 bits would be read as cells of one byte.
    int bits = Math.max(range.bitsWithOffset(), cell == 2 ? 9 : 2);
    Interleave interleave =
        shape.samples() == 1 || shape.planar() ? Interleave.NONE : Interleave.SAMPLE;
    int stream;
    try {
      stream = jpegLs.encode(cells, 0, format(shape, bits, -range.lowest()), interleave);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
    byte[] comment = comment(shape, range.lowest());
    byte[] stored = new byte[stream + comment.length];
    System.arraycopy(jpegLs.stream(), 0, stored, 0, 2);
    System.arraycopy(comment, 0, stored, 2, comment.length);
    System.arraycopy(jpegLs.stream(), 2, stored, 2 + comment.length, stream - 2);
    return Optional.of(new Encoded(JPEG_LS, stored));
  }

  private static FrameFormat format(FrameShape shape, int bits, int offset) {
    return new FrameFormat(
        shape.rows(), shape.columns(), shape.samples(), bits, shape.planar(), offset);
  }

  /// A comment segment (T.81 section B.2.4.5).
  private static byte[] comment(FrameShape shape, int offset) {
    byte[] text =
        ("sealed-repository cells "
                + shape.cellBytes()
                + (shape.bigEndian() ? " be" : " le")
                + " offset "
                + offset
                + " layout "
                + (shape.planar() ? "plane" : "pixel"))
            .getBytes(StandardCharsets.US_ASCII);
    ByteBuffer segment = ByteBuffer.allocate(4 + text.length);
    segment.put((byte) MARKER).put((byte) COM).putShort((short) (2 + text.length)).put(text);
    return segment.array();
  }

  private Optional<Encoded> filtered(byte[] raw, int length, FrameShape shape) {
    if (shape.bigEndian() || length != shape.lengthBytes()) {
      return Optional.empty();
    }
    // A cell of four bytes is filtered as two of two bytes each.
    int cell = Math.min(2, shape.cellBytes());
    int samples = (shape.planar() ? 1 : shape.samples()) * (shape.cellBytes() / cell);
    int rows = shape.planar() ? shape.rows() * shape.samples() : shape.rows();
    byte[] out = filteredOf(FILTER_HEADER_BYTES + length);
    // In the halves of cells of four bytes there is nothing to guess from neighbours.
    boolean median = reader >= READER_OF_MEDIANS && shape.cellBytes() <= 2;
    int filter = !median ? DELTA : shape.signed() ? MEDIAN_OF_SIGNED : MEDIAN;
    ByteBuffer.wrap(out)
        .put((byte) filter)
        .put((byte) cell)
        .putShort((short) samples)
        .putInt(shape.columns())
        .putLong(length / cell);
    if (median) {
      new MedianShuffle(rows, shape.columns(), samples, cell, shape.signed())
          .forward(raw, 0, out, FILTER_HEADER_BYTES);
    } else {
      new DeltaShuffle(rows, shape.columns(), samples, cell)
          .forward(raw, 0, out, FILTER_HEADER_BYTES);
    }
    int stored = pack(out, FILTER_HEADER_BYTES + length, FILTERED_LEVEL);
    return Optional.of(new Encoded(FILTERED, Arrays.copyOf(packed, stored)));
  }

  private byte[] filteredOf(int length) {
    if (filtered.length < length) {
      filtered = new byte[length];
    }
    return filtered;
  }

  private static void swapped(byte[] from, byte[] to, int length) {
    for (int i = 0; i + 1 < length; i += 2) {
      byte high = from[i];
      to[i] = from[i + 1];
      to[i + 1] = high;
    }
  }

  // ---- decoding

  /// Decodes a blob.
  ///
  /// @param stored its stored form
  /// @param lengthBytes how many bytes it must become
  /// @throws SerdabException.Damaged when it does not become that
  byte[] decode(int codec, byte[] stored, int lengthBytes) {
    byte[] out = new byte[lengthBytes];
    decode(codec, stored, stored.length, out, lengthBytes);
    return out;
  }

  private void decode(int codec, byte[] stored, int storedLength, byte[] out, int length) {
    try {
      switch (codec) {
        case 0 -> {
          require(storedLength == length, "a piece of it has another length");
          System.arraycopy(stored, 0, out, 0, length);
        }
        case 1 -> unpack(stored, storedLength, out, length);
        case 2 -> fromJpegLs(stored, storedLength, out, length);
        case 3 -> fromFiltered(stored, storedLength, out, length);
        default -> throw damaged("it needs the codec " + codec, null);
      }
    } catch (ZstdException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw damaged("a piece of it cannot be decoded", e);
    }
  }

  private void unpack(byte[] stored, int storedLength, byte[] out, int length) {
    int count = unZstd.decompressByteArray(out, 0, length, stored, 0, storedLength);
    require(count == length, "a piece of it has another length");
  }

  private void fromJpegLs(byte[] stored, int storedLength, byte[] out, int length) {
    JpegLsFrame frame = jpegLsFrame(stored, storedLength, length);
    unJpegLs.decode(stored, 0, storedLength, frame.format(), out, 0);
    if (frame.bigEndian()) {
      swapped(out, out, length);
    }
  }

  private record JpegLsFrame(FrameFormat format, boolean bigEndian) {}

  /// What a stored stream and its comment say of the frame.
  private static JpegLsFrame jpegLsFrame(byte[] stored, int storedLength, int length) {
    Matcher comment = COMMENT.matcher(commentIn(stored, storedLength));
    require(comment.matches(), "the comment of a frame is another");
    int cell = Integer.parseInt(comment.group(1));
    JpegLsDecoder.Info info = JpegLsDecoder.info(stored, 0, storedLength);
    require(
        info.near() == 0 && (info.bitsPerSample() > 8 ? 2 : 1) == cell,
        "a frame has another format");
    FrameFormat format =
        new FrameFormat(
            info.rows(),
            info.columns(),
            info.samplesPerPixel(),
            info.bitsPerSample(),
            comment.group(4).equals("plane"),
            -Integer.parseInt(comment.group(3)));
    require(format.lengthBytes() == length, "a frame has another length");
    return new JpegLsFrame(format, comment.group(2).equals("be"));
  }

  private static String commentIn(byte[] stored, int length) {
    if (length < 6
        || (stored[0] & 0xFF) != MARKER
        || (stored[1] & 0xFF) != SOI
        || (stored[2] & 0xFF) != MARKER
        || (stored[3] & 0xFF) != COM) {
      return "";
    }
    int segment = (stored[4] & 0xFF) << 8 | (stored[5] & 0xFF);
    return segment < 2 || segment > COMMENT_BYTES_MAX || 4 + segment > length
        ? ""
        : new String(stored, 6, segment - 2, StandardCharsets.US_ASCII);
  }

  private void fromFiltered(byte[] stored, int storedLength, byte[] out, int length) {
    int whole = FILTER_HEADER_BYTES + length;
    if (packed.length < whole) {
      packed = new byte[whole];
    }
    unpack(stored, storedLength, packed, whole);
    ByteBuffer header = ByteBuffer.wrap(packed);
    int filter = header.get();
    int cell = header.get();
    int samples = header.getShort() & 0xFFFF;
    int columns = header.getInt();
    long cells = header.getLong();
    require(
        filter >= DELTA
            && filter <= MEDIAN_OF_SIGNED
            && (cell == 1 || cell == 2)
            && samples > 0
            && columns > 0
            && cells * cell == length
            && cells % ((long) samples * columns) == 0,
        "a filtered piece has another format");
    int rows = (int) (cells / ((long) samples * columns));
    if (filter == DELTA) {
      new DeltaShuffle(rows, columns, samples, cell).inverse(packed, FILTER_HEADER_BYTES, out, 0);
    } else {
      new MedianShuffle(rows, columns, samples, cell, filter == MEDIAN_OF_SIGNED)
          .inverse(packed, FILTER_HEADER_BYTES, out, 0);
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw damaged(otherwise, null);
    }
  }

  static SerdabException.Damaged damaged(String how, @Nullable Throwable cause) {
    Problem problem =
        new Problem(
            "copy-damaged",
            "A copy is not what was written: " + how + ".",
            "Another destination may hold a good copy; prove it with: serdab verify");
    return cause == null
        ? new SerdabException.Damaged(problem)
        : new SerdabException.Damaged(problem, cause);
  }
}
