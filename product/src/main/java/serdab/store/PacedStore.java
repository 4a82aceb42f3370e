package serdab.store;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import serdab.Sha256;

/// A place that is read no faster than somebody lets it be; everything else is as it is there.
/// Thread-safe when whoever paces is.
public final class PacedStore implements BlobStore {

  /// Asked before this many bytes are read at most, so that a pace is even.
  static final int PIECE_BYTES = 1 << 20;

  private final BlobStore store;
  private final LongConsumer pace;

  /// @param store closed with this one
  /// @param pace is told how many bytes were read from blobs, and returns when the next may be
  public PacedStore(BlobStore store, LongConsumer pace) {
    this.store = store;
    this.pace = pace;
  }

  private int read(ReadableBytes from, long position, ByteBuffer into) {
    int most = Math.min(into.remaining(), PIECE_BYTES);
    ByteBuffer piece = into.slice(into.position(), most);
    int count = from.read(position, piece);
    if (count > 0) {
      into.position(into.position() + count);
      pace.accept(count);
    }
    return count;
  }

  @Override
  public Blob open(String name) {
    Blob blob = store.open(name);
    return new Blob() {
      @Override
      public long lengthBytes() {
        return blob.lengthBytes();
      }

      @Override
      public int read(long position, ByteBuffer into) {
        return PacedStore.this.read(blob, position, into);
      }

      @Override
      public void close() {
        blob.close();
      }
    };
  }

  @Override
  public ReadBack readBack(String name) {
    ReadBack stored = store.readBack(name);
    return new ReadBack() {
      @Override
      public Means means() {
        return stored.means();
      }

      @Override
      public long lengthBytes() {
        return stored.lengthBytes();
      }

      @Override
      public int read(long position, ByteBuffer into) {
        return PacedStore.this.read(stored, position, into);
      }

      @Override
      public void close() {
        stored.close();
      }
    };
  }

  @Override
  public Capabilities capabilities() {
    return store.capabilities();
  }

  @Override
  public String describe() {
    return store.describe();
  }

  @Override
  public Staged stage(String name) {
    return store.stage(name);
  }

  @Override
  public Optional<Sha256> attested(String name) {
    return store.attested(name);
  }

  @Override
  public Optional<BlobInfo> find(String name) {
    return store.find(name);
  }

  @Override
  public Stream<BlobInfo> list(String prefix) {
    return store.list(prefix);
  }

  @Override
  public boolean delete(String name) {
    return store.delete(name);
  }

  @Override
  public void move(String from, String to) {
    store.move(from, to);
  }

  @Override
  public void replace(String name, byte[] content, Expected expected) {
    store.replace(name, content, expected);
  }

  @Override
  public Optional<byte[]> document(String name) {
    return store.document(name);
  }

  @Override
  public Stream<String> unfinished() {
    return store.unfinished();
  }

  @Override
  public int sweep() {
    return store.sweep();
  }

  @Override
  public OptionalLong usableBytes() {
    return store.usableBytes();
  }

  @Override
  public OptionalLong totalBytes() {
    return store.totalBytes();
  }

  @Override
  public void close() {
    store.close();
  }
}
