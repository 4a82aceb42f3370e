package serdab.destination.repository;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;
import serdab.repository.BlobAt;
import serdab.repository.VersionWriter;

/// Takes the pieces of a version in order, digests and encodes them on several threads, and puts
/// those that are new into the repository, in order. One thread at a time.
///
/// What is under way is bounded in number and in bytes, whatever the files are.
final class BlobFeed {

  private static final long BYTES_UNDER_WAY = 48L << 20;

  private final VersionWriter writer;
  private final Coders coders;
  private final ArrayDeque<Item> digesting = new ArrayDeque<>();
  private final ArrayDeque<Item> encoding = new ArrayDeque<>();
  private final Map<Sha256, Place> underWay = new HashMap<>();
  private final ArrayDeque<byte[]> spare = new ArrayDeque<>();
  private long bytesUnderWay;
  private long bulkBytes;

  BlobFeed(VersionWriter writer, Coders coders) {
    this.writer = writer;
    this.coders = coders;
  }

  /// Where a piece will lie; known when it was put.
  static final class Place {

    private final int lengthBytes;
    private @Nullable BlobAt at;
    private @Nullable Place same;

    private Place(int lengthBytes) {
      this.lengthBytes = lengthBytes;
    }

    int lengthBytes() {
      return lengthBytes;
    }

    /// @throws IllegalStateException before [BlobFeed#drain]
    BlobAt at() {
      BlobAt known = same == null ? at : same.at;
      if (known == null) {
        throw new IllegalStateException("not put yet");
      }
      return known;
    }
  }

  /// What a piece is.
  sealed interface Kind {
    /// What files say beside their bulk.
    ///
    /// @param level of zstd
    record Header(int level) implements Kind {}

    record Plain() implements Kind {}

    record Pixels(FrameShape shape, SeriesChoice choice) implements Kind {}
  }

  private static final class Item {
    final byte[] raw;
    final int length;
    final Kind kind;
    final Place place;
    final FutureTask<Sha256> digest;
    @Nullable FutureTask<Encoded> plain;
    @Nullable FutureTask<SeriesChoice.Tried> pixels;

    Item(byte[] raw, int length, Kind kind, FutureTask<Sha256> digest) {
      this.raw = raw;
      this.length = length;
      this.kind = kind;
      this.place = new Place(length);
      this.digest = digest;
    }

    boolean isEncoded() {
      return (plain == null || plain.isDone()) && (pixels == null || pixels.isDone());
    }

    Encoded encoded() {
      if (plain != null) {
        return Coders.result(plain);
      }
      if (pixels != null) {
        return Coders.result(pixels).best();
      }
      throw new IllegalStateException("not begun");
    }
  }

  /// A buffer to fill for [#add]: one that was used before, or a new one.
  byte[] buffer(int lengthMin) {
    for (int i = spare.size(); i > 0; i--) {
      byte[] candidate = spare.removeFirst();
      if (candidate.length >= lengthMin && candidate.length / 2 <= lengthMin) {
        return candidate;
      }
      if (spare.size() < coders.window()) {
        spare.addLast(candidate);
      }
    }
    return new byte[lengthMin];
  }

  /// Takes the next piece.
  ///
  /// @param raw its bytes from 0 on; belongs to the feed from now on
  Place add(byte[] raw, int length, Kind kind) {
    FutureTask<Sha256> digest =
        coders.begin(_ -> {
          java.security.MessageDigest hasher = Sha256.hasher();
          hasher.update(raw, 0, length);
          return Sha256.finish(hasher);
        });
    Item item = new Item(raw, length, kind, digest);
    digesting.addLast(item);
    bytesUnderWay += length;
    if (!(kind instanceof Kind.Header)) {
      bulkBytes += length;
    }
    advance(false);
    return item.place;
  }

  /// The length of all pieces so far that are no headers.
  long bulkBytes() {
    return bulkBytes;
  }

  /// Waits until everything was put.
  void drain() {
    advance(true);
  }

  private void advance(boolean all) {
    while (!digesting.isEmpty() && (all || isTooMuch() || digesting.getFirst().digest.isDone())) {
      encodeOrFind(digesting.removeFirst());
    }
    while (!encoding.isEmpty() && (all || isTooMuch() || encoding.getFirst().isEncoded())) {
      put(encoding.removeFirst());
    }
  }

  private boolean isTooMuch() {
    int count = digesting.size() + encoding.size();
    return count > coders.window() || (count > 1 && bytesUnderWay > BYTES_UNDER_WAY);
  }

  private void encodeOrFind(Item item) {
    Sha256 digest = Coders.result(item.digest);
    Optional<BlobAt> found = usable(writer.find(digest), item);
    Place sooner = underWay.get(digest);
    if (found.isPresent()) {
      item.place.at = found.get();
      finish(item);
    } else if (sooner != null && !(item.kind instanceof Kind.Header)) {
      item.place.same = sooner;
      finish(item);
    } else {
      underWay.put(digest, item.place);
      switch (item.kind) {
        case Kind.Header(int level) ->
            item.plain = coders.begin(c -> c.header(item.raw, item.length, level));
        case Kind.Plain _ -> item.plain = coders.begin(c -> c.plain(item.raw, item.length));
        case Kind.Pixels pixels ->
            item.pixels = pixels.choice().begin(coders, item.raw, item.length, pixels.shape());
      }
      encoding.addLast(item);
    }
  }

  /// A header block is always zstd.
  private static Optional<BlobAt> usable(Optional<BlobAt> found, Item item) {
    return item.kind instanceof Kind.Header
        ? found.filter(at -> at.codec() == BlobCoder.ZSTD.number())
        : found;
  }

  private void put(Item item) {
    Encoded encoded = item.encoded();
    Sha256 digest = Coders.result(item.digest);
    underWay.remove(digest, item.place);
    item.place.at = writer.put(digest, item.length, encoded.codec(), encoded.stored());
    finish(item);
  }

  private void finish(Item item) {
    bytesUnderWay -= item.length;
    if (spare.size() < coders.window() && item.raw.length <= CutPlan.PIECE_BYTES) {
      spare.addLast(item.raw);
    }
  }
}
