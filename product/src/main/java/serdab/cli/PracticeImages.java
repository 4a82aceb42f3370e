package serdab.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import serdab.dicom.DicomWriter;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// Images of nobody, for [Training]: round bodies of some tissue in noise, so that a codec meets
/// what it meets in CT and MR: flat surroundings, edges, grain.
final class PracticeImages {

  private static final int SEED = 1;
  private static final int CELL_BYTES = Short.BYTES;
  private static final String CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2";
  private static final String MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4";
  private static final String ROOT = "1.2.826.0.1.3680043.8.498.1";

  private final SplittableRandom random = new SplittableRandom(SEED);

  /// @param side rows and columns of each image
  /// @param air value around the body
  /// @param grain how many values the noise has
  private record Kind(
      String modality,
      String sopClassUid,
      int images,
      int side,
      boolean signed,
      int air,
      int tissue,
      int grain) {}

  /// Writes some studies below a folder that does not exist yet.
  void writeTo(Path folder) throws IOException {
    study(folder.resolve("1"), new Kind("CT", CT_IMAGE_STORAGE, 20, 512, true, -1000, 60, 24));
    study(folder.resolve("2"), new Kind("MR", MR_IMAGE_STORAGE, 40, 256, false, 4, 700, 12));
  }

  private void study(Path folder, Kind kind) throws IOException {
    Files.createDirectories(folder);
    for (int i = 1; i <= kind.images(); i++) {
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(folder.resolve(i + ".dcm")))) {
        write(out, kind, i);
      }
    }
  }

  private void write(OutputStream out, Kind kind, int number) throws IOException {
    String study = ROOT + "." + kind.side();
    String instance = study + ".1." + number;
    DicomWriter.begin(out, kind.sopClassUid(), instance)
        .text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192")
        .uid(Tag.SOPClassUID, kind.sopClassUid())
        .uid(Tag.SOPInstanceUID, instance)
        .text(Tag.StudyDate, Vr.DA, "20200101")
        .text(Tag.Modality, Vr.CS, kind.modality())
        .text(Tag.PatientName, Vr.PN, "Practice^" + kind.modality())
        .text(Tag.PatientID, Vr.LO, "P1")
        .uid(Tag.StudyInstanceUID, study)
        .uid(Tag.SeriesInstanceUID, study + ".1")
        .text(Tag.SeriesNumber, Vr.IS, "1")
        .text(Tag.InstanceNumber, Vr.IS, String.valueOf(number))
        .numbers(Tag.SamplesPerPixel, Vr.US, 1)
        .text(Tag.PhotometricInterpretation, Vr.CS, "MONOCHROME2")
        .numbers(Tag.Rows, Vr.US, kind.side())
        .numbers(Tag.Columns, Vr.US, kind.side())
        .numbers(Tag.BitsAllocated, Vr.US, 8 * CELL_BYTES)
        .numbers(Tag.BitsStored, Vr.US, kind.signed() ? 16 : 12)
        .numbers(Tag.HighBit, Vr.US, kind.signed() ? 15 : 11)
        .numbers(Tag.PixelRepresentation, Vr.US, kind.signed() ? 1 : 0)
        .bytes(Tag.PixelData, Vr.OW, pixels(kind, number))
        .end();
  }

  private byte[] pixels(Kind kind, int number) {
    ByteBuffer pixels =
        ByteBuffer.allocate(kind.side() * kind.side() * CELL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    double middle = kind.side() / 2.0;
    double radius = middle * (0.7 + 0.01 * (number % 10));
    for (int row = 0; row < kind.side(); row++) {
      for (int column = 0; column < kind.side(); column++) {
        double distance = Math.hypot(row - middle, (column - middle) * 1.2);
        int value = kind.air();
        if (distance < radius) {
          double waves = Math.sin(row / 17.0 + number) * Math.cos(column / 23.0);
          value = kind.tissue() + (int) (kind.tissue() * waves / 2) + random.nextInt(kind.grain());
        } else if (distance < middle) {
          value += random.nextInt(1 + kind.grain() / 4);
        }
        pixels.putShort((short) value);
      }
    }
    return pixels.array();
  }
}
