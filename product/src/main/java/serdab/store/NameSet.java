package serdab.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import serdab.Sha256;

/// Which of very many names were seen; 8 bytes for each. Immutable.
///
/// It goes by the first 64 bits of a SHA-256: one of a million names that were not seen is taken
/// for one that was in one case of 10^13. So it may save questions; what it says is no proof.
public final class NameSet {

  private final long[] sorted;

  private NameSet(long[] sorted) {
    this.sorted = sorted;
  }

  /// All of these names. The stream is read to its end, and not closed.
  public static NameSet of(Stream<String> names) {
    long[] all = names.mapToLong(NameSet::hash).toArray();
    Arrays.sort(all);
    return new NameSet(all);
  }

  /// Blobs as they were listed, each with its length. The stream is read to its end, and not
  /// closed.
  public static NameSet ofBlobs(Stream<BlobInfo> listed) {
    return of(listed.map(blob -> withLength(blob.name(), blob.lengthBytes())));
  }

  public boolean has(String name) {
    return Arrays.binarySearch(sorted, hash(name)) >= 0;
  }

  /// Whether a blob was listed with this length.
  public boolean hasBlob(String name, long lengthBytes) {
    return has(withLength(name, lengthBytes));
  }

  private static String withLength(String name, long lengthBytes) {
    return name + '\n' + lengthBytes;
  }

  private static long hash(String name) {
    return ByteBuffer.wrap(Sha256.digest(name.getBytes(StandardCharsets.UTF_8)).bytes()).getLong();
  }
}
