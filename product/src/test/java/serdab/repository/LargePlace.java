package serdab.repository;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import serdab.Sha256;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Capabilities;
import serdab.store.Expected;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// A place that holds more than fits anywhere: packs whose bytes are made when somebody asks for
/// them, beside real files. It counts what it is asked. One thread at a time.
final class LargePlace implements BlobStore {

  private final BlobStore real;
  private final TreeMap<String, Long> made = new TreeMap<>();

  /// What it was asked since it was last set to nothing.
  int lists;

  int listed;
  int finds;
  int opens;
  int opensOfMade;
  long bytesRead;

  LargePlace(BlobStore real) {
    this.real = real;
  }

  /// From now on there is a file of this length.
  void make(String name, long lengthBytes) {
    made.put(name, lengthBytes);
  }

  long madeBytes() {
    return made.values().stream().mapToLong(Long::longValue).sum();
  }

  void forgetCounts() {
    lists = 0;
    listed = 0;
    finds = 0;
    opens = 0;
    opensOfMade = 0;
    bytesRead = 0;
  }

  @Override
  public Capabilities capabilities() {
    return real.capabilities();
  }

  @Override
  public String describe() {
    return "a large place";
  }

  @Override
  public Staged stage(String name) {
    return real.stage(name);
  }

  @Override
  public Blob open(String name) {
    opens++;
    return new Counted(made.containsKey(name) ? new Made(name) : real.open(name));
  }

  @Override
  public ReadBack readBack(String name) {
    opens++;
    return made.containsKey(name) ? new Made(name) : new Counted(real.readBack(name));
  }

  @Override
  public Optional<Sha256> attested(String name) {
    finds++;
    return real.attested(name);
  }

  @Override
  public Optional<BlobInfo> find(String name) {
    finds++;
    Long length = made.get(name);
    return length != null ? Optional.of(info(name, length)) : real.find(name);
  }

  private static BlobInfo info(String name, long lengthBytes) {
    return new BlobInfo(name, lengthBytes, Instant.parse("2026-01-01T00:00:00Z"));
  }

  @Override
  public Stream<BlobInfo> list(String prefix) {
    lists++;
    Stream<BlobInfo> others =
        made.tailMap(prefix, true).entrySet().stream()
            .takeWhile(each -> each.getKey().startsWith(prefix))
            .map(each -> info(each.getKey(), each.getValue()));
    return Stream.concat(real.list(prefix), others).peek(_ -> listed++);
  }

  @Override
  public boolean delete(String name) {
    return made.remove(name) != null || real.delete(name);
  }

  @Override
  public void move(String from, String to) {
    real.move(from, to);
  }

  @Override
  public void replace(String name, byte[] content, Expected expected) {
    real.replace(name, content, expected);
  }

  @Override
  public Optional<byte[]> document(String name) {
    opens++;
    return real.document(name);
  }

  @Override
  public Stream<String> unfinished() {
    return real.unfinished();
  }

  @Override
  public int sweep() {
    return real.sweep();
  }

  @Override
  public OptionalLong usableBytes() {
    return real.usableBytes();
  }

  /// Another run may come.
  @Override
  public void close() {}

  private final class Counted implements Blob, ReadBack {

    private final serdab.store.ReadableBytes bytes;

    Counted(serdab.store.ReadableBytes bytes) {
      this.bytes = bytes;
    }

    @Override
    public Means means() {
      return Means.NETWORK;
    }

    @Override
    public long lengthBytes() {
      return bytes.lengthBytes();
    }

    @Override
    public int read(long position, ByteBuffer into) {
      int count = bytes.read(position, into);
      bytesRead += Math.max(0, count);
      return count;
    }

    @Override
    public void close() {
      bytes.close();
    }
  }

  /// Bytes that follow from the name and the position.
  private final class Made implements Blob, ReadBack {

    private static final int PIECE_BYTES = 4096;

    private final long lengthBytes;
    private final long seed;

    Made(String name) {
      opensOfMade++;
      lengthBytes = made.getOrDefault(name, 0L);
      seed = name.hashCode();
    }

    @Override
    public Means means() {
      return Means.NETWORK;
    }

    @Override
    public long lengthBytes() {
      return lengthBytes;
    }

    @Override
    public int read(long position, ByteBuffer into) {
      if (position >= lengthBytes) {
        return -1;
      }
      byte[] piece = new byte[PIECE_BYTES];
      new SplittableRandom(seed + position / PIECE_BYTES).nextBytes(piece);
      int from = (int) (position % PIECE_BYTES);
      int count =
          (int) Math.min(Math.min(into.remaining(), PIECE_BYTES - from), lengthBytes - position);
      into.put(piece, from, count);
      return count;
    }

    @Override
    public void close() {}
  }
}
