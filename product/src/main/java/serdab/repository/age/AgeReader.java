package serdab.repository.age;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import serdab.store.ReadableBytes;

/// An age file read by range. Thread-safe when its source is.
///
/// Every byte it gives was authenticated; that a file was not cut short is known when its end was
/// read. Reads throw [serdab.SerdabException.Damaged] (`age-damaged`) for a chunk that is not what
/// was written, and what the source throws.
public final class AgeReader implements AutoCloseable {

  private static final int FIRST_READ_BYTES = 1024;
  private static final int BATCH_CHUNKS = 16;

  private final ReadableBytes source;
  private final FileKey key;
  private final byte[] nonce;
  private final long payloadStart;
  private final long plainLength;
  private final long lastChunk;
  private final Queue<Opener> idle = new ConcurrentLinkedQueue<>();
  private volatile boolean endSeen;

  private AgeReader(ReadableBytes source, Function<Header, FileKey> opener) {
    this.source = source;
    Header header = header(source);
    key = opener.apply(header);
    payloadStart = header.lengthBytes() + (long) Payload.NONCE_BYTES;
    long payload = source.lengthBytes() - payloadStart;
    if (payload < Crypto.TAG_BYTES) {
      throw AgeProblems.damaged("it ends too early");
    }
    lastChunk = (payload - 1) / Payload.SEALED_CHUNK_BYTES;
    plainLength = payload - (lastChunk + 1) * Crypto.TAG_BYTES;
    long inLast = plainLength - lastChunk * Payload.CHUNK_BYTES;
    if (inLast < 0 || (inLast == 0 && lastChunk > 0)) {
      throw AgeProblems.damaged("it ends within a chunk");
    }
    nonce = new byte[Payload.NONCE_BYTES];
    source.readFully(header.lengthBytes(), ByteBuffer.wrap(nonce));
  }

  /// Opens a file that was sealed to one of these identities.
  ///
  /// @param source closed with the reader; when opening fails it is left open
  /// @throws serdab.SerdabException.Misconfigured `age-wrong-key`
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  public static AgeReader open(ReadableBytes source, List<AgeIdentity> identities) {
    return new AgeReader(source, header -> X25519.open(header, identities));
  }

  /// Opens a file by its own key.
  ///
  /// @param source closed with the reader; when opening fails it is left open
  /// @throws serdab.SerdabException.Damaged `age-damaged`, for the key of another file too
  public static AgeReader open(ReadableBytes source, FileKey key) {
    return new AgeReader(
        source,
        header -> {
          header.authenticate(key);
          return key;
        });
  }

  static AgeReader open(ReadableBytes source, char[] passphrase) {
    return new AgeReader(source, header -> Passphrase.open(header, passphrase));
  }

  /// What opens this very file again.
  public FileKey fileKey() {
    return key;
  }

  /// How long the plaintext is, in bytes, going by the length of the file.
  public long plainLength() {
    return plainLength;
  }

  /// Reads as much of `[plainOffset, plainLength)` as the buffer has room for; -1 at or past the
  /// end, once the end was authenticated.
  ///
  /// @param plainOffset bytes from the start of the plaintext, not negative
  public int read(long plainOffset, ByteBuffer into) {
    if (plainOffset < 0) {
      throw new IllegalArgumentException("offset " + plainOffset);
    }
    Opener opener = idle.poll();
    if (opener == null) {
      opener = new Opener();
    }
    int count;
    if (plainOffset >= plainLength) {
      if (!endSeen) {
        opener.hold(lastChunk);
      }
      count = -1;
    } else {
      count = (int) Math.min(into.remaining(), plainLength - plainOffset);
      opener.read(plainOffset, into, count);
    }
    idle.offer(opener);
    return count;
  }

  /// The whole plaintext, its end authenticated.
  public byte[] readAll() {
    byte[] plain = new byte[Math.toIntExact(plainLength)];
    read(0, ByteBuffer.wrap(plain));
    read(plainLength, ByteBuffer.allocate(0));
    return plain;
  }

