package serdab.destination.repository;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import serdab.SerdabException;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.repository.VersionSource;
import serdab.ziptree.StudyDocument;

/// A version of a study, opened for reading. One thread at a time.
final class CopyReader implements VersionReader {

  private final VersionSource source;
  private final VersionManifest manifest;
  private final StudyVersion version;
  private final BlobReader blobs;
  private final Map<String, Integer> indexByPath = new HashMap<>();

  private CopyReader(
      VersionSource source, VersionManifest manifest, StudyVersion version, Coders coders) {
    this.source = source;
    this.manifest = manifest;
    this.version = version;
    this.blobs = new BlobReader(source, coders, manifest);
    for (int i = 0; i < version.files().size(); i++) {
      indexByPath.putIfAbsent(version.files().get(i).path(), i);
    }
  }

  /// Reads the manifests. The source is closed with this, also when opening fails.
  ///
  /// @throws SerdabException.Damaged when they are not those of the version
  static CopyReader open(VersionSource source, Coders coders) {
    try {
      VersionManifest manifest = VersionManifest.read(source.manifest());
      VersionManifest.Blob document = manifest.studyManifest();
      byte[] known =
          coders.with(coder ->
              coder.decode(
                  document.at().codec(), source.read(document.at()), (int) document.lengthBytes()));
      StudyVersion version = StudyDocument.read(new ByteArrayInputStream(known));
      requireSame(source, manifest, version);
      return new CopyReader(source, manifest, version, coders);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  private static void requireSame(
      VersionSource source, VersionManifest manifest, StudyVersion version) {
    boolean same =
        version.id().hex().equals(source.snapshot().version())
            && version.facts().key().value().equals(source.snapshot().groupKey())
            && version.files().size() == manifest.files().size();
    for (int i = 0; same && i < version.files().size(); i++) {
      StoredFile file = version.files().get(i);
      VersionManifest.FileRecipe recipe = manifest.files().get(i);
      same =
          file.lengthBytes() == recipe.lengthBytes()
              && file.digests().file().equals(recipe.digest());
    }
    if (!same) {
      throw VersionManifest.damaged("it is that of another version", null);
    }
  }

  @Override
  public StudyVersion version() {
    return version;
  }

  @Override
  public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
    Integer index = indexByPath.get(file.path());
    if (index == null) {
      throw new IllegalArgumentException("no file of this version");
    }
    VersionManifest.FileRecipe recipe = manifest.files().get(index);
    if (fromByte < 0 || fromByte > toByte || toByte > recipe.lengthBytes()) {
      throw BlobCoder.damaged("less of a file is stored than is asked for", null);
    }
    blobs.begin(index, fromByte == 0 && toByte == recipe.lengthBytes());
    return new Bytes(recipe.parts(), fromByte, toByte);
  }

  @Override
  public void close() {
    source.close();
  }

  /// A range of a file, part by part.
  private final class Bytes implements ReadableByteChannel {

    private final List<VersionManifest.Part> parts;
    private final long to;
    private long at;
    private int part;
    private long partBegin;
    private boolean open = true;

    Bytes(List<VersionManifest.Part> parts, long from, long to) {
      this.parts = parts;
      this.at = from;
      this.to = to;
    }

    @Override
    public int read(ByteBuffer target) throws ClosedChannelException {
      if (!open) {
        throw new ClosedChannelException();
      }
      if (at >= to) {
        return -1;
      }
      int begun = target.position();
      while (target.hasRemaining() && at < to) {
        VersionManifest.Part one = parts.get(part);
        if (at >= partBegin + one.lengthBytes()) {
          partBegin += one.lengthBytes();
          part++;
          continue;
        }
        byte[] bytes = blobs.bytes(one.blob());
        long end = Math.min(to, partBegin + one.lengthBytes());
        int count = (int) Math.min(target.remaining(), end - at);
        target.put(bytes, (int) (one.offset() + at - partBegin), count);
        at += count;
      }
      return target.position() - begun;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }
}
