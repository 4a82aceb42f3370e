package serdab.dicom.convert;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import serdab.dicom.Anomaly;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Dictionary;
import serdab.dicom.FileMeta;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.Vr;

/// Writes an instance in Explicit or Implicit VR Little Endian, so that it says the same.
///
/// - From: both of these, Explicit VR Big Endian (retired), Deflated; and RLE Lossless, JPEG
///   Lossless (processes 14 and 14 SV1) and JPEG-LS, where nothing in a stream is lossy.
/// - Every value stays as it is, in its order, padded where its length is odd. Pixels become native
///   (PS3.5 section 8.1), in the order of Planar Configuration (0028,0006). UIDs stay: no pixel is
///   another one, so this derives no image (PS3.3 sections C.7.6.1.1.2 and C.7.6.1.1.3).
/// - Left out are group lengths (gggg,0000), which are retired, and the offset tables (7FE0,0001)
///   and (7FE0,0002) of fragments. Sequences and items get undefined lengths. In an implicit data
///   set VRs are not written; from one, they are those of PS3.6.
/// - [#write] writes; [#requireSame] proves what was written, element by element and pixel by
///   pixel, and must be asked before anybody relies on it.
///
/// Memory: one frame and its code. One thread at a time.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html#chapter_A DICOM PS3.5
///   annex A
public final class LosslessConversion {

  private static final int EXTENDED_OFFSET_TABLE = 0x7FE00001;
  private static final int EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002;
  private static final int DELIMITER_BYTES = 8;
  private static final int CHUNK_BYTES = 64 << 10;

  private static final Set<String> NATIVE =
      Set.of(
          TransferSyntax.IMPLICIT_LITTLE_ENDIAN,
          TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
          TransferSyntax.EXPLICIT_BIG_ENDIAN,
          TransferSyntax.DEFLATED_EXPLICIT_LITTLE_ENDIAN);

  /// Oddities that leave no doubt about what each value is.
  private static final Set<Anomaly.Kind> CLEAR =
      EnumSet.of(
          Anomaly.Kind.INVALID_UID,
          Anomaly.Kind.SAME_UID,
          Anomaly.Kind.UID_MISMATCH,
          Anomaly.Kind.ODD_LENGTH,
          Anomaly.Kind.OUT_OF_ORDER,
          Anomaly.Kind.DUPLICATE_ELEMENT,
          Anomaly.Kind.NO_PREAMBLE,
          Anomaly.Kind.NO_FILE_META,
          Anomaly.Kind.PREAMBLE_EXECUTABLE,
          Anomaly.Kind.META_LENGTH_WRONG,
          Anomaly.Kind.META_ENCODING,
          Anomaly.Kind.NO_TRANSFER_SYNTAX,
          Anomaly.Kind.SYNTAX_MISMATCH,
          Anomaly.Kind.MIXED_ENCODING,
          Anomaly.Kind.INVALID_VR,
          Anomaly.Kind.ZLIB_HEADER,
          Anomaly.Kind.DELIMITER_WITH_LENGTH,
          Anomaly.Kind.PIXEL_DATA_LONG);

  private final DicomFile file;
  private final String from;
  private final String target;
  private final FrameSource frames;
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private final byte[] other = new byte[CHUNK_BYTES];

  private LosslessConversion(DicomFile file, String from, String target) {
    this.file = file;
    this.from = from;
    this.target = target;
    this.frames = new FrameSource(from);
  }

  /// Whether instances in a transfer syntax may be converted; which of them are, [#of] and [#write]
  /// tell.
  public static boolean takes(String transferSyntaxUid) {
    return NATIVE.contains(transferSyntaxUid) || isDecoded(transferSyntaxUid);
  }

  /// Whether converting from this transfer syntax decodes pixels, so that Pixel Data is afterwards
  /// another value for the same pixels.
  public static boolean isDecoded(String transferSyntaxUid) {
    return FrameSource.SYNTAXES.contains(transferSyntaxUid);
  }

