package serdab.dicom.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Element;

/// The bytes of a file whose last value has an odd length, with that value padded as PS3.5 section
/// 6.2 and section 7.1.1 ask: one byte more at the end, and its length one more. Nothing else is
/// another byte.
final class PaddedSource implements ByteSource {

  private final ByteSource source;
  private final long length;
  private final long changedFrom;
  private final byte[] changed;
  private final byte padding;

  private PaddedSource(
      ByteSource source, long length, long changedFrom, byte[] changed, byte padding) {
    this.source = source;
    this.length = length;
    this.changedFrom = changedFrom;
    this.changed = changed;
    this.padding = padding;
  }

  /// A file's bytes with its last value padded.
  ///
  /// @param source the bytes of `file`
  /// @return empty when the odd value is another one than the last, or inside of one
  static Optional<PaddedSource> of(DicomFile file, ByteSource source) throws IOException {
    Optional<Element> last = last(file.dataSet());
    if (last.isEmpty()) {
      return Optional.empty();
    }
    Element element = last.get();
    long length = source.lengthBytes();
    boolean isOdd = (element.valueLength() & 1) != 0;
    boolean endsTheFile = element.valueOffset() + element.valueLength() == length;
    if (!isOdd || !endsTheFile || element.undefinedLength() || file.transferSyntax().deflated()) {
      return Optional.empty();
    }
    boolean isShort = element.explicit() && element.valueOffset() - element.position() == 8;
    long even = element.valueLength() + 1;
    if (even > (isShort ? 0xFFFEL : 0xFFFF_FFFEL)) {
      return Optional.empty();
    }
    ByteBuffer field =
        ByteBuffer.allocate(isShort ? Short.BYTES : Integer.BYTES)
            .order(element.bigEndian() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    if (isShort) {
      field.putShort((short) even);
    } else {
      field.putInt((int) even);
    }
    // An implicit element has tag and length alone; in all other forms the length stands last, too.
    return Optional.of(
        new PaddedSource(
            source,
            length,
            element.valueOffset() - field.capacity(),
            field.array(),
            element.vr().padding()));
  }

  private static Optional<Element> last(DataSet dataSet) {
    int last = -1;
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      last = i;
    }
    return last < 0 ? Optional.empty() : Optional.of(dataSet.element(last));
  }

  @Override
  public long lengthBytes() {
    return length + 1;
  }

  @Override
  public int read(long position, ByteBuffer target) throws IOException {
    if (position > length || !target.hasRemaining()) {
      return position > length ? -1 : 0;
    }
    if (position == length) {
      target.put(padding);
      return 1;
    }
    int start = target.position();
    int got = source.read(position, target);
    for (int i = 0; i < changed.length; i++) {
      long at = changedFrom + i - position;
      if (at >= 0 && at < got) {
        target.put(start + (int) at, changed[i]);
      }
    }
    return got;
  }

  /// Whoever gave the source closes it.
  @Override
  public void close() {}
}
