package serdab.repository;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeReader;
import serdab.store.ReadableBytes;

/// What packs say of their own blobs (format section 4), for making tables anew. Needs the
/// identity.
final class PackContents {

  private static final int CONTENT_BYTES_MAX = 1 << 28;

  private final Repository repository;

  PackContents(Repository repository) {
    this.repository = repository;
  }

  /// The table that the version's snapshot has of its new packs. A pack that cannot be read is left
  /// out: its blobs are stored once more.
  byte[] table(Commit.Version version) {
    BlobTable table = new BlobTable();
    for (int ordinal = 0; ordinal < version.packs().size(); ordinal++) {
      if (version.isNew().get(ordinal)) {
        try {
          add(table, version.packs().get(ordinal), ordinal);
        } catch (SerdabException.Damaged e) {
          // The check of packs tells of it.
        }
      }
    }
    return table.bytes();
  }

  private void add(BlobTable table, PackRef pack, int ordinal) {
    for (Blob blob : blobs(pack).values()) {
      table.add(
          new BlobRecord(
              repository.blobKey(blob.digest()),
              ordinal,
              blob.offset(),
              blob.storedBytes(),
              blob.codec().number()));
    }
  }

  /// A blob as its pack describes it.
  record Blob(Sha256 digest, long offset, long storedBytes, Codec codec, long lengthBytes) {}

  /// The blobs of a pack, by where they begin.
  ///
  /// @throws SerdabException.Damaged when it does not say
  Map<Long, Blob> blobs(PackRef pack) {
    try (AgeReader age = repository.openPack(pack)) {
      ReadableBytes zip = new Plain(age);
      Map<String, StoredZip.Entry> entries = StoredZip.entries(zip);
      Map<Long, String> suffixes = new HashMap<>();
      entries.forEach(
          (name, entry) -> suffixes.put(entry.offset(), name.substring(name.indexOf('.') + 1)));
      StoredZip.Entry entry = entries.get(PackWriter.CONTENT);
      if (entry == null || entry.lengthBytes() > CONTENT_BYTES_MAX) {
        throw damaged();
      }
      byte[] stored = new byte[(int) entry.lengthBytes()];
      zip.readFully(entry.offset(), ByteBuffer.wrap(stored));
      long length = Zstd.getFrameContentSize(stored);
      if (length < 0 || length > CONTENT_BYTES_MAX) {
        throw damaged();
      }
      String lines = new String(Zstd.decompress(stored, (int) length), StandardCharsets.US_ASCII);
      Map<Long, Blob> blobs = new LinkedHashMap<>();
      for (String line : lines.lines().toList()) {
        Doc doc = Doc.parse(line.getBytes(StandardCharsets.US_ASCII));
        long offset = doc.count("offset");
        String suffix = suffixes.get(offset);
        if (suffix == null) {
          throw damaged();
        }
        Codec codec = new Codec((int) doc.count("codec"), suffix);
        blobs.put(
            offset,
            new Blob(
                Sha256.parse(doc.text("sha256")),
                offset,
                doc.count("stored"),
                codec,
                doc.count("bytes")));
      }
      return blobs;
    } catch (ZstdException | IllegalArgumentException e) {
      throw damaged();
    }
  }

  private static SerdabException.Damaged damaged() {
    return Problems.damaged("A pack does not say what is in it.");
  }

  private record Plain(AgeReader age) implements ReadableBytes {

    @Override
    public long lengthBytes() {
      return age.plainLength();
    }

    @Override
    public int read(long position, ByteBuffer into) {
      return age.read(position, into);
    }

    @Override
    public void close() {
      age.close();
    }
  }
}
