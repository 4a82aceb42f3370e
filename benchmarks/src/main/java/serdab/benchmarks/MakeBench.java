package serdab.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Writes about 0.9 GB of DICOM files with distinct pixels, the same on every machine.
///
/// Each slice of the CT and MR series below comes in sixteen variants: the eight flips and
/// rotations, with and without a constant offset. A variant has UIDs of its own, so it is a study
/// of its own, and a compressor gains nothing from one that it learned from another.
///
/// Reads what these series are, Explicit VR Little Endian with one 16-bit sample per pixel (PS3.5
/// annex A.2), and stops at anything else.
@SuppressWarnings("ByteBufferBackingArray") // its buffers wrap whole arrays
public final class MakeBench {

  private static final List<String> SERIES =
      List.of("ct_dcm_qa_ct", "mr_siemens_dcm_qa_decubitus", "mr_uih_dcm_qa_uih");

  private static final int PREAMBLE_LENGTH = 132;
  private static final int UNDEFINED_LENGTH = -1;
  private static final int SEQUENCE_DEPTH_MAX = 32;
  private static final int VARIANTS = 16;
  private static final int OFFSET = 37;

  private static final int META_GROUP_LENGTH = 0x00020000;
  private static final int META_SOP_INSTANCE_UID = 0x00020003;
  private static final int META_TRANSFER_SYNTAX_UID = 0x00020010;
  private static final int SOP_INSTANCE_UID = 0x00080018;
  private static final int STUDY_INSTANCE_UID = 0x0020000D;
  private static final int SERIES_INSTANCE_UID = 0x0020000E;
  private static final int ROWS = 0x00280010;
  private static final int COLUMNS = 0x00280011;
  private static final int BITS_ALLOCATED = 0x00280100;
  private static final int BITS_STORED = 0x00280101;
  private static final int PIXEL_DATA = 0x7FE00010;
  private static final int ITEM = 0xFFFEE000;
  private static final int ITEM_END = 0xFFFEE00D;
  private static final int SEQUENCE_END = 0xFFFEE0DD;

  private final Path target;
  private final Map<String, Integer> studyFolders = new HashMap<>();
  private final Map<String, Integer> filesOfStudy = new HashMap<>();
  private long bytesWritten;

  private MakeBench(Path target) {
    this.target = target;
  }

  public static void main(String[] arguments) throws IOException {
    Path shared = Path.of(arguments[0]);
    MakeBench bench = new MakeBench(Path.of(arguments[1]));
    for (String series : SERIES) {
      bench.vary(shared.resolve("dicom").resolve(series));
    }
    System.out.printf(
        "%d studies, %d MB%n", bench.filesOfStudy.size(), bench.bytesWritten / 1_000_000);
  }

