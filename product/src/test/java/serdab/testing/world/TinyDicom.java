package serdab.testing.world;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Makes small valid DICOM files: Explicit VR Little Endian, MR, 16-bit pixels.
public final class TinyDicom {

  private String studyUid = "1.2.3";
  private String seriesUid = "1.2.3.1";
  private String sopUid = "1.2.3.1.1";
  private String patientName = "Test^Tina";
  private String patientId = "T1";
  private String studyDate = "20240215";
  private String modality = "MR";
  private String comment = "";
  private String privateText = "";
  private String accessionNumber = "";
  private byte[] pixels = new byte[32];
  private boolean hasPixels = true;
  private int frames;

  public static TinyDicom image() {
    return new TinyDicom();
  }

  public TinyDicom study(String uid) {
    studyUid = uid;
    return this;
  }

  public TinyDicom series(String uid) {
    seriesUid = uid;
    return this;
  }

  public TinyDicom sop(String uid) {
    sopUid = uid;
    return this;
  }

  public TinyDicom patient(String name, String id) {
    patientName = name;
    patientId = id;
    return this;
  }

  public TinyDicom date(String yyyymmdd) {
    studyDate = yyyymmdd;
    return this;
  }

  public TinyDicom modality(String value) {
    modality = value;
    return this;
  }

  public TinyDicom accession(String number) {
    accessionNumber = number;
    return this;
  }

  /// Study Comments (0032,4000), which the viewer writes into files in place.
  public TinyDicom comment(String text) {
    comment = text;
    return this;
  }

  public TinyDicom pixels(byte[] value) {
    pixels = value.clone();
    return this;
  }

  /// An element of a maker's own, with its creator.
  public TinyDicom withPrivate(String text) {
    privateText = text;
    return this;
  }

  /// Number of Frames (0028,0008).
  public TinyDicom frames(int count) {
    frames = count;
    return this;
  }

  /// As a report: nothing but headers.
  public TinyDicom withoutPixels() {
    hasPixels = false;
    return this;
  }

  public byte[] bytes() {
    ByteArrayOutputStream meta = new ByteArrayOutputStream();
    put(meta, 0x0002, 0x0001, "OB", new byte[] {0, 1});
    text(meta, 0x0002, 0x0002, "UI", "1.2.840.10008.5.1.4.1.1.4");
    text(meta, 0x0002, 0x0003, "UI", sopUid);
    text(meta, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(new byte[128]);
    file.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
    int metaLength = meta.size();
    put(file, 0x0002, 0x0000, "UL", new byte[] {(byte) metaLength, (byte) (metaLength >> 8), 0, 0});
    file.writeBytes(meta.toByteArray());
    text(file, 0x0008, 0x0005, "CS", "ISO_IR 192");
    text(file, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.4");
    text(file, 0x0008, 0x0018, "UI", sopUid);
    text(file, 0x0008, 0x0020, "DA", studyDate);
    if (!accessionNumber.isEmpty()) {
      text(file, 0x0008, 0x0050, "SH", accessionNumber);
    }
    text(file, 0x0008, 0x0060, "CS", modality);
    text(file, 0x0010, 0x0010, "PN", patientName);
    text(file, 0x0010, 0x0020, "LO", patientId);
    text(file, 0x0020, 0x000D, "UI", studyUid);
    text(file, 0x0020, 0x000E, "UI", seriesUid);
    number(file, 0x0002, 1);
    text(file, 0x0028, 0x0004, "CS", "MONOCHROME2");
    if (frames > 0) {
      text(file, 0x0028, 0x0008, "IS", "" + frames);
    }
    number(file, 0x0010, 1);
    number(file, 0x0011, pixels.length / 2 / Math.max(1, frames));
    number(file, 0x0100, 16);
    number(file, 0x0101, 16);
    number(file, 0x0102, 15);
    number(file, 0x0103, 0);
    if (!comment.isEmpty()) {
      text(file, 0x0032, 0x4000, "LT", comment);
    }
    if (!privateText.isEmpty()) {
      text(file, 0x0033, 0x0010, "LO", "SERDAB TEST");
      text(file, 0x0033, 0x1001, "LO", privateText);
    }
    if (hasPixels) {
      put(file, 0x7FE0, 0x0010, "OW", pixels);
    }
    return file.toByteArray();
  }

  private static void text(
      ByteArrayOutputStream out, int group, int element, String vr, String value) {
    byte[] raw = value.getBytes(StandardCharsets.UTF_8);
    byte pad = (byte) (vr.equals("UI") ? 0 : ' ');
    byte[] even = java.util.Arrays.copyOf(raw, raw.length + raw.length % 2);
    if (even.length > raw.length) {
      even[raw.length] = pad;
    }
    put(out, group, element, vr, even);
  }

  /// A US value of group 0028, which describes the pixels.
  private static void number(ByteArrayOutputStream out, int element, int value) {
    put(out, 0x0028, element, "US", new byte[] {(byte) value, (byte) (value >> 8)});
  }

  private static void put(
      ByteArrayOutputStream out, int group, int element, String vr, byte[] value) {
    boolean longForm = vr.equals("OB") || vr.equals("OW");
    ByteBuffer head = little(longForm ? 12 : 8);
    head.putShort((short) group).putShort((short) element);
    head.put(vr.getBytes(StandardCharsets.US_ASCII));
    if (longForm) {
      head.putShort((short) 0).putInt(value.length);
    } else {
      head.putShort((short) value.length);
    }
    head.flip();
    while (head.hasRemaining()) {
      out.write(head.get());
    }
    out.writeBytes(value);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
