package serdab.testing.horos;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/// The few header values that the viewer's importer looks at, of an ordinary little endian file.
///
/// Written apart from the product's reader, so that a fixture is not made by what it tests. Reads
/// explicit and implicit VR; refuses big endian and deflated files.
final class Header {

  static final int CHARACTER_SET = 0x00080005;
  static final int SOP_CLASS_UID = 0x00080016;
  static final int SOP_INSTANCE_UID = 0x00080018;
  static final int STUDY_DATE = 0x00080020;
  static final int SERIES_DATE = 0x00080021;
  static final int ACQUISITION_DATE = 0x00080022;
  static final int CONTENT_DATE = 0x00080023;
  static final int STUDY_TIME = 0x00080030;
  static final int SERIES_TIME = 0x00080031;
  static final int ACQUISITION_TIME = 0x00080032;
  static final int CONTENT_TIME = 0x00080033;
  static final int ACCESSION_NUMBER = 0x00080050;
  static final int MODALITY = 0x00080060;
  static final int INSTITUTION = 0x00080080;
  static final int REFERRING_PHYSICIAN = 0x00080090;
  static final int STUDY_DESCRIPTION = 0x00081030;
  static final int SERIES_DESCRIPTION = 0x0008103E;
  static final int PERFORMING_PHYSICIAN = 0x00081050;
  static final int PATIENT_NAME = 0x00100010;
  static final int PATIENT_ID = 0x00100020;
  static final int BIRTH_DATE = 0x00100030;
  static final int SEX = 0x00100040;
  static final int PROTOCOL_NAME = 0x00181030;
  static final int STUDY_UID = 0x0020000D;
  static final int SERIES_UID = 0x0020000E;
  static final int STUDY_ID = 0x00200010;
  static final int SERIES_NUMBER = 0x00200011;
  static final int INSTANCE_NUMBER = 0x00200013;
  static final int FRAMES = 0x00280008;
  static final int ROWS = 0x00280010;
  static final int COLUMNS = 0x00280011;

  private static final Set<String> LONG_FORM =
      Set.of("OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT", "SV", "UV");

  static final int META_LENGTH = 0x00020000;
  static final int META_SOP_INSTANCE_UID = 0x00020003;

  private final Map<Integer, byte[]> values = new HashMap<>();

  /// Where each value begins, and how many bytes hold its length.
  private final Map<Integer, Place> places = new HashMap<>();

  private record Place(int position, int lengthBytes) {}

  static Header of(byte[] file) {
    Header header = new Header();
    header.read(file);
    return header;
  }

  /// Trimmed text in the file's own character set; empty when the element is not there.
  String text(int tag) {
    byte[] value = values.get(tag);
    if (value == null) {
      return "";
    }
    return new String(value, charset()).replace('\0', ' ').strip();
  }

  int number(int tag, int otherwise) {
    String text = text(tag);
    return text.matches("[+-]?\\d{1,9}") ? Integer.parseInt(text) : otherwise;
  }

  /// A value of VR US, such as Rows.
  int unsigned16(int tag) {
    byte[] value = values.get(tag);
    return value == null || value.length < 2 ? 0 : (value[0] & 0xff) | (value[1] & 0xff) << 8;
  }

  /// The file with other texts for some of its elements; an element that is not there stays away.
  ///
  /// @param changes ASCII texts by tag, of values with a known length
  byte[] with(byte[] file, Map<Integer, String> changes) {
    TreeMap<Integer, byte[]> inOrder = new TreeMap<>();
    int metaGrowth = 0;
    for (Map.Entry<Integer, String> change : changes.entrySet()) {
      byte[] before = values.get(change.getKey());
      if (before != null) {
        byte[] after = padded(change.getKey(), change.getValue());
        inOrder.put(change.getKey(), after);
        metaGrowth += change.getKey() >>> 16 == 0x0002 ? after.length - before.length : 0;
      }
    }
    if (values.containsKey(META_LENGTH)) {
      int length = ByteBuffer.wrap(values.get(META_LENGTH)).order(ByteOrder.LITTLE_ENDIAN).getInt();
      inOrder.put(META_LENGTH, littleEndian(length + metaGrowth, 4));
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(file.length + 256);
    int copied = 0;
    for (Map.Entry<Integer, byte[]> change : inOrder.entrySet()) {
      Place place = Objects.requireNonNull(places.get(change.getKey()));
      out.write(file, copied, place.position() - place.lengthBytes() - copied);
      out.writeBytes(littleEndian(change.getValue().length, place.lengthBytes()));
      out.writeBytes(change.getValue());
      copied = place.position() + Objects.requireNonNull(values.get(change.getKey())).length;
    }
    out.write(file, copied, file.length - copied);
    return out.toByteArray();
  }

  /// Values have an even length: UIDs are padded with a NUL, texts with a space (PS3.5 section
  /// 6.2).
  private static byte[] padded(int tag, String text) {
    boolean uid =
        tag == SOP_INSTANCE_UID
            || tag == META_SOP_INSTANCE_UID
            || tag == STUDY_UID
            || tag == SERIES_UID;
    String even = text.length() % 2 == 0 ? text : text + (uid ? '\0' : ' ');
    return even.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] littleEndian(int value, int bytes) {
    byte[] all = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      all[i] = (byte) (value >> (8 * i));
    }
    return all;
  }

