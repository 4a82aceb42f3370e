package serdab.repository.age;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// Seals bytes as they come. One thread at a time.
///
/// What was given to the sink is an age file once [#finish] returned, and not before.
public final class AgeWriter {

  private final Consumer<ByteBuffer> sink;
  private final FileKey key;
  private final Payload payload;
  private final byte[] plain = new byte[Payload.CHUNK_BYTES];
  private final byte[] sealed = new byte[Payload.SEALED_CHUNK_BYTES];
  private int held;
  private long chunk;
  private long plainBytes;
  private long sealedBytes;
  private boolean finished;

  /// Begins a file that each of these recipients can open; the header goes to the sink at once.
  ///
  /// @param sink takes all remaining bytes of each buffer; a buffer is used again after it returns
  /// @param secure a generator that nobody can predict
  public AgeWriter(
      List<AgeRecipient> recipients, RandomGenerator secure, Consumer<ByteBuffer> sink) {
    if (recipients.isEmpty() || recipients.size() > Header.STANZAS_MAX) {
      throw new IllegalArgumentException("recipients: " + recipients.size());
    }
    FileKey fileKey = FileKey.generate(secure);
    List<Header.Stanza> stanzas =
        recipients.stream().map(to -> Header.seal(to, fileKey, secure)).toList();
    this(stanzas, fileKey, secure, sink);
  }

  AgeWriter(
      List<Header.Stanza> stanzas, FileKey key, RandomGenerator secure, Consumer<ByteBuffer> sink) {
    this.sink = sink;
    this.key = key;
    byte[] nonce = new byte[Payload.NONCE_BYTES];
    secure.nextBytes(nonce);
    payload = new Payload(key, nonce);
    give(ByteBuffer.wrap(Header.write(stanzas, key)));
    give(ByteBuffer.wrap(nonce));
  }

  /// Seals all remaining bytes of the buffer.
  public void write(ByteBuffer bytes) {
    if (finished) {
      throw new IllegalStateException("the file is finished");
    }
    plainBytes += bytes.remaining();
    while (bytes.hasRemaining()) {
      if (held == Payload.CHUNK_BYTES) {
        seal(plain, 0, held, false);
        held = 0;
      }
      if (held == 0 && bytes.hasArray() && bytes.remaining() > Payload.CHUNK_BYTES) {
        // More follows, so that this cannot be the last chunk.
        seal(bytes.array(), bytes.arrayOffset() + bytes.position(), Payload.CHUNK_BYTES, false);
        bytes.position(bytes.position() + Payload.CHUNK_BYTES);
        continue;
      }
      int count = Math.min(bytes.remaining(), Payload.CHUNK_BYTES - held);
      bytes.get(plain, held, count);
      held += count;
    }
  }

  /// Seals the last chunk. Nothing can be written after it.
  public void finish() {
    if (finished) {
      throw new IllegalStateException("the file is finished");
    }
    finished = true;
    seal(plain, 0, held, true);
  }

  /// How many bytes were given to [#write].
  public long plainBytes() {
    return plainBytes;
  }

  /// How many bytes the sink was given.
  public long sealedBytes() {
    return sealedBytes;
  }

  /// What opens this very file, for reading it back.
  public FileKey fileKey() {
    return key;
  }

  private void seal(byte[] from, int offset, int length, boolean last) {
    give(ByteBuffer.wrap(sealed, 0, payload.seal(chunk++, last, from, offset, length, sealed)));
  }

  private void give(ByteBuffer bytes) {
    sealedBytes += bytes.remaining();
    sink.accept(bytes);
  }
}
