package serdab.repository;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import serdab.repository.age.AgeReader;

/// A committed version, opened for reading; every byte it gives was authenticated. Thread-safe.
///
/// Every method throws [serdab.SerdabException]: `Damaged` when what is stored is not what was
/// written, `Unavailable` when the place fails.
public final class VersionSource implements AutoCloseable {

  private static final int OPEN_MAX = 16;
  private static final int MANIFEST_BYTES_MAX = 1 << 30;

  private final Repository repository;
  private final Snapshot snapshot;
  private final Commit.Version version;
  private final Map<Integer, Opened> opened = new HashMap<>();
  private boolean closed;

  VersionSource(Repository repository, Snapshot snapshot, Commit.Version version) {
    this.repository = repository;
    this.snapshot = snapshot;
    this.version = version;
  }

  public Snapshot snapshot() {
    return snapshot;
  }

  /// The manifest's JSON.
  public byte[] manifest() {
    byte[] stored = read(version.manifest());
    try {
      long length = Zstd.getFrameContentSize(stored);
      if (length < 0 || length > MANIFEST_BYTES_MAX) {
        throw damaged();
      }
      return Zstd.decompress(stored, (int) length);
    } catch (ZstdException e) {
      throw damaged();
    }
  }

  /// The stored bytes of a blob, decrypted and not decoded.
  public byte[] read(BlobAt blob) {
    if (blob.pack() < 0 || blob.pack() >= version.packs().size()) {
      throw damaged();
    }
    Opened pack = take(blob.pack());
    try {
      AgeReader reader = pack.reader;
      if (blob.offset() < 0
          || blob.storedBytes() < 0
          || blob.storedBytes() > Integer.MAX_VALUE - 16
          || blob.offset() > reader.plainLength() - blob.storedBytes()) {
        throw damaged();
      }
      byte[] stored = new byte[(int) blob.storedBytes()];
      ByteBuffer into = ByteBuffer.wrap(stored);
      while (into.hasRemaining()) {
        if (reader.read(blob.offset() + into.position(), into) < 0) {
          throw damaged();
        }
      }
      return stored;
    } finally {
      giveBack(pack);
    }
  }

  private Opened take(int ordinal) {
    synchronized (opened) {
      if (closed) {
        throw new IllegalStateException("this version was closed");
      }
      Opened pack = opened.get(ordinal);
      if (pack == null) {
        if (opened.size() >= OPEN_MAX) {
          closeOneIdle();
        }
        pack = new Opened(repository.openPack(version.packs().get(ordinal)));
        opened.put(ordinal, pack);
      }
      pack.users++;
      return pack;
    }
  }

  private void closeOneIdle() {
    for (Map.Entry<Integer, Opened> each : List.copyOf(opened.entrySet())) {
      if (each.getValue().users == 0) {
        opened.remove(each.getKey());
        each.getValue().reader.close();
        return;
      }
    }
  }

  private void giveBack(Opened pack) {
    synchronized (opened) {
      pack.users--;
      if (closed && pack.users == 0) {
        pack.reader.close();
      }
    }
  }

  private static serdab.SerdabException.Damaged damaged() {
    return Problems.damaged("A version speaks of bytes that its packs do not have.");
  }

  @Override
  public void close() {
    synchronized (opened) {
      closed = true;
      opened.values().stream().filter(pack -> pack.users == 0).forEach(pack -> pack.reader.close());
      opened.values().removeIf(pack -> pack.users == 0);
    }
  }

  private static final class Opened {
    private final AgeReader reader;
    private int users;

    Opened(AgeReader reader) {
      this.reader = reader;
    }
  }
}
