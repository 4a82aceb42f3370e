package serdab.destination.repository;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import serdab.SerdabException;
import serdab.repository.BlobAt;
import serdab.repository.VersionSource;

/// Decoded blobs of one version: those used last are kept, and whoever reads file after file finds
/// the next ones decoded already. One thread at a time; the work is done on several.
final class BlobReader {

  private static final long KEPT_BYTES = 24L << 20;
  private static final long AHEAD_BYTES = 32L << 20;

  private final VersionSource source;
  private final Coders coders;

  /// The blobs in the order in which the files need them; and where in it each file begins.
  private final List<VersionManifest.Blob> sequence = new ArrayList<>();

  private final int[] begins;
  private final Map<BlobAt, FutureTask<byte[]>> ahead = new HashMap<>();
  private final LinkedHashMap<BlobAt, byte[]> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long keptBytes;
  private int position;
  private int file;
  private boolean inOrder;

  BlobReader(VersionSource source, Coders coders, VersionManifest manifest) {
    this.source = source;
    this.coders = coders;
    this.begins = new int[manifest.files().size()];
    VersionManifest.Blob headers = null;
    for (int i = 0; i < begins.length; i++) {
      begins[i] = sequence.size();
      for (VersionManifest.Part part : manifest.files().get(i).parts()) {
        boolean isHeader = part.blob().lengthBytes() != part.lengthBytes();
        if (!isHeader || !part.blob().equals(headers)) {
          sequence.add(part.blob());
        }
        headers = isHeader ? part.blob() : headers;
      }
    }
  }

  /// Told that a file is read from here on: whole files in their order are read ahead.
  void begin(int nextFile, boolean whole) {
    inOrder = whole && (nextFile == 0 || nextFile == file || nextFile == file + 1);
    file = nextFile;
    position = begins[file];
    if (!inOrder) {
      ahead.clear();
    }
  }

  /// A blob's bytes; not to be changed.
  ///
  /// @throws SerdabException.Damaged when it is not what was written
  byte[] bytes(VersionManifest.Blob blob) {
    byte[] known = kept.get(blob.at());
    if (inOrder && position < sequence.size() && sequence.get(position).equals(blob)) {
      position++;
    }
    if (known != null) {
      return known;
    }
    FutureTask<byte[]> begun = ahead.remove(blob.at());
    if (inOrder) {
      lookAhead();
    }
    byte[] bytes =
        begun != null ? Coders.result(begun) : coders.with(coder -> decoded(coder, blob));
    keep(blob.at(), bytes);
    return bytes;
  }

  private void lookAhead() {
    long bytes = 0;
    int end = Math.min(sequence.size(), position + coders.window());
    for (int i = position; i < end; i++) {
      VersionManifest.Blob next = sequence.get(i);
      bytes += next.lengthBytes();
      if (bytes > AHEAD_BYTES) {
        return;
      }
      if (!kept.containsKey(next.at())) {
        ahead.computeIfAbsent(next.at(), _ -> coders.begin(coder -> decoded(coder, next)));
      }
    }
  }

  private byte[] decoded(BlobCoder coder, VersionManifest.Blob blob) {
    return coder.decode(blob.at().codec(), source.read(blob.at()), (int) blob.lengthBytes());
  }

  private void keep(BlobAt at, byte[] bytes) {
    kept.put(at, bytes);
    keptBytes += bytes.length;
    Iterator<Map.Entry<BlobAt, byte[]>> oldest = kept.entrySet().iterator();
    while (keptBytes > KEPT_BYTES && kept.size() > 1) {
      keptBytes -= oldest.next().getValue().length;
      oldest.remove();
    }
  }
}
