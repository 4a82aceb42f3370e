package serdab.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.FileMeta;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.Vr;

/// Writes files anew as nodes do: the same values in other bytes, or not quite the same values. One
/// thread at a time; can be used again.
public final class Reencoding {

  private static final int UNDEFINED = 0xFFFF_FFFF;
  private static final int SHORT_VALUE_BYTES_MAX = 0xFFFE;

  private final Map<Integer, byte[]> replaced = new HashMap<>();
  private IntPredicate leftOut = _ -> false;
  private boolean implicit;
  private boolean undefinedLengths;
  private boolean groupLengths;
  private boolean padding;
  private boolean privateLast;

  /// In Implicit VR Little Endian; else explicit.
  public Reencoding implicit() {
    implicit = true;
    return this;
  }

  /// Sequences and items end with delimiters; else they say how long they are.
  public Reencoding undefinedLengths() {
    undefinedLengths = true;
    return this;
  }

  /// Each group begins with its length (gggg,0000), which is retired.
  public Reencoding groupLengths() {
    groupLengths = true;
    return this;
  }

  /// Data Set Trailing Padding (FFFC,FFFC) at the end.
  public Reencoding padding() {
    padding = true;
    return this;
  }

  /// Private groups behind all others, which breaks the order of tags.
  public Reencoding privateLast() {
    privateLast = true;
    return this;
  }

  /// Leaves elements out, by tag and at every depth.
  public Reencoding without(IntPredicate tags) {
    leftOut = leftOut.or(tags);
    return this;
  }

  /// Gives an element at the top another value.
  ///
  /// @param value of an even length
  public Reencoding with(int tag, byte[] value) {
    replaced.put(tag, value.clone());
    return this;
  }

  /// Writes a whole file anew. Compressed pixel data stays as it is, and needs explicit VRs.
  public byte[] of(byte[] file) {
    try {
      DicomFile read = DicomFile.read(ByteSource.of(file));
      byte[] body = body(read.dataSet());
      InstanceFacts facts = DicomFile.read(ByteSource.of(named(read, body))).facts();
      return joined(header(read, facts), body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The UIDs in front are those of the data set, which may be other ones now.
  private byte[] named(DicomFile read, byte[] body) {
    return joined(header(read, read.facts()), body);
  }

  private byte[] header(DicomFile read, InstanceFacts facts) {
    String syntax =
        read.transferSyntax().encapsulated()
            ? read.transferSyntax().uid()
            : implicit
                ? TransferSyntax.IMPLICIT_LITTLE_ENDIAN
                : TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
    return FileMeta.header(facts.sopClassUid(), facts.sop().value(), syntax, "");
  }

  private static byte[] joined(byte[] header, byte[] body) {
    ByteArrayOutputStream all = new ByteArrayOutputStream(header.length + body.length);
    all.writeBytes(header);
    all.writeBytes(body);
    return all.toByteArray();
  }

  private byte[] body(DataSet dataSet) throws IOException {
    List<Integer> order = new ArrayList<>();
    List<Integer> behind = new ArrayList<>();
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      (privateLast && Tag.isPrivate(dataSet.tag(i)) ? behind : order).add(i);
    }
    order.addAll(behind);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream group = new ByteArrayOutputStream();
    int number = -1;
    for (int i : order) {
      int next = Tag.group(dataSet.tag(i));
      if (next != number) {
        end(out, number, group);
        number = next;
      }
      element(group, dataSet, i, true);
    }
    end(out, number, group);
    if (padding) {
      value(out, Tag.DataSetTrailingPadding, Vr.OB, new byte[16]);
    }
    return out.toByteArray();
  }

  private void end(ByteArrayOutputStream out, int number, ByteArrayOutputStream group) {
    if (groupLengths && group.size() > 0) {
      byte[] length =
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(group.size()).array();
      value(out, number << 16, Vr.UL, length);
    }
    out.writeBytes(group.toByteArray());
    group.reset();
  }

  private void element(ByteArrayOutputStream out, DataSet dataSet, int i, boolean isTop)
      throws IOException {
    int tag = dataSet.tag(i);
    if (leftOut.test(tag)
        || dataSet.vr(i) == Vr.NONE
        || Tag.isGroupLength(tag)
        || tag == Tag.DataSetTrailingPadding) {
      return;
    }
    byte[] other = isTop ? replaced.get(tag) : null;
    if (other != null) {
      value(out, tag, dataSet.vr(i), other);
    } else if (dataSet.isEncapsulated(i)) {
      long end =
          dataSet.next(i) < dataSet.size()
              ? dataSet.position(dataSet.next(i))
              : dataSet.source().lengthBytes();
      out.writeBytes(bytes(dataSet, dataSet.position(i), (int) (end - dataSet.position(i))));
    } else if (dataSet.vr(i) == Vr.SQ) {
      sequence(out, tag, dataSet.items(i));
    } else {
      value(
          out,
          tag,
          dataSet.vr(i),
          bytes(dataSet, dataSet.valueOffset(i), (int) dataSet.valueLength(i)));
    }
  }

  private void sequence(ByteArrayOutputStream out, int tag, List<DataSet> items)
      throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (DataSet item : items) {
      ByteArrayOutputStream elements = new ByteArrayOutputStream();
      for (int i = 0; i < item.size(); i = item.next(i)) {
        element(elements, item, i, false);
      }
      number(all, Tag.Item, undefinedLengths ? UNDEFINED : elements.size());
      all.writeBytes(elements.toByteArray());
      if (undefinedLengths) {
        number(all, Tag.ItemDelimitationItem, 0);
      }
    }
    header(out, tag, Vr.SQ, undefinedLengths ? UNDEFINED : all.size());
    out.writeBytes(all.toByteArray());
    if (undefinedLengths) {
      number(out, Tag.SequenceDelimitationItem, 0);
    }
  }

  private void value(ByteArrayOutputStream out, int tag, Vr vr, byte[] value) {
    header(out, tag, vr, value.length);
    out.writeBytes(value);
  }

  private void header(ByteArrayOutputStream out, int tag, Vr vr, int length) {
    if (implicit) {
      number(out, tag, length);
      return;
    }
    boolean fits = vr.hasLongForm() || (length >= 0 && length <= SHORT_VALUE_BYTES_MAX);
    Vr written = fits ? vr : Vr.UN;
    ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    header.putShort((short) Tag.group(tag)).putShort((short) Tag.element(tag));
    header.put(written.name().getBytes(StandardCharsets.US_ASCII));
    if (written.hasLongForm()) {
      header.putShort((short) 0).putInt(length);
    } else {
      header.putShort((short) length);
    }
    out.write(header.array(), 0, header.position());
  }

  private static void number(ByteArrayOutputStream out, int tag, int length) {
    out.writeBytes(
        ByteBuffer.allocate(8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) Tag.group(tag))
            .putShort((short) Tag.element(tag))
            .putInt(length)
            .array());
  }

  private static byte[] bytes(DataSet dataSet, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (dataSet.source().read(offset + bytes.position(), bytes) <= 0) {
        throw new IOException("the file ends in a value");
      }
    }
    return bytes.array();
  }
}
