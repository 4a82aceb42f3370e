package serdab.repository;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
    try (AgeReader age = repository.openPack(pack)) {
      ReadableBytes zip = new Plain(age);
      StoredZip.Entry entry = StoredZip.entries(zip).get(PackWriter.CONTENT);
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
      lines
          .lines()
          .forEach(line -> {
            Doc blob = Doc.parse(line.getBytes(StandardCharsets.US_ASCII));
            table.add(
                new BlobRecord(
                    repository.blobKey(Sha256.parse(blob.text("sha256"))),
                    ordinal,
                    blob.count("offset"),
                    blob.count("stored"),
                    (int) blob.count("codec")));
          });
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
