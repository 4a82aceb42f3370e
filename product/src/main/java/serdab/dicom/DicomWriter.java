package serdab.dicom;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/// Writes one Part 10 file, element after element, in Explicit VR Little Endian. Nothing is kept
/// but one small buffer, so a file may have any length.
///
/// ```java
/// DicomWriter writer = DicomWriter.begin(out, sopClassUid, sopInstanceUid);
/// writer.text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192").uid(Tag.SOPClassUID, sopClassUid);
/// writer.beginSequence(tag).beginItem().numbers(other, Vr.US, 1).endItem().endSequence();
/// writer.end();
/// ```
///
/// Reading is lenient, writing is not: tags must ascend within a data set or item, a value must fit
/// its VR's length field and its characters. What breaks that is a mistake of the caller and an
/// `IllegalArgumentException` that names the tag and never the value; what comes from files has to
/// be made fit first. Sequences and items are written with undefined lengths and delimiters (PS3.5
/// section 7.5), so that nothing has to be known in advance. One thread at a time; the stream
/// belongs to the caller, who closes it.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part10.html#sect_7.1 DICOM PS3.10
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html#sect_7.1.2 DICOM
///   PS3.5
public final class DicomWriter {

  /// Names this writer in every file it makes; a UUID as a UID (PS3.5 section B.2).
  public static final String IMPLEMENTATION_CLASS_UID =
      "2.25.184811770381006328694063123785102433165";

  /// The name beside it; at most 16 characters.
  public static final String IMPLEMENTATION_VERSION_NAME = "SERDAB";

  /// The longest value behind a 16-bit length, which has to be even (PS3.5 section 7.1.2).
  public static final int SHORT_VALUE_BYTES_MAX = 0xFFFE;

  /// What one sequence in another may add up to; what we write needs four.
  static final int DEPTH_MAX = 64;

  private static final int PREAMBLE_BYTES = 128;
  private static final int BUFFER_BYTES = 1 << 13;
  private static final int UNDEFINED = 0xFFFF_FFFF;

  private final OutputStream out;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int buffered;
  private long flushedBytes;

  /// The levels around the present one: data set, sequence, item, sequence, …
  private final Deque<Level> outer = new ArrayDeque<>();

  private Level level = new Level(Kind.DATA_SET);
  private boolean isEnded;

  private enum Kind {
    DATA_SET,
    SEQUENCE,
    ITEM
  }

  /// One data set, sequence or item that is being written.
  private static final class Level {
    private final Kind kind;

    /// The highest so far; 0 at the start.
    private int tag;

    Level(Kind kind) {
      this.kind = kind;
    }
  }

  private DicomWriter(OutputStream out) {
    this.out = out;
  }

  /// Starts a file: preamble of zeros, prefix and File Meta Information. The data set comes next.
  ///
  /// @param sopClassUid what (0002,0002) says; the caller writes (0008,0016) where the IOD has it
  /// @param sopInstanceUid what (0002,0003) says
  public static DicomWriter begin(OutputStream out, String sopClassUid, String sopInstanceUid)
      throws IOException {
    DicomWriter writer = new DicomWriter(out);
    writer.raw(new byte[PREAMBLE_BYTES]);
    writer.raw("DICM".getBytes(StandardCharsets.US_ASCII));
    writer.meta(sopClassUid, sopInstanceUid);
    return writer;
  }

