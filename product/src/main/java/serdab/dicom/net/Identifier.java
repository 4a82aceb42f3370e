package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Dictionary;
import serdab.dicom.FileMeta;
import serdab.dicom.TransferSyntax;

/// Small data sets of our own, in Implicit VR Little Endian, which every node knows (PS3.5 section
/// 10.1): what is asked for, what is answered, and what is to be committed. One thread at a time.
public final class Identifier {

  static final int QUERY_RETRIEVE_LEVEL = 0x00080052;
  static final int FAILED_SOP_INSTANCE_UID_LIST = 0x00080058;
  static final int REFERENCED_SOP_CLASS_UID = 0x00081150;
  static final int REFERENCED_SOP_INSTANCE_UID = 0x00081155;
  static final int TRANSACTION_UID = 0x00081195;
  static final int FAILURE_REASON = 0x00081197;
  static final int FAILED_SOP_SEQUENCE = 0x00081198;
  static final int REFERENCED_SOP_SEQUENCE = 0x00081199;
  static final int SPECIFIC_CHARACTER_SET = 0x00080005;

  /// What one answer may take; an IMAGE-level match takes some hundred bytes, a list of failures
  /// more.
  static final int BYTES_MAX = 16 << 20;

  private static final int ITEM = 0xFFFEE000;
  private static final List<String> SYNTAXES = List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN);

  private final Map<Integer, byte[]> values = new TreeMap<>(Integer::compareUnsigned);

  /// The only syntax they are in.
  static List<String> syntaxes() {
    return SYNTAXES;
  }

  /// Adds text; several values are joined with a backslash. Text that is not ASCII is in ISO_IR
  /// 192, and the data set says so.
  ///
  /// @return this
  public Identifier text(int tag, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    byte[] even = Arrays.copyOf(bytes, bytes.length + (bytes.length & 1));
    if (even.length > bytes.length) {
      even[bytes.length] = Dictionary.vrOf(tag).padding();
    }
    values.put(tag, even);
    if (bytes.length > value.length()) {
      values.put(SPECIFIC_CHARACTER_SET, "ISO_IR 192".getBytes(StandardCharsets.US_ASCII));
    }
    return this;
  }

  /// Adds a value as it is, of an even length.
  ///
  /// @return this
  public Identifier bytes(int tag, byte... value) {
    values.put(tag, value.clone());
    return this;
  }

  /// Adds a sequence.
  Identifier sequence(int tag, List<Identifier> items) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Identifier item : items) {
      byte[] bytes = item.bytes();
      all.writeBytes(header(ITEM, bytes.length));
      all.writeBytes(bytes);
    }
    values.put(tag, all.toByteArray());
    return this;
  }

  byte[] bytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    values.forEach((tag, value) -> {
      all.writeBytes(header(tag, value.length));
      all.writeBytes(value);
    });
    return all.toByteArray();
  }

  private static byte[] header(int tag, int length) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) (tag >>> 16))
        .putShort((short) tag)
        .putInt(length)
        .array();
  }

  /// Reads what a peer sent in Implicit VR Little Endian.
  static DataSet read(byte[] bytes) throws IOException {
    byte[] header = FileMeta.header("1.2", "1.2", TransferSyntax.IMPLICIT_LITTLE_ENDIAN, "");
    byte[] file = Arrays.copyOf(header, header.length + bytes.length);
    System.arraycopy(bytes, 0, file, header.length, bytes.length);
    return DicomFile.read(ByteSource.of(file)).dataSet();
  }
}
