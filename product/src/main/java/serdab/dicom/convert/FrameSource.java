package serdab.dicom.convert;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import serdab.SerdabException;
import serdab.dicom.ByteRange;
import serdab.dicom.DataSet;
import serdab.dicom.TransferSyntax;
import serdab.dicom.codec.FrameFormat;
import serdab.dicom.codec.JpegLosslessDecoder;
import serdab.dicom.codec.JpegLsDecoder;
import serdab.dicom.codec.RleDecoder;
import serdab.dicom.codec.UndecodableException;

/// Decodes the frames of one transfer syntax, one after the other. One thread at a time; buffers
/// are kept.
final class FrameSource {

  private static final String JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57";
  private static final String JPEG_LOSSLESS_FIRST_ORDER = "1.2.840.10008.1.2.4.70";
  private static final String JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80";

  /// Its streams may be without loss all the same.
  private static final String JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81";

  /// What is decoded.
  static final Set<String> SYNTAXES =
      Set.of(
          TransferSyntax.RLE_LOSSLESS,
          JPEG_LOSSLESS,
          JPEG_LOSSLESS_FIRST_ORDER,
          JPEG_LS_LOSSLESS,
          JPEG_LS_NEAR_LOSSLESS);

  private static final Set<String> GREY = Set.of("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR");
  private static final Set<String> COLOUR = Set.of("RGB", "YBR_FULL");

  /// A coded frame may be longer than the frame: noise does not shrink.
  private static final int CODED_BYTES_MAX = 2 * PixelFormat.FRAME_BYTES_MAX;

  private final String syntax;
  private final JpegLsDecoder jpegLs = new JpegLsDecoder();
  private final JpegLosslessDecoder jpeg = new JpegLosslessDecoder();
  private byte[] coded = {};
  private byte[] narrow = {};
  private byte[] frame = {};

  FrameSource(String syntax) {
    this.syntax = syntax;
  }

  /// Takes decoded frames.
  @FunctionalInterface
  interface Taker {
    /// Takes one.
    ///
    /// @param frame holds the frame in `[0, length)`, native and little endian
    void take(byte[] frame, int length) throws IOException, NotConvertibleException;
  }

  /// Decodes all frames of an element with fragments.
  void frames(DataSet level, int element, PixelFormat format, Taker taker)
      throws IOException, NotConvertibleException {
    List<List<ByteRange>> frames = level.frames(element);
    if (frames.size() != format.frames()) {
      throw new NotConvertibleException(
          "has "
              + frames.size()
              + " coded frames that can be told apart, and says that it has "
              + format.frames());
    }
    if (frame.length < format.frameBytes()) {
      frame = new byte[format.frameBytes()];
    }
    for (List<ByteRange> fragments : frames) {
      int length = read(level, fragments);
      try {
        decode(length, format);
      } catch (UndecodableException e) {
        throw new NotConvertibleException("has a frame that " + e.getMessage());
      } catch (SerdabException.Damaged e) {
        throw new NotConvertibleException("has a frame that cannot be decoded: " + said(e));
      }
      taker.take(frame, format.frameBytes());
    }
  }

  /// The sentence of a problem, as the end of one.
  private static String said(SerdabException e) {
    String what = e.problem().what();
    return what.endsWith(".") ? what.substring(0, what.length() - 1) : what;
  }

  private int read(DataSet level, List<ByteRange> fragments)
      throws IOException, NotConvertibleException {
    long length = fragments.stream().mapToLong(ByteRange::length).sum();
    if (length > CODED_BYTES_MAX) {
      throw new NotConvertibleException("has a coded frame that is too long to be decoded");
    }
    if (coded.length < length) {
      coded = new byte[(int) length];
    }
    ByteBuffer target = ByteBuffer.wrap(coded, 0, (int) length);
    for (ByteRange fragment : fragments) {
      long at = fragment.offset();
      while (at < fragment.end()) {
        target.limit((int) (target.position() + fragment.end() - at));
        int got = level.source().read(at, target);
        if (got <= 0) {
          throw new IOException("a file became shorter while it was read");
        }
        at += got;
      }
    }
    return (int) length;
  }

