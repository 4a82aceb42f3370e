package serdab.repository;

import java.nio.ByteBuffer;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Capability;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// How a repository puts files into its place and takes them out. Thread-safe.
final class Shelf {

  /// Nobody takes the same name away so often while somebody else puts it back.
  private static final int TRIES_MAX = 10;

  private final BlobStore store;

  Shelf(BlobStore store) {
    this.store = store;
  }

  BlobStore store() {
    return store;
  }

  /// Writes a file, synced and read back before it has its name where the place can do that.
  ///
  /// @return how it was read back; empty when another file has that name, which is left alone
  /// @throws SerdabException.Damaged when it was read back different
  Optional<ReadBack.Means> putIfFree(String name, Bulk content) {
    for (int tries = 1; ; tries++) {
      try {
        return putOnceIfFree(name, content);
      } catch (SerdabException.Refused e) {
        // Somebody else's file of that name went before we could look into it: an erasure writes
        // files of copies anew, a prune takes packs away. The name may be free now.
        if (tries == TRIES_MAX || !isCode(e, "blob-missing")) {
          throw e;
        }
      }
    }
  }

  private Optional<ReadBack.Means> putOnceIfFree(String name, Bulk content) {
    boolean early = store.capabilities().has(Capability.READ_BEFORE_COMMIT);
    ReadBack.Means means = ReadBack.Means.NETWORK;
    try (Staged staged = store.stage(name)) {
      for (ByteBuffer piece : content.pieces()) {
        staged.write(piece);
      }
      staged.sync();
      if (early) {
        try (ReadBack stored = staged.readBack()) {
          means = stored.means();
          requireSame(name, content, stored);
        }
      }
      staged.commit();
    } catch (SerdabException.Refused e) {
      if (isCode(e, "blob-exists")) {
        return same(name, content);
      }
      throw e;
    } catch (SerdabException.Unavailable e) {
      // The answer may have been lost on the way, and the name be ours.
      Optional<ReadBack.Means> there = sameAfter(name, content, e);
      if (there.isPresent()) {
        return there;
      }
      throw e;
    }
    if (!early) {
      try (ReadBack stored = store.readBack(name)) {
        means = stored.means();
        requireSame(name, content, stored);
      }
    }
    return Optional.of(means);
  }

  private Optional<ReadBack.Means> sameAfter(
      String name, Bulk content, SerdabException.Unavailable failure) {
    try {
      return store.find(name).isPresent() ? same(name, content) : Optional.empty();
    } catch (SerdabException e) {
      failure.addSuppressed(e);
      return Optional.empty();
    }
  }

  /// Reading it back also makes sure that a file which somebody was killed over is there for good.
  private Optional<ReadBack.Means> same(String name, Bulk content) {
    try (ReadBack stored = store.readBack(name)) {
      return content.isIn(stored) ? Optional.of(stored.means()) : Optional.empty();
    }
  }

  private static void requireSame(String name, Bulk content, ReadableBytes stored) {
    if (!content.isIn(stored)) {
      throw Problems.readBack(name);
    }
  }

  /// Writes a file that nobody else can have written differently.
  ReadBack.Means put(String name, Bulk content) {
    return putIfFree(name, content)
        .orElseThrow(() ->
            Problems.damaged("Another file stands where one was to be written: " + name + "."));
  }

  /// A whole file; empty when there is none.
  Optional<byte[]> whole(String name, long lengthBytesMax) {
    try (ReadableBytes stored = store.open(name)) {
      if (stored.lengthBytes() > lengthBytesMax) {
        throw Problems.damaged("A file is far larger than it should be: " + name + ".");
      }
      ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(stored.lengthBytes()));
      stored.readFully(0, all);
      return Optional.of(all.array());
    } catch (SerdabException.Refused e) {
      if (isCode(e, "blob-missing")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /// The names below a folder, sorted.
  NavigableSet<String> names(String prefix) {
    NavigableSet<String> names = new TreeSet<>();
    try (Stream<BlobInfo> listed = store.list(prefix)) {
      listed.forEach(each -> names.add(each.name()));
    }
    return names;
  }

  /// Reads a file back as the place holds it and hashes it.
  Hashed hash(String name) {
    try (ReadBack stored = store.readBack(name)) {
      return hash(stored);
    }
  }

  static Hashed hash(ReadBack stored) {
    var hasher = Sha256.hasher();
    ByteBuffer piece = ByteBuffer.allocate(Math.clamp(stored.lengthBytes(), 1, 1 << 20));
    long position = 0;
    while (true) {
      piece.clear();
      int count = stored.read(position, piece);
      if (count < 0) {
        return new Hashed(Sha256.finish(hasher), position, stored.means());
      }
      position += count;
      hasher.update(piece.flip());
    }
  }

  record Hashed(Sha256 digest, long lengthBytes, ReadBack.Means means) {}

  static boolean isCode(SerdabException e, String code) {
    Problem problem = e.problem();
    return problem.code().equals(code);
  }
}
