package serdab.testing.horos;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A small, valid DICOM file made from a few words: explicit VR little endian, 2 x 2 pixels.
///
/// The four UIDs and the modality are always written; everything else only when it was said.
public final class TinyDicom {

  private static final String EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
  private static final String SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
  private static final String MULTI_FRAME_GRAYSCALE = "1.2.840.10008.5.1.4.1.1.7.2";

  private final String studyUid;
  private final String seriesUid;
  private final String sopInstanceUid;
  private String modality = "CT";
  private String patientName = "Doe^Jane";
  private String patientId = "4711";
  private String birthDate = "19700131";
  private String studyDate = "20230203";
  private String studyTime = "101500";
  private int seriesNumber = 1;
  private int instanceNumber = 1;
  private int frames = 1;

  private TinyDicom(String studyUid, String seriesUid, String sopInstanceUid) {
    this.studyUid = studyUid;
    this.seriesUid = seriesUid;
    this.sopInstanceUid = sopInstanceUid;
  }

  /// The instance `n` of series `series` of study `study`, UIDs made from the three numbers.
  public static TinyDicom of(int study, int series, int n) {
    String root = "1.2.826.0.1.3680043.2.1143.9.";
    return new TinyDicom(
            studyUid(study), root + study + "." + series, root + study + "." + series + "." + n)
        .series(series)
        .instance(n);
  }

  /// The Study Instance UID that [#of] gives study `study`.
  public static String studyUid(int study) {
    return "1.2.826.0.1.3680043.2.1143.9." + study;
  }

  /// An instance with these UIDs; an empty Study Instance UID is left out.
  public static TinyDicom withUids(String studyUid, String seriesUid, String sopInstanceUid) {
    return new TinyDicom(studyUid, seriesUid, sopInstanceUid);
  }

  public TinyDicom modality(String value) {
    modality = value;
    return this;
  }

  /// Name, id and date of birth; an empty one is left out.
  public TinyDicom patient(String name, String id, String birth) {
    patientName = name;
    patientId = id;
    birthDate = birth;
    return this;
  }

  /// `YYYYMMDD` and `HHMMSS`; an empty one is left out.
  public TinyDicom taken(String date, String time) {
    studyDate = date;
    studyTime = time;
    return this;
  }

  public TinyDicom series(int number) {
    seriesNumber = number;
    return this;
  }

  public TinyDicom instance(int number) {
    instanceNumber = number;
    return this;
  }

  public TinyDicom frames(int number) {
    frames = number;
    return this;
  }

  /// The whole Part 10 file.
  public byte[] bytes() {
    String sopClass = frames > 1 ? MULTI_FRAME_GRAYSCALE : SECONDARY_CAPTURE;
    ByteArrayOutputStream meta = new ByteArrayOutputStream();
    put(meta, 0x0002, 0x0002, "UI", uid(sopClass));
    put(meta, 0x0002, 0x0003, "UI", uid(sopInstanceUid));
    put(meta, 0x0002, 0x0010, "UI", uid(EXPLICIT_LITTLE_ENDIAN));
    put(meta, 0x0002, 0x0012, "UI", uid("1.2.826.0.1.3680043.2.1143.107"));

    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[128]);
    out.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
    put(out, 0x0002, 0x0000, "UL", int32(meta.size()));
    out.writeBytes(meta.toByteArray());
    put(out, 0x0008, 0x0005, "CS", text("ISO_IR 192"));
    put(out, 0x0008, 0x0016, "UI", uid(sopClass));
    put(out, 0x0008, 0x0018, "UI", uid(sopInstanceUid));
    putUnlessEmpty(out, 0x0008, 0x0020, "DA", studyDate);
    putUnlessEmpty(out, 0x0008, 0x0030, "TM", studyTime);
    put(out, 0x0008, 0x0060, "CS", text(modality));
    putUnlessEmpty(out, 0x0010, 0x0010, "PN", patientName);
    putUnlessEmpty(out, 0x0010, 0x0020, "LO", patientId);
    putUnlessEmpty(out, 0x0010, 0x0030, "DA", birthDate);
    if (!studyUid.isEmpty()) {
      put(out, 0x0020, 0x000D, "UI", uid(studyUid));
    }
    put(out, 0x0020, 0x000E, "UI", uid(seriesUid));
    put(out, 0x0020, 0x0011, "IS", text(Integer.toString(seriesNumber)));
    put(out, 0x0020, 0x0013, "IS", text(Integer.toString(instanceNumber)));
    put(out, 0x0028, 0x0002, "US", int16(1));
    put(out, 0x0028, 0x0004, "CS", text("MONOCHROME2"));
    if (frames > 1) {
      put(out, 0x0028, 0x0008, "IS", text(Integer.toString(frames)));
    }
    put(out, 0x0028, 0x0010, "US", int16(2));
    put(out, 0x0028, 0x0011, "US", int16(2));
    put(out, 0x0028, 0x0100, "US", int16(8));
    put(out, 0x0028, 0x0101, "US", int16(8));
    put(out, 0x0028, 0x0102, "US", int16(7));
    put(out, 0x0028, 0x0103, "US", int16(0));
    byte[] pixels = new byte[4 * frames];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (sopInstanceUid.hashCode() >> (i % 4 * 8));
    }
    put(out, 0x7FE0, 0x0010, "OB", pixels);
    return out.toByteArray();
  }

  private static void putUnlessEmpty(
      ByteArrayOutputStream out, int group, int element, String vr, String value) {
    if (!value.isEmpty()) {
      put(out, group, element, vr, text(value));
    }
  }

  private static void put(
      ByteArrayOutputStream out, int group, int element, String vr, byte[] value) {
    out.writeBytes(int16(group));
    out.writeBytes(int16(element));
    out.writeBytes(vr.getBytes(StandardCharsets.US_ASCII));
    if (vr.equals("OB")) {
      out.writeBytes(int16(0));
      out.writeBytes(int32(value.length));
    } else {
      out.writeBytes(int16(value.length));
    }
    out.writeBytes(value);
  }

  private static byte[] text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return bytes.length % 2 == 0 ? bytes : (value + " ").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] uid(String value) {
    return (value.length() % 2 == 0 ? value : value + "\0").getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] int16(int value) {
    return new byte[] {(byte) value, (byte) (value >> 8)};
  }

  private static byte[] int32(int value) {
    return new byte[] {
      (byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)
    };
  }

  /// A series of `count` instances.
  public static List<TinyDicom> series(int study, int series, int count) {
    List<TinyDicom> all = new ArrayList<>();
    for (int n = 1; n <= count; n++) {
      all.add(of(study, series, n));
    }
    return all;
  }
}
