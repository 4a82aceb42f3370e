package serdab.ziptree;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;

/// Native pixels that JPEG-LS can hold as PS3.5 table 8.2.3-1 allows.
///
/// @param frames how many
/// @param bitsAllocated 8 or 16
/// @param bitsStored of these the lowest
/// @param planar whether samples stand plane by plane
record NativeImage(
    int rows,
    int columns,
    int samples,
    int frames,
    int bitsAllocated,
    int bitsStored,
    boolean signed,
    boolean planar) {

  private static final Set<String> GREY = Set.of("MONOCHROME1", "MONOCHROME2");

  /// What a data set says of its pixels; empty when they cannot be held, or it says too little.
  static Optional<NativeImage> of(DicomFile file) throws IOException {
    DataSet dataSet = file.dataSet();
    long rows = dataSet.number(Tag.Rows).orElse(0L);
    long columns = dataSet.number(Tag.Columns).orElse(0L);
    long samples = dataSet.number(Tag.SamplesPerPixel).orElse(0L);
    long frames =
        dataSet.indexOf(Tag.NumberOfFrames) < 0 ? 1 : dataSet.number(Tag.NumberOfFrames).orElse(0L);
    long allocated = dataSet.number(Tag.BitsAllocated).orElse(0L);
    long stored = dataSet.number(Tag.BitsStored).orElse(0L);
    long highBit = dataSet.number(Tag.HighBit).orElse(-1L);
    long representation = dataSet.number(Tag.PixelRepresentation).orElse(-1L);
    boolean planar = samples > 1 && dataSet.number(Tag.PlanarConfiguration).orElse(0L) == 1;
    String photometric = dataSet.string(Tag.PhotometricInterpretation).orElse("");
    boolean isImage = rows > 0 && rows <= 65_535 && columns > 0 && columns <= 65_535 && frames > 0;
    // Programs read a stream of up to 8 bits as cells of one byte, whatever is allocated.
    boolean areCells =
        (allocated == 8 && stored >= 2 && stored <= 8)
            || (allocated == 16 && stored >= 9 && stored <= 16);
    if (!isImage
        || !areCells
        || highBit != stored - 1
        || (representation != 0 && representation != 1)
        || !isAllowed(photometric, samples, representation, allocated)
        || rows * columns * samples * allocated / 8 * frames > Recipe.FILE_BYTES_MAX
        || frames > Recipe.FILE_BYTES_MAX) {
      return Optional.empty();
    }
    return Optional.of(
        new NativeImage(
            (int) rows,
            (int) columns,
            (int) samples,
            (int) frames,
            (int) allocated,
            (int) stored,
            representation == 1,
            planar));
  }

  private static boolean isAllowed(
      String photometric, long samples, long representation, long allocated) {
    if (GREY.contains(photometric)) {
      return samples == 1;
    }
    return representation == 0
        && switch (photometric) {
          case "PALETTE COLOR" -> samples == 1;
          case "RGB" -> samples == 3;
          case "YBR_FULL" -> samples == 3 && allocated == 8;
          default -> false;
        };
  }

  int frameBytes() {
    return rows * columns * samples * (bitsAllocated / 8);
  }
}
