package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A data set written element by element, in explicit or implicit VR little endian.
final class WrittenDataSet {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final boolean explicit;

  WrittenDataSet(boolean explicit) {
    this.explicit = explicit;
  }

  WrittenDataSet text(int tag, String vr, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
    byte[] even = new byte[bytes.length + bytes.length % 2];
    System.arraycopy(bytes, 0, even, 0, bytes.length);
    if (bytes.length < even.length && !vr.equals("UI")) {
      even[bytes.length] = ' ';
    }
    return bytes(tag, vr, even);
  }

  WrittenDataSet number(int tag, int value) {
    return bytes(tag, "US", new byte[] {(byte) value, (byte) (value >> 8)});
  }

  WrittenDataSet bytes(int tag, String vr, byte[] value) {
    header(tag, vr, value.length);
    out.writeBytes(value);
    return this;
  }

  /// The head of an element; for lengths that are undefined, too.
  WrittenDataSet header(int tag, String vr, int length) {
    put(tag >>> 16, Short.BYTES);
    put(tag, Short.BYTES);
    if (!explicit || vr.isEmpty()) {
      put(length, Integer.BYTES);
    } else if ("OB OW SQ UN".contains(vr)) {
      out.writeBytes(vr.getBytes(StandardCharsets.US_ASCII));
      put(0, Short.BYTES);
      put(length, Integer.BYTES);
    } else {
      out.writeBytes(vr.getBytes(StandardCharsets.US_ASCII));
      put(length, Short.BYTES);
    }
    return this;
  }

  private void put(int value, int bytes) {
    byte[] all =
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
    out.write(all, 0, bytes);
  }

  WrittenDataSet raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  /// A file with this data set.
  byte[] file() {
    String syntax = explicit ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2";
    byte[] meta =
        new WrittenDataSet(true)
            .bytes(0x00020001, "OB", new byte[] {0, 1})
            .text(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.2")
            .text(0x00020003, "UI", "1.2.3.4")
            .text(0x00020010, "UI", syntax)
            .text(0x00020012, "UI", "1.2.3")
            .bytes();
    byte[] length =
        ByteBuffer.allocate(Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(meta.length)
            .array();
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(new byte[128]);
    file.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
    file.writeBytes(new WrittenDataSet(true).bytes(0x00020000, "UL", length).bytes());
    file.writeBytes(meta);
    file.writeBytes(bytes());
    return file.toByteArray();
  }
}
