package serdab.repository;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;

/// Small files of a repository: written once, whole and synced.
final class KeyFiles {

  private KeyFiles() {}

  static List<String> names(BlobStore place, String folder) {
    try (Stream<BlobInfo> files = place.list(folder)) {
      return files.map(BlobInfo::name).sorted().toList();
    }
  }

  static Optional<byte[]> read(BlobStore place, String file) {
    if (place.find(file).isEmpty()) {
      return Optional.empty();
    }
    try (Blob blob = place.open(file)) {
      if (blob.lengthBytes() > SignedDocument.LENGTH_BYTES_MAX) {
        throw KeyProblems.malformed(file);
      }
      byte[] bytes = new byte[(int) blob.lengthBytes()];
      blob.readFully(0, ByteBuffer.wrap(bytes));
      return Optional.of(bytes);
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        return Optional.empty(); // An erasure took it away since it was found.
      }
      throw e;
    }
  }

  static byte[] require(BlobStore place, String file) {
    return read(place, file).orElseThrow(() -> KeyProblems.missing(file));
  }

  /// What a file says, or a copy of it when it is lost or damaged.
  ///
  /// @param reader throws `Damaged` or `Misconfigured` for what is not good
  static <T> T readWithCopies(BlobStore place, String file, Function<byte[], T> reader) {
    try {
      return reader.apply(require(place, file));
    } catch (SerdabException.Damaged | SerdabException.Misconfigured e) {
      return Copies.search(new Shelf(place), file, reader).orElseThrow(() -> e);
    }
  }

  /// Writes a file and reads it back: whatever is sealed later is lost with it. False when the name
  /// is taken, by whomever.
  ///
  /// @throws SerdabException.Damaged when it was read back different
  static boolean write(BlobStore place, String file, byte[] content) {
    return new Shelf(place).putIfFree(file, Bulk.of(content)).isPresent();
  }
}
