package serdab.dicom.convert;

import java.io.IOException;
import serdab.dicom.DataSet;
import serdab.dicom.Tag;

/// What a data set, or an item with an icon, says of its pixels (PS3.3 section C.7.6.3).
///
/// @param rows 1 to 65535
/// @param columns 1 to 65535
/// @param samples of each pixel, 1 to 4
/// @param frames how many
/// @param bitsAllocated 8, 16 or 32
/// @param bitsStored of these the lowest
/// @param planar whether native samples stand plane by plane
/// @param photometric Photometric Interpretation
record PixelFormat(
    int rows,
    int columns,
    int samples,
    int frames,
    int bitsAllocated,
    int bitsStored,
    boolean signed,
    boolean planar,
    String photometric) {

  /// One decoded frame stands in memory.
  static final int FRAME_BYTES_MAX = 64 << 20;

  private static final int SIDE_MAX = 65_535;
  private static final int FRAMES_MAX = 100_000_000;

  static PixelFormat of(DataSet level) throws IOException, NotConvertibleException {
    long rows = level.number(Tag.Rows).orElse(0L);
    long columns = level.number(Tag.Columns).orElse(0L);
    long samples = level.number(Tag.SamplesPerPixel).orElse(0L);
    long frames =
        level.indexOf(Tag.NumberOfFrames) < 0 ? 1 : level.number(Tag.NumberOfFrames).orElse(0L);
    long allocated = level.number(Tag.BitsAllocated).orElse(0L);
    long stored = level.number(Tag.BitsStored).orElse(0L);
    long highBit = level.number(Tag.HighBit).orElse(-1L);
    long representation = level.number(Tag.PixelRepresentation).orElse(-1L);
    long planar = level.number(Tag.PlanarConfiguration).orElse(samples > 1 ? -1L : 0L);
    String photometric = level.string(Tag.PhotometricInterpretation).orElse("");
    boolean isImage =
        rows > 0
            && rows <= SIDE_MAX
            && columns > 0
            && columns <= SIDE_MAX
            && frames > 0
            && frames <= FRAMES_MAX
            && samples >= 1
            && samples <= 4;
    boolean areCells =
        (allocated == 8 || allocated == 16 || allocated == 32)
            && stored >= 1
            && stored <= allocated
            && highBit == stored - 1
            && (representation == 0 || representation == 1);
    if (!isImage || !areCells || planar < 0 || planar > 1) {
      throw new NotConvertibleException(
          "does not say what its pixels are, or has some that are not written so often that they"
              + " would be converted without a doubt");
    }
    // Two pixels share their colour there, and native ones are laid out in a way of their own.
    if (photometric.isEmpty() || photometric.contains("_4")) {
      throw new NotConvertibleException(
          "has the photometric interpretation " + photometric + ", which is not converted");
    }
    if (rows * columns * samples * allocated / Byte.SIZE > FRAME_BYTES_MAX) {
      throw new NotConvertibleException(
          "has frames of more than " + (FRAME_BYTES_MAX >> 20) + " MiB, which are not converted");
    }
    return new PixelFormat(
        (int) rows,
        (int) columns,
        (int) samples,
        (int) frames,
        (int) allocated,
        (int) stored,
        representation == 1,
        planar == 1,
        photometric);
  }

  int bytesAllocated() {
    return bitsAllocated / Byte.SIZE;
  }

  int frameBytes() {
    return rows * columns * samples * bytesAllocated();
  }

  /// Of all frames, without padding.
  long lengthBytes() {
    return (long) frameBytes() * frames;
  }
}