  private void vary(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> below = Files.walk(folder)) {
      files = below.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      if (!Elements.isDicom(bytes)) {
        continue;
      }
      Elements elements = Elements.of(bytes);
      if (!elements.isImage()) {
        continue;
      }
      for (int variant = 0; variant < VARIANTS; variant++) {
        write(elements, variant);
      }
    }
  }

  private void write(Elements original, int variant) throws IOException {
    String study = varied(original.text(STUDY_INSTANCE_UID), variant);
    String instance = varied(original.text(SOP_INSTANCE_UID), variant);
    Map<Integer, byte[]> changes = new HashMap<>();
    changes.put(STUDY_INSTANCE_UID, uid(study));
    changes.put(SERIES_INSTANCE_UID, uid(varied(original.text(SERIES_INSTANCE_UID), variant)));
    changes.put(SOP_INSTANCE_UID, uid(instance));
    changes.put(META_SOP_INSTANCE_UID, uid(instance));
    int rows = original.number(ROWS);
    int columns = original.number(COLUMNS);
    boolean transposed = (variant & 4) != 0;
    changes.put(ROWS, number(transposed ? columns : rows));
    changes.put(COLUMNS, number(transposed ? rows : columns));
    changes.put(PIXEL_DATA, pixels(original, rows, columns, variant));

    int number = studyFolders.computeIfAbsent(study, s -> studyFolders.size() + 1);
    Path folder = target.resolve("study-%03d".formatted(number));
    Files.createDirectories(folder);
    int file = filesOfStudy.merge(study, 1, Integer::sum);
    byte[] bytes = original.with(changes);
    Files.write(folder.resolve("IM%05d.dcm".formatted(file)), bytes);
    bytesWritten += bytes.length;
  }

  /// Bit 0 flips left and right, bit 1 top and bottom, bit 2 swaps rows and columns, bit 3 adds an
  /// offset that wraps within the bits that are used.
  private static byte[] pixels(Elements original, int rows, int columns, int variant) {
    ByteBuffer from = original.value(PIXEL_DATA);
    ByteBuffer to = ByteBuffer.allocate(from.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    int start = from.position();
    int bits = (1 << original.number(BITS_STORED)) - 1;
    int offset = (variant & 8) != 0 ? OFFSET : 0;
    boolean transposed = (variant & 4) != 0;
    int outRows = transposed ? columns : rows;
    int outColumns = transposed ? rows : columns;
    for (int r = 0; r < outRows; r++) {
      for (int c = 0; c < outColumns; c++) {
        int row = transposed ? c : r;
        int column = transposed ? r : c;
        row = (variant & 2) != 0 ? rows - 1 - row : row;
        column = (variant & 1) != 0 ? columns - 1 - column : column;
        int pixel = from.getShort(start + 2 * (row * columns + column));
        to.putShort((short) ((pixel & ~bits) | ((pixel + offset) & bits)));
      }
    }
    while (to.hasRemaining()) {
      to.put((byte) 0);
    }
    return to.array();
  }

  /// A UID from a UUID (PS3.5 annex B.2) that depends on nothing but the original and the variant.
  private static String varied(String uid, int variant) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] hash = digest.digest((uid + "/" + variant).getBytes(StandardCharsets.US_ASCII));
      byte[] uuid = Arrays.copyOf(hash, 16);
      uuid[6] = (byte) ((uuid[6] & 0x0F) | 0x80);
      uuid[8] = (byte) ((uuid[8] & 0x3F) | 0x80);
      return "2.25." + new BigInteger(1, uuid);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] uid(String uid) {
    return Arrays.copyOf(uid.getBytes(StandardCharsets.US_ASCII), uid.length() + uid.length() % 2);
  }

  private static byte[] number(int value) {
    return new byte[] {(byte) value, (byte) (value >> 8)};
  }

  /// Where an element starts, where its value starts, and where it ends.
  private record Place(int start, int value, int end) {}

  /// The elements of one file, top level only, in file order.
  private record Elements(ByteBuffer file, Map<Integer, Place> places) {

    static boolean isDicom(byte[] bytes) {
      return bytes.length > PREAMBLE_LENGTH
          && new String(bytes, PREAMBLE_LENGTH - 4, 4, StandardCharsets.US_ASCII).equals("DICM");
    }

    static Elements of(byte[] bytes) throws IOException {
      ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      Elements elements = new Elements(file, new LinkedHashMap<>());
      int position = PREAMBLE_LENGTH;
      while (position < bytes.length) {
        int tag = elements.tagAt(position);
        int value = elements.valueOf(position);
        int end = elements.endOf(position, 0);
        elements.places.put(tag, new Place(position, value, end));
        position = end;
      }
      if (!elements.text(META_TRANSFER_SYNTAX_UID).equals("1.2.840.10008.1.2.1")) {
        throw new IOException("not Explicit VR Little Endian");
      }
      return elements;
    }

    private int tagAt(int position) {
      return (file.getShort(position) << 16) | (file.getShort(position + 2) & 0xFFFF);
    }

    private boolean hasLongLength(int position) {
      String vr = "" + (char) file.get(position + 4) + (char) file.get(position + 5);
      return List.of("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
          .contains(vr);
    }

    private int valueOf(int position) {
      return position + (hasLongLength(position) ? 12 : 8);
    }

    private int endOf(int position, int depth) throws IOException {
      int value = valueOf(position);
      int length =
          hasLongLength(position)
              ? file.getInt(position + 8)
              : file.getShort(position + 6) & 0xFFFF;
      if (length != UNDEFINED_LENGTH) {
        return value + length;
      }
      if (depth > SEQUENCE_DEPTH_MAX) {
        throw new IOException("sequences nested too deeply");
      }
      int item = value;
      while (tagAt(item) != SEQUENCE_END) {
        int itemLength = file.getInt(item + 4);
        if (tagAt(item) != ITEM) {
          throw new IOException("no item where one should be");
        }
        item += 8;
        if (itemLength != UNDEFINED_LENGTH) {
          item += itemLength;
          continue;
        }
        while (tagAt(item) != ITEM_END) {
          item = endOf(item, depth + 1);
        }
        item += 8;
      }
      return item + 8;
    }

    boolean isImage() {
      return places.containsKey(PIXEL_DATA) && number(BITS_ALLOCATED) == 16;
    }

    ByteBuffer value(int tag) {
      Place place = place(tag);
      return file.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(place.value).limit(place.end);
    }

    String text(int tag) {
      return StandardCharsets.US_ASCII.decode(value(tag)).toString().replace('\0', ' ').strip();
    }

    int number(int tag) {
      ByteBuffer value = value(tag);
      return value.getShort(value.position()) & 0xFFFF;
    }

    /// The file with some values changed, lengths and group length made right.
    byte[] with(Map<Integer, byte[]> changes) {
      int metaGrowth = 0;
      for (Map.Entry<Integer, byte[]> change : changes.entrySet()) {
        if (change.getKey() >>> 16 == 2) {
          metaGrowth += change.getValue().length - value(change.getKey()).remaining();
        }
      }
      Map<Integer, byte[]> all = new HashMap<>(changes);
      ByteBuffer groupLength = value(META_GROUP_LENGTH);
      all.put(
          META_GROUP_LENGTH,
          ByteBuffer.allocate(4)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(groupLength.getInt(groupLength.position()) + metaGrowth)
              .array());
      ByteArrayOutputStream out = new ByteArrayOutputStream(file.capacity() + 256);
      out.write(file.array(), 0, PREAMBLE_LENGTH);
      for (int tag : places.keySet()) {
        Place place = place(tag);
        byte[] changed = all.get(tag);
        if (changed == null) {
          out.write(file.array(), place.start, place.end - place.start);
          continue;
        }
        byte[] header = Arrays.copyOfRange(file.array(), place.start, place.value);
        ByteBuffer length = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        if (header.length == 12) {
          length.putInt(8, changed.length);
        } else {
          length.putShort(6, (short) changed.length);
        }
        out.writeBytes(header);
        out.writeBytes(changed);
      }
      return out.toByteArray();
    }

    private Place place(int tag) {
      Place place = places.get(tag);
      if (place == null) {
        throw new IllegalStateException("no element %08x".formatted(tag));
      }
      return place;
    }
  }
}
