package serdab.dicom;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Unsigned numbers in byte arrays.
final class Bytes {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private Bytes() {}

  static int u16(byte[] bytes, int at, boolean bigEndian) {
    short value = (short) SHORT.get(bytes, at);
    return (bigEndian ? Short.reverseBytes(value) : value) & 0xFFFF;
  }

  static long u32(byte[] bytes, int at, boolean bigEndian) {
    int value = (int) INT.get(bytes, at);
    return (bigEndian ? Integer.reverseBytes(value) : value) & 0xFFFF_FFFFL;
  }

  /// A tag: two 16-bit numbers, group first (PS3.5 section 7.1.1).
  static int tag(byte[] bytes, int at, boolean bigEndian) {
    int value = (int) INT.get(bytes, at);
    return bigEndian ? Integer.reverseBytes(value) : Integer.rotateLeft(value, 16);
  }
}
