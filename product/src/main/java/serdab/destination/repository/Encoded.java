package serdab.destination.repository;

import java.nio.ByteBuffer;
import serdab.repository.Codec;

/// A blob as it is stored. Whoever made it has decoded it again and compared.
final class Encoded {

  private final Codec codec;
  private final byte[] bytes;

  Encoded(Codec codec, byte[] bytes) {
    this.codec = codec;
    this.bytes = bytes;
  }

  Codec codec() {
    return codec;
  }

  int lengthBytes() {
    return bytes.length;
  }

  ByteBuffer stored() {
    return ByteBuffer.wrap(bytes);
  }

  byte[] bytes() {
    return bytes;
  }
}