  @Override
  public void close() {
    idle.clear();
    source.close();
  }

  static Header header(ReadableBytes source) {
    long length = source.lengthBytes();
    byte[] start = read(source, (int) Math.min(length, FIRST_READ_BYTES));
    if (!Header.begins(start, start.length)) {
      throw AgeProblems.damaged("it does not begin as an age file");
    }
    Optional<Integer> end = Header.end(start, start.length);
    if (end.isEmpty() && length > start.length) {
      start = read(source, (int) Math.min(length, Header.LENGTH_BYTES_MAX));
      end = Header.end(start, start.length);
    }
    return Header.parse(
        start,
        end.orElseThrow(
            () -> AgeProblems.damaged("its header has no end, or is longer than 64 KiB")));
  }

  private static byte[] read(ReadableBytes source, int length) {
    byte[] bytes = new byte[length];
    source.readFully(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /// Opens chunks; one thread at a time has it.
  private final class Opener {

    private final Payload payload = new Payload(key, nonce);
    private byte[] sealed = new byte[Payload.SEALED_CHUNK_BYTES];
    private final byte[] plain = new byte[Payload.CHUNK_BYTES];
    private long plainChunk = -1;

    void read(long from, ByteBuffer into, int wanted) {
      long offset = from;
      int left = wanted;
      while (left > 0) {
        long chunk = offset / Payload.CHUNK_BYTES;
        if (chunk == plainChunk) {
          int count = copy(offset, into, left);
          offset += count;
          left -= count;
          continue;
        }
        int chunks =
            (int) Math.min((offset + left - 1) / Payload.CHUNK_BYTES - chunk + 1, BATCH_CHUNKS);
        fetch(chunk, chunks);
        for (int i = 0; i < chunks; i++) {
          int at = i * Payload.SEALED_CHUNK_BYTES;
          int length = sealedLength(chunk + i) - Crypto.TAG_BYTES;
          int count;
          if (into.hasArray() && left >= length && offset % Payload.CHUNK_BYTES == 0) {
            open(chunk + i, at, into.array(), into.arrayOffset() + into.position());
            into.position(into.position() + length);
            count = length;
          } else {
            plainChunk = -1;
            open(chunk + i, at, plain, 0);
            plainChunk = chunk + i;
            count = copy(offset, into, left);
          }
          offset += count;
          left -= count;
        }
      }
    }

    void hold(long chunk) {
      if (chunk == plainChunk) {
        return;
      }
      fetch(chunk, 1);
      plainChunk = -1;
      open(chunk, 0, plain, 0);
      plainChunk = chunk;
    }

    private int copy(long offset, ByteBuffer into, int left) {
      int within = (int) (offset % Payload.CHUNK_BYTES);
      int count = Math.min(left, sealedLength(plainChunk) - Crypto.TAG_BYTES - within);
      into.put(plain, within, count);
      return count;
    }

    private void fetch(long chunk, int chunks) {
      int length = (chunks - 1) * Payload.SEALED_CHUNK_BYTES + sealedLength(chunk + chunks - 1);
      if (sealed.length < length) {
        sealed = Arrays.copyOf(sealed, length);
      }
      source.readFully(
          payloadStart + chunk * Payload.SEALED_CHUNK_BYTES, ByteBuffer.wrap(sealed, 0, length));
    }

    private void open(long chunk, int at, byte[] to, int toOffset) {
      payload.open(chunk, chunk == lastChunk, sealed, at, sealedLength(chunk), to, toOffset);
      if (chunk == lastChunk) {
        endSeen = true;
      }
    }

    private int sealedLength(long chunk) {
      return chunk < lastChunk
          ? Payload.SEALED_CHUNK_BYTES
          : (int) (plainLength - lastChunk * Payload.CHUNK_BYTES) + Crypto.TAG_BYTES;
    }
  }
}
