package serdab.dicom.convert;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// Writes the heads and values of little endian elements as they come: what files hold passes, in
/// whatever order and with whatever characters. One thread at a time.
final class ElementOutput {

  static final long VALUE_BYTES_MAX = 0xFFFF_FFFEL;

  /// Behind a length of 16 bits.
  static final int SHORT_VALUE_BYTES_MAX = 0xFFFE;

  private static final int UNDEFINED = 0xFFFF_FFFF;
  private static final int BUFFER_BYTES = 64 << 10;

  private final OutputStream out;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  ElementOutput(OutputStream out) {
    this.out = out;
  }

  /// Begins an element; its value follows.
  ///
  /// @param vr as it is written, or UN where the length does not fit (PS3.5 section 6.2.2, CP-1066)
  /// @param length even, at most [#VALUE_BYTES_MAX]
  void head(int tag, Vr vr, long length, boolean explicit) throws IOException {
    room(12);
    tag(tag);
    if (!explicit) {
      buffer.putInt((int) length);
      return;
    }
    Vr written = vr.hasLongForm() || length <= SHORT_VALUE_BYTES_MAX ? vr : Vr.UN;
    buffer.put(written.name().getBytes(StandardCharsets.US_ASCII));
    if (written.hasLongForm()) {
      buffer.putShort((short) 0).putInt((int) length);
    } else {
      buffer.putShort((short) length);
    }
  }

  void beginSequence(int tag, Vr vr, boolean explicit) throws IOException {
    room(12);
    tag(tag);
    if (explicit) {
      buffer.put(vr.name().getBytes(StandardCharsets.US_ASCII)).putShort((short) 0);
    }
    buffer.putInt(UNDEFINED);
  }

  void endSequence() throws IOException {
    delimiter(Tag.SequenceDelimitationItem, 0);
  }

  void beginItem() throws IOException {
    delimiter(Tag.Item, UNDEFINED);
  }

  void endItem() throws IOException {
    delimiter(Tag.ItemDelimitationItem, 0);
  }

  private void delimiter(int tag, int length) throws IOException {
    room(8);
    tag(tag);
    buffer.putInt(length);
  }

  private void tag(int tag) {
    buffer.putShort((short) Tag.group(tag)).putShort((short) Tag.element(tag));
  }

  void bytes(byte[] bytes, int from, int length) throws IOException {
    if (length > buffer.remaining()) {
      drain();
      if (length > buffer.capacity()) {
        out.write(bytes, from, length);
        return;
      }
    }
    buffer.put(bytes, from, length);
  }

  void one(byte value) throws IOException {
    room(1);
    buffer.put(value);
  }

  void end() throws IOException {
    drain();
    out.flush();
  }

  private void room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      drain();
    }
  }

  private void drain() throws IOException {
    out.write(buffer.array(), 0, buffer.position());
    buffer.clear();
  }
}