  private void decode(int length, PixelFormat format)
      throws UndecodableException, NotConvertibleException {
    switch (syntax) {
      case TransferSyntax.RLE_LOSSLESS ->
          RleDecoder.decode(
              coded,
              0,
              length,
              format.rows() * format.columns(),
              format.samples(),
              format.bytesAllocated(),
              format.planar(),
              frame,
              0);
      case JPEG_LS_LOSSLESS, JPEG_LS_NEAR_LOSSLESS -> {
        JpegLsDecoder.Info info = JpegLsDecoder.info(coded, 0, length);
        FrameFormat cells =
            cells(
                format,
                new JpegLosslessDecoder.Head(
                    info.rows(), info.columns(), info.samplesPerPixel(), info.bitsPerSample()));
        jpegLs.decodeLossless(coded, 0, length, cells, roomFor(cells), 0);
        fill(format, cells);
      }
      case JPEG_LOSSLESS, JPEG_LOSSLESS_FIRST_ORDER -> {
        FrameFormat cells = cells(format, jpeg.head(coded, 0, length));
        jpeg.decode(coded, 0, length, cells, roomFor(cells), 0);
        fill(format, cells);
      }
      default -> throw new IllegalStateException("not decoded: " + syntax);
    }
  }

  /// How a stream's samples lie in bytes, when it is one of these pixels.
  private static FrameFormat cells(PixelFormat format, JpegLosslessDecoder.Head head)
      throws NotConvertibleException {
    boolean isColour = format.samples() == 3 && COLOUR.contains(format.photometric());
    boolean isGrey = format.samples() == 1 && GREY.contains(format.photometric());
    boolean isSame =
        head.rows() == format.rows()
            && head.columns() == format.columns()
            && head.samplesPerPixel() == format.samples();
    boolean fits =
        (format.bitsAllocated() == 8 || format.bitsAllocated() == 16)
            && head.bitsPerSample() <= format.bitsAllocated();
    // Where the sign stands is known when the stream holds the value alone, or the whole cell.
    boolean signIsKnown =
        !format.signed()
            || head.bitsPerSample() == format.bitsStored()
            || head.bitsPerSample() == format.bitsAllocated();
    if (!isSame || !fits || !signIsKnown || !(isColour || isGrey)) {
      throw new NotConvertibleException(
          "has frames that are not coded as its attributes say of its pixels");
    }
    return new FrameFormat(
        format.rows(), format.columns(), format.samples(), head.bitsPerSample(), format.planar());
  }

  private byte[] roomFor(FrameFormat cells) {
    if (narrow.length < cells.lengthBytes()) {
      narrow = new byte[cells.lengthBytes()];
    }
    return narrow;
  }

  /// Makes native cells of samples: the bits above a signed one are copies of its sign, those above
  /// another are zero (PS3.5 section 8.1.1 leaves them open).
  private void fill(PixelFormat format, FrameFormat cells) {
    int width = format.bytesAllocated();
    int unused = Integer.SIZE - cells.bitsPerSample();
    boolean extend = format.signed() && cells.bitsPerSample() < format.bitsAllocated();
    if (width == cells.bytesPerSample() && !extend) {
      System.arraycopy(narrow, 0, frame, 0, format.frameBytes());
      return;
    }
    Arrays.fill(frame, 0, format.frameBytes(), (byte) 0);
    int count = format.rows() * format.columns() * format.samples();
    for (int i = 0; i < count; i++) {
      int sample =
          cells.bytesPerSample() == 1
              ? narrow[i] & 0xFF
              : (narrow[2 * i] & 0xFF) | (narrow[2 * i + 1] & 0xFF) << Byte.SIZE;
      if (extend) {
        sample = sample << unused >> unused;
      }
      frame[i * width] = (byte) sample;
      if (width == 2) {
        frame[2 * i + 1] = (byte) (sample >> Byte.SIZE);
      }
    }
  }
}