  private Charset charset() {
    byte[] value = values.get(CHARACTER_SET);
    String all = value == null ? "" : new String(value, StandardCharsets.US_ASCII);
    // The first value rules until an escape sequence; of names we take what stands before one.
    return switch (all.split("\\\\", 2)[0].strip()) {
      case "ISO_IR 192" -> StandardCharsets.UTF_8;
      case "ISO_IR 144" -> Charset.forName("ISO-8859-5");
      case "ISO_IR 127" -> Charset.forName("ISO-8859-6");
      case "ISO_IR 126" -> Charset.forName("ISO-8859-7");
      case "ISO_IR 13" -> Charset.forName("Shift_JIS");
      case "GB18030" -> Charset.forName("GB18030");
      default -> StandardCharsets.ISO_8859_1;
    };
  }

  private void read(byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    boolean part10 =
        file.length > 132 && new String(file, 128, 4, StandardCharsets.US_ASCII).equals("DICM");
    in.position(part10 ? 132 : 0);
    String syntax = "1.2.840.10008.1.2";
    while (in.remaining() >= 8 && in.getShort(in.position()) == 0x0002) {
      readElement(in, true);
      byte[] named = values.get(0x00020010);
      syntax = named == null ? syntax : new String(named, StandardCharsets.US_ASCII).trim();
    }
    if (syntax.equals("1.2.840.10008.1.2.2") || syntax.equals("1.2.840.10008.1.2.1.99")) {
      throw new IllegalArgumentException("big endian and deflated files are not for fixtures");
    }
    boolean explicit = !syntax.equals("1.2.840.10008.1.2");
    while (in.remaining() >= 8 && Short.toUnsignedInt(in.getShort(in.position())) <= 0x0028) {
      readElement(in, explicit);
    }
  }

  private void readElement(ByteBuffer in, boolean explicit) {
    int tag = Short.toUnsignedInt(in.getShort()) << 16 | Short.toUnsignedInt(in.getShort());
    int lengthAt = in.position();
    long length = readLength(in, explicit && tag >>> 16 != 0xFFFE);
    // Only the short form begins with a VR of two bytes and has a length of as many.
    int lengthBytes = in.position() - lengthAt == 4 && explicit && tag >>> 16 != 0xFFFE ? 2 : 4;
    if (length == 0xFFFFFFFFL) {
      skipToDelimiter(in, explicit);
      return;
    }
    byte[] value = new byte[(int) Math.min(length, in.remaining())];
    int position = in.position();
    in.get(value);
    if (values.putIfAbsent(tag, value) == null) {
      places.put(tag, new Place(position, lengthBytes));
    }
  }

  private static long readLength(ByteBuffer in, boolean explicit) {
    if (!explicit) {
      return Integer.toUnsignedLong(in.getInt());
    }
    String vr = "" + (char) in.get() + (char) in.get();
    if (LONG_FORM.contains(vr)) {
      in.getShort();
      return Integer.toUnsignedLong(in.getInt());
    }
    return Short.toUnsignedInt(in.getShort());
  }

  /// Leaves a sequence or item of undefined length behind.
  private static void skipToDelimiter(ByteBuffer in, boolean explicit) {
    int open = 1;
    while (open > 0 && in.remaining() >= 8) {
      int tag = Short.toUnsignedInt(in.getShort()) << 16 | Short.toUnsignedInt(in.getShort());
      long length = readLength(in, explicit && tag >>> 16 != 0xFFFE);
      if (tag == 0xFFFEE00D || tag == 0xFFFEE0DD) {
        open--;
      } else if (length == 0xFFFFFFFFL) {
        open++;
      } else if (tag != 0xFFFEE000) {
        in.position((int) Math.min(in.limit(), in.position() + length));
      }
    }
  }
}