  private void meta(String sopClassUid, String sopInstanceUid) throws IOException {
    byte[] version = {0, 1};
    byte[] sopClass = uidBytes(Tag.MediaStorageSOPClassUID, sopClassUid);
    byte[] instance = uidBytes(Tag.MediaStorageSOPInstanceUID, sopInstanceUid);
    byte[] syntax = uidBytes(Tag.TransferSyntaxUID, TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
    byte[] implementation = uidBytes(Tag.ImplementationClassUID, IMPLEMENTATION_CLASS_UID);
    byte[] name = IMPLEMENTATION_VERSION_NAME.getBytes(StandardCharsets.US_ASCII);
    long length =
        longFormBytes(version)
            + shortFormBytes(sopClass)
            + shortFormBytes(instance)
            + shortFormBytes(syntax)
            + shortFormBytes(implementation)
            + shortFormBytes(name);
    header(Tag.FileMetaInformationGroupLength, Vr.UL, Integer.BYTES);
    int32((int) length);
    put(Tag.FileMetaInformationVersion, Vr.OB, version);
    put(Tag.MediaStorageSOPClassUID, Vr.UI, sopClass);
    put(Tag.MediaStorageSOPInstanceUID, Vr.UI, instance);
    put(Tag.TransferSyntaxUID, Vr.UI, syntax);
    put(Tag.ImplementationClassUID, Vr.UI, implementation);
    put(Tag.ImplementationVersionName, Vr.SH, name);
  }

  /// Writes text: values joined with a backslash, in UTF-8, padded to an even length.
  ///
  /// Where other than ASCII may occur, Specific Character Set (0008,0005) has to say ISO_IR 192,
  /// which the caller writes like any other element.
  ///
  /// @param vr a VR of text
  /// @param values none or an empty one gives an empty element; VRs in which a backslash is a
  ///   character like any other take one
  public DicomWriter text(int tag, Vr vr, String... values) throws IOException {
    if (!vr.isText()) {
      throw wrong(tag, "the VR " + vr + " is not one of text");
    }
    if (!vr.isMultiValuedText() && values.length > 1) {
      throw wrong(tag, "the VR " + vr + " has one value");
    }
    for (String value : values) {
      checkCharacters(tag, vr, value);
    }
    return element(tag, vr, String.join("\\", values).getBytes(StandardCharsets.UTF_8));
  }

  /// Writes UIDs, padded with a NUL.
  ///
  /// @param values digits and dots by the standard; any ASCII is written, since files hold it
  public DicomWriter uid(int tag, String... values) throws IOException {
    return text(tag, Vr.UI, values);
  }

  /// Writes whole numbers.
  ///
  /// @param vr US, SS, UL, SL, UV or SV; AT takes tags
  /// @param values each in the range of the VR; those of UV as [Long#parseUnsignedLong] gives them
  public DicomWriter numbers(int tag, Vr vr, long... values) throws IOException {
    int size = numberBytes(tag, vr);
    for (long value : values) {
      checkRange(tag, vr, value);
    }
    start(tag, vr, (long) size * values.length);
    for (long value : values) {
      if (vr == Vr.AT) {
        int16(Tag.group((int) value));
        int16(Tag.element((int) value));
      } else {
        for (int i = 0; i < size; i++) {
          int8((int) (value >>> (Byte.SIZE * i)));
        }
      }
    }
    return this;
  }

  /// Writes bytes as they are, padded as the VR is padded: OB, UN and their like, or text in the
  /// character set it was found in.
  public DicomWriter bytes(int tag, Vr vr, byte[] value) throws IOException {
    if (vr == Vr.SQ || vr == Vr.NONE) {
      throw wrong(tag, "the VR " + vr + " has no value of its own");
    }
    return element(tag, vr, value);
  }

  /// Starts a sequence; items and [#endSequence] follow.
  public DicomWriter beginSequence(int tag) throws IOException {
    checkOrder(tag);
    if (outer.size() >= DEPTH_MAX) {
      throw wrong(tag, "sequences are nested deeper than " + DEPTH_MAX + " levels");
    }
    header(tag, Vr.SQ, UNDEFINED);
    enter(Kind.SEQUENCE);
    return this;
  }

  /// Starts an item of the present sequence. [#positionBytes] in front of it is what offsets to
  /// this item name.
  public DicomWriter beginItem() throws IOException {
    expect(Kind.SEQUENCE, "an item begins");
    delimiter(Tag.Item, UNDEFINED);
    enter(Kind.ITEM);
    return this;
  }

  /// Ends the present item.
  public DicomWriter endItem() throws IOException {
    expect(Kind.ITEM, "an item ends");
    delimiter(Tag.ItemDelimitationItem, 0);
    level = outer.pop();
    return this;
  }

  /// Ends the present sequence.
  public DicomWriter endSequence() throws IOException {
    expect(Kind.SEQUENCE, "a sequence ends");
    delimiter(Tag.SequenceDelimitationItem, 0);
    level = outer.pop();
    return this;
  }

  /// How many bytes of the file were written, its preamble included: the offset of what comes next.
  public long positionBytes() {
    return flushedBytes + buffered;
  }

  /// Ends the file and flushes the stream.
  public void end() throws IOException {
    expect(Kind.DATA_SET, "the file ends");
    isEnded = true;
    drain();
    out.flush();
  }

  // ---- rules

  private void start(int tag, Vr vr, long length) throws IOException {
    checkOrder(tag);
    if (!vr.hasLongForm() && length > SHORT_VALUE_BYTES_MAX) {
      throw wrong(
          tag,
          "its value has " + length + " bytes; the VR " + vr + " holds " + SHORT_VALUE_BYTES_MAX);
    }
    if (length > Integer.MAX_VALUE) {
      throw wrong(tag, "its value has " + length + " bytes");
    }
    header(tag, vr, (int) length);
  }

  private void checkOrder(int tag) {
    if (isEnded || level.kind == Kind.SEQUENCE) {
      throw wrong(tag, isEnded ? "the file was ended" : "a sequence holds items only");
    }
    boolean isForDataSets =
        Tag.group(tag) > 2 && Tag.group(tag) < Tag.group(Tag.Item) && !Tag.isGroupLength(tag);
    if (!isForDataSets) {
      throw wrong(tag, "this tag is not for data sets");
    }
    if (level.tag != 0 && Integer.compareUnsigned(tag, level.tag) <= 0) {
      throw wrong(tag, "it comes behind " + Tag.text(level.tag) + "; tags must ascend");
    }
    level.tag = tag;
  }

  private void expect(Kind kind, String what) {
    if (isEnded || level.kind != kind) {
      throw new IllegalStateException(
          isEnded ? "the file was ended" : what + " inside of a " + level.kind);
    }
  }

  private void enter(Kind kind) {
    outer.push(level);
    level = new Level(kind);
  }

  private static void checkCharacters(int tag, Vr vr, String value) {
    boolean isLongText = !vr.isMultiValuedText() || vr == Vr.UC;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\' && vr.isMultiValuedText()) {
        throw wrong(tag, "a value holds a backslash, which separates values");
      }
      boolean isLayout = c == '\t' || c == '\n' || c == '\f' || c == '\r';
      if ((c < ' ' || c == 0x7F) && !(isLongText && isLayout)) {
        throw wrong(tag, "a value holds a control character");
      }
      if (c > 0x7F && !vr.followsCharacterSet()) {
        throw wrong(tag, "the VR " + vr + " is ASCII");
      }
    }
  }

  private static int numberBytes(int tag, Vr vr) {
    return switch (vr) {
      case US, SS -> Short.BYTES;
      case UL, SL, AT -> Integer.BYTES;
      case UV, SV -> Long.BYTES;
      default -> throw wrong(tag, "the VR " + vr + " is not one of whole numbers");
    };
  }

  private static void checkRange(int tag, Vr vr, long value) {
    boolean fits =
        switch (vr) {
          case US -> value >= 0 && value <= 0xFFFF;
          case SS -> value == (short) value;
          case UL -> value >= 0 && value <= 0xFFFF_FFFFL;
          case SL -> value == (int) value;
          // A tag of the upper half is negative as an int.
          case AT -> value >= Integer.MIN_VALUE && value <= 0xFFFF_FFFFL;
          default -> true;
        };
    if (!fits) {
      throw wrong(tag, "a number does not fit the VR " + vr);
    }
  }

  private static byte[] uidBytes(int tag, String uid) {
    checkCharacters(tag, Vr.UI, uid);
    return uid.getBytes(StandardCharsets.US_ASCII);
  }

  private static IllegalArgumentException wrong(int tag, String what) {
    return new IllegalArgumentException(Tag.text(tag) + " cannot be written: " + what + ".");
  }

  // ---- bytes

  private DicomWriter element(int tag, Vr vr, byte[] value) throws IOException {
    start(tag, vr, even(value.length));
    value(vr, value);
    return this;
  }

  /// Without the rules of data sets: group 0002.
  private void put(int tag, Vr vr, byte[] value) throws IOException {
    header(tag, vr, even(value.length));
    value(vr, value);
  }

  private void value(Vr vr, byte[] value) throws IOException {
    raw(value);
    if (value.length % 2 != 0) {
      int8(vr.padding());
    }
  }

  private static int even(int length) {
    return Math.addExact(length, length % 2);
  }

  private static long shortFormBytes(byte[] value) {
    return 8L + even(value.length);
  }

  private static long longFormBytes(byte[] value) {
    return 12L + even(value.length);
  }

  private void header(int tag, Vr vr, int length) throws IOException {
    int16(Tag.group(tag));
    int16(Tag.element(tag));
    int8(vr.name().charAt(0));
    int8(vr.name().charAt(1));
    if (vr.hasLongForm()) {
      int16(0);
      int32(length);
    } else {
      int16(length);
    }
  }

  private void delimiter(int tag, int length) throws IOException {
    int16(Tag.group(tag));
    int16(Tag.element(tag));
    int32(length);
  }

  private void int32(int value) throws IOException {
    int16(value);
    int16(value >>> Short.SIZE);
  }

  private void int16(int value) throws IOException {
    int8(value);
    int8(value >>> Byte.SIZE);
  }

  private void int8(int value) throws IOException {
    if (buffered == buffer.length) {
      drain();
    }
    buffer[buffered++] = (byte) value;
  }

  private void raw(byte[] bytes) throws IOException {
    if (bytes.length <= buffer.length - buffered) {
      System.arraycopy(bytes, 0, buffer, buffered, bytes.length);
      buffered += bytes.length;
      return;
    }
    drain();
    out.write(bytes);
    flushedBytes += bytes.length;
  }

  private void drain() throws IOException {
    out.write(buffer, 0, buffered);
    flushedBytes += buffered;
    buffered = 0;
  }
}
