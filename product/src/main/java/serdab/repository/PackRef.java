package serdab.repository;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import serdab.Sha256;

/// A pack as snapshots and index segments speak of it.
///
/// @param name the SHA-256 of its stored bytes
/// @param storedBytes its length
/// @param group the name of the group whose identity opens it: 32 hexadecimal digits
record PackRef(Sha256 name, long storedBytes, String group) {

  void put(ByteBuffer into) {
    into.put(name.bytes()).putLong(storedBytes).put(HexFormat.of().parseHex(group));
  }

  static PackRef get(ByteBuffer from) {
    byte[] name = new byte[Sha256.LENGTH_BYTES];
    from.get(name);
    long stored = from.getLong();
    byte[] group = new byte[16];
    from.get(group);
    return new PackRef(Sha256.of(name), stored, HexFormat.of().formatHex(group));
  }
}
