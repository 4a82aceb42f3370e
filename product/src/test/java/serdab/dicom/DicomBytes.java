package serdab.dicom;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Writes DICOM by hand, right or wrong as the test wants it: each call appends what it says and
/// repairs nothing.
///
/// ```java
/// byte[] file = DicomBytes.explicitLittle().text(Tag.Modality, Vr.CS, "CT").inFile(syntaxUid);
/// ```
public final class DicomBytes {

  public static final long UNDEFINED = 0xFFFF_FFFFL;

  private static final int PREAMBLE_BYTES = 128;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final boolean explicit;
  private final ByteOrder order;

  private DicomBytes(boolean explicit, ByteOrder order) {
    this.explicit = explicit;
    this.order = order;
  }

  public static DicomBytes explicitLittle() {
    return new DicomBytes(true, ByteOrder.LITTLE_ENDIAN);
  }

  public static DicomBytes implicitLittle() {
    return new DicomBytes(false, ByteOrder.LITTLE_ENDIAN);
  }

  public static DicomBytes explicitBig() {
    return new DicomBytes(true, ByteOrder.BIG_ENDIAN);
  }

  /// A small instance with the UIDs `1.2.3`, `1.2.3.4` and `1.2.3.4.5`, to which more can be added.
  public static DicomBytes anInstance(DicomBytes empty) {
    return empty
        .text(Tag.SOPClassUID, Vr.UI, "1.2.840.10008.5.1.4.1.1.7")
        .text(Tag.SOPInstanceUID, Vr.UI, "1.2.3.4.5")
        .text(Tag.Modality, Vr.CS, "OT")
        .text(Tag.PatientName, Vr.PN, "Doe^Jane")
        .text(Tag.StudyInstanceUID, Vr.UI, "1.2.3")
        .text(Tag.SeriesInstanceUID, Vr.UI, "1.2.3.4");
  }

  public DicomBytes raw(byte... bytes) {
    out.writeBytes(bytes);
    return this;
  }

  public DicomBytes raw(DicomBytes other) {
    return raw(other.bytes());
  }

  /// ASCII, padded to an even length.
  public DicomBytes text(int tag, Vr vr, String value) {
    String padded = value.length() % 2 == 0 ? value : value + (char) vr.padding();
    return element(tag, vr, padded.getBytes(StandardCharsets.ISO_8859_1));
  }

  public DicomBytes us(int tag, int... values) {
    ByteBuffer value = ByteBuffer.allocate(2 * values.length).order(order);
    for (int v : values) {
      value.putShort((short) v);
    }
    return element(tag, Vr.US, value.array());
  }

  public DicomBytes ul(int tag, long value) {
    return element(tag, Vr.UL, ByteBuffer.allocate(4).order(order).putInt((int) value).array());
  }

  public DicomBytes element(int tag, Vr vr, byte[] value) {
    return header(tag, vr, value.length).raw(value);
  }

  /// The header alone, with whatever length.
  public DicomBytes header(int tag, Vr vr, long length) {
    return header(tag, vr.name(), vr.hasLongForm(), length);
  }

  /// The header alone, with whatever VR.
  public DicomBytes header(int tag, String vr, boolean longForm, long length) {
    tag(tag);
    if (!explicit) {
      return u32(length);
    }
    raw(vr.getBytes(StandardCharsets.ISO_8859_1));
    return longForm ? u16(0).u32(length) : u16((int) length);
  }

  public DicomBytes tag(int tag) {
    return u16(Tag.group(tag)).u16(Tag.element(tag));
  }

  public DicomBytes u16(int value) {
    return raw(ByteBuffer.allocate(2).order(order).putShort((short) value).array());
  }

  public DicomBytes u32(long value) {
    return raw(ByteBuffer.allocate(4).order(order).putInt((int) value).array());
  }

  /// A sequence of defined length, written by what is called with it.
  public DicomBytes sequence(int tag, Consumer<DicomBytes> items) {
    byte[] content = part(items);
    return element(tag, Vr.SQ, content);
  }

  public DicomBytes undefinedSequence(int tag, Consumer<DicomBytes> items) {
    return header(tag, Vr.SQ, UNDEFINED).raw(part(items)).endOfSequence();
  }

  public DicomBytes item(Consumer<DicomBytes> elements) {
    byte[] content = part(elements);
    return tag(Tag.Item).u32(content.length).raw(content);
  }

  public DicomBytes undefinedItem(Consumer<DicomBytes> elements) {
    return tag(Tag.Item).u32(UNDEFINED).raw(part(elements)).endOfItem();
  }

  public DicomBytes endOfItem() {
    return tag(Tag.ItemDelimitationItem).u32(0);
  }

  public DicomBytes endOfSequence() {
    return tag(Tag.SequenceDelimitationItem).u32(0);
  }

  /// Encapsulated pixel data.
  public DicomBytes fragments(byte[]... fragments) {
    header(Tag.PixelData, Vr.OB, UNDEFINED);
    for (byte[] fragment : fragments) {
      tag(Tag.Item).u32(fragment.length).raw(fragment);
    }
    return endOfSequence();
  }

  public byte[] bytes() {
    return out.toByteArray();
  }

  /// A whole file around these bytes: preamble, prefix, a right File Meta Information.
  public byte[] inFile(String transferSyntaxUid) {
    return new DicomBytes(true, ByteOrder.LITTLE_ENDIAN)
        .preamble()
        .raw(meta(transferSyntaxUid))
        .raw(bytes())
        .bytes();
  }

  public DicomBytes preamble() {
    return raw(new byte[PREAMBLE_BYTES]).raw("DICM".getBytes(StandardCharsets.ISO_8859_1));
  }

  /// Group 0002 with its length, explicit VR little endian.
  public static DicomBytes meta(String transferSyntaxUid) {
    DicomBytes group =
        explicitLittle()
            .element(0x00020001, Vr.OB, new byte[] {0, 1})
            .text(Tag.MediaStorageSOPClassUID, Vr.UI, "1.2.840.10008.5.1.4.1.1.7")
            .text(Tag.MediaStorageSOPInstanceUID, Vr.UI, "1.2.3.4.5")
            .text(Tag.TransferSyntaxUID, Vr.UI, transferSyntaxUid);
    return explicitLittle().ul(Tag.FileMetaInformationGroupLength, group.bytes().length).raw(group);
  }

  private byte[] part(Consumer<DicomBytes> writer) {
    DicomBytes part = new DicomBytes(explicit, order);
    writer.accept(part);
    return part.bytes();
  }
}
