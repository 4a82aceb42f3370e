package serdab.dicom;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// What stands in front of a data set in a file (PS3.10 section 7.1), for data sets that came
/// without.
public final class FileMeta {

  private static final int PREAMBLE_BYTES = 128;
  private static final byte[] VERSION = {0, 1};

  private FileMeta() {}

  /// A preamble of zeros, the DICM prefix and the File Meta Information. The data set's bytes
  /// behind it make a file.
  ///
  /// @param sopClassUid (0002,0002), written as it is
  /// @param sopInstanceUid (0002,0003), written as it is
  /// @param transferSyntaxUid (0002,0010): of the data set that follows
  /// @param sourceAeTitle (0002,0016): who sent it; left out when empty
  public static byte[] header(
      String sopClassUid, String sopInstanceUid, String transferSyntaxUid, String sourceAeTitle) {
    ByteArrayOutputStream group = new ByteArrayOutputStream(256);
    longForm(group, Tag.FileMetaInformationVersion, Vr.OB, VERSION);
    shortForm(group, Tag.MediaStorageSOPClassUID, Vr.UI, sopClassUid);
    shortForm(group, Tag.MediaStorageSOPInstanceUID, Vr.UI, sopInstanceUid);
    shortForm(group, Tag.TransferSyntaxUID, Vr.UI, transferSyntaxUid);
    shortForm(group, Tag.ImplementationClassUID, Vr.UI, DicomWriter.IMPLEMENTATION_CLASS_UID);
    shortForm(group, Tag.ImplementationVersionName, Vr.SH, DicomWriter.IMPLEMENTATION_VERSION_NAME);
    if (!sourceAeTitle.isEmpty()) {
      shortForm(group, Tag.SourceApplicationEntityTitle, Vr.AE, sourceAeTitle);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(512);
    all.writeBytes(new byte[PREAMBLE_BYTES]);
    all.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
    start(all, Tag.FileMetaInformationGroupLength, Vr.UL, Integer.BYTES);
    all.writeBytes(little(Integer.BYTES).putInt(group.size()).array());
    all.writeBytes(group.toByteArray());
    return all.toByteArray();
  }

  private static void shortForm(ByteArrayOutputStream out, int tag, Vr vr, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
    int odd = bytes.length & 1;
    start(out, tag, vr, bytes.length + odd);
    out.writeBytes(bytes);
    if (odd != 0) {
      out.write(vr == Vr.UI ? 0 : ' ');
    }
  }

  private static void longForm(ByteArrayOutputStream out, int tag, Vr vr, byte[] value) {
    start(out, tag, vr, 0);
    out.writeBytes(little(Integer.BYTES).putInt(value.length).array());
    out.writeBytes(value);
  }

  /// Tag, VR and a 16-bit length; what a long form leaves empty is 0.
  private static void start(ByteArrayOutputStream out, int tag, Vr vr, int lengthBytes) {
    out.writeBytes(
        little(8)
            .putShort((short) Tag.group(tag))
            .putShort((short) Tag.element(tag))
            .put(vr.name().getBytes(StandardCharsets.US_ASCII))
            .putShort((short) lengthBytes)
            .array());
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
