package serdab.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;
import serdab.dicom.DicomWriter;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// Images with what nodes like to write anew: sequences in sequences, elements of two makers, text
/// in several scripts, values of odd lengths.
public final class RichDicom {

  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final String[] NAMES = {"山田^太郎", "Müller^Jörg", "김^희중", "Plain^Name"};
  private static final int REFERENCED_IMAGE_SEQUENCE = 0x00081140;
  private static final int REFERENCED_SOP_CLASS_UID = 0x00081150;
  private static final int REFERENCED_SOP_INSTANCE_UID = 0x00081155;
  private static final int PURPOSE_SEQUENCE = 0x0040A170;
  private static final int CODE_VALUE = 0x00080100;

  private RichDicom() {}

  /// An MR image of 16 rows and columns, of one of two series.
  ///
  /// @param study its UID; those below it are this one and a number more
  /// @param n which image, from 0
  /// @param random what its pixels are made of
  public static byte[] image(String study, int n, RandomGenerator random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String sop = sop(study, n);
    byte[] pixels = new byte[512];
    random.nextBytes(pixels);
    try {
      DicomWriter writer = DicomWriter.begin(out, MR, sop);
      writer
          .text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192")
          .uid(Tag.SOPClassUID, MR)
          .uid(Tag.SOPInstanceUID, sop)
          .text(Tag.StudyDate, Vr.DA, "2024021%d".formatted(study.length() % 10))
          .text(Tag.StudyTime, Vr.TM, "101112")
          .text(Tag.AccessionNumber, Vr.SH, "A" + study.length())
          .text(Tag.Modality, Vr.CS, "MR");
      writer.beginSequence(REFERENCED_IMAGE_SEQUENCE);
      for (int i = 0; i < n % 3; i++) {
        writer
            .beginItem()
            .uid(REFERENCED_SOP_CLASS_UID, MR)
            .uid(REFERENCED_SOP_INSTANCE_UID, sop(study, i))
            .beginSequence(PURPOSE_SEQUENCE)
            .beginItem()
            .text(CODE_VALUE, Vr.SH, "121311")
            .endItem()
            .endSequence()
            .endItem();
      }
      writer
          .endSequence()
          .text(Tag.PatientName, Vr.PN, NAMES[n % NAMES.length])
          .text(Tag.PatientID, Vr.LO, "ID7")
          .uid(Tag.StudyInstanceUID, study)
          .uid(Tag.SeriesInstanceUID, study + "." + (1 + n % 2))
          .text(Tag.InstanceNumber, Vr.IS, "" + n);
      writer
          .numbers(0x00280002, Vr.US, 1)
          .text(0x00280004, Vr.CS, "MONOCHROME2")
          .numbers(0x00280010, Vr.US, 16)
          .numbers(0x00280011, Vr.US, 16)
          .numbers(0x00280100, Vr.US, 16)
          .numbers(0x00280101, Vr.US, 16)
          .numbers(0x00280102, Vr.US, 15)
          .numbers(0x00280103, Vr.US, 0);
      writer
          .text(0x00330010, Vr.LO, "SERDAB TEST")
          .text(0x00331001, Vr.LO, "of its maker")
          .numbers(0x00331002, Vr.US, 4711, 7)
          .bytes(0x00331003, Vr.OB, "odd".getBytes(StandardCharsets.US_ASCII))
          .text(0x00350010, Vr.LO, "ANOTHER MAKER")
          .uid(0x00351001, study + ".5");
      writer.bytes(Tag.PixelData, Vr.OW, pixels).end();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /// The UID of such an image.
  public static String sop(String study, int n) {
    return study + ".7." + n;
  }
}