  /// The conversion of a file.
  ///
  /// @param file read whole; its source stays open
  /// @param target Explicit or Implicit VR Little Endian, the UID
  /// @throws NotConvertibleException when it cannot be converted
  public static LosslessConversion of(DicomFile file, String target)
      throws IOException, NotConvertibleException {
    String from = file.transferSyntaxFound();
    if (!target.equals(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)
        && !target.equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN)) {
      throw new IllegalArgumentException("nothing is converted to " + target);
    }
    if (!takes(from)) {
      throw new NotConvertibleException(
          "is in a transfer syntax that is lossy, or that Serdab does not decode");
    }
    for (Anomaly anomaly : file.anomalies()) {
      boolean isClear =
          CLEAR.contains(anomaly.kind())
              // So many bytes there are, and they stay.
              || (anomaly.kind() == Anomaly.Kind.PIXEL_DATA_SHORT && !isDecoded(from))
              // Some compressors leave a checksum behind the deflated bytes.
              || (anomaly.kind() == Anomaly.Kind.TRAILING_BYTES
                  && file.transferSyntax().deflated()
                  && endsWithItsElements(file.dataSet()));
      if (!isClear) {
        throw new NotConvertibleException(
            "is built in an odd way, at byte " + anomaly.position() + ": " + anomaly.detail());
      }
    }
    if (!file.isDicom() || file.isDicomDir()) {
      throw new NotConvertibleException("is no DICOM instance");
    }
    return new LosslessConversion(file, from, target);
  }

  private static boolean endsWithItsElements(DataSet dataSet) throws IOException {
    long end = 0;
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      end =
          dataSet.valueOffset(i)
              + dataSet.valueLength(i)
              + (dataSet.hasUndefinedLength(i) ? DELIMITER_BYTES : 0);
    }
    return end == dataSet.source().lengthBytes();
  }

  // ---- writing

  /// Writes the instance as a whole file, with File Meta Information of its own.
  ///
  /// @param out belongs to the caller
  /// @throws NotConvertibleException when it cannot be converted; part of it may be written
  public void write(OutputStream out) throws IOException, NotConvertibleException {
    out.write(FileMeta.header(file.facts().sopClassUid(), file.facts().sop().value(), target, ""));
    ElementOutput elements = new ElementOutput(out);
    level(file.dataSet(), elements, target.equals(TransferSyntax.EXPLICIT_LITTLE_ENDIAN));
    elements.end();
  }

  private void level(DataSet level, ElementOutput out, boolean explicit)
      throws IOException, NotConvertibleException {
    for (int i = 0; i < level.size(); i = level.next(i)) {
      if (isLeftOut(level, i)) {
        continue;
      }
      if (level.isEncapsulated(i)) {
        pixels(level, i, out, explicit);
      } else if (holdsItems(level, i)) {
        sequence(level, i, out, explicit);
      } else {
        value(level, i, out, explicit);
      }
    }
  }

  private static boolean isLeftOut(DataSet level, int i) {
    int tag = level.tag(i);
    return Tag.isGroupLength(tag)
        || ((tag == EXTENDED_OFFSET_TABLE || tag == EXTENDED_OFFSET_TABLE_LENGTHS)
            && hasFragments(level));
  }

  private static boolean hasFragments(DataSet level) {
    int pixels = level.indexOf(Tag.PixelData);
    return pixels >= 0 && level.isEncapsulated(pixels);
  }

  private static boolean holdsItems(DataSet level, int i) {
    return level.vr(i) == Vr.SQ || level.hasUndefinedLength(i);
  }

  private void sequence(DataSet level, int i, ElementOutput out, boolean explicit)
      throws IOException, NotConvertibleException {
    int tag = level.tag(i);
    // UN of undefined length is a sequence in implicit VR, whatever surrounds it (PS3.5 section
    // 6.2.2, CP-246).
    Vr vr = level.vr(i) == Vr.UN ? Vr.UN : Vr.SQ;
    List<DataSet> items = level.items(i);
    if (items.isEmpty()) {
      out.head(tag, vr, 0, explicit);
      return;
    }
    out.beginSequence(tag, vr, explicit);
    for (DataSet item : items) {
      out.beginItem();
      level(item, out, explicit && vr == Vr.SQ);
      out.endItem();
    }
    out.endSequence();
  }

  private void value(DataSet level, int i, ElementOutput out, boolean explicit)
      throws IOException, NotConvertibleException {
    long length = level.valueLength(i);
    long even = length + (length & 1);
    if (even > ElementOutput.VALUE_BYTES_MAX) {
      throw new NotConvertibleException("has a value that is too long to be written");
    }
    int word = wordBytes(level, i);
    out.head(level.tag(i), level.vr(i), even, explicit);
    for (long at = 0; at < length; ) {
      int count = read(level, i, at, chunk);
      toLittleEndian(chunk, count, word);
      out.bytes(chunk, 0, count);
      at += count;
    }
    if (even > length) {
      out.one(level.vr(i).padding());
    }
  }

  private void pixels(DataSet level, int i, ElementOutput out, boolean explicit)
      throws IOException, NotConvertibleException {
    PixelFormat format = format(level, i);
    long length = format.lengthBytes();
    long even = length + (length & 1);
    if (even > ElementOutput.VALUE_BYTES_MAX) {
      throw new NotConvertibleException("has more pixels than native ones can be");
    }
    // PS3.5 section A.2: words where a cell has more than a byte.
    Vr vr = format.bitsAllocated() > Byte.SIZE ? Vr.OW : Vr.OB;
    out.head(level.tag(i), vr, even, explicit);
    frames.frames(level, i, format, (frame, count) -> out.bytes(frame, 0, count));
    if (even > length) {
      out.one((byte) 0);
    }
  }

  private PixelFormat format(DataSet level, int i) throws IOException, NotConvertibleException {
    if (level.tag(i) != Tag.PixelData || !isDecoded(from)) {
      throw new NotConvertibleException(
          "holds fragments in " + Tag.text(level.tag(i)) + ", of which nobody knows what they are");
    }
    return PixelFormat.of(level);
  }

  /// The size of what is turned over: 1 in little endian.
  private static int wordBytes(DataSet level, int i) throws IOException, NotConvertibleException {
    if (!level.isBigEndian(i)) {
      return 1;
    }
    Vr vr = level.vr(i);
    if (vr == Vr.UN && Dictionary.vrOf(level.tag(i)).unitBytes() > 1) {
      throw new NotConvertibleException(
          "has a big-endian value without its VR, " + Tag.text(level.tag(i)));
    }
    // Cells of more than a word are read in two ways.
    if (level.tag(i) == Tag.PixelData && level.number(Tag.BitsAllocated).orElse(0L) > Short.SIZE) {
      throw new NotConvertibleException("has big-endian pixels of more than 16 bits");
    }
    return vr.unitBytes();
  }

  /// Reads as much of a value as the buffer holds, but for the end of the value.
  private static int read(DataSet level, int i, long at, byte[] to) throws IOException {
    int wanted = (int) Math.min(to.length, level.valueLength(i) - at);
    ByteBuffer target = ByteBuffer.wrap(to, 0, wanted);
    while (target.hasRemaining()) {
      if (level.read(i, at + target.position(), target) <= 0) {
        throw new IOException("a file became shorter while it was read");
      }
    }
    return wanted;
  }

  /// Bytes that do not fill a last word stay in order.
  private static void toLittleEndian(byte[] bytes, int count, int word) {
    if (word == 1) {
      return;
    }
    for (int first = 0; first + word <= count; first += word) {
      for (int i = first, j = first + word - 1; i < j; i++, j--) {
        byte b = bytes[i];
        bytes[i] = bytes[j];
        bytes[j] = b;
      }
    }
  }

  // ---- proving

  /// Compares what was written with the file: every element of one stands in the other, in the same
  /// order, with the same value; frames are decoded anew.
  ///
  /// @param written what [#write] wrote, read whole; its source is open
  /// @throws NotConvertibleException when anything is not the same
  public void requireSame(DicomFile written) throws IOException, NotConvertibleException {
    Set<Anomaly.Kind> before = EnumSet.noneOf(Anomaly.Kind.class);
    file.anomalies().forEach(anomaly -> before.add(anomaly.kind()));
    for (Anomaly anomaly : written.anomalies()) {
      if (!before.contains(anomaly.kind())) {
        throw differs("it reads back oddly, " + anomaly.detail());
      }
    }
    if (!written.transferSyntax().equals(TransferSyntax.of(target))
        || !written.facts().sop().equals(file.facts().sop())) {
      throw differs("it reads back as something else");
    }
    same(file.dataSet(), written.dataSet());
  }

  private void same(DataSet before, DataSet after) throws IOException, NotConvertibleException {
    int j = 0;
    for (int i = 0; i < before.size(); i = before.next(i)) {
      if (isLeftOut(before, i)) {
        continue;
      }
      int tag = before.tag(i);
      if (j >= after.size() || after.tag(j) != tag) {
        throw differs(Tag.text(tag) + " is not in its place");
      }
      if (before.isEncapsulated(i)) {
        samePixels(before, i, after, j);
      } else if (holdsItems(before, i)) {
        List<DataSet> items = before.items(i);
        List<DataSet> found = after.items(j);
        if (items.size() != found.size() || (items.isEmpty() && after.valueLength(j) != 0)) {
          throw differs(Tag.text(tag) + " has another number of items");
        }
        for (int n = 0; n < items.size(); n++) {
          same(items.get(n), found.get(n));
        }
      } else {
        sameValue(before, i, after, j);
      }
      j = after.next(j);
    }
    if (j != after.size()) {
      throw differs("it has more elements");
    }
  }

  private void sameValue(DataSet before, int i, DataSet after, int j)
      throws IOException, NotConvertibleException {
    long length = before.valueLength(i);
    boolean isSame =
        after.valueLength(j) == length + (length & 1)
            && !after.hasUndefinedLength(j)
            && (!after.isExplicit(j)
                || after.vr(j) == before.vr(i)
                || length > ElementOutput.SHORT_VALUE_BYTES_MAX);
    int word = wordBytes(before, i);
    for (long at = 0; isSame && at < length; ) {
      int count = read(before, i, at, chunk);
      toLittleEndian(chunk, count, word);
      isSame = isThere(after, j, at, chunk, count);
      at += count;
    }
    if (isSame && (length & 1) != 0) {
      chunk[0] = before.vr(i).padding();
      isSame = isThere(after, j, length, chunk, 1);
    }
    if (!isSame) {
      throw differs(Tag.text(before.tag(i)) + " has another value");
    }
  }

  private void samePixels(DataSet before, int i, DataSet after, int j)
      throws IOException, NotConvertibleException {
    PixelFormat format = format(before, i);
    long length = format.lengthBytes();
    if (after.valueLength(j) != length + (length & 1) || after.hasUndefinedLength(j)) {
      throw differs("its pixels have another length");
    }
    long[] at = {0};
    frames.frames(
        before,
        i,
        format,
        (frame, count) -> {
          if (!isThere(after, j, at[0], frame, count)) {
            throw differs("a pixel is another one");
          }
          at[0] += count;
        });
  }

  /// Whether a value has these bytes from a place on.
  private boolean isThere(DataSet level, int i, long at, byte[] bytes, int length)
      throws IOException {
    for (int done = 0; done < length; ) {
      int wanted = Math.min(other.length, length - done);
      ByteBuffer target = ByteBuffer.wrap(other, 0, wanted);
      while (target.hasRemaining()) {
        if (level.read(i, at + done + target.position(), target) <= 0) {
          return false;
        }
      }
      if (!java.util.Arrays.equals(other, 0, wanted, bytes, done, done + wanted)) {
        return false;
      }
      done += wanted;
    }
    return true;
  }

  private static NotConvertibleException differs(String how) {
    return new NotConvertibleException("was not the same after converting: " + how);
  }
}
